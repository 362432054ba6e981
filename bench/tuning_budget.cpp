// How far a loop with a baseline and a budget of 0.05 is ever over it: through an engine on virtual
// time, each service, a baseline in the middle of its settings. Usage: tuning_budget [seeds]
#include "tuning_budget.hpp"

#include <cstdlib>

#include "bench.hpp"

int main(int argc, char** argv) {
  const auto seeds = static_cast<std::uint64_t>(argc > 1 ? std::max(std::atoi(argv[1]), 1) : 100);
  double most = -1e300;
  for (const auto& all : {bench::services(), bench::other_services()}) {
    for (const bench::service& s : all) {
      double worst = -1e300;
      for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        worst = std::max(worst, bench::over_budget(s, seed, .05));
      }
      const std::string name = std::string("tuning.over_budget.") + s.name;
      bench::row(name.c_str(), worst, "standard deviations", "bound", 3,
                 "the worst of the seeds, at any tick after the 50th; below 0: within it");
      most = std::max(most, worst);
    }
  }
  bench::row("tuning.over_budget", most, "standard deviations", "bound", 3,
             "the worst of all services and seeds; budget 0.05");
  return 0;
}

// How often what_if's 95 % intervals hold the truth, in logs of a tuner as it learns: the ten
// services, three fixed settings each, at_random 0 and 0.1. Usage: what_if [seeds] [table]
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "bench.hpp"
#include "what_if_logs.hpp"

int main(int argc, char** argv) {
  const auto seeds = static_cast<std::uint64_t>(argc > 1 ? std::max(std::atoi(argv[1]), 1) : 200);
  const bool table = argc > 2 && std::string(argv[2]) == "table";
  for (const double at_random : {0.0, .1}) {
    bench::coverage sum;
    for (const bench::service& s : bench::services()) {
      bench::coverage of;
      for (std::uint64_t seed = 0; seed < seeds; ++seed) of.add(s, at_random, seed);
      for (int k = 0; table && k < 4; ++k) {
        if (k == 0) std::printf("| %s, %g | ", s.name, at_random);
        std::printf("%s %llu | ", of.text(k).c_str(), static_cast<unsigned long long>(of.ends[k]));
        if (k == 3) std::printf("%llu |\n", static_cast<unsigned long long>(of.cases));
      }
      sum += of;
    }
    constexpr const char* names[] = {"ips", "self_normalised", "doubly_robust", "as_seen"};
    for (int k = 0; k < 4; ++k) {
      const std::string name = std::string("what_if.held.") + names[k] +
                               (at_random > 0 ? ".at_random" : "");
      const std::string text = gyre::join("of ", sum.ends[k], " intervals with an end, of ",
                                          sum.cases, "; 0.93 to 0.97 are right");
      bench::row(name.c_str(), sum.share(k), "of 1", "bound", .95, text.c_str());
    }
  }
  return 0;
}

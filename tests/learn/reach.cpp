// Method: reference: the steps that another program's learners need in worlds whose optimum is
// known (medians of nine seeds, looked at each 500), of which each of ours may need 1.2 times as
// many. Settings were chosen on seeds 101 to 130. Longer ones are rows of bench/learn.cpp.
#include <cstdint>

#include "catch.hpp"
#include "reach.hpp"

using gyre::learning_method;

namespace {

void reaches(const worlds::world& w, const gyre::learner_options& o, double part,
             std::uint64_t theirs) {
  const std::uint64_t most = theirs * 6 / 5 / 500 * 500;
  CAPTURE(int(o.method), theirs, w.states);
  REQUIRE(worlds::median_steps(w, o, part, most) <= most);
}

}  // namespace

TEST_CASE("learners find the way along the cliff as soon as others do", "[learn]") {
  using namespace worlds;
  const world cliff = cliff_walking();
  reaches(cliff, newest_alone(steady(learning_method::q, .5)), .9999, 3'000);
  reaches(cliff, ten_a_step(steady(learning_method::q, .5)), .9999, 1'000);
  reaches(cliff, steady(learning_method::dyna_q, .5), .9999, 1'000);
  reaches(cliff, steady(learning_method::sweeping, .5), .9999, 500);
}

TEST_CASE("learners cross the frozen lake as soon as others do", "[learn]") {
  using namespace worlds;
  const world lake = worlds::frozen_lake(4, true);
  reaches(lake, newest_alone(patient(learning_method::q)), .98, 8'000);
  reaches(lake, ten_a_step(patient(learning_method::q)), .98, 6'500);
  reaches(lake, as_is(learning_method::dyna_q), .98, 29'500);
  reaches(lake, as_is(learning_method::sweeping), .98, 16'000);
}

TEST_CASE("learners drive the taxi as soon as others do", "[learn]") {
  using namespace worlds;
  const world city = taxi();
  reaches(city, ten_a_step(steady(learning_method::q, 1)), .98, 17'000);
  reaches(city, as_is(learning_method::dyna_q), .98, 10'500);
}

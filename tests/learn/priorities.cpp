// Method: model (priorities and weights in double, the library's pow), chi-square with a fixed
// seed, and one test for each fault known of other libraries' prioritized replay. Those that
// concern rows rather than priorities stand in replay_faults.cpp.
#include <cmath>
#include <cstring>
#include <gyre/learn/replay_buffer.hpp>
#include <limits>
#include <map>

#include "catch.hpp"

namespace {

/// A buffer of numbers, each with the error given.
gyre::replay_buffer<std::uint32_t> with_errors(const std::vector<float>& errors,
                                               gyre::replay_options how) {
  how.capacity = static_cast<std::uint32_t>(errors.size());
  how.prioritized = true;
  gyre::replay_buffer<std::uint32_t> kept(how);
  std::vector<gyre::row_id> ids;
  for (std::uint32_t i = 0; i < errors.size(); ++i) ids.push_back(kept.push(i));
  REQUIRE(kept.update(std::span<const gyre::row_id>(ids), errors).applied == errors.size());
  return kept;
}

float priority_of(gyre::replay_buffer<std::uint32_t>& kept, std::uint32_t slot) {
  return kept.stats_of(slot).priority;
}

}  // namespace

// mlpack keeps alpha x p in the place of p^alpha, so that alpha has no effect; it adds no epsilon.
TEST_CASE("a priority is (|error| + epsilon)^alpha", "[learn]") {
  for (const double alpha : {0., .3, .6, 1.}) {
    const std::vector<float> errors{0, -1, 2, .5F, 100, -1e-3F, 0};
    auto kept = with_errors(errors, {.priority = {.alpha = alpha, .epsilon = .01}});
    for (std::uint32_t i = 0; i < errors.size(); ++i) {
      const double want = std::pow(std::fabs(static_cast<double>(errors[i])) + .01, alpha);
      CAPTURE(alpha, i);
      REQUIRE(priority_of(kept, i) == Approx(want).epsilon(1e-5));
      REQUIRE(kept.stats_of(i).measured);
    }
  }
}

TEST_CASE("rows are drawn in proportion to their priorities, each stratum once", "[learn]") {
  const double alpha = GENERATE(0., .6, 1.);
  std::vector<float> errors;
  for (int i = 0; i < 200; ++i) errors.push_back(static_cast<float>(i % 11) * .3F);
  auto kept = with_errors(errors, {.priority = {.alpha = alpha}});
  std::vector<double> seen(200, 0);
  gyre::drawn_row batch[50];
  const int rounds = 4000;
  double total = 0;
  for (std::uint32_t i = 0; i < 200; ++i) total += static_cast<double>(priority_of(kept, i));
  for (int i = 0; i < rounds; ++i) {
    REQUIRE(kept.sample(batch));
    for (const gyre::drawn_row& row : batch) {
      seen[row.id.slot] += 1;
      const double p = static_cast<double>(priority_of(kept, row.id.slot));
      REQUIRE(row.probability == Approx(p / total).epsilon(1e-4));
    }
  }
  double chi = 0;
  for (std::uint32_t i = 0; i < 200; ++i) {
    const double each = 50. * rounds * static_cast<double>(priority_of(kept, i)) / total;
    if (each > 5) chi += (seen[i] - each) * (seen[i] - each) / each;
  }
  // 99.9 % of chi-square at 199; of strata counts vary less.
  REQUIRE(chi < 267);
  if (alpha <= 0) REQUIRE(chi < 199);
}

// A batch of as many draws as equal rows has each row once, whatever the seed: that is stratified.
TEST_CASE("strata are of equal mass", "[learn]") {
  auto kept = with_errors(std::vector<float>(64, 1.F), {});
  gyre::drawn_row batch[64];
  for (int round = 0; round < 50; ++round) {
    REQUIRE(kept.sample(batch));
    std::vector<int> seen(64, 0);
    for (const gyre::drawn_row& row : batch) ++seen[row.id.slot];
    for (const int n : seen) REQUIRE(n == 1);
  }
}

// mlpack multiplies each gradient by the mean weight of the batch.
TEST_CASE("weights are (size x probability)^-beta over the greatest", "[learn]") {
  const auto by = GENERATE(gyre::weights_by::batch, gyre::weights_by::all);
  std::vector<float> errors;
  for (int i = 0; i < 300; ++i) errors.push_back(.01F + static_cast<float>(i) * .1F);
  auto kept = with_errors(errors, {.priority = {.beta = .7, .beta_end = .7, .weights = by}});
  gyre::drawn_row batch[16];
  bool differs = false;
  for (int round = 0; round < 20; ++round) {
    REQUIRE(kept.sample(batch));
    double least = 2;
    for (const gyre::drawn_row& row : batch) {
      least = std::min(least, static_cast<double>(row.probability));
    }
    double most = std::pow(300 * least, -.7);
    if (by == gyre::weights_by::all) {
      const double all = kept.stats().total_priority;
      most = std::pow(300 * static_cast<double>(priority_of(kept, 0)) / all, -.7);
    }
    double greatest = 0;
    for (const gyre::drawn_row& row : batch) {
      const double w = std::pow(300 * static_cast<double>(row.probability), -.7) / most;
      REQUIRE(row.weight == Approx(w).epsilon(1e-4));
      greatest = std::max(greatest, static_cast<double>(row.weight));
    }
    REQUIRE(greatest <= 1);
    if (by == gyre::weights_by::batch) REQUIRE(greatest >= 1);
    differs = differs || greatest < 1;
  }
  REQUIRE(differs == (by == gyre::weights_by::all));
}

// tianshou's least priority never rises again: weights stay small for good after one tiny error.
TEST_CASE("the least priority is forgotten with its row, and with its error", "[learn]") {
  auto kept = with_errors({1e-4F, 1, 1, 1}, {.priority = {.alpha = 1, .beta = 1, .beta_end = 1,
                                             .epsilon = 0, .weights = gyre::weights_by::all}});
  const auto weight_of_1 = [&] {
    gyre::drawn_row batch[8];
    REQUIRE(kept.sample(batch));
    for (const gyre::drawn_row& row : batch) {
      if (priority_of(kept, row.id.slot) >= 1) return static_cast<double>(row.weight);
    }
    return 0.;
  };
  REQUIRE(weight_of_1() == Approx(1e-4));
  const gyre::row_id first[] = {{0, 1}};
  const float worse[] = {.5F}, tiny[] = {1e-5F};
  REQUIRE(kept.update(std::span<const gyre::row_id>(first), worse).applied == 1);
  REQUIRE(weight_of_1() == Approx(.5));
  REQUIRE(kept.update(std::span<const gyre::row_id>(first), tiny).applied == 1);
  REQUIRE(weight_of_1() == Approx(1e-5));
  kept.push(4);  // in its place
  REQUIRE(weight_of_1() == Approx(1));
}

// mlpack's beta goes on beyond 1, where weights amplify what they are to undo.
TEST_CASE("beta goes to its end in equal steps and stays there", "[learn]") {
  auto kept = with_errors({1, 2, 3, 4}, {.priority = {.beta = .4, .beta_end = 1, .beta_steps = 6}});
  gyre::drawn_row batch[4];
  for (int i = 0; i < 20; ++i) {
    REQUIRE(kept.stats().beta == Approx(i < 6 ? .4 + .1 * i : 1));
    REQUIRE(kept.sample(batch));
  }
  REQUIRE(with_errors({1}, {.priority = {.beta_steps = 0}}).stats().beta == Approx(1));
}

// In TorchRL the greatest priority only ever grew: after one great error all new rows had it for
// good. Flashbax rounded it to an integer; others give new rows a fixed 1.
TEST_CASE("a new row gets the greatest priority measured of a row still held", "[learn]") {
  gyre::replay_buffer<std::uint32_t> kept(
      {.capacity = 8, .prioritized = true, .priority = {.alpha = 1, .epsilon = 0}});
  std::vector<gyre::row_id> id;
  for (std::uint32_t i = 0; i < 4; ++i) id.push_back(kept.push(i));
  const auto of = [&](std::size_t i) { return kept.stats_of(id[i].slot).priority; };
  const auto set = [&](std::size_t i, float error) {
    const gyre::row_id rows[] = {id[i]};
    const float errors[] = {error};
    return kept.update(std::span<const gyre::row_id>(rows), errors).applied == 1;
  };
  REQUIRE(of(3) == Approx(1));  // none was measured yet
  REQUIRE(!kept.stats_of(id[3].slot).measured);
  REQUIRE(set(0, 5.25F));
  REQUIRE(set(1, .5F));
  id.push_back(kept.push(4));
  REQUIRE(of(4) == Approx(5.25));
  REQUIRE(set(0, .25F));  // the great error has gone: only row 4 keeps it
  id.push_back(kept.push(5));
  REQUIRE(of(5) == Approx(.5));
  REQUIRE(of(4) == Approx(5.25));
  REQUIRE(set(1, .125F));
  id.push_back(kept.push(6));
  REQUIRE(of(6) == Approx(.25));
  REQUIRE(set(0, 3));
  for (std::uint32_t i = 7; i < 10; ++i) id.push_back(kept.push(i));  // rows 0 and 1 made room
  gyre::drawn_row batch[4];
  REQUIRE(kept.sample(batch));
  id.push_back(kept.push(10));
  REQUIRE(of(10) == Approx(1));  // none that is held was measured
}

// Flashbax, JuliaRL and TorchRL have returned rows of priority 0, or one past the last row.
TEST_CASE("a row of priority 0 is never drawn, and none beyond the last", "[learn]") {
  std::vector<float> errors(1000, 0.F);
  const std::size_t live = GENERATE(0u, 15u, 16u, 500u, 999u);
  errors[live] = 3;
  auto kept = with_errors(errors, {.priority = {.alpha = .6, .epsilon = 0}});
  gyre::drawn_row batch[64];
  for (int i = 0; i < 50; ++i) {
    REQUIRE(kept.sample(batch));
    for (const gyre::drawn_row& row : batch) REQUIRE(row.id.slot == live);
  }
  auto none = with_errors(std::vector<float>(10, 0.F), {.priority = {.epsilon = 0}});
  REQUIRE(!none.sample(batch));
  gyre::replay_buffer<std::uint32_t> few({.capacity = 1000, .prioritized = true});
  for (std::uint32_t i = 0; i < 3; ++i) few.push(i);
  for (int i = 0; i < 200; ++i) {
    REQUIRE(few.sample(batch));
    for (const gyre::drawn_row& row : batch) REQUIRE(row.id.slot < 3);
  }
}

TEST_CASE("of a row that comes twice in an update the last error counts", "[learn]") {
  auto kept = with_errors(std::vector<float>(100, 1.F), {.priority = {.alpha = 1, .epsilon = 0}});
  std::vector<gyre::row_id> ids;
  std::vector<float> errors;
  for (int i = 0; i < 150; ++i) {  // over two batches of the tree
    ids.push_back({static_cast<std::uint32_t>(i % 10), 1});
    errors.push_back(static_cast<float>(i + 1));
  }
  REQUIRE(kept.update(std::span<const gyre::row_id>(ids), errors).applied == 150);
  for (std::uint32_t i = 0; i < 10; ++i) REQUIRE(priority_of(kept, i) == Approx(141 + i));
  REQUIRE(kept.check());
  REQUIRE(kept.stats().total_priority == Approx(90 + 1455));
}

// None of the libraries looked at notices; the new row then has the old one's priority.
TEST_CASE("an error of a row that was replaced meanwhile is refused and counted", "[learn]") {
  gyre::replay_buffer<std::uint32_t> kept(
      {.capacity = 32, .prioritized = true, .priority = {.alpha = 1, .epsilon = 0}});
  for (std::uint32_t i = 0; i < 40; ++i) kept.push(i);
  gyre::drawn_row batch[32];
  REQUIRE(kept.sample(batch));
  const std::vector<float> errors(32, 7.F);
  for (std::uint32_t i = 40; i < 50; ++i) kept.push(i);  // into slots 8..17
  const gyre::replay_update done = kept.update(batch, errors);
  REQUIRE(done.applied == 22);
  REQUIRE(done.stale == 10);
  REQUIRE(kept.stats().stale_updates == 10);
  for (std::uint32_t slot = 0; slot < 32; ++slot) {
    CAPTURE(slot);
    REQUIRE(priority_of(kept, slot) == Approx(slot >= 8 && slot < 18 ? 1 : 7));
  }
  kept.clear();
  for (std::uint32_t i = 0; i < 32; ++i) kept.push(i);
  REQUIRE(kept.update(batch, errors).stale == 32);
  REQUIRE(kept.check());
}

// The number is that of g++ and clang at -O0 and -O3, and of Emscripten with and without SIMD128.
TEST_CASE("draws, weights and priorities have the same bits everywhere", "[learn]") {
  gyre::replay_buffer<std::uint32_t> kept({.capacity = 3000, .prioritized = true});
  gyre::drawn_row batch[77];
  float errors[77];
  std::uint64_t hash = 0;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    kept.push(i);
    if (i % 10 != 9) continue;
    REQUIRE(kept.sample(batch));
    for (int k = 0; k < 77; ++k) {
      errors[k] = static_cast<float>((batch[k].id.slot * 2654435761U) >> 12) * 1e-4F - 40;
      for (const float x : {batch[k].weight, batch[k].probability}) {
        std::uint32_t bits;
        std::memcpy(&bits, &x, sizeof bits);
        hash = (hash ^ bits ^ batch[k].id.slot) * 0x9e3779b97f4a7c15ULL;
      }
    }
    kept.update(batch, errors);
  }
  CAPTURE(hash);
  REQUIRE(hash == 0x43fc6dec5cbcbf8cULL);
}

TEST_CASE("errors that are no numbers are refused, huge ones are bounded", "[learn]") {
  auto kept = with_errors({1, 1, 1, 1}, {.priority = {.alpha = 1, .epsilon = 0}});
  const gyre::row_id ids[] = {{0, 1}, {1, 1}, {2, 1}};
  const float errors[] = {std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity(), -3e38F};
  const gyre::replay_update done = kept.update(std::span<const gyre::row_id>(ids), errors);
  REQUIRE(done.applied == 1);
  REQUIRE(done.not_finite == 2);
  REQUIRE(priority_of(kept, 0) == Approx(1));
  REQUIRE(priority_of(kept, 2) == Approx(1e12));
  REQUIRE(kept.check());
}

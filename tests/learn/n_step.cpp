// Method: model: sums over the episodes written down whole; one test for each way in which windows
// are known to go wrong: over an episode's end, a tail that is never handed out, a wrong discount.
#include <gyre/core/rng.hpp>
#include <gyre/learn/n_step.hpp>
#include <vector>

#include "catch.hpp"

namespace {

struct handed_row {
  float seen, reward, next, left;
  std::uint32_t action, steps;
};
struct given_step {
  float seen, next;
  std::uint32_t action;
  double reward;
  bool terminated, truncated;
};

std::vector<handed_row> handed_out(gyre::n_step& by, const std::vector<given_step>& steps) {
  std::vector<handed_row> rows;
  for (const given_step& s : steps) {
    by.push({&s.seen, 1}, s.action, s.reward, {&s.next, 1}, s.terminated, s.truncated,
            [&](const gyre::n_step_row& r) {
              rows.push_back({r.seen[0], r.reward, r.next[0], r.left, r.action, r.steps});
            });
  }
  return rows;
}

}  // namespace

TEST_CASE("an episode's end hands out what waits, with as many steps as there were", "[learn]") {
  for (const bool terminated : {true, false}) {
    gyre::n_step by(1, 3, .5);
    const auto rows = handed_out(by, {{0, 1, 7, 1, false, false},
                                      {1, 2, 8, 2, false, false},
                                      {2, 3, 9, 4, false, false},
                                      {3, 4, 6, 8, terminated, !terminated}});
    REQUIRE(rows.size() == 4);
    REQUIRE(by.waiting() == 0);
    const float rewards[] = {1 + 1 + 1, 2 + 2 + 2, 4 + 4, 8}, next[] = {3, 4, 4, 4};
    const float left[] = {.125F, terminated ? 0 : .125F, terminated ? 0 : .25F,
                          terminated ? 0 : .5F};
    const std::uint32_t steps[] = {3, 3, 2, 1}, actions[] = {7, 8, 9, 6};
    for (std::size_t i = 0; i < 4; ++i) {
      CAPTURE(terminated, i);
      REQUIRE(rows[i].seen == static_cast<float>(i));
      REQUIRE(rows[i].action == actions[i]);
      REQUIRE(rows[i].reward == rewards[i]);
      REQUIRE(rows[i].next == next[i]);
      REQUIRE(rows[i].left == left[i]);
      REQUIRE(rows[i].steps == steps[i]);
    }
  }
}

TEST_CASE("rows are the sums over each episode alone", "[learn]") {
  gyre::rng random(1, 0, gyre::purpose::user);
  for (std::uint32_t most = 1; most <= 6; ++most) {
    std::vector<given_step> steps;
    for (int i = 0; i < 400; ++i) {
      const bool end = random.below(7) == 0, cut = random.below(2) == 0;
      steps.push_back({static_cast<float>(i), static_cast<float>(1000 + i), random.below(4),
                       random.unit(), end && !cut, end && cut});
    }
    steps.back().terminated = true;
    steps.back().truncated = false;
    gyre::n_step by(1, most, .9);
    const auto rows = handed_out(by, steps);
    REQUIRE(rows.size() == steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      double sum = 0, left = 1;
      std::size_t k = i;
      for (;; ++k) {
        sum += left * steps[k].reward;
        left *= .9;
        if (k + 1 == i + most || steps[k].terminated || steps[k].truncated) break;
      }
      CAPTURE(most, i);
      REQUIRE(rows[i].seen == steps[i].seen);
      REQUIRE(rows[i].next == steps[k].next);
      REQUIRE(rows[i].steps == k + 1 - i);
      REQUIRE(rows[i].reward == Approx(sum).epsilon(1e-6));
      REQUIRE(rows[i].left == Approx(steps[k].terminated ? 0 : left).epsilon(1e-6));
    }
  }
}

TEST_CASE("a window that was saved in an episode goes on in it", "[learn]") {
  const std::vector<given_step> before = {{0, 1, 1, 1, false, false}, {1, 2, 0, 2, false, false}};
  const std::vector<given_step> after = {{2, 3, 1, 3, false, false}, {3, 4, 1, 4, true, false}};
  gyre::n_step by(1, 3, .9), other(1, 3, .9);
  REQUIRE(handed_out(by, before).empty());
  gyre::byte_writer out;
  by.save(out);
  for (std::size_t cut = 0; cut < out.size(); ++cut) {
    gyre::byte_reader in(std::span(out.data()).first(cut));
    REQUIRE(!gyre::n_step(1, 3, .9).load(in, 2));
  }
  gyre::byte_reader in(out.data());
  REQUIRE(other.load(in, 2));
  gyre::byte_reader fewer(out.data());
  REQUIRE(!gyre::n_step(1, 3, .9).load(fewer, 1));  // the first is of action 1
  const auto rows = handed_out(by, after), as = handed_out(other, after);
  REQUIRE(rows.size() == 4);
  REQUIRE(as.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    REQUIRE(rows[i].reward == as[i].reward);
    REQUIRE(rows[i].seen == as[i].seen);
    REQUIRE(rows[i].steps == as[i].steps);
  }
}

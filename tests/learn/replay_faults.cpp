// Method: fault. One test for each fault known of other replay buffers that concerns what a row
// says and what survives; those of priorities stand in priorities.cpp. And a buffer saved and
// loaded against the one that went on, of the same capacity and of others, and damaged bytes.
//
// The faults, and the tests that fail on them:
//  1 a time limit taken for an end: "after a time limit the next state still has its worth"; of
//    learners "an end is worth nothing, a cut what it is worth", "a step that was cut off goes on"
//  2 the next slot taken for the next state: "the next state is the row's own", "what was truly
//    seen counts"
//  3 n steps over an end, with a wrong discount, a tail lost: "an n-step return has the steps
//    there are", "an episode's end hands out what waits"
//  4 alpha x p for p^alpha, no epsilon, the mean weight, beta over 1: "a priority is", "weights
//    are", "beta goes to its end"
//  5 a greatest priority that only grows, a least that only falls: "a new row gets the greatest
//    priority", "the least priority is forgotten with its row"
//  6 weights over the greatest of the batch or of all, mixed up: "weights are"
//  7 a draw past the last row, or of priority 0: "a row of priority 0 is never drawn"
//  8 a row twice in an update: "of a row that comes twice in an update the last error counts"
//  9 an error of a row that was replaced: "an error of a row that was replaced meanwhile"
// 10 a remainder for a draw, a seed from outside, a draw too early: "below does not prefer small
//    numbers", "draws follow from the seed, and wait for min_size rows"
// 11 rows doubled, priorities lost, another capacity after a load: "a loaded buffer goes on", "a
//    buffer of another capacity loads the newest rows"
// 12 a ring of one row more: "exactly the newest rows are there"
// 13 rows lost that were replaced since the last save: the same, "also when saved in the middle of
//    a lap"
#include <gyre/learn/replay_buffer.hpp>
#include <gyre/learn/transition.hpp>
#include <set>

#include "catch.hpp"

namespace {

using transitions = gyre::replay_buffer<gyre::transition>;

bool alike(double a, double b) { return !(a < b) && !(b < a); }

void drive(transitions& kept, gyre::rng& random, std::uint32_t from, std::uint32_t to) {
  gyre::drawn_row batch[8];
  float errors[8];
  for (std::uint32_t i = from; i < to; ++i) {
    const double kind = random.unit();
    kept.push({.state = i, .action = i % 3, .reward = random.unit(), .next = 500 + i,
               .terminated = kind < .05, .truncated = kind > .95});
    if (!kept.sample(batch)) continue;
    for (float& e : errors) e = static_cast<float>(random.unit() * 4 - 2);
    kept.update(batch, errors);
  }
}

/// Both draw and answer the same, now and after more of the same.
void same_from_here(transitions& a, transitions& b, bool names) {
  gyre::rng one(8, 8, gyre::purpose::user), other = one;
  for (std::uint32_t i = 0; i < 120; ++i) {
    gyre::drawn_row left[5], right[5];
    const bool some = a.sample(left);
    REQUIRE(some == b.sample(right));
    for (int k = 0; some && k < 5; ++k) {
      REQUIRE(a.at(left[k].id.slot) == b.at(right[k].id.slot));
      REQUIRE(alike(left[k].weight, right[k].weight));
      REQUIRE((!names || left[k].id == right[k].id));
    }
    gyre::row_run x[2], y[2];
    const bool whole = a.sample_episodes(x);
    REQUIRE(whole == b.sample_episodes(y));
    for (int k = 0; whole && k < 2; ++k) {
      REQUIRE(a.at(x[k].first) == b.at(y[k].first));
      REQUIRE(x[k].count == y[k].count);
    }
    drive(a, one, 9000 + i, 9001 + i);
    drive(b, other, 9000 + i, 9001 + i);
  }
  REQUIRE(a.check());
  REQUIRE(b.check());
  REQUIRE(alike(a.stats().mean_age, b.stats().mean_age));
  REQUIRE(a.stats().total_sampled == b.stats().total_sampled);
  REQUIRE(alike(a.stats().beta, b.stats().beta));
}

}  // namespace

// Stable-Baselines3 #284, CleanRL #198, and others: a time limit was stored as an end of the task,
// so that states near it were taken for worthless.
TEST_CASE("after a time limit the next state still has its worth", "[learn]") {
  transitions kept({.capacity = 8});
  const gyre::row_id cut = kept.push({.state = 1, .reward = 1, .next = 2, .truncated = 1});
  const gyre::row_id end = kept.push({.state = 3, .reward = 1, .next = 4, .terminated = 1});
  const gyre::row_id both =
      kept.push({.state = 5, .reward = 1, .next = 6, .terminated = 1, .truncated = 1});
  REQUIRE(alike(kept.n_step(cut.slot, 1, .5).bootstrap, .5));
  REQUIRE(alike(kept.n_step(cut.slot, 3, .5).bootstrap, .5));
  REQUIRE(alike(kept.n_step(end.slot, 3, .5).bootstrap, 0));
  REQUIRE(alike(kept.n_step(both.slot, 3, .5).bootstrap, 0));
}

// Stable-Baselines3 #934, #1853: next states were taken from the next slot, which at a time limit
// has the state after the reset, and at the newest row the oldest one.
TEST_CASE("the next state is the row's own, at a time limit and at the newest row", "[learn]") {
  transitions kept({.capacity = 4});
  for (std::uint32_t i = 0; i < 6; ++i) {
    kept.push({.state = 10 * i, .next = 10 * i + 7, .truncated = i % 2 == 1});
  }
  gyre::drawn_row batch[4];
  REQUIRE(kept.sample(batch, gyre::sampling::without_replacement));
  std::uint32_t state[4], next[4];
  kept.columns(batch, gyre::into(&gyre::transition::state, state),
               gyre::into(&gyre::transition::next, next));
  std::set<std::uint32_t> seen;
  for (int k = 0; k < 4; ++k) {
    REQUIRE(next[k] == state[k] + 7);
    const gyre::n_step_return r = kept.n_step(batch[k].id.slot, 2, .9);
    REQUIRE(kept.at(r.last).next == kept.at(r.last).state + 7);
    seen.insert(state[k]);
  }
  REQUIRE(seen == std::set<std::uint32_t>{20, 30, 40, 50});
}

// FastTD3 #6 bootstrapped with gamma^n where fewer steps were there; mlpack mixed episodes at a
// time limit, and lost the last n - 1 rows of each until another came.
TEST_CASE("an n-step return has the steps there are, of its own episode", "[learn]") {
  transitions kept({.capacity = 5});
  std::vector<gyre::row_id> id;
  for (std::uint32_t i = 0; i < 8; ++i) {  // 3 4 | 5 6 7 are left, and the 8th would replace 3
    id.push_back(kept.push({.state = i, .reward = 1. + i, .next = i + 1, .truncated = i == 4}));
  }
  const auto r = [&](std::size_t i) { return kept.n_step(id[i].slot, 3, .5); };
  REQUIRE(alike(r(3).reward, 4 + .5 * 5));
  REQUIRE(alike(r(3).bootstrap, .25));
  REQUIRE(kept.at(r(3).last).next == 5);
  REQUIRE(alike(r(4).reward, 5));
  REQUIRE(alike(r(4).bootstrap, .5));
  REQUIRE(alike(r(5).reward, 6 + .5 * 7 + .25 * 8));
  REQUIRE(alike(r(5).bootstrap, .125));
  REQUIRE(r(6).steps == 2);  // the newest row is 7: then comes 3, which is no successor
  REQUIRE(alike(r(6).reward, 7 + .5 * 8));
  REQUIRE(alike(r(7).bootstrap, .5));
  kept.end_episode();
  kept.push({.state = 8, .reward = 9});
  REQUIRE(r(7).steps == 1);
}

// rlax and others drew from random_device; several drew before there was anything to draw.
TEST_CASE("draws follow from the seed, and wait for min_size rows", "[learn]") {
  const bool prioritized = GENERATE(false, true);
  const gyre::replay_options how{.capacity = 50, .min_size = 20, .prioritized = prioritized};
  transitions a(how), b(how);
  gyre::replay_options other = how;
  other.seed = 2;
  transitions c(other);
  gyre::drawn_row x[10], y[10], z[10];
  bool differs = false;
  for (std::uint32_t i = 0; i < 60; ++i) {
    for (transitions* kept : {&a, &b, &c}) kept->push({.state = i});
    const bool some = a.sample(x);
    REQUIRE(some == (i + 1 >= 20));
    REQUIRE(b.sample(y) == some);
    REQUIRE(c.sample(z) == some);
    gyre::row_run run[1];
    REQUIRE(a.sample_runs(run, 3) == some);
    REQUIRE(b.sample_runs(run, 3) == some);
    REQUIRE(c.sample_runs(run, 3) == some);
    for (int k = 0; some && k < 10; ++k) {
      REQUIRE(x[k].id == y[k].id);
      differs = differs || x[k].id != z[k].id;
    }
  }
  REQUIRE(differs);
}

// tianshou #728 lost priorities, dreamerv3 #103 had every row twice, flashbax #15 another capacity.
TEST_CASE("a loaded buffer goes on as the other would have", "[learn]") {
  const std::uint32_t rows = GENERATE(0u, 1u, 30u, 64u, 65u, 200u);
  const bool prioritized = GENERATE(false, true);
  const gyre::replay_options how{.capacity = 64, .prioritized = prioritized,
                                 .count_samples = true, .priority = {.beta_steps = 150}};
  transitions kept(how);
  gyre::rng random(rows, 1, gyre::purpose::user);
  drive(kept, random, 0, rows);
  gyre::byte_writer file;
  kept.save(file);
  gyre::replay_options else_seeded = how;
  else_seeded.seed = 99;  // what was saved counts
  transitions loaded(else_seeded);
  gyre::rng noise(1, 2, gyre::purpose::user);
  drive(loaded, noise, 5000, 5100);
  gyre::byte_reader in(file.data());
  REQUIRE(loaded.load(in));
  REQUIRE(in.remaining() == 0);
  REQUIRE(loaded.size() == kept.size());
  REQUIRE(loaded.capacity() == 64);
  for (std::uint32_t i = 0; i < kept.size(); ++i) {
    REQUIRE(loaded[i] == kept[i]);
    REQUIRE(loaded.stats_of(i).sampled == kept.stats_of(i).sampled);
    REQUIRE(alike(loaded.stats_of(i).priority, kept.stats_of(i).priority));
  }
  same_from_here(kept, loaded, true);
}

TEST_CASE("a buffer of another capacity loads the newest rows as resize() leaves them", "[learn]") {
  const std::uint32_t capacity = GENERATE(10u, 63u, 65u, 200u);
  transitions kept({.capacity = 64, .prioritized = true});
  gyre::rng random(3, 1, gyre::purpose::user);
  drive(kept, random, 0, 150);
  gyre::byte_writer file;
  kept.save(file);
  transitions loaded({.capacity = capacity, .prioritized = true});
  gyre::byte_reader in(file.data());
  REQUIRE(loaded.load(in));
  REQUIRE(loaded.size() == std::min(capacity, 64U));
  REQUIRE(loaded.capacity() == capacity);
  kept.resize(capacity);
  same_from_here(kept, loaded, true);
}

TEST_CASE("rows saved without priorities are as new ones, and the other way round", "[learn]") {
  transitions plain({.capacity = 20}), with({.capacity = 20, .prioritized = true});
  gyre::rng random(3, 1, gyre::purpose::user);
  drive(plain, random, 0, 30);
  drive(with, random, 0, 30);
  gyre::byte_writer a, b;
  plain.save(a);
  with.save(b);
  gyre::byte_reader from_plain(a.data()), from_with(b.data());
  REQUIRE(with.load(from_plain));
  REQUIRE(plain.load(from_with));
  REQUIRE((from_plain.remaining() == 0 && from_with.remaining() == 0));
  REQUIRE(with.check());
  REQUIRE(alike(with.stats().total_priority, 20));
  gyre::drawn_row batch[4];
  REQUIRE((with.sample(batch) && plain.sample(batch)));
}

// REINFORCEjs holds one row more than it was asked for; Flashbax's Vault drops what was replaced
// since the last save: here the newest `capacity` rows are there, all and only they.
TEST_CASE("exactly the newest rows are there, also when saved in the middle of a lap", "[learn]") {
  for (std::uint32_t rows = 0; rows < 30; ++rows) {
    transitions kept({.capacity = 7, .prioritized = true});
    for (std::uint32_t i = 0; i < rows; ++i) kept.push({.state = i});
    gyre::byte_writer file;
    kept.save(file);
    transitions loaded({.capacity = 7, .prioritized = true});
    gyre::byte_reader in(file.data());
    REQUIRE(loaded.load(in));
    REQUIRE(loaded.size() == std::min(rows, 7U));
    for (std::uint32_t i = 0; i < loaded.size(); ++i) {
      REQUIRE(loaded[i].state == rows - loaded.size() + i);
    }
    std::vector<gyre::drawn_row> all(loaded.size());
    REQUIRE(loaded.sample(all, gyre::sampling::without_replacement));
    std::set<std::uint32_t> seen;
    for (const gyre::drawn_row& row : all) seen.insert(loaded.at(row.id.slot).state);
    REQUIRE(seen.size() == loaded.size());
  }
}

TEST_CASE("a damaged buffer is refused and changes nothing", "[learn]") {
  transitions kept({.capacity = 8, .prioritized = true, .count_samples = true});
  gyre::rng random(1, 1, gyre::purpose::user);
  drive(kept, random, 0, 20);
  gyre::byte_writer file;
  kept.save(file);
  transitions other({.capacity = 8, .prioritized = true});
  other.push({.state = 77});
  for (std::size_t cut = 0; cut < file.size(); ++cut) {
    gyre::byte_reader in(std::span(file.data()).first(cut));
    CAPTURE(cut);
    REQUIRE(other.load(in).code() == gyre::code::corrupt);
  }
  for (std::size_t at = 0; at < file.size(); ++at) {  // accepted or not, it holds together
    std::vector<std::byte> bytes = file.data();
    bytes[at] ^= std::byte{0xff};
    gyre::byte_reader in(bytes);
    transitions any({.capacity = 8, .prioritized = true});
    if (any.load(in)) REQUIRE(any.check());
    gyre::drawn_row batch[4];
    if (any.sample(batch)) REQUIRE(any.holds(batch[0].id));
  }
  REQUIRE(other.size() == 1);
  REQUIRE(other[0].state == 77);
}

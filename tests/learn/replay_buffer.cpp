// Method: model. A deque of rows beside the buffer: runs, n-step returns, episodes and priorities
// are worked out from it in the obvious way and compared; distributions by chi-square with a fixed
// seed; a buffer saved and loaded against the one that went on; damaged bytes; allocations counted.
#include <cmath>
#include <deque>
#include <gyre/learn/replay_buffer.hpp>
#include <map>
#include <set>

#include "allocations.hpp"
#include "catch.hpp"

namespace walk {

struct step {
  std::uint32_t number;  // of the push
  float reward;
  std::uint32_t next;  // 1000 x number: no other row's number
  std::uint8_t terminated, truncated;
};
void encode(gyre::byte_writer& out, const step& s) {
  out.u32(s.number);
  out.f32(s.reward);
  out.u32(s.next);
  out.u8(s.terminated);
  out.u8(s.truncated);
}
bool decode(gyre::byte_reader& in, step& s) {
  s.number = in.u32();
  s.reward = in.f32();
  s.next = in.u32();
  s.terminated = in.u8();
  s.truncated = in.u8();
  return in.ok();
}

}  // namespace walk

namespace {

using walk::step;
using buffer = gyre::replay_buffer<step>;

step numbered(std::uint32_t i, gyre::rng& random) {
  const double kind = random.unit();
  return {i, static_cast<float>(random.unit()), 1000 * i, static_cast<std::uint8_t>(kind < .1),
          static_cast<std::uint8_t>(kind > .9)};
}

bool equals(double a, double b) { return !(a < b) && !(b < a); }

/// What the index-th row of the model and those after it come to.
gyre::n_step_return expected(const std::deque<step>& model, std::size_t i, std::uint32_t n,
                             double gamma, std::uint32_t& last) {
  gyre::n_step_return r{.bootstrap = 1};
  for (; i < model.size() && r.steps < n; ++i) {
    r.reward += r.bootstrap * static_cast<double>(model[i].reward);
    r.bootstrap *= gamma;
    ++r.steps;
    last = model[i].number;
    if (model[i].terminated != 0) r.bootstrap = 0;
    if (model[i].terminated != 0 || model[i].truncated != 0) break;
  }
  return r;
}

}  // namespace

TEST_CASE("runs, n-step returns and episodes equal those of a deque", "[learn]") {
  const std::uint32_t capacity = GENERATE(1u, 2u, 7u, 40u);
  buffer kept({.capacity = capacity, .prioritized = true});
  std::deque<step> model;
  bool cut = false;
  gyre::rng random(11, capacity, gyre::purpose::user);
  for (std::uint32_t i = 0; i < 3 * capacity + 20; ++i) {
    const step s = numbered(i, random);
    if (model.size() == capacity) {
      cut = model[0].terminated == 0 && model[0].truncated == 0;
      model.pop_front();
    }
    model.push_back(s);
    const gyre::row_id id = kept.push(s);
    REQUIRE(kept.at(id.slot).number == i);
    REQUIRE(kept.size() == model.size());
    REQUIRE(kept.check());
    std::set<std::uint32_t> begins;  // of episodes that are there whole
    for (std::size_t k = 0, from = 0; k < model.size(); ++k) {
      REQUIRE(kept[k].number == model[k].number);
      const auto back = static_cast<std::uint32_t>(model.size() - 1 - k);
      const std::uint32_t slot = (id.slot + capacity - back) % capacity;
      REQUIRE(kept.at(slot).number == model[k].number);
      REQUIRE(kept.stats_of(slot).age == model.size() - 1 - k);
      for (const std::uint32_t n : {1U, 2U, 3U, 10U, 1000U}) {
        std::uint32_t last = 0;
        const gyre::n_step_return want = expected(model, k, n, .9, last);
        const gyre::n_step_return got = kept.n_step(slot, n, .9);
        CAPTURE(capacity, i, k, n);
        REQUIRE(got.steps == want.steps);
        REQUIRE(equals(got.reward, want.reward));
        REQUIRE(equals(got.bootstrap, want.bootstrap));
        REQUIRE(kept.at(got.last).number == last);
        REQUIRE(kept.at(got.last).next == 1000 * last);
      }
      if (model[k].terminated == 0 && model[k].truncated == 0) continue;
      if (from > 0 || !cut) begins.insert(model[from].number);
      from = k + 1;
    }
    REQUIRE(kept.stats().episodes == begins.size());
    gyre::row_run runs[8];
    REQUIRE(kept.sample_episodes(runs) == !begins.empty());
    if (begins.empty()) continue;
    for (const gyre::row_run run : runs) {
      std::uint32_t n = 0, first = 0;
      kept.visit(run, [&](std::size_t k, const step& row) {
        if (k == 0) first = row.number;
        REQUIRE(row.number == first + k);
        REQUIRE((row.terminated != 0 || row.truncated != 0) == (k + 1 == run.count));
        ++n;
      });
      REQUIRE(n == run.count);
      REQUIRE(begins.count(first) == 1);
    }
  }
}

TEST_CASE("each whole episode is equally likely, however long", "[learn]") {
  buffer kept({.capacity = 60});
  for (std::uint32_t i = 0, length = 1; length <= 12; ++length) {  // 78 rows: the first are gone
    for (std::uint32_t k = 1; k <= length; ++k, ++i) kept.push({i, 0, 0, k == length, 0});
  }
  kept.push({1000, 0, 0, 0, 0});  // and one has not ended
  std::map<std::uint32_t, int> seen;
  const int rounds = 6000;
  for (int i = 0; i < rounds; ++i) {
    gyre::row_run run[1];
    REQUIRE(kept.sample_episodes(run));
    ++seen[run[0].count];
  }
  REQUIRE(seen.size() == 6);  // those of 7..12 rows; of the one of 6 two are left
  double chi = 0;
  for (const auto& one : seen) chi += (one.second - 1000.) * (one.second - 1000.) / 1000;
  REQUIRE(chi < 20.5);  // 99.9 % at 5
}

TEST_CASE("sequences begin at rows drawn like any, and stop at ends", "[learn]") {
  buffer kept({.capacity = 50});
  gyre::rng random(2, 2, gyre::purpose::user);
  for (std::uint32_t i = 0; i < 120; ++i) kept.push(numbered(i, random));
  gyre::row_run runs[20];
  std::set<std::uint32_t> begun;
  for (int round = 0; round < 100; ++round) {
    REQUIRE(kept.sample_runs(runs, 5));
    for (const gyre::row_run run : runs) {
      REQUIRE((run.count >= 1 && run.count <= 5));
      begun.insert(run.first);
      std::uint32_t first = 0;
      kept.visit(run, [&](std::size_t k, const step& row) {
        if (k == 0) first = row.number;
        REQUIRE(row.number == first + k);
        const bool end = row.terminated != 0 || row.truncated != 0 || row.number == 119;
        REQUIRE(end == (k + 1 == run.count && (end || run.count < 5)));
      });
    }
  }
  REQUIRE(begun.size() == 50);
}

TEST_CASE("uniform draws: members, none twice without replacement, all alike", "[learn]") {
  const auto how = GENERATE(gyre::sampling::without_replacement, gyre::sampling::with_replacement);
  const std::size_t n = GENERATE(3u, 32u, 45u, 64u);
  buffer kept({.capacity = 64, .prioritized = true});
  for (std::uint32_t i = 0; i < 100; ++i) kept.push({i, 0, 0, 0, 0});
  std::vector<double> seen(64, 0);
  std::vector<gyre::drawn_row> batch(n);
  const int rounds = 4000;
  for (int i = 0; i < rounds; ++i) {
    REQUIRE(kept.sample(batch, how));
    std::set<std::uint32_t> distinct;
    for (const gyre::drawn_row& row : batch) {
      REQUIRE(kept.holds(row.id));
      REQUIRE(equals(row.weight, 1));
      distinct.insert(row.id.slot);
      seen[row.id.slot] += 1;
    }
    REQUIRE((how == gyre::sampling::with_replacement || distinct.size() == n));
  }
  const double each = static_cast<double>(n) * rounds / 64;
  double chi = 0;
  for (const double s : seen) chi += (s - each) * (s - each) / each;
  REQUIRE(chi < 103.4);  // 99.9 % at 63
  batch.resize(65);
  REQUIRE(kept.sample(batch, how) == (how == gyre::sampling::with_replacement));
}

TEST_CASE("columns and rows of a batch are what lies in its slots", "[learn]") {
  buffer kept({.capacity = 500});
  for (std::uint32_t i = 0; i < 800; ++i) kept.push({i, static_cast<float>(i), 1000 * i, 0, 0});
  gyre::drawn_row batch[100];
  REQUIRE(kept.sample(batch));
  std::uint32_t number[100], next[100];
  float reward[100];
  kept.columns(batch, gyre::into(&step::number, number), gyre::into(&step::reward, reward),
               gyre::into(&step::next, next));
  for (int i = 0; i < 100; ++i) {
    REQUIRE(number[i] == kept.at(batch[i].id.slot).number);
    REQUIRE(next[i] == 1000 * number[i]);
    REQUIRE(equals(reward[i], number[i]));
  }
}

TEST_CASE("a budget in bytes gives as many rows as fit", "[learn]") {
  const bool prioritized = GENERATE(false, true);
  for (const std::uint64_t budget : {100'000ULL, 1'000'000ULL, 5'000'001ULL}) {
    const gyre::replay_options how{.budget_bytes = budget, .prioritized = prioritized};
    const buffer kept(how);
    REQUIRE(kept.bytes() <= budget);
    REQUIRE(gyre::replay_index::bytes(kept.capacity() + 1, how,
                                      gyre::row_store<step>::row_bytes) > budget);
    REQUIRE(kept.capacity() > budget / (prioritized ? 30 : 24));
  }
  REQUIRE(buffer({.budget_bytes = 1}).capacity() == 1);
}

TEST_CASE("another capacity keeps the newest, with all that is known of them", "[learn]") {
  const std::uint32_t capacity = GENERATE(1u, 5u, 40u, 41u, 100u);
  buffer kept({.capacity = 40, .prioritized = true, .count_samples = true});
  gyre::rng random(4, 4, gyre::purpose::user);
  std::vector<gyre::row_id> names;
  for (std::uint32_t i = 0; i < 70; ++i) names.push_back(kept.push(numbered(i, random)));
  gyre::drawn_row batch[16];
  float errors[16];
  for (float& e : errors) e = static_cast<float>(random.unit());
  for (int i = 0; i < 5; ++i) {
    REQUIRE(kept.sample(batch));
    kept.update(batch, errors);
  }
  std::vector<gyre::row_stats> before;
  for (std::uint32_t i = 30; i < 70; ++i) before.push_back(kept.stats_of(names[i].slot));
  kept.resize(capacity);
  REQUIRE(kept.check());
  REQUIRE(kept.size() == std::min(capacity, 40U));
  for (std::uint32_t i = 0; i < kept.size(); ++i) {
    const std::uint32_t number = 70 - kept.size() + i;
    REQUIRE(kept[i].number == number);
    const gyre::row_stats a = kept.stats_of(i), b = before[number - 30];
    REQUIRE(equals(a.priority, b.priority));
    REQUIRE((a.sampled == b.sampled && a.measured == b.measured && a.age == b.age));
  }
  for (const gyre::row_id name : names) REQUIRE(!kept.holds(name));
  for (std::uint32_t i = 70; i < 300; ++i) kept.push(numbered(i, random));
  REQUIRE(kept.check());
  REQUIRE(kept.size() == capacity);
  REQUIRE(kept[0].number == 300 - capacity);
}

TEST_CASE("statistics say how old what is drawn is, and how often", "[learn]") {
  buffer kept({.capacity = 1000, .count_samples = true});
  for (std::uint32_t i = 0; i < 1500; ++i) kept.push({i, 0, 0, 0, 0});
  gyre::drawn_row batch[50];
  for (int i = 0; i < 400; ++i) REQUIRE(kept.sample(batch));
  const gyre::replay_stats s = kept.stats();
  REQUIRE(s.total_added == 1500);
  REQUIRE(s.total_sampled == 20000);
  REQUIRE(s.mean_age == Approx(499.5).epsilon(.02));
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) sum += kept.stats_of(i).sampled;
  REQUIRE(sum == 20000);
  kept.push({1500, 0, 0, 0, 0});
  REQUIRE(kept.stats_of(500).sampled == 0);  // another row now
}

TEST_CASE("nothing is allocated once it is made", "[learn]") {
  buffer kept({.capacity = 3000, .prioritized = true, .count_samples = true});
  gyre::rng random(6, 6, gyre::purpose::user);
  const std::size_t before = allocated();
  gyre::drawn_row batch[300];
  float errors[300];
  gyre::n_step_return returns[300];
  gyre::row_run runs[10];
  for (std::uint32_t i = 0; i < 10000; ++i) {
    kept.push(numbered(i, random));
    if (i % 50 != 49) continue;
    if (!kept.sample(batch)) FAIL("nothing was drawn");
    kept.n_step(batch, 3, .99, returns);
    for (int k = 0; k < 300; ++k) errors[k] = static_cast<float>(returns[k].reward);
    kept.update(batch, errors);
    (void)kept.sample(std::span(batch).first(32), gyre::sampling::without_replacement);
    (void)kept.sample_runs(runs, 20);
    (void)kept.sample_episodes(runs);
    (void)kept.stats();
  }
  REQUIRE(allocated() == before);
}

TEST_CASE("options out of bounds are refused by name", "[learn]") {
  gyre::replay_options o;
  REQUIRE(gyre::check(o));
  o.priority.alpha = 1.5;
  REQUIRE(gyre::check(o).error().text == "alpha 1.5 is out of 0..1");
  o.priority.alpha = std::nan("");
  REQUIRE(!gyre::check(o));
  o = {};
  o.priority.beta_end = -.1;
  REQUIRE(!gyre::check(o));
  o = {};
  o.priority.epsilon = -1;
  REQUIRE(!gyre::check(o));
  o = {.capacity = 0};
  REQUIRE(!gyre::check(o));
}

// Method: model. The same calls to a gyre::replay_buffer of the same options: slots, weights, runs
// and n-step returns of the C ABI are those; columns are what was pushed; bad input; save and load.
#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include <gyre/learn/replay_buffer.hpp>

#include "catch.hpp"
#include "kit.hpp"

using kit::zero;

namespace rows_of_c {

struct step {
  float seen[4];
  double reward;
  std::uint8_t terminated, truncated, rest[6];  // no padding: rows are compared as bytes
};

constexpr std::uint32_t columns = 4;

std::vector<gyre_replay_column> schema() {
  const auto column = [](std::size_t offset, std::size_t bytes, std::uint32_t role) {
    return gyre_replay_column{sizeof(gyre_replay_column), static_cast<std::uint32_t>(offset),
                              static_cast<std::uint32_t>(bytes), role};
  };
  return {column(offsetof(step, seen), 16, GYRE_COLUMN_PLAIN),
          column(offsetof(step, reward), 8, GYRE_COLUMN_REWARD),
          column(offsetof(step, terminated), 1, GYRE_COLUMN_TERMINATED),
          column(offsetof(step, truncated), 1, GYRE_COLUMN_TRUNCATED)};
}

gyre_replay_options options(const std::vector<gyre_replay_column>& of) {
  auto o = zero<gyre_replay_options>();
  o.row_size = sizeof(step);
  o.capacity = 50;
  o.columns = of.data();
  o.column_count = static_cast<std::uint32_t>(of.size());
  o.flags = GYRE_REPLAY_PRIORITIZED | GYRE_REPLAY_COUNT_SAMPLES;
  o.seed = 5;
  return o;
}

step numbered(std::uint32_t i) {
  const auto f = static_cast<float>(i);
  step s{};
  for (float& x : s.seen) x = f;
  s.reward = f;
  s.terminated = i % 7 == 6;
  s.truncated = i % 10 == 9;
  return s;
}

}  // namespace rows_of_c

using rows_of_c::numbered;
using rows_of_c::step;

TEST_CASE("a replay buffer over C is one of C++", "[capi]") {
  const auto schema = rows_of_c::schema();
  const auto o = rows_of_c::options(schema);
  gyre_replay id = 0;
  REQUIRE(gyre_replay_create(&o, &id, nullptr) == GYRE_OK);
  gyre::replay_buffer<step> same(
      {.capacity = 50, .prioritized = true, .count_samples = true, .seed = 5});
  std::uint32_t slots[12], generations[12], refused = 99;
  float weights[12], probabilities[12], errors[12];
  gyre::drawn_row batch[12];
  for (std::uint32_t i = 0; i < 130; ++i) {
    const step s = numbered(i);
    REQUIRE(gyre_replay_push(id, &s, 1) == GYRE_OK);
    same.push(s);
    REQUIRE(gyre_replay_draw(id, slots, generations, weights, probabilities, 12, 0) == GYRE_OK);
    REQUIRE(same.sample(batch));
    for (int k = 0; k < 12; ++k) {
      REQUIRE(gyre::row_id{slots[k], generations[k]} == batch[k].id);
      REQUIRE(std::memcmp(&weights[k], &batch[k].weight, sizeof(float)) == 0);
      REQUIRE(std::memcmp(&probabilities[k], &batch[k].probability, sizeof(float)) == 0);
      errors[k] = k == 3 ? std::numeric_limits<float>::quiet_NaN()
                         : same.at(slots[k]).seen[0] - 40;
    }
    generations[5] -= 1;
    batch[5].id.generation -= 1;
    REQUIRE(gyre_replay_update(id, slots, generations, errors, 12, &refused) == GYRE_OK);
    REQUIRE(refused == 2);
    REQUIRE(same.update(batch, errors).applied == 10);

    double rewards[12], bootstraps[12];
    std::uint32_t lasts[12], steps[12], ages[12], drawn[12];
    float priorities[12], seen[12][4];
    step whole[12];
    REQUIRE(gyre_replay_n_step(id, slots, 12, 3, .9, rewards, bootstraps, lasts, steps) == GYRE_OK);
    REQUIRE(gyre_replay_rows_read(id, slots, 12, ages, drawn, priorities) == GYRE_OK);
    REQUIRE(gyre_replay_read(id, slots, 12, 0, seen) == GYRE_OK);
    REQUIRE(gyre_replay_read(id, slots, 12, rows_of_c::columns, whole) == GYRE_OK);
    for (int k = 0; k < 12; ++k) {
      const gyre::n_step_return r = same.n_step(slots[k], 3, .9);
      REQUIRE(rewards[k] == Approx(r.reward));
      REQUIRE(bootstraps[k] == Approx(r.bootstrap));
      REQUIRE((lasts[k] == r.last && steps[k] == r.steps));
      const gyre::row_stats of = same.stats_of(slots[k]);
      REQUIRE((ages[k] == of.age && drawn[k] == of.sampled));
      REQUIRE(priorities[k] == Approx(of.priority));
      REQUIRE(seen[k][3] == Approx(same.at(slots[k]).seen[3]));
      REQUIRE(std::memcmp(&whole[k], &same.at(slots[k]), sizeof(step)) == 0);
    }
    std::uint32_t firsts[4], counts[4];
    gyre::row_run runs[4];
    for (const std::uint32_t length : {0U, 5U}) {
      const bool some = length == 0 ? same.sample_episodes(runs) : same.sample_runs(runs, length);
      const gyre_status got = gyre_replay_draw_runs(id, firsts, counts, 4, length);
      REQUIRE(got == (some ? GYRE_OK : GYRE_E_STATE));
      for (int k = 0; some && k < 4; ++k) {
        REQUIRE((firsts[k] == runs[k].first && counts[k] == runs[k].count));
      }
    }
  }
  REQUIRE(gyre_replay_check(id) == GYRE_OK);
  auto m = zero<gyre_replay_metrics>();
  REQUIRE(gyre_replay_metrics_read(id, &m) == GYRE_OK);
  const gyre::replay_stats s = same.stats();
  REQUIRE((m.rows == 50 && m.stale_updates == 130 && m.episodes == s.episodes));
  REQUIRE(m.mean_age == Approx(s.mean_age));
  REQUIRE(m.total_priority == Approx(s.total_priority));
  REQUIRE(m.beta == Approx(s.beta));
  REQUIRE(gyre_replay_destroy(id) == GYRE_OK);
}

TEST_CASE("a replay buffer loaded over C goes on draw for draw", "[capi]") {
  const auto schema = rows_of_c::schema();
  auto o = rows_of_c::options(schema);
  gyre_replay kept = 0, loaded = 0, small = 0;
  REQUIRE(gyre_replay_create(&o, &kept, nullptr) == GYRE_OK);
  REQUIRE(gyre_replay_create(&o, &loaded, nullptr) == GYRE_OK);
  o.capacity = 20;
  REQUIRE(gyre_replay_create(&o, &small, nullptr) == GYRE_OK);
  std::uint32_t slots[8], generations[8], other[8];
  for (std::uint32_t i = 0; i < 70; ++i) {
    const step s = numbered(i);
    REQUIRE(gyre_replay_push(kept, &s, 1) == GYRE_OK);
    REQUIRE(gyre_replay_draw(kept, slots, generations, nullptr, nullptr, 8, 0) == GYRE_OK);
    const float errors[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    REQUIRE(gyre_replay_update(kept, slots, generations, errors, 8, nullptr) == GYRE_OK);
  }
  std::uint32_t needed = 0;
  REQUIRE(gyre_replay_save(kept, nullptr, 0, &needed) == GYRE_E_BUFFER);
  std::vector<std::byte> bytes(needed);
  REQUIRE(gyre_replay_save(kept, bytes.data(), needed, &needed) == GYRE_OK);
  REQUIRE(gyre_replay_load(loaded, bytes.data(), needed, nullptr) == GYRE_OK);
  for (std::uint32_t i = 0; i < 60; ++i) {
    REQUIRE(gyre_replay_draw(kept, slots, nullptr, nullptr, nullptr, 8, 0) == GYRE_OK);
    REQUIRE(gyre_replay_draw(loaded, other, nullptr, nullptr, nullptr, 8, 0) == GYRE_OK);
    REQUIRE(std::memcmp(slots, other, sizeof slots) == 0);
    const step s = numbered(100 + i);
    for (const gyre_replay each : {kept, loaded}) REQUIRE(gyre_replay_push(each, &s, 1) == GYRE_OK);
  }
  REQUIRE(gyre_replay_load(small, bytes.data(), needed, nullptr) == GYRE_OK);
  REQUIRE(gyre_replay_resize(loaded, 5, nullptr) == GYRE_OK);
  for (const gyre_replay each : {small, loaded}) {
    const std::uint32_t newest = each == small ? 19 : 4;
    step row;
    REQUIRE(gyre_replay_read(each, &newest, 1, rows_of_c::columns, &row) == GYRE_OK);
    REQUIRE(row.reward == Approx(each == small ? 69 : 159));
    REQUIRE(gyre_replay_check(each) == GYRE_OK);
  }
  auto err = zero<gyre_error>();
  for (std::uint32_t cut = 0; cut < needed; cut += 3) {
    const gyre_status got = gyre_replay_load(small, bytes.data(), cut, &err);
    REQUIRE((got == GYRE_E_CORRUPT || got == GYRE_E_FORMAT));
  }
  o.row_size = sizeof(step) + 8;
  gyre_replay wider = 0;
  REQUIRE(gyre_replay_create(&o, &wider, nullptr) == GYRE_OK);
  REQUIRE(gyre_replay_load(wider, bytes.data(), needed, &err) == GYRE_E_FORMAT);
  for (const gyre_replay each : {kept, loaded, small, wider}) {
    REQUIRE(gyre_replay_destroy(each) == GYRE_OK);
  }
}

TEST_CASE("what a replay buffer's options cannot be is said", "[capi]") {
  auto err = zero<gyre_error>();
  gyre_replay id = 0;
  const auto refused = [&](auto change, gyre_status status, const char* words) {
    auto schema = rows_of_c::schema();
    auto o = rows_of_c::options(schema);
    change(o, schema);
    CAPTURE(words);
    REQUIRE(gyre_replay_create(&o, &id, &err) == status);
    CAPTURE(err.text);
    REQUIRE(std::strstr(err.text, words) != nullptr);
  };
  using opts = gyre_replay_options;
  using cols = std::vector<gyre_replay_column>;
  refused([](opts& o, cols&) { o.alpha = 1.5; }, GYRE_E_ARG, "alpha 1.5 is out of 0..1");
  refused([](opts& o, cols&) { o.beta_steps = .5; }, GYRE_E_ARG, "beta_steps");
  refused([](opts& o, cols&) { o.budget_bytes = -1; }, GYRE_E_ARG, "budget_bytes");
  refused([](opts& o, cols&) { o.flags = 64; }, GYRE_E_UNSUPPORTED, "flags");
  refused([](opts& o, cols&) { o.column_count = 65; }, GYRE_E_ARG, "column_count");
  refused([](opts&, cols& c) { c[1].offset = 25; }, GYRE_E_ARG, "column 1 is 8 bytes at 25");
  refused([](opts&, cols& c) { c[2].role = 9; }, GYRE_E_UNSUPPORTED, "role");
  refused([](opts&, cols& c) { c[2].role = 1; }, GYRE_E_ARG, "columns 1 and 2");
  refused([](opts&, cols& c) { c[1].bytes = 2; }, GYRE_E_ARG, "the reward has 2 bytes");
  refused([](opts& o, cols&) { o.capacity = 1u << 30; }, GYRE_E_ARG, "1 GiB");
}

TEST_CASE("calls on a replay buffer that cannot be are refused", "[capi]") {
  auto o = zero<gyre_replay_options>();
  o.row_size = 4;
  o.budget_bytes = 10'000;
  o.min_size = 3;
  gyre_replay id = 0;
  REQUIRE(gyre_replay_create(&o, &id, nullptr) == GYRE_OK);
  auto m = zero<gyre_replay_metrics>();
  REQUIRE(gyre_replay_metrics_read(id, &m) == GYRE_OK);
  REQUIRE((m.capacity > 1900 && m.capacity <= 2000));
  std::uint32_t slot = 0, count = 0;
  float error = 1;
  double reward = 0, bootstrap = 0;
  REQUIRE(gyre_replay_push(id, "abcdefgh", 2) == GYRE_OK);
  CHECK(gyre_replay_draw(id, &slot, nullptr, nullptr, nullptr, 1, 0) == GYRE_E_STATE);  // min_size
  REQUIRE(gyre_replay_push(id, "ijkl", 1) == GYRE_OK);
  CHECK(gyre_replay_draw(id, &slot, nullptr, nullptr, nullptr, 1, 0) == GYRE_OK);
  CHECK(gyre_replay_draw(id, &slot, nullptr, nullptr, nullptr, 1, 4) == GYRE_E_UNSUPPORTED);
  CHECK(gyre_replay_draw(id, nullptr, nullptr, nullptr, nullptr, 1, 0) == GYRE_E_ARG);
  CHECK(gyre_replay_draw_runs(id, &slot, &count, 1, 0) == GYRE_E_STATE);  // no episode has ended
  CHECK(gyre_replay_end_episode(id) == GYRE_OK);
  CHECK(gyre_replay_draw_runs(id, &slot, &count, 1, 0) == GYRE_OK);
  CHECK((slot == 0 && count == 3));
  CHECK(gyre_replay_update(id, &slot, &slot, &error, 1, nullptr) == GYRE_E_STATE);
  CHECK(gyre_replay_n_step(id, &slot, 1, 2, .9, &reward, &bootstrap, nullptr, nullptr) ==
        GYRE_E_STATE);
  char row[4];
  slot = 3;
  CHECK(gyre_replay_read(id, &slot, 1, 0, row) == GYRE_E_ARG);  // no row there
  slot = 1;
  CHECK(gyre_replay_read(id, &slot, 1, 1, row) == GYRE_E_ARG);  // no such column
  CHECK(gyre_replay_read(id, &slot, 1, 0, row) == GYRE_OK);     // none is declared: 0 is the row
  CHECK(std::memcmp(row, "efgh", 4) == 0);
  CHECK(gyre_replay_resize(id, 0, nullptr) == GYRE_E_ARG);
  CHECK(gyre_replay_resize(id, 2'000'000'000, nullptr) == GYRE_E_ARG);
  REQUIRE(gyre_replay_destroy(id) == GYRE_OK);
  for (const gyre_replay gone : {id, gyre_replay{0}}) {
    CHECK(gyre_replay_draw(gone, &slot, nullptr, nullptr, nullptr, 1, 0) == GYRE_E_STALE);
    CHECK(gyre_replay_draw_runs(gone, &slot, &count, 1, 0) == GYRE_E_STALE);
    CHECK(gyre_replay_read(gone, &slot, 1, 0, row) == GYRE_E_STALE);
    CHECK(gyre_replay_update(gone, &slot, &slot, &error, 1, nullptr) == GYRE_E_STALE);
    CHECK(gyre_replay_n_step(gone, &slot, 1, 2, .9, &reward, &bootstrap, nullptr, nullptr) ==
          GYRE_E_STALE);
    CHECK(gyre_replay_rows_read(gone, &slot, 1, nullptr, nullptr, nullptr) == GYRE_E_STALE);
    CHECK(gyre_replay_resize(gone, 5, nullptr) == GYRE_E_STALE);
    CHECK(gyre_replay_save(gone, row, 4, &count) == GYRE_E_STALE);
    CHECK(gyre_replay_load(gone, row, 4, nullptr) == GYRE_E_STALE);
    CHECK(gyre_replay_check(gone) == GYRE_E_STALE);
    CHECK(gyre_replay_end_episode(gone) == GYRE_E_STALE);
  }
}

// What is copied, and how many slots follow each other, is decided by sizes known only now.
TEST_CASE("rows of each size come back as they were pushed, by batches of any size", "[capi]") {
  constexpr std::uint32_t capacity = 70;
  for (const std::uint32_t size :
       {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 44, 64, 65, 300}) {
    std::vector<gyre_replay_column> columns;
    for (const std::uint32_t bytes : {size, (size + 1) / 2, 1U}) {
      columns.push_back({sizeof(gyre_replay_column), size - bytes, bytes, GYRE_COLUMN_PLAIN});
    }
    columns.back().role = GYRE_COLUMN_TERMINATED;
    auto o = zero<gyre_replay_options>();
    o.row_size = size;
    o.capacity = capacity;
    o.columns = columns.data();
    o.column_count = static_cast<std::uint32_t>(columns.size());
    gyre_replay id = 0;
    REQUIRE(gyre_replay_create(&o, &id, nullptr) == GYRE_OK);
    std::vector<std::vector<unsigned char>> model(capacity);  // by slot
    std::uint32_t pushed = 0, ends = 0;
    for (const std::uint32_t count : {1U, 63U, 64U, 65U, 1U, 200U, 69U, 70U, 71U}) {
      std::vector<unsigned char> rows(std::size_t{count} * size);
      for (std::uint32_t i = 0; i < count; ++i, ++pushed) {
        unsigned char* const row = rows.data() + std::size_t{i} * size;
        for (std::uint32_t k = 0; k < size; ++k) {
          row[k] = static_cast<unsigned char>(pushed * 31 + k);
        }
        row[size - 1] = pushed % 9 == 8 ? 1 : 0;
        model[pushed % capacity].assign(row, row + size);
      }
      REQUIRE(gyre_replay_push(id, rows.data(), count) == GYRE_OK);
      const std::uint32_t held = std::min(pushed, capacity);
      std::vector<std::uint32_t> slots(held);
      for (std::uint32_t i = 0; i < held; ++i) slots[i] = i;
      for (std::uint32_t c = 0; c <= columns.size(); ++c) {
        const std::uint32_t at = c < columns.size() ? columns[c].offset : 0;
        const std::uint32_t bytes = c < columns.size() ? columns[c].bytes : size;
        std::vector<unsigned char> read(std::size_t{held} * bytes), wanted;
        REQUIRE(gyre_replay_read(id, slots.data(), held, c, read.data()) == GYRE_OK);
        for (std::uint32_t i = 0; i < held; ++i) {
          wanted.insert(wanted.end(), &model[i][at], &model[i][at] + bytes);
        }
        REQUIRE(read == wanted);
      }
      std::vector<unsigned char> drawn(std::size_t{held} * size);
      REQUIRE(gyre_replay_sample(id, drawn.data(), held, 0) == GYRE_OK);
      std::vector<std::vector<unsigned char>> got, all(model.begin(), model.begin() + held);
      for (std::uint32_t i = 0; i < held; ++i) {
        got.emplace_back(&drawn[std::size_t{i} * size], &drawn[std::size_t{i} * size] + size);
      }
      std::sort(got.begin(), got.end());
      std::sort(all.begin(), all.end());
      REQUIRE(got == all);
      ends = 0;
      for (std::uint32_t i = 0; i < held; ++i) ends += model[i][size - 1];
      REQUIRE(gyre_replay_check(id) == GYRE_OK);
      auto m = zero<gyre_replay_metrics>();
      REQUIRE(gyre_replay_metrics_read(id, &m) == GYRE_OK);
      // The oldest row's episode counts once it is there from its beginning.
      const std::uint32_t oldest = pushed - held;
      const std::uint32_t torn = oldest > 0 && oldest % 9 != 0 && ends > 0 ? 1 : 0;
      REQUIRE(m.episodes == ends - torn);
    }
    REQUIRE(gyre_replay_destroy(id) == GYRE_OK);
  }
}

// Method: model: decisions after a restart are those of before, bit for bit. Golden: the bytes of a
// lesson with and without its propensity, and what a tick adds to the journal. Fault: bytes that
// are no decisions, and stores of a time when there were none.
#include <cstring>
#include <limits>

#include <gyre/engine/body.hpp>

#include "catch.hpp"
#include "store_world.hpp"

using namespace std::chrono_literals;

namespace decisions_kept {

/// Some ticks fail, some rewards come three ticks later.
inline gyre::loop add(gyre::engine& e, std::uint32_t history) {
  auto waits = std::make_shared<std::vector<gyre::ticket>>();
  gyre::loop_options o{.name = "a", .interval = 10ms, .jitter = 0, .features = {{"f", {1, 2}}},
                       .knobs = {{"k", {1, 2, 3}}}};
  o.tuning.history = history;
  return e.add(std::move(o), [waits, &e](gyre::tick& t) {
     t.feature("f", static_cast<double>(t.due() / 10ms % 3));
     const double k = t.knob("k");
     if (t.number() % 11 == 5) return (void)t.fail("so");
     if (t.number() % 7 == 3) {
       waits->push_back(t.reward_later());
     } else {
       t.reward(k + static_cast<double>(t.number() % 5));
     }
     if (t.number() % 7 != 6 || waits->empty()) return;
     (void)e.reward(waits->back(), -k);
     waits->clear();
   }).value();
}
using log = std::vector<gyre::logged_choice>;
inline bool same(const log& a, const log& b) {
  if (a.size() != b.size()) return false;
  return a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof a[0]) == 0;
}
inline bool same(const gyre::decision_log& a, const gyre::decision_log& b) {
  return a.first == b.first && same(a.rows, b.rows);
}

}  // namespace decisions_kept

TEST_CASE("decisions are there again after a restart, from lessons and from states", "[engine]") {
  using decisions_kept::same;
  for (const std::uint32_t most : {1024U, 40U}) {
    CAPTURE(most);
    const folder dir;
    gyre::decision_log before;
    double told = 0;
    {
      gyre::engine e(in(dir.store()));
      const auto a = decisions_kept::add(e, most);
      e.advance_to(3s).value();
      before = a.decisions_from(0).value();
      told = a.what_if({{"k", 2}}).value().doubly_robust.high;
    }
    REQUIRE(before.first + before.rows.size() > 150);
    REQUIRE(before.rows.size() == std::min<std::size_t>(most, before.first + before.rows.size()));
    for (const bool state : {false, true}) {
      if (state) {  // the learner has no loop now, and is written as a state
        auto core = gyre::detail::body::make(in(dir.store())).value();
        REQUIRE(core->vault.checkpoint());
      }
      gyre::engine e(in(dir.store()));
      const auto a = decisions_kept::add(e, most);
      REQUIRE(same(a.decisions_from(0).value(), before));
      REQUIRE(a.what_if({{"k", 2}}).value().doubly_robust.high == told);
    }
    gyre::engine e(in(dir.store()));  // and they go on
    const auto a = decisions_kept::add(e, most);
    e.advance_to(50ms).value();
    const auto more = a.decisions_from(before.first + before.rows.size()).value();
    REQUIRE(more.first == before.first + before.rows.size());
    REQUIRE(more.rows.size() > 2);
    REQUIRE(more.rows.size() < 8);
  }
}

TEST_CASE("a run again from its seed makes the same decisions", "[engine]") {
  std::vector<gyre::decision_log> runs;
  for (const std::uint32_t shards : {1U, 3U}) {
    gyre::engine e({.driver = gyre::driver::virtual_time, .seed = 11, .shards = shards});
    const auto a = decisions_kept::add(e, 1024);
    e.advance_to(3s).value();
    runs.push_back(a.decisions_from(0).value());
    runs.push_back(a.decisions_from(100).value());
    REQUIRE(runs.back().first == 100);
    REQUIRE(runs.back().rows.size() + 100 == runs[0].rows.size());
    REQUIRE(a.decisions_from(1'000'000).value().rows.empty());
  }
  REQUIRE(decisions_kept::same(runs[0], runs[2]));
  REQUIRE(decisions_kept::same(runs[1], runs[3]));
}

TEST_CASE("of other lengths of history the newest decisions are kept", "[engine]") {
  const folder dir;
  std::vector<gyre::logged_choice> was;
  for (const std::uint32_t most : {1024U, 30U, 1024U, 0U, 1024U}) {
    gyre::engine e(in(dir.store()));
    const auto a = decisions_kept::add(e, most);
    const auto now = a.decisions().value();
    const auto left = static_cast<std::ptrdiff_t>(std::min<std::size_t>(was.size(), most));
    REQUIRE(decisions_kept::same(now, {was.end() - left, was.end()}));
    e.advance_to(1s).value();
    was = a.decisions().value();
  }
}

TEST_CASE("a lesson's propensity is eight bytes, and a tick's frame 56", "[engine]") {
  gyre::detail::lesson l{1, 2, .5, 1};
  for (const double chance : {0., .25}) {
    l.chance = chance;
    gyre::byte_writer out;
    l.write(out);
    REQUIRE(out.size() == (chance > 0 ? 29 : 21));
    REQUIRE(std::to_integer<int>(out.data()[20]) == (chance > 0 ? 32 : 0));
    gyre::byte_reader in(out.data());
    REQUIRE(gyre::detail::lesson::read(in).chance == chance);
    REQUIRE(in.remaining() == 0);
  }
  double bytes[3] = {};
  for (int i = 0; i < 3; ++i) {  // no knobs; decisions not kept; kept
    const folder dir;
    gyre::engine e(in(dir.store()));
    gyre::loop_options o{.name = "a", .interval = 1ms, .jitter = 0};
    if (i > 0) o.knobs = {{"k", {1, 2, 3}}};
    if (i == 1) o.tuning.history = 0;
    e.add(std::move(o), [](gyre::tick& t) {
      if (t.number() > 0) t.reward(static_cast<double>(t.number() % 5));
      (void)t.knob("k");
    }).value();
    const auto size = [&] {
      REQUIRE(e.commit());
      return static_cast<double>(e.snapshot().store.file_bytes);
    };
    e.advance_to(1s).value();
    const double at = size();
    e.advance_to(1999ms).value();
    bytes[i] = (size() - at) / 999;
  }
  CAPTURE(bytes[0], bytes[1], bytes[2]);
  REQUIRE(bytes[0] < 1);
  REQUIRE(bytes[1] == Approx(48).margin(1));  // commits are the rest
  REQUIRE(bytes[2] == Approx(56).margin(1));
}

TEST_CASE("a tuner's state of before it had decisions is read", "[engine]") {
  const auto where = gyre::space::make({}, {{"k", {1, 2}}}).value();
  gyre::detail::mind m({1, 2, {}, where.shape(), {}, 1, 1});
  gyre::detail::lesson l{0, 1, 3};
  l.chance = .5;
  for (int i = 0; i < 3; ++i) REQUIRE(m.learn(l));
  gyre::byte_writer all, old;
  m.save(all);
  m.tuning()->save(old);
  REQUIRE(all.size() == old.size() + 2 + 3 * 17);
  gyre::detail::mind again({1, 2, {}, where.shape(), {}, 1, 1});
  gyre::byte_reader in(old.data());
  REQUIRE(again.load(in));
  REQUIRE(again.decided().size() == 0);
  REQUIRE(again.tuning()->stats().observations == 3);
  gyre::byte_reader whole(all.data());
  REQUIRE(again.load(whole));
  REQUIRE(again.decided().ever() == 3);
}

TEST_CASE("bytes that are no decisions are refused", "[engine]") {
  gyre::history h(4);
  for (int i = 0; i < 6; ++i) h.add({1, 2, .5, double(i)});
  gyre::byte_writer out;
  h.save(out, 3);
  const auto load = [](const std::vector<std::byte>& bytes, std::uint32_t states) {
    gyre::history into(4);
    gyre::byte_reader in(bytes);
    const bool done = into.load(in, states, 3);
    REQUIRE(into.ever() == (done ? 6 : 0));
    return done;
  };
  REQUIRE(load(out.data(), 2));
  REQUIRE_FALSE(load(out.data(), 1));  // cell 5 is none
  for (std::size_t n = 0; n < out.size(); ++n) {
    REQUIRE_FALSE(load({out.data().begin(), out.data().begin() + static_cast<long>(n)}, 2));
  }
  for (const double wrong : {0., 1.5, -1., std::numeric_limits<double>::quiet_NaN()}) {
    gyre::history bad(4);
    bad.add({0, 0, wrong, 1});
    gyre::byte_writer bytes;
    bad.save(bytes, 3);
    REQUIRE_FALSE(load(bytes.data(), 2));
  }
  gyre::byte_writer many;
  many.varint(~std::uint64_t{0});
  many.varint(~std::uint64_t{0});
  REQUIRE_FALSE(load(many.data(), 2));
}

// Method: fault. With a store, each allocation of each call fails in turn; opened again, the store
// gives back what was there.
#include <functional>

#include "no_memory.hpp"
#include "sanitized.hpp"
#include "store_world.hpp"

#if GYRE_EXCEPTIONS
using namespace std::chrono_literals;

namespace no_memory {

inline gyre::engine_options small(const std::string& dir) {
  gyre::engine_options o = in(dir);
  o.memory.ring = 8;
  o.memory.archive_after_s = 1;
  return o;
}
/// What survives: the records, and what the learners of this name have learned. Which records are
/// sealed already may differ: where there was no memory for that, it was done later.
inline std::string kept(gyre::engine& e) {
  const gyre::snapshot_data s = e.snapshot();
  const gyre::memory_stats& m = s.memory;
  std::string out = gyre::join(m.remembered, " ", m.evicted, "\n");
  for (const gyre::record& r : e.recall({.limit = 1000})) out += r.text + "\n";
  for (const gyre::learner_view& l : s.learners) {
    if (l.name.size() != 1) continue;
    out += l.name + gyre::join(" ", l.stats.observations);
    for (const float q : l.q) out += gyre::join(" ", static_cast<double>(q));
    if (!l.tunes) continue;
    const auto log = e.find(l.name).value().decisions_from(0).value();
    out += gyre::join(" ", log.first + log.rows.size());
    for (const auto& d : log.rows) out += gyre::join(" ", d.action, " ", d.propensity);
  }
  return out;
}

struct stored_deed {
  const char* name;
  std::function<bool(gyre::engine&)> call;
};
inline const stored_deed stored_deeds[] = {
    {"remember", [](gyre::engine& e) {
      gyre::record r;
      r.text = long_text;
      return !!e.remember(r); }},
    {"remember much", [](gyre::engine& e) {
      gyre::record r;
      for (int i = 0; i < 9; ++i) {
        r.text = long_text + std::to_string(i);
        try {
          if (!e.remember(r)) return false;
        } catch (const std::bad_alloc&) {
        }
      }
      return true; }},
    {"consolidate", [](gyre::engine& e) { return !!e.consolidate(); }},
    {"commit", [](gyre::engine& e) { return !!e.commit(); }},
    {"sync", [](gyre::engine& e) { return !!e.sync(); }},
    {"add", [](gyre::engine& e) {
      auto o = world::learning("another", true);
      o.interval = 10ms;
      return !!e.add(std::move(o), [](gyre::tick& t) { t.reward(t.knob("k")); }); }},
    {"remove", [](gyre::engine& e) {
      auto b = e.find("b");
      return !b || !!b->remove(); }},
    {"advance", [](gyre::engine& e) { return !!e.advance_to(1400ms); }},
};

inline void require_it_survives(const stored_deed& d, bool for_good) {
  std::size_t failed = 1;
  for (std::size_t n = 0; failed != 0; n += 1 + n / fewer(8, 4)) {
    CAPTURE(d.name, n, for_good);
    const folder here;
    std::string before;
    {
      gyre::engine e(small(here.store()));
      two_learners(e);
      (void)e.advance_to(1300ms).value();
      bool done = false;
      fail_allocation(n, for_good);
      try {
        done = d.call(e);
      } catch (const std::bad_alloc&) {
      }
      failed = allow_allocations();
      if (!done) REQUIRE(d.call(e));
      (void)e.advance_to(1500ms).value();
      before = kept(e);
    }
    const auto again = gyre::engine::create(small(here.store()));
    REQUIRE(again);
    two_learners(**again);
    if (std::string(d.name) == "remove") before = before.substr(0, before.find("\na "));
    REQUIRE(kept(**again).substr(0, before.size()) == before);
  }
}

}  // namespace no_memory

TEST_CASE("a store gives back what was there, whatever found no memory", "[engine]") {
  for (const no_memory::stored_deed& d : no_memory::stored_deeds) {
    for (const bool for_good : {false, true}) no_memory::require_it_survives(d, for_good);
  }
}
#endif

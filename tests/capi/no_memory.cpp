// Method: fault. Each allocation of each call of the C ABI fails in turn: GYRE_E_NOMEM, nothing has
// changed, and the same call works then; or it has worked.
#include <functional>
#include <string>
#include <vector>

#include "allocations.hpp"
#include "kit.hpp"
#include "misuse.hpp"

namespace no_memory {

/// An engine on a virtual clock with one of each thing, 50 ms old.
struct world {
  world() {
    engine = kit::make_engine(GYRE_DRIVER_VIRTUAL);
    for (const char* name : {"one", "two"}) {
      auto o = kit::loop_of(name, kit::count_tick, &seen);
      REQUIRE(gyre_loop_create(engine, &o, &loop, nullptr) == GYRE_OK);
    }
    for (const char* name : {"external", "external, too"}) {
      auto o = kit::loop_of(name, nullptr, nullptr);
      o.flags = GYRE_LOOP_EXTERNAL;
      o.destroy = nullptr;
      REQUIRE(gyre_loop_create(engine, &o, &external, nullptr) == GYRE_OK);
    }
    REQUIRE(gyre_bus_subscribe(engine, "kept.>", nullptr, &kept, nullptr) == GYRE_OK);
    auto heard_options = kit::zero<gyre_subscription_options>();
    heard_options.on_message = take;
    REQUIRE(gyre_bus_subscribe(engine, "heard.>", &heard_options, &heard, nullptr) == GYRE_OK);
    auto from = kit::zero<gyre_publish_options>();
    from.source = loop;
    for (const char* topic : {"kept.by", "heard.by"}) {
      REQUIRE(gyre_bus_publish(engine, topic, "some bytes", 10, &from, nullptr) == GYRE_OK);
    }
    REQUIRE(gyre_engine_advance_to(engine, 50, nullptr) == GYRE_OK);
    std::uint32_t n = 0;
    REQUIRE(gyre_tick_acquire(engine, &tick, 1, &n, nullptr) == GYRE_OK);
    REQUIRE(n == 1);
    auto r = kit::zero<gyre_replay_options>();
    r.row_size = 4;
    r.capacity = 100;
    REQUIRE(gyre_replay_create(&r, &replay, nullptr) == GYRE_OK);
    REQUIRE(gyre_replay_push(replay, "rowsrows", 2) == GYRE_OK);
    auto l = kit::zero<gyre_learner_options>();
    l.states = l.actions = 2;
    REQUIRE(gyre_learner_create(&l, &learner, nullptr) == GYRE_OK);
  }
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  ~world() {
    (void)gyre_replay_destroy(replay);
    (void)gyre_learner_destroy(learner);
    (void)gyre_engine_destroy(engine, nullptr);
  }
  static void take(void*, const gyre_message*, gyre_status* status) { *status = GYRE_OK; }
  /// What is seen of the engine, but for the machine's figures.
  std::string print() const {
    std::vector<char> text(std::size_t{1} << 18);
    REQUIRE(gyre_snapshot_json(engine, text.data(), 1U << 18, nullptr, nullptr) == GYRE_OK);
    std::string out = text.data();
    for (const auto& [from, to] : {std::pair("\"seq\":", ","), std::pair("\"process\":", "}")}) {
      const std::size_t at = out.find(from);
      REQUIRE(at != std::string::npos);
      out.erase(at, out.find(to, at) - at);
    }
    return out;
  }

  kit::seen seen;
  gyre_engine engine = 0;
  gyre_loop loop = 0, external = 0;
  gyre_subscription kept = 0, heard = 0;
  gyre_tick tick = 0;
  gyre_replay replay = 0;
  gyre_learner learner = 0;
};

struct deed {
  const char* name;
  std::function<gyre_status(world&)> call;
};

inline std::vector<deed> deeds_of_loops() {
  return {
      {"loop_create", [](world& w) {
        auto o = kit::loop_of("another loop with a long name", kit::count_tick, &w.seen);
        gyre_loop made = 0;
        return gyre_loop_create(w.engine, &o, &made, nullptr); }},
      {"loop_reconfigure", [](world& w) {
        auto c = kit::zero<gyre_loop_change>();
        c.interval_ms = 20;
        c.timeout_ms = 33;
        return gyre_loop_reconfigure(w.loop, &c, nullptr); }},
      {"loop_remove external", [](world& w) { return gyre_loop_remove(w.external, nullptr); }},
      {"loops_pause", [](world& w) { return gyre_loops_pause(w.engine, "*", nullptr, nullptr); }},
      {"loops_stop", [](world& w) { return gyre_loops_stop(w.engine, "*", nullptr, nullptr); }},
      {"tick_acquire", [](world& w) {
        gyre_tick ticks[4];
        std::uint32_t n = 0;
        return gyre_tick_acquire(w.engine, ticks, 4, &n, nullptr); }},
      {"tick_complete", [](world& w) {
        auto c = kit::zero<gyre_completion>();
        c.failed = 1;
        c.text = "it failed for a reason that takes long to tell";
        c.took_ms = 1;
        return gyre_tick_complete(w.tick, &c); }},
      {"tick_complete_many", [](world& w) {
        gyre_tick ticks[] = {w.tick, 77};
        gyre_status statuses[2];
        const double took[] = {1, 1};
        const auto done = gyre_tick_complete_many(w.engine, ticks, took, 2, statuses);
        return done == GYRE_OK ? statuses[0] : done; }},
  };
}
inline std::vector<deed> deeds_of_engines() {
  return {
      {"engine_create", [](world&) {
        gyre_engine made = 0;
        auto o = kit::zero<gyre_engine_options>();
        o.driver = GYRE_DRIVER_HOST;
        const gyre_status done = gyre_engine_create(&o, &made, nullptr);
        if (done == GYRE_OK) REQUIRE(gyre_engine_destroy(made, nullptr) == GYRE_OK);
        return done; }},
      {"engine_stop", [](world& w) {
        const gyre_status done = gyre_engine_stop(w.engine, 1, nullptr, 0, nullptr, nullptr);
        return done == GYRE_OK ? gyre_engine_start(w.engine, nullptr) : done; }},
      {"engine_supply", [](world& w) {
        auto r = kit::zero<gyre_reading>();
        r.mode = "a mode whose name is a long one";
        return gyre_engine_supply(w.engine, &r, nullptr); }},
      {"engine_save and load", [](world& w) {
        static char room[1u << 18];
        std::uint32_t size = 0;
        const gyre_status done = gyre_engine_save(w.engine, room, sizeof room, &size, nullptr);
        if (done != GYRE_OK) return done;
        return gyre_engine_load(w.engine, room, size, nullptr, nullptr); }},
      {"bus_publish", [](world& w) {
        return gyre_bus_publish(w.engine, "kept.another", "some bytes", 10, nullptr, nullptr); }},
      {"bus_unsubscribe", [](world& w) { return gyre_bus_unsubscribe(w.heard); }},
      {"memory_remember", [](world& w) {
        auto r = kit::zero<gyre_record>();
        r.text = "something that is too long for a small buffer";
        const char* const tag = "a tag that is too long for one, too";
        r.tags = &tag;
        r.tag_count = 1;
        return gyre_memory_remember(w.engine, &r, nullptr); }},
      {"snapshot_json", [](world& w) {
        std::uint32_t needed = 0;
        const gyre_status done = gyre_snapshot_json(w.engine, nullptr, 0, &needed, nullptr);
        return done == GYRE_E_BUFFER ? GYRE_OK : done; }},
  };
}
inline std::vector<deed> deeds_of_learners() {
  return {
      {"compress", [](world&) {
        char room[100];
        std::uint32_t size = 0;
        const gyre_status done = gyre_compress("aaaaaaaaaa", 10, 6, room, 100, &size, nullptr);
        return done == GYRE_OK ? gyre_decompress(room, size, room + 50, 10, nullptr) : done; }},
  };
}

/// What is wrong; empty: nothing. @param for_good not only the n-th allocation fails
inline std::string trouble(const deed& d, bool for_good) {
  for (std::size_t n = 0; n < 300; ++n) {
    const std::string here = std::string(d.name) + ", allocation " + std::to_string(n) +
                             (for_good ? " and all after: " : ": ");
    world w;
    const std::string before = w.print();
    fail_allocation(n, for_good);
    const gyre_status got = d.call(w);
    const std::size_t failed = allow_allocations();
    if (got != GYRE_OK) {
      if (failed == 0 || got != GYRE_E_NOMEM) return here + gyre_status_name(got);
      if (w.print() != before) return here + "the state changed";
      if (const gyre_status then = d.call(w); then != GYRE_OK) {
        return here + "then " + gyre_status_name(then);
      }
    }
    const int ticks = w.seen.ticks;
    if (gyre_engine_advance_to(w.engine, 100, nullptr) != GYRE_OK) return here + "no time passes";
    const bool ticking = std::string(d.name).rfind("loops_", 0) == 0 || w.seen.ticks > ticks;
    if (!ticking) return here + "no tick runs then";
    if (failed == 0) return "";
  }
  return std::string(d.name) + ": no end of it";
}

}  // namespace no_memory

TEST_CASE("a call of the C ABI that finds no memory says so and has changed nothing", "[capi]") {
  const bool for_good = GENERATE(false, true);
  for (const auto& deeds : {no_memory::deeds_of_loops(), no_memory::deeds_of_engines(),
                            no_memory::deeds_of_learners()}) {
    for (const no_memory::deed& d : deeds) CHECK(no_memory::trouble(d, for_good) == "");
  }
}

// Every function of the header, by its good call.
TEST_CASE("each allocation of each function of gyre.h fails in turn", "[capi]") {
  for (std::size_t i = 0; i < misuse::function_count; ++i) {
    const misuse::function& f = misuse::functions[i];
    for (std::size_t n = 0;; n += n < 30 ? 1 : 7) {
      const bool for_good = n % 2 == 1;
      INFO(f.name << ", allocation " << n << (for_good ? " and all after" : ""));
      REQUIRE(n < 400);
      misuse::world w(f.of_host() ? GYRE_DRIVER_HOST : GYRE_DRIVER_VIRTUAL);
      const auto a = w.arguments(f);
      const std::string before = w.print();
      fail_allocation(n, for_good);
      const gyre_status got = f.call(a.data());
      const std::size_t failed = allow_allocations();
      if (got == GYRE_E_NOMEM && for_good && f.is("gyre_society_add")) {
        continue;  // it cannot take its loops out again, as its comment says
      } else if (got == GYRE_E_NOMEM) {
        CHECK(failed > 0);
        CHECK((w.print() == before));
        CHECK((w.is_untouched() || f.is("gyre_tick_acquire")));
        CHECK(f.call(a.data()) == misuse::expected(f));
      } else {
        CHECK(got == misuse::expected(f));
      }
      if (failed == 0) break;
    }
  }
}

TEST_CASE("a society for which there is no memory is not there", "[capi]") {
  for (std::size_t n = 0; n < 400; ++n) {
    CAPTURE(n);
    no_memory::world w;
    auto before = kit::zero<gyre_engine_info>(), after = before;
    REQUIRE(gyre_engine_state(w.engine, &before) == GYRE_OK);
    fail_allocation(n, false);
    const gyre_status got = gyre_society_add(w.engine, 1, nullptr);
    if (allow_allocations() == 0) return;
    if (got == GYRE_OK) continue;
    REQUIRE(got == GYRE_E_NOMEM);
    REQUIRE(gyre_engine_state(w.engine, &after) == GYRE_OK);
    REQUIRE(after.loops == before.loops);
    REQUIRE(gyre_society_add(w.engine, 1, nullptr) == GYRE_OK);
    REQUIRE(gyre_engine_advance_to(w.engine, 30'000, nullptr) == GYRE_OK);
  }
  FAIL("no end of it");
}

// Method: fault. Each allocation of each call fails in turn, once or for good. The call then has
// failed and changed nothing, or has succeeded; after it, all goes on as on an engine on which none
// failed.
#include <functional>
#include <gyre/bus/bus.hpp>
#include <string>
#include <vector>

#include "no_memory.hpp"
#include "sanitized.hpp"

#if GYRE_EXCEPTIONS
namespace no_memory {

struct deed {
  const char* name;
  std::function<bool(world&)> call;
};

inline std::vector<deed> deeds_of_loops() {
  return {
      {"add", [](world& w) {
        return !!w.e->add({.name = "another of them", .interval = 10ms, .jitter = 0},
                          [a = 1, b = 2, c = 3](gyre::tick&) { (void)(a + b + c); }); }},
      {"add a plan", [](world& w) {
        return !!w.e->add({.name = "another", .interval = 10ms, .timeout = 77ms, .jitter = 0},
                          [](gyre::tick&) {}); }},
      {"add a group", [](world& w) {
        auto o = world::learning("another", true);
        o.interval = 10ms;
        o.group += " and others";
        return !!w.e->add(std::move(o), [](gyre::tick& t) { t.reward(t.knob("k")); }); }},
      {"add tuned", [](world& w) {
        auto o = world::learning("another", false);
        o.interval = 10ms;
        o.group.clear();
        return !!w.e->add(std::move(o), [](gyre::tick& t) { t.reward(t.knob("k")); }); }},
      {"add to a group", [](world& w) {
        auto o = world::learning("learns", true);
        o.interval = 10ms;
        o.name = "learns too";
        return !!w.e->add(std::move(o), [](gyre::tick& t) { t.reward(t.knob("k")); }); }},
      {"add gates", [](world& w) {
        return !!w.e->add({.name = "another", .interval = 10ms, .gates = {gyre::gates::cpu()}},
                          [](gyre::tick&) {}); }},
      {"add a child", [](world& w) {
        return !!w.e->add({.name = "another", .interval = 10ms, .parent = "plain"},
                          [](gyre::tick&) {}); }},
      {"add external", [](world& w) {
        return !!w.e->add_external({.name = "another", .interval = 10ms, .deferrable = true}); }},
      {"add a taken name", [](world& w) {
        return w.e->add({.name = "plain", .interval = 10ms}, [](gyre::tick&) {}).code() ==
               gyre::code::exists; }},
      {"find", [](world& w) { return !!w.e->find("plain"); }},
      {"find none", [](world& w) { return w.e->find("x").code() == gyre::code::not_found; }},
      {"at", [](world& w) { return !!w.e->at(w.loop("plain").id()); }},
      {"stats", [](world& w) { return !!w.loop("learns").stats(); }},
      {"pause", [](world& w) { return !!w.loop("parent").pause(); }},
      {"resume", [](world& w) { return !!w.loop("paused").resume(); }},
      {"trigger", [](world& w) { return !!w.loop("plain").trigger(); }},
      {"pause a group", [](world& w) { return !!w.e->pause_group("a group of learns"); }},
      {"resume a group", [](world& w) { return !!w.e->resume_group("a group of learns"); }},
      {"pause all", [](world& w) { return !!w.e->pause_loops("*"); }},
      {"resume all", [](world& w) { return !!w.e->resume_loops("*"); }},
      {"stop all", [](world& w) { return !!w.e->stop_loops("*"); }},
      {"throttle all", [](world& w) { return !!w.e->throttle_loops("*", 2); }},
      {"retime", [](world& w) { return !!w.loop("plain").reconfigure({.interval = 15ms}); }},
      {"replan", [](world& w) {
        return !!w.loop("fails").reconfigure({.timeout = 99ms, .jitter = .1, .priority = 9}); }},
      {"retune", [](world& w) {
        return !!w.loop("tunes").reconfigure({.mode = gyre::tuning_mode::frozen}); }},
      {"remove", [](world& w) { return !!w.loop("plain").remove(); }},
      {"remove a learner", [](world& w) { return !!w.loop("learns").remove(); }},
      {"remove a parent", [](world& w) { return !!w.loop("parent").remove(); }},
      {"remove external", [](world& w) { return !!w.loop("external").remove(); }},
      {"remove and wait", [](world& w) { return !!w.loop("fails").remove(1ms); }},
  };
}
inline std::vector<deed> other_deeds() {
  return {
      {"acquire", [](world& w) {
        std::uint32_t ids[4] = {};
        return w.e->acquire(ids) == 0; }},
      {"with a tick", [](world& w) {
        return !!w.e->with_tick(w.tick, [](gyre::tick& t) { t.reward(3); }); }},
      {"complete", [](world& w) { return !!w.e->complete(w.tick, 1ms); }},
      {"subscribe", [](world& w) {
        return !!w.e->subscribe("heard.>", {}, [&w](const gyre::message& m) {
          w.sum += m.sequence; }); }},
      {"subscribe to poll", [](world& w) { return !!w.e->subscribe("kept.*"); }},
      {"unsubscribe", [](world& w) { return !!w.e->unsubscribe(w.heard); }},
      {"unsubscribe and wait", [](world& w) { return !!w.e->unsubscribe(w.kept, 1ms); }},
      {"publish", [](world& w) { return !!w.e->publish("heard.by", long_text); }},
      {"publish much", [](world& w) {
        return !!w.e->publish("kept.a.topic", long_text + long_text); }},
      {"publish for nobody", [](world& w) { return !!w.e->publish("nobody", "x"); }},
      {"publish wrongly", [](world& w) {
        return w.e->publish("", "x").code() == gyre::code::arg; }},
      {"poll a message", [](world& w) {
        gyre::owned_message m;
        return w.e->poll_message(w.kept, m); }},
      {"subscription", [](world& w) { return !!w.e->subscription(w.heard); }},
      {"drain", [](world& w) { return !!w.e->drain(1ms); }},
      {"with the bus", [](world& w) {
        return w.e->with_bus([](gyre::bus& b, gyre::instant) { return b.stats(); }).published != 0;
      }},
      {"remember", [](world& w) {
        gyre::record r;
        r.text = long_text;
        r.tags = {"a tag that is long enough for the heap"};
        return !!w.e->remember(r); }},
      {"recall", [](world& w) { return !w.e->recall({.text = "1"}).empty(); }},
      {"consolidate", [](world& w) { return !!w.e->consolidate(); }},
      {"connect", [](world& w) { return !!w.e->connect("plain", "fails", .5); }},
      {"supply", [](world& w) {
        gyre::reading r;
        r.cpu_percent = 90;
        r.mode = "a mode whose name is a long one";
        w.e->supply(r);
        return true; }},
      {"snapshot", [](world& w) { return w.e->snapshot().loops.size() > 3; }},
      {"table", [](world& w) { return gyre::table(w.e->snapshot()).size() > 10; }},
      {"trace hash", [](world& w) { return w.e->trace_hash().size() == 16; }},
      {"reset metrics", [](world& w) {
        w.e->reset_metrics();
        return true; }},
      {"stop", [](world& w) { return !!w.e->stop() && !!w.e->start(); }},
  };
}
inline std::vector<deed> deeds() {
  std::vector<deed> all = deeds_of_loops();
  for (deed& each : other_deeds()) all.push_back(std::move(each));
  return all;
}

inline std::string difference(const std::string& a, const std::string& b) {
  std::size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  const std::size_t from = i < 60 ? 0 : i - 60;
  return "\n  has:    " + a.substr(from, 140) + "\n  wanted: " + b.substr(from, 140);
}

/// What is wrong; empty: nothing.
inline std::string trouble(const deed& d, const gyre::engine_options& o, bool for_good) {
  std::string wanted[2];  // with the engine's own events, and without
  {
    world w(o);
    if (!d.call(w)) return "does not work at all";
    w.go(60ms);
    for (const bool events : {true, false}) wanted[events ? 0 : 1] = w.print(events);
  }
  for (std::size_t n = 0; n < 400; n += sanitized ? 1 + n / 8 : 1) {
    const std::string here = std::string(d.name) + ", allocation " + std::to_string(n) +
                             (for_good ? " and all after: " : ": ");
    world w(o);
    const std::string before = w.print();
    bool done = false;
    fail_allocation(n, for_good);
    try {
      done = d.call(w);
    } catch (const std::bad_alloc&) {
    }
    const std::size_t failed = allow_allocations();
    if (failed == 0 && !done) return here + "does not work";
    if (!done) {
      const std::string after = w.print();
      if (after != before) return here + "the state changed" + difference(after, before);
      if (!d.call(w)) return here + "does not work then";
    }
    w.go(60ms);
    const bool in_spite = done && failed != 0;  // an event may be left out then, which is counted
    const std::string then = w.print(!in_spite);
    const std::string& same = wanted[in_spite ? 1 : 0];
    if (then != same) return here + "goes on otherwise" + difference(then, same);
    if (failed == 0) return "";
  }
  return std::string(d.name) + ": no end of it";
}

}  // namespace no_memory

#ifndef NOMEM_MAIN
TEST_CASE("a call that finds no memory has failed and changed nothing", "[engine]") {
  for (const no_memory::deed& d : no_memory::deeds()) {
    const bool for_good = GENERATE(false, true);
    CHECK(no_memory::trouble(d, {.driver = gyre::driver::virtual_time}, for_good) == "");
  }
}
#endif
#endif

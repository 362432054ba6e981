// misuse.cpp - every function of gyre.h, called wrongly in every way that its declaration allows.
// Method: fault, over a table that tools/bind writes from the header, so that no function is left
// out. Each call is good but for one thing; it is refused with a status that docs/c.md lists for
// it, and nothing has changed, nor been written but `err` and `needed`.
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <set>

#include "misuse.hpp"

namespace misuse {

using kit::zero;

namespace {

/// Without what stands from each `from` to the `to` after it.
std::string without(std::string text, const char* from, const char* to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;) {
    text.erase(at, text.find_first_of(to, at) - at);
  }
  return text;
}
template <class T>
std::string raw(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

std::string world::print() const {
  std::vector<char> room(std::size_t{1} << 18);
  const auto cap = static_cast<std::uint32_t>(room.size());
  std::string out;
  REQUIRE(gyre_snapshot_json(its_.engine, room.data(), cap, nullptr, nullptr) == GYRE_OK);
  out += without(without(without(room.data(), "\"seq\":", ","), "\"process\":", "}"),
                 "\"rejected\":", ",");
  REQUIRE(gyre_memory_recall(its_.engine, nullptr, room.data(), cap, nullptr, nullptr) == GYRE_OK);
  out += room.data();
  auto bus = zero<gyre_bus_metrics>();
  REQUIRE(gyre_bus_metrics_read(its_.kept, &bus) == GYRE_OK);
  auto rows = zero<gyre_replay_metrics>();
  REQUIRE(gyre_replay_metrics_read(its_.replay, &rows) == GYRE_OK);
  auto mind = zero<gyre_learner_metrics>();
  REQUIRE(gyre_learner_metrics_read(its_.learner, &mind) == GYRE_OK);
  auto tuned = zero<gyre_tuning_metrics>();
  REQUIRE(gyre_tuner_metrics_read(its_.tuner, &tuned) == GYRE_OK);
  tuned.refused = 0;  // which counts what was refused
  auto net = zero<gyre_dqn_metrics>();
  REQUIRE(gyre_dqn_metrics_read(its_.dqn, &net) == GYRE_OK);
  float q[4] = {};
  REQUIRE(gyre_learner_q(its_.learner, q, 4, nullptr) == GYRE_OK);
  return out + raw(bus) + raw(rows) + raw(mind) + raw(tuned) + raw(net) + raw(q);
}

void world::call_inside(const char* from, std::function<void()> f) {
  from_ = from;
  inside_ = std::move(f);
  if (from_ == "a handler") {
    REQUIRE(gyre_bus_publish(its_.engine, "heard", "", 0, nullptr, nullptr) == GYRE_OK);
  }
  if (from_ == "a notifier") {
    REQUIRE(gyre_loop_remove(its_.calls, nullptr) == GYRE_OK);
  } else {
    REQUIRE(move(70) == GYRE_OK);
  }
}
void world::came_to(const char* from) {
  if (from_ == from && inside_) std::exchange(inside_, nullptr)();
}
void world::tick(void* user, gyre_tick, gyre_status* status) {
  auto& w = *static_cast<world*>(user);
  w.came_to("a tick");
  if (w.from_ == "a notifier in a tick") (void)gyre_loop_remove(w.its_.calls, nullptr);
  *status = GYRE_OK;
}
void world::heard(void* user, const gyre_message*, gyre_status* status) {
  static_cast<world*>(user)->came_to("a handler");
  *status = GYRE_OK;
}
void world::ended(void* user) {
  auto& w = *static_cast<world*>(user);
  w.came_to("a notifier");
  w.came_to("a notifier in a tick");
}

namespace {

const double not_a_number = std::numeric_limits<double>::quiet_NaN();
const std::string too_long(300'000, 'x');  // over every limit, a record's too

/// Calls f on a world, again on a new one where a call that worked has changed it.
class tester {
 public:
  explicit tester(const function& f) : f_(f) {}
  world& at() { return *world_; }
  /// Good ones, on a world that nothing has changed. They last until the next time.
  std::vector<slot> arguments() {
    if (!world_) {
      world_ = std::make_unique<world>(f_.of_host() ? GYRE_DRIVER_HOST : GYRE_DRIVER_VIRTUAL);
      before_ = world_->print();
    }
    worked_.reset();
    return world_->arguments(f_);
  }

  /// @param wanted the one status that is right; 1: any error; 2: any that is listed, or GYRE_OK
  void call(const std::vector<slot>& a, const std::string& how, int wanted) {
    INFO(f_.name << ": " << how);
    const gyre_status got = f_.call(a.data());
    INFO(gyre_status_name(got));
    CHECK(lists(f_, got));
    if (wanted == 1) {
      CHECK(got != GYRE_OK);
    } else if (wanted != 2) {
      CHECK(got == wanted);
    }
    if (got == GYRE_OK) {
      worked_ = std::move(world_);  // the arguments are still its own
      return;
    }
    // A setting that is no value of the knob has the tick teach nothing, as its comment says.
    CHECK((world_->print() == before_ || f_.is("gyre_tick_used")));
    CHECK((world_->is_untouched() || f_.is("gyre_decompress")));
  }

 private:
  const function& f_;
  std::unique_ptr<world> world_, worked_;
  std::string before_;
};

void each_function(const std::function<void(const function&, tester&)>& body) {
  REQUIRE(function_count > 80);
#if defined(__SANITIZE_THREAD__)
  constexpr std::size_t step = 5;  // one thread has nothing to race with
#else
  constexpr std::size_t step = 1;
#endif
  for (std::size_t i = 0; i < function_count; i += step) {
    tester t(functions[i]);
    body(functions[i], t);
  }
}

/// Spoils a struct in each way, calls `call(how, wanted)`, mends it; then those it points to.
/// @param good what the call says before
void spoil(const record& r, char* at, gyre_status good,
           const std::function<void(const std::string&, int)>& call) {
  const std::string name = std::string(r.name) + ".";
  const auto with = [&](const part& field, auto value, const std::string& how, int wanted) {
    decltype(value) before;
    std::memcpy(&before, at + field.at, sizeof before);
    std::memcpy(at + field.at, &value, sizeof value);
    call(name + field.name + " " + how, wanted);
    std::memcpy(at + field.at, &before, sizeof before);
  };
  const auto size = static_cast<std::uint32_t>(r.size);
  for (const std::uint32_t wrong : {0u, 4u, size + 1, 1u << 20}) {
    with(r.parts[0], wrong, "is " + std::to_string(wrong), GYRE_E_ARG);
  }
  at[size + 7] = 1;
  with(r.parts[0], size + 8, "has an unknown tail", GYRE_E_UNSUPPORTED);
  at[size + 7] = 0;
  with(r.parts[0], size + 8, "has a tail of zeros", good);
  for (std::size_t i = 1; i < r.count; ++i) {
    const part& field = r.parts[i];
    if (std::strncmp(field.name, "reserved", 8) == 0) with(field, 1u, "is 1", GYRE_E_ARG);
    if (field.kind == kind::number) with(field, 9999, "is 9999", 2);
    const bool length = std::strcmp(field.name, "rows") == 0;  // of the caller's own arrays
    if (field.kind == kind::word && !length) with(field, ~0u, "is 2^32-1", 2);
    if (field.kind == kind::real) {
      with(field, not_a_number, "is NaN", 1);
      with(field, std::numeric_limits<double>::infinity(), "is infinite", 2);
      with(field, -1e300, "is -1e300", 2);
    }
    if (field.kind == kind::text) {
      with(field, too_long.c_str(), "is 300,000 bytes", 2);
      const bool folder = std::strcmp(field.name, "store") == 0;  // which it would make
      if (!folder) with(field, "\xff", "is not UTF-8", 2);
    }
    if (field.kind != kind::in) continue;
    char* inner = nullptr;
    std::memcpy(&inner, at + field.at, sizeof inner);
    if (inner != nullptr) spoil(records[field.of], inner, good, call);
  }
}

/// Texts that may be of any length or bytes: GYRE_OK, as their comments say.
bool is_free_text(const function& f) { return f.is("gyre_tick_fail"); }

}  // namespace

TEST_CASE("each call of the table is good before it is spoilt", "[capi]") {
  each_function([](const function& f, tester& t) { t.call(t.arguments(), "good", expected(f)); });
}

TEST_CASE("NULL is refused where a comment does not allow it", "[capi]") {
  each_function([](const function& f, tester& t) {
    for (std::size_t i = 0; i < f.count; ++i) {
      if (f.parts[i].kind < kind::text || f.parts[i].kind == kind::other) continue;
      auto a = t.arguments();
      a[i] = {};
      const int wanted = expected(f) == GYRE_OK ? GYRE_E_ARG : 1;
      t.call(a, std::string(f.parts[i].name) + " is NULL", f.parts[i].may_be_null ? 2 : wanted);
    }
  });
}

TEST_CASE("ids that are 0, dead or of each other kind are refused by every function", "[capi]") {
  const char* const kinds[] = {"gyre_engine", "gyre_loop",    "gyre_tick", "gyre_subscription",
                               "gyre_replay", "gyre_learner", "gyre_tuner", "gyre_dqn",
                               "gyre_tiles"};
  each_function([&](const function& f, tester& t) {
    for (std::size_t i = 0; i < f.count; ++i) {
      const part& p = f.parts[i];
      if (p.kind != kind::id) continue;
      const bool any = std::strcmp(p.type, "uint32_t") == 0;  // an engine or a subscription
      for (const char* kind : kinds) {
        auto a = t.arguments();
        if (any ? std::strcmp(kind, kinds[0]) == 0 || std::strcmp(kind, kinds[3]) == 0
                : std::strcmp(kind, p.type) == 0) {
          a[i] = of(t.at().dead(kind));
          t.call(a, std::string("a dead ") + kind, GYRE_E_STALE);
        } else {
          a[i] = of(t.at().id(kind));
          t.call(a, std::string("it is a ") + kind, GYRE_E_KIND);
        }
      }
      for (const std::uint32_t none : {0u, ~0u}) {
        auto a = t.arguments();
        a[i] = of(none);
        t.call(a, "the id " + std::to_string(none), GYRE_E_STALE);
      }
    }
  });
}

TEST_CASE("numbers and texts that cannot be are refused by every function", "[capi]") {
  each_function([](const function& f, tester& t) {
    for (std::size_t i = 0; i < f.count; ++i) {
      const part& p = f.parts[i];
      const auto with = [&](slot value, const char* how, int wanted) {
        auto a = t.arguments();
        a[i] = value;
        t.call(a, std::string(p.name) + how, wanted);
      };
      if (p.kind == kind::real) {
        with(of(not_a_number), " is NaN", GYRE_E_ARG);
        with(of(std::numeric_limits<double>::infinity()), " is infinite", 2);
        with(of(-1e300), " is -1e300", 2);
      }
      if (p.kind == kind::number) with(of(9999), " is 9999", 1);
      if (p.kind != kind::text) continue;
      const int wanted = is_free_text(f) ? 2 : 1;
      with(of(too_long.c_str()), " is 300,000 bytes", wanted);
      with(of("\xff"), " is not UTF-8", wanted);
      with(of("a\x01"), " has a control character", wanted);
    }
  });
}

TEST_CASE("structs that are too small, unknown or spoilt are refused by every function", "[capi]") {
  each_function([](const function& f, tester& t) {
    for (std::size_t i = 0; i < f.count; ++i) {
      const part& p = f.parts[i];
      if (p.kind == kind::in) {
        // One way at a time, since the world may be another after each call.
        std::size_t ways = 0, way = 0;
        do {
          auto a = t.arguments();
          ways = 0;
          bool done = false;
          const auto once = [&](const std::string& how, int wanted) {
            if (ways++ != way || done) return;
            done = true;
            t.call(a, how, wanted);
          };
          spoil(records[p.of], a[i].as<char*>(), expected(f), once);
        } while (++way < ways);
      }
      if (p.kind != kind::out) continue;
      const auto size = static_cast<std::uint32_t>(records[p.of].size);
      for (const std::uint32_t wrong : {0u, 4u, size + 1, 1u << 20}) {
        auto a = t.arguments();
        std::memcpy(a[i].as<char*>(), &wrong, sizeof wrong);
        INFO(wrong);
        const std::string before = t.at().print();
        CHECK(f.call(a.data()) == GYRE_E_ARG);
        CHECK((t.at().print() == before));
      }
    }
  });
}

TEST_CASE("in a callback what waits for callbacks is REENTRANT, and nothing else is", "[capi]") {
  for (std::size_t i = 0; i < function_count; ++i) {
    const function& f = functions[i];
    for (const char* from : world::callbacks) {
      INFO(f.name << " in " << from);
      world w(f.of_host() ? GYRE_DRIVER_HOST : GYRE_DRIVER_VIRTUAL);
      gyre_status got = GYRE_E_INTERNAL;
      bool changed = true;
      w.call_inside(from, [&] {
        const auto a = w.arguments(f);
        const std::string before = w.print();
        got = f.call(a.data());
        changed = got != GYRE_E_REENTRANT || w.print() != before || !w.is_untouched();
      });
      INFO(gyre_status_name(got));
      CHECK(lists(f, got));
      const bool refused = !f.in_callbacks && std::strcmp(from, "a notifier") != 0;
      CHECK((got == GYRE_E_REENTRANT) == refused);
      CHECK(changed != refused);
    }
  }
}

}  // namespace misuse

// families.hpp - what is done to a loop and to all below it, or to all that match a pattern.
// Room: engine. Threads: under the registry's mutex, without a lease; act_on() under the loop's.
#pragma once

#include <cstdint>
#include <string_view>

#include <gyre/core/glob.hpp>
#include <gyre/engine/describe.hpp>
#include <gyre/engine/home.hpp>
#include <gyre/engine/loop_tree.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// What is done to loops.
struct deed {
  enum verb : std::uint8_t { pause, resume, stop, throttle };
  verb what;
  double factor = 1;  ///< of a throttle
};

/// What is below a loop is paused, stopped and removed before it, and resumed after it; a throttle
/// is the loop's alone. Held by the registry.
class families {
 public:
  explicit families(environment& env) : env_(env) {}
  families(const families&) = delete;
  families& operator=(const families&) = delete;

  void add(object_id parent, object_id child) { tree_.add(parent, child); }
  void make_room() { tree_.make_room(); }  ///< for one add(), which needs no memory then
  void remove(object_id id) noexcept { tree_.remove(id); }
  /// Loops that act() has reached bottom-up from now on count as done.
  void begin() noexcept { tree_.begin(); }
  /// Calls f(id) for all below `top`, children first, then for `top`; f may remove them.
  template <class F>
  void bottom_up(object_id top, F&& f) {
    tree_.begin();
    tree_.bottom_up(top, f);
  }
  /// In order of add. The mutex keeps what it reads and returns: see loop_table.
  result<vec<const loop_record*>> select(std::string_view wanted, bool group) {
    if (!group && (wanted.empty() || wanted.size() > 255)) {
      return fail(code::arg, "a pattern is 1 to 255 bytes, not ", wanted.size());
    }
    vec<const loop_record*> chosen;
    env_.table.each_named([&](const loop_record& l) {
      const bool is = group ? !wanted.empty() && l.plan->group == wanted
                            : glob_matches(wanted, env_.table.name(l));
      if (is) chosen.push_back(&l);
    });
    if (chosen.empty()) {
      return fail(code::not_found, group ? "no loop is in a group named \"" : "no loop matches \"",
                  wanted, "\"");
    }
    sort_by_order(env_, chosen);
    return chosen;
  }
  /// What act() with that throttle needs memory for; nothing is seen of it.
  void make_room(object_id id, const deed& d) {
    (void)with_loop(env_, id, [&](shard& s, loop_record& l) {
      if (d.factor != 1) (void)s.loops.extra(l);
      return result<void>(ok);
    });
  }
  /// STALE
  result<void> act(object_id top, const deed& d) {
    result<void> done = ok;
    const auto each = [&](object_id id) {
      bool below = false;
      const auto found = with_loop(env_, id, [&](shard& s, loop_record& l) {
        below = act_on(s, l, d, id == top ? by_itself : from_above);
        return result<void>(ok);
      });
      if (!found) done = found;
      return below;
    };
    if (d.what == deed::throttle || d.what == deed::resume) {
      tree_.top_down(top, each);
    } else {
      tree_.bottom_up(top, each);
    }
    return done;
  }
  /// @return whether what is below the loop is to be resumed
  bool act_on(shard& s, loop_record& l, const deed& d, std::uint8_t why) {
    if (d.what == deed::resume) return s.due.resume(l, why, env_.clock.now());
    if (d.what == deed::throttle) {
      slow_down(s, l, d.factor);
      return false;
    }
    s.due.pause(l, why);
    if (d.what == deed::stop) l.told = true;
    return false;
  }

 private:
  void slow_down(shard& s, loop_record& l, double factor) {
    if (l.extra == nullptr && factor == 1) return;
    loop_extra& extra = s.loops.extra(l);
    extra.configured = configured(l);
    extra.asked = factor;
    const duration before = l.times.interval();
    s.due.retime(l, extra.configured, env_.clock.now());
    if (l.times.interval() == before) return;
    s.tell("gyre.interval", l.id, env_.table.name(l), ": ", to_ms(l.times.interval()),
           " ms, throttled x", factor);
  }

  environment& env_;
  loop_tree tree_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre

// lineup.hpp - whose handler is called next: subscribers that are ready, wait for a retry, or must.
// Room: bus. Threads: one owner at a time. Held by queues.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <gyre/bus/subscription.hpp>
#include <gyre/core/vec.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Subscribers with a handler and messages, each in one of three lists by its turn.where: *ready*
/// (higher priority first, then as published, then as subscribed), *waiting* (for the time of a
/// retry), and *later* (held back until the pump() that runs now is over).
class lineup {
 public:
  /// Makes room for `n` in each list, so that nothing below allocates.
  void reserve(std::size_t n) {
    for (auto* list : {&ready_, &waiting_, &later_}) {
      if (list->capacity() < n) list->reserve(std::max(n, 2 * list->capacity()));
    }
  }
  /// Puts an idle subscriber with messages and a handler where it belongs at `now`; else nothing.
  void add(subscriber& s, instant now) noexcept {
    if (s.turn.where != place::idle || s.queue.empty() || !s.handler) return;
    if (s.turn.not_before <= now) {
      make_ready(s);
      return;
    }
    s.turn.where = place::waiting;
    waiting_.push_back(&s);
    std::push_heap(waiting_.begin(), waiting_.end(), wakes_later{});
  }
  void make_ready(subscriber& s) noexcept {
    s.turn.where = place::ready;
    s.turn.key = s.queue.empty() ? 0 : s.queue[0].place;
    ready_.push_back(&s);
    std::push_heap(ready_.begin(), ready_.end(), runs_later{});
  }
  /// Those whose time for a retry has come are ready.
  void wake(instant now) noexcept {
    while (!waiting_.empty() && waiting_.front()->turn.not_before <= now) {
      make_ready(*pop(waiting_, wakes_later{}));
    }
  }
  bool any_ready() const noexcept { return !ready_.empty(); }
  /// Takes out who is next, idle then. @pre any_ready()
  subscriber& next() noexcept {
    subscriber* s = pop(ready_, runs_later{});
    s->turn.where = place::idle;
    return *s;
  }
  /// An idle one that is not to be served before release().
  void hold(subscriber& s) noexcept {
    s.turn.where = place::later;
    later_.push_back(&s);
  }
  void release() noexcept {
    while (!later_.empty()) {
      subscriber* s = later_.back();
      later_.pop_back();
      make_ready(*s);
    }
  }
  /// It ends. O(subscribers)
  void remove(subscriber& s) noexcept {
    take_out(ready_, &s, runs_later{});
    take_out(waiting_, &s, wakes_later{});
    erase_if(later_, [&](const subscriber* each) { return each == &s; });
  }
  /// When somebody is to be served: `now` when at once, `never` when nobody waits.
  instant next_due(instant now) const noexcept {
    if (!ready_.empty() || !later_.empty()) return now;
    return waiting_.empty() ? never : waiting_.front()->turn.not_before;
  }

 private:
  using heap = vec<subscriber*>;

  struct runs_later {
    bool operator()(const subscriber* a, const subscriber* b) const noexcept {
      if (a->options.priority != b->options.priority) {
        return a->options.priority < b->options.priority;
      }
      return a->turn.key != b->turn.key ? a->turn.key > b->turn.key : a->turn.order > b->turn.order;
    }
  };
  struct wakes_later {
    bool operator()(const subscriber* a, const subscriber* b) const noexcept {
      if (a->turn.not_before != b->turn.not_before) {
        return a->turn.not_before > b->turn.not_before;
      }
      return a->turn.order > b->turn.order;
    }
  };
  template <class Later>
  static subscriber* pop(heap& h, Later later) noexcept {
    std::pop_heap(h.begin(), h.end(), later);
    subscriber* s = h.back();
    h.pop_back();
    return s;
  }
  template <class Later>
  static void take_out(heap& h, subscriber* s, Later later) noexcept {
    const std::size_t before = h.size();
    erase_if(h, [&](const subscriber* each) { return each == s; });
    if (h.size() != before) std::make_heap(h.begin(), h.end(), later);
  }

  heap ready_, waiting_, later_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre

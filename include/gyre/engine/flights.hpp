// flights.hpp - the ticks of a shard that end elsewhere: external, pending and handed off.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include <gyre/engine/environment.hpp>
#include <gyre/run/scheduler.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Each has a place and a deadline. External and pending ticks are kept here; a tick that was
/// handed off lies on the stack of its thread. At most 2^20. Held by the shard.
class flights {
 public:
  struct flight {
    run_state* run = nullptr;            ///< null: the place is free
    std::shared_ptr<external_run> kept;  ///< null: handed off
  };

  explicit flights(environment& env) : env_(env) {}
  flights(const flights&) = delete;
  flights& operator=(const flights&) = delete;

  /// No place is left but for the tick that runs now: no further one may start.
  bool full() const noexcept { return full_; }
  /// Makes room for one more, so that taking it off, parking and landing it need no memory. Throws
  /// std::bad_alloc, with nothing changed.
  void make_room() {
    parked_.make_room(1);
    if (!free_.empty()) return;
    free_.make_room(all_.size() + 1);
    deadlines_.reserve(all_.size() + 1);
    all_.emplace_back();
    free_.push_back(static_cast<std::uint32_t>(all_.size() - 1));
  }
  /// @param kept null for one that is handed off @pre there is room
  void take_off(run_state& run, std::shared_ptr<external_run> kept) noexcept {
    run.place = free_.back();
    free_.pop_back();
    all_[run.place] = {&run, std::move(kept)};
    full_ = free_.empty() && all_.size() == timer_entry::most_slots;
  }
  void end_at(const run_state& run, instant deadline) {
    deadlines_.push({deadline, 0, run.order, run.place});
  }
  /// It has ended. What kept an external or pending one goes, unless the caller does too.
  void land(run_state& run) {
    run.over.store(true, std::memory_order_release);
    const std::shared_ptr<external_run> kept = take_down(run.place);
    if (kept != nullptr && kept->id != 0) env_.desk.erase(kept->id);
  }
  /// It is no flight any more. @return what kept it
  std::shared_ptr<external_run> take_down(std::uint32_t place) noexcept {
    (void)deadlines_.cancel(place);
    flight& f = all_[place];
    if (std::exchange(f.run, nullptr)->pending) --env_.pending;
    free_.push_back(place);
    full_ = false;
    return std::move(f.kept);
  }
  /// It ends without a result, and nobody is inside of the loop's function for it.
  void give_up(run_state& run) {
    loop_record& loop = *run.loop;
    land(run);  // `run` may be gone
    loop.running = --loop.inside != 0;
  }

  instant next_deadline() const noexcept { return deadlines_.next_due(); }
  /// Null: there is none. Of equal deadlines that of the loop that was added first.
  const due_entry* first_deadline() const noexcept { return deadlines_.peek(); }
  /// The next whose deadline has passed; it has none any more. False: there is none.
  bool overdue(instant now, flight& which, instant& deadline) {
    due_entry entry;
    if (!deadlines_.pop_due(now, entry)) return false;
    which = all_[entry.slot];
    deadline = entry.due;
    return true;
  }
  /// The machine was suspended for so long: that was nobody's time.
  void after_gap(duration asleep) {
    each_deadline([&](due_entry& e) { e.due = add_saturated(e.due, asleep); });
  }
  /// The process was stopped. @param less how much of the time since an instant that was
  template <class F>
  void after_stop(F&& less) {
    each_deadline([&](due_entry& e) {
      run_state& run = *all_[e.slot].run;
      const duration stopped = less(run.started);
      run.stopped_ns.fetch_add(stopped.count(), std::memory_order_relaxed);
      e.due = add_saturated(e.due, stopped);
    });
  }
  /// Calls f(flight&) for each; f may end it.
  template <class F>
  void each(F&& f) {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (all_[i].run != nullptr) f(all_[i]);
    }
  }
  bool has_handed_off() const noexcept {
    for (const flight& f : all_) {
      if (f.run != nullptr && f.kept == nullptr) return true;
    }
    return false;
  }
  /// Tells all of a loop to give up, and ends those that have no thread.
  void cancel(const loop_record& loop) {
    each([&](const flight& f) {
      if (f.run->loop != &loop) return;
      f.run->cancel = true;
      if (f.kept != nullptr) give_up(*f.run);
    });
  }
  /// Of the loops that are told to: all give up; external ticks that nobody has acquired end.
  void cancel_told() {
    each([&](const flight& f) {
      if (!f.run->loop->told) return;
      f.run->cancel = true;
      if (f.run->external && !f.kept->acquired) give_up(*f.run);
    });
  }
  /// The engine stops: all give up, and end where they have no thread, not counted.
  void cancel_all() {
    each([&](const flight& f) {
      f.run->cancel = true;
      if (f.kept != nullptr) give_up(*f.run);
    });
  }

  // ---- pending ticks of driver::host ----

  /// It has said pending() and goes on at the next poll. @pre there is room
  void park(run_state& run, std::shared_ptr<external_run> kept) noexcept {
    run.parked = polls_;
    ++env_.pending;
    take_off(run, std::move(kept));
    parked_.push_back(run.place);
  }
  /// A poll begins: those that are parked are to be called again, once each.
  void begin_poll() {
    ++polls_;
    parked_.erase(parked_.begin(), parked_.begin() + static_cast<std::ptrdiff_t>(resumed_));
    resumed_ = 0;
    resuming_ = parked_.size();
  }
  /// Takes the next of them down; null: there is none.
  std::shared_ptr<external_run> next_parked() {
    while (resumed_ < resuming_) {
      const std::uint32_t place = parked_[resumed_++];
      const run_state* const waits = all_[place].run;  // or what has the place since
      if (waits != nullptr && waits->pending && waits->parked != polls_) return take_down(place);
    }
    return nullptr;
  }

 private:
  /// Calls f(due_entry&), which may move it, for each that has a deadline. Needs no memory.
  template <class F>
  void each_deadline(F&& f) {
    for (std::uint32_t place = 0; place < all_.size(); ++place) {
      const due_entry* const open = deadlines_.find(place);
      if (open == nullptr) continue;
      due_entry moved = *open;
      f(moved);
      deadlines_.push(moved);
    }
  }

  environment& env_;
  vec<flight> all_;
  vec<std::uint32_t> free_;
  bool full_ = false;
  scheduler deadlines_;                     // by place
  vec<std::uint32_t> parked_;       // places of pending ticks, or of what had been one
  std::size_t resumed_ = 0, resuming_ = 0;  // so many of them this poll has called, and is to call
  std::uint32_t polls_ = 0;                 // those in which something was pending
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre

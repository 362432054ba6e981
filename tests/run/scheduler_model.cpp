// Method: model. A sorted std::set is fed alike, over 10 million events in all, and all that is
// visible compared after each call.
#include <gyre/core/rng.hpp>
#include <gyre/run/scheduler.hpp>

#include <algorithm>
#include <set>
#include <vector>

#include "catch.hpp"
#include "timers.hpp"

using namespace timers;

namespace {

struct population {
  std::uint32_t slots;
  std::int64_t shortest, longest;  // period
  bool grid;                       // due times are multiples of the period: many are equal
  std::uint32_t events;
};

/// The scheduler and its model, fed alike with random calls.
class pair_of {
 public:
  pair_of(const population& p, std::uint64_t seed) : p_(p), random_(seed, p.slots, 0) {
    held_.resize(p.slots);
    has_.resize(p.slots);
    for (std::uint32_t slot = 0; slot < p.slots; ++slot) {
      periods_.push_back(spread_over(random_, p.shortest, p.longest));
      push(slot, instant(static_cast<std::int64_t>(random_.unit() *
                                                   static_cast<double>(periods_[slot]))));
    }
  }
  /// One random call, or a few. False: the two differ.
  bool step() {
    const std::uint32_t slot = random_.below(p_.slots);
    const std::uint32_t kind = random_.below(100);
    bool ok = true;
    if (kind == 99 && random_.below(8) == 0) jump();
    if (kind < 4) {
      ok = cancel(slot);
    } else if (kind < 6) {
      push(slot, next(slot, now_));
    } else if (kind < 7) {  // reconfigured: another period, and due by that
      periods_[slot] = spread_over(random_, p_.shortest, p_.longest);
      push(slot, next(slot, now_));
      ++reconfigured_;
    } else if (kind < 8) {  // overdue, also long before the beginning
      push(slot, now_ - instant(spread_over(random_, 1, 2 * day)));
    } else if (kind < 9) {
      push(slot, random_.below(50) == 0 ? gyre::never : now_);
    } else {
      ok = pop();
    }
    return ok && agree();
  }
  std::uint32_t events() const { return events_; }
  std::uint32_t pops() const { return pops_; }
  std::uint32_t reconfigured() const { return reconfigured_; }
  std::uint32_t jumps() const { return jumps_; }  ///< of the clock, whatever is due
  void drain() { now_ = gyre::never; }
  /// The clock goes back, or there is another: everything from now on lies in the past.
  void restart() { now_ = instant{0}; }
  bool done() const { return model_.empty(); }
  bool pop_all() {
    while (!model_.empty()) {
      if (!take() || !agree()) return false;
    }
    return true;
  }

 private:
  static constexpr std::int64_t windows[] = {ms, 2 * second, 2000 * second, 30 * day, year};

  /// The clock goes forth or back, over any number of due times.
  void jump() {
    const instant by(spread_over(random_, 1, windows[random_.below(5)]));
    now_ = random_.below(2) == 0 ? std::max(instant{0}, now_ - by) : gyre::add_saturated(now_, by);
    if (now_ > gyre::never - instant(year)) restart();
    ++jumps_;
  }
  instant next(std::uint32_t slot, instant from) {
    const std::int64_t period = periods_[slot];
    const instant due = gyre::add_saturated(from, instant(period));
    return p_.grid && due != gyre::never ? instant(due.count() - due.count() % period) : due;
  }
  void push(std::uint32_t slot, instant due) {
    const due_entry entry{due, static_cast<int>(random_.below(3)) - 1, order(slot), slot};
    ++events_;
    if (has_[slot]) model_.erase(held_[slot]);
    model_.insert(entry);
    held_[slot] = entry;
    has_[slot] = true;
    scheduler_.push(entry);
  }
  static std::uint32_t order(std::uint32_t slot) { return (slot * 7919 + 13) % 1'000'003; }
  bool cancel(std::uint32_t slot) {
    ++events_;
    if (scheduler_.cancel(slot) != has_[slot]) return false;
    if (has_[slot]) model_.erase(held_[slot]);
    has_[slot] = false;
    return true;
  }
  /// Takes out the first if it is due; else time passes: to the next due time, or by a bit, or by
  /// what crosses a window of each level of the wheel.
  bool pop() {
    if (model_.empty() || model_.begin()->due > now_) {
      due_entry out;
      if (scheduler_.pop_due(now_, out)) return false;
      const std::uint32_t how = random_.below(64);
      if (how < 5) {
        const instant step(spread_over(random_, 1, windows[how == 4 ? random_.below(5) : how / 2]));
        now_ = gyre::add_saturated(now_, step);
      } else if (!model_.empty()) {
        now_ = std::max(now_, model_.begin()->due);
      }
      if (now_ > gyre::never - instant(year)) restart();
      return true;
    }
    const std::uint32_t slot = model_.begin()->slot;
    const instant due = model_.begin()->due;
    if (!take()) return false;
    push(slot, next(slot, random_.below(4) == 0 ? now_ : due));
    return true;
  }
  bool take() {
    ++events_;
    ++pops_;
    due_entry out;
    if (random_.below(16) == 0) {
      out = scheduler_.pop();
    } else if (!scheduler_.pop_due(std::max(now_, model_.begin()->due), out)) {
      return false;
    }
    if (!same(out, *model_.begin())) return false;
    has_[out.slot] = false;
    model_.erase(model_.begin());
    return true;
  }
  bool agree() {
    if (scheduler_.size() != model_.size() || scheduler_.empty() != model_.empty()) return false;
    if (random_.below(4) == 0) return true;  // first() is also to work when it was not asked for
    if (model_.empty()) return scheduler_.peek() == nullptr && scheduler_.next_due() == gyre::never;
    if (!same(*scheduler_.peek(), *model_.begin())) return false;
    if (scheduler_.next_due() != model_.begin()->due) return false;
    const std::uint32_t slot = random_.below(p_.slots);
    const due_entry* found = random_.below(64) == 0 ? scheduler_.find(slot) : nullptr;
    return found == nullptr || (has_[slot] && same(*found, held_[slot]));
  }

  population p_;
  gyre::rng random_;
  gyre::scheduler scheduler_;
  std::set<due_entry, in_order> model_;
  std::vector<due_entry> held_;  // by slot, if has_
  std::vector<bool> has_;
  std::vector<std::int64_t> periods_;
  instant now_{0};
  std::uint32_t events_ = 0;
  std::uint32_t pops_ = 0, reconfigured_ = 0, jumps_ = 0;
};

}  // namespace

TEST_CASE("scheduler equals a sorted set, at all scales of time", "[run]") {
  const population p = GENERATE(
      population{3, 1, 10 * year, false, 300'000}, population{100, 1, 10 * year, false, 1'000'000},
      population{140, ms, second, true, 1'500'000}, population{200, 1, 10 * year, false, 1'500'000},
      population{2000, 1, 10 * year, true, 1'500'000},
      population{2000, 20 * ms, 30 * second, true, 1'500'000},
      population{5000, second, 3000 * second, false, 1'500'000},
      population{20'000, day, 10 * year, false, 600'000},
      population{20'000, 100 * ms, 2 * second, false, 1'500'000});
  pair_of both(p, 7);
  CAPTURE(p.slots, p.shortest, p.longest, p.grid);
  while (both.events() < p.events / scale_down) {
    if (!both.step()) {
      CAPTURE(both.events());
      REQUIRE(false);
    }
  }
  REQUIRE(both.pops() > (both.events() - p.slots) / 4);
  REQUIRE(both.reconfigured() > (both.events() - p.slots) / 200);
  REQUIRE(both.jumps() > (both.events() - p.slots) / 2500);
  both.drain();
  REQUIRE(both.pop_all());
  both.restart();
  for (std::uint32_t i = 0; i < 10'000 / scale_down; ++i) REQUIRE(both.step());
}

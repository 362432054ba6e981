// Method: model. A sorted std::set is fed alike, over 10 million events in all, and all that is
// visible compared after each call; then what a step may cost is counted: entries moved,
// allocations, chunks.
#include <algorithm>
#include <cmath>
#include <gyre/core/rng.hpp>
#include <gyre/run/scheduler.hpp>
#include <set>
#include <vector>

#include "allocations.hpp"
#include "catch.hpp"

using gyre::due_entry;
using gyre::instant;

namespace {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint32_t scale_down = 5;  // these builds are to end within a minute
#else
constexpr std::uint32_t scale_down = 1;
#endif
constexpr std::int64_t ms = 1'000'000, second = 1000 * ms, day = 86'400 * second, year = 365 * day;

bool same(const due_entry& a, const due_entry& b) {
  return a.due == b.due && a.priority == b.priority && a.order == b.order && a.slot == b.slot;
}

struct in_order {
  bool operator()(const due_entry& a, const due_entry& b) const { return gyre::runs_before(a, b); }
};

/// Between `least` and `most`, each order of magnitude as likely as the next.
std::int64_t spread_over(gyre::rng& random, std::int64_t least, std::int64_t most) {
  const double low = std::log(static_cast<double>(least));
  const double high = std::log(static_cast<double>(most));
  return static_cast<std::int64_t>(std::exp(low + (high - low) * random.unit()));
}

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

/// N loops, each with a period within 10 % of one, at random phases: ticks on the virtual clock.
struct timer_mill {
  timer_mill(std::uint32_t n, std::int64_t period) : random(3, n, 0) {
    scheduler.reserve(n);
    for (std::uint32_t slot = 0; slot < n; ++slot) {
      const auto p = static_cast<double>(period);
      periods.push_back(static_cast<std::int64_t>(p * (0.9 + 0.2 * random.unit())));
      const auto due = static_cast<std::int64_t>(p * random.unit());
      scheduler.push({instant(due), 0, slot, slot});
    }
  }
  void tick() {
    now = scheduler.next_due();
    (void)scheduler.pop_due(now, entry);
    entry.due += instant(periods[entry.slot]);
    scheduler.push(entry);
  }
  gyre::rng random;
  gyre::scheduler scheduler;
  std::vector<std::int64_t> periods;
  due_entry entry;
  instant now{0};
};
}  // namespace

TEST_CASE("a timer's entry keeps the greatest and the least of what it is given", "[run]") {
  using gyre::timer_entry;
  for (const gyre::instant due : {gyre::instant::min(), gyre::instant(-1), gyre::instant(0),
                                  gyre::instant(0xffffffff), gyre::instant(1LL << 32),
                                  gyre::never}) {
    for (const int priority : {timer_entry::lowest, -1, 0, timer_entry::highest}) {
      for (const std::uint32_t slot : {0U, timer_entry::most_slots - 1}) {
        const timer_entry e(due, priority, slot);
        REQUIRE(e.due() == due);
        REQUIRE(e.priority() == priority);
        REQUIRE(e.slot() == slot);
      }
    }
  }
}

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

TEST_CASE("scheduler orders by due, priority, order of add, however entries came in", "[run]") {
  std::vector<due_entry> entries = {{instant(1), 0, 4, 4},
                                    {instant(1), 5, 3, 3},
                                    {instant(1), 5, 7, 0},
                                    {instant(0), -9, 9, 9},
                                    {instant(2), 99, 0, 1}};
  const std::vector<std::uint32_t> expected = {9, 3, 0, 4, 1};
  std::sort(entries.begin(), entries.end(),
            [](const due_entry& a, const due_entry& b) { return a.slot < b.slot; });
  do {
    gyre::scheduler scheduler(16);
    for (const due_entry& entry : entries) scheduler.push(entry);
    std::vector<std::uint32_t> slots;
    while (!scheduler.empty()) slots.push_back(scheduler.pop().slot);
    REQUIRE(slots == expected);
  } while (std::next_permutation(
      entries.begin(), entries.end(),
      [](const due_entry& a, const due_entry& b) { return a.slot < b.slot; }));
}

// One tick of the wheel with more entries than it sorts by insertion, in each order they can come
// in; every third is cancelled or put elsewhere while the tick is open.
TEST_CASE("a full tick opens in order, and takes cancels while it is open", "[run]") {
  const int arrangement = GENERATE(0, 1, 2, 3);
  CAPTURE(arrangement);
  constexpr std::uint32_t n = 4000;
  gyre::rng random(9, 0, 0);
  gyre::scheduler scheduler(n + 200);
  for (std::uint32_t slot = n; slot < n + 200; ++slot) {
    scheduler.push({instant(100 * second), 0, slot, slot});  // so that the wheel is used
  }
  std::set<due_entry, in_order> model;
  std::vector<due_entry> all;
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::uint32_t slot = arrangement == 1 ? n - 1 - i : i;
    const std::int64_t within = arrangement < 2 ? 7 : random.below(arrangement == 2 ? 900'000 : 5);
    all.push_back({instant(second + within), arrangement == 3 ? static_cast<int>(slot % 3) : 0,
                   slot, slot});
    scheduler.push(all.back());
    model.insert(all.back());
  }
  std::uint32_t popped = 0;
  while (!model.empty()) {
    due_entry out;
    REQUIRE(scheduler.pop_due(instant(second + ms), out));
    if (!same(out, *model.begin())) REQUIRE(same(out, *model.begin()));
    model.erase(model.begin());
    if (++popped % 3 != 0 || model.empty()) continue;
    const bool near = random.below(2) == 0;  // the very next, or one far behind
    auto victim = model.begin();
    if (!near) victim = model.lower_bound(all[random.below(n)]);
    if (victim == model.end()) continue;
    REQUIRE(scheduler.cancel(victim->slot));
    model.erase(victim);
  }
  REQUIRE(scheduler.size() == 200);
  REQUIRE(scheduler.next_due() == instant(100 * second));
}

TEST_CASE("an interval shorter than the wheel's tick is kept", "[run]") {
  gyre::scheduler scheduler;
  for (std::uint32_t slot = 0; slot < 300; ++slot) {
    scheduler.push({instant(100 + slot), 0, slot, slot});
  }
  for (std::uint32_t i = 0; i < 100'000; ++i) {  // each every 300 ns
    due_entry entry;
    REQUIRE_FALSE(scheduler.pop_due(instant(99 + i), entry));
    REQUIRE(scheduler.pop_due(instant(100 + i), entry));
    if (entry.slot != i % 300) REQUIRE(entry.slot == i % 300);
    entry.due += instant(300);
    scheduler.push(entry);
  }
}

TEST_CASE("no call moves more than its share of the entries", "[run]") {
  const std::uint32_t n = 1'000'000 / scale_down;
  const std::int64_t period = second * GENERATE(1, 10);
  timer_mill mill(n, period);
  std::uint64_t worst = 0;
  const std::uint64_t before = mill.scheduler.wheel().moved();
  for (std::uint32_t i = 0; i < 3 * n; ++i) {
    const std::uint64_t moved = mill.scheduler.wheel().moved();
    mill.tick();
    worst = std::max(worst, mill.scheduler.wheel().moved() - moved);
  }
  // A tick's entries, and as many for the cascade; half as much again because phases are random.
  const double a_tick = n * 1.048576 * ms / static_cast<double>(period);
  CAPTURE(period, a_tick, worst);
  REQUIRE(static_cast<double>(worst) < 2 * 1.5 * a_tick + 100);
  // Each is moved once a level, and once when its tick opens.
  REQUIRE(mill.scheduler.wheel().moved() - before <= (period == second ? 2 : 3) * 3ULL * n);
}

// With one due time for all, the tick that opens holds everything. Pushed again in the order in
// which they run they are in order already, and are taken a piece at a time.
TEST_CASE("a tick whose entries came in order opens piece by piece", "[run]") {
  constexpr std::uint32_t n = 50'000;
  gyre::scheduler scheduler(n);
  for (std::uint32_t slot = 0; slot < n; ++slot)
    scheduler.push({instant(second), 0, slot, slot});
  for (std::uint32_t i = 0; i < 3 * n; ++i) {
    const std::uint64_t moved = scheduler.wheel().moved();
    due_entry entry = scheduler.pop();
    const bool fine = entry.slot == i % n && entry.due == instant((1 + i / n) * second) &&
                      scheduler.wheel().moved() - moved <= 480;
    if (!fine) REQUIRE(fine);
    entry.due += instant(second);
    scheduler.push(entry);
  }
}

TEST_CASE("scheduler allocates in reserve and nowhere else", "[run]") {
  const std::int64_t period = GENERATE(std::int64_t{300'000}, second, 30 * second);
  const std::uint32_t n = GENERATE(900U, 5000U);
  const std::size_t unused = allocated();
  gyre::scheduler scheduler(n);
  // The count counts; of 5,000 the chunks are mapped, which bytes() alone shows.
  REQUIRE(allocated() - unused >= (n < 1000 ? 5U : 4U));
  const std::size_t first = allocated(), bytes = scheduler.bytes();
  gyre::rng random(4, 0, 0);
  due_entry entry;
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t slot = 0; slot < n; ++slot) {
      scheduler.push({instant(random.below(1'000'000)), 0, slot, slot});
    }
    for (std::uint32_t i = 0; i < 100'000; ++i) {
      REQUIRE(scheduler.pop_due(scheduler.next_due(), entry));
      entry.due += instant(period / 2 + random.below(1'000'000'000) % period);
      scheduler.push(entry);
      const std::uint32_t slot = random.below(n);
      if (i % 8 != 0 || !scheduler.cancel(slot)) continue;
      scheduler.push({entry.due, 0, slot, slot});
    }
    while (!scheduler.empty()) (void)scheduler.pop();
  }
  REQUIRE(allocated() == first);
  REQUIRE(scheduler.bytes() == bytes);
}

TEST_CASE("scheduler that is asked for one slot more each time grows by doubling", "[run]") {
  gyre::scheduler scheduler(1);
  const std::size_t first = allocated();
  for (std::uint32_t slots = 2; slots <= 20'000; ++slots) scheduler.reserve(slots);
  REQUIRE(allocated() - first < 15 * 5);                // doublings, parts
  scheduler.push({gyre::never, 0, 20'000, 20'000});  // one more than was reserved
  REQUIRE(scheduler.find(20'000)->due == gyre::never);
}

TEST_CASE("memory stays as it is over ten minutes of 100k loops", "[run]") {
  timer_mill mill(100'000 / scale_down, 10 * second);
  const std::size_t bytes = mill.scheduler.bytes();
  std::size_t most = 0;
  std::uint32_t ticks = 0;
  for (; mill.now < instant(600 * second); ++ticks) {
    mill.tick();
    most = std::max(most, mill.scheduler.wheel().buckets().chunks());
  }
  REQUIRE(ticks > 59 * (100'000 / scale_down));
  REQUIRE(mill.scheduler.bytes() == bytes);
  const std::size_t n = 100'000 / scale_down;
  REQUIRE(most <= n / 15 + std::min<std::size_t>(n, 8256) + 1);  // as documented
}

TEST_CASE("a cancelled entry leaves nothing behind", "[run]") {
  constexpr std::uint32_t n = 3000;
  gyre::scheduler scheduler(n);
  gyre::rng random(6, 0, 0);
  for (std::uint32_t slot = 0; slot < n; ++slot) {
    scheduler.push({instant(second), 0, slot, slot});
  }
  for (std::uint32_t i = 0; i < 1'000'000 / scale_down; ++i) {  // reconfigured over and over
    const std::uint32_t slot = random.below(n);
    scheduler.push({instant(spread_over(random, second, year)), 0, slot, slot});
  }
  REQUIRE(scheduler.size() == n);
  REQUIRE(scheduler.wheel().buckets().chunks() <= n);
  for (std::uint32_t slot = 0; slot < n; ++slot) {
    REQUIRE(scheduler.cancel(slot));
  }
  REQUIRE(scheduler.empty());
  REQUIRE(scheduler.wheel().buckets().chunks() == 0);
  REQUIRE(scheduler.next_due() == gyre::never);
}

TEST_CASE("a loop that sleeps for long does not take the others out of the wheel", "[run]") {
  constexpr std::uint32_t n = 2000;
  gyre::scheduler scheduler(n);
  for (std::uint32_t slot = 0; slot < n; ++slot) {  // the first 200 for a year
    scheduler.push({instant(slot < 200 ? year : second + slot * ms), 0, slot, slot});
  }
  REQUIRE(scheduler.wheel().size() == n - 128);
  for (std::uint32_t i = 0; i < 10 * n; ++i) {
    due_entry entry;
    const instant now = scheduler.next_due();
    REQUIRE_FALSE(scheduler.pop_due(now - instant(1), entry));
    REQUIRE(scheduler.pop_due(now, entry));
    REQUIRE(scheduler.next_due() < instant(year));
    entry.due += instant(second);
    scheduler.push(entry);
  }
  REQUIRE(scheduler.wheel().size() > n - 200);
}

TEST_CASE("pop opens no tick of the wheel that is behind the heap's first", "[run]") {
  gyre::scheduler scheduler(1000);
  for (std::uint32_t slot = 0; slot < 1000; ++slot) {
    scheduler.push({instant(slot < 128 ? second : year), 0, slot, slot});
  }
  const std::size_t waiting = scheduler.wheel().size();
  REQUIRE(waiting == 1000 - 128);
  for (std::uint32_t slot = 0; slot < 128; ++slot) {
    REQUIRE(scheduler.pop().slot == slot);
    REQUIRE(scheduler.wheel().size() == waiting);
  }
  REQUIRE(scheduler.pop().slot == 128);
}

// Time passes without a tick: each poll does its share of what the next rotation needs, so that
// the poll that enters the rotation does not do it all.
TEST_CASE("polls that find nothing due go on with the cascade", "[run]") {
  constexpr std::uint32_t n = 20'000;
  gyre::scheduler scheduler(n);
  gyre::rng random(2, 0, 0);
  for (std::uint32_t slot = 0; slot < n; ++slot) {
    const auto due = static_cast<std::int64_t>((3.5 + random.unit()) * 1e9);
    scheduler.push({instant(due), 0, slot, slot});
  }
  std::uint64_t worst = 0;
  due_entry entry;
  for (instant now{0}; now < instant(5 * second); now += instant(ms)) {
    const std::uint64_t moved = scheduler.wheel().moved();
    while (scheduler.pop_due(now, entry)) continue;
    worst = std::max(worst, scheduler.wheel().moved() - moved);
  }
  REQUIRE(scheduler.empty());
  REQUIRE(worst < 200);  // 20 a tick come due, as many cascade, in chunks of 15
}

TEST_CASE("the first may be in a bucket that is yet to cascade", "[run]") {
  constexpr std::int64_t tick = 1 << 20;
  gyre::scheduler scheduler(200);
  for (std::uint32_t slot = 0; slot < 128; ++slot) scheduler.push({gyre::never, 0, slot, slot});
  scheduler.push({instant(2048 * tick + 5), 0, 130, 130});  // two rotations ahead: level 1
  scheduler.push({instant(1024 * tick), 0, 131, 131});
  due_entry entry;
  REQUIRE(scheduler.pop_due(instant(1024 * tick), entry));
  REQUIRE(entry.slot == 131);
  scheduler.push({instant(2048 * tick + 9), 0, 131, 131});  // the next rotation: level 0
  REQUIRE(scheduler.peek()->slot == 130);
  REQUIRE(scheduler.next_due() == instant(2048 * tick + 5));
  REQUIRE(scheduler.pop().slot == 130);
  REQUIRE(scheduler.pop().slot == 131);
}

TEST_CASE("clear takes everything out, and the scheduler goes on", "[run]") {
  gyre::scheduler scheduler;
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t slot = 0; slot < 500; ++slot) {
      scheduler.push({instant(slot * ms), 0, slot, slot});
    }
    for (std::uint32_t slot = 0; slot < 200; ++slot) REQUIRE(scheduler.pop().slot == slot);
    REQUIRE(scheduler.find(300)->due == instant(300 * ms));
    scheduler.clear();
    REQUIRE(scheduler.empty());
    REQUIRE(scheduler.peek() == nullptr);
    REQUIRE(scheduler.find(300) == nullptr);
    REQUIRE_FALSE(scheduler.cancel(300));
    REQUIRE_FALSE(scheduler.cancel(100'000));
    REQUIRE(scheduler.next_due() == gyre::never);
  }
}

// What finding the next loop costs, without the loop: take out the first, put in its next due time.
// Virtual clock, N loops at random phases, each with a period within 10 % of one second.
#include <algorithm>
#include <cstdint>
#include <gyre/core/rng.hpp>
#include <gyre/run/scheduler.hpp>
#include <queue>
#include <vector>

#include "bench.hpp"

namespace {

using gyre::due_entry;
using gyre::instant;

/// The peer: the standard library's binary heap, which cannot cancel.
class queue_of_std {
 public:
  explicit queue_of_std(std::size_t) {}
  void push(const due_entry& entry) { queue_.push(entry); }
  bool pop_due(instant now, due_entry& out) {
    if (queue_.empty() || queue_.top().due > now) return false;
    out = queue_.top();
    queue_.pop();
    return true;
  }

 private:
  struct later {
    bool operator()(const due_entry& a, const due_entry& b) const {
      return gyre::runs_before(b, a);
    }
  };
  std::priority_queue<due_entry, std::vector<due_entry>, later> queue_;
};

template <class Queue>
class mill {
 public:
  explicit mill(std::uint32_t n) : queue_(n) {
    gyre::rng random(1, n, 0);
    for (std::uint32_t slot = 0; slot < n; ++slot) {
      periods_.push_back(static_cast<std::uint32_t>(1e9 * (0.9 + 0.2 * random.unit())));
      const auto due = static_cast<std::int64_t>(1e9 * random.unit());
      queue_.push({instant(due), 0, slot, slot});
    }
  }
  void turn(std::uint64_t ticks) {
    due_entry entry;
    for (std::uint64_t i = 0; i < ticks; ++i) {
      queue_.pop_due(gyre::never, entry);
      entry.due += instant(periods_[entry.slot]);
      queue_.push(entry);
    }
    bench::keep(entry);
  }
  /// The longest step of `ticks`. Wall time, since a read of the CPU's is longer than most steps;
  /// the least of three rounds, since in a round other programs may take the CPU.
  double worst_ms(std::uint64_t ticks) {
    double least = 1e300;
    for (int round = 0; round < 3; ++round) {
      gyre::duration worst{0};
      gyre::duration begin = gyre::monotonic_now();
      for (std::uint64_t i = 0; i < ticks; ++i) {
        turn(1);
        const gyre::duration end = gyre::monotonic_now();
        worst = std::max(worst, end - begin);
        begin = end;
      }
      least = std::min(least, gyre::to_ms(worst));
    }
    return least;
  }

 private:
  Queue queue_;
  std::vector<std::uint32_t> periods_;
};

template <class Queue>
double step_ns(std::uint32_t n) {
  mill<Queue> mill(n);
  const std::uint64_t ticks = std::max<std::uint64_t>(n, 200'000);
  mill.turn(2 * ticks);  // phases drift apart, memory is warm
  return bench::ns_each(ticks, [&](std::uint64_t count) { mill.turn(count); });
}

void steps(const char* name, std::uint32_t n, const char* conditions) {
  const double ours = step_ns<gyre::scheduler>(n);
  bench::row(name, ours, "ns", "std::priority_queue", step_ns<queue_of_std>(n), conditions);
}

template <class Queue>
double worst_step_ms() {
  mill<Queue> mill(1'000'000);
  mill.turn(1'000'000);
  return mill.worst_ms(1'100'000);
}

}  // namespace

int main() {
  steps("run.timer_120_ns", 120, "pop and push of 120 loops, 1 s +-10 %, virtual clock");
  steps("run.timer_10k_ns", 10'000, "pop and push of 10k loops, 1 s +-10 %, virtual clock");
  steps("run.timer_1m_ns", 1'000'000, "pop and push of 1M loops, 1 s +-10 %, virtual clock");
  const double worst = worst_step_ms<gyre::scheduler>();
  bench::row("run.timer_worst_step_1m_ms", worst, "ms", "std::priority_queue",
             worst_step_ms<queue_of_std>(),
             "longest of 1.1M steps of 1M loops, wall, best of 3 rounds");
}

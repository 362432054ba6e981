// loop_plan.hpp - what loops of one kind have in common: their options, kept once.
// Room: engine. Threads: immutable once handed out; the list has one owner at a time.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <gyre/core/bytes.hpp>
#include <gyre/core/hash.hpp>
#include <gyre/core/hash_index.hpp>
#include <gyre/core/owner.hpp>
#include <gyre/core/portable.hpp>
#include <gyre/engine/options.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// The options of a loop but for those that are its own: name, interval, function, gates, space.
/// A million loops of one kind share one plan, so that a loop costs what differs.
struct loop_plan {
  duration timeout{};
  double jitter = 0;
  duration slack{};
  backoff retry;
  intensity_options intensity;
  std::string group;
  std::uint32_t burst = 1;
  std::uint32_t instances = 1;
  int priority = 0;
  missed_policy missed = missed_policy::once;
  metrics_mode metrics = metrics_mode::full;
  bool deferrable = false;

  explicit loop_plan(const loop_options& o)
      : timeout(o.timeout),
        jitter(o.jitter),
        slack(o.slack),
        retry(o.retry),
        intensity(o.intensity),
        group(o.group),
        burst(o.burst),
        instances(o.instances),
        priority(o.priority),
        missed(o.missed),
        metrics(o.metrics),
        deferrable(o.deferrable) {}
  bool operator==(const loop_plan&) const = default;

  std::uint64_t hash() const noexcept {
    siphash h;
    for (const std::uint64_t word :
         {static_cast<std::uint64_t>(timeout.count()), bit_cast<std::uint64_t>(jitter),
          static_cast<std::uint64_t>(slack.count()), std::uint64_t{intensity.failures},
          static_cast<std::uint64_t>(retry.base.count()),
          static_cast<std::uint64_t>(retry.cap.count()), bit_cast<std::uint64_t>(retry.jitter),
          std::uint64_t{burst} << 32 | static_cast<std::uint32_t>(priority)}) {
      h.update_word(word);
    }
    h.update(as_bytes(group));
    return h.digest();
  }
};

/// The plans in use, each once.
class plan_list {
 public:
  /// The plan that is equal, or a copy; it stays where it is until as many drop() came as take().
  /// Throws std::bad_alloc, with nothing changed.
  const loop_plan* take(const loop_plan& wanted) {
    std::uint32_t at =
        index_.find(wanted.hash(), [&](std::uint32_t i) { return *plans_[i].plan == wanted; });
    if (at == index_.none) {
      auto made = make_owned<loop_plan>(wanted);
      index_.make_room(1, hash_of{plans_});
      if (free_.empty()) {
        free_.make_room(plans_.size() + 1);  // so that drop() needs no memory
        plans_.emplace_back();
        free_.push_back(static_cast<std::uint32_t>(plans_.size() - 1));
      }
      at = free_.back();
      free_.pop_back();
      plans_[at].plan = std::move(made);
      index_.insert(at, hash_of{plans_});
    }
    ++plans_[at].users;
    return plans_[at].plan.get();
  }
  void drop(const loop_plan* gone) noexcept {
    const std::uint32_t at =
        index_.find(gone->hash(), [&](std::uint32_t i) { return plans_[i].plan.get() == gone; });
    if (--plans_[at].users != 0) return;
    index_.erase(at, hash_of{plans_});
    plans_[at].plan.reset();
    free_.push_back(at);
  }

 private:
  struct entry {
    owner<loop_plan> plan;
    std::uint32_t users = 0;
  };
  struct hash_of {
    const vec<entry>& plans;
    std::uint64_t operator()(std::uint32_t i) const noexcept { return plans[i].plan->hash(); }
  };

  vec<entry> plans_;
  vec<std::uint32_t> free_;
  hash_index index_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre

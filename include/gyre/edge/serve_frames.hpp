// serve_frames.hpp - snapshots of an engine, each taken once and written as JSON once for all.
// Room: edge. Threads: any.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <gyre/core/time.hpp>
#include <gyre/edge/serve_changes.hpp>
#include <gyre/engine/engine.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

/// One snapshot, and its text from the first time that somebody wants it.
class frame {
 public:
  frame(snapshot_data data, duration taken, duration cost, std::atomic<std::uint64_t>& written)
      : data_(std::move(data)), taken_(taken), cost_(cost.count()), written_(written) {}

  const snapshot_data& data() const noexcept { return data_; }
  duration taken() const noexcept { return taken_; }  ///< monotonic
  /// CPU time that this snapshot cost so far.
  duration cost() const noexcept { return duration(cost_.load(std::memory_order_relaxed)); }
  /// As an event of a stream; json() is a part of it.
  const std::string& event() const {
    std::call_once(once_, [this] {
      const duration begin = thread_cpu_now();
      text_ = head;
      text_ += to_json(data_);
      text_ += tail;
      written_.fetch_add(1, std::memory_order_relaxed);
      cost_.fetch_add((thread_cpu_now() - begin).count(), std::memory_order_relaxed);
    });
    return text_;
  }
  /// As an event that tells a client who has `base` what differs; the whole one where that does
  /// not tell it, as when loops were added.
  const std::string& change(const frame& base) const {
    const std::lock_guard lock(mutex_);
    const auto [found, fresh] = changes_.try_emplace(base.data().sequence);
    if (fresh) {
      const duration begin = thread_cpu_now();
      const std::string json = changes_json(data_, base.data());
      if (!json.empty()) {
        found->second = join("event: change\ndata: {\"base\":", base.data().sequence,
                             ",\"to\":", json, "}\n\n");
      }
      cost_.fetch_add((thread_cpu_now() - begin).count(), std::memory_order_relaxed);
    }
    return found->second.empty() ? event() : found->second;
  }
  std::string_view json() const {
    return std::string_view(event()).substr(head.size(), text_.size() - head.size() - tail.size());
  }

 private:
  static constexpr std::string_view head = "event: snapshot\ndata: ", tail = "\n\n";
  const snapshot_data data_;
  const duration taken_;
  mutable std::atomic<std::int64_t> cost_;
  std::atomic<std::uint64_t>& written_;
  mutable std::once_flag once_;
  mutable std::string text_;
  mutable std::mutex mutex_;
  mutable std::map<std::uint64_t, std::string> changes_;  // by the sequence that they change
};

/// Takes the snapshots. However many ask, one is taken in 40 ms, and they take at most 2 % of a
/// core: of very many loops it is taken less often than was asked for.
class frame_source {
 public:
  explicit frame_source(engine& e) : engine_(e) {}

  /// One that is not older than `age`, or the last one where a newer may not be taken yet.
  std::shared_ptr<const frame> get(duration age) {
    const std::lock_guard lock(mutex_);
    const duration now = monotonic_now();
    if (last_ != nullptr) {
      const duration old = now - last_->taken();
      if (old <= age || old < pause(*last_)) return last_;
    }
    const duration begin = thread_cpu_now();
    snapshot_data data = engine_.snapshot();
    taken_.fetch_add(1, std::memory_order_relaxed);
    last_ = std::make_shared<const frame>(std::move(data), now, thread_cpu_now() - begin, written_);
    return last_;
  }
  /// The engine was changed: the next one is to show it.
  void expire() {
    const std::lock_guard lock(mutex_);
    last_.reset();
  }
  std::uint64_t taken() const noexcept { return taken_.load(std::memory_order_relaxed); }
  std::uint64_t written() const noexcept { return written_.load(std::memory_order_relaxed); }

 private:
  static duration pause(const frame& f) noexcept {
    return std::max<duration>(std::chrono::milliseconds(40), f.cost() * 50);
  }

  engine& engine_;
  std::mutex mutex_;
  std::shared_ptr<const frame> last_;
  std::atomic<std::uint64_t> taken_{0}, written_{0};
};

}  // namespace http
}  // namespace v1
}  // namespace gyre

// last_runs.hpp - when loops of long intervals last ran, so that a restart does not begin anew.
// Room: engine. Threads: any for left() and set(); the others under shard 0's lease.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include <gyre/core/bytes.hpp>
#include <gyre/core/time.hpp>
#include <gyre/core/vec.hpp>
#include <gyre/store/posix_files.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// By a loop's name the wall time, in ms, from which its interval counts: the last point of its
/// grid that had its turn, or one interval before the first. Held by the keeper, in a stream of the
/// journal. Where the wall clock is behind what was last written, as a virtual clock is after a
/// restart, the time between counts as none. Of loops that are gone 4,096 are kept, those that ran
/// last.
class last_runs {
 public:
  static constexpr std::uint32_t stream = 2;
  /// Loops of shorter intervals are not kept: each of their ticks would be written.
  static constexpr duration least = std::chrono::minutes(1);
  static constexpr std::size_t most_gone = 4096;
  enum frame : std::uint8_t { all = 0, one = 1, clock = 2 };

  /// A frame of the journal. Broken ones are left out.
  void add(std::uint8_t type, std::span<const std::byte> bytes) {
    byte_reader in(bytes);
    const std::int64_t now_ms = in.i64();
    std::uint64_t n = type == all ? in.varint() : type == one ? 1 : 0;
    if (type == all) runs_.clear();
    if (in.ok()) latest_ms_ = now_ms;
    for (; n != 0; --n) {
      const std::int64_t since_ms = std::clamp(in.i64(), -far_ms, far_ms);
      const std::string name(in.str());
      if (!in.ok()) return;
      runs_[name] = {since_ms, false};
    }
  }
  /// Once, when all frames were added.
  void begin(std::int64_t now_ms) {
    const std::int64_t back = latest_ms_ - now_ms;
    latest_ms_ = std::max(latest_ms_, now_ms);
    if (runs_.empty() || back <= 0) return;
    latest_ms_ = now_ms;
    for (auto& [name, run] : runs_) {
      run.since_ms -= back;
      changed_.push_back(name);
    }
  }

  /// @return whether the loop is known, from when on its interval counts then
  bool left(std::string_view name, std::int64_t& since_ms) const {
    const std::lock_guard lock(mutex_);
    const auto found = runs_.find(name);
    if (found == runs_.end()) return false;
    since_ms = found->second.since_ms;
    return true;
  }
  void set(std::string_view name, std::int64_t since_ms) {
    const std::lock_guard lock(mutex_);
    auto found = runs_.find(name);
    if (found == runs_.end()) found = runs_.emplace(name, entry()).first;
    if (found->second.here && found->second.since_ms == since_ms) return;
    changed_.emplace_back(name);
    found->second = {since_ms, true};
  }
  /// The loop is gone; who adds one of its name goes on with it.
  void leave(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto found = runs_.find(name);
    if (found != runs_.end()) found->second.here = false;
  }

  /// Gives f(type, bytes) what changed since the last call.
  template <class F>
  void drain(std::int64_t now_ms, F&& f) {
    const std::lock_guard lock(mutex_);
    for (const std::string& name : changed_) {
      const auto found = runs_.find(name);
      if (found == runs_.end()) continue;
      out_.clear();
      out_.i64(now_ms);
      out_.i64(found->second.since_ms);
      out_.str(name);
      f(one, std::span<const std::byte>(out_.data()));
    }
    if (!changed_.empty()) latest_ms_ = now_ms;
    changed_.clear();
  }
  /// The same at the end: until when the engine was there.
  template <class F>
  void close(std::int64_t now_ms, F&& f) {
    drain(now_ms, f);
    if (runs_.empty()) return;
    out_.clear();
    out_.i64(now_ms);
    f(clock, std::span<const std::byte>(out_.data()));
  }
  /// All of it, for a checkpoint; empty: there is nothing.
  std::span<const std::byte> state() {
    const std::lock_guard lock(mutex_);
    forget();
    out_.clear();
    if (runs_.empty()) return {};
    out_.i64(latest_ms_);
    out_.varint(runs_.size());
    for (const auto& [name, run] : runs_) {
      out_.i64(run.since_ms);
      out_.str(name);
    }
    return out_.data();
  }

 private:
  struct entry {
    std::int64_t since_ms = 0;
    bool here = false;  ///< a loop has this name
  };

  static constexpr std::int64_t far_ms = std::int64_t{1} << 50;  // 35,000 years

  void forget() {
    vec<std::int64_t> gone;
    for (const auto& [name, run] : runs_) {
      if (!run.here) gone.push_back(run.since_ms);
    }
    if (gone.size() <= most_gone) return;
    const auto first = gone.end() - static_cast<std::ptrdiff_t>(most_gone);
    std::nth_element(gone.begin(), first, gone.end());
    std::erase_if(runs_, [oldest = *first](const auto& each) {
      return !each.second.here && each.second.since_ms < oldest;
    });
  }

  mutable std::mutex mutex_;
  std::map<std::string, entry, std::less<>> runs_;
  vec<std::string> changed_;
  std::int64_t latest_ms_ = 0;  // when the journal was last told
  byte_writer out_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre

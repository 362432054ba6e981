// loop.hpp - a loop of an engine, as whoever added it holds it.
// Room: engine. Threads: any call from any thread.
#pragma once

#include <cstdint>
#include <vector>

#include <gyre/engine/options.hpp>
#include <gyre/learn/what_if.hpp>
#include <gyre/snapshot.hpp>

namespace gyre {
inline namespace v1 {

class engine;
namespace detail {
class body;
}

/// A loop of an engine: an id that may be copied and kept. After remove() every call returns STALE.
/// Must not be used after its engine is gone.
///
/// A loop may have a parent (loop_options::parent). It runs while neither it nor anything above it
/// is paused: pausing a parent pauses all below it, and resuming it lets those go on that were not
/// paused themselves. A child that is resumed, or added, under a paused parent waits for that.
/// Children go before their parent, the youngest first with all below it, and come back after it.
class loop {
 public:
  loop() = default;  ///< of no engine: every call returns STALE
  std::uint32_t id() const noexcept { return id_; }

  /// Unschedules it and all below it; ticks that run now end as usual.
  result<void> pause();
  /// Back on its grid, without a burst of what was missed meanwhile. O(all below it) as pause().
  result<void> resume();
  /// One tick as soon as possible, besides those of the grid; while its ticks are pending or run
  /// elsewhere, when one of them ends. STATE when paused or stopped.
  result<void> trigger();
  /// Changes what is given, from the next tick on; a tick that runs now has outlived its timeout if
  /// at its end it is over the new one. ARG as add() would; nothing changed then.
  result<void> reconfigure(const loop_change& c);
  /// Takes it out, and all below it; ticks that run now are told to give up and are not counted.
  result<void> remove();
  /// @param[out] ids of all that went, in that order
  result<void> remove(std::vector<std::uint32_t>& ids);
  /// And waits until no thread is in their functions, at most `most`. TIMEOUT: one still is, and
  /// they are removed. REENTRANT from inside of the engine's own ticks and handlers.
  result<void> remove(duration most);
  result<loop_stats> stats() const;
  /// What its percentiles are made of. Some microseconds, during which its shard's ticks wait.
  result<loop_histograms> histograms() const;
  /// The last decisions of its tuner whose reward has come, the oldest first: tuning::history.
  /// STATE where it has none.
  result<std::vector<logged_choice>> decisions() const;
  /// The same from a number on, counted from 0 since its tuner knew nothing: for who reads them
  /// again and again. Where the first is of a higher number, those between have been let go.
  result<decision_log> decisions_from(std::uint64_t number) const;
  /// What it would have earned by one setting, a value for each knob, in the states of these
  /// decisions: see gyre::what_if. ARG naming the value; STATE as above.
  result<what_if_result> what_if(const std::vector<setting>& always) const;

 private:
  friend class engine;
  loop(detail::body* body, std::uint32_t id) noexcept : body_(body), id_(id) {}
  detail::body* body_ = nullptr;
  std::uint32_t id_ = 0;
};

}  // namespace v1
}  // namespace gyre

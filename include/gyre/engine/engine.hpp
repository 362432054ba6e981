// engine.hpp - the engine: what a program asks of it.
// Room: engine. Threads: any call from any thread; poll, advance_to and jump_to one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <gyre/bus/message.hpp>
#include <gyre/core/function.hpp>
#include <gyre/engine/loop.hpp>
#include <gyre/engine/poll_result.hpp>
#include <gyre/engine/tick.hpp>

namespace gyre {
inline namespace v1 {

class bus;

/// Owns loops, their learners, a bus and a memory, and moves them by one of three drivers. Neither
/// copies nor moves. Its destructor stops it, and aborts the program inside of its own ticks and
/// handlers, where it could neither wait nor leave.
///
/// Where memory cannot be had, a call throws std::bad_alloc and nothing has changed. Those that run
/// or stop it need none, and ticks end: what they do without is counted (docs/architecture.md), but
/// for the text, streak and backoff of a loop's first failure.
///
/// In the child of a fork an engine is a copy that goes on by itself, and writes nothing to the
/// store (FORKED), which stays the parent's. But the threads of driver::workers are not there:
/// where they ran, or stop() had left one to itself, each may have held what the next call waits
/// for. Then start(), stop() and run_for() are FORKED, no other call may be made,
/// and the destructor leaves everything as it is, closures and memory too. fork() is not to be
/// called while another thread is inside of a call; in a tick only where the child then calls exec
/// or _exit.
class engine {
 public:
  /// As create(); a failure is thrown, or aborts where exceptions are off.
  explicit engine(engine_options o = {});
  /// Errors: ARG naming the option; UNSUPPORTED: driver::workers without threads; those of opening
  /// the store (STATE: another process writes to it; CORRUPT, FORMAT, IO).
  static result<std::unique_ptr<engine>> create(engine_options o = {});
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  ~engine();

  // ---- loops ----

  /// Adds a loop; it runs whenever the engine runs, at once if it does, unless `.paused`. ARG
  /// naming the option; EXISTS: the name; BUDGET: states x actions over 65,536. Nothing changed
  /// then.
  /// @param function any callable of void(tick&); need not be copyable. What it throws fails the
  /// tick. It must not end its thread (pthread_exit, pthread_cancel): that ends the program.
  result<loop> add(loop_options o, tick_function function);
  /// A loop whose due ticks the caller asks for by acquire(), runs, and ends by complete().
  result<loop> add_external(loop_options o);
  /// NOT_FOUND: no loop has this name.
  result<loop> find(std::string_view name);
  result<loop> at(std::uint32_t id);
  /// All loops of a group, as loop::pause() and resume(). NOT_FOUND: none is in it.
  result<void> pause_group(std::string_view group);
  result<void> resume_group(std::string_view group);

  // ---- loops by name ----
  //
  // Every loop whose whole name looks like the pattern: `*` is any run of bytes, also none, `?` one
  // byte, any other byte itself; nothing escapes. Each returns how many match, in whatever state;
  // loops below those are not counted. ARG: the pattern is not 1 to 255 bytes; NOT_FOUND: no loop
  // matches; nothing changed. Not at one instant: some loops run while others are reached. O(all
  // loops), during which ticks go on, and calls that add, remove, find or reconfigure wait.

  /// As loop::pause().
  result<std::uint32_t> pause_loops(std::string_view pattern);
  /// As loop::resume(), also after stop_loops().
  result<std::uint32_t> resume_loops(std::string_view pattern);
  /// Pauses them, and tells their ticks that run now, and those of all below them, to give up: at
  /// once, without waiting. Such a tick that then fails counts as cancelled. External ticks that
  /// nobody has acquired yet are taken back, not counted.
  result<std::uint32_t> stop_loops(std::string_view pattern);
  /// Their interval is the configured one times `factor`, at most 60 s and never under the
  /// configured one, until the next call; 1 takes it back. What is below them keeps its own. Of a
  /// deferrable loop that the engine throttles too, the larger factor counts. An interval that
  /// changes is told as gyre.interval. ARG: the factor is under 1 or not finite.
  result<std::uint32_t> throttle_loops(std::string_view pattern, double factor);

  // ---- time ----

  /// Starts every loop that is not paused. Idempotent; engines of driver::host and
  /// driver::virtual_time are created started. REENTRANT from inside a tick or handler of
  /// driver::workers that stop() waits for, or gave up on. FORKED: see above.
  result<void> start();
  /// Tells running ticks to give up, waits for them, saves. @return the names of loops whose tick
  /// did not end before `deadline`: their threads are left to themselves, as is one that is inside
  /// of the destructor of what a closure captured, which has no name; and "(the store)" where its
  /// disk did not answer until then, or for 100 ms: it is written when that does. Again: of those
  /// that have not ended since, waiting for the store alone. REENTRANT from inside a tick or
  /// handler of driver::workers. FORKED: see above.
  result<std::vector<std::string>> stop(duration deadline = std::chrono::seconds(5));
  /// driver::workers: start, wait, stop. driver::virtual_time: advance by `d`. driver::host: polls
  /// with the machine's clock. @return as stop(). Errors: as start(), poll() and stop()
  result<std::vector<std::string>> run_for(duration d);
  /// driver::host: runs every tick that is due at `now`, then calls those that were pending before
  /// (tick::pending) once more, at most `most` calls in all. Ends, with `more`, at that number, or
  /// after the call by whose end `budget` of real time has passed, or when handlers have published
  /// to each other for 64 rounds without a tick; the next poll goes on with the tick whose turn it
  /// is. One due loop at least is seen to; where the due ticks left none for what is pending, the
  /// next poll begins with that. An earlier `now` than before counts as that. Never blocks; a
  /// callback that never returns cannot be helped here. ARG: over 100 years, a negative budget.
  /// STATE: another driver. REENTRANT.
  result<poll_result> poll(instant now, std::uint64_t most = ~std::uint64_t{0},
                           duration budget = no_budget);
  /// driver::virtual_time: from due time to due time up to `t`, in the order (due, priority, order
  /// of add). @return ticks run. ARG: over 100 years. STATE: another driver, or handlers published
  /// to each other for 10,000 rounds without a tick; the clock stands there. REENTRANT.
  result<std::uint64_t> advance_to(instant t);
  /// advance_to(t), but it stops, the clock with it, where an external tick is due: acquire() it,
  /// end it, and call this again. The trace is that of advance_to over functions. Errors as there.
  result<void> step_to(instant t);
  /// driver::virtual_time: sets the clock without running what is due before `t`: it is late then.
  /// ARG: back, or over 100 years. STATE, REENTRANT.
  result<void> jump_to(instant t);
  /// Time since the engine's creation on its driver's clock.
  instant now() const noexcept;
  bool running() const noexcept;

  // ---- external ticks ----

  /// Hands out due ticks of external loops, oldest first, at most ids.size(): how many. From now on
  /// each has its loop's timeout; after that it counts as timed out and its id is STALE. Many at
  /// once take as many locks as one: two, and two of each shard that they are of.
  std::uint32_t acquire(std::span<std::uint32_t> ids);
  /// Calls f(tick&) for an acquired tick. STALE: it has ended.
  result<void> with_tick(std::uint32_t id, function_ref<void(tick&)> f);
  /// Ends an acquired tick. @param taken what it took; negative: from acquire() until now by the
  /// engine's clock. STALE: it had ended; nothing changed.
  result<void> complete(std::uint32_t id, duration taken = duration{-1});
  /// The same for many at once, with two locks for 64 of a shard. Each is told by its status if it
  /// counts; what has timed out, was removed, or is given twice does not. @return how many count
  std::size_t complete(std::span<completion> done);

  // ---- rewards that come later than their ticks ----

  /// What the tick of a ticket earned (tick::reward_later()); it is learned as if the tick had said
  /// so. From any thread, also inside of ticks and handlers, and before the tick has ended. Not
  /// learned, and counted in learner_view::late: STALE, the ticket has had its reward, was used up
  /// by a tick that failed or said reward(), was given up for 1,024 newer ones, or its loop was
  /// removed. ARG: not finite as a float; the ticket stays good.
  result<void> reward(const ticket& which, double value);
  /// The same for what it cost: earned is -value.
  result<void> cost(const ticket& which, double value) { return reward(which, -value); }

  // ---- what loops tell each other ----

  /// `handler` is called between ticks on shard 0's thread (or inside poll and advance_to); without
  /// one the messages wait for poll_message(). With driver::workers one that runs for over 2 s is
  /// given up on like a stuck tick: its message is a dead letter, its subscription ends, and
  /// gyre.stuck tells. ARG: pattern, options. BUDGET.
  result<std::uint32_t> subscribe(std::string_view pattern, const subscription_options& o = {},
                                  message_handler handler = {});
  result<void> unsubscribe(std::uint32_t id);
  /// And waits until its handler is not running, at most `most`. TIMEOUT: it still is, and the
  /// subscription has ended. REENTRANT from inside of the engine's own ticks and handlers.
  result<void> unsubscribe(std::uint32_t id, duration most);
  /// Waits until no message waits for a handler, at most `most`; before stop(), which delivers
  /// nothing more. @return how many still wait. REENTRANT as above.
  result<std::uint64_t> drain(duration most = std::chrono::seconds(5));
  /// Copies the message into the queue of each subscription that matches. Outside the engine's own
  /// threads it waits where a `block` subscription is full, at most that one's block_for. ARG.
  result<publish_receipt> publish(std::string_view topic, std::span<const std::byte> payload,
                                  publish_options o = {});
  result<publish_receipt> publish(std::string_view topic, std::string_view text,
                                  publish_options o = {});
  /// False: nothing waits, or the id is not that of a polled subscription.
  bool poll_message(std::uint32_t id, owned_message& out);
  result<subscription_stats> subscription(std::uint32_t id) const;
  /// Calls f(bus&, instant now) while nothing else uses the bus: dead letters, replay, the rest.
  /// Inside of it this engine may not be called: REENTRANT, thrown where a call has no result.
  /// @return what f does. With GYRE_SEPARATE_COMPILATION include gyre/bus/bus.hpp for it.
  template <class F>
  auto with_bus(F&& f) {
    using returned = std::invoke_result_t<F&, bus&, instant>;
    if constexpr (std::is_void_v<returned>) {
      hold_bus([&](bus& b, instant now) { f(b, now); });
    } else {
      std::optional<returned> out;
      hold_bus([&](bus& b, instant now) { out.emplace(f(b, now)); });
      return std::move(*out);
    }
  }

  // ---- what is kept ----

  /// ARG (importance, tags, count), BUDGET (longer than a record may be), OVERFLOW (16 MiB wait for
  /// the store's disk, which is full or does not answer). Nothing changed then.
  result<void> remember(const record& r);
  /// Newest first. Reads files where there is a store and memory has not enough: one caller at a
  /// time does, or is in consolidate(), which holds up nothing else. What is archived and is
  /// remembered again while its file is read may be missing once.
  std::vector<record> recall(const query& q = {});
  /// The time that records are stamped with: ms since 1970; on a virtual clock since the creation.
  std::int64_t wall_ms() const noexcept;
  /// Archives and prunes what is old; waits for the store's disk as recall() does. IO: what was
  /// not written stays in memory.
  result<consolidation> consolidate();
  /// Whether options.store was given: then what is learned and remembered is there again.
  bool has_store() const noexcept;
  /// Writes what is pending to the store now: it survives the process's death. Waits for the disk,
  /// holding up nobody else, as does sync(). STATE: no store. IO, and more: see journal::write().
  result<void> commit();
  /// And makes it survive power loss. Blocks on the disk.
  result<void> sync();

  // ---- all of that as bytes ----

  /// What its loops have learned and what it remembers: for one that is to go on from it, of any
  /// machine (docs/formats.md). Not in it: clocks, figures, the graph, queues, tickets, what was
  /// archived. Holds up ticks for a moment, some ms for each MiB.
  std::vector<std::byte> save();
  /// Takes that in place of what this engine has learned and remembers; learners go by the names of
  /// their loop or group, so loops are added first. Of one that has other features or knobs, or
  /// learns by another way, nothing is taken. With the same options and seed, and loops added in
  /// the same order, each goes on bit for bit; its own options and limits hold from now on. The
  /// bytes may come from anywhere: takes no more memory than the engine and they have.
  /// @return how many learners of it no loop here can go on with
  /// Errors: FORMAT (no saved state, or of another version), CORRUPT; STATE (it has a store, which
  /// keeps its state; a tick of a loop that learns has not ended). Nothing changed then.
  result<std::uint32_t> load(std::span<const std::byte> bytes);

  // ---- what is seen ----

  /// Declares how one loop bears on another: -1 (conflict) to 1 (synergy). ARG, NOT_FOUND.
  result<void> connect(std::string_view from, std::string_view to, double weight);
  /// Readings for gates and for the load feature. A NaN is the engine's own reading on a real
  /// clock, and not known on a virtual one.
  void supply(const reading& r);
  /// Everything at this instant. Waits for no tick. Some microseconds a loop.
  snapshot_data snapshot();
  /// Hash over the finished ticks so far; see docs/architecture.md, decision 2.
  std::string trace_hash();
  /// Sets all loops' metrics, drops, mean rewards, last errors and the totals to zero; restarting
  /// does not.
  void reset_metrics();

 private:
  explicit engine(std::shared_ptr<detail::body> body) : body_(std::move(body)) {}
  [[noreturn]] static void destroyed_inside() noexcept;
  void hold_bus(function_ref<void(bus&, instant)> f) const;
  result<loop> named(result<std::uint32_t> id);

  std::shared_ptr<detail::body> body_;
};

/// The snapshot for people: a line a loop (the first `rows`), a line of totals, and for each
/// learner a line and what it holds best in each state.
std::string table(const snapshot_data& s, std::size_t rows = 20);

}  // namespace v1
}  // namespace gyre

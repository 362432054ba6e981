// body.hpp - the engine behind its handle: all its parts, in the order in which they hold together.
// Room: engine. Threads: as each part says; snapshot() and trace_hash(): any.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gyre/core/entropy.hpp>
#include <gyre/core/function.hpp>
#include <gyre/core/heap_array.hpp>
#include <gyre/engine/balance.hpp>
#include <gyre/engine/checks.hpp>
#include <gyre/engine/describe.hpp>
#include <gyre/engine/drive.hpp>
#include <gyre/engine/registry.hpp>
#include <gyre/engine/saved_state.hpp>
#include <gyre/engine/starter.hpp>
#include <gyre/run/cores.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Kept alive by the engine and by every thread that may still be inside user code.
class body final : public std::enable_shared_from_this<body> {
 public:
  /// ARG, UNSUPPORTED, and what opening the store says.
  static result<std::shared_ptr<body>> make(engine_options o) {
    GYRE_CHECK(check(o));
    if (o.shards == 0) o.shards = o.driver == driver::workers ? std::min(cores_allowed(), 64U) : 1;
    if (o.seed == 0) o.seed = o.driver == driver::virtual_time ? 1 : entropy();
    if (o.boottime == nullptr) o.boottime = boottime_now;
    auto made = std::make_shared<body>(std::move(o));
    GYRE_CHECK(made->vault.open());
    if (!made->env.clock.own_threads()) (void)made->start();
    return made;
  }

  explicit body(engine_options o)
      : env(std::move(o)), traces(env.clock.own_threads() ? env.options.shards : 1),
        shards(make_shards()), post(env), symbiosis(env), vault(env), readings(env),
        loops(env, post, symbiosis, vault, readings), balance(env, vault, loops.mutex()),
        house(env, post, symbiosis, vault),
        time(env, post, house, vault, readings),
        power(env, post, house, vault, readings, balance, time) {}
  body(const body&) = delete;
  body& operator=(const body&) = delete;

  // The parts, each after those it uses; what a part is stands in its file.
  environment env;
  heap_array<ledger> traces;           ///< one a thread
  vec<owner<shard>> shards;
  detail::post post;
  detail::symbiosis symbiosis;
  detail::vault vault;
  detail::readings readings;
  registry loops;
  detail::balance balance;
  detail::house house;
  drive time;
  starter power;

  bool forked() const noexcept { return power.forked(); }
  bool inside() { return power.inside(); }
  result<void> start() { return power.start(shared_from_this()); }
  result<std::vector<std::string>> stop(duration deadline) { return power.stop(deadline); }

  // ---- external ticks ----

  std::uint32_t acquire(std::span<object_id> ids) {
    std::uint64_t which = 0;
    ids = ids.first(env.desk.take(ids, which));
    for (; which != 0; which &= which - 1) {
      shard& s = *shards[static_cast<std::size_t>(std::countr_zero(which))];
      change(s, [&] { landing(s).acquired(ids, env.clock.now()); });
    }
    return static_cast<std::uint32_t>(std::remove(ids.begin(), ids.end(), 0U) - ids.begin());
  }
  /// STALE
  result<void> with_tick(object_id id, function_ref<void(tick&)> f) {
    const auto run = env.desk.find(id);
    if (run == nullptr) return bad_id(id, kind_tick);
    services at(*shards[run->shard]);
    tick t(run->run, at);
    f(t);
    return ok;
  }
  std::size_t complete(std::span<completion> done) {
    std::size_t ended = 0;
    std::uint64_t which = env.desk.locate(done);
    if (std::popcount(which) > 1 && !env.clock.own_threads()) return complete_in_order(done);
    for (; which != 0; which &= which - 1) {
      shard& s = *shards[static_cast<std::size_t>(std::countr_zero(which))];
      change(s, [&] { ended += landing(s).complete(done, env.clock.now()); });
      post.tell_all(s);
    }
    return ended;
  }

  // ---- its state as bytes ----

  std::vector<std::byte> save() {
    const std::lock_guard lock(loops.mutex());
    const every_lease hold(env);
    return saved_state(env).write();
  }
  result<std::uint32_t> load(std::span<const std::byte> bytes) {
    const std::lock_guard lock(loops.mutex());
    const every_lease hold(env);
    if (vault.present()) return fail(code::state, "the engine has a store, which keeps its state");
    return saved_state(env).read(bytes);
  }

  // ---- looking ----

  std::string trace_hash() {
    const every_lease hold(env);
    return trace_hash_held();
  }
  snapshot_data snapshot() {
    snapshot_data out;
    readings.with_probe([&](const pressure_probe& probe) {
      const every_lease hold(env);
      out.process_cpu_percent = probe.process().cpu_percent;
      out.resident_bytes = probe.process().resident_bytes;
      out.readings = probe.samples();
      describe_all(out);
    });
    return out;
  }
  /// STALE
  result<loop_stats> stats(object_id id) {
    loop_stats out;
    GYRE_CHECK(with_loop(env, id, [&](shard&, loop_record& l) {
      out = describe(env, l, env.clock.now());
      return result<void>(ok);
    }));
    return out;
  }
  /// STALE
  result<loop_histograms> histograms(object_id id) {
    loop_histograms out;
    GYRE_CHECK(with_loop(env, id, [&](shard&, loop_record& l) {
      out = l.metrics.histograms(env.clock.now());
      return result<void>(ok);
    }));
    return out;
  }
  void reset_metrics() {
    loops.reset_metrics();
    const leased hold(shards[0]->owner());
    house.reset();
  }

 private:
  /// One by one, so that what is traced and learned is the same for any number of shards.
  std::size_t complete_in_order(std::span<completion> done) {
    std::size_t ended = 0;
    for (std::size_t i = 0; i < done.size(); ++i) {
      const auto run = env.desk.find(done[i].id);
      if (run == nullptr) continue;
      shard& s = *shards[run->shard];
      change(s, [&] { ended += landing(s).complete(done.subspan(i, 1), env.clock.now()); });
    }
    post.tell_all(*shards[0]);
    return ended;
  }
  vec<owner<shard>> make_shards() {
    vec<owner<shard>> made;
    traces[0].shared = traces.size() < env.options.shards;
    for (std::uint32_t i = 0; i < env.options.shards; ++i) {
      made.push_back(make_owned<shard>(env, i, traces[traces.size() > 1 ? i : 0]));
      env.shards.push_back(made.back().get());
    }
    return made;
  }
  std::string trace_hash_held() const {
    if (traces.size() == 1) return to_hex(traces[0].sum().digest());
    trace all;
    for (const ledger& t : traces) all.add(t.sum());
    return to_hex(all.digest());
  }
  /// Under every lease.
  void describe_all(snapshot_data& out) {
    const instant t = env.clock.now();
    const shard& first = *shards[0];
    out.sequence = ++snapshots_;
    out.now_ms = to_ms(t);
    out.uptime_s = to_s(power.uptime());
    out.running = !env.stopping;
    out.seed = env.options.seed;
    constexpr const char* drivers[] = {"workers", "host", "virtual"};
    out.driver = drivers[static_cast<std::size_t>(env.options.driver)];
    out.shards = env.options.shards;
    out.cpu_percent = first.gates.load().cpu_percent;
    out.memory_percent = first.gates.load().memory_percent;
    out.mode = first.gates.mode();
    describe_loops(env, loops.retired(), t, out);
    out.totals.gaps = house.gaps();
    post.bus().pass_time(t);
    out.bus = post.bus().stats();
    out.score = symbiosis.score_now(t);
    out.symbiosis = symbiosis.analyse(out.totals.loops);
    out.memory = vault.records().stats();
    out.blocks = vault.records().history(50);
    if (vault.present()) out.store = vault.stats();
    for (const auto& s : shards) out.store.lost += s->kept.refused();
    out.trace = trace_hash_held();
  }

  std::uint64_t snapshots_ = 0;  // under every lease
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre

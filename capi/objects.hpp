// objects.hpp - what ids of an engine name; with_loop, with_tick and retire reach it.
// Room: capi. Threads: as the registry; what a mutex guards stands under it.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <gyre/core/scarce.hpp>
#include <gyre/engine.hpp>

#include "callback.hpp"
#include "gyre.h"
#include "registry.hpp"

namespace gyre::capi {

struct engine_object : object {
  static constexpr kind id_kind = kind::engine;
  engine_object() = default;
  /// Frees the engine and all that is its own, then tells the users. Nobody can name it any more.
  ~engine_object();
  std::unique_ptr<gyre::engine> engine;
  gyre_engine id = 0;
  bool own_threads = false;  // callbacks run on threads of the engine's
  std::mutex serving;             // the server; held while it ends
  std::shared_ptr<void> server;   // of gyre_serve_start; ends before the engine does
  std::mutex mutex;  // the rest; taken before any lock of the engine or the table
  std::map<std::uint32_t, gyre_loop> loops;  // by the engine's own id
  std::map<gyre_subscription, std::uint32_t> subscriptions;
  std::vector<std::pair<gyre_tick, std::uint32_t>> ticks;  // acquired, not known to have ended
  std::size_t sweep_at = 0;  // so many of these, and those that have ended are looked for
};

struct loop_object : object {
  static constexpr kind id_kind = kind::loop;
  gyre_engine engine = 0;
  std::atomic<bool> ready{false};  // handle is set: the loop was added
  gyre::loop handle;
  std::shared_ptr<registration> called;  // null: external, or not made through this ABI
};

struct subscription_object : object {
  static constexpr kind id_kind = kind::subscription;
  gyre_engine engine = 0;
  std::uint32_t native = 0;
  std::shared_ptr<registration> called;  // null: polled
  std::mutex mutex;                      // the rest
  owned_message last;                    // its memory is used again
};

/// A tick inside its callback (`running`), or one that the caller acquired (`native`).
struct tick_object : object {
  static constexpr kind id_kind = kind::tick;
  gyre_engine engine = 0;
  gyre::tick* running = nullptr;
  std::uint32_t native = 0;
};

/// with_loop() and with_tick() without the type, so that they exist once.
using loop_call = result<void>(void* f, engine_object& owner, gyre::loop& loop);
using tick_call = result<void>(void* f, gyre::tick& tick);
result<void> call_with_loop(gyre_loop id, loop_call* call, void* f);
result<void> call_with_tick(gyre_tick id, tick_call* call, void* f);

/// Calls f(engine_object&, gyre::loop&) for a live loop of a live engine.
template <class F>
result<void> with_loop(gyre_loop id, F f) {
  const auto call = [](void* p, engine_object& owner, gyre::loop& loop) {
    return result<void>((*static_cast<F*>(p))(owner, loop));
  };
  return call_with_loop(id, call, &f);
}

/// Calls f(gyre::tick&) for a tick that runs, wherever it runs.
template <class F>
result<void> with_tick(gyre_tick id, F f) {
  const auto call = [](void* p, gyre::tick& t) { return result<void>((*static_cast<F*>(p))(t)); };
  return call_with_tick(id, call, &f);
}

/// The C id of a loop by the engine's own id, made on first sight: the society's have none before.
result<gyre_loop> loop_id(engine_object& owner, std::uint32_t native);

/// ... or 0 when it is gone already.
gyre_loop loop_id_or_0(engine_object& owner, std::uint32_t native);

/// Takes a loop or subscription that has left its engine out of the table, and tells its user. The
/// caller holds no lock and no pin.
template <class T>
result<void> retire(std::uint32_t id) {
  GYRE_TRY(object, table().take<T>(id));
  const std::unique_ptr<T> dead(object);
  if (dead->called) dead->called->end();
  return ok;
}

}  // namespace gyre::capi

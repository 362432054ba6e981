// objects.cpp - what must live before a call on an id runs; ends an engine's ids.
// Room: capi. Threads: all of it from any thread; the owner's mutex guards its ids.
#include "objects.hpp"

namespace gyre::capi {

engine_object::~engine_object() {
  server.reset();
  // A thread that is stuck in a callback keeps the engine's core, and so every function in it; it
  // holds its own user data itself. All others are told, once no function is left to be called.
  engine.reset();
  for (const auto& [tick, native] : ticks) {  // to say that one is stale already takes memory
    (void)detail::if_memory([id = tick] { (void)destroy<tick_object>(id); });
  }
  for (const auto& [native, loop] : loops) (void)retire<loop_object>(loop);
  for (const auto& [subscription, native] : subscriptions) {
    (void)retire<subscription_object>(subscription);
  }
}

result<void> call_with_loop(gyre_loop id, loop_call* call, void* f) {
  GYRE_TRY(object, pin<loop_object>(id));
  GYRE_TRY(owner, pin<engine_object>(object->engine));
  if (!object->ready.load(std::memory_order_acquire)) {
    return fail(code::state, "the loop is still being added");
  }
  return call(f, *owner, object->handle);
}

result<void> call_with_tick(gyre_tick id, tick_call* call, void* f) {
  GYRE_TRY(object, pin<tick_object>(id, true));
  if (object->running) return call(f, *object->running);
  GYRE_TRY(owner, pin<engine_object>(object->engine));
  result<void> done = ok;
  GYRE_CHECK(owner->engine->with_tick(object->native, [&](gyre::tick& t) { done = call(f, t); }));
  return done;
}

result<gyre_loop> loop_id(engine_object& owner, std::uint32_t native) {
  const std::lock_guard<std::mutex> hold(owner.mutex);
  if (const auto known = owner.loops.find(native); known != owner.loops.end()) {
    return known->second;
  }
  GYRE_TRY(handle, owner.engine->at(native));
  auto object = std::make_unique<loop_object>();
  object->engine = owner.id;
  object->handle = handle;
  object->ready.store(true, std::memory_order_release);
  const auto place = owner.loops.emplace(native, 0).first;
  detail::undo unknown([&]() noexcept { owner.loops.erase(place); });
  GYRE_TRY(id, adopt(std::move(object)));
  unknown.keep();
  return place->second = id;
}

gyre_loop loop_id_or_0(engine_object& owner, std::uint32_t native) {
  if (native == 0) return 0;
  const auto id = loop_id(owner, native);
  return id ? *id : 0;
}

}  // namespace gyre::capi

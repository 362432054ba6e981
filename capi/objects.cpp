// objects.cpp - finds the id of a loop that the engine names by its own.
// Room: capi. Threads: all of it from any thread; the owner's mutex guards its ids.
#include "objects.hpp"

namespace gyre::capi {

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
  GYRE_TRY(id, adopt(std::move(object)));
  owner.loops.emplace(native, id);
  return id;
}

gyre_loop loop_id_or_0(engine_object& owner, std::uint32_t native) {
  if (native == 0) return 0;
  const auto id = loop_id(owner, native);
  return id ? *id : 0;
}

}  // namespace gyre::capi

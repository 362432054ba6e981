// registry.hpp - the process's one registry: what its ids name, found again by every call.
// Room: capi. Threads: all of it from any thread.
#pragma once
#include <cstdint>
#include <memory>

#include <gyre/core/result.hpp>

#include "handles.hpp"

namespace gyre::capi {

/// The one table. It is never destroyed: detached threads of stuck callbacks may outlive main().
/// The child of a fork has one of its own, in which the ids from before are FORKED.
handle_table& table();

template <class T>
result<handle_table::pinned<T>> pin(std::uint32_t id, bool exclusive = false) {
  return table().pin<T>(id, exclusive);
}

/// Takes an object that the table alone owns out of it and frees it.
template <class T>
result<void> destroy(std::uint32_t id) {
  GYRE_TRY(object, table().take<T>(id));
  delete object;
  return ok;
}

/// Names a new object that the table alone owns.
template <class T>
result<std::uint32_t> adopt(std::unique_ptr<T> object) {
  GYRE_TRY(id, table().insert(object.get()));
  object.release();
  return id;
}

}  // namespace gyre::capi

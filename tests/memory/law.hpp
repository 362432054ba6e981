// law.hpp - what must hold of a memory at every moment, and its state as bytes.
// Room: tests. Threads: one.
#pragma once

#include <vector>

#include <gyre/memory/memory.hpp>

#include "catch.hpp"

inline void require_law(const gyre::memory& m) {
  const auto s = m.stats();
  REQUIRE(s.remembered == s.in_ring + s.in_blocks + s.archived + s.evicted + s.merged);
  REQUIRE(s.resident_bytes <= s.budget_bytes);
}

inline std::vector<std::byte> saved(const gyre::memory& m) {
  gyre::byte_writer out;
  m.save(out);
  return out.take();
}

// record.hpp - what memory keeps, and the question that finds it again.
// Room: memory. Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gyre {
inline namespace v1 {

/// A thing to remember: text or JSON, with where it comes from.
struct record {
  std::int64_t wall_ms = 0;                       ///< ms since 1970; 0: the time of remember()
  std::string text = {};                          ///< plain text or JSON; not looked into
  std::string user = {}, role = {}, source = {};  ///< the engine puts the loop's name into `source`
  std::vector<std::string> tags = {};             ///< at most 64
  double importance = 0.5;                        ///< 0..1
  std::uint32_t count = 1;                        ///< how often it was remembered; at least 1
};

/// What to recall. Every field given must hold; an empty field matches all.
struct query {
  std::int64_t from_ms = INT64_MIN;  ///< first ms that counts
  std::int64_t to_ms = INT64_MAX;    ///< last ms that counts
  std::string tag = {}, user = {}, source = {};                     ///< equal
  std::string text = {};      ///< part of the text, letters A-Z as a-z
  std::uint32_t limit = 100;  ///< at most so many, the newest
};

}  // namespace v1
}  // namespace gyre

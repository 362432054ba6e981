// row.hpp - one record as bytes, a view of those, and whether a question means it.
// Room: memory. Threads: pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <gyre/core/bytes.hpp>
#include <gyre/core/result.hpp>
#include <gyre/memory/record.hpp>
#include <span>
#include <string>
#include <string_view>

namespace gyre {
inline namespace v1 {

/// A record still lying in its bytes: the views live as long as those do.
struct record_view {
  std::int64_t wall_ms = 0;
  double importance = 0;
  std::uint32_t count = 1;
  std::uint32_t tag_count = 0;
  std::string_view user, role, source, text;
  std::string_view tags;  ///< tag_count times length and bytes, as in the row
};

/// A record's identity, see row, as 128 bits of SipHash.
using record_hash = std::array<std::uint64_t, 2>;

/// A record's row: i64 time, f64 importance, varint count, then its *identity*: user, role, source,
/// tags, text. Two records are duplicates when their identities are the same bytes.
namespace row {
/// Errors: arg, naming the field; nothing was written.
inline result<void> write(byte_writer& out, const record& r, std::int64_t wall_ms) {
  if (!(r.importance >= 0 && r.importance <= 1)) {
    return fail(code::arg, "importance ", r.importance, " is not in 0..1");
  }
  if (r.tags.size() > 64) return fail(code::arg, r.tags.size(), " tags; at most 64");
  if (r.count == 0) return fail(code::arg, "count 0; at least 1");
  out.i64(wall_ms);
  out.f64(r.importance);
  out.varint(r.count);
  out.str(r.user);
  out.str(r.role);
  out.str(r.source);
  out.varint(r.tags.size());
  for (const std::string& tag : r.tags) out.str(tag);
  out.str(r.text);
  return ok;
}

inline bool take_tags(byte_reader& in, std::span<const std::byte> all, record_view& view) {
  const std::uint64_t n = in.varint();
  if (n > 64) return false;
  const std::size_t from = all.size() - in.remaining();
  for (std::uint64_t i = 0; i < n; ++i) in.str();
  if (!in.ok()) return false;
  view.tag_count = static_cast<std::uint32_t>(n);
  view.tags = as_text(all.subspan(from, all.size() - in.remaining() - from));
  return true;
}

/// Errors: corrupt. Any bytes are safe.
inline result<record_view> read(std::span<const std::byte> bytes) {
  byte_reader in(bytes);
  record_view view;
  view.wall_ms = in.i64();
  view.importance = in.f64();
  const std::uint64_t count = in.varint();
  view.user = in.str();
  view.role = in.str();
  view.source = in.str();
  const bool tags = in.ok() && take_tags(in, bytes, view);
  view.text = in.str();
  const bool sane =
      count >= 1 && count <= UINT32_MAX && view.importance >= 0 && view.importance <= 1;
  if (!tags || !in.ok() || in.remaining() != 0 || !sane) return fail(code::corrupt, "not a record");
  view.count = static_cast<std::uint32_t>(count);
  return view;
}

/// The bytes that make a record the same as another one, written behind what `out` holds.
inline void write_identity(byte_writer& out, const record_view& view) {
  out.str(view.user);
  out.str(view.role);
  out.str(view.source);
  out.varint(view.tag_count);
  out.raw(as_bytes(view.tags));
  out.str(view.text);
}

/// The whole row again.
inline void write(byte_writer& out, const record_view& view) {
  out.i64(view.wall_ms);
  out.f64(view.importance);
  out.varint(view.count);
  write_identity(out, view);
}

/// The record of a view, into one that is empty.
inline void copy_to(record& r, const record_view& view) {
  r.wall_ms = view.wall_ms;
  r.importance = view.importance;
  r.count = view.count;
  r.user.assign(view.user);
  r.role.assign(view.role);
  r.source.assign(view.source);
  r.text.assign(view.text);
  byte_reader tags(as_bytes(view.tags));
  r.tags.reserve(view.tag_count);
  for (std::uint32_t i = 0; i < view.tag_count; ++i) r.tags.emplace_back(tags.str());
}
inline record to_record(const record_view& view) {
  record r;
  copy_to(r, view);
  return r;
}

inline char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// `part` within `text`, ASCII letters alike; O(text · part) at worst.
inline bool contains(std::string_view text, std::string_view part) noexcept {
  if (part.size() > text.size()) return false;
  for (std::size_t at = 0; at + part.size() <= text.size(); ++at) {
    std::size_t same = 0;
    while (same < part.size() && lower(text[at + same]) == lower(part[same])) ++same;
    if (same == part.size()) return true;
  }
  return false;
}

inline bool matches(const record_view& view, const query& q) {
  if (view.wall_ms < q.from_ms || view.wall_ms > q.to_ms) return false;
  if (!q.user.empty() && view.user != q.user) return false;
  if (!q.source.empty() && view.source != q.source) return false;
  if (!q.tag.empty()) {
    byte_reader tags(as_bytes(view.tags));
    bool found = false;
    for (std::uint32_t i = 0; i < view.tag_count && !found; ++i) found = tags.str() == q.tag;
    if (!found) return false;
  }
  return q.text.empty() || contains(view.text, q.text);
}
}  // namespace row

}  // namespace v1
}  // namespace gyre

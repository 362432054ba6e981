// pool.hpp - the bytes of all messages under way, each once however many queues it is in.
// Room: bus. Threads: one owner at a time. Held by queues.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gyre/bus/message.hpp>
#include <gyre/core/vec.hpp>
#include <memory>
#include <utility>

namespace gyre {
inline namespace v1 {

/// Bytes of messages by number, shared by reference counts. Buffers come in powers of two and are
/// kept for the next message, up to `keep_bytes`; so a steady flow allocates nothing.
class message_pool {
 public:
  static constexpr std::uint32_t none = 0xffffffffU;

  explicit message_pool(std::size_t keep_bytes) noexcept : keep_bytes_(keep_bytes) {
    for (std::uint32_t& head : free_) head = none;
  }

  /// Copies `m` in; its number, with no reference to it yet.
  std::uint32_t store(const message& m) {
    const std::size_t size = m.topic.size() + m.payload.size();
    std::uint32_t kind = 0;
    while (class_bytes(kind) < size) ++kind;
    const std::uint32_t index = vacant(kind);
    entry& e = entries_[index];
    // memmove: an empty view may be null, and a handler may pass on a part of its own message.
    if (!m.topic.empty()) std::memmove(e.data.get(), m.topic.data(), m.topic.size());
    if (!m.payload.empty()) {
      std::memmove(e.data.get() + m.topic.size(), m.payload.data(), m.payload.size());
    }
    e.m = m;
    e.m.topic = {reinterpret_cast<const char*>(e.data.get()), m.topic.size()};
    e.m.payload = {e.data.get() + m.topic.size(), m.payload.size()};
    e.references = 0;
    ++live_;
    return index;
  }
  void retain(std::uint32_t index) noexcept { ++entries_[index].references; }
  /// Gives one reference back; the last one frees the message.
  void release(std::uint32_t index) noexcept {
    entry& e = entries_[index];
    if (--e.references != 0) return;
    --live_;
    std::uint32_t list = e.kind;
    if (kept_ + class_bytes(e.kind) > keep_bytes_) {
      e.data.reset();
      list = empties;
    } else {
      kept_ += class_bytes(e.kind);
    }
    e.next = free_[list];
    free_[list] = index;
  }
  /// Its topic and payload stay where they are until the last release.
  const message& operator[](std::uint32_t index) const noexcept { return entries_[index].m; }
  static std::size_t bytes(const message& m) noexcept { return m.topic.size() + m.payload.size(); }
  std::size_t live() const noexcept { return live_; }
  std::size_t kept_bytes() const noexcept { return kept_; }

 private:
  static constexpr std::uint32_t classes = 25, empties = classes;  // 64 B to 1 GiB; no buffer
  struct entry {
    message m;
    std::unique_ptr<std::byte[]> data;
    std::uint32_t references = 0, kind = 0, next = none;
  };
  static constexpr std::size_t class_bytes(std::uint32_t kind) noexcept {
    return std::size_t{64} << kind;
  }
  std::uint32_t pop(std::uint32_t list) noexcept {
    const std::uint32_t index = free_[list];
    if (index != none) free_[list] = entries_[index].next;
    return index;
  }
  std::uint32_t vacant(std::uint32_t kind) {
    std::uint32_t index = pop(kind);
    if (index != none) {
      kept_ -= class_bytes(kind);
      return index;
    }
    std::unique_ptr<std::byte[]> data(new std::byte[class_bytes(kind)]);
    index = pop(empties);
    if (index == none) {
      index = static_cast<std::uint32_t>(entries_.size());
      entries_.emplace_back();
    }
    entries_[index].data = std::move(data);
    entries_[index].kind = kind;
    return index;
  }

  vec<entry> entries_;
  std::uint32_t free_[classes + 1];  // heads of lists through entry::next
  std::size_t keep_bytes_, kept_ = 0, live_ = 0;
};

}  // namespace v1
}  // namespace gyre

// traces.hpp - the cells that led here, with what part of a surprise each is to hear of.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/bytes.hpp>
#include <gyre/core/result.hpp>
#include <gyre/core/vec.hpp>
#include <string>

namespace gyre {
inline namespace v1 {

/// Replacing eligibility traces (Singh and Sutton 1996) of indices, the newest 1, each that came
/// before less. Only the newest `most` that are at least `least` are kept, so an update costs no
/// more than that many cells, whatever the size of the table.
class traces {
 public:
  struct trace {
    std::uint32_t at = 0;
    float part = 0;
  };
  static constexpr float least = 0.01F;

  explicit traces(std::uint32_t most) : most_(most) { all_.reserve(most); }  ///< @pre most > 0

  const trace* begin() const noexcept { return all_.begin(); }
  const trace* end() const noexcept { return all_.end(); }
  std::uint32_t most() const noexcept { return most_; }
  void clear() noexcept { all_.clear(); }

  /// All to `by` of what they are, 0..1; those under `least` are forgotten.
  void fade(float by) noexcept {
    std::size_t kept = 0;
    for (const trace& t : all_) {
      const trace faded{t.at, t.part * by};
      if (faded.part >= least) all_[kept++] = faded;
    }
    all_.resize(kept);
  }
  /// An index that was just visited: 1.
  void visit(std::uint32_t at) noexcept {
    std::size_t kept = 0;
    for (const trace& t : all_) {
      if (t.at != at) all_[kept++] = t;
    }
    if (kept == most_) {
      for (std::size_t i = 1; i < kept; ++i) all_[i - 1] = all_[i];
      --kept;
    }
    all_.resize(kept);
    all_.push_back({at, 1});  // never reallocates
  }

  void save(byte_writer& out) const {
    out.varint(all_.size());
    for (const trace& t : all_) {
      out.varint(t.at);
      out.f32(t.part);
    }
  }
  /// What save() wrote of indices under `indices`. code::corrupt: there are none then.
  result<void> load(byte_reader& in, std::uint64_t indices) {
    all_.clear();
    const std::uint64_t n = in.varint();
    if (!in.ok()) return fail(code::corrupt, "traces: they end early");
    for (std::uint64_t i = 0; i < n; ++i) {
      const std::uint64_t at = in.varint();
      const float part = in.f32();
      if (!in.ok() || at >= indices || !(part >= least && part <= 1) || all_.size() == most_) {
        all_.clear();
        return fail(code::corrupt, "traces: one is damaged");
      }
      all_.push_back({static_cast<std::uint32_t>(at), part});
    }
    return ok;
  }

 private:
  std::uint32_t most_;
  vec<trace> all_;  // the oldest first
};

}  // namespace v1
}  // namespace gyre

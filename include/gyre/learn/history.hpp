// history.hpp - the last decisions of a tuner, with what they earned: a log for what_if().
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <gyre/core/vec.hpp>
#include <gyre/learn/what_if.hpp>

namespace gyre {
inline namespace v1 {

/// At most so many, 24 bytes each, in memory that grows with what there is; then the oldest goes.
class history {
 public:
  static constexpr std::uint32_t limit = 1'048'576;  ///< of `most`
  static constexpr std::uint32_t usual = 1024;
  explicit history(std::uint32_t most) noexcept : most_(most) {}

  /// Throws std::bad_alloc, with nothing changed.
  void add(const logged_choice& c) {
    if (rows_.size() < most_) {
      rows_.push_back(c);
    } else if (most_ > 0) {
      rows_[oldest_] = c;
      oldest_ = oldest_ + 1 < most_ ? oldest_ + 1 : 0;
    }
    ++ever_;
  }
  /// Those from number `from` on that are held still.
  decision_log read(std::uint64_t from = 0) const {
    decision_log out;
    out.first = std::clamp(from, ever_ - rows_.size(), ever_);
    out.rows.reserve(static_cast<std::size_t>(ever_ - out.first));
    for (std::uint64_t i = out.first; i < ever_; ++i) out.rows.push_back(row(i));
    return out;
  }
  std::uint32_t most() const noexcept { return most_; }
  std::size_t size() const noexcept { return rows_.size(); }
  std::uint64_t ever() const noexcept { return ever_; }  ///< with those that went
  std::size_t bytes() const noexcept { return rows_.capacity() * sizeof(logged_choice); }

  /// Writes all of it: varint ever added, varint how many, of each varint cell (state x actions +
  /// action), f64 propensity, f64 reward. `Writer` is byte_writer, `Reader` byte_reader.
  template <class Writer>
  void save(Writer& out, std::uint32_t actions) const {
    out.varint(ever_);
    out.varint(rows_.size());
    for (std::uint64_t i = ever_ - rows_.size(); i < ever_; ++i) {
      const logged_choice& c = row(i);
      out.varint(std::uint64_t{c.state} * actions + c.action);
      out.f64(c.propensity);
      out.f64(c.reward);
    }
  }
  /// Takes over what save() wrote, the newest `most` of it. False: it is none, and nothing changed.
  template <class Reader>
  bool load(Reader& in, std::uint32_t states, std::uint32_t actions) {
    history read(most_);
    const std::uint64_t ever = in.varint(), count = in.varint();
    if (count > limit || count > ever) return false;
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
      const std::uint64_t cell = in.varint();
      const double propensity = in.f64(), reward = in.f64();
      const bool sound = cell < std::uint64_t{states} * actions && propensity > 0 &&
                         propensity <= 1 && std::isfinite(reward);
      if (!sound) return false;
      read.add({static_cast<std::uint32_t>(cell / actions),
                static_cast<std::uint32_t>(cell % actions), propensity, reward});
    }
    if (!in.ok()) return false;
    read.ever_ = ever;
    *this = std::move(read);
    return true;
  }

 private:
  /// @pre it is held
  const logged_choice& row(std::uint64_t number) const noexcept {
    const std::uint64_t i = oldest_ + (number - (ever_ - rows_.size()));
    return rows_[static_cast<std::size_t>(i < rows_.size() ? i : i - rows_.size())];
  }

  std::uint32_t most_, oldest_ = 0;
  std::uint64_t ever_ = 0;
  vec<logged_choice> rows_;
};

}  // namespace v1
}  // namespace gyre

// belief.hpp - what is believed of the worth of each cell of a grid, under one hypothesis.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/vec.hpp>
#include <gyre/learn/kernel.hpp>
#include <gyre/learn/portable_math.hpp>

namespace gyre {
inline namespace v1 {

/// What each() of a part shows its numbers to. Both directions go through one list of them, so
/// that what is written is what is read. `Writer` is byte_writer, `Reader` byte_reader: parameters,
/// since learning knows nothing of bytes.
template <class Writer>
struct saving {
  Writer& out;
  void operator()(float v) { out.f32(v); }
  void operator()(double v) { out.f64(v); }
  void operator()(std::uint32_t v) { out.varint(v); }
  void operator()(std::uint64_t v) { out.varint(v); }
};
template <class Reader>
struct loading {
  Reader& in;
  bool sound = true;  ///< every number so far is finite
  void operator()(float& v) {
    v = in.f32();
    sound = std::isfinite(v) && sound;
  }
  void operator()(double& v) {
    v = in.f64();
    sound = std::isfinite(v) && sound;
  }
  void operator()(std::uint32_t& v) { v = static_cast<std::uint32_t>(in.varint()); }
  void operator()(std::uint64_t& v) { v = in.varint(); }
};

/// A way the world may be. A belief holds one to be true; several beside each other are weighed.
struct hypothesis {
  likeness how = likeness::wide;
  float signal = 1;  ///< variance of worth between cells, in units of the noise's variance
  float drift = 0;   ///< part of what is known that is out of date after each observation, 0..1
};

/// A Gaussian over the worth of all cells: worth = row . w + own, with w ~ N(mean, P) and `own`
/// independent between cells. Variances are in units of the noise's, which is learned as well: so
/// the unit of the reward does not matter, and P depends on which cells were seen alone. An
/// observation is the textbook update of w and of the cell's own part; that these two are
/// correlated afterwards is dropped, which is what keeps an update at modes^2, whatever the cells.
class belief {
 public:
  /// `tracked`: the variance of each cell is kept, which costs modes x cells an observation and
  /// makes a choice among all of them cheap.
  belief(const hypothesis& h, const basis& modes, std::uint32_t cells, bool tracked)
      : hypothesis_(h),
        stride_(modes.stride()),
        cells_(cells),
        own_at_(stride_ * (stride_ + 1)),
        tracked_(tracked),
        data_(own_at_ + std::size_t{cells} * (tracked ? 3 : 2)) {
    start(modes, 1);
  }

  const hypothesis& assumes() const noexcept { return hypothesis_; }
  /// Nothing is known, and `keep` (0..1) of the means is left as the best guess.
  void reset(const basis& modes, float keep) noexcept {
    for (std::size_t i = 0; i < matrix(); ++i) data_[i] = 0;
    for (std::uint32_t i = 0; i < stride_; ++i) data_[i * std::size_t{stride_ + 1}] = prior();
    for (std::uint32_t i = 0; i < stride_; ++i) weights()[i] *= keep;
    for (std::size_t c = 0; c < cells_; ++c) {
      own_mean()[c] *= keep;
      own_known()[c] = 0;
      if (tracked_) shared()[c] = prior() * (1 - modes.rest(c));
    }
    decay_ = 1;
    seen_ = std::min(seen_, remembered);
  }
  /// Rewards since reset(), at most 180.
  float since_reset() const noexcept { return seen_ - remembered; }
  /// Starts anew: every mean 0, the noise by what rewards vary in all.
  void start(const basis& modes, double variance) noexcept {
    reset(modes, 0);
    seen_ = 2;
    noise_ = variance / (1 + static_cast<double>(hypothesis_.signal));
  }
  /// Takes over what the other knows. @pre both assume one likeness and signal, of as many cells
  void learn_from(const belief& other) noexcept {
    std::copy(other.data_.begin(), other.data_.end(), data_.begin());
    noise_ = other.noise_;
    seen_ = other.seen_;
    decay_ = other.decay_;
  }

  double noise() const noexcept { return noise_; }  ///< variance of one reward around its mean
  float mean(const cell_view& at, std::uint32_t cell) const noexcept {
    return portable::dot(at.row, weights(), stride_) + own_mean()[cell];
  }
  /// Of the cell's worth, in units of noise().
  float variance(const cell_view& at, std::uint32_t cell) const noexcept {
    float out[basis::most_modes];
    return std::max(portable::quadratic(covariance(), at.row, out, stride_), 0.0F) +
           own_variance(at.rest, cell);
  }
  /// The mean of w, which mean() multiplies by the row; and a cell's own mean, which it adds.
  const float* weights() const noexcept { return data_.data() + matrix(); }
  float own_mean(std::uint32_t cell) const noexcept { return own_mean()[cell]; }
  /// Of a cell's own part, in units of noise().
  [[gnu::always_inline]] float own_variance(float rest, std::uint32_t cell) const noexcept {
    const float whole = prior() * rest;
    return std::max(whole - own_known()[cell] * decay_, 1e-7F * whole);
  }
  /// Of what a cell has from the modes, where that is tracked.
  bool tracked() const noexcept { return tracked_; }
  float shared_variance(std::uint32_t cell) const noexcept { return shared()[cell]; }
  /// P, stride() x stride() of the modes.
  const float* covariance() const noexcept { return data_.data(); }

  /// How many deviations y is from what a cell was expected to earn.
  double surprise(const cell_view& at, std::uint32_t cell, double y) const noexcept {
    const float known = tracked_ ? shared_variance(cell) + own_variance(at.rest, cell)
                                 : variance(at, cell);
    const double total = noise_ * static_cast<double>(1 + known);
    return std::fabs(y - static_cast<double>(mean(at, cell))) / std::sqrt(total);
  }
  /// Learns that a cell earned y, which counts as `most` deviations from what was expected where it
  /// is more; returns the log density that y had before, which has heavy tails so that no reward,
  /// however far out, decides alone.
  double observe(const basis& modes, const cell_view& at, std::uint32_t cell, double y,
                 double most) noexcept {
    age(modes);
    float gain[basis::most_modes];
    const float own = own_variance(at.rest, cell);
    const float known = std::max(portable::quadratic(covariance(), at.row, gain, stride_), 0.0F);
    const float p = known + own;
    const double error = y - static_cast<double>(mean(at, cell));
    const double total = noise_ * static_cast<double>(1 + p);
    const double tail = std::min(1 + error * error / (4 * total), 1e30);
    const double density = -.5 * portable::log(total * (tail * tail) * (tail * tail) * tail);

    const double bound = most * std::sqrt(total);
    const double e = std::clamp(error, -bound, bound);
    seen_ = std::min(seen_ + 1, 200.0F);
    noise_ += (e * e / static_cast<double>(1 + p) - noise_) / static_cast<double>(seen_);
    noise_ = std::max(noise_, least_noise);

    const float step = static_cast<float>(e / static_cast<double>(1 + p));
    portable::add_scaled(weights(), step, gain, stride_);
    const float root = 1 / std::sqrt(1 + p);
    for (std::uint32_t i = 0; i < stride_; ++i) gain[i] *= root;  // so that P stays symmetric
    for (std::uint32_t i = 0; i < stride_; ++i) {
      portable::add_scaled(data_.data() + std::size_t{i} * stride_, -gain[i], gain, stride_);
    }
    float* const left = shared();
    for (std::uint32_t c = 0; tracked_ && c < cells_; ++c) {
      const float together = portable::dot(modes.action_row(c), gain, stride_);
      left[c] = std::max(left[c] - together * together, 0.0F);
    }
    own_mean()[cell] += own * step;
    own_known()[cell] = (prior() * at.rest - (own - own * own / (1 + p))) / decay_;
    return density;
  }

  std::size_t bytes() const noexcept { return sizeof *this + 4 * data_.size(); }
  /// Shows every number that learning changes to `io`, for saving and restoring alike.
  template <class Io>
  void each(Io& io) {
    for (float& v : data_) io(v);
    io(noise_);
    io(seen_);
    io(decay_);
  }

 private:
  static constexpr float remembered = 20;  ///< rewards that the noise is known from after reset()
  static constexpr double least_noise = 1e-12;  ///< in the unit that rewards were brought to

  std::size_t matrix() const noexcept { return std::size_t{stride_} * stride_; }
  float* weights() noexcept { return data_.data() + matrix(); }
  float* own_mean() noexcept { return data_.data() + own_at_; }
  const float* own_mean() const noexcept { return data_.data() + own_at_; }
  float* own_known() noexcept { return own_mean() + cells_; }
  const float* own_known() const noexcept { return own_mean() + cells_; }
  float* shared() noexcept { return own_mean() + 2 * std::size_t{cells_}; }
  const float* shared() const noexcept { return own_mean() + 2 * std::size_t{cells_}; }
  float prior() const noexcept { return hypothesis_.signal; }
  /// What is known grows old: P moves towards the prior.
  void age(const basis& modes) noexcept {
    const float d = hypothesis_.drift;
    if (d > 0) {
      const portable::lanes keep = portable::all(1 - d);
      for (std::size_t i = 0; i < matrix(); i += 4) {
        portable::store(&data_[i], portable::load(&data_[i]) * keep);
      }
      decay_ *= 1 - d;
      if (decay_ < 1e-12F) {
        for (std::size_t c = 0; c < cells_; ++c) own_known()[c] *= decay_;
        decay_ = 1;
      }
    }
    const float add = prior() * std::max(d, 1e-9F);  // never none: else floats lose what is left
    for (std::uint32_t i = 0; i < stride_; ++i) data_[i * std::size_t{stride_ + 1}] += add;
    float* const left = shared();
    for (std::uint32_t c = 0; tracked_ && c < cells_; ++c) {
      left[c] = left[c] * (1 - d) + add * (1 - modes.rest(c));
    }
  }

  hypothesis hypothesis_;
  std::uint32_t stride_, cells_;
  std::uint32_t own_at_;  ///< of data_, where the cells' own means begin
  bool tracked_;
  /// P, w; of each cell its own mean, how much of its own variance is known, and, where tracked,
  /// the variance that it has from the modes.
  /// Own parts are aged all at once: what is known of one shrinks by the common factor `decay_`.
  vec<float> data_;
  double noise_ = 1;
  float seen_ = 2;   ///< rewards that the noise is known from, at most 200
  float decay_ = 1;
};

}  // namespace v1
}  // namespace gyre

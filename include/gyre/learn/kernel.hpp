// kernel.hpp - which cells of a grid are expected to earn alike, as a few modes they vary in.
// Room: learn. Threads: immutable once made; const calls may run concurrently.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/vec.hpp>
#include <gyre/learn/options.hpp>
#include <gyre/learn/portable_math.hpp>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

/// How alike neighbours are held to be before anything is known. The covariance of two values of a
/// knob with order is exp(-(d / length)^2 / 2), d their distance in rank as a part of the knob's
/// range; of two values without order it is 0.2. Knobs multiply.
enum class likeness : std::uint8_t {
  wide,    ///< length 0.35: one broad hill
  narrow,  ///< length 0.15: a narrow one, or several
  rough,   ///< no knob has order
};
inline constexpr std::uint32_t likenesses = 3;

/// One cell of a grid as a belief sees it: weights of the modes, and what they leave.
struct cell_view {
  const float* row;  ///< the modes there, times the root of each one's prior variance; padded by 0
  float rest;        ///< prior variance that no mode has: with the row's square, 1
};

namespace detail {

/// The covariance of one axis by its eigenvectors, the greatest value first; of axes with more than
/// `knots` values that of as many knots, and lines between them.
struct axis_modes {
  static constexpr std::uint32_t knots = 40;
  std::uint32_t count = 1, modes = 1;
  vec<double> value;   ///< variance of each mode, summed over the knots
  vec<double> vector;  ///< count x modes

  axis_modes(const axis& of, double length) : count(of.count) {
    if (!of.ordered) length = 0;
    if (length <= 0 && count > knots) {  // all that values without order share is their mean
      modes = 1;
      value = {.2 * count + .8};
      vector.assign(count, 1 / std::sqrt(static_cast<double>(count)));
      return;
    }
    modes = std::min(count, knots);
    vec<double> k(std::size_t{modes} * modes);
    for (std::uint32_t i = 0; i < modes; ++i) {
      for (std::uint32_t j = 0; j < modes; ++j) {
        const double d = (double(i) - double(j)) / std::max(modes - 1, 1U);
        k[i * modes + j] = length > 0 ? portable::exp(-d * d / (2 * length * length))
                                      : (i == j ? 1 : .2);
      }
    }
    vec<double> v = diagonalise(k);
    sort(k, v);
    stretch(v);
  }

 private:
  /// Jacobi's method, cyclic: leaves the eigenvalues on the diagonal of k, returns the vectors.
  vec<double> diagonalise(vec<double>& k) const {
    const std::uint32_t n = modes;
    vec<double> v(k.size(), 0);
    for (std::uint32_t i = 0; i < n; ++i) v[i * n + i] = 1;
    for (int sweep = 0; sweep < 30; ++sweep) {
      double off = 0;
      for (std::uint32_t p = 0; p < n; ++p) {
        for (std::uint32_t q = p + 1; q < n; ++q) {
          off += k[p * n + q] * k[p * n + q];
          if (std::fabs(k[p * n + q]) > 1e-13) rotate(k, v, p, q);
        }
      }
      if (off < 1e-18) break;
    }
    return v;
  }
  void rotate(vec<double>& k, vec<double>& v, std::uint32_t p,
              std::uint32_t q) const {
    const std::uint32_t n = modes;
    const double theta = (k[q * n + q] - k[p * n + p]) / (2 * k[p * n + q]);
    const double t = (theta >= 0 ? 1 : -1) / (std::fabs(theta) + std::sqrt(theta * theta + 1));
    const double c = 1 / std::sqrt(t * t + 1), s = t * c;
    const auto turn = [&](double& x, double& y) {
      const double was = x;
      x = c * was - s * y;
      y = s * was + c * y;
    };
    for (std::uint32_t i = 0; i < n; ++i) turn(k[i * n + p], k[i * n + q]);
    for (std::uint32_t i = 0; i < n; ++i) turn(k[p * n + i], k[q * n + i]);
    for (std::uint32_t i = 0; i < n; ++i) turn(v[i * n + p], v[i * n + q]);
  }
  void sort(const vec<double>& k, vec<double>& v) {
    vec<std::pair<double, std::uint32_t>> order;
    for (std::uint32_t i = 0; i < modes; ++i) order.emplace_back(-k[i * modes + i], i);
    std::sort(order.begin(), order.end());
    const vec<double> from = v;
    value.clear();
    for (std::uint32_t m = 0; m < modes; ++m) {
      value.push_back(std::max(-order[m].first, 0.0));
      for (std::uint32_t i = 0; i < modes; ++i) {
        v[i * modes + m] = from[i * modes + order[m].second];
      }
    }
  }
  void stretch(const vec<double>& v) {
    vector.assign(std::size_t{count} * modes, 0);
    for (std::uint32_t i = 0; i < count; ++i) {
      const double at = count > 1 ? double(i) * (modes - 1) / (count - 1) : 0;
      const auto left = std::min(static_cast<std::uint32_t>(at), modes - 1);
      const std::uint32_t right = std::min(left + 1, modes - 1);
      for (std::uint32_t m = 0; m < modes; ++m) {
        const double a = v[left * modes + m], b = v[right * modes + m];
        vector[std::size_t{i} * modes + m] = a + (at - left) * (b - a);
      }
    }
  }
};

}  // namespace detail

/// The modes of a grid of actions, or of states x actions. Those of a product of kernels are
/// products of the knobs' modes, so no matrix of cells x cells is ever made. What the `most_modes`
/// greatest leave, and always a part `own` of the variance, each cell has for itself: no shape is
/// ruled out.
class basis {
 public:
  static constexpr std::uint32_t most_modes = 24;  ///< a multiple of 4
  static constexpr double own = 0.03;
  static constexpr double state_length = 0.3;  ///< of features with order

  basis() = default;
  /// Of actions alone. @pre tuner_shape::size(knobs) <= tuner_shape::max_cells, most <= most_modes
  basis(const std::vector<axis>& knobs, likeness how, std::uint32_t most)
      : actions_(table(knobs, length_of(how), most, how == likeness::rough)) {
    finish();
  }
  /// Of states x actions: cell = state * actions + action.
  basis(const std::vector<axis>& features, const std::vector<axis>& knobs, likeness how,
        std::uint32_t most)
      : actions_(table(knobs, length_of(how), most, false)),
        states_(table(features, state_length, most, false)) {
    struct pair {
      double value;
      std::uint8_t state, action;
    };
    vec<pair> all;
    for (std::uint32_t s = 0; s < states_.modes; ++s) {
      for (std::uint32_t a = 0; a < actions_.modes; ++a) {
        all.push_back({states_.value[s] * actions_.value[a], static_cast<std::uint8_t>(s),
                       static_cast<std::uint8_t>(a)});
      }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const pair& x, const pair& y) { return x.value > y.value; });
    if (all.size() > most) all.resize(most);
    for (const pair& p : all) {
      state_mode_.push_back(p.state);
      action_mode_.push_back(p.action);
    }
    finish();
  }

  std::uint32_t modes() const noexcept { return modes_; }
  std::uint32_t stride() const noexcept { return portable::padded(modes_); }  ///< of a row
  /// A cell of either kind. `scratch` has most_modes floats; the view is good while it is.
  cell_view at(std::uint32_t cell, float* scratch) const noexcept {
    if (!joint()) return {action_row(cell), rest_[cell]};
    fill(cell / actions_.cells, cell % actions_.cells, scratch);
    return {scratch, rest_[cell]};
  }
  float rest(std::size_t cell) const noexcept { return rest_[cell]; }
  /// The modes of an action in one state, action_stride() of them: a cell's row is a linear map of
  /// these, the same for all actions of the state.
  const float* action_row(std::size_t action) const noexcept {
    return &actions_.rows[action * actions_.stride];
  }
  std::uint32_t action_stride() const noexcept { return actions_.stride; }
  /// Brings weights of all modes, stride() of them, to those of the action's in one state, which by
  /// action_row() are what `in` is by the cell's row. @return `out`, or `in` where that is so
  const float* weights_in(std::uint32_t state, const float* in, float* out) const noexcept {
    if (!joint()) return in;
    const float* s = &states_.rows[std::size_t{state} * states_.stride];
    for (std::uint32_t a = 0; a < actions_.stride; ++a) out[a] = 0;
    for (std::uint32_t m = 0; m < modes_; ++m) out[action_mode_[m]] += s[state_mode_[m]] * in[m];
    return out;
  }
  /// The same of a matrix, whose rows and columns are such weights.
  const float* matrix_in(std::uint32_t state, const float* in, float* out) const noexcept {
    if (!joint()) return in;
    const float* s = &states_.rows[std::size_t{state} * states_.stride];
    const std::uint32_t n = actions_.stride;
    for (std::uint32_t i = 0; i < n * n; ++i) out[i] = 0;
    float row[most_modes];
    for (std::uint32_t m = 0; m < modes_; ++m) {
      (void)weights_in(state, in + std::size_t{m} * stride(), row);
      portable::add_scaled(out + std::size_t{action_mode_[m]} * n, s[state_mode_[m]], row, n);
    }
    return out;
  }
  std::size_t bytes() const noexcept {
    return sizeof *this + 4 * (actions_.rows.size() + states_.rows.size() + rest_.size()) +
           8 * (actions_.value.size() + states_.value.size()) + 2 * state_mode_.size();
  }

 private:
  struct modes_table {
    std::uint32_t cells = 0, modes = 0, stride = 0;
    vec<double> value;
    vec<float> rows;  ///< cells x stride
  };

  static double length_of(likeness how) noexcept {
    return how == likeness::wide ? .35 : how == likeness::narrow ? .15 : 0;
  }

  /// The greatest products of the axes' modes. `main_only`: those that vary along one axis at most,
  /// all of them or the mean alone, since half of what a knob does says nothing of the other half.
  static modes_table table(const std::vector<axis>& axes, double length, std::uint32_t most,
                           bool main_only) {
    vec<detail::axis_modes> parts;
    modes_table t;
    t.cells = 1;
    std::uint64_t products = 1;
    for (const axis& a : axes) {
      parts.emplace_back(length > 0 ? a : axis{a.count, false}, length);
      t.cells *= a.count;
      products *= parts.back().modes;
    }
    vec<std::pair<double, std::uint32_t>> best;  // minus the value: the greatest first
    for (std::uint32_t i = 0; i < products; ++i) {
      double value = 1;
      std::uint32_t rest = i, varying = 0;
      for (std::size_t k = parts.size(); k-- > 0; rest /= parts[k].modes) {
        value *= parts[k].value[rest % parts[k].modes];
        varying += rest % parts[k].modes != 0 ? 1 : 0;
      }
      if (value > .03 && !(main_only && varying > 1)) {
        best.emplace_back(-value, i);
      }
    }
    std::sort(best.begin(), best.end());
    if (best.size() > most) best.resize(main_only ? 1 : most);
    if (main_only && axes.size() == 1) best.resize(std::min<std::size_t>(best.size(), 1));
    t.modes = static_cast<std::uint32_t>(best.size());
    t.stride = portable::padded(t.modes);
    t.rows.assign(std::size_t{t.cells} * t.stride, 0);
    for (std::uint32_t m = 0; m < t.modes; ++m) {
      t.value.push_back(-best[m].first);
      fill(t, parts, m, best[m].second);
    }
    return t;
  }
  static void fill(modes_table& t, const vec<detail::axis_modes>& parts, std::uint32_t m,
                   std::uint32_t product) {
    const double root = std::sqrt(t.value[m]);
    for (std::uint32_t cell = 0; cell < t.cells; ++cell) {
      double v = root;
      std::uint32_t mode = product, at = cell;
      for (std::size_t k = parts.size(); k-- > 0;) {
        const detail::axis_modes& p = parts[k];
        v *= p.vector[std::size_t{at % p.count} * p.modes + mode % p.modes];
        mode /= p.modes;
        at /= p.count;
      }
      t.rows[std::size_t{cell} * t.stride + m] = static_cast<float>(v);
    }
  }

  /// Takes `own` from the modes and gives each cell what they leave.
  void finish() {
    const auto shrink = static_cast<float>(std::sqrt(1 - own));
    for (float& v : actions_.rows) v *= shrink;
    modes_ = joint() ? static_cast<std::uint32_t>(state_mode_.size()) : actions_.modes;
    const std::uint32_t cells = actions_.cells * (joint() ? states_.cells : 1);
    float scratch[most_modes];
    rest_.assign(cells, 0);
    for (std::uint32_t c = 0; c < cells; ++c) {
      const float* row = at(c, scratch).row;
      rest_[c] = std::max(1 - portable::dot(row, row, stride()), least);
    }
  }
  bool joint() const noexcept { return !state_mode_.empty(); }
  /// A row of states x actions.
  void fill(std::uint32_t state, std::uint32_t action, float* out) const noexcept {
    const float* s = &states_.rows[std::size_t{state} * states_.stride];
    const float* a = action_row(action);
    for (std::uint32_t m = 0; m < modes_; ++m) out[m] = s[state_mode_[m]] * a[action_mode_[m]];
    for (std::uint32_t m = modes_; m < stride(); ++m) out[m] = 0;
  }

  static constexpr float least = 0.01F;

  modes_table actions_, states_;
  vec<float> rest_;
  vec<std::uint8_t> state_mode_, action_mode_;
  std::uint32_t modes_ = 0;
};

}  // namespace v1
}  // namespace gyre

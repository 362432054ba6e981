// knowledge.hpp - what is known of every state: a mixture for each, and one for all together.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/vec.hpp>
#include <gyre/learn/contest.hpp>
#include <gyre/learn/mixture.hpp>
#include <gyre/learn/options.hpp>
#include <span>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

/// The worth of each action in each state. Each state has beliefs of its own, with its own centre
/// and unit; where there are several, one more set of beliefs covers states x actions as one grid,
/// in one unit, in which neighbouring states are alike. Which of the two holds is weighed by how
/// they predict, so that states which are alike teach each other and others do not.
class knowledge {
 public:
  static constexpr float boldness = 0.5F;  ///< of a choice: widths, in deviations of a worth

  /// @pre check(shape, options)
  explicit knowledge(const tuner_shape& shape)
      : states_(static_cast<std::uint32_t>(tuner_shape::size(shape.features))),
        actions_(static_cast<std::uint32_t>(tuner_shape::size(shape.knobs))) {
    const bool many = std::size_t{states_} * actions_ > full_cells || states_ > full_states;
    const auto held = hypotheses(shape.knobs, many);
    const std::uint32_t most = many ? 8 : actions_ <= 32 ? 12 : basis::most_modes;
    for (const hypothesis& h : held) {
      basis& b = own_kinds_[std::size_t(h.how)];
      if (b.modes() == 0) b = basis(shape.knobs, h.how, h.how == likeness::rough ? 24 : most);
    }
    own_.assign(states_, mixture(held, own_kinds_, actions_, actions_ <= tracked));
    if (states_ == 1) return;
    alike_of_.assign(states_, alike_);
    const likeness how = held[0].how;
    const hypothesis alike[] = {{how, 1, 0}, {how, 1, .01F}, {how, 30, 0}, {how, 30, .01F}};
    joint_kinds_[std::size_t(how)] = basis(shape.features, shape.knobs, how,
                                          states_ * actions_ <= 64 ? 16 : basis::most_modes);
    joint_.emplace_back(alike, joint_kinds_, states_ * actions_, false);
  }

  std::uint32_t states() const noexcept { return states_; }
  std::uint32_t actions() const noexcept { return actions_; }
  /// How likely it is that states are alike, 0..1.
  double sharing() const noexcept {
    return joint_.empty() ? 0 : 1 / (1 + portable::exp(-alike_));
  }
  /// How likely it is that this one is like the others: by how it was predicted itself, since one
  /// that earns a tenth of the others is lost in their unit, however well that fits them.
  double sharing(std::uint32_t state) const noexcept {
    if (joint_.empty() || !own_[state].settled()) return sharing();
    return 1 / (1 + portable::exp(-alike_of_[state]));
  }

  /// Learns that an action earned y, which is finite; true when what was known turned out to be out
  /// of date. @pre state < states(), action < actions()
  bool observe(std::uint32_t state, std::uint32_t action, double y) noexcept {
    mixture& own = own_[state];
    const bool compare = !joint_.empty() && joint_[0].settled() && own.settled();
    bool changed = false, all_changed = false;
    const double alone = own.observe(own_kinds_, action, y, changed);
    if (joint_.empty()) return changed;
    const double shared = joint_[0].observe(joint_kinds_, cell(state, action), y, all_changed);
    if (compare) {
      const double gained = std::clamp(shared - alone, -4.0, 4.0);
      alike_ = trust * alike_ + gained;
      alike_of_[state] = std::min(trust * alike_of_[state] + gained, surest);
    }
    return changed;
  }

  /// What a cell is held to earn. Before anything is known of it: 0, with no variance.
  mixture::estimate estimate(std::uint32_t state, std::uint32_t action) const noexcept {
    const mixture& own = own_[state];
    const bool joined = !joint_.empty() && joint_[0].ready();
    if (!own.ready() && !joined) return {};
    if (!joined) return own.at(own_kinds_, action);
    const mixture::estimate j = joint_[0].at(joint_kinds_, cell(state, action));
    if (!own.ready()) return j;
    const mixture::estimate o = own.at(own_kinds_, action);
    // What all states together say of one that was not seen of late is next to nothing, however
    // well they predict the others: where they know less, they count by how much less.
    const double apart_spread = o.noise + o.variance, joint_spread = j.noise + j.variance;
    double p = sharing(state);
    if (joint_spread > apart_spread) {
      p = p * apart_spread / (p * apart_spread + (1 - p) * joint_spread);
    }
    const double q = 1 - p, apart = j.mean - o.mean;
    return {p * j.mean + q * o.mean, p * j.variance + q * o.variance + p * q * apart * apart,
            p * j.noise + q * o.noise};
  }

  /// `y`, or where that is out of all proportion to what the state's own beliefs expect, the
  /// nearest that is not.
  double plausible(std::uint32_t state, std::uint32_t action, double y) const noexcept {
    if (!own_[state].settled()) return y;
    const mixture::estimate e = own_[state].at(own_kinds_, action);
    const double most = 6 * std::sqrt(e.noise + e.variance);
    return std::clamp(y, e.mean - most, e.mean + most);
  }

  /// Two numbers in [0, 1): whether all states together are asked, and who leads of equals.
  struct pick {
    double share, leader;
  };
  /// What the means and widths of a contest are in: worth = centre + unit * mean; unit 0: nothing
  /// is known. And whether they are by all states together.
  struct scale {
    double centre = 0, unit = 0;
    bool joined = false;
  };
  /// Gives each action of a contest its odds.
  scale rate(std::uint32_t state, contest& among, const pick& by) const noexcept {
    const mixture& own = own_[state];
    const bool joined = !joint_.empty() && joint_[0].ready() && by.share < sharing(state);
    if (!joined && !own.ready()) {
      among.even();
      return {};
    }
    const mixture& m = joined ? joint_[0] : own;
    (void)weigh(m, joined ? joint_kinds_ : own_kinds_, state, joined ? cell(state, 0) : 0, among,
                boldness, by.leader);
    return {m.centre(), m.unit(), joined};
  }
  /// The odds that the action at a place of a contest is taken.
  double odds(std::uint32_t state, contest& among, std::uint32_t place) const noexcept {
    return of_both(state, among, boldness, [&](std::uint32_t) {
      return static_cast<double>(among.odds(place));
    });
  }
  /// The probability that it is the best of them.
  double best(std::uint32_t state, contest& among, std::uint32_t place) const noexcept {
    return of_both(state, among, 1,
                   [&](std::uint32_t leader) { return among.best(place, leader); });
  }

  std::size_t bytes() const noexcept {
    std::size_t n = sizeof *this;
    for (const basis_set* set : {&own_kinds_, &joint_kinds_}) {
      for (const basis& b : *set) n += b.bytes() - sizeof b;
    }
    for (const auto* set : {&own_, &joint_}) {
      for (const mixture& m : *set) n += m.bytes();
    }
    return n + alike_of_.size() * sizeof(double);
  }
  /// As mixture::each().
  template <class Io>
  bool each(Io& io) {
    bool sound = true;
    io(alike_);
    for (double& a : alike_of_) io(a);
    for (auto* set : {&own_, &joint_}) {
      for (mixture& m : *set) sound = m.each(io) && sound;
    }
    return sound;
  }

 private:
  static constexpr double trust = 0.995;  ///< memory of the log odds that states are alike
  static constexpr double surest = 4;  ///< of these, that one state is like the others
  static constexpr std::uint32_t tracked = 256;  ///< actions up to which variances are kept
  static constexpr std::size_t full_cells = 4096, full_states = 256;  ///< with every hypothesis

  std::uint32_t cell(std::uint32_t state, std::uint32_t action) const noexcept {
    return state * actions_ + action;
  }

  /// What is held possible. Twins with and without drift follow each other, see mixture.
  static vec<hypothesis> hypotheses(const std::vector<axis>& knobs, bool many) {
    bool order = false;
    for (const axis& a : knobs) order = order || (a.ordered && a.count > 2);
    vec<hypothesis> all;
    const auto add = [&](likeness how, std::initializer_list<float> signals) {
      for (const float s : signals) {
        all.push_back({how, s, 0});
        all.push_back({how, s, .02F});
      }
    };
    if (many) {
      if (order) add(likeness::wide, {10});
      add(likeness::rough, {1});
      return all;
    }
    if (order) {
      add(likeness::wide, {1, 30});
      add(likeness::narrow, {10});
    }
    add(likeness::rough, {.05F, 4});
    return all;
  }

  /// One hypothesis that counts, as it looks in one state.
  struct view {
    const belief* held;
    const basis* modes;
    float part;                   ///< how likely it is
    float mean[contest::widest];  ///< of each place of a contest

    /// Gives each place its mean, and adds it to the contest's by this part.
    void expect(std::uint32_t state, std::uint32_t first, contest& among) noexcept {
      float room[basis::most_modes];
      const float* const w = modes->weights_in(state, held->weights(), room);
      const std::uint32_t n = modes->action_stride();
      for (std::uint32_t i = 0; i < among.size(); ++i) {
        const std::uint32_t a = among.action(i);
        mean[i] = portable::dot(modes->action_row(a), w, n) + held->own_mean(first + a);
        among.mean(i) += part * mean[i];
      }
    }
  };
  /// What `f(leader)` says of a contest by the state's own beliefs and by all states together.
  template <class F>
  double of_both(std::uint32_t state, contest& among, float bold, F f) const noexcept {
    const double p = joint_.empty() || !joint_[0].ready() ? 0 : sharing(state);
    double sum = (1 - p) / among.size();
    if (own_[state].ready()) {
      sum = (1 - p) * f(weigh(own_[state], own_kinds_, state, 0, among, bold, 0));
    }
    if (p <= 0) return sum;
    return sum + p * f(weigh(joint_[0], joint_kinds_, state, cell(state, 0), among, bold, 0));
  }
  /// Means and widths over all hypotheses that count, and the odds that follow; returns the place
  /// of the leader. The width of an action is the deviation of its difference to the leader, which
  /// is what matters: what is common to both decides nothing. Hypotheses that disagree about the
  /// difference widen it.
  static std::uint32_t weigh(const mixture& m, const basis_set& kinds, std::uint32_t state,
                             std::uint32_t first, contest& among, float bold,
                             double pick) noexcept {
    std::array<double, mixture::most> weight;
    m.weights(weight, .02);
    std::array<view, mixture::most> views;
    std::size_t count = 0;
    for (std::size_t h = 0; h < m.size(); ++h) {
      if (weight[h] <= 0) continue;
      view& v = views[count++];
      v.held = &m[h];
      v.modes = &kinds[std::size_t(m[h].assumes().how)];
      v.part = static_cast<float>(weight[h]);
    }
    for (std::uint32_t i = 0; i < among.size(); ++i) among.mean(i) = among.width(i) = 0;
    for (std::size_t v = 0; v < count; ++v) views[v].expect(state, first, among);
    const std::span<const view> all(views.data(), count);
    const std::uint32_t leader = among.leader(pick);
    for (const view& v : all) widen(v, first, leader, among);
    for (std::size_t k = 0; k < likenesses; ++k) add_modes(all, k, state, leader, among);
    for (std::uint32_t i = 0; i < among.size(); ++i) {
      among.width(i) = bold * std::sqrt(std::max(among.width(i), 0.0F));
    }
    among.width(leader) = 0;
    among.settle(leader);
    return leader;
  }
  /// Adds to the square of the widths what one hypothesis says of each cell by itself.
  static void widen(const view& v, std::uint32_t first, std::uint32_t leader,
                    contest& among) noexcept {
    const std::uint32_t best = among.action(leader);
    const float off = v.mean[leader] - among.mean(leader);
    const auto noise = static_cast<float>(v.held->noise());
    const float own = v.held->own_variance(v.modes->rest(first + best), first + best);
    for (std::uint32_t i = 0; i < among.size(); ++i) {
      const std::uint32_t a = among.action(i), cell = first + a;
      const float apart = v.mean[i] - among.mean(i) - off;
      float known = own + v.held->own_variance(v.modes->rest(cell), cell);
      if (v.held->tracked()) known += v.held->shared_variance(cell);
      among.width(i) += v.part * (noise * known + apart * apart);
    }
  }
  /// Adds what the modes of one likeness say, all hypotheses that have them in one matrix.
  static void add_modes(std::span<const view> all, std::size_t kind, std::uint32_t state,
                        std::uint32_t leader, contest& among) noexcept {
    float sum[basis::most_modes * basis::most_modes], room[basis::most_modes * basis::most_modes];
    float with[basis::most_modes];
    const view* one = nullptr;
    for (const view& v : all) {
      if (std::size_t(v.held->assumes().how) != kind) continue;
      const std::uint32_t all_modes = v.modes->stride() * v.modes->stride();
      if (one == nullptr) std::fill(sum, sum + all_modes, 0.0F);
      one = &v;
      const auto part = static_cast<float>(static_cast<double>(v.part) * v.held->noise());
      portable::add_scaled(sum, part, v.held->covariance(), all_modes);
    }
    if (one == nullptr) return;
    const basis& modes = *one->modes;
    const std::uint32_t n = modes.action_stride();
    const float* const matrix = modes.matrix_in(state, sum, room);
    const float* top = modes.action_row(among.action(leader));
    const float leads = portable::quadratic(matrix, top, with, n);
    float apart[basis::most_modes], out[basis::most_modes];
    for (std::uint32_t i = 0; i < among.size(); ++i) {
      const float* row = modes.action_row(among.action(i));
      if (one->held->tracked()) {  // the action's own square is there already
        among.width(i) += leads - 2 * portable::dot(row, with, n);
        continue;
      }
      for (std::uint32_t j = 0; j < n; j += 4) {
        portable::store(apart + j, portable::load(row + j) - portable::load(top + j));
      }
      among.width(i) += std::max(portable::quadratic(matrix, apart, out, n), 0.0F);
    }
  }

  std::uint32_t states_, actions_;
  basis_set own_kinds_, joint_kinds_;
  vec<mixture> own_;    ///< of each state
  vec<mixture> joint_;  ///< one, of all states x actions, where there are several states
  double alike_ = 1;            ///< log odds that states are alike
  vec<double> alike_of_;        ///< and of each that it is like the others
};

}  // namespace v1
}  // namespace gyre

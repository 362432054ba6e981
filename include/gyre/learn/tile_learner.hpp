// tile_learner.hpp - learns by numbers, not states: a linear worth over tiles, Q or SARSA(lambda).
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/learn/explore.hpp>
#include <gyre/learn/stats.hpp>
#include <gyre/learn/tiles.hpp>
#include <gyre/learn/traces.hpp>
#include <gyre/learn/transition.hpp>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

/// How a tile_learner learns.
struct tile_options {
  std::vector<tiled_axis> axes;      ///< of each number that is seen, 1..32
  std::uint32_t actions = 2;         ///< 1..65,536
  std::uint32_t tilings = 8;         ///< 1..64
  std::uint32_t weights = 65'536;    ///< 16..16,777,216, of 8 bytes; more tiles share them
  learning_method method = learning_method::sarsa;  ///< or `q`, Watkins's with traces
  double discount = 1;               ///< 0..1
  double learning_rate = 0.3;        ///< over 0, at most 1: of an action's whole worth
  double lambda = 0.9;               ///< 0..1: what is left of a trace at each step
  exploration explore{.from = 0, .to = 0};  ///< not `by_visits` or `bonus`: nothing is counted
};

/// code::arg naming the first option that is out of its range.
inline result<void> check(const tile_options& o) {
  GYRE_CHECK(tiles::check(o.axes, o.tilings, o.weights));
  if (o.actions == 0 || o.actions > 65'536) {
    return fail(code::arg, "actions are 1..65,536, not ", o.actions);
  }
  if (o.method != learning_method::sarsa && o.method != learning_method::q) {
    return fail(code::arg, "method is sarsa or q, not ", unsigned(o.method));
  }
  if (!(o.discount >= 0 && o.discount <= 1)) {
    return fail(code::arg, "discount is 0..1, not ", o.discount);
  }
  if (!(o.learning_rate > 0 && o.learning_rate <= 1)) {
    return fail(code::arg, "learning_rate is over 0, at most 1, not ", o.learning_rate);
  }
  if (!(o.lambda >= 0 && o.lambda <= 1)) {
    return fail(code::arg, "lambda is 0..1, not ", o.lambda);
  }
  if (o.explore.how == exploring::by_visits || o.explore.how == exploring::bonus) {
    return fail(code::arg, "a tile_learner counts no visits to explore by");
  }
  return check(o.explore);
}

/// Semi-gradient SARSA(lambda), or Q(lambda), with replacing traces over tile coding (Sutton 1996),
/// for states that are numbers: a load, a latency, a speed. An agent (agent.hpp). Worths of 0 are
/// optimistic where steps cost, so nothing else is needed to explore there. Memory: 8 bytes a
/// weight. act() and observe() cost tilings * actions weights and at most 512 traces.
class tile_learner {
 public:
  using observation = std::span<const float>;
  using experience = float_transition;

  tile_learner(const tile_options& o, std::uint64_t seed, std::uint64_t stream)  ///< @pre check(o)
      : options_(o),
        seed_(seed),
        stream_(stream),
        tiles_(o.axes, o.actions, o.tilings, o.weights),
        weights_(o.weights, 0.0),
        traces_(512),
        worth_(o.actions, 0.0),
        at_(o.tilings, 0U),
        next_(o.axes.size(), 0.0F) {
    if (options_.explore.how == exploring::automatic) options_.explore.how = exploring::linear;
  }

  std::uint32_t actions() const noexcept { return options_.actions; }
  const tile_options& options() const noexcept { return options_; }
  std::span<const double> weights() const noexcept { return {weights_.data(), weights_.size()}; }

  /// @pre options().axes.size() finite numbers
  std::uint32_t act(observation seen) noexcept {
    rng draw(seed_, stream_, purpose::explore, 2 * counts_.decisions++);
    look(seen);
    return explore(exploring_ ? options_.explore : still, choices_now(counts_.decisions - 1), draw);
  }
  std::uint32_t greedy(observation seen) noexcept {
    look(seen);
    return static_cast<std::uint32_t>(std::max_element(worth_.begin(), worth_.end()) -
                                      worth_.begin());
  }
  /// What an action is worth.
  double worth(observation seen, std::uint32_t action) noexcept {
    tiles_.find(seen, action, at_.data());
    return sum();
  }

  bool observe(const float_transition& t) noexcept {
    if (!fits(t)) {
      ++counts_.refused;
      return false;
    }
    ++counts_.observations;
    const auto n = static_cast<double>(std::min<std::uint64_t>(counts_.observations, 100));
    counts_.mean_reward += (t.reward - counts_.mean_reward) / n;
    const bool follows = waits_ && std::equal(t.seen.begin(), t.seen.end(), next_.begin());
    if (waits_ && options_.method == learning_method::sarsa) {  // what is done next is known now
      const double then = follows ? worth(t.seen, t.action) : expected(next());
      surprise(reward_ + options_.discount * then);
    }
    bool best = true;
    if (options_.method == learning_method::q) {
      look(t.seen);
      best = worth_[t.action] >= *std::max_element(worth_.begin(), worth_.end());
    }
    if (follows && best) {
      traces_.fade(static_cast<float>(options_.discount * options_.lambda));
    } else {
      traces_.clear();
    }
    tiles_.find(t.seen, t.action, at_.data());
    for (const std::uint32_t i : at_) traces_.visit(i);
    before_ = sum();
    std::copy(t.next.begin(), t.next.end(), next_.begin());
    reward_ = t.reward;
    waits_ = t.terminated == 0 && t.truncated == 0;
    if (t.terminated != 0) {
      surprise(t.reward);
    } else if (!waits_ || options_.method == learning_method::q) {
      surprise(t.reward + options_.discount * expected(next()));
    }
    return true;
  }
  /// Nothing: each step is learned from as it comes.
  void train() noexcept {}

  void set_exploring(bool on) noexcept { exploring_ = on; }
  learner_stats stats() const noexcept {
    learner_stats s = counts_;
    s.actions = actions();
    s.exploration = exploring_ ? number_of(options_.explore, choices_now(s.decisions)) : 0;
    s.discount = options_.discount;
    s.learning_rate = options_.learning_rate;
    return s;
  }

  void save(byte_writer& out) const {
    out.u8(format);
    out.u32(options_.weights);
    out.u32(options_.actions);
    out.u32(static_cast<std::uint32_t>(next_.size()));
    for (const std::uint64_t n : {counts_.decisions, counts_.observations, counts_.refused,
                                  counts_.updates}) {
      out.varint(n);
    }
    out.f64(counts_.mean_reward);
    out.u8(static_cast<std::uint8_t>((exploring_ ? 1 : 0) | (waits_ ? 2 : 0)));
    out.f64(reward_);
    out.f64(before_);
    for (const float x : next_) out.f32(x);
    for (const double w : weights_) out.f64(w);
    traces_.save(out);
  }
  result<void> load(byte_reader& in) {
    const std::uint8_t version = in.u8();
    const std::uint32_t weights = in.u32(), actions = in.u32(), numbers = in.u32();
    if (version != format || weights != options_.weights || actions != options_.actions ||
        numbers != next_.size()) {
      return fail(code::format, "tile_learner: saved in format ", version, " with ", weights,
                  " weights, ", actions, " actions, ", numbers, " numbers");
    }
    tile_learner read(options_, seed_, stream_);
    for (std::uint64_t* n : {&read.counts_.decisions, &read.counts_.observations,
                             &read.counts_.refused, &read.counts_.updates}) {
      *n = in.varint();
    }
    read.counts_.mean_reward = in.f64();
    const std::uint8_t flags = in.u8();
    read.exploring_ = (flags & 1U) != 0;
    read.waits_ = (flags & 2U) != 0;
    read.reward_ = in.f64();
    read.before_ = in.f64();
    bool sane = std::isfinite(read.counts_.mean_reward + read.reward_ + read.before_);
    for (float& x : read.next_) sane = std::isfinite(x = in.f32()) && sane;
    for (double& w : read.weights_) sane = std::isfinite(w = in.f64()) && sane;
    if (!in.ok() || !sane) return fail(code::corrupt, "tile_learner: its bytes are damaged");
    GYRE_CHECK(read.traces_.load(in, options_.weights));
    *this = std::move(read);
    return ok;
  }

 private:
  static constexpr std::uint8_t format = 1;
  static constexpr exploration still{.from = 0, .to = 0, .how = exploring::linear};

  bool fits(const float_transition& t) const noexcept {
    const auto finite = [](float x) { return std::isfinite(x); };
    return std::isfinite(t.reward) && t.action < actions() && t.seen.size() == next_.size() &&
           t.next.size() == next_.size() && std::all_of(t.seen.begin(), t.seen.end(), finite) &&
           std::all_of(t.next.begin(), t.next.end(), finite);
  }
  observation next() const noexcept { return {next_.data(), next_.size()}; }
  double sum() const noexcept {
    double all = 0;
    for (const std::uint32_t i : at_) all += weights_[i];
    return all;
  }
  void look(observation seen) noexcept {
    for (std::uint32_t a = 0; a < actions(); ++a) worth_[a] = worth(seen, a);
  }
  choices choices_now(std::uint64_t decisions) const noexcept {
    return {worth_.data(), nullptr, actions(), decisions};
  }
  /// What is to be had from there on: of Q the best, of SARSA what it does on average.
  double expected(observation seen) noexcept {
    look(seen);
    const bool explores = exploring_ && options_.method == learning_method::sarsa;
    return expected_worth(explores ? options_.explore : still, choices_now(counts_.observations));
  }
  /// Tells the traces by how much the last step was worth more than was held.
  void surprise(double target) noexcept {
    const double step = options_.learning_rate / options_.tilings * (target - before_);
    constexpr double most = std::numeric_limits<float>::max();
    for (const traces::trace& e : traces_) {
      double& w = weights_[e.at];
      w = std::clamp(w + step * static_cast<double>(e.part), -most, most);
      ++counts_.updates;
    }
  }

  tile_options options_;
  std::uint64_t seed_, stream_;
  tiles tiles_;
  vec<double> weights_;
  traces traces_;
  vec<double> worth_;         // scratch: of each action
  vec<std::uint32_t> at_;     // scratch: the weights of one
  vec<float> next_;           // what came of the last step
  double reward_ = 0, before_ = 0;  // of the last step: what it earned, what it was worth
  learner_stats counts_;
  bool waits_ = false, exploring_ = true;
};

}  // namespace v1
}  // namespace gyre

// cartpole.hpp - CartPole-v1 as Gymnasium has it, and how long a learner keeps its pole upright.
// Room: examples. Threads: plain values, and functions of them.
#pragma once

#include <cmath>
#include <cstdint>
#include <gyre/core/rng.hpp>
#include <span>

namespace worlds {

/// A cart of 1 kg under a pole of .1 kg and 1 m, which a force of 10 N moves to the left (action 0)
/// or the right (1); 50 steps a second by Euler's method, each worth 1, that at which it falls too.
/// Sine and cosine are sums of our own: the same bits on every machine.
class cart_pole {
 public:
  static constexpr std::uint32_t inputs = 4, actions = 2, limit = 500;

  /// Each of the four numbers begins within +-.05.
  void begin(gyre::rng& draw) {
    for (double* v : {&x_, &speed_, &angle_, &turning_}) *v = .1 * draw.unit() - .05;
    steps_ = 0;
    show();
  }
  /// Place, speed, angle in radians, its speed; good until the next step().
  std::span<const float> seen() const { return seen_; }
  /// True once the episode is over.
  bool step(std::uint32_t action) {
    const double force = action == 1 ? 10 : -10;
    const double c = cosine(angle_), s = sine(angle_);
    const double push = (force + pole * turning_ * turning_ * s) / mass;
    const double twist = (9.8 * s - c * push) / (half * (4. / 3 - .1 * c * c / mass));
    const double pull = push - pole * twist * c / mass;
    x_ += second * speed_;
    speed_ += second * pull;
    angle_ += second * turning_;
    turning_ += second * twist;
    ++steps_;
    show();
    return fallen() || cut_off();
  }
  bool fallen() const { return std::fabs(x_) > 2.4 || std::fabs(angle_) > 12 * 2 * pi / 360; }
  bool cut_off() const { return steps_ >= limit; }
  std::uint32_t steps() const { return steps_; }

 private:
  static constexpr double mass = 1.1, half = .5, pole = .1 * half, second = .02;
  static constexpr double pi = 3.14159265358979323846;

  static double cosine(double x) {  // of angles under 1: what is left out is under 1e-16
    double sum = 0;
    for (int n = 18; n > 0; n -= 2) sum = (1 - sum) * x * x / (n * (n - 1));
    return 1 - sum;
  }
  static double sine(double x) {
    double sum = 0;
    for (int n = 19; n > 1; n -= 2) sum = (1 - sum) * x * x / (n * (n - 1));
    return x * (1 - sum);
  }
  void show() {
    seen_[0] = static_cast<float>(x_);
    seen_[1] = static_cast<float>(speed_);
    seen_[2] = static_cast<float>(angle_);
    seen_[3] = static_cast<float>(turning_);
  }

  double x_ = 0, speed_ = 0, angle_ = 0, turning_ = 0;
  float seen_[4] = {};
  std::uint32_t steps_ = 0;
};

/// Lets it learn for `steps` steps, episode after episode, in a world that begins as `draw` says.
template <class Agent>
void learn(Agent& agent, cart_pole& world, gyre::rng& draw, std::uint32_t steps) {
  for (std::uint32_t i = 0; i < steps; ++i) {
    float before[4];
    for (int k = 0; k < 4; ++k) before[k] = world.seen()[k];
    const std::uint32_t action = agent.act(before);
    const bool over = world.step(action);
    agent.observe({.seen = before,
                   .action = action,
                   .reward = 1,
                   .next = world.seen(),
                   .terminated = world.fallen(),
                   .truncated = !world.fallen() && world.cut_off()});
    if (over) world.begin(draw);
  }
}

/// How many of at most 500 steps it keeps the pole upright, on average, when it does what it holds
/// to be best.
template <class Agent>
double upright(Agent& agent, std::uint32_t episodes, std::uint64_t seed) {
  gyre::rng draw(seed, 1, gyre::purpose::user);
  cart_pole world;
  double sum = 0;
  for (std::uint32_t i = 0; i < episodes; ++i) {
    world.begin(draw);
    while (!world.step(agent.greedy(world.seen()))) {
    }
    sum += world.steps();
  }
  return sum / episodes;
}

}  // namespace worlds

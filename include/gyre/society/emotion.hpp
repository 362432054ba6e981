// emotion.hpp - a mood of three dimensions that events move and time brings back.
// Room: society. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/ring.hpp>
#include <gyre/core/rng.hpp>
#include <gyre/engine.hpp>

namespace gyre {
inline namespace v1 {

/// A mood, each dimension 0..1 (Mehrabian and Russell 1974).
struct mood {
  double pleasure = 0.5, arousal = 0.3, dominance = 0.5;
};

/// What emotion comes to.
struct emotion_state {
  mood at;
  double variance = 0;               ///< mean over the dimensions, of the last 20 ticks
  const char* dominant = "neutral";  ///< a literal; see emotion::dominant
};

/// Decays towards the equilibrium {0.5, 0.3, 0.5} by 0.02, 0.03, 0.015 of the distance a tick: half
/// as fast while the recent variance is under 0.01, half again as fast while it is over 0.1. Noise
/// of sigma 0.001 keeps it from standing still. Everything follows from the seed and the calls.
class emotion {
 public:
  static constexpr mood equilibrium{};

  explicit emotion(std::uint64_t seed) : noise_(seed, 0, purpose::society), recent_(20) {}

  /// Moves the mood by these amounts; it stays within 0..1. ARG when one is not finite.
  result<void> inject(double pleasure, double arousal, double dominance) {
    if (!std::isfinite(pleasure) || !std::isfinite(arousal) || !std::isfinite(dominance)) {
      return fail(code::arg, "a mood moves by finite amounts");
    }
    at_.pleasure = std::clamp(at_.pleasure + pleasure, 0.0, 1.0);
    at_.arousal = std::clamp(at_.arousal + arousal, 0.0, 1.0);
    at_.dominance = std::clamp(at_.dominance + dominance, 0.0, 1.0);
    return ok;
  }
  void decay() noexcept {
    (void)recent_.push(at_);
    const double spread = variance();
    const double speed = spread < 0.01 ? 0.5 : spread > 0.1 ? 1.5 : 1.0;
    step(at_.pleasure, equilibrium.pleasure, 0.02 * speed);
    step(at_.arousal, equilibrium.arousal, 0.03 * speed);
    step(at_.dominance, equilibrium.dominance, 0.015 * speed);
  }

  const mood& at() const noexcept { return at_; }
  emotion_state now() const noexcept { return {at_, variance(), dominant()}; }
  double variance() const noexcept {
    return (variance_of(&mood::pleasure) + variance_of(&mood::arousal) +
            variance_of(&mood::dominance)) /
           3;
  }
  /// The octant around the equilibrium (Mehrabian's names); "neutral" within 0.05 of it.
  const char* dominant() const noexcept {
    constexpr const char* names[] = {"bored",  "disdainful", "anxious",   "hostile",
                                     "docile", "relaxed",    "dependent", "exuberant"};
    if (distance() < 0.05) return "neutral";
    const std::size_t octant = (at_.pleasure >= equilibrium.pleasure ? 4U : 0U) +
                               (at_.arousal >= equilibrium.arousal ? 2U : 0U) +
                               (at_.dominance >= equilibrium.dominance ? 1U : 0U);
    return names[octant];
  }
  /// How far below the equilibrium's ease it is: less pleasure, more arousal; 0..1.
  double distress() const noexcept {
    const double sad = std::max(0.0, equilibrium.pleasure - at_.pleasure);
    const double tense = std::max(0.0, at_.arousal - equilibrium.arousal);
    return std::min(1.0, sad + tense);
  }
  /// 1 at the equilibrium, 0 as far from it as can be.
  double vitality() const noexcept { return std::clamp(1 - distance() / 0.995, 0.0, 1.0); }

 private:
  double distance() const noexcept {
    const double p = at_.pleasure - equilibrium.pleasure;
    const double a = at_.arousal - equilibrium.arousal;
    const double d = at_.dominance - equilibrium.dominance;
    return std::sqrt(p * p + a * a + d * d);
  }
  void step(double& value, double towards, double rate) noexcept {
    value += (towards - value) * rate;
    value = std::clamp(value + 0.001 * noise_.normal(), 0.0, 1.0);
  }
  double variance_of(double mood::*dimension) const noexcept {
    if (recent_.size() < 2) return 0;
    const auto n = static_cast<double>(recent_.size());
    double mean = 0;
    for (std::size_t i = 0; i < recent_.size(); ++i) mean += recent_[i].*dimension / n;
    double sum = 0;
    for (std::size_t i = 0; i < recent_.size(); ++i) {
      const double off = recent_[i].*dimension - mean;
      sum += off * off / n;
    }
    return sum;
  }

  mood at_;
  rng noise_;
  ring<mood> recent_;
};

}  // namespace v1
}  // namespace gyre

// curiosity.hpp - asks what the engine has not tried and what surprised it, and notes the answers.
// Room: society. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <gyre/engine.hpp>
#include <gyre/society/awareness.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

/// What a question is about.
enum class interest : std::uint8_t { exploration, surprise, anomaly };
constexpr const char* name(interest kind) noexcept {
  constexpr const char* names[] = {"exploration", "surprise", "anomaly"};
  return names[static_cast<std::size_t>(kind)];
}

struct question {
  interest kind = interest::exploration;
  double urge = 0;      ///< 0..1
  std::string subject;  ///< of the loop or learner, and which setting: no two are alike
  std::string text;
  std::uint64_t asked = 0;             ///< at which tick
  std::string learner = {};            ///< exploration: which
  std::uint32_t cell = 0, visits = 0;  ///< exploration: state * actions + action, visits then
};

/// An answer; the society remembers it as a record.
struct insight {
  interest kind = interest::exploration;
  std::string text;
};

/// What curiosity comes to.
struct curiosity_state {
  double level = 0.5;                                  ///< 0..1
  std::uint64_t open = 0;                              ///< questions that wait, at most 10
  std::uint64_t asked = 0, answered = 0, dropped = 0;  ///< asked = open + answered + dropped
};

/// Holds up to 10 questions. Each tick it asks for the least explored setting of each learner and
/// for the strongest surprise in a loop's reward, and answers up to three of what it can, the
/// most urgent first. A kind that was just answered counts less for a while, so that interests
/// vary.
class curiosity {
 public:
  static constexpr std::size_t most = 10;

  /// Something odd was reported: `text` begins with the loop's name.
  void wonder(const std::string& text) {
    const std::string subject = text.substr(0, text.find(':'));
    ask({interest::anomaly, 0.9, subject, "what made " + text + "?", ticks_});
  }
  /// @param awake the level of awareness, @param distress of the mood: both 0..1
  std::vector<insight> think(const snapshot_data& s, double awake, double distress) {
    ++ticks_;
    for (const learner_view& l : s.learners) seek_unexplored(l);
    seek_surprise(s);
    for (double& w : weights_) w = std::min(1.0, w + 0.1);
    std::vector<insight> found;
    for (int i = 0; i < 3 && answer_one(s, found); ++i) continue;
    drop_stale();
    const double target =
        0.3 + 0.05 * static_cast<double>(questions_.size()) + 0.2 * awake - 0.3 * distress;
    now_.level = std::clamp(now_.level + 0.2 * (target - now_.level), 0.0, 1.0);
    return found;
  }
  curiosity_state now() const noexcept {
    curiosity_state out = now_;
    out.open = questions_.size();
    return out;
  }
  const std::vector<question>& questions() const noexcept { return questions_; }
  /// Part of the questions that were answered, of those that wait no longer; 1 at first.
  double vitality() const noexcept {
    const auto over = static_cast<double>(now_.answered + now_.dropped);
    return over > 0 ? static_cast<double>(now_.answered) / over : 1;
  }

  /// A setting in words: "level=6 block_kib=64 in state 2".
  static std::string describe(const learner_view& l, std::uint32_t cell) {
    const std::uint32_t actions = std::max(1U, l.stats.actions);
    std::uint32_t action = cell % actions;
    std::string out;
    for (std::size_t i = l.knobs.size(); i-- > 0;) {
      const auto n = static_cast<std::uint32_t>(l.knobs[i].values.size());
      out = l.knobs[i].name + "=" + to_text(l.knobs[i].values[action % n]) +
            (out.empty() ? "" : " ") + out;
      action /= n;
    }
    return out + " in state " + std::to_string(cell / actions);
  }

 private:
  void ask(question q) {
    for (question& known : questions_) {
      if (known.kind == q.kind && known.subject == q.subject) {
        known.urge = std::max(known.urge, q.urge);
        return;
      }
    }
    ++now_.asked;
    questions_.push_back(std::move(q));
    if (questions_.size() <= most) return;
    const auto least =
        std::min_element(questions_.begin(), questions_.end(),
                         [](const question& a, const question& b) { return a.urge < b.urge; });
    questions_.erase(least);
    ++now_.dropped;
  }
  /// The least tried setting of the states that have been seen, when it has under half its share.
  void seek_unexplored(const learner_view& l) {
    double urge = 0.5;
    std::uint32_t cell = 0;
    for (std::uint32_t state = 0; state < l.stats.states; ++state) {
      const std::uint32_t* row = l.visits.data() + std::size_t{state} * l.stats.actions;
      double sum = 0;
      for (std::uint32_t a = 0; a < l.stats.actions; ++a) sum += row[a];
      const double share = sum / l.stats.actions;
      if (share < 1) continue;
      for (std::uint32_t a = 0; a < l.stats.actions; ++a) {
        const double missing = 1 - row[a] / share;
        if (missing <= urge) continue;
        urge = missing;
        cell = state * l.stats.actions + a;
      }
    }
    if (urge <= 0.5) return;
    const std::string what = l.name + ": " + describe(l, cell);
    ask({interest::exploration, urge * 0.8, what, "what does " + what + " earn?", ticks_, l.name,
         cell, l.visits[cell]});
  }
  void seek_surprise(const snapshot_data& s) {
    double strongest = 3;
    question best;
    std::map<std::uint32_t, usual_range> kept;
    for (const loop_stats& l : s.loops) {
      usual_range& usual = kept[l.id] = rewards_[l.id];
      if (l.metrics.window_cycles == 0) continue;
      const double spread = std::max({usual.deviation(), 0.05 * std::fabs(usual.mean()), 1e-6});
      const double surprise = usual.seen() < 5 ? 0 : std::fabs(l.reward - usual.mean()) / spread;
      if (surprise > strongest) {
        strongest = surprise;
        best = {interest::surprise, 1 - 1 / surprise, l.name,
                "why does " + l.name + " earn " + to_fixed(l.reward, 2) + ", usually " +
                    to_fixed(usual.mean(), 2) + "?",
                ticks_};
      }
      (void)usual.take(l.reward, 0);
    }
    rewards_ = std::move(kept);
    if (strongest > 3) ask(std::move(best));
  }

  /// Answers the most urgent question that can be answered; false when none can.
  bool answer_one(const snapshot_data& s, std::vector<insight>& found) {
    std::size_t chosen = questions_.size();
    double urge = -1;
    std::string said;
    for (std::size_t i = 0; i < questions_.size(); ++i) {
      const question& q = questions_[i];
      const double mine = q.urge * weights_[static_cast<std::size_t>(q.kind)];
      if (mine <= urge) continue;
      std::string text = answer(q, s);
      if (text.empty()) continue;
      urge = mine;
      chosen = i;
      said = std::move(text);
    }
    if (chosen == questions_.size()) return false;
    const interest kind = questions_[chosen].kind;
    weights_[static_cast<std::size_t>(kind)] *= 0.5;
    found.push_back({kind, std::move(said)});
    questions_.erase(questions_.begin() + static_cast<std::ptrdiff_t>(chosen));
    ++now_.answered;
    return true;
  }
  static std::string answer(const question& q, const snapshot_data& s) {
    if (q.kind == interest::exploration) return answer_exploration(q, s);
    for (const loop_stats& l : s.loops) {
      if (l.name != q.subject) continue;
      std::string seen;
      for (const feature_reading& f : l.features)
        seen += ", " + f.name + " " + to_fixed(f.value, 2);
      const double p99 = l.metrics.window.p99_ms;
      std::string out = l.name + " earns " + to_fixed(l.reward, 2) + seen + ", p99 " +
                        (std::isfinite(p99) ? to_fixed(p99, 2) : "-") + " ms, state " +
                        name(l.state);
      if (!l.last_error.empty()) out += ", last error: " + l.last_error;
      return q.text + " " + out;
    }
    return q.text + " It is gone.";
  }
  /// Known once the setting has been tried three times more, or is no longer rare.
  static std::string answer_exploration(const question& q, const snapshot_data& s) {
    for (const learner_view& l : s.learners) {
      if (l.name != q.learner || q.cell >= l.visits.size()) continue;
      if (l.visits[q.cell] < q.visits + 3) return {};
      const std::uint32_t first = q.cell / l.stats.actions * l.stats.actions;
      std::uint32_t best = first;
      for (std::uint32_t a = first; a < first + l.stats.actions; ++a) {
        if (l.q[a] > l.q[best]) best = a;
      }
      return q.text + " About " + to_fixed(double{l.q[q.cell]}, 2) + " in " +
             std::to_string(l.visits[q.cell]) + " tries; the best there, " + describe(l, best) +
             ", " + to_fixed(double{l.q[best]}, 2) + ".";
    }
    return q.text + " It is gone.";
  }
  void drop_stale() {
    now_.dropped +=
        std::erase_if(questions_, [&](const question& q) { return ticks_ - q.asked > 20; });
  }

  std::vector<question> questions_;
  std::array<double, 3> weights_{1, 1, 1};        // by kind
  std::map<std::uint32_t, usual_range> rewards_;  // by loop
  std::uint64_t ticks_ = 0;
  curiosity_state now_;
};

}  // namespace v1
}  // namespace gyre

// Method: model. Random trees of loops and random calls against one that says of each loop: its
// own switch, its parent, its factor.
#include <gyre/gyre.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "families.hpp"

using namespace std::chrono_literals;

namespace {

struct member {
  std::string parent;
  bool own = false;
  double factor = 1;
  std::uint64_t cycles = 0;
};

/// Families in an engine and in a model, changed alike. The model says of a loop whether its own
/// switch is on, who its parent is, and its factor; that it is paused is then a question, not a
/// state.
class families {
 public:
  explicit families(std::uint64_t seed)
      : random_(seed, 0, gyre::purpose::user),
        engine_({.driver = gyre::driver::virtual_time,
                 .shards = static_cast<std::uint32_t>(1 + random_.below(3))}) {}

  /// One random call.
  void step() {
    const std::uint32_t what = born_.size() < 3 ? 0 : random_.below(12);
    const std::string pattern = std::array<const char*, 6>{
        "*", "a?", "b*", "?1*", "*3", "c?"}[random_.below(6)];
    CAPTURE(what, pattern);
    if (what < 4) {
      add();
    } else if (what < 7) {
      change_one(what);
    } else if (what < 11) {
      change_matching(what, pattern);
    } else {
      running_ = !running_;
      REQUIRE((running_ ? engine_.start().code() : engine_.stop(0s).code()) == gyre::code::ok);
    }
  }

  /// Every other time lets time pass, and compares all that is visible.
  void look() {
    for (auto& [name, m] : model_) m.cycles = engine_.find(name)->stats()->metrics.cycles;
    if (random_.below(2) == 0) return;
    const gyre::instant t = engine_.now() + 31ms;  // over the longest interval
    engine_.advance_to(t).value();
    if (!running_) REQUIRE(engine_.jump_to(t));
    const auto s = engine_.snapshot();
    REQUIRE(s.loops.size() == model_.size());
    for (const gyre::loop_stats& l : s.loops) {
      CAPTURE(l.name);
      const member& m = model_.at(l.name);
      REQUIRE((l.state == gyre::loop_state::paused) == paused(l.name));
      REQUIRE(l.throttle == m.factor);
      REQUIRE(l.configured_ms == 10);
      const std::uint64_t ticks = l.metrics.cycles - m.cycles;
      REQUIRE((ticks != 0) == (running_ && !paused(l.name)));
      if (ticks != 0) REQUIRE(l.interval_ms == 10 * m.factor);
    }
  }

 private:
  const std::string& any() {
    return born_[random_.below(static_cast<std::uint32_t>(born_.size()))];
  }

  bool paused(std::string name) const {
    for (; !name.empty(); name = model_.at(name).parent) {
      if (model_.at(name).own) return true;
    }
    return false;
  }

  /// Out of the model, with all that is below it, the youngest first.
  void take(const std::string& name, std::vector<std::string>& gone) {
    const std::vector<std::string> all = born_;
    for (auto child = all.rbegin(); child != all.rend(); ++child) {
      const auto known = model_.find(*child);
      if (known != model_.end() && known->second.parent == name) take(*child, gone);
    }
    gone.push_back(name);
    model_.erase(name);
    born_.erase(std::find(born_.begin(), born_.end(), name));
  }

  void add() {
    const std::string name = std::string(1, "abc"[random_.below(3)]) + std::to_string(next_++);
    member m;
    if (!born_.empty() && random_.below(4) != 0) m.parent = any();
    m.own = random_.below(5) == 0;
    const auto l = engine_.add({.name = name, .interval = 10ms, .jitter = 0, .paused = m.own,
                                .parent = m.parent}, groups::idle);
    names_[l.value().id()] = name;
    model_[name] = m;
    born_.push_back(name);
  }

  /// Pauses (4), resumes (5) or removes (6) one of them.
  void change_one(std::uint32_t what) {
    const std::string name = any();
    if (what != 6) {
      model_[name].own = what == 4;
      if (what == 4) REQUIRE(engine_.find(name)->pause());
      if (what == 5) REQUIRE(engine_.find(name)->resume());
      return;
    }
    std::vector<std::string> wanted, gone;
    std::vector<std::uint32_t> ids;
    REQUIRE(engine_.find(name)->remove(ids));
    take(name, wanted);
    for (const std::uint32_t id : ids) gone.push_back(names_.at(id));
    REQUIRE(gone == wanted);
  }

  /// Pauses (7), resumes (8), stops (9) or throttles (10) those whose names match.
  void change_matching(std::uint32_t what, const std::string& pattern) {
    std::uint32_t matching = 0;
    const double factor = what == 10 ? 1 + random_.below(3) : 0;
    for (auto& [name, m] : model_) {
      if (!gyre::glob_matches(pattern, name)) continue;
      ++matching;
      if (what == 10) {
        m.factor = factor;
      } else {
        m.own = what != 8;
      }
    }
    gyre::result<std::uint32_t> did = what == 7   ? engine_.pause_loops(pattern)
                                      : what == 8 ? engine_.resume_loops(pattern)
                                      : what == 9 ? engine_.stop_loops(pattern)
                                                  : engine_.throttle_loops(pattern, factor);
    REQUIRE(did.code() == (matching == 0 ? gyre::code::not_found : gyre::code::ok));
    if (did) REQUIRE(*did == matching);
  }

  gyre::rng random_;
  gyre::engine engine_;
  std::map<std::string, member> model_;
  std::vector<std::string> born_;  // in order of add
  std::map<std::uint32_t, std::string> names_;
  int next_ = 0;
  bool running_ = true;
};

}  // namespace

TEST_CASE("random families do what the model says", "[engine]") {
  const std::uint64_t seed = GENERATE(range(1, 13));
  CAPTURE(seed);
  families both(seed);
  for (int step = 0; step < 300; ++step) {
    CAPTURE(step);
    both.step();
    both.look();
  }
}

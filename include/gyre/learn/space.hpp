// space.hpp - what a loop sees (features) and may set (knobs), as numbered states and actions.
// Room: learn. Threads: immutable once made; const calls may run concurrently.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/result.hpp>
#include <gyre/core/text.hpp>
#include <gyre/learn/knob.hpp>
#include <gyre/learn/options.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

/// Numbers every combination of buckets (a state) and every combination of knob values (an action),
/// mixed radix in declared order: the first declared counts most. No features are one state, no
/// knobs are one action.
class space {
 public:
  /// The most that states x actions may be.
  static constexpr std::uint32_t max_cells = tuner_shape::max_cells;

  /// One state, one action.
  space() = default;

  /// Checks and takes the declarations. Errors: code::arg for a name that is not 1 to 63 bytes, a
  /// knob without values or a feature without edges, a number that is not finite, edges that do not
  /// ascend, a value that a knob has twice, names of values that are empty, too long or not as many
  /// as the values; code::exists for a name that two knobs, two features or two values of one
  /// share; code::budget when states x actions exceed `max_cells`.
  static result<space> make(std::vector<feature> features, std::vector<knob> knobs) {
    space made;
    for (std::size_t i = 0; i < features.size(); ++i) {
      GYRE_CHECK(check(features[i]));
      if (find(std::span(features).first(i), features[i].name) >= 0) {
        return fail(code::exists, "two features are named \"", features[i].name, "\"");
      }
    }
    for (std::size_t i = 0; i < knobs.size(); ++i) {
      GYRE_CHECK(check(knobs[i]));
      if (find(std::span(knobs).first(i), knobs[i].name) >= 0) {
        return fail(code::exists, "two knobs are named \"", knobs[i].name, "\"");
      }
    }
    made.features_ = std::move(features);
    made.knobs_ = std::move(knobs);
    GYRE_CHECK(made.count());
    return made;
  }

  /// The same as a tuner takes it.
  tuner_shape shape() const {
    tuner_shape out;
    for (const feature& f : features_) {
      out.features.push_back({static_cast<std::uint32_t>(f.edges.size()) + 1, f.ordered});
    }
    for (const knob& k : knobs_) {
      out.knobs.push_back({static_cast<std::uint32_t>(k.values.size()), k.ordered});
    }
    return out;
  }
  std::uint32_t states() const noexcept { return states_; }
  std::uint32_t actions() const noexcept { return actions_; }
  const std::vector<feature>& features() const noexcept { return features_; }
  const std::vector<knob>& knobs() const noexcept { return knobs_; }
  /// -1 where no feature has that name. O(features).
  int feature_index(std::string_view name) const noexcept {
    return find(std::span(features_), name);
  }
  int knob_index(std::string_view name) const noexcept { return find(std::span(knobs_), name); }

  /// The number of edges that are <= v; 0 for NaN. @pre i < features().size()
  std::uint32_t bucket(std::size_t i, double v) const noexcept {
    const std::vector<double>& edges = features_[i].edges;
    if (std::isnan(v)) return 0;
    return static_cast<std::uint32_t>(std::upper_bound(edges.begin(), edges.end(), v) -
                                      edges.begin());
  }
  /// The state of one bucket a feature, in declared order; a bucket past a feature's last counts as
  /// its last, one that is missing as 0.
  std::uint32_t state(std::span<const std::uint32_t> buckets) const noexcept {
    std::uint32_t s = 0;
    for (std::size_t i = 0; i < features_.size(); ++i) {
      const auto top = static_cast<std::uint32_t>(features_[i].edges.size());
      s = s * (top + 1) + (i < buckets.size() ? std::min(buckets[i], top) : 0);
    }
    return s;
  }
  /// The bucket that feature i has in a state. @pre state < states(), i < features().size()
  std::uint32_t bucket_of(std::uint32_t state, std::size_t i) const noexcept {
    return state / feature_strides_[i] %
           (static_cast<std::uint32_t>(features_[i].edges.size()) + 1);
  }
  /// The same state but for feature i. @pre as for bucket_of
  std::uint32_t with_bucket(std::uint32_t state, std::size_t i,
                            std::uint32_t bucket) const noexcept {
    return state + (bucket - bucket_of(state, i)) * feature_strides_[i];
  }
  /// The action of one choice (index into the values) a knob, in declared order; a choice past a
  /// knob's last value counts as its last, one that is missing as 0.
  std::uint32_t action(std::span<const std::uint32_t> choices) const noexcept {
    std::uint32_t a = 0;
    for (std::size_t i = 0; i < knobs_.size(); ++i) {
      const auto n = static_cast<std::uint32_t>(knobs_[i].values.size());
      a = a * n + (i < choices.size() ? std::min(choices[i], n - 1) : 0);
    }
    return a;
  }
  /// Which of knob i's values an action sets. @pre action < actions(), i < knobs().size()
  std::uint32_t choice_of(std::uint32_t action, std::size_t i) const noexcept {
    return action / knob_strides_[i] % static_cast<std::uint32_t>(knobs_[i].values.size());
  }
  /// The same action but for knob i. @pre as for choice_of, choice < knobs()[i].values.size()
  std::uint32_t with_choice(std::uint32_t action, std::size_t i,
                            std::uint32_t choice) const noexcept {
    return action + (choice - choice_of(action, i)) * knob_strides_[i];
  }
  /// In words: "level=6 codec=zlib". @pre action < actions()
  std::string action_text(std::uint32_t action) const {
    std::string out;
    for (std::size_t i = 0; i < knobs_.size(); ++i) {
      out += (i > 0 ? " " : "") + knobs_[i].name + "=" + knobs_[i].shown(choice_of(action, i));
    }
    return out;
  }
  /// In words: "link_mbit < 10, queue >= 100"; "always" where there are no features. @pre state <
  /// states()
  std::string state_text(std::uint32_t state) const {
    std::string out;
    for (std::size_t i = 0; i < features_.size(); ++i) {
      out += (i > 0 ? ", " : "") + features_[i].name + " " +
             features_[i].shown(bucket_of(state, i));
    }
    return out.empty() ? "always" : out;
  }
  /// The value that an action gives to knob i. @pre as for choice_of
  double value(std::uint32_t action, std::size_t i) const noexcept {
    return knobs_[i].values[choice_of(action, i)];
  }

 private:
  template <class Named>
  static int find(std::span<const Named> list, std::string_view name) noexcept {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i].name == name) return static_cast<int>(i);
    }
    return -1;
  }
  template <class Named>
  static int find(std::span<Named> list, std::string_view name) noexcept {
    return find(std::span<const Named>(list), name);
  }
  static result<void> check_name(const char* what, const std::string& name) {
    if (!name.empty() && name.size() <= 63) return ok;
    return fail(code::arg, "the name of a ", what, " is 1 to 63 bytes, not ", name.size(),
                (name.empty() ? "" : ": " + name));
  }
  static result<void> check_names(const std::string& who, const std::vector<std::string>& names,
                                  std::size_t values) {
    if (names.empty()) return ok;
    if (names.size() != values) {
      return fail(code::arg, who, " has ", names.size(), " names for ", values, " values");
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      GYRE_CHECK(check_name("value", names[i]));
      for (std::size_t j = 0; j < i; ++j) {
        if (names[i] == names[j]) {
          return fail(code::exists, who, " has two values named \"", names[i], "\"");
        }
      }
    }
    return ok;
  }
  static result<void> check(const feature& f) {
    GYRE_CHECK(check_name("feature", f.name));
    const std::string who = "feature \"" + f.name + "\"";
    if (f.edges.empty()) return fail(code::arg, who, " needs at least one edge");
    for (std::size_t i = 0; i < f.edges.size(); ++i) {
      if (!std::isfinite(f.edges[i])) {
        return fail(code::arg, who, " has an edge that is not finite: ", f.edges[i]);
      }
      if (i > 0 && !(f.edges[i - 1] < f.edges[i])) {
        return fail(code::arg, who, " needs ascending edges, but ", f.edges[i], " follows ",
                    f.edges[i - 1]);
      }
    }
    return check_names(who, f.names, f.edges.size() + 1);
  }
  static result<void> check(const knob& k) {
    GYRE_CHECK(check_name("knob", k.name));
    const std::string who = "knob \"" + k.name + "\"";
    if (k.values.empty()) return fail(code::arg, who, " needs at least one value");
    for (const double v : k.values) {
      if (!std::isfinite(v)) {
        return fail(code::arg, who, " has a value that is not finite: ", v);
      }
    }
    std::vector<double> sorted = k.values;  // of two that are equal forbid() would rule out one
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end()) return fail(code::arg, who, " has the value ", *twice, " twice");
    return check_names(who, k.names, k.values.size());
  }
  /// The strides and sizes from the declarations; an error when there are too many cells.
  result<void> count() {
    std::uint64_t states = 1;
    std::uint64_t actions = 1;
    feature_strides_.assign(features_.size(), 1);
    knob_strides_.assign(knobs_.size(), 1);
    for (std::size_t i = features_.size(); i-- > 0;) {
      feature_strides_[i] = static_cast<std::uint32_t>(states);
      states = times(states, features_[i].edges.size() + 1);
    }
    for (std::size_t i = knobs_.size(); i-- > 0;) {
      knob_strides_[i] = static_cast<std::uint32_t>(actions);
      actions = times(actions, knobs_[i].values.size());
    }
    if (times(states, actions) > max_cells) {
      return fail(code::budget, shown(states), " states x ", shown(actions),
                  " actions = ", shown(times(states, actions)), " cells, more than ", max_cells);
    }
    states_ = static_cast<std::uint32_t>(states);
    actions_ = static_cast<std::uint32_t>(actions);
    return ok;
  }
  static constexpr std::uint64_t huge = 1ULL << 53;
  static std::uint64_t times(std::uint64_t a, std::uint64_t b) noexcept {  // a, b >= 1
    return a > huge / b ? huge : a * b;
  }
  static std::string shown(std::uint64_t n) {
    return n >= huge ? "at least 2^53" : std::to_string(n);
  }

  std::vector<feature> features_;
  std::vector<knob> knobs_;
  std::vector<std::uint32_t> feature_strides_, knob_strides_;
  std::uint32_t states_ = 1, actions_ = 1;
};

}  // namespace v1
}  // namespace gyre

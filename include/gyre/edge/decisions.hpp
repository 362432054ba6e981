// decisions.hpp - what tuners decided, in the lines of a recorded run, for what_if() later.
// Room: edge. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gyre/edge/json.hpp>
#include <gyre/engine/engine.hpp>

namespace gyre {
inline namespace v1 {

/// Adds to the snapshots of one engine, as they are written one after the other, each decision
/// whose reward came since the one before, with its propensity. The first has what the loops hold
/// still, `tuning::history`. What is let go between two lines is missing, and read_decisions()
/// counts it.
class decision_trail {
 public:
  /// Of a line, some 3 MiB; learners for which there is no room have theirs in the next line.
  static constexpr std::size_t most_rows = 65'536;

  explicit decision_trail(engine& of) : engine_(of) {}

  /// @param json the snapshot as JSON: it comes back, with a field `decisions` where there are any
  std::string line(std::string_view json, const snapshot_data& s) {
    std::vector<std::uint32_t> asked(s.learners.size(), 0);  // a loop of each learner that tunes
    for (const loop_stats& l : s.loops) {
      const auto i = static_cast<std::size_t>(l.learner);
      if (l.learner >= 0 && s.learners[i].tunes) asked[i] = l.id;
    }
    json_writer out;
    out.open('[');
    std::size_t left = most_rows;
    bool any = false;
    for (std::size_t n = 0; n < asked.size(); ++n) {
      const std::size_t i = (turn_ + n) % asked.size();
      if (asked[i] == 0) continue;
      if (left == 0) {
        turn_ = i;
        break;
      }
      any = write(out, s.learners[i], asked[i], left) || any;
    }
    std::string text(json);
    if (any) text.insert(text.size() - 1, ",\"decisions\":" + out.close(']').take());
    return text;
  }
  /// The next line is the first of another recording.
  void begin() noexcept { next_.clear(); }

 private:
  bool write(json_writer& out, const learner_view& l, std::uint32_t loop, std::size_t& left) {
    auto found = engine_.at(loop);
    if (!found) return false;  // removed since
    std::uint64_t& from = next_[l.name];
    auto log = found->decisions_from(from);
    if (log && log->first < from) log = found->decisions_from(0);  // another of this name
    if (!log || log->rows.empty()) return false;
    auto& rows = log->rows;
    if (rows.size() > left) rows.resize(left);
    left -= rows.size();
    from = log->first + rows.size();
    out.open('{').field("name", l.name).field("states", l.stats.states);
    out.field("actions", l.stats.actions).field("first", log->first);
    column(out, "state", rows, [](const logged_choice& c) { return std::to_string(c.state); });
    column(out, "action", rows, [](const logged_choice& c) { return std::to_string(c.action); });
    column(out, "propensity", rows, [](const logged_choice& c) { return exact(c.propensity); });
    column(out, "reward", rows, [](const logged_choice& c) { return exact(c.reward); });
    out.close('}');
    return true;
  }
  template <class Text>
  static void column(json_writer& out, const char* name, const std::vector<logged_choice>& rows,
                     Text text) {
    out.key(name).open('[');
    for (const logged_choice& c : rows) out.number(text(c));
    out.close(']');
  }
  /// As many digits as give the same bits again, in whatever locale.
  static std::string exact(double v) {
    char digits[40];
    for (const int n : {9, 15, 16, 17}) {
      std::snprintf(digits, sizeof digits, "%.*g", n, v);
      if (std::strtod(digits, nullptr) == v) break;
    }
    std::string out;
    bool point = false;
    for (const char c : std::string_view(digits)) {
      const bool plain = (c >= '0' && c <= '9') || c == '-' || c == '+' || c == 'e';
      if (plain || !point) out += plain ? c : '.';
      point = point || !plain;  // a locale's may have several bytes
    }
    return out;
  }

  engine& engine_;
  std::map<std::string, std::uint64_t, std::less<>> next_;  // by the learner's name
  std::size_t turn_ = 0;
};

}  // namespace v1
}  // namespace gyre

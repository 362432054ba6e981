// read_decisions.hpp - the decisions of one tuner out of a recorded run, for what_if().
// Room: edge. Threads: pure functions.
#pragma once

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gyre/core/result.hpp>
#include <gyre/edge/json.hpp>
#include <gyre/learn/what_if.hpp>

namespace gyre {
inline namespace v1 {

/// What a recording has of one tuner.
struct recorded_decisions {
  std::uint32_t states = 0, actions = 0;
  std::vector<logged_choice> log;  ///< the oldest first
  std::uint64_t missing = 0;  ///< others between these: more between two lines than its loop kept
};

namespace detail {

/// Walks through the JSON of a line, of which it takes what it is asked for. After the first byte
/// that cannot be, ok() is false for good.
class json_walk {
 public:
  explicit json_walk(std::string_view text) noexcept : rest_(text) {}

  bool ok() const noexcept { return ok_; }
  bool at_end() noexcept {
    blank();
    return rest_.empty();
  }
  /// Whether the next byte is this one, which is passed then.
  bool pass(char c) noexcept {
    blank();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void need(char c) noexcept {
    if (!pass(c)) ok_ = false;
  }
  /// A text as it stands there, quotes and escapes included.
  std::string_view text() noexcept {
    blank();
    std::size_t n = 1;
    while (n < rest_.size() && rest_[n] != '"') n += rest_[n] == '\\' ? 2 : 1;
    if (rest_.empty() || rest_.front() != '"' || n >= rest_.size()) return fails();
    return taken(n + 1);
  }
  double number() {
    blank();
    std::size_t n = 0;
    while (n < rest_.size() && std::strchr("+-.0123456789eE", rest_[n]) != nullptr) ++n;
    if (n == 0 || n > 60) return fails(), 0;
    std::string digits(taken(n));
    const std::size_t point = digits.find('.');
    if (point != std::string::npos) digits.replace(point, 1, std::localeconv()->decimal_point);
    char* end = nullptr;
    const double v = std::strtod(digits.c_str(), &end);
    if (end != digits.c_str() + digits.size() || !std::isfinite(v)) ok_ = false;
    return v;
  }
  /// Whatever value comes next.
  void pass_over() noexcept {
    std::size_t open = 0;
    do {
      blank();
      if (rest_.empty()) return (void)fails();
      const char c = rest_.front();
      if (c == '"') {
        (void)text();
      } else if (c == '{' || c == '[') {
        ++open;
        rest_.remove_prefix(1);
      } else if (c == '}' || c == ']') {
        if (open == 0) return (void)fails();
        --open;
        rest_.remove_prefix(1);
      } else if (c == ',' || c == ':') {
        if (open == 0) return (void)fails();
        rest_.remove_prefix(1);
      } else {
        std::size_t n = 0;
        while (n < rest_.size() && std::strchr(",:{}[]\" \t\r\n", rest_[n]) == nullptr) ++n;
        if (n == 0) return (void)fails();
        rest_.remove_prefix(n);
      }
    } while (open > 0 && ok_);
  }
  /// Calls f(key as it stands there) for each member of an object, which takes its value.
  template <class F>
  void members(F&& f) {
    need('{');
    if (pass('}')) return;
    do {
      const std::string_view key = text();
      need(':');
      if (ok_) f(key);
    } while (ok_ && pass(','));
    need('}');
  }
  template <class F>
  void elements(F&& f) {
    need('[');
    if (pass(']')) return;
    do f();
    while (ok_ && pass(','));
    need(']');
  }

 private:
  void blank() noexcept {
    while (!rest_.empty() && std::strchr(" \t\r\n", rest_.front()) != nullptr &&
           rest_.front() != 0) {
      rest_.remove_prefix(1);
    }
  }
  std::string_view taken(std::size_t n) noexcept {
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  std::string_view fails() noexcept {
    ok_ = false;
    return {};
  }
  std::string_view rest_;
  bool ok_ = true;
};

/// Takes line by line what a recording tells of one tuner.
class decision_reader {
 public:
  explicit decision_reader(std::string_view name) : name_(json_writer().value(name).take()) {}

  /// @return whether the line is JSON whose decisions, if any, can be
  bool add(std::string_view line) {
    json_walk in(line);
    bool sound = true;
    in.members([&](std::string_view key) {
      if (key != "\"decisions\"") return in.pass_over();
      in.elements([&] { sound = entry(in) && sound; });
    });
    return in.ok() && in.at_end() && sound;
  }
  recorded_decisions out;
  bool named = false;  ///< it was in some line

 private:
  bool entry(json_walk& in) {
    std::string_view name;
    double states = 0, actions = 0, first = 0;
    std::vector<double> columns[4];
    in.members([&](std::string_view key) {
      constexpr std::string_view keys[] = {"\"state\"", "\"action\"", "\"propensity\"",
                                           "\"reward\""};
      if (key == "\"name\"") name = in.text();
      else if (key == "\"states\"") states = in.number();
      else if (key == "\"actions\"") actions = in.number();
      else if (key == "\"first\"") first = in.number();
      else {
        const auto* const of = std::find(std::begin(keys), std::end(keys), key);
        if (of == std::end(keys)) return in.pass_over();
        in.elements([&] { columns[of - std::begin(keys)].push_back(in.number()); });
      }
    });
    if (name != name_) return in.ok();
    return in.ok() && take(states, actions, first, columns);
  }
  /// Nothing of them is taken where one cannot be.
  bool take(double states, double actions, double first, const std::vector<double> (&of)[4]) {
    const std::size_t n = of[0].size();
    const auto whole = [](double v, double under) {
      return v >= 0 && v < under && v == std::floor(v);
    };
    constexpr double most = 1 << 20;
    bool sound = whole(states, most) && whole(actions, most) && whole(first, 9007199254740992.0);
    for (const auto& column : of) sound = sound && column.size() == n;
    for (std::size_t i = 0; sound && i < n; ++i) {
      sound = whole(of[0][i], states) && whole(of[1][i], actions) && of[2][i] > 0 && of[2][i] <= 1;
    }
    if (!sound) return false;
    const bool other = named && (out.states != std::uint32_t(states) ||
                                 out.actions != std::uint32_t(actions) || first < next_);
    if (other) out = {};  // it learned anew
    if (named && !other) out.missing += static_cast<std::uint64_t>(first - next_);
    named = true;
    out.states = static_cast<std::uint32_t>(states);
    out.actions = static_cast<std::uint32_t>(actions);
    next_ = first + static_cast<double>(n);
    for (std::size_t i = 0; i < n; ++i) {
      out.log.push_back({static_cast<std::uint32_t>(of[0][i]),
                         static_cast<std::uint32_t>(of[1][i]), of[2][i], of[3][i]});
    }
    return true;
  }

  std::string name_;  // as it stands in JSON
  double next_ = 0;
};

}  // namespace detail

/// What a recorded run (run.jsonl, as a server's recorder and decision_trail write it) has of the
/// decisions of a loop, or of a group of loops, which decide together. Where the tuner learned anew
/// meanwhile, or its settings became others, it is the last ones. A last line that is cut off is
/// left out. IO: the system's reason; FORMAT naming the line: it is none of a recording's;
/// NOT_FOUND: no line has decisions of this name, as of versions before there were any.
///     const auto r = gyre::read_decisions("run.jsonl", "ship").value();
///     gyre::what_if(r.log, r.states, r.actions, gyre::fixed_policy{3}).doubly_robust
inline result<recorded_decisions> read_decisions(const std::string& path, std::string_view name) {
  constexpr std::size_t most_line = std::size_t{64} << 20;  // as the page
  struct closing {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  const std::unique_ptr<std::FILE, closing> file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return fail(code::io, path, ": ", std::strerror(errno));
  detail::decision_reader reader(name);
  std::string line;
  std::vector<char> part(std::size_t{64} << 10);
  std::uint64_t number = 1;
  while (const std::size_t n = std::fread(part.data(), 1, part.size(), file.get())) {
    std::string_view rest(part.data(), n);
    for (std::size_t end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
      line.append(rest.substr(0, end));
      rest.remove_prefix(end + 1);
      if (!line.empty() && !reader.add(line)) {
        return fail(code::format, path, ": line ", number, " is no line of a recorded run");
      }
      line.clear();
      ++number;
    }
    line.append(rest);
    if (line.size() > most_line) return fail(code::format, path, ": line ", number, " is too long");
  }
  if (std::ferror(file.get()) != 0) return fail(code::io, path, ": ", std::strerror(errno));
  if (!line.empty()) {
    detail::decision_reader whole = reader;
    if (whole.add(line)) reader = std::move(whole);
  }
  if (reader.named) return std::move(reader.out);
  return fail(code::not_found, path, " has no decisions of \"", name, "\"");
}

}  // namespace v1
}  // namespace gyre

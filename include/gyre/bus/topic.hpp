// topic.hpp - names of what is published: their grammar, how patterns match, a cache of matches.
// Room: bus. Threads: functions are pure; a match_cache has one owner at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gyre/core/result.hpp>
#include <gyre/core/vec.hpp>
#include <string>
#include <string_view>

namespace gyre {
inline namespace v1 {

/// Bytes of the longest topic or pattern.
inline constexpr std::size_t max_topic = 255;

namespace detail {

inline std::string quoted_topic(std::string_view text) {
  return "\"" + std::string(text.substr(0, 40)) + (text.size() > 40 ? "...\"" : "\"");
}

inline result<void> check_tokens(std::string_view text, const char* what, bool wildcards) {
  if (text.empty() || text.size() > max_topic) {
    return fail(code::arg, what, " of ", text.size(), " bytes: 1 to ", max_topic, " are allowed");
  }
  std::size_t begin = 0;
  while (begin <= text.size()) {
    std::size_t end = text.find('.', begin);
    if (end == std::string_view::npos) end = text.size();
    const std::string_view token = text.substr(begin, end - begin);
    if (token.empty()) {
      return fail(code::arg, what, " ", quoted_topic(text),
                  " has an empty token: dots stand between tokens only");
    }
    if ((token == "*" || token == ">") && !wildcards) {
      return fail(code::arg, what, " ", quoted_topic(text),
                  " has a wildcard: only a subscription's pattern may");
    }
    if (token == ">" && end != text.size()) {
      return fail(code::arg, what, " ", quoted_topic(text),
                  " has > before its end: > stands for the whole rest");
    }
    for (const char c : token) {
      if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) {
        return fail(code::arg, what, " has byte ", static_cast<unsigned char>(c),
                    ": spaces and control characters are not allowed");
      }
    }
    begin = end + 1;
  }
  return ok;
}

}  // namespace detail

/// ARG unless `topic` can be published to: 1 to 255 bytes, non-empty tokens between dots, no space
/// or control character, no token that is a wildcard. `*` and `>` inside a token are plain.
inline result<void> check_topic(std::string_view topic) {
  return detail::check_tokens(topic, "topic", false);
}

/// ARG unless `pattern` can be subscribed to: a topic in which a whole token may be `*` (any one
/// token) and the last may be `>` (one or more tokens).
inline result<void> check_pattern(std::string_view pattern) {
  return detail::check_tokens(pattern, "pattern", true);
}

/// Whether `pattern` covers `topic`, by the rules of NATS: `a.>` does not cover `a`.
/// @pre check_pattern(pattern) and check_topic(topic) hold.
inline bool matches(std::string_view pattern, std::string_view topic) noexcept {
  std::size_t p = 0, t = 0;  // where the current tokens begin
  while (p < pattern.size() && t < topic.size()) {
    const std::size_t p_end = std::min(pattern.find('.', p), pattern.size());
    const std::size_t t_end = std::min(topic.find('.', t), topic.size());
    const std::string_view token = pattern.substr(p, p_end - p);
    if (token == ">") return true;
    if (token != "*" && token != topic.substr(t, t_end - t)) return false;
    p = p_end + 1;
    t = t_end + 1;
  }
  return p >= pattern.size() && t >= topic.size();
}

/// Spreads topics over the cache; not the same number on machines of other byte order.
inline std::uint64_t topic_hash(std::string_view topic) noexcept {
  constexpr std::uint64_t k = 0x9e3779b97f4a7c15U;
  std::uint64_t h = topic.size() * k;
  while (!topic.empty()) {
    std::uint64_t word = 0;
    const std::size_t n = std::min<std::size_t>(topic.size(), sizeof word);
    std::memcpy(&word, topic.data(), n);
    h = (h ^ word) * k;
    h ^= h >> 29;
    topic.remove_prefix(n);
  }
  return h;
}

/// Remembers which `T`s a topic matched. Bounded: a set of four entries takes each topic, the
/// oldest of the four goes first; and bounded in matches, beyond which it forgets everything.
template <class T>
class match_cache {
 public:
  /// Room for `topics` at least (rounded up), and for `matches` in all of them together.
  explicit match_cache(std::size_t topics, std::size_t matches = std::size_t{1} << 20)
      : max_matches_(matches) {
    while (sets_ * ways < topics) sets_ *= 2;
  }

  /// What `topic` matched, or null when that is not known (any more). Valid until the next add().
  const vec<T>* find(std::string_view topic, std::uint64_t hash) const noexcept {
    if (entries_.empty()) return nullptr;
    const entry* set = &entries_[set_of(hash)];
    for (std::size_t i = 0; i < ways; ++i) {
      const entry& e = set[i];
      if (e.hash == hash && e.age == age_ && e.topic == topic) return &e.matches;
    }
    return nullptr;
  }
  /// An entry for `topic`, which find() does not know, filled by `fill(vec<T>&)`.
  template <class F>
  const vec<T>& add(std::string_view topic, std::uint64_t hash, F&& fill) {
    if (entries_.empty()) entries_.resize(sets_ * ways);
    if (kept_ > max_matches_) {
      entries_ = vec<entry>(sets_ * ways);
      kept_ = 0;
    }
    entry& e = entries_[set_of(hash) + turn_ % ways];
    found_.clear();
    fill(found_);
    e.topic.assign(topic);  // the last that may find no memory
    ++turn_;
    kept_ -= e.matches.size();
    e.matches.swap(found_);
    e.hash = hash;
    e.age = age_;
    kept_ += e.matches.size();
    return e.matches;
  }
  /// From now on nothing is known. O(1).
  void forget() noexcept { ++age_; }

 private:
  static constexpr std::size_t ways = 4;
  struct entry {
    std::uint64_t hash = 0, age = 0;
    std::string topic;
    vec<T> matches;
  };
  std::size_t set_of(std::uint64_t hash) const noexcept {
    return (static_cast<std::size_t>(hash >> 20) & (sets_ - 1)) * ways;
  }

  vec<entry> entries_;  // empty until the first add()
  vec<T> found_;        // for add(): kept for its memory
  std::size_t sets_ = 1, max_matches_, kept_ = 0, turn_ = 0;
  std::uint64_t age_ = 1;
};

}  // namespace v1
}  // namespace gyre

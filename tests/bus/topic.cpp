// Method: tables for the grammar and the rules of NATS; random patterns against an obvious
// recursive matcher; the cache against a map.
#include <gyre/bus/topic.hpp>
#include <gyre/core/rng.hpp>
#include <map>

#include "catch.hpp"

TEST_CASE("topic grammar", "[bus]") {
  struct row {
    std::string text;
    bool topic, pattern;
  };
  const row rows[] = {
      {"a", true, true},
      {"a.b.c", true, true},
      {"loop.ship-1.done_2", true, true},
      {"gr\xc3\xbc\xc3\x9f"
       "e.\xe2\x82\xac",
       true, true},  // UTF-8
      {"$sys.slow", true, true},
      {std::string(255, 'x'), true, true},
      {"foo.*-", true, true},  // only a whole token is a wildcard
      {"a*.>b", true, true},
      {"*", false, true},
      {">", false, true},
      {"a.*.c", false, true},
      {"*.*", false, true},
      {"a.>", false, true},
      {"*.>", false, true},
      {"", false, false},
      {std::string(256, 'x'), false, false},
      {".", false, false},
      {"a.", false, false},
      {".a", false, false},
      {"a..b", false, false},
      {">.a", false, false},
      {"a.>.b", false, false},
      {"a b", false, false},
      {"a\tb", false, false},
      {"a\n", false, false},
      {std::string("a\0b", 3), false, false},
      {"a\x7f", false, false},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    REQUIRE(gyre::check_topic(r.text).has_value() == r.topic);
    REQUIRE(gyre::check_pattern(r.text).has_value() == r.pattern);
    if (!r.pattern) REQUIRE(gyre::check_pattern(r.text).error().code == gyre::code::arg);
  }
  REQUIRE(gyre::check_topic("a..b").error().text ==
          "topic \"a..b\" has an empty token: dots stand between tokens only");
}

TEST_CASE("patterns match by the rules of NATS", "[bus]") {
  struct row {
    const char *pattern, *topic;
    bool match;
  };
  const row rows[] = {
      {"a", "a", true},          {"a", "b", false},          {"a", "a.b", false},
      {"a.b", "a", false},       {"a", "ab", false},         {"ab", "a", false},
      {"*", "a", true},          {"*", "a.b", false},        {"a.*", "a.b", true},
      {"a.*", "a", false},       {"a.*", "a.b.c", false},    {"a.*.c", "a.b.c", true},
      {"a.*.c", "a.b.d", false}, {"*.b", "a.b", true},       {"a.>", "a", false},
      {"a.>", "a.b", true},      {"a.>", "a.b.c.d", true},   {"a.>", "ab.c", false},
      {">", "a", true},          {">", "a.b.c", true},       {"*.>", "a", false},
      {"*.>", "a.b", true},      {"foo.*-", "foo.*-", true}, {"foo.*-", "foo.x-", false},
      {"a.>b", "a.xb", false},
  };
  for (const row& r : rows) {
    CAPTURE(r.pattern, r.topic);
    REQUIRE(gyre::matches(r.pattern, r.topic) == r.match);
  }
}

namespace {
std::vector<std::string> tokens_of(const std::string& text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == '.') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}
bool model_matches(const std::vector<std::string>& p, const std::vector<std::string>& t,
                   std::size_t i = 0) {
  if (i < p.size() && p[i] == ">") return i < t.size();
  if (i == p.size() || i == t.size()) return p.size() == t.size();
  return (p[i] == "*" || p[i] == t[i]) && model_matches(p, t, i + 1);
}
std::string random_name(gyre::rng& random, bool pattern) {
  std::string out;
  const std::uint32_t tokens = 1 + random.below(4);
  for (std::uint32_t i = 0; i < tokens; ++i) {
    if (i > 0) out += '.';
    const std::uint32_t kind = pattern ? random.below(4) : 3;
    if (kind == 0) {
      out += '*';
    } else if (kind == 1 && i + 1 == tokens) {
      out += '>';
    } else {
      out += static_cast<char>('a' + random.below(2));
    }
  }
  return out;
}
}  // namespace

TEST_CASE("matching equals a recursive model on random names", "[bus]") {
  gyre::rng random(7, 1, 1);
  int matched = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string pattern = random_name(random, true), topic = random_name(random, false);
    CAPTURE(pattern, topic);
    REQUIRE(gyre::check_pattern(pattern));
    const bool expected = model_matches(tokens_of(pattern), tokens_of(topic));
    REQUIRE(gyre::matches(pattern, topic) == expected);
    matched += expected ? 1 : 0;
  }
  REQUIRE(matched > 1000);  // the comparison was about something
}

TEST_CASE("the match cache is right, bounded, and forgets on demand", "[bus]") {
  const std::size_t topics = GENERATE(1u, 64u);
  gyre::match_cache<int> cache(topics, 200);
  std::map<std::string, int> model;  // what the newest add() of a topic stored
  gyre::rng random(3, 1, 1);
  std::size_t hits = 0;
  for (int i = 0; i < 5000; ++i) {
    if (i % 500 == 499) {
      cache.forget();
      model.clear();
    }
    const std::string topic = "t." + std::to_string(random.below(i < 2500 ? 20 : 5000));
    const std::uint64_t hash = gyre::topic_hash(topic);
    if (const gyre::vec<int>* found = cache.find(topic, hash)) {
      REQUIRE(model.count(topic) == 1);
      REQUIRE(*found == gyre::vec<int>(3, model[topic]));
      ++hits;
    } else {
      model[topic] = i;
      cache.add(topic, hash, [i](gyre::vec<int>& out) { out.assign(3, i); });
      REQUIRE(cache.find(topic, hash) != nullptr);
    }
  }
  if (topics == 64) REQUIRE(hits > 1500);
}

// Method: eviction by count and by bytes against the law added = kept + evicted + replayed +
// discarded.
#include <gyre/bus/dead_letter.hpp>

#include "catch.hpp"

namespace {
struct fixture {
  gyre::message_pool pool{1 << 20};
  gyre::detail::subscriber from{"a", gyre::subscription_options{}, {}};
  void add(gyre::dead_letters& dead, const std::string& text) {
    gyre::message m;
    m.topic = "a";
    m.payload = std::as_bytes(std::span<const char>(text.data(), text.size()));
    const std::uint32_t index = pool.store(m);
    pool.retain(index);
    dead.add(pool, index, from, gyre::dead_reason::retries, 4, gyre::instant{5});
  }
};
bool balanced(const gyre::dead_letter_stats& s) {
  return s.added == s.kept + s.evicted + s.replayed + s.discarded;
}
}  // namespace

TEST_CASE("dead letters: the oldest go first and are counted", "[bus]") {
  fixture f;
  f.from.id = 77;
  f.from.trouble.last_error.assign("no route");
  gyre::dead_letters dead(3, 1000);
  for (int i = 1; i <= 5; ++i) f.add(dead, std::to_string(i));
  REQUIRE(dead.size() == 3);
  REQUIRE(dead.stats().added == 5);
  REQUIRE(dead.stats().evicted == 2);
  REQUIRE(dead.stats().bytes == 6);
  const gyre::dead_letter oldest = dead.at(f.pool, 0);
  REQUIRE(oldest.number == 3);
  REQUIRE(oldest.subscription == 77);
  REQUIRE(oldest.attempts == 4);
  REQUIRE(oldest.error == "no route");
  REQUIRE(oldest.died == gyre::instant{5});
  REQUIRE(oldest.message.text() == "3");
  REQUIRE(dead.find(2) == dead.size());
  REQUIRE(dead.find(4) == 1);
  dead.discard(f.pool, 1);
  dead.replayed(f.pool, 0);
  REQUIRE(dead.size() == 1);
  REQUIRE(dead.at(f.pool, 0).number == 5);
  REQUIRE(balanced(dead.stats()));
  REQUIRE(f.pool.live() == 1);
}

TEST_CASE("dead letters are bounded in bytes, and may be switched off", "[bus]") {
  fixture f;
  gyre::dead_letters dead(1000, 250);
  for (int i = 0; i < 10; ++i) f.add(dead, std::string(99, 'x'));
  REQUIRE(dead.size() == 2);
  REQUIRE(dead.stats().bytes == 200);
  f.add(dead, std::string(300, 'x'));  // larger than all the room
  REQUIRE(dead.size() == 0);
  REQUIRE(dead.stats().evicted == 11);
  gyre::dead_letters none(0, 1000);
  f.add(none, "x");
  REQUIRE(none.stats().evicted == 1);
  REQUIRE(balanced(none.stats()));
  REQUIRE(f.pool.live() == 0);
}

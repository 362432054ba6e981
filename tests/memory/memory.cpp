// memory.cpp - Method: a naive model that keeps every record, fed alike; the record law and the
// byte budget after every step; journal and saved state must give the same memory again.
#include <deque>
#include <gyre/core/rng.hpp>
#include <gyre/memory/memory.hpp>
#include <gyre/memory/tiers.hpp>

#include "catch.hpp"
#include "law.hpp"

namespace {
using gyre::memory;
using gyre::record;

record say(std::string text, std::string source = "loop") {
  record r;
  r.text = std::move(text);
  r.source = std::move(source);
  return r;
}

std::vector<std::string> texts(memory& m, const gyre::query& q) {
  std::vector<std::string> found;
  for (const record& r : m.recall(q)) found.push_back(r.text);
  return found;
}
}  // namespace

TEST_CASE("the 51st record seals the 25 oldest", "[memory]") {
  memory m;
  for (int i = 1; i <= 50; ++i) REQUIRE(m.remember(say("event " + std::to_string(i)), i));
  CHECK(m.stats().blocks == 0);
  CHECK(m.stats().in_ring == 50);
  REQUIRE(m.remember(say("event 51"), 51));
  const auto s = m.stats();
  CHECK(s.blocks == 1);
  CHECK(s.in_ring == 26);
  CHECK(s.in_blocks == 25);
  CHECK(s.compressions == 1);
  CHECK(s.consolidated == 25);
  CHECK(s.saved_percent > 30);
  const auto history = m.history();
  REQUIRE(history.size() == 1);
  CHECK(history[0].at_ms == 51);
  CHECK(history[0].count == 25);
  CHECK(history[0].raw_bytes == s.raw_bytes);
  CHECK(history[0].stored_bytes == s.stored_bytes);
  CHECK(history[0].ratio ==
        Approx(static_cast<double>(s.stored_bytes) / static_cast<double>(s.raw_bytes)));
  const auto all = m.recall({});
  REQUIRE(all.size() == 51);
  for (int i = 0; i < 51; ++i) {
    CHECK(all[static_cast<std::size_t>(i)].text == "event " + std::to_string(51 - i));
    CHECK(all[static_cast<std::size_t>(i)].wall_ms == 51 - i);
  }
  CHECK(m.recall({.limit = 3}).size() == 3);
  CHECK(m.recall({.limit = 0}).empty());
}

TEST_CASE("a duplicate adds its count to the newest copy and hides the older", "[memory]") {
  memory m;
  REQUIRE(m.remember(say("same"), 1));
  REQUIRE(m.remember(say("same"), 2));  // the older is in the ring: merged
  CHECK(m.stats().merged == 1);
  CHECK(m.stats().in_ring == 1);
  for (int i = 0; i < 60; ++i) REQUIRE(m.remember(say("filler " + std::to_string(i)), 3 + i));
  CHECK(m.stats().blocks == 1);
  record again = say("same");
  again.count = 5;
  REQUIRE(m.remember(again, 100));  // the older is in a block: hidden
  CHECK(m.stats().merged == 1);
  CHECK(m.stats().hidden == 1);
  const auto found = m.recall({.text = "same"});
  REQUIRE(found.size() == 1);
  CHECK(found[0].count == 7);
  CHECK(found[0].wall_ms == 100);
  CHECK(m.recall({.to_ms = 99, .text = "same"}).empty());
  require_law(m);
  record other = say("same");  // any field of its identity makes it another record
  other.tags = {"x"};
  REQUIRE(m.remember(other, 101));
  REQUIRE(m.remember(say("same", "another loop"), 102));
  CHECK(m.recall({.text = "same"}).size() == 3);
  record most = say("much");
  most.count = UINT32_MAX;
  REQUIRE(m.remember(most, 103));
  REQUIRE(m.remember(most, 104));
  CHECK(m.recall({.text = "much"})[0].count == UINT32_MAX);
}

TEST_CASE("memory equals a list of records with duplicates moved to its end", "[memory]") {
  struct seen {
    std::string text;
    std::uint32_t count;
    std::int64_t at;
  };
  const std::uint32_t distinct = GENERATE(30u, 120u, 1000u);
  gyre::rng random(3, distinct, 0);
  memory m;
  std::deque<seen> model;  // oldest first
  for (int i = 0; i < 1500; ++i) {
    const std::string text = "what " + std::to_string(random.below(distinct)) + " said";
    std::uint32_t count = 1;
    for (auto old = model.begin(); old != model.end(); ++old) {
      if (old->text != text) continue;
      count += old->count;
      model.erase(old);
      break;
    }
    model.push_back({text, count, i + 1});
    REQUIRE(m.remember(say(text), i + 1));
    require_law(m);
    if (i % 50 != 0) continue;
    const auto found = m.recall({.limit = 100000});
    REQUIRE(found.size() == model.size());
    for (std::size_t k = 0; k < found.size(); ++k) {
      const seen& expected = model[model.size() - 1 - k];
      REQUIRE(found[k].text == expected.text);
      REQUIRE(found[k].count == expected.count);
      REQUIRE(found[k].wall_ms == expected.at);
    }
  }
  CHECK(m.stats().evicted == 0);
}

TEST_CASE("the budget is kept by evicting the oldest first", "[memory]") {
  memory m({.budget_bytes = 65'536});
  gyre::rng random(5, 0, 0);
  const int n = 6000;
  for (int i = 0; i < n; ++i) {
    std::string text = std::to_string(i) + ":";
    const auto size = random.below(i % 100 == 0 ? 4000 : 120);
    for (std::uint32_t k = 0; k < size; ++k) text += static_cast<char>('a' + random.below(26));
    REQUIRE(m.remember(say(text), i + 1));
    require_law(m);
  }
  const auto s = m.stats();
  CHECK(s.evicted > 1000);
  CHECK(s.resident_bytes > s.budget_bytes / 2);  // it is used, too
  const auto found = m.recall({.limit = 100000});
  REQUIRE(found.size() == s.in_ring + s.in_blocks);
  for (std::size_t k = 0; k < found.size(); ++k) {  // the newest, without a gap
    REQUIRE(found[k].wall_ms == n - static_cast<std::int64_t>(k));
  }
}

TEST_CASE("large records are sealed early and never break the budget", "[memory]") {
  memory m({.budget_bytes = 65'536});
  CHECK(m.remember(say(std::string(9000, 'x')), 1).code() == gyre::code::budget);
  CHECK(m.stats().remembered == 0);
  gyre::rng random(6, 0, 0);
  for (int i = 0; i < 200; ++i) {
    std::string text;
    for (int k = 0; k < 8000; ++k) text += static_cast<char>('a' + random.below(26));
    REQUIRE(m.remember(say(text), i + 1));
    require_law(m);
    REQUIRE(m.recall({.limit = 1}).front().text == text);
  }
  CHECK(m.stats().blocks > 0);
}

TEST_CASE("recall by time, tag, user, source and text", "[memory]") {
  memory m;
  for (int i = 0; i < 300; ++i) {
    record r = say("number " + std::to_string(i), i % 3 == 0 ? "fizz" : "other");
    r.user = i % 5 == 0 ? "buzz" : "";
    r.role = "count";
    if (i % 7 == 0) r.tags = {"seven", "prime"};
    r.wall_ms = 1000 + i;
    REQUIRE(m.remember(r, 5000));
  }
  CHECK(m.recall({.source = "fizz", .limit = 1000}).size() == 100);
  CHECK(m.recall({.user = "buzz", .limit = 1000}).size() == 60);
  CHECK(m.recall({.tag = "seven", .limit = 1000}).size() == 43);
  CHECK(m.recall({.tag = "seven", .user = "buzz", .source = "fizz", .limit = 1000}).size() == 3);
  CHECK(texts(m, {.from_ms = 1010, .to_ms = 1012}) ==
        std::vector<std::string>{"number 12", "number 11", "number 10"});
  CHECK(texts(m, {.text = "NUMBER 29", .limit = 2}) ==
        std::vector<std::string>{"number 299", "number 298"});
  CHECK(m.recall({.text = "none"}).empty());
}

TEST_CASE("bad records and options are errors and change nothing", "[memory]") {
  memory m;
  record r = say("x");
  r.importance = -0.1;
  CHECK(m.remember(r, 1).code() == gyre::code::arg);
  r = say(std::string(300 << 10, 'x'));
  CHECK(m.remember(r, 1).code() == gyre::code::budget);
  CHECK(m.stats().remembered == 0);
  CHECK(m.recall({}).empty());
  CHECK(gyre::memory_options{}.check());
  CHECK(gyre::memory_options{.budget_bytes = 1000}.check().code() == gyre::code::arg);
  CHECK(gyre::memory_options{.ring = 7}.check().code() == gyre::code::arg);
  CHECK(gyre::memory_options{.ring = 257}.check().code() == gyre::code::arg);
  CHECK(gyre::memory_options{.record_bytes = 0}.check().code() == gyre::code::arg);
}

TEST_CASE("without an archive consolidate prunes by age only", "[memory]") {
  memory m({.prune_after_s = 10});
  for (int i = 0; i < 200; ++i) REQUIRE(m.remember(say("r" + std::to_string(i)), 1000 * i));
  const auto before = m.stats();
  CHECK(m.consolidate(10'000)->pruned == 0);
  const auto done = m.consolidate(160'000);  // what is from before 150 s, in whole blocks
  REQUIRE(done);
  CHECK(done->pruned == 150);
  CHECK(done->archived == 0);
  const auto s = m.stats();
  CHECK(s.pruned == 150);
  CHECK(s.evicted == before.evicted + 150);
  require_law(m);
  CHECK(m.recall({.limit = 1000}).size() == 50);
  REQUIRE(m.remember(say("r1"), 300'000));  // its older copy is gone, from the index too
  CHECK(m.recall({.text = "r1", .limit = 1000}).back().text == "r150");
}

TEST_CASE("a journal of the changes and a saved state give the same memory", "[memory]") {
  const std::uint32_t checkpoint_at = GENERATE(0u, 1u, 700u, 1999u);
  const gyre::memory_options options{.budget_bytes = 65'536, .prune_after_s = 1, .key = {1, 2}};
  memory live(options);
  std::vector<std::pair<std::uint8_t, std::vector<std::byte>>> journal;
  std::vector<std::byte> checkpoint;
  live.set_journal([&](std::uint8_t kind, std::span<const std::byte> bytes) {
    journal.emplace_back(kind, std::vector<std::byte>(bytes.begin(), bytes.end()));
    return gyre::result<void>(gyre::ok);
  });
  gyre::rng random(9, 0, 0);
  for (std::uint32_t i = 0; i < 2000; ++i) {
    if (i == checkpoint_at) {
      checkpoint = saved(live);
      journal.clear();
    }
    std::string text = std::to_string(random.below(1500));
    for (int k = 0; k < 30; ++k) text += static_cast<char>('a' + random.below(26));
    if (random.below(4) == 0) text = "repeated " + std::to_string(random.below(100));
    REQUIRE(live.remember(say(text), i));
    if (i % 500 == 499) REQUIRE(live.consolidate(i));
  }
  REQUIRE(live.stats().evicted > 0);
  REQUIRE(live.stats().hidden > 0);
  REQUIRE(live.stats().pruned > 0);
  memory again(options);
  gyre::byte_reader in(checkpoint);
  REQUIRE(again.load(in));
  for (const auto& [kind, bytes] : journal) REQUIRE(again.replay(kind, bytes));
  CHECK(saved(again) == saved(live));
  CHECK(again.stats().hidden == live.stats().hidden);
  CHECK(again.stats().in_blocks == live.stats().in_blocks);
  CHECK(texts(again, {.limit = 100000}) == texts(live, {.limit = 100000}));
  require_law(again);
}

TEST_CASE("a journal is replayed under the limits of its time, then others are set", "[memory]") {
  const gyre::memory_options narrow{.budget_bytes = 65'536, .ring = 40, .key = {1, 2}};
  const gyre::memory_options wide{.budget_bytes = 1 << 20, .ring = 200, .key = {1, 2}};
  const bool widens = GENERATE(true, false);
  const bool from_state = GENERATE(true, false);
  memory live(widens ? narrow : wide);
  std::vector<std::pair<std::uint8_t, std::vector<std::byte>>> journal;
  live.set_journal([&](std::uint8_t kind, std::span<const std::byte> bytes) {
    journal.emplace_back(kind, std::vector<std::byte>(bytes.begin(), bytes.end()));
    return gyre::result<void>(gyre::ok);
  });
  live.limit(live.options().budget_bytes, live.options().ring, 0);  // as a store's first change
  std::vector<std::byte> state;
  gyre::rng random(12, 0, 0);
  for (int i = 0; i < 3000; ++i) {
    std::string text = std::to_string(i) + ":";
    for (int k = 0; k < 80; ++k) text += static_cast<char>('a' + random.below(26));
    REQUIRE(live.remember(say(text), i));
    if (i % 1000 == 499) REQUIRE(live.consolidate(i + 2'591'999'300));  // prunes all but 700
    if (i != 1500 || !from_state) continue;
    state = saved(live);
    journal.clear();
  }
  REQUIRE(live.stats().pruned > 0);
  REQUIRE((live.stats().evicted > live.stats().pruned) == widens);
  memory again(widens ? wide : narrow);
  gyre::byte_reader in(state);
  if (from_state) REQUIRE(again.load(in));
  for (const auto& [kind, bytes] : journal) REQUIRE(again.replay(kind, bytes));
  REQUIRE(saved(again) == saved(live));
  const auto all = texts(live, {.limit = 100'000});
  again.limit(widens ? 1 << 20 : 65'536, widens ? 200 : 40, 3000);
  require_law(again);
  CHECK(again.stats().budget_bytes == (widens ? 1u << 20 : 65'536u));
  CHECK(again.stats().in_ring <= (widens ? 100u : 20u));
  const auto kept = texts(again, {.limit = 100'000});  // the newest, without a gap
  REQUIRE(kept.size() <= all.size());
  CHECK((kept.size() == all.size()) == widens);
  CHECK(std::equal(kept.begin(), kept.end(), all.begin()));
  const auto changed = saved(again);
  gyre::byte_reader in_changed(changed);
  memory third(wide);
  REQUIRE(third.load(in_changed));
  CHECK(saved(third) == changed);
  REQUIRE(third.remember(say("goes on"), 3001));
  require_law(third);
}

TEST_CASE("changes that another zlib would have packed otherwise are replayed", "[memory]") {
  memory live({.budget_bytes = 70'000, .key = {1, 2}});
  std::vector<std::pair<std::uint8_t, std::vector<std::byte>>> journal;
  live.set_journal([&](std::uint8_t kind, std::span<const std::byte> bytes) {
    journal.emplace_back(kind, std::vector<std::byte>(bytes.begin(), bytes.end()));
    return gyre::result<void>(gyre::ok);
  });
  for (int i = 0; i < 5000; ++i) {
    REQUIRE(live.remember(say("event " + std::to_string(i * 7919)), i));
    if (i % 500 == 499) REQUIRE(live.consolidate(i + 2'591'999'000));
  }
  for (const std::size_t budget : {65'536u, 75'000u}) {  // evicts other blocks than live did
    memory other({.budget_bytes = budget, .key = {1, 2}});
    for (const auto& [kind, bytes] : journal) {
      REQUIRE(other.replay(kind, bytes));
      require_law(other);
    }
    CHECK(other.stats().remembered == live.stats().remembered);
  }
}

TEST_CASE("what memory counts is the same on every machine", "[memory]") {  // golden
  memory m;
  CHECK(m.stats().resident_bytes == 101 * 40);
  for (int i = 0; i < 51; ++i) REQUIRE(m.remember(say("four"), i + 1));
  CHECK(m.stats().resident_bytes == 101 * 40 + 48);
  m.limit(65'536, 8, 60);
  CHECK(m.stats().resident_bytes == 9 * 40 + 48);
}

TEST_CASE("damaged states and changes are refused and change nothing", "[memory]") {
  memory m;
  for (int i = 0; i < 80; ++i) REQUIRE(m.remember(say("event " + std::to_string(i)), i + 1));
  const auto good = saved(m);
  memory other;
  REQUIRE(other.remember(say("mine"), 1));
  for (std::size_t n = 0; n < good.size(); ++n) {
    gyre::byte_reader in(std::span<const std::byte>(good).first(n));
    REQUIRE_FALSE(other.load(in));
  }
  CHECK(texts(other, {}) == std::vector<std::string>{"mine"});
  for (std::size_t i = 0; i < good.size(); ++i) {  // refused, or a memory that works
    auto bytes = good;
    bytes[i] ^= std::byte{0x10};
    gyre::byte_reader in(bytes);
    memory target;
    if (!target.load(in)) continue;
    REQUIRE(target.remember(say("event 3"), 1));
    target.recall({});
    require_law(target);
  }
  const auto none = std::span<const std::byte>();
  CHECK(other.replay(1, none).code() == gyre::code::corrupt);
  CHECK(other.replay(2, none).code() == gyre::code::corrupt);
  CHECK(other.replay(3, none).code() == gyre::code::corrupt);
  CHECK(other.replay(4, none).code() == gyre::code::corrupt);
  CHECK(other.replay(9, none).code() == gyre::code::corrupt);
  CHECK(texts(other, {}) == std::vector<std::string>{"mine"});
}

TEST_CASE("tiers are labels by age", "[memory]") {
  using gyre::tier;
  CHECK(gyre::tier_of(0, 0) == tier::short_term);
  CHECK(gyre::tier_of(0, 299'999) == tier::short_term);
  CHECK(gyre::tier_of(0, 300'000) == tier::medium_term);
  CHECK(gyre::tier_of(0, 3'599'999) == tier::medium_term);
  CHECK(gyre::tier_of(0, 3'600'000) == tier::long_term);
  CHECK(gyre::tier_of(5, 1) == tier::short_term);  // from the future
  CHECK(gyre::tier_of(std::numeric_limits<std::int64_t>::min(),
                      std::numeric_limits<std::int64_t>::max()) == tier::long_term);
  CHECK(std::string(gyre::name(tier::medium_term)) == "medium");
}

TEST_CASE("a state saved in place is the same, and stays while the memory goes on", "[memory]") {
  for (const int records : {0, 1, 60, 3000}) {
    CAPTURE(records);
    memory m({.budget_bytes = 1 << 18});
    const auto remember = [&](int from, int n) {
      for (int i = from; i < from + n; ++i) {
        REQUIRE(m.remember(say("record " + std::to_string(gyre::mix(1, 2, 3, i % 2500u))), i));
      }
    };
    remember(0, records);
    const auto whole = saved(m);
    gyre::byte_writer front;
    gyre::vec<std::span<const std::byte>> pieces;
    m.save_in_place(front, pieces);
    const auto joined = [&] {
      gyre::byte_writer out;
      for (const auto piece : pieces) out.raw(piece);
      return out.take();
    };
    REQUIRE(joined() == whole);
    remember(records, 20'000);  // hides, seals and evicts
    REQUIRE(m.stats().evicted > 0);
    REQUIRE(joined() == whole);
    m.let_go();
    require_law(m);
  }
}

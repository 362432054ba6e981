// Method: random stores and releases against a map of copies; bounds on what is kept.
#include <gyre/bus/pool.hpp>
#include <gyre/core/rng.hpp>
#include <map>

#include "catch.hpp"

namespace {
std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}
}  // namespace

TEST_CASE("the pool gives back what was stored until the last release", "[bus]") {
  struct kept {
    std::string topic, text;
    int references;
  };
  const std::size_t keep = 4096;
  gyre::message_pool pool(keep);
  std::map<std::uint32_t, kept> model;
  gyre::rng random(11, 1, 1);
  for (int i = 0; i < 20000; ++i) {
    if (model.size() < 50 && random.below(2) == 0) {
      kept k{"topic." + std::to_string(i), std::string(random.below(900), static_cast<char>(i)),
             1 + static_cast<int>(random.below(3))};
      gyre::message m;
      m.topic = k.topic;
      m.payload = bytes_of(k.text);
      m.sequence = static_cast<std::uint64_t>(i);
      const std::uint32_t index = pool.store(m);
      for (int r = 0; r < k.references; ++r) pool.retain(index);
      REQUIRE(model.emplace(index, k).second);
    } else if (!model.empty()) {
      auto it = model.begin();
      std::advance(it, random.below(static_cast<std::uint32_t>(model.size())));
      REQUIRE(pool[it->first].topic == it->second.topic);
      REQUIRE(pool[it->first].text() == it->second.text);
      pool.release(it->first);
      if (--it->second.references == 0) model.erase(it);
    }
    REQUIRE(pool.live() == model.size());
    REQUIRE(pool.kept_bytes() <= keep);
  }
}

TEST_CASE("a message may be empty, and may be made of another one's bytes", "[bus]") {
  gyre::message_pool pool(1 << 20);
  gyre::message m;
  m.topic = "a";
  const std::uint32_t empty = pool.store(m);
  pool.retain(empty);
  REQUIRE(pool[empty].payload.empty());
  const std::string text(300, 'x');
  m.payload = bytes_of(text);
  const std::uint32_t first = pool.store(m);
  pool.retain(first);
  gyre::message part = pool[first];
  part.payload = part.payload.subspan(0, 200);
  for (int i = 0; i < 100; ++i) pool.retain(pool.store(part));  // the pool's table grows meanwhile
  REQUIRE(pool[first].text() == text);
}

// Method: model: a map of all traces; table of bounds; fault: damaged bytes.
#include <gyre/learn/traces.hpp>
#include <map>
#include <span>

#include "catch.hpp"

TEST_CASE("traces replace, fade, and are bounded", "[learn]") {
  gyre::traces t(8);
  std::map<std::uint32_t, float> all;
  for (std::uint32_t i = 0; i < 200; ++i) {
    t.fade(.8F);
    for (auto& [at, part] : all) part *= .8F;
    const std::uint32_t at = i * i % 23;
    t.visit(at);
    all[at] = 1;
    std::size_t n = 0;
    for (const auto& e : t) {
      REQUIRE(e.part == all[e.at]);
      REQUIRE(e.part >= gyre::traces::least);
      ++n;
    }
    REQUIRE(n <= 8);
    REQUIRE((t.end() - 1)->at == at);
  }
  for (int i = 0; i < 30; ++i) t.fade(.8F);
  REQUIRE(t.begin() == t.end());
}

TEST_CASE("traces are the same after save and load, and damage is refused", "[learn]") {
  gyre::traces t(4), again(4);
  for (std::uint32_t i = 0; i < 9; ++i) {
    t.fade(.5F);
    t.visit(i);
  }
  gyre::byte_writer out, back;
  t.save(out);
  gyre::byte_reader in(out.data());
  REQUIRE(again.load(in, 9));
  again.save(back);
  REQUIRE(out.data() == back.data());
  gyre::byte_reader fewer(out.data());
  REQUIRE(!again.load(fewer, 8));
  for (std::size_t cut = 0; cut < out.size(); ++cut) {
    gyre::byte_reader part(std::span<const std::byte>(out.data()).first(cut));
    REQUIRE((!again.load(part, 9) && again.begin() == again.end()));
  }
}

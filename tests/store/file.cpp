// file.cpp - Method: one list of expectations, held against the system's files and those in memory.
#include <gyre/store/memory_files.hpp>

#include "catch.hpp"
#include "text.hpp"
#include "scratch.hpp"

namespace {
void behaves(gyre::file_system& files, const std::string& dir) {
  using gyre::code;
  using gyre::open_mode;
  REQUIRE(files.make_dir(dir));
  REQUIRE(files.make_dir(dir));  // there already
  CHECK(files.open(dir + "/a", open_mode::read).code() == code::not_found);
  CHECK(files.open(dir + "/a", open_mode::write).code() == code::not_found);
  CHECK(files.remove(dir + "/a").code() == code::not_found);
  {
    auto a = files.open(dir + "/a", open_mode::fresh).value();
    REQUIRE(gyre::write_all(*a, 0, text("hello world")));
    REQUIRE(gyre::write_all(*a, 6, text("there")));
    CHECK(*a->size() == 11);
    REQUIRE(a->sync());
    std::vector<std::byte> back(20);
    CHECK(*gyre::read_up_to(*a, 2, back) == 9);
    back.resize(9);
    CHECK(back == text("llo there"));
    REQUIRE(a->truncate(5));
    CHECK(*a->size() == 5);
    REQUIRE(gyre::write_all(*a, 8, text("x")));  // a hole of zeros
    back.resize(4);
    CHECK(*gyre::read_up_to(*a, 5, back) == 4);
    CHECK(back == text(std::string("\0\0\0x", 4)));
  }
  {
    auto b = files.open(dir + "/b", open_mode::fresh).value();
    REQUIRE(gyre::write_all(*b, 0, text("new")));
    auto old = files.open(dir + "/a", open_mode::read).value();
    REQUIRE(files.rename(dir + "/b", dir + "/a"));
    REQUIRE(files.sync_dir(dir));
    CHECK(*old->size() == 9);  // who has it open keeps it
    CHECK(*files.open(dir + "/a", open_mode::read).value()->size() == 3);
  }
  CHECK(*files.list(dir) == std::vector<std::string>{"a"});
  {
    auto lock = files.lock(dir + "/lock");
    REQUIRE(lock);
    const auto second = files.lock(dir + "/lock");
    REQUIRE(second.code() == code::state);
    CHECK(second.error().text.find("held by") != std::string::npos);
  }
  CHECK(files.lock(dir + "/lock"));
  std::vector<std::byte> one(16), two(16);
  REQUIRE(files.random(one));
  REQUIRE(files.random(two));
  CHECK(one != two);
}
}  // namespace

TEST_CASE("files behave alike on the system and in memory", "[store]") {
  SECTION("system") {
    const scratch here;
    auto files = gyre::system_files().value();
    behaves(*files, here / "store");
    CHECK(files->make_dir(here / "none/below").code() == gyre::code::not_found);
    auto plain = files->open(here / "plain", gyre::open_mode::fresh);
    REQUIRE(plain);
    CHECK(files->make_dir(here / "plain").code() == gyre::code::io);
  }
  SECTION("memory") {
    gyre::memory_files files;
    behaves(files, "store");
  }
}

TEST_CASE("a window shows what is there, however it is asked", "[store]") {
  gyre::memory_files files;
  auto f = files.open("f", gyre::open_mode::fresh).value();
  std::vector<std::byte> all(200'000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::byte>(i * 7 / 3);
  REQUIRE(gyre::write_all(*f, 0, all));
  gyre::file_window window(*f, all.size());
  for (const std::size_t at : {0u, 10u, 65'530u, 65'536u, 5u, 199'990u, 199'999u, 200'000u, 100u}) {
    for (const std::size_t n : {0u, 1u, 24u, 70'000u}) {
      const auto seen = window.view(at, n).value();
      const std::size_t expected = std::min(n, all.size() - at);
      REQUIRE(seen.size() == expected);
      REQUIRE(std::equal(seen.begin(), seen.end(), all.begin() + static_cast<std::ptrdiff_t>(at)));
    }
  }
}

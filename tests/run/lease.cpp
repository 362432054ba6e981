// Method: threads that each add to a plain number under the lease; then every rule about epochs.
#include <gyre/run/lease.hpp>

#include <thread>
#include <vector>

#include "catch.hpp"

TEST_CASE("one holder at a time", "[run]") {
  gyre::lease word;
  int plain = 0;  // the thread sanitizer sees what the sum does not
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20000; ++i) {
        const gyre::leased hold(word);
        ++plain;
      }
    });
  }
  for (auto& t : threads) t.join();
  REQUIRE(plain == 80000);
}

TEST_CASE("a thread of an older epoch never gets the word again", "[run]") {
  gyre::lease word;
  const auto first = word.acquire();
  word.release();
  REQUIRE(word.acquire(first));
  const auto second = word.pass_on();
  REQUIRE(second == first + 1);
  REQUIRE_FALSE(word.acquire(first));  // at once, though the word is held
  word.release();
  REQUIRE_FALSE(word.acquire(first));
  REQUIRE(word.acquire(second));
  word.release();
  REQUIRE(word.epoch() == second);
}

TEST_CASE("passing on while the old thread waits locks it out", "[run]") {
  for (int round = 0; round < 200; ++round) {
    gyre::lease word;
    const auto epoch = word.acquire();
    bool got = true;
    std::thread late([&] { got = word.acquire(epoch); });
    (void)word.pass_on();
    word.release();
    late.join();
    REQUIRE_FALSE(got);
  }
}

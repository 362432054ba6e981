// Method: model. Whoever waits has it next, before the one who frees it and asks again.
#include <gyre/store/fair_mutex.hpp>

#include <mutex>
#include <thread>

#include "catch.hpp"

TEST_CASE("whoever frees a fair mutex and takes it again lets those go first who wait", "[store]") {
  gyre::fair_mutex turn;
  std::unique_lock mine(turn);
  CHECK_FALSE(turn.wanted());
  int had = 0;  // guarded by it
  for (int i = 0; i < 100; ++i) {
    std::thread other([&] {
      const std::unique_lock its(turn);
      ++had;
    });
    while (!turn.wanted()) std::this_thread::yield();
    mine.unlock();
    mine.lock();
    CHECK(had == i + 1);
    other.join();
  }
}

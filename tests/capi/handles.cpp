// handles.cpp - the id table: what an id says, what a dead one does, and threads against destroy.
// Method: model (generations, retirement, order of reuse) and a race of users against an owner.
#include "../../capi/handles.hpp"

#include <atomic>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "catch.hpp"

namespace {
using gyre::code;
using gyre::capi::handle_table;
using gyre::capi::kind;

struct thing : gyre::capi::object {
  static constexpr kind id_kind = kind::replay;
  int value = 42;
  ~thing() { value = -1; }
};
struct tick : gyre::capi::object {
  static constexpr kind id_kind = kind::tick;
};
}  // namespace

TEST_CASE("an id holds kind, generation and index, and 0 is none", "[capi]") {
  handle_table table;
  thing a, b;
  const std::uint32_t first = table.insert(&a).value();
  const std::uint32_t second = table.insert(&b).value();
  CHECK(first == (5u << 28 | 1u << 20 | 0u));
  CHECK(second == (5u << 28 | 1u << 20 | 1u));
  CHECK(table.pin<thing>(first).value()->value == 42);
  CHECK(table.pin<thing>(0).error().code == code::stale);
  CHECK(table.pin<thing>(0xFFFFFFFFu).error().code == code::stale);
  CHECK(table.pin<thing>(first + 7).error().code == code::stale);
  CHECK(table.pin<tick>(first).error().code == code::kind);
  CHECK(table.pin<tick>(first).error().text == "the id names a replay buffer, not a tick");
}

TEST_CASE("a taken id is stale for ever and its slot retires after 255 generations", "[capi]") {
  handle_table table;
  thing object;
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 255 * 3; ++i) {
    const std::uint32_t id = table.insert(&object).value();
    CHECK(seen.insert(id).second);  // never the same id twice
    CHECK((id & 0xFFFFF) == static_cast<std::uint32_t>(i / 255));
    CHECK(table.take<thing>(id).value() == &object);
    CHECK(table.pin<thing>(id).error().code == code::stale);
    CHECK(table.take<thing>(id).error().code == code::stale);
  }
}

TEST_CASE("a tick id comes back, but not before 250,000 others", "[capi]") {
  handle_table table;
  tick object;
  const std::uint32_t first = table.insert(&object).value();
  table.take<tick>(first).value();
  int others = 0;
  for (;; ++others) {
    const std::uint32_t id = table.insert(&object).value();
    if (id == first) break;
    table.take<tick>(id).value();
  }
  CHECK(others >= 250'000);
  CHECK(others < 300'000);
}

TEST_CASE("an exclusive pin refuses company", "[capi]") {
  handle_table table;
  thing object;
  const std::uint32_t id = table.insert(&object).value();
  {
    const auto one = table.pin<thing>(id, true).value();
    CHECK(table.pin<thing>(id, true).error().code == code::state);
  }
  CHECK(table.pin<thing>(id, true).has_value());
}

TEST_CASE("threads that use an id while it dies see the object or a clean error", "[capi]") {
  handle_table table;
  std::atomic<std::uint32_t> current{0};
  std::atomic<bool> done{false};
  std::atomic<long> good{0}, stale{0}, wrong{0};
  std::vector<std::thread> users;
  for (int i = 0; i < 3; ++i) {
    users.emplace_back([&] {
      while (!done.load()) {
        if (const auto pin = table.pin<thing>(current.load()); !pin) {
          (pin.error().code == code::stale ? stale : wrong)++;
        } else {
          ((*pin)->value == 42 ? good : wrong)++;
        }
      }
    });
  }
  for (int round = 0; round < 200; ++round) {
    auto object = std::make_unique<thing>();
    const std::uint32_t id = table.insert(object.get()).value();
    current = id;
    const long before = good.load();
    while (good.load() < before + 10) std::this_thread::yield();
    CHECK(table.take<thing>(id).value() == object.get());
  }
  current = 0;
  done = true;
  for (auto& user : users) user.join();
  CHECK(wrong.load() == 0);
  CHECK(good.load() >= 2000);
}

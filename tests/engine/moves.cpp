// Method: model: engines of one shard and of several between which loops move agree on everything,
// on virtual time; races under the thread sanitizer; with own threads, where the loops end up.
#include <thread>

#include "doors.hpp"
#include "moves.hpp"

using namespace std::chrono_literals;
using doors::eventually;

TEST_CASE("loops that move leave no trace of it: one seed, one hash", "[engine]") {
  mt::world one(1);
  const std::string once = one.run();
  REQUIRE(mt::moved(one.c) == 0);
  for (const std::uint32_t shards : {2u, 3u, 6u}) {
    CAPTURE(shards);
    mt::world w(shards);
    const std::string many = w.run();
    REQUIRE((shards == 2 || mt::moved(w.c) > 10));
    REQUIRE(many == once);
  }
}

TEST_CASE("three of each four added loops go: the others spread over the shards", "[engine]") {
  const auto c = mt::on_virtual_time(4);
  std::vector<std::uint32_t> kept, gone;
  for (int i = 0; i < 400; ++i) {
    const auto id = mt::add(c, {.name = std::to_string(i)});
    if (i % 4 == 0) {
      kept.push_back(id);
    } else {
      gone.push_back(id);
    }
  }
  std::vector<std::uint32_t> out;
  for (const auto id : gone) REQUIRE(c->loops.remove(id, out));
  REQUIRE(mt::sizes(c) == std::vector<std::size_t>{100, 0, 0, 0});
  mt::settle(c);
  for (const std::size_t n : mt::sizes(c)) {
    REQUIRE(n >= 16);
    REQUIRE(n <= 34);
  }
  (void)c->time.advance_to(1s).value();
  for (std::size_t i = 0; i < kept.size(); ++i) {
    REQUIRE(c->loops.find(std::to_string(4 * i)).value() == kept[i]);
    REQUIRE(c->stats(kept[i])->metrics.cycles > 90);
  }
}

TEST_CASE("a loop that has moved answers to its id until it is removed, and then never",
          "[engine]") {
  const auto c = mt::on_virtual_time(2);
  std::vector<std::uint32_t> ids, out;
  for (int i = 0; i < 16; ++i) ids.push_back(mt::add(c, {.name = "l" + std::to_string(i)}));
  for (std::size_t i = 1; i < 16; i += 2) REQUIRE(c->loops.remove(ids[i], out));
  mt::settle(c);
  REQUIRE(mt::sizes(c) == std::vector<std::size_t>{4, 4});
  std::vector<std::uint32_t> away;
  for (std::size_t i = 0; i < 16; i += 2) {
    if (mt::shard_of(c, ids[i]) == 1) away.push_back(ids[i]);
  }
  REQUIRE(away.size() == 4);
  for (const auto id : away) {
    REQUIRE(c->loops.act(id, {gyre::detail::deed::pause}));
    REQUIRE(c->loops.trigger(id).code() == gyre::code::state);
    REQUIRE(c->loops.act(id, {gyre::detail::deed::resume}));
    REQUIRE(c->stats(id)->id == id);
    if (id != away[3]) REQUIRE(c->loops.connect(c->stats(id)->name, c->stats(away[3])->name, .5));
    REQUIRE(c->loops.remove(id, out));
    REQUIRE(c->loops.has_left(id));
    REQUIRE(c->stats(id).code() == gyre::code::stale);
    REQUIRE(c->loops.trigger(id).code() == gyre::code::stale);
  }
  mt::settle(c);  // what they left behind is used again, under other ids
  for (int i = 0; i < 16; ++i) {
    const auto id = mt::add(c, {.name = "next" + std::to_string(i)});
    REQUIRE(id < (1u << 28) + (3u << 20) + 32);  // no further place was needed
    for (const auto old : ids) REQUIRE(id != old);
    REQUIRE(c->stats(id)->name == "next" + std::to_string(i));
  }
  for (const auto id : away) REQUIRE(c->stats(id).code() == gyre::code::stale);
}

TEST_CASE("loops of a group, and those whose tick has not ended, stay where they are", "[engine]") {
  const auto c = mt::on_virtual_time(2);
  std::vector<std::uint32_t> ids, out;
  for (int i = 0; i < 12; ++i) ids.push_back(mt::add(c, {.name = std::to_string(i), .group = "g"}));
  const auto external =
      c->loops.add({.name = "external", .interval = 10ms, .jitter = 0}, {}).value();
  const auto plain = mt::add(c, {.name = "plain"});
  const auto its = mt::shard_of(c, external);
  for (std::size_t i = 0; i < 3; ++i) {  // on which shard the group is, is its name's affair
    REQUIRE(its != mt::shard_of(c, ids[i]));
  }
  for (int i = 0; i < 12; ++i) mt::add(c, {.name = "b" + std::to_string(i)});
  (void)c->time.advance_to(15ms).value();
  for (const auto id : ids) REQUIRE(c->loops.remove(id, out));
  std::uint32_t tick = 0;
  REQUIRE(c->acquire({&tick, 1}) == 1);
  mt::settle(c);
  REQUIRE(mt::moved(c) > 3);
  REQUIRE(mt::shard_of(c, external) == its);
  REQUIRE(mt::shard_of(c, plain) != its);
}

TEST_CASE("beside a loop that burns a core the others go to a shard that keeps up", "[engine]") {
  gyre::engine_options o;
  o.shards = 2;
  const auto c = gyre::detail::body::make(o).value();
  const auto burner = mt::add(c, {.name = "burner", .interval = 1ms, .jitter = 0},
                              [](gyre::tick&) { kit::work_for(20ms); });
  std::vector<std::uint32_t> others;
  for (int i = 0; i < 20; ++i) others.push_back(mt::add(c, {.name = std::to_string(i)}));
  REQUIRE(mt::sizes(c) == std::vector<std::size_t>{11, 10});
  REQUIRE(c->start());
  // On a machine that is busy with other things it may be the burner that goes, before its first
  // tick has ended and told what it takes; and a shard that waits for a core looks busy.
  const auto beside = [&] { return mt::sizes(c)[mt::shard_of(c, burner)] - 1; };
  REQUIRE(eventually([&] { return beside() == 0; }, 60s));
  const auto moved = mt::moved(c);
  const auto before = c->stats(burner)->metrics.cycles;
  REQUIRE(eventually([&] { return c->stats(burner)->metrics.cycles > before + 60; }));  // 1.2 s
  REQUIRE(beside() == 0);  // they do not come back
  REQUIRE(mt::moved(c) == moved);
  const auto its = mt::shard_of(c, burner);
  std::vector<std::uint32_t> out;
  REQUIRE(c->loops.remove(burner, out));
  REQUIRE(eventually([&] { return mt::sizes(c)[its] >= 6; }, 60s));  // but when it is gone
  REQUIRE(c->stop(20s)->empty());
}

TEST_CASE("what moves is found and told by every call from other threads meanwhile", "[engine]") {
  gyre::engine_options o = kit::by_poll();
  o.shards = 3;
  const auto c = gyre::detail::body::make(o).value();
  std::vector<std::uint32_t> ids;
  std::atomic<bool> over{false};
  for (int i = 0; i < 30; ++i) {
    gyre::loop_options l{.name = "l" + std::to_string(i), .interval = 1ms};
    if (i % 3 == 0) l.knobs = {{"k", {1, 2, 3}}};
    ids.push_back(mt::add(c, l, [i](gyre::tick& t) {
      if (i % 3 == 0) t.reward(t.knob("k"));
    }));
  }
  std::atomic<std::uint64_t> wrong{0}, calls{0};
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    for (int i = 0; !over; ++i) (void)c->time.poll(gyre::instant(i * 1ms), 1000, 1s);
  });
  threads.emplace_back([&] {
    for (std::size_t i = 0; !over; ++i) {
      const auto id = ids[i % ids.size()];
      wrong += c->loops.trigger(id) ? 0 : 1;
      wrong += c->stats(id)->id == id ? 0 : 1;
      wrong += c->loops.reconfigure(id, {.interval = 1ms + i % 3 * 1ms}) ? 0 : 1;
      wrong += c->loops.find("l" + std::to_string(i % 30)).value() == id ? 0 : 1;
      wrong += c->loops.act(id, {gyre::detail::deed::resume}) ? 0 : 1;
      ++calls;
    }
  });
  threads.emplace_back([&] {  // now one shard has too few, then another
    std::vector<std::uint32_t> some, out;
    for (int i = 0; !over; ++i) {
      for (int k = 0; k < 60; ++k) some.push_back(mt::add(c, {.name = "t" + std::to_string(k)}));
      const auto stays = static_cast<std::uint32_t>(i % 3);
      for (const auto id : some) {
        if (mt::shard_of(c, id) != stays) wrong += c->loops.remove(id, out) ? 0 : 1;
      }
      mt::settle(c);
      for (const auto id : some) {
        const bool gone = std::find(out.begin(), out.end(), id) != out.end();
        if (!gone) wrong += c->loops.remove(id, out) ? 0 : 1;
        wrong += c->loops.trigger(id).code() == gyre::code::stale ? 0 : 1;
      }
      some.clear();
      out.clear();
    }
  });
  const bool enough = eventually([&] { return mt::moved(c) > 500 && calls > 500; });
  over = true;
  for (auto& t : threads) t.join();
  REQUIRE(enough);
  REQUIRE(wrong == 0);
  REQUIRE(c->snapshot().loops.size() == 30);
}

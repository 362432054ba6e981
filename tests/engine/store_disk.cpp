// Method: fault. A disk that does not answer: whoever writes or syncs is kept behind a door, and
// whatever else there is must go on. Then what the store holds is compared with what was promised.
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "catch.hpp"
#include "doors.hpp"
#include <gyre/engine/body.hpp>

#include "store_world.hpp"

using namespace std::chrono_literals;
using doors::door;
using doors::eventually;

namespace {

/// Where writes and syncs of files wait, for a test; they outlive who waits there.
std::atomic<const door*> at_write{nullptr}, at_sync{nullptr};

class behind {
 public:
  behind(std::atomic<const door*>& where, const door& d) : where_(where) { where_ = &d; }
  behind(const behind&) = delete;
  behind& operator=(const behind&) = delete;
  ~behind() { where_ = nullptr; }

 private:
  std::atomic<const door*>& where_;
};

gyre::engine_options one_shard(const std::string& dir) {
  return {.seed = 11, .shards = 1, .store = dir};
}
gyre::result<void> say(gyre::engine& e, std::string text) {
  gyre::record r;
  r.text = std::move(text);
  return e.remember(r);
}
/// Waits until all that was said before is older than now: archive_after_s counts whole
/// milliseconds, and what is as young as the clock's own stays in memory.
bool older(const gyre::engine& e) {
  return eventually([&, said = e.wall_ms()] { return e.wall_ms() > said; });
}
/// Whether f ends, on a thread of its own, while the door is shut; where it does not, opens it.
template <class F>
bool ends_before(door& shut, F&& f) {
  std::atomic<bool> done{false};
  std::thread caller([&] {
    f();
    done = true;
  });
  const bool before = eventually([&] { return done.load(); });
  if (!before) shut.open();
  caller.join();
  return before;
}
std::atomic<int>& counted_loop(gyre::engine& e, std::atomic<int>& ticks) {
  e.add({.name = "loop", .interval = 1ms}, [&ticks](gyre::tick&) { ++ticks; }).value();
  return ticks;
}

}  // namespace

// In place of the C library's, for this whole program.
extern "C" ssize_t pwrite(int fd, const void* from, size_t n, off_t at) {
  if (const door* const wait = at_write) wait->pass();
  return ::syscall(SYS_pwrite64, fd, from, n, at);
}
extern "C" int fdatasync(int fd) {
  if (const door* const wait = at_sync) wait->pass();
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

TEST_CASE("a disk that does not answer holds up no loop, call or stop", "[engine]") {
  const folder dir;
  static door shut;
  std::atomic<int> ticks{0};
  {
    auto e = gyre::engine::create(one_shard(dir.store())).value();
    counted_loop(*e, ticks);
    REQUIRE(e->start());
    {
      const behind wait(at_write, shut);
      REQUIRE(say(*e, "one"));
      REQUIRE(eventually([&] { return shut.entered(); }));
      REQUIRE(ends_before(shut, [&] { (void)say(*e, "two"); }));
      const int before = ticks;
      REQUIRE(eventually([&] { return ticks >= before + 20; }));
      REQUIRE(e->snapshot().memory.remembered == 2);
      REQUIRE(e->recall({.limit = 5}).size() == 2);
      REQUIRE(e->stop(100ms).value() == std::vector<std::string>{"(the store)"});
      REQUIRE(e->start());  // and again, with the same thread at the disk
      const int again = ticks;
      REQUIRE(eventually([&] { return ticks >= again + 20; }));
      REQUIRE(e->stop(100ms).value() == std::vector<std::string>{"(the store)"});
      REQUIRE(say(*e, "three"));
      REQUIRE(shut.times() == 1);
      shut.open();
    }
    REQUIRE(eventually([&] { return e->snapshot().store.durable > 0; }));
  }
  gyre::engine e(in(dir.store()));
  REQUIRE(e.recall({.limit = 5}).size() == 3);
}

TEST_CASE("the store is given back once its disk has answered", "[engine]") {
  const folder dir;
  static door shut;
  std::weak_ptr<gyre::detail::body> left;
  {
    auto core = gyre::detail::body::make(one_shard(dir.store())).value();
    const behind wait(at_write, shut);
    REQUIRE(core->start());
    gyre::record r;
    r.text = "kept";
    REQUIRE(gyre::detail::remember_at_home(core->env, r, "x"));
    REQUIRE(eventually([&] { return shut.entered(); }));
    REQUIRE(core->stop(10ms).value().size() == 1);
    core->vault.close();  // comes back at once
    left = core;
  }
  REQUIRE(!left.expired());  // its thread keeps it
  REQUIRE(gyre::engine::create(in(dir.store())).code() == gyre::code::state);
  shut.open();
  REQUIRE(eventually([&] { return left.expired(); }));
  gyre::engine e(in(dir.store()));
  REQUIRE(e.recall({.limit = 5}).size() == 1);
}

TEST_CASE("a slow sync keeps nobody from handing a blocked tick off", "[engine]") {
  const folder dir;
  static door disk, slow;
  std::atomic<int> ticks{0};
  auto o = one_shard(dir.store());
  o.hand_off = 5ms;
  auto e = gyre::engine::create(o).value();
  counted_loop(*e, ticks);
  const behind wait(at_sync, disk);
  REQUIRE(e->start());
  REQUIRE(say(*e, "one"));
  REQUIRE(eventually([&] { return disk.entered(); }));
  auto blocked = e->add({.name = "slow", .interval = 1h, .timeout = 1h}, [](gyre::tick&) {
                    slow.pass();
                  }).value();
  REQUIRE(blocked.trigger());
  REQUIRE(eventually([&] { return slow.entered(); }));
  const int before = ticks;
  REQUIRE(eventually([&] { return ticks >= before + 20; }));
  slow.open();
  disk.open();
  REQUIRE(e->stop(20s)->empty());
}

TEST_CASE("what was remembered is committed while a handler lasts", "[engine]") {
  const folder dir;
  static door slow;
  auto o = one_shard(dir.store());
  o.bus.handler_limit = 1h;
  auto e = gyre::engine::create(o).value();
  REQUIRE(e->subscribe("x", {}, [](const gyre::message&) -> gyre::result<void> {
    slow.pass();
    return gyre::ok;
  }));
  REQUIRE(e->start());
  REQUIRE(e->publish("x", "1"));
  REQUIRE(eventually([&] { return slow.entered(); }));
  const auto before = e->snapshot().store.committed;
  REQUIRE(say(*e, "one"));
  CHECK(eventually([&] { return e->snapshot().store.committed > before; }));
  CHECK(eventually([&] { return e->snapshot().store.durable > before; }));
  slow.open();
}

TEST_CASE("what a disk cannot take is refused, and nothing is lost", "[engine]") {
  const folder dir;
  static door shut;
  std::atomic<int> ticks{0};
  std::uint64_t kept = 0;
  auto o = one_shard(dir.store());
  o.memory.budget_bytes = 64 << 20;
  {
    auto e = gyre::engine::create(o).value();
    counted_loop(*e, ticks);
    REQUIRE(e->start());
    const behind wait(at_write, shut);
    const std::string much(60'000, 'x');
    gyre::result<void> done = gyre::ok;
    REQUIRE(ends_before(shut, [&] {
      while (kept < 1000 && (done = say(*e, std::to_string(kept) + much))) ++kept;
    }));
    REQUIRE(done.code() == gyre::code::overflow);
    REQUIRE(done.error().text.find("no room") != std::string::npos);
    REQUIRE(kept > 200);  // of 60 KB each: about 16 MiB
    REQUIRE(say(*e, "again" + much).code() == gyre::code::overflow);
    REQUIRE(e->snapshot().memory.remembered == kept);
    const int before = ticks;
    REQUIRE(eventually([&] { return ticks >= before + 20; }));
    shut.open();
    REQUIRE(eventually([&] { return say(*e, "there is room").has_value(); }));
    REQUIRE(e->snapshot().store.lost == 0);
  }
  gyre::engine e(in(dir.store()));
  REQUIRE(e.snapshot().memory.remembered == kept + 1);
}

TEST_CASE("a memory goes on while its states are written", "[engine]") {
  const folder dir;
  static door shut;
  auto o = in(dir.store());
  o.memory.budget_bytes = 1 << 20;
  gyre::memory_stats last;
  std::string hash;
  const auto remember = [&](gyre::detail::body& core, int from, int to) {
    for (int i = from; i < to; ++i) {
      gyre::record r;
      for (std::uint64_t k = 0; k < 20; ++k) {
        r.text += gyre::to_hex(gyre::mix(7, static_cast<std::uint64_t>(i), k, 0));
      }
      REQUIRE(gyre::detail::remember_at_home(core.env, r, "x"));
    }
  };
  {
    auto core = gyre::detail::body::make(o).value();
    remember(*core, 0, 6000);
    REQUIRE(core->vault.commit());
    std::thread writer;
    {
      const behind wait(at_sync, shut);
      writer = std::thread([&] { core->vault.checkpoint().value(); });
      REQUIRE(eventually([&] { return shut.entered(); }));
      const bool free = ends_before(shut, [&] {
        remember(*core, 6000, 14'000);  // all blocks of before are dropped
      });
      shut.open();
      writer.join();
      REQUIRE(free);
    }
    REQUIRE(core->vault.sync());
    last = core->snapshot().memory;
    REQUIRE(last.evicted > 6000);
    REQUIRE(core->stop(1s));
  }
  gyre::engine e(o);
  const auto now = e.snapshot().memory;
  REQUIRE(now.remembered == last.remembered);
  REQUIRE(now.evicted == last.evicted);
  REQUIRE(now.in_blocks == last.in_blocks);
}

TEST_CASE("what the archive waits for its disk for holds up nobody else", "[engine]") {
  const folder dir;
  static door disk;
  std::atomic<int> ticks{0};
  auto o = one_shard(dir.store());
  o.memory.archive_after_s = 0;
  auto e = gyre::engine::create(o).value();
  counted_loop(*e, ticks);
  REQUIRE(e->start());
  for (int i = 0; i < 400; ++i) REQUIRE(say(*e, "record " + std::to_string(i)));
  REQUIRE(older(*e));
  gyre::result<gyre::consolidation> moved = gyre::fail(gyre::code::internal, "not yet");
  {
    const behind wait(at_sync, disk);
    std::thread tidy([&] { moved = e->consolidate(); });
    const bool waits = eventually([&] { return disk.entered(); });  // this, or the scribe before it
    const int before = ticks;
    const bool ran = eventually([&] { return ticks >= before + 20; }, 5s);
    const std::size_t found = ran ? e->recall({.limit = 5}).size() : 0;
    const bool said = ran && say(*e, "meanwhile");
    disk.open();
    tidy.join();
    REQUIRE(waits);
    REQUIRE(ran);
    REQUIRE(found == 5);
    REQUIRE(said);
  }
  REQUIRE(moved->archived > 300);
  const auto m = e->snapshot().memory;
  REQUIRE(m.archived == moved->archived);
  REQUIRE(m.archive_bytes > 1000);
  REQUIRE(e->recall({.limit = 1000}).size() == 401);
}

TEST_CASE("what is evicted while it is archived is not in both", "[engine]") {
  const folder dir;
  static door disk;
  auto o = one_shard(dir.store());
  o.memory.archive_after_s = 0;
  o.memory.budget_bytes = 64 << 10;
  gyre::rng noise(3, 3, gyre::purpose::user);
  const auto text = [&] {
    std::string out;
    while (out.size() < 300) out += static_cast<char>('!' + noise.below(90));
    return out;
  };
  gyre::memory_stats m;
  const auto balanced = [&] {
    return m.remembered == m.in_ring + m.in_blocks + m.archived + m.evicted + m.merged;
  };
  {
    auto e = gyre::engine::create(o).value();
    REQUIRE(e->start());
    for (int i = 0; i < 200; ++i) REQUIRE(say(*e, text()));
    REQUIRE(older(*e));
    gyre::result<gyre::consolidation> moved = gyre::fail(gyre::code::internal, "not yet");
    const behind wait(at_sync, disk);
    std::thread tidy([&] { moved = e->consolidate(); });
    const bool waits = eventually([&] { return disk.entered(2); });
    for (int i = 0; waits && i < 600; ++i) (void)say(*e, text());
    disk.open();
    tidy.join();
    REQUIRE(waits);
    m = e->snapshot().memory;
    REQUIRE(m.evicted > 100);
    REQUIRE(m.archived == moved->archived);
    REQUIRE(balanced());
    REQUIRE(e->recall({.limit = 10'000}).size() == m.in_ring + m.in_blocks + m.archived);
    REQUIRE(e->stop(20s)->empty());
  }
  gyre::engine e(in(dir.store()));
  const auto before = m;
  m = e.snapshot().memory;
  REQUIRE(balanced());
  REQUIRE(m.archived == before.archived);
  REQUIRE(m.remembered == before.remembered);
  REQUIRE(m.archive_errors == 0);
}

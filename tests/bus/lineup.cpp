// Method: model. Random subscribers get messages and are served; a sorted look at all of them says
// who is next.
#include <gyre/bus/lineup.hpp>
#include <gyre/core/rng.hpp>
#include <memory>
#include <vector>

#include "catch.hpp"

namespace {
using gyre::instant;
using gyre::detail::place;
using gyre::detail::subscriber;

bool goes_before(const subscriber& a, const subscriber& b) {
  if (a.options.priority != b.options.priority) return a.options.priority > b.options.priority;
  if (a.queue[0].place != b.queue[0].place) return a.queue[0].place < b.queue[0].place;
  return a.turn.order < b.turn.order;
}
}  // namespace

TEST_CASE("the lineup serves by priority, then as published, then as subscribed", "[bus]") {
  gyre::rng random(31, 1, 1);
  gyre::detail::lineup line;
  std::vector<std::unique_ptr<subscriber>> all;
  for (std::uint64_t i = 0; i < 12; ++i) {
    gyre::subscription_options o;
    o.priority = static_cast<int>(random.below(3));
    all.push_back(std::make_unique<subscriber>("a", o, [](const gyre::message&) {}));
    all.back()->turn.order = i;
  }
  line.reserve(all.size());
  instant now{};
  std::uint64_t sequence = 0;
  for (int step = 0; step < 5000; ++step) {
    subscriber& s = *all[random.below(12)];
    if (s.turn.where == place::idle && s.queue.empty()) {
      s.queue.push_back({0, random.below(2) == 0 ? sequence : ++sequence, 0, 0});
      s.turn.not_before = now + gyre::duration{random.below(30)};
      line.add(s, now);
      REQUIRE((s.turn.where == place::ready) == (s.turn.not_before <= now));
    }
    now += gyre::duration{random.below(4)};
    line.wake(now);
    const subscriber* best = nullptr;
    instant first = gyre::never;
    for (const auto& other : all) {
      if (other->queue.empty()) continue;
      first = std::min(first, other->turn.not_before);
      if (other->turn.not_before > now) continue;
      if (best == nullptr || goes_before(*other, *best)) best = other.get();
    }
    REQUIRE(line.any_ready() == (best != nullptr));
    REQUIRE(line.next_due(now) == (best != nullptr ? now : first));
    if (best == nullptr || random.below(2) == 0) continue;
    subscriber& served = line.next();
    REQUIRE(&served == best);
    REQUIRE(served.turn.where == place::idle);
    served.queue.pop_front();
  }
}

TEST_CASE("held back, released, removed", "[bus]") {
  gyre::detail::lineup line;
  line.reserve(2);
  subscriber a("a", {}, [](const gyre::message&) {}), b("b", {}, [](const gyre::message&) {});
  subscriber polled("p", {}, {});
  for (subscriber* s : {&a, &b, &polled}) {
    s->queue.push_back({0, 1, 0, 0});
    line.add(*s, {});
  }
  b.turn.order = 1;
  REQUIRE(polled.turn.where == place::idle);  // has no handler: is never served
  line.hold(line.next());
  line.remove(b);
  REQUIRE_FALSE(line.any_ready());
  REQUIRE(line.next_due(instant{7}) == instant{7});  // what is held back is due
  line.release();
  REQUIRE(line.any_ready());
  line.remove(a);
  REQUIRE(line.next_due(instant{7}) == gyre::never);
}

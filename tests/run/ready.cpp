// Method: model. A list that is searched by the rules, fed alike; then properties: how many ticks
// pass one that waits, and what is shed of a made-up overload.
#include <algorithm>
#include <gyre/core/rng.hpp>
#include <gyre/run/ready.hpp>
#include <limits>
#include <map>
#include <vector>

#include "catch.hpp"

using namespace std::chrono_literals;
using gyre::due_entry;
using gyre::duration;
using gyre::instant;
using gyre::ready_queue;

namespace {
/// What the queue is by its documentation, with no regard to speed.
struct ready_model {
  std::vector<due_entry> rows;
  std::map<std::uint32_t, instant> without;  // slots that were shed, and since when
  int highest = std::numeric_limits<int>::min();
  int in_a_row = 0;
  bool aged = false;

  void push(const due_entry& e) {
    rows.push_back(e);
    highest = std::max(highest, e.priority);
  }
  instant since(const due_entry& e) const {
    const auto at = without.find(e.slot);
    return at == without.end() ? e.due : std::min(at->second, e.due);
  }
  std::vector<due_entry>::iterator first() {
    const bool by_age = in_a_row == 15;
    const auto goes_first = [&](const due_entry& a, const due_entry& b) {
      if (!by_age && a.priority != b.priority) return a.priority > b.priority;
      return since(a) != since(b) ? since(a) < since(b) : a.order < b.order;
    };
    return std::min_element(rows.begin(), rows.end(), goes_first);
  }
  void pop() {
    rows.erase(first());
    aged = in_a_row == 15;
    in_a_row = aged ? 0 : in_a_row + 1;
  }
  std::vector<due_entry>::iterator of(std::uint32_t slot) {
    return std::find_if(rows.begin(), rows.end(),
                        [slot](const due_entry& e) { return e.slot == slot; });
  }
  bool sheds(const due_entry& e, duration waited, duration interval) {
    const bool shed =
        e.priority < highest && !aged && waited > std::max<duration>(interval, 100ms);
    const instant from = since(e);
    without.erase(e.slot);
    if (shed) without[e.slot] = from;
    return shed;
  }
  void settle() {
    without.clear();
    in_a_row = 0;
    highest = std::numeric_limits<int>::min();
  }
};

bool identical(const due_entry& a, const due_entry& b) {
  return a.due == b.due && a.priority == b.priority && a.order == b.order && a.slot == b.slot;
}
}  // namespace

TEST_CASE("the ready queue equals a list that is searched by the rules", "[run]") {
  const std::uint32_t slots = 20 * GENERATE(1u, 15u);
  const bool in_order = 1 * GENERATE(0, 1) != 0;  // of due times, as from a timer
  const std::uint32_t classes = 1 * GENERATE(4u, 12u);
  gyre::rng random(slots, 1, gyre::purpose::user);
  ready_queue queue;
  ready_model list;
  instant now{0};
  std::size_t shed = 0, aged = 0, cancelled = 0;
  for (int i = 0; i < 40'000; ++i) {
    CAPTURE(i, slots, in_order, classes);
    now += random.below(1'000'000) * 1ns;
    const std::uint32_t slot = random.below(slots);
    const auto held = list.of(slot);
    const due_entry* const found = queue.find(slot);
    REQUIRE((found != nullptr) == (held != list.rows.end()));
    if (found != nullptr) REQUIRE(identical(*found, *held));
    const bool quiet = i % 8000 > 6000;  // runs empty from time to time
    if (random.below(i % 8000 < 2000 ? 2 : 8) == 0) {
      queue.cancel(slot);
      if (held != list.rows.end()) {
        list.rows.erase(held);
        ++cancelled;
      }
    } else if (held == list.rows.end() && !quiet) {
      const int priority = static_cast<int>(random.below(classes)) - 1;
      const duration ago = in_order ? 200ms : random.below(400) * 1ms;
      const instant due = now - std::min<duration>(now, ago);
      const due_entry e{due, priority, slots - slot, slot};
      queue.push(e);
      list.push(e);
    }
    REQUIRE(queue.size() == list.rows.size());
    REQUIRE(queue.empty() == list.rows.empty());
    REQUIRE((queue.peek() == nullptr) == list.rows.empty());
    if (!list.rows.empty() && random.below(2) != 0) {
      const due_entry first = *list.first();
      REQUIRE(identical(*queue.peek(), first));
      due_entry out;
      REQUIRE(queue.pop(out));
      REQUIRE(identical(out, first));
      list.pop();
      const duration interval = (1 + random.below(300)) * 1ms;
      const bool sheds = list.sheds(out, now - out.due, interval);
      REQUIRE(queue.sheds(out, now - out.due, interval) == sheds);
      shed += sheds ? 1 : 0;
      aged += list.aged ? 1 : 0;
    }
    if (list.rows.empty() && random.below(4) == 0) {
      queue.settle();
      list.settle();
    }
  }
  REQUIRE((shed > 100 && aged > 100 && cancelled > 100));
  due_entry out;
  while (queue.pop(out)) list.pop();
  REQUIRE(list.rows.empty());
}

TEST_CASE("age gets every tick its turn, however many of higher classes come", "[run]") {
  const std::uint32_t others = 1 * GENERATE(0u, 1u, 10u);
  ready_queue queue;
  // Two low classes; the one looked at is the youngest of the lowest.
  for (std::uint32_t i = 0; i < others; ++i) queue.push({0ns, i % 2 == 0 ? 0 : 1, i, i});
  const std::uint32_t last = others;
  queue.push({1ns, 0, last, last});
  std::uint32_t popped = 0;
  for (std::uint32_t slot = last + 1; queue.find(last) != nullptr; ++slot, ++popped) {
    queue.push({2ns, 9, slot, slot});
    due_entry out;
    REQUIRE(queue.pop(out));
    REQUIRE_FALSE((out.priority < 9 && queue.sheds(out, 1h, 1ms)));  // and it runs
  }
  REQUIRE(popped == 16 * (others + 1));
}

TEST_CASE("a tick that is shed goes before its class when it is due again", "[run]") {
  ready_queue queue;
  due_entry out;
  queue.push({0ms, 1, 0, 0});
  queue.push({5ms, 0, 1, 1});
  REQUIRE((queue.pop(out) && out.slot == 0 && !queue.sheds(out, 1h, 1ms)));
  REQUIRE((queue.pop(out) && out.slot == 1 && queue.sheds(out, 101ms, 1ms)));
  queue.push({80ms, 0, 2, 2});
  queue.push({90ms, 0, 1, 1});
  REQUIRE((queue.pop(out) && out.slot == 1 && !queue.sheds(out, 0ms, 1ms)));
  REQUIRE(out.due == 90ms);
  queue.push({90ms, 0, 1, 1});  // it had its tick
  REQUIRE((queue.pop(out) && out.slot == 2));
}

TEST_CASE("what lost its patience is shed, of the highest class never", "[run]") {
  ready_queue queue;
  due_entry out;
  const auto shed = [&](duration waited, duration interval) {
    return queue.sheds(out, waited, interval);
  };
  queue.push({0ns, 0, 0, 0});
  queue.push({0ns, 0, 1, 1});
  REQUIRE(queue.pop(out));
  REQUIRE_FALSE(shed(1h, 1ms));  // there is one class
  queue.push({0ns, 2, 2, 2});
  REQUIRE((queue.pop(out) && out.priority == 2));
  REQUIRE_FALSE(shed(1h, 1ms));  // the highest
  REQUIRE((queue.pop(out) && out.priority == 0));
  REQUIRE(shed(100ms + 1ns, 1ms));
  REQUIRE_FALSE(shed(100ms, 1ms));
  REQUIRE_FALSE(shed(1s, 1s));
  REQUIRE(shed(1s + 1ns, 1s));
  queue.push({0ns, 0, 1, 1});
  REQUIRE(queue.pop(out));
  REQUIRE(shed(1h, 1ms));  // the higher one was here in this overload
  queue.settle();
  queue.push({0ns, 0, 1, 1});
  REQUIRE(queue.pop(out));
  REQUIRE_FALSE(shed(1h, 1ms));
}

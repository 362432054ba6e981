// Method: property. Sealed, hidden and dropped, the history holds exactly the hashes it should.
#include <deque>
#include <gyre/core/rng.hpp>
#include <gyre/memory/history.hpp>
#include <map>

#include "catch.hpp"

namespace {
void push(gyre::detail::record_ring& ring, gyre::detail::block_history& blocks, int number) {
  gyre::record r;
  r.text = "record " + std::to_string(number);
  gyre::byte_writer out;
  REQUIRE(gyre::row::write(out, r, number));
  ring.push(out.data(), blocks.identity(*gyre::row::read(out.data())));
}
}  // namespace

TEST_CASE("the history holds what was sealed until it is hidden or dropped", "[memory]") {
  gyre::rng random(15, 0, 0);
  gyre::detail::block_history blocks({1, 2});
  gyre::detail::record_ring ring(64);
  std::map<int, gyre::record_hash> held;  // by number, the oldest first
  std::deque<int> sealed;                 // first number of each block, ten records each
  int next = 0;
  for (int step = 0; step < 600; ++step) {
    if (random.below(3) != 0 || blocks.empty()) {
      sealed.push_back(next);
      for (int i = 0; i < 10; ++i) {
        push(ring, blocks, next);
        held[next++] = ring[ring.size() - 1].id;
      }
      REQUIRE(blocks.seal(ring, 10, step));
      REQUIRE(ring.empty());
    } else if (random.below(2) == 0) {
      REQUIRE(blocks.drop() == 10);
      for (int i = 0; i < 10; ++i) held.erase(sealed.front() + i);
      sealed.pop_front();
    } else if (!held.empty()) {
      const auto gone = held.begin();
      gyre::record_view view;
      const auto at = blocks.find(gone->second, view);
      REQUIRE(at);
      REQUIRE(view.text == "record " + std::to_string(gone->first));
      blocks.hide(at, gone->second);
      REQUIRE_FALSE(blocks.find(gone->second, view));
      REQUIRE_FALSE(blocks.holds(gone->second));
      held.erase(gone);
    }
    REQUIRE(blocks.size() == sealed.size());
    REQUIRE(blocks.records() == 10 * sealed.size());
    REQUIRE(blocks.records() - blocks.hidden() == held.size());
    REQUIRE(blocks.end_id() == static_cast<std::uint64_t>(next) / 10);
    if (step % 20 != 0) continue;
    for (const auto& [number, id] : held) REQUIRE(blocks.holds(id));
  }
}

TEST_CASE("a block that was saved is adopted with what is hidden in it", "[memory]") {
  gyre::detail::block_history blocks({1, 2}), again({1, 2});
  gyre::detail::record_ring ring(64);
  for (int i = 0; i < 8; ++i) push(ring, blocks, i);
  const gyre::record_hash first = ring[0].id, last = ring[7].id;
  REQUIRE(blocks.seal(ring, 8, 1));
  gyre::record_view view;
  blocks.hide(blocks.find(first, view), first);
  gyre::byte_writer out;
  blocks[0].save(out);
  gyre::byte_reader in(out.data());
  REQUIRE(again.adopt(gyre::block::load(in).value()));
  REQUIRE_FALSE(again.holds(first));
  REQUIRE(again.holds(last));
  REQUIRE(again.hidden() == 1);
  REQUIRE(again.resident_bytes() == blocks.resident_bytes());
}

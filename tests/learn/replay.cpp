// Method: model (a deque trimmed to capacity), and properties of sampling: members only, none
// twice, uniform by chi-square with a fixed seed, in every regime from n << size to n == size; a
// reopened buffer against the one that went on; damaged bytes.
#include <deque>
#include <gyre/learn/replay.hpp>
#include <gyre/learn/transition.hpp>
#include <map>
#include <set>

#include "catch.hpp"

using gyre::sampling;

// A row of the user's own, with its own encoding beside it.
namespace own {
struct row {
  std::uint32_t id;
};
void encode(gyre::byte_writer& out, const row& r) { out.u32(r.id); }
bool decode(gyre::byte_reader& in, row& r) {
  r.id = in.u32();
  return in.ok();
}
}  // namespace own

namespace {

gyre::rng stream(std::uint64_t n = 0) { return {7, n, gyre::purpose::replay}; }

gyre::replay<int> filled(std::uint32_t capacity, int rows) {
  gyre::replay<int> r(capacity);
  for (int i = 0; i < rows; ++i) r.push(i);
  return r;
}

double chi_square(const std::vector<double>& seen, double expected) {
  double chi = 0;
  for (const double n : seen) chi += (n - expected) * (n - expected) / expected;
  return chi;
}

}  // namespace

TEST_CASE("replay equals a deque trimmed to capacity", "[learn]") {
  const std::uint32_t capacity = GENERATE(1u, 2u, 3u, 8u, 17u);
  gyre::replay<int> replay(capacity);
  std::deque<int> model;
  for (int i = 0; i < 60; ++i) {
    CAPTURE(capacity, i);
    if (i == 41) {
      replay.clear();
      model.clear();
    }
    const bool full = model.size() == capacity;
    if (full) model.pop_front();
    model.push_back(i);
    REQUIRE(replay.push(i) == full);
    REQUIRE(replay.size() == model.size());
    REQUIRE(replay.total_added() == static_cast<std::uint64_t>(i) + 1);
    REQUIRE(replay.utilization() == Approx(static_cast<double>(model.size()) / capacity));
    for (std::size_t k = 0; k < model.size(); ++k) REQUIRE(replay[k] == model[k]);
  }
}

// The reference tested the empty container for truth, so that nothing was ever stored.
TEST_CASE("an empty buffer takes its first row and gives it back", "[learn]") {
  gyre::replay<int> replay(100);
  gyre::rng random = stream();
  int out[1] = {-1};
  for (const auto how : {sampling::without_replacement, sampling::with_replacement}) {
    REQUIRE(!replay.sample(out, random, how));
  }
  REQUIRE(out[0] == -1);
  REQUIRE(random.counter() == 0);
  REQUIRE(replay.total_sampled() == 0);
  REQUIRE(replay.sample({}, random));
  replay.push(42);
  REQUIRE(replay.size() == 1);
  REQUIRE(replay.sample(out, random));
  REQUIRE(out[0] == 42);
  REQUIRE(replay.total_sampled() == 1);
}

TEST_CASE("more than there is: refused without replacement, given with it", "[learn]") {
  gyre::replay<int> replay = filled(10, 5);
  gyre::rng random = stream();
  int out[6] = {-1, -1, -1, -1, -1, -1};
  REQUIRE(!replay.sample(out, random));
  REQUIRE(out[0] == -1);
  REQUIRE(random.counter() == 0);
  REQUIRE(replay.sample(out, random, sampling::with_replacement));
  for (const int i : out) REQUIRE((i >= 0 && i < 5));
}

TEST_CASE("capacity 0 counts as 1", "[learn]") { REQUIRE(filled(0, 3).size() == 1); }

TEST_CASE("without replacement gives members only and none twice, for every n", "[learn]") {
  const int rows = GENERATE(1, 2, 3, 7, 40, 130);
  const std::uint32_t capacity = GENERATE(40u, 130u);
  gyre::replay<int> replay = filled(capacity, rows);
  const std::set<int> members = [&] {
    std::set<int> all;
    for (std::size_t i = 0; i < replay.size(); ++i) all.insert(replay[i]);
    return all;
  }();
  gyre::rng random = stream();
  std::vector<int> out;
  for (int round = 0; round < 5; ++round) {  // 5 x size samples: the marks' rounds wrap at 255
    for (std::size_t n = 1; n <= replay.size(); ++n) {
      out.assign(n, -1);
      REQUIRE(replay.sample(out, random));
      const std::set<int> distinct(out.begin(), out.end());
      CAPTURE(rows, capacity, n, round);
      REQUIRE(distinct.size() == n);
      REQUIRE(std::includes(members.begin(), members.end(), distinct.begin(), distinct.end()));
    }
  }
}

TEST_CASE("every ordered choice is equally likely", "[learn]") {
  const std::size_t n = GENERATE(1u, 2u, 3u, 4u, 5u);  // of 5: both methods of sampling
  gyre::replay<int> replay = filled(5, 8);             // wrapped: 3 4 5 6 7
  gyre::rng random = stream();
  std::map<std::vector<int>, double> seen;
  const int rounds = 60000;
  std::vector<int> out(n);
  for (int i = 0; i < rounds; ++i) {
    REQUIRE(replay.sample(out, random));
    seen[out] += 1;
  }
  const std::size_t choices[] = {0, 5, 20, 60, 120, 120};
  const double bound[] = {0, 18.5, 43.8, 98.3, 173.6, 173.6};  // 99.9 % at choices - 1
  REQUIRE(seen.size() == choices[n]);
  std::vector<double> counts;
  for (const auto& one : seen) counts.push_back(one.second);
  CAPTURE(n);
  REQUIRE(chi_square(counts, static_cast<double>(rounds) / static_cast<double>(choices[n])) <
          bound[n]);
}

TEST_CASE("a batch is uniform over a large buffer, with and without replacement", "[learn]") {
  const auto how = GENERATE(sampling::without_replacement, sampling::with_replacement);
  const std::size_t n = GENERATE(32u, 400u, 700u);
  gyre::replay<int> replay = filled(1000, 1300);
  gyre::rng random = stream(n);
  std::vector<double> seen(1000, 0);
  std::vector<int> out(n);
  const int rounds = 2000;
  for (int i = 0; i < rounds; ++i) {
    REQUIRE(replay.sample(out, random, how));
    for (const int id : out) seen[static_cast<std::size_t>(id - 300)] += 1;
  }
  // 99.9 % of chi-square at 999; drawn without replacement the counts vary less, never more.
  CAPTURE(n);
  REQUIRE(chi_square(seen, static_cast<double>(rounds) * static_cast<double>(n) / 1000) < 1143);
  REQUIRE(replay.total_sampled() == n * rounds);
}

TEST_CASE("a reopened buffer samples what the closed one would have", "[learn]") {
  const int rows = GENERATE(1, 30, 64, 65, 200, 1000);
  gyre::replay<own::row> kept(64);
  gyre::rng random = stream(3);
  own::row out[40];
  for (int i = 0; i < rows; ++i) {
    kept.push({static_cast<std::uint32_t>(i)});
    (void)kept.sample(std::span(out).first(3), random);
  }
  gyre::byte_writer file;
  kept.save(file);
  gyre::replay<own::row> reopened(64);
  gyre::byte_reader in(file.data());
  REQUIRE(reopened.load(in));
  REQUIRE(in.remaining() == 0);
  gyre::rng again = random;
  own::row other[40];
  for (int i = 0; i < 300; ++i) {
    CAPTURE(rows, i);
    const auto n = static_cast<std::size_t>(i % 40);
    const bool given = kept.sample(std::span(out).first(n), random);
    REQUIRE(reopened.sample(std::span(other).first(n), again) == given);
    for (std::size_t k = 0; given && k < n; ++k) REQUIRE(out[k].id == other[k].id);
    kept.push({static_cast<std::uint32_t>(5000 + i)});
    reopened.push({static_cast<std::uint32_t>(5000 + i)});
  }
  REQUIRE(kept.total_added() == reopened.total_added());
  REQUIRE(kept.total_sampled() == reopened.total_sampled());
  REQUIRE(random.counter() == again.counter());
}

TEST_CASE("a batch does not depend on how many were drawn before it", "[learn]") {
  const gyre::replay<int> never = filled(1000, 1000);  // the marks of drawn rows: none yet
  gyre::replay<int> often = never;
  gyre::rng random = stream(9);
  for (int round = 0; round < 4000; ++round) {  // 4000 rounds: one byte of marks wraps 15 times
    gyre::replay<int> first = never;
    gyre::rng again = random;
    int a[2], b[2];
    REQUIRE(often.sample(a, random));
    REQUIRE(first.sample(b, again));
    CAPTURE(round);
    REQUIRE((a[0] == b[0] && a[1] == b[1]));
  }
}

// With replacement what comes next is drawn ahead, to be fetched: that must not show.
TEST_CASE("nor does one drawn with replacement, whatever came between", "[learn]") {
  gyre::replay<int> often = filled(50, 40);
  gyre::rng random = stream(4), other = stream(5);
  for (int round = 0; round < 3000; ++round) {
    if (round % 7 > 4) often.push(1000 + round);  // 40 rows, then a full buffer
    gyre::rng& drawing = round % 11 == 0 ? other : random;
    const std::size_t n = 1 + static_cast<std::size_t>(round) * 13 % 90;
    std::vector<int> got(n);
    gyre::rng again = drawing;
    REQUIRE(often.sample(got, drawing, sampling::with_replacement));
    for (std::size_t k = 0; k < n; k += 2) {
      const std::uint64_t bits = again.next();
      CAPTURE(round, k);
      REQUIRE(got[k] == often[static_cast<std::size_t>((bits >> 32) * often.size() >> 32)]);
      if (k + 1 == n) break;
      REQUIRE(got[k + 1] ==
              often[static_cast<std::size_t>((bits & 0xffffffffU) * often.size() >> 32)]);
    }
    REQUIRE(drawing.counter() == again.counter());
  }
}

TEST_CASE("a smaller buffer takes the newest of what was saved", "[learn]") {
  gyre::replay<own::row> large(10);
  for (std::uint32_t i = 0; i < 25; ++i) large.push({i});
  gyre::byte_writer file;
  large.save(file);
  gyre::replay<own::row> small(4);
  gyre::byte_reader in(file.data());
  REQUIRE(small.load(in));
  REQUIRE(small.size() == 4);
  REQUIRE(small[0].id == 21);
  REQUIRE(small[3].id == 24);
  REQUIRE(small.total_added() == 25);
}

TEST_CASE("damaged bytes are refused and change nothing", "[learn]") {
  gyre::replay<gyre::transition> kept(8);
  for (std::uint32_t i = 0; i < 12; ++i) kept.push({.state = i * 50, .reward = 1});
  gyre::byte_writer file;
  kept.save(file);
  gyre::replay<gyre::transition> other(8);
  other.push({.state = 77});
  for (std::size_t cut = 0; cut < file.size(); ++cut) {
    gyre::byte_reader in(std::span(file.data()).first(cut));
    CAPTURE(cut);
    REQUIRE(other.load(in).code() == gyre::code::corrupt);
  }
  gyre::byte_writer lies;  // more rows than were ever added, and more than there are bytes
  lies.varint(3);
  lies.varint(0);
  lies.varint(std::uint64_t{1} << 60);
  gyre::byte_reader in(lies.data());
  REQUIRE(other.load(in).code() == gyre::code::corrupt);
  REQUIRE(other.size() == 1);
  REQUIRE(other[0].state == 77);
  REQUIRE(other.total_added() == 1);
}

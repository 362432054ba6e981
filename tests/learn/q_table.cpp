// Method: model: argmax against std::max_element over many rows of every width; a cell against the
// mean and the moving average written out.
#include <algorithm>
#include <cmath>
#include <gyre/core/rng.hpp>
#include <gyre/learn/q_table.hpp>
#include <limits>

#include "catch.hpp"

TEST_CASE("argmax is the first of the greatest, at every width and alignment", "[learn]") {
  gyre::rng random(1, 0, gyre::purpose::user);
  for (std::uint32_t n = 1; n <= 40; ++n) {
    std::vector<float> row(n + 3);
    for (int round = 0; round < 200; ++round) {
      const std::size_t shift = random.below(4);
      for (float& x : row) x = static_cast<float>(random.below(6)) - 3;  // few values: many ties
      const float* at = row.data() + shift;
      CAPTURE(n, shift, round);
      REQUIRE(gyre::argmax(at, n) == static_cast<std::uint32_t>(std::max_element(at, at + n) - at));
    }
  }
}

TEST_CASE("argmax takes infinities, equal rows and negative zero", "[learn]") {
  const float inf = std::numeric_limits<float>::infinity();
  const float low[] = {-inf, -inf, -inf, -inf, -inf, -3e38F};
  REQUIRE(gyre::argmax(low, 5) == 0);
  REQUIRE(gyre::argmax(low, 6) == 5);
  const float zero[] = {-0.0F, 0, -0.0F, 0, 0, 0, 0, 0};
  for (std::uint32_t n = 1; n <= 8; ++n) REQUIRE(gyre::argmax(zero, n) == 0);
  for (std::uint32_t at = 0; at < 19; ++at) {  // one greatest, at each place
    float row[19] = {};
    row[at] = 1;
    REQUIRE(gyre::argmax(row, 19) == at);
  }
}

TEST_CASE("a cell moves by the rate and no other cell moves", "[learn]") {
  gyre::q_table q(3, 5);
  q.update(1, 2, 8, 0.25, false);
  q.update(1, 2, 8, 0.25, false);
  REQUIRE(q.at(1, 2) == 3.5F);
  REQUIRE(q.updates(1, 2) == 2);
  REQUIRE(q.learned() == 1);
  REQUIRE(q.greedy(1) == 2);
  REQUIRE(q.best(1) == 3.5F);
  for (std::uint32_t i = 0; i < 15; ++i) {
    if (i != 7) REQUIRE(q.data()[i] == 0);
  }
  REQUIRE(q.row(2) == q.data() + 10);
}

TEST_CASE("with averaging a cell is the mean until n reaches 1/rate, then tracks", "[learn]") {
  gyre::q_table q(1, 1);
  double sum = 0;
  for (int n = 1; n <= 10; ++n) {
    sum += n * n;
    q.update(0, 0, n * n, 0.1, true);
    REQUIRE(q.at(0, 0) == Approx(sum / n).epsilon(1e-5));
  }
  const double before = q.at(0, 0);
  q.update(0, 0, 1000, 0.1, true);  // the 11th: 0.1, no longer 1/11
  REQUIRE(q.at(0, 0) == Approx(before + 0.1 * (1000 - before)));
}

TEST_CASE("a cell stays finite whatever the target", "[learn]") {
  gyre::q_table q(1, 1);
  for (const double target : {1e300, -1e300, 1e308, std::numeric_limits<double>::infinity()}) {
    q.update(0, 0, target, 1, false);
    REQUIRE(std::isfinite(q.at(0, 0)));
  }
}

TEST_CASE("a table reads back as written; damage changes nothing", "[learn]") {
  gyre::q_table q(4, 3);
  for (std::uint32_t i = 0; i < 9; ++i) q.update(i % 4, i % 3, i * 0.7, 0.3, true);
  gyre::byte_writer out;
  q.save(out);
  gyre::q_table back(4, 3);
  gyre::byte_reader in(out.data());
  REQUIRE(back.load(in));
  REQUIRE(in.remaining() == 0);
  REQUIRE(back.learned() == q.learned());
  REQUIRE(std::equal(q.data(), q.data() + 12, back.data()));
  for (std::uint32_t i = 0; i < 12; ++i)
    REQUIRE(q.updates(i / 3, i % 3) == back.updates(i / 3, i % 3));

  for (std::size_t cut = 0; cut < out.size(); ++cut) {
    gyre::byte_reader part(std::span(out.data()).first(cut));
    REQUIRE(back.load(part).code() == gyre::code::corrupt);
  }
  gyre::byte_writer poison;
  for (int i = 0; i < 12; ++i) poison.f32(std::numeric_limits<float>::quiet_NaN());
  for (int i = 0; i < 12; ++i) poison.varint(0);
  gyre::byte_reader nan(poison.data());
  REQUIRE(back.load(nan).code() == gyre::code::corrupt);
  REQUIRE(std::equal(q.data(), q.data() + 12, back.data()));
}

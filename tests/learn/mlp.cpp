// Method: model: the slope of the loss by finite differences, and a product a number at a time;
// property: what a row gives does not depend on the rows beside it, nor padding on anything.
#include <cmath>
#include <gyre/core/rng.hpp>
#include <gyre/learn/mlp.hpp>
#include <gyre/learn/q_network.hpp>
#include <vector>

#include "catch.hpp"

using gyre::portable::padded;

namespace {

std::vector<float> some_floats(std::size_t n, gyre::rng& random) {
  std::vector<float> v(n);
  for (float& x : v) x = static_cast<float>(2 * random.unit() - 1);
  return v;
}
/// `rows` rows of `width`, padded by zeros.
std::vector<float> padded_rows(std::uint32_t rows, std::uint32_t width, gyre::rng& random) {
  std::vector<float> v(std::size_t{rows} * padded(width), 0);
  for (std::uint32_t r = 0; r < rows; ++r) {
    for (std::uint32_t i = 0; i < width; ++i) {
      v[r * padded(width) + i] = static_cast<float>(2 * random.unit() - 1);
    }
  }
  return v;
}

}  // namespace

TEST_CASE("a product of matrices is that of numbers one by one, bit for bit", "[learn]") {
  gyre::rng random(1, 0, gyre::purpose::user);
  for (const std::uint32_t rows : {1U, 3U, 4U, 5U, 11U}) {
    for (const std::uint32_t columns : {4U, 8U, 12U, 20U, 36U}) {
      for (const std::uint32_t inner : {1U, 2U, 7U, 33U}) {
        const auto a = some_floats(rows * inner, random), b = some_floats(inner * columns, random);
        const auto start = some_floats(columns, random);
        std::vector<float> out(rows * columns);
        for (const bool turned : {false, true}) {
          const gyre::detail::matrix_view view{a.data(), turned ? 1U : inner, turned ? rows : 1U};
          gyre::detail::product(view, b.data(), columns, start.data(), out.data(), columns, rows,
                                inner, columns);
          for (std::uint32_t r = 0; r < rows; ++r) {
            for (std::uint32_t c = 0; c < columns; ++c) {
              float sum = start[c];
              for (std::uint32_t k = 0; k < inner; ++k) {
                sum += a[r * view.row + k * view.column] * b[k * columns + c];
              }
              CAPTURE(rows, columns, inner, r, c);
              REQUIRE(out[r * columns + c] == sum);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("the gradient of a network is the slope of its loss", "[learn]") {
  for (const bool dueling : {false, true}) {
    for (const std::uint32_t rows : {1U, 5U, 12U}) {
      CAPTURE(dueling, rows);
      const std::uint32_t hidden[] = {7, 10};
      gyre::q_network net(5, hidden, 3, dueling, rows);
      gyre::rng random(3, rows, gyre::purpose::user);
      std::vector<float> weights(net.size()), gradient(net.size());
      net.begin(weights.data(), random);
      for (float& w : weights) w = w != 0 ? static_cast<float>(2 * random.unit() - 1) : 0;
      const auto inputs = padded_rows(rows, 5, random), slopes = padded_rows(rows, 3, random);
      const auto loss = [&] {  // linear in the worths, so that what curves is the network alone
        const float* worth = net.worth(weights.data(), inputs.data(), rows);
        double sum = 0;
        for (std::size_t i = 0; i < slopes.size(); ++i) {
          sum += static_cast<double>(worth[i]) * static_cast<double>(slopes[i]);
        }
        return sum;
      };
      const double here = loss();
      net.backward(weights.data(), inputs.data(), slopes.data(), gradient.data(), rows);
      if (dueling) {  // no unit of one half is drawn over to the other
        const float* last = &gradient[net.size() - 11 * 4];
        for (std::size_t unit = 0; unit < 10; ++unit) {
          for (std::size_t out = unit < 5 ? 1 : 0; out < (unit < 5 ? 4 : 1); ++out) {
            REQUIRE(last[unit * 4 + out] == 0);
          }
        }
      }
      int compared = 0, moving = 0;
      for (std::size_t i = 0; i < weights.size(); ++i) {
        const float kept = weights[i];
        if (kept == 0 && gradient[i] == 0) continue;  // padding, biases of units at rest
        constexpr float h = 1e-2F;
        weights[i] = kept + h;
        const double above = (loss() - here) / static_cast<double>(h);
        weights[i] = kept - h;
        const double below = (here - loss()) / static_cast<double>(h);
        weights[i] = kept;
        ++moving;
        if (std::fabs(above - below) > 1e-3) continue;  // a unit is switched on or off between
        ++compared;
        CAPTURE(i, above, below);
        REQUIRE(static_cast<double>(gradient[i]) == Approx((above + below) / 2).margin(1e-3));
      }
      REQUIRE(moving > 60);
      REQUIRE(compared > .7 * moving);
    }
  }
}

TEST_CASE("rows of a batch do not touch each other", "[learn]") {
  gyre::rng random(4, 0, gyre::purpose::user);
  const std::uint32_t hidden[] = {9, 6};
  gyre::q_network net(3, hidden, 2, true, 10);
  std::vector<float> weights(net.size());
  net.begin(weights.data(), random);
  const auto inputs = padded_rows(10, 3, random);
  const float* all = net.worth(weights.data(), inputs.data(), 10);
  const std::vector<float> kept(all, all + std::size_t{10} * net.row());
  for (std::uint32_t r = 0; r < 10; ++r) {
    const float* one = net.worth(weights.data(), inputs.data() + r * net.input_row(), 1);
    for (std::uint32_t a = 0; a < 2; ++a) REQUIRE(one[a] == kept[r * net.row() + a]);
  }
}

TEST_CASE("dueling adds the advantages over their mean, each from units of its own", "[learn]") {
  gyre::rng random(5, 0, gyre::purpose::user);
  const std::uint32_t hidden[] = {6};
  gyre::q_network net(2, hidden, 3, true, 1);
  std::vector<float> weights(net.size());
  net.begin(weights.data(), random);
  // Layers: 2 x 8 weights, 8 biases; 6 x 4 weights (of the state, three advantages), 4 biases.
  REQUIRE(net.size() == 3 * 8 + 7 * 4);
  const std::size_t last = 3 * 8;
  for (std::size_t unit = 0; unit < 6; ++unit) {
    for (std::size_t out = 0; out < 4; ++out) {
      CAPTURE(unit, out);
      REQUIRE((weights[last + unit * 4 + out] != 0) == ((unit < 3) == (out == 0)));
    }
  }
  std::fill(weights.begin(), weights.end(), 0.F);
  const float biases[] = {10, 1, 2, 6};
  std::copy(biases, biases + 4, weights.begin() + last + 6 * 4);
  const float at[4] = {};
  const float* worth = net.worth(weights.data(), at, 1);
  REQUIRE(worth[0] == 10 + 1 - 3);
  REQUIRE(worth[1] == 10 + 2 - 3);
  REQUIRE(worth[2] == 10 + 6 - 3);
}

// gridworld.cpp - a walk along a cliff, learned by four methods: who dares, and how soon.
// Build: g++ -std=c++20 -ffp-contract=off -Iinclude examples/gridworld.cpp -lz
// With the name of a file it draws the learning curve there, as SVG (target gridworld-plot).
//
// Prints:
//   default, after 300 episodes:
//     ............
//     ............
//     >>>>>>>>>>>v
//     ^##########G
//     earned an episode: first 50 -315.7, last 50 -68.5
//   Q-learning, after 300 episodes:
//     ............
//     ............
//     >>>>>>>>>>>v
//     ^##########G
//     earned an episode: first 50 -111.5, last 50 -47.0
//   SARSA, after 300 episodes:
//     >>>>>>>>>>>v
//     ^..........v
//     ^..........v
//     ^##########G
//     earned an episode: first 50 -107.9, last 50 -31.8
//   Dyna-Q, after 300 episodes:
//     ............
//     ............
//     >>>>>>>>>>>v
//     ^##########G
//     earned an episode: first 50 -81.2, last 50 -50.8
#include <algorithm>
#include <cstdio>
#include <gyre/learn/learner.hpp>
#include <string>
#include <vector>

#include "worlds.hpp"

namespace {

constexpr int episodes = 300, seeds = 20;

struct method {
  const char* name;
  const char* colour;
  gyre::learner_options options;
};

const std::vector<method>& methods() {
  using gyre::learning_method;
  static const gyre::exploration tenth{.from = .1, .to = .1, .how = gyre::exploring::linear};
  static const std::vector<method> all = {
      {"default", "#0072b2", {.sequential = true}},
      {"Q-learning", "#d55e00",
       {.learning_rate = .5, .explore = tenth, .batch = 1, .every = 1, .warmup = 1, .capacity = 1,
        .sequential = true, .method = learning_method::q}},
      {"SARSA", "#009e73",
       {.learning_rate = .5, .explore = tenth, .sequential = true,
        .method = learning_method::sarsa}},
      {"Dyna-Q", "#cc79a7",
       {.explore = tenth, .sequential = true, .method = learning_method::dyna_q}}};
  return all;
}

/// What each episode earned.
std::vector<double> walk(const worlds::world& cliff, gyre::learner& l, std::uint64_t seed) {
  std::vector<double> earned;
  gyre::rng draw(seed, 1, gyre::purpose::user);
  for (int e = 0; e < episodes; ++e) {
    std::uint32_t at = cliff.start(draw);
    double sum = 0;
    for (int n = 0; n < 500; ++n) {
      const std::uint32_t action = l.act(at);
      const worlds::outcome& o = cliff.step(at, action, draw);
      l.observe({at, action, o.reward, o.next, o.ends, n == 499 && !o.ends});
      sum += o.reward;
      at = o.next;
      if (o.ends) break;
    }
    earned.push_back(sum);
  }
  return earned;
}

/// The way that a learner holds to be best, drawn on the map.
void draw_map(const worlds::world& cliff, const gyre::learner& l) {
  std::string map(48, '.');
  for (std::uint32_t at = 36, n = 0; at != 47 && n < 48; ++n) {
    map[at] = "^>v<"[l.greedy(at)];
    at = cliff.of(at, l.greedy(at))[0].next;
  }
  for (int c = 1; c < 11; ++c) map[static_cast<std::size_t>(36 + c)] = '#';
  map[47] = 'G';
  for (std::size_t row = 0; row < 4; ++row) std::printf("  %s\n", map.substr(row * 12, 12).c_str());
}

/// One line of the picture: means of ten episodes over all seeds, -200 to 0.
void draw_curve(std::FILE* svg, const method& m, const std::vector<double>& mean, int at) {
  std::fprintf(svg, "<polyline fill='none' stroke='%s' stroke-width='2' points='", m.colour);
  for (int e = 0; e + 10 <= episodes; e += 10) {
    double sum = 0;
    for (int k = 0; k < 10; ++k) sum += mean[static_cast<std::size_t>(e + k)] / 10;
    const double x = 60 + 620. * (e + 5) / episodes;
    std::fprintf(svg, "%.1f,%.1f ", x, 20 - std::max(sum, -200.) * 1.5);
  }
  std::fprintf(svg, "'/><text x='560' y='%d' fill='%s'>%s</text>\n", 220 + 20 * at, m.colour,
               m.name);
}

}  // namespace

int main(int count, char** arguments) {
  const worlds::world cliff = worlds::cliff_walking();
  std::FILE* const svg = count > 1 ? std::fopen(arguments[1], "w") : nullptr;
  if (count > 1 && svg == nullptr) {
    std::fprintf(stderr, "gridworld: %s cannot be written\n", arguments[1]);
    return 1;
  }
  if (svg != nullptr) {
    std::fprintf(svg,
                 "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 720 370' "
                 "font-family='sans-serif' font-size='14'>"
                 "<rect width='720' height='370' fill='#fff'/>\n"
                 "<text x='360' y='362' text-anchor='middle'>episode, 0 to %d</text>\n", episodes);
    for (int y = 0; y <= 200; y += 50) {
      std::fprintf(svg, "<text x='50' y='%d' text-anchor='end'>%d</text><path stroke='#ddd' "
                        "d='M60 %dH680'/>\n", 25 + y * 3 / 2, -y, 20 + y * 3 / 2);
    }
  }
  int at = 0;
  for (const method& m : methods()) {
    std::vector<double> mean(episodes, 0.0);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      gyre::learner l(cliff.states, cliff.actions, m.options, seed, 0);
      const auto earned = walk(cliff, l, seed);
      for (std::size_t e = 0; e < earned.size(); ++e) mean[e] += earned[e] / seeds;
      if (seed > 1) continue;
      std::printf("%s, after %d episodes:\n", m.name, episodes);
      draw_map(cliff, l);
    }
    const auto over = [&](std::size_t from) {
      double sum = 0;
      for (std::size_t e = from; e < from + 50; ++e) sum += mean[e] / 50;
      return sum;
    };
    std::printf("  earned an episode: first 50 %.1f, last 50 %.1f\n", over(0), over(episodes - 50));
    if (svg != nullptr) draw_curve(svg, m, mean, at++);
  }
  if (svg != nullptr) {
    std::fprintf(svg, "</svg>\n");
    std::fclose(svg);
  }
}

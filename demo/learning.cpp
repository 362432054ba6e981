// learning.cpp - tests that the demo's loops learn, in ten of ten seeds, and that the reward is
// why. Room: demo. Threads: one.
//
// Method: the demo's own job with really measured CPU time, on a virtual clock that does not wait
// between ticks: 30 loops over 20 s, eight changes of the link's speed. Then the same with the
// rewards shuffled among the ticks, where the same bar must not be reached. About one shuffled
// seed in ten is lucky, so there the mean of three counts as one.
#include <cstdio>
#include <cstring>
#include <utility>

#include "job.hpp"

namespace {

using namespace std::chrono_literals;

struct outcome {
  demo::policy last{};
  double score = 0;  ///< mean over the last quarter's snapshots, as in the demo
};

outcome learn(std::uint64_t seed, bool shuffle, const demo::texts& text, demo::uplink& link,
              const demo::yardstick& y) {
  constexpr std::size_t loops = 30;
  constexpr gyre::duration interval = 400ms;
  constexpr gyre::duration length = 20s;
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = seed});
  demo::shuffler shuffled(seed);
  for (std::size_t i = 0; i < loops; ++i) {
    e.add(demo::worker(i, interval), [&, i](gyre::tick& t) {
       const double speed = demo::speed_at(e.now());
       (void)t.feature("mb_per_s", speed);
       const double level = t.knob("level");
       const double block = t.knob("block_kib");
       const auto draw =
           gyre::mix(seed, i, static_cast<std::uint64_t>(gyre::purpose::user), t.number());
       const double earned =
           link.ship(text.piece(draw % text.pieces()), level, block).earned(speed);
       (void)t.reward(shuffle ? shuffled.swap(earned) : earned);
     }).value();
  }
  outcome out;
  constexpr int looks = 20;
  for (int i = 1; i <= looks; ++i) {
    (void)e.advance_to(length * 3 / 4 + length / 4 * i / looks).value();
    out.last = demo::learned(e.snapshot().learners.at(0));
    out.score += y.score(out.last) / looks;
  }
  return out;
}

}  // namespace

int main(int count, char** words) {
  const bool many = count > 1 && std::strcmp(words[1], "--many") == 0;
  const demo::texts text({"/usr/include", "/usr/share/doc", "."}, 2 << 20);
  demo::uplink link;
  if (text.pieces() < 8 || !link.usable()) {
    std::puts("skipped: less than 512 KiB of text here");
    return 77;
  }
  const demo::yardstick y(link, text, 24, 3);
  const std::size_t fixed = y.best_fixed();
  const double fixed_score = y.score({fixed, fixed});
  const double bar = std::max(0.85, 1.2 * fixed_score);
  std::printf("best fixed pair: level %g, %g KiB, score %.3f; the bar is %.3f\n",
              demo::level_of(fixed), demo::block_of(fixed), fixed_score, bar);
  const auto held = [&](bool shuffle, int tries, int seeds_each) {
    int over = 0;
    double sum = 0;
    for (int seed = 1; seed <= tries * seeds_each; ++seed) {
      const outcome o = learn(static_cast<std::uint64_t>(seed), shuffle, text, link, y);
      sum += o.score;
      if (seed % seeds_each == 0) over += std::exchange(sum, 0) / seeds_each >= bar ? 1 : 0;
      std::printf("%s seed %2d: level %g, %g KiB at 400 MB/s; level %g, %g KiB at 3; score %.3f\n",
                  shuffle ? "shuffled" : "learned ", seed, demo::level_of(o.last[0]),
                  demo::block_of(o.last[0]), demo::level_of(o.last[1]), demo::block_of(o.last[1]),
                  o.score);
      std::fflush(stdout);
    }
    return over;
  };
  bool good = y.best(0) != y.best(1);  // else there is nothing to learn
  if (!good) std::puts("one pair is best at both speeds: the job has nothing to teach");
  const int learned = held(false, 10, 1);
  const int tries = many ? 40 : 5;
  const int lucky = held(true, tries, 3);
  std::printf("%d of 10 seeds over the bar; with shuffled rewards %d of %d means of three\n",
              learned, lucky, tries);
  good &= learned == 10 && lucky * 5 <= tries;
  return good ? 0 : 1;
}

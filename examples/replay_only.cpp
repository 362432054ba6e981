// replay_only.cpp - the replay buffer by itself, with a row of the user's own.
// Build: g++ -std=c++20 -Iinclude examples/replay_only.cpp
//
// Prints:
//   4 of none: no
//   kept 100 of 250, oldest 151 km
//   181 km in 548 min  208 km in 629 min  224 km in 677 min  243 km in 734 min  (kept)
//   181 km in 548 min  208 km in 629 min  224 km in 677 min  243 km in 734 min  (reopened)
//   learned: 5.0 min at the door, 3.0 a kilometre
#include <cstdio>
#include <gyre/learn/replay.hpp>

namespace shop {

/// What one delivery told us: any trivially copyable struct will do.
struct delivery {
  float kilometres;
  float minutes;
};
// Only save() and load() need these two; they are found because they stand beside the row.
void encode(gyre::byte_writer& out, const delivery& d) {
  out.f32(d.kilometres);
  out.f32(d.minutes);
}
bool decode(gyre::byte_reader& in, delivery& d) {
  d.kilometres = in.f32();
  d.minutes = in.f32();
  return in.ok();
}

}  // namespace shop

int main() {
  gyre::replay<shop::delivery> kept(100);         // the newest 100
  gyre::rng random(1, 0, gyre::purpose::replay);  // seed 1: the same rows on every machine

  shop::delivery batch[4];
  std::printf("4 of none: %s\n", kept.sample(batch, random) ? "yes" : "no");

  for (int i = 1; i <= 250; ++i) {
    const auto km = static_cast<float>(i);
    kept.push({km, 5 + 3 * km});  // 5 minutes at the door, 3 a kilometre
  }
  std::printf("kept %u of %llu, oldest %.0f km\n", kept.size(),
              static_cast<unsigned long long>(kept.total_added()),
              static_cast<double>(kept[0].kilometres));

  gyre::byte_writer file;  // its bytes go wherever the program keeps things
  kept.save(file);
  gyre::replay<shop::delivery> reopened(100);
  gyre::byte_reader bytes(file.data());
  reopened.load(bytes).value();

  gyre::rng again = random;  // the same stream, so the same draw
  for (auto* buffer : {&kept, &reopened}) {
    if (!buffer->sample(batch, buffer == &kept ? random : again)) return 1;
    for (const auto& d : batch) {
      std::printf("%.0f km in %.0f min  ", static_cast<double>(d.kilometres),
                  static_cast<double>(d.minutes));
    }
    std::printf("(%s)\n", buffer == &kept ? "kept" : "reopened");
  }

  // Two numbers learned from random batches: minutes = door + pace * km.
  float door = 0, pace = 0;
  for (int step = 0; step < 20000; ++step) {
    if (!kept.sample(batch, random)) return 1;
    for (const auto& d : batch) {
      const float x = (d.kilometres - 200) / 50;  // centred, so that one rate suits both
      const float miss = d.minutes - (door + pace * x);
      door += 0.01F * miss;
      pace += 0.01F * miss * x;
    }
  }
  const float per_km = pace / 50;
  std::printf("learned: %.1f min at the door, %.1f a kilometre\n",
              static_cast<double>(door - per_km * 200), static_cast<double>(per_km));
}

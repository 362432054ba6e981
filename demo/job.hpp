// job.hpp - the demo's job: compress a piece of text in blocks, send it over a link, count what
// paid. Room: demo. Threads: each class says.
//
// Compression is done and its CPU time measured. The transfer is modelled: bytes / link speed.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/rng.hpp>
#include <gyre/gyre.hpp>
#include <limits>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "texts.hpp"

namespace demo {

inline const std::vector<double> levels = {0, 1, 3, 6, 9};
inline const std::vector<double> block_kibs = {4, 16, 64};
inline constexpr std::size_t pairs = 15;  // levels x blocks, numbered as the engine numbers actions
inline const std::vector<double> speed_edges = {1, 10, 100};  // MB/s
inline constexpr std::array<double, 2> speeds = {400, 3};     // MB/s
inline constexpr std::array<std::size_t, 2> states = {3, 1};  // the buckets those two fall into
inline constexpr gyre::duration speed_period = std::chrono::milliseconds(2500);

inline double level_of(std::size_t pair) { return levels[pair / block_kibs.size()]; }
inline double block_of(std::size_t pair) { return block_kibs[pair % block_kibs.size()]; }
inline std::size_t pair_of(double level, double block_kib) {
  for (std::size_t i = 0; i < pairs; ++i) {
    if (level_of(i) == level && block_of(i) == block_kib) return i;
  }
  return 0;
}
/// The link's speed at a time: it changes between the two every 2.5 s.
inline double speed_at(gyre::instant now) { return speeds[(now / speed_period) % 2]; }

/// What shipping one piece took.
struct shipment {
  double cpu_ms = 0;  ///< measured, of this thread
  std::size_t bytes = 0;

  double wire_ms(double mb_per_s) const { return static_cast<double>(bytes) / (mb_per_s * 1000); }
  /// MB of input delivered per second of CPU plus transfer: the reward.
  double earned(double mb_per_s) const {
    return static_cast<double>(piece_bytes) / 1e6 / ((cpu_ms + wire_ms(mb_per_s)) / 1000);
  }
};

/// Compresses pieces, one stream a level, as zlib does by default. Any thread, one at a time.
class uplink {
 public:
  uplink() : room_(piece_bytes + 1024) {
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      const int level = static_cast<int>(levels[i]);
      usable_ &= deflateInit2(&streams_[i], level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    }
  }
  uplink(const uplink&) = delete;
  uplink& operator=(const uplink&) = delete;
  ~uplink() {
    for (z_stream& s : streams_) deflateEnd(&s);
  }
  bool usable() const noexcept { return usable_; }

  shipment ship(std::span<const unsigned char> piece, double level, double block_kib) {
    const std::lock_guard lock(mutex_);
    const auto block = static_cast<std::size_t>(block_kib) << 10;
    const auto at = std::find(levels.begin(), levels.end(), level) - levels.begin();
    z_stream& stream = streams_[static_cast<std::size_t>(at) % streams_.size()];
    shipment sent;
    const gyre::duration begin = gyre::thread_cpu_now();
    for (std::size_t from = 0; from < piece.size(); from += block) {
      const auto part = piece.subspan(from, std::min(block, piece.size() - from));
      deflateReset(&stream);
      stream.next_in = const_cast<Bytef*>(part.data());
      stream.avail_in = static_cast<uInt>(part.size());
      stream.next_out = room_.data();
      stream.avail_out = static_cast<uInt>(room_.size());
      deflate(&stream, Z_FINISH);
      sent.bytes += stream.total_out;
    }
    sent.cpu_ms = std::max(0.001, gyre::to_ms(gyre::thread_cpu_now() - begin));
    return sent;
  }

 private:
  std::mutex mutex_;
  std::array<z_stream, 5> streams_{};
  std::vector<unsigned char> room_;
  bool usable_ = true;
};

/// With --shuffle-rewards: each tick gets the reward of another tick, so that nothing can be
/// learned. One owner at a time.
class shuffler {
 public:
  explicit shuffler(std::uint64_t seed) : random_(seed, 0, gyre::purpose::user) {}
  double swap(double reward) {
    if (held_.size() < 512) {
      held_.push_back(reward);
      return held_[random_.below(static_cast<std::uint32_t>(held_.size()))];
    }
    double& other = held_[random_.below(512)];
    return std::exchange(other, reward);
  }

 private:
  gyre::rng random_;
  std::vector<double> held_;
};

/// One setting for each speed.
using policy = std::array<std::size_t, 2>;

/// What every setting earns on one fixed list of pieces. CPU time is the least of some rounds,
/// since other work on the machine only adds to it.
class yardstick {
 public:
  yardstick(uplink& link, const texts& from, std::size_t count = 40, int rounds = 3) {
    count = std::min(count, from.pieces());
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      std::vector<shipment> best(count, {std::numeric_limits<double>::infinity(), 0});
      for (int round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < count; ++i) {
          const auto piece = from.piece(i * from.pieces() / count);
          const shipment s = link.ship(piece, level_of(pair), block_of(pair));
          if (s.cpu_ms < best[i].cpu_ms) best[i] = s;
        }
      }
      for (std::size_t k = 0; k < speeds.size(); ++k) {
        double sum = 0;
        for (const shipment& s : best) sum += s.earned(speeds[k]);
        earned_[k][pair] = sum / static_cast<double>(count);
      }
    }
  }
  double earned(std::size_t speed, std::size_t pair) const { return earned_[speed][pair]; }
  std::size_t best(std::size_t speed) const {
    const auto& row = earned_[speed];
    return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
  }
  /// Mean over the two speeds of what is earned, divided by what the best pair earns there.
  double score(const policy& p) const { return (part(0, p[0]) + part(1, p[1])) / 2; }
  /// The one pair that scores best when it is used at both speeds.
  std::size_t best_fixed() const {
    std::size_t found = 0;
    for (std::size_t i = 1; i < pairs; ++i) {
      if (score({i, i}) > score({found, found})) found = i;
    }
    return found;
  }
  double random_score() const {
    double sum = 0;
    for (std::size_t i = 0; i < pairs; ++i) sum += score({i, i}) / pairs;
    return sum;
  }
  double random_earned(std::size_t speed) const {
    double sum = 0;
    for (const double e : earned_[speed]) sum += e / pairs;
    return sum;
  }

 private:
  double part(std::size_t speed, std::size_t pair) const {
    return earned_[speed][pair] / earned_[speed][best(speed)];
  }
  std::array<std::array<double, pairs>, 2> earned_{};
};

/// The setting that the tuner holds best in each of the two states.
inline policy learned(const gyre::learner_view& l) {
  policy out{};
  for (std::size_t k = 0; k < states.size(); ++k) out[k] = l.reports.at(states[k]).best;
  return out;
}

/// A worker loop; all of them share one learner, which needs no setting.
inline gyre::loop_options worker(std::size_t i, gyre::duration interval) {
  std::string name = std::to_string(i + 1);
  name = "ship-" + std::string(3 - std::min<std::size_t>(name.size(), 3), '0') + name;
  return {.name = name,
          .interval = interval,
          .timeout = std::chrono::seconds(10),
          .group = "ship",
          .features = {{"mb_per_s", speed_edges}},
          .knobs = {{"level", levels}, {"block_kib", block_kibs}}};
}

}  // namespace demo

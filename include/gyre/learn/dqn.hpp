// dqn.hpp - Q-learning whose table is a small network: for states that are numbers.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/crc32c.hpp>
#include <gyre/learn/dqn_networks.hpp>
#include <gyre/learn/dqn_options.hpp>
#include <gyre/learn/dqn_rows.hpp>
#include <gyre/learn/transition.hpp>
#include <span>
#include <utility>

namespace gyre {
inline namespace v1 {

/// Deep Q-learning (Mnih et al. 2015) with what made it steady since: the network chooses the next
/// action and a slow target values it (van Hasselt et al. 2016), worths of a state and of actions
/// apart (Wang et al. 2016), several rewards before the target is asked, rows drawn by their errors
/// (Schaul et al. 2016), and inputs brought to one scale, so that any unit will do. An agent of
/// agent.hpp:
///
///     gyre::dqn learner(4, 2, {}, seed, 0);     // 4 numbers seen, 2 actions
///     const std::uint32_t action = learner.act(seen);
///     ...                                       // do it
///     learner.observe({.seen = seen, .action = action, .reward = 1, .next = then});
///
/// Everything follows from (seed, stream) and the calls, with the same bits natively and in wasm
/// (built with -ffp-contract=off, as portable_math.hpp says). act() costs one pass of the network,
/// observe() next to nothing unless a batch is due, a batch about five passes a row; the default
/// takes some 0.1 ms. None takes memory. Rewards that lie far from 1 in size are to be scaled, so
/// that what an action is worth is of the order of `corner`.
class dqn {
 public:
  using observation = std::span<const float>;
  using experience = float_transition;

  /// All memory, bytes() of it. @pre check(options, inputs, actions)
  dqn(std::uint32_t inputs, std::uint32_t actions, const dqn_options& options, std::uint64_t seed,
      std::uint64_t stream)
      : options_(options),
        seed_(seed),
        stream_(stream),
        random_(seed, stream, purpose::replay),
        nets_(inputs, options.hidden, actions, options.dueling, options.batch, random_),
        scale_(inputs),
        window_(inputs, options.steps, options.discount),
        rows_(inputs, options.capacity, options.batch, priorities_of(options)),
        batch_(options.batch, nets_.shape().input_row()),
        one_(nets_.shape().input_row()) {}

  /// The action to take now: random with the probability that the schedule says, else the best by
  /// the network as it is, so that it soon finds out where that is wrong; not exploring, the greedy
  /// one. @pre inputs() numbers
  std::uint32_t act(observation seen) noexcept {
    const double p = exploration_now();
    rng draw(seed_, stream_, purpose::explore, 2 * totals_.decisions);  // two draws a decision
    ++totals_.decisions;
    if (draw.unit() < p) return draw.below(actions());
    return exploring_ ? argmax(worth(seen, false), actions()) : greedy(seen);
  }
  /// The action of most worth(), the lowest index on a tie. @pre inputs() numbers
  std::uint32_t greedy(observation seen) noexcept { return argmax(worth(seen).data(), actions()); }
  /// What each action is held to be worth, good until the next call: by the target, which is a mean
  /// of the network over its last batches, and steadier than the network as the last one left it.
  /// @pre inputs() numbers
  std::span<const float> worth(observation seen) noexcept { return {worth(seen, true), actions()}; }

  /// Keeps a step, and trains on a batch when one is due. False when it was refused (a number is
  /// not finite, the reward not as a float, the action or a size is out of range): counted, and
  /// nothing else changed.
  bool observe(const experience& step) noexcept {
    if (!fits(step)) {
      ++totals_.refused;
      return false;
    }
    scale_.see(step.seen);
    window_.push(step.seen, step.action, step.reward, step.next, step.terminated != 0,
                 step.truncated != 0, [this](const n_step_row& r) { rows_.keep(r); });
    ++totals_.observations;
    totals_.episodes += step.terminated != 0 || step.truncated != 0 ? 1 : 0;
    mean_reward_ += (step.reward - mean_reward_) / weight_of(totals_.observations);
    const std::uint32_t least = std::min(options_.warmup, options_.capacity);
    if (totals_.observations % options_.every == 0 && rows_.slots().size() >= least) train();
    return true;
  }
  /// Trains on one batch now; nothing where no row is complete. observe() calls it.
  void train() noexcept {
    scale_.settle();
    if (!rows_.draw(batch_, nets_.shape().input_row(), scale_, random_)) return;
    const dqn_figures seen = nets_.train(batch_, {.rate = options_.learning_rate,
                                                  .corner = options_.corner,
                                                  .target_rate = options_.target_rate,
                                                  .twice = options_.twice});
    rows_.update(batch_);
    ++totals_.updates;
    mean_error_ += (seen.error - mean_error_) / weight_of(totals_.updates);
    mean_worth_ += (seen.worth - mean_worth_) / weight_of(totals_.updates);
  }

  /// Off: act() is greedy whatever the schedule says, and decisions still count.
  void set_exploring(bool on) noexcept { exploring_ = on; }
  bool exploring() const noexcept { return exploring_; }

  std::uint32_t inputs() const noexcept { return nets_.shape().inputs(); }
  std::uint32_t actions() const noexcept { return nets_.shape().actions(); }
  const dqn_options& options() const noexcept { return options_; }
  /// The network's parameters, as mlp.hpp lays them out; good until load().
  std::span<const float> parameters() const noexcept { return nets_.online(); }
  std::span<const float> target() const noexcept { return nets_.target(); }

  dqn_stats stats() const noexcept {
    dqn_stats s = totals_;
    s.inputs = inputs();
    s.actions = actions();
    s.parameters = nets_.shape().size();
    s.exploration = exploration_now();
    s.beta = rows_.beta();
    s.mean_reward = mean_reward_;
    s.mean_error = mean_error_;
    s.mean_worth = mean_worth_;
    s.replay_size = rows_.slots().size();
    s.replay_capacity = rows_.slots().capacity();
    s.replay_added = rows_.slots().total_added();
    s.replay_sampled = rows_.slots().total_sampled();
    s.bytes = bytes();
    return s;
  }
  /// Memory of the dqn, of which capacity x (8 x inputs + 26) or so are rows.
  std::uint64_t bytes() const noexcept {
    return sizeof *this + nets_.bytes() + scale_.bytes() + window_.bytes() + batch_.bytes() +
           dqn_rows::bytes(inputs(), options_.capacity, priorities_of(options_));
  }

  /// Writes everything that learning has changed, with a checksum; options, seed and stream are the
  /// owner's to give again. With the same ones, a loaded dqn goes on bit for bit as if it had never
  /// stopped. As many bytes as rows_ and four networks, about.
  void save(byte_writer& out) const {
    const std::size_t begin = out.size();
    out.u8(format);
    save_shape(out);
    for (const std::uint64_t n : {totals_.decisions, totals_.observations, totals_.episodes,
                                  totals_.refused, totals_.updates, random_.counter()}) {
      out.varint(n);
    }
    out.u8(exploring_ ? 1 : 0);
    for (const double mean : {mean_reward_, mean_error_, mean_worth_}) out.f64(mean);
    nets_.save(out);
    scale_.save(out);
    window_.save(out);
    rows_.save(out);
    out.u32(crc32c(std::span(out.data()).subspan(begin)));
  }
  /// Takes over what save() wrote, leaving `in` behind its last byte. Takes as much memory as the
  /// dqn while it lasts. code::format for another version, or one of other inputs, actions, layers,
  /// steps or capacity; code::corrupt for damage; nothing changed.
  result<void> load(byte_reader& in) {
    byte_reader whole = in;
    const std::uint8_t version = in.u8();
    if (version != format) {
      return fail(code::format, "dqn: format ", version, ", this reads ", format);
    }
    byte_writer mine;
    save_shape(mine);
    const auto shape = in.raw(mine.size());
    if (!std::equal(shape.begin(), shape.end(), mine.data().begin(), mine.data().end())) {
      return fail(code::format, "dqn: saved with other inputs, actions, layers, steps or capacity");
    }
    dqn read(inputs(), actions(), options_, seed_, stream_);
    const bool good = read.load_body(in);
    const auto body = whole.raw(whole.remaining() - in.remaining());
    if (!good || crc32c(body) != in.u32() || !in.ok()) {
      return fail(code::corrupt, "dqn: its bytes are damaged");
    }
    *this = std::move(read);
    return ok;
  }

 private:
  static constexpr std::uint8_t format = 1;

  static priority_options priorities_of(const dqn_options& o) noexcept {
    return {.alpha = o.alpha, .beta = o.beta, .beta_steps = o.beta_over, .epsilon = 1e-3};
  }
  const float* worth(observation seen, bool slow) noexcept {
    scale_.apply(seen.data(), one_.data());
    return nets_.worth(one_.data(), slow);
  }
  static double weight_of(std::uint64_t n) noexcept {
    return static_cast<double>(std::min<std::uint64_t>(n, 100));
  }
  double exploration_now() const noexcept {
    return exploring_ ? number_of(options_.explore, {.decisions = totals_.decisions}) : 0;
  }
  bool fits(const experience& e) const noexcept {
    if (e.seen.size() != inputs() || e.next.size() != inputs() || e.action >= actions()) {
      return false;
    }
    const auto finite = [](float x) { return std::isfinite(x); };
    return std::isfinite(static_cast<float>(e.reward)) &&
           std::all_of(e.seen.begin(), e.seen.end(), finite) &&
           std::all_of(e.next.begin(), e.next.end(), finite);
  }
  void save_shape(byte_writer& out) const {
    for (const std::uint32_t n :
         {inputs(), actions(), options_.capacity, options_.steps, options_.dueling ? 1U : 0U,
          static_cast<std::uint32_t>(options_.hidden.size())}) {
      out.u32(n);
    }
    for (const std::uint32_t units : options_.hidden) out.u32(units);
  }
  bool load_body(byte_reader& in) noexcept {
    for (std::uint64_t* n : {&totals_.decisions, &totals_.observations, &totals_.episodes,
                             &totals_.refused, &totals_.updates}) {
      *n = in.varint();
    }
    random_.seek(in.varint());
    exploring_ = in.u8() != 0;
    bool good = true;
    for (double* mean : {&mean_reward_, &mean_error_, &mean_worth_}) {
      *mean = in.f64();
      good = good && std::isfinite(*mean);
    }
    return good && nets_.load(in) && scale_.load(in) && window_.load(in, actions()) &&
           rows_.load(in, actions());
  }

  dqn_options options_;
  std::uint64_t seed_, stream_;
  rng random_;
  dqn_networks nets_;
  input_scale scale_;
  n_step window_;
  dqn_rows rows_;
  dqn_batch batch_;
  vec<float> one_;    // what worth() was asked about, scaled
  dqn_stats totals_;  // of it, what is counted
  double mean_reward_ = 0, mean_error_ = 0, mean_worth_ = 0;
  bool exploring_ = true;
};

}  // namespace v1
}  // namespace gyre

// kept_learner.hpp - a learner as the store has it: its shape, its frames, and what they make.
// Room: engine. Threads: one owner at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gyre/core/bytes.hpp>
#include <gyre/core/hash.hpp>
#include <gyre/engine/frames.hpp>
#include <gyre/engine/loop_record.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Types of a learner's frames, besides 0, its state (shape, then learner::save), and
/// transition_frame: it starts anew in this shape; it goes on with this shape's options and draws.
inline constexpr std::uint8_t shape_frame = 2, retuned_frame = 3;

/// All that a learner is before it has learned anything.
struct learner_shape {
  std::string name;
  std::uint64_t space = 0;  ///< hash of the features' names and edges, the knobs' names and values
  std::uint32_t states = 0, actions = 0;
  learner_options options;
  std::uint64_t seed = 0, stream = 0;

  static learner_shape of(const shared_learner& l) {
    return {l.name,           hash_of(l.where), l.mind.states(), l.mind.actions(),
            l.mind.options(), l.mind.seed(),    l.mind.stream()};
  }
  void write(byte_writer& out) const {
    out.str(name);
    out.u64(space);
    out.u32(states);
    out.u32(actions);
    out.f64(options.discount);
    out.f64(options.learning_rate);
    out.u8(options.sample_average ? 1 : 0);
    out.f64(options.explore.from);
    out.f64(options.explore.to);
    out.u64(options.explore.over);
    for (const std::uint32_t n : {options.batch, options.every, options.warmup, options.capacity}) {
      out.u32(n);
    }
    out.u64(seed);
    out.u64(stream);
  }
  /// None where the bytes are not a shape that a learner can be made from.
  static std::optional<learner_shape> read(byte_reader& in) {
    learner_shape s;
    s.name = in.str();
    s.space = in.u64();
    s.states = in.u32();
    s.actions = in.u32();
    s.options.discount = in.f64();
    s.options.learning_rate = in.f64();
    s.options.sample_average = in.u8() != 0;
    s.options.explore.from = in.f64();
    s.options.explore.to = in.f64();
    s.options.explore.over = in.u64();
    s.options.batch = in.u32();
    s.options.every = in.u32();
    s.options.warmup = in.u32();
    s.options.capacity = in.u32();
    s.seed = in.u64();
    s.stream = in.u64();
    const bool sane = in.ok() && s.states > 0 && s.actions > 0 &&
                      s.states <= gyre::space::max_cells / s.actions && check(s.options);
    if (!sane) return std::nullopt;
    return s;
  }
  std::vector<std::byte> bytes() const {
    byte_writer out;
    write(out);
    return out.take();
  }
  /// Whether what the other has learned means the same here.
  bool fits(const learner_shape& other) const noexcept {
    return name == other.name && space == other.space && states == other.states &&
           actions == other.actions;
  }
  learner fresh() const { return {states, actions, options, seed, stream}; }
  /// What `old` has learned, under these options from now on. @pre as many states and actions
  learner retuned(const learner& old) const {
    byte_writer out;
    old.save(out);
    learner next = fresh();
    byte_reader in(out.data());
    (void)next.load(in);
    return next;
  }

 private:
  static std::uint64_t hash_of(const gyre::space& where) {
    byte_writer out;
    const auto put = [&](const std::string& label, const std::vector<double>& values) {
      out.str(label);
      out.varint(values.size());
      for (const double v : values) out.f64(v);
    };
    out.varint(where.features().size());
    for (const feature& f : where.features()) put(f.name, f.edges);
    for (const knob& k : where.knobs()) put(k.name, k.values);
    return siphash24(out.data());
  }
};

/// A learner that no loop uses now. Its frames, taken in the order in which they were written, give
/// it back bit for bit, since everything in it follows from its shape and its transitions.
class kept_learner {
 public:
  std::uint64_t age = 0;  ///< its place among the others, the lowest the oldest

  void add(std::uint8_t type, std::span<const std::byte> bytes) {
    byte_reader in(bytes);
    if (type == state_frame || type == shape_frame) {
      bytes_.assign(bytes.begin(), bytes.end());
      mind_.reset();
    } else if (type == transition_frame) {
      if (learner* l = wake()) observe(*l, in);
    } else if (type == retuned_frame) {
      learner* l = wake();
      const auto next = learner_shape::read(in);
      if (l == nullptr || !next || !next->fits(shape_)) return;
      mind_ = next->retuned(*l);
      shape_ = *next;
    }
  }
  void keep(const shared_learner& l) { bytes_ = state_of(l); }

  /// The learner itself, good until pack(); null where the bytes are none.
  learner* wake() {
    if (mind_) return &*mind_;
    byte_reader in(bytes_);
    auto shape = learner_shape::read(in);
    if (!shape) return nullptr;
    learner l = shape->fresh();
    if (in.remaining() > 0 && !l.load(in)) return nullptr;
    shape_ = std::move(*shape);
    mind_ = std::move(l);
    return &*mind_;
  }
  const learner_shape& shape() const noexcept { return shape_; }  ///< @pre wake() gave one
  /// Back to bytes, which take less room.
  void pack() {
    if (mind_) bytes_ = joined(shape_, *mind_);
    mind_.reset();
  }
  /// Its state. @pre packed
  const std::vector<std::byte>& bytes() const noexcept { return bytes_; }

  static std::vector<std::byte> state_of(const shared_learner& l) {
    return joined(learner_shape::of(l), l.mind);
  }

 private:
  static constexpr std::uint8_t state_frame = 0;

  static std::vector<std::byte> joined(const learner_shape& shape, const learner& mind) {
    byte_writer out;
    shape.write(out);
    mind.save(out);
    return out.take();
  }
  static void observe(learner& mind, byte_reader& in) {
    transition t{};
    t.state = in.u32();
    t.action = in.u32();
    t.reward = in.f32();
    t.next = in.u32();
    const std::uint64_t decisions = in.varint();
    if (!in.ok()) return;
    (void)mind.observe(t);
    mind.resume_at(decisions);
  }

  std::vector<std::byte> bytes_;
  learner_shape shape_;
  std::optional<learner> mind_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre

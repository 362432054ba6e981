// kept_learner.hpp - a learner given back from its frames in the journal; the bytes of its shape.
// Room: engine. Threads: one owner at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gyre/core/bytes.hpp>
#include <gyre/core/hash.hpp>
#include <gyre/core/owner.hpp>
#include <gyre/engine/frames.hpp>
#include <gyre/engine/loop_record.hpp>
#include <gyre/learn/tuner_check.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Types of a learner's frames, besides 0, its state (shape, then learner::save), and
/// lesson_frame: it starts anew in this shape; it goes on with this shape's options and draws; it
/// is forgotten.
inline constexpr std::uint8_t shape_frame = 2, retuned_frame = 3, forgotten_frame = 6;

/// All that a learner is before it has learned anything.
struct learner_shape {
  std::string name;
  std::uint64_t space = 0;  ///< hash of the features' names and edges, the knobs' names and values
  mind_shape mind;
  gyre::space where;        ///< what it is the hash of; with one cell where it was not written
  bool declared = true;     ///< it was

  static learner_shape of(const shared_learner& l) {
    return {l.name, hash_of(l.where), l.mind.shape(), l.where};
  }
  void write(byte_writer& out) const {
    out.str(name);
    if (declared) {
      out.u64(declares);
      write(out, where, true);
    } else {
      out.u64(space);
    }
    out.u32(mind.states);
    out.u32(mind.actions);
    const learner_options& q = mind.q;
    out.f64(q.discount);
    out.f64(q.learning_rate);
    const bool asks = !(learner_options{.method = q.method, .step_power = q.step_power,
                                        .lambda = q.lambda, .planning = q.planning,
                                        .optimistic = q.optimistic} == learner_options{}) ||
                      q.explore.how != exploring::automatic;
    out.u8(static_cast<std::uint8_t>((q.sample_average ? 1 : 0) | (q.sequential ? 2 : 0) |
                                     (asks ? 4 : 0)));
    out.f64(q.explore.from);
    out.f64(q.explore.to);
    out.u64(q.explore.over);
    for (const std::uint32_t n : {q.batch, q.every, q.warmup, q.capacity}) out.u32(n);
    if (asks) {
      out.u8(static_cast<std::uint8_t>(q.method));
      out.u8(static_cast<std::uint8_t>(q.explore.how));
      out.f64(q.step_power);
      out.f64(q.lambda);
      out.u32(q.planning);
      out.u8(q.optimistic ? 1 : 0);
    }
    for (const auto* axes : {&mind.grid.features, &mind.grid.knobs}) {
      out.varint(axes->size());
      for (const axis& a : *axes) {
        out.varint(a.count);
        out.u8(a.ordered ? 1 : 0);
      }
    }
    const tuner_options& t = mind.tuning;
    out.u32(t.baseline);
    out.f64(t.budget);
    out.u8(t.one_step ? 1 : 0);
    const bool random = t.at_random > 0, other = mind.history != history::usual;
    out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(t.mode) |
                                     (random ? has_random : 0) | (other ? has_history : 0)));
    if (random) out.f64(t.at_random);
    if (other) out.u32(mind.history);
    out.varint(t.forbidden.size());
    for (const std::uint32_t a : t.forbidden) out.varint(a);
    out.u64(mind.seed);
    out.u64(mind.stream);
  }
  /// None where the bytes are not a shape that a learner can be made from.
  static std::optional<learner_shape> read(byte_reader& in) {
    learner_shape s;
    s.name = in.str();
    s.space = in.u64();
    s.declared = s.space == declares;
    if (s.declared) {
      auto where = read_space(in);
      if (!where) return std::nullopt;
      s.where = std::move(*where);
      s.space = hash_of(s.where);
    }
    s.mind.states = in.u32();
    s.mind.actions = in.u32();
    learner_options& q = s.mind.q;
    q.discount = in.f64();
    q.learning_rate = in.f64();
    const std::uint8_t flags = in.u8();
    q.sample_average = (flags & 1U) != 0;
    q.sequential = (flags & 2U) != 0;
    q.explore.from = in.f64();
    q.explore.to = in.f64();
    q.explore.over = in.u64();
    for (std::uint32_t* n : {&q.batch, &q.every, &q.warmup, &q.capacity}) *n = in.u32();
    if ((flags & 4U) != 0) {
      q.method = static_cast<learning_method>(in.u8());
      q.explore.how = static_cast<exploring>(in.u8());
      q.step_power = in.f64();
      q.lambda = in.f64();
      q.planning = in.u32();
      q.optimistic = in.u8() != 0;
    }
    if (!read_tuning(in, s.mind)) return std::nullopt;
    s.mind.seed = in.u64();
    s.mind.stream = in.u64();
    const bool sane = in.ok() && s.mind.states > 0 && s.mind.actions > 0 &&
                      s.mind.states <= gyre::space::max_cells / s.mind.actions && check(q) &&
                      tuner_shape::size(s.mind.grid.features) == s.mind.states &&
                      tuner_shape::size(s.mind.grid.knobs) == s.mind.actions &&
                      check(s.mind.grid, s.mind.tuning) && s.mind.history <= history::limit &&
                      (!s.declared || (s.where.states() == s.mind.states &&
                                       s.where.actions() == s.mind.actions));
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
    return name == other.name && space == other.space && mind.fits(other.mind);
  }
  detail::mind fresh() const { return detail::mind(mind); }
  /// What `old` has learned, under these options from now on. @pre as many states and actions
  detail::mind retuned(const detail::mind& old) const {
    byte_writer out;
    old.save(out);
    detail::mind next = fresh();
    byte_reader in(out.data());
    if (!next.load(in)) return fresh();
    return next;
  }

 private:
  /// Beside the mode: at_random follows, and how many decisions are kept.
  static constexpr std::uint8_t has_random = 128, has_history = 64;
  static bool read_tuning(byte_reader& in, mind_shape& into) {
    for (auto* axes : {&into.grid.features, &into.grid.knobs}) {
      for (std::uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
        const auto count = static_cast<std::uint32_t>(in.varint());
        axes->push_back({count, in.u8() != 0});
        if (count == 0 || axes->size() > 64) return false;
      }
    }
    tuner_options& t = into.tuning;
    t.baseline = in.u32();
    t.budget = in.f64();
    t.one_step = in.u8() != 0;
    std::uint8_t mode = in.u8();
    if ((mode & has_random) != 0) t.at_random = in.f64();
    if ((mode & has_history) != 0) into.history = in.u32();
    mode &= static_cast<std::uint8_t>(~(has_random | has_history));
    if (mode > static_cast<std::uint8_t>(tuning_mode::frozen)) return false;
    t.mode = static_cast<tuning_mode>(mode);
    const std::uint64_t forbidden = in.varint();
    if (forbidden > tuner_shape::max_cells) return false;
    for (std::uint64_t i = 0; i < forbidden && in.ok(); ++i) {
      t.forbidden.push_back(static_cast<std::uint32_t>(in.varint()));
    }
    return in.ok();
  }
  static std::uint64_t hash_of(const gyre::space& where) {
    byte_writer out;
    write(out, where, false);
    return siphash24(out.data());
  }
  /// @param counted with the number of knobs, which the hash never had
  static void write(byte_writer& out, const gyre::space& where, bool counted) {
    const auto put = [&](const auto& part, const std::vector<double>& values) {
      out.str(part.name);
      out.varint(values.size());
      for (const double v : values) out.f64(v);
      out.varint(part.names.size());
      for (const std::string& text : part.names) out.str(text);
      out.u8(part.ordered ? 1 : 0);
    };
    out.varint(where.features().size());
    for (const feature& f : where.features()) put(f, f.edges);
    if (counted) out.varint(where.knobs().size());
    for (const knob& k : where.knobs()) put(k, k.values);
  }
  static std::optional<gyre::space> read_space(byte_reader& in) {
    const auto get = [&](auto& part, std::vector<double>& values) {
      part.name = in.str();
      for (std::uint64_t n = in.varint(); n > 0 && in.ok(); --n) values.push_back(in.f64());
      for (std::uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
        part.names.emplace_back(in.str());
      }
      part.ordered = in.u8() != 0;
    };
    std::vector<feature> features;
    std::vector<knob> knobs;
    for (std::uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
      feature& f = features.emplace_back();
      get(f, f.edges);
    }
    for (std::uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
      knob& k = knobs.emplace_back();
      get(k, k.values);
    }
    if (!in.ok()) return std::nullopt;
    auto made = gyre::space::make(std::move(features), std::move(knobs));
    if (!made) return std::nullopt;
    return std::move(*made);
  }
  /// In front of a space that is written whole, where its hash was.
  static constexpr std::uint64_t declares = ~std::uint64_t{0};
};

/// A learner that no loop uses now. Its frames, taken in the order in which they were written, give
/// it back bit for bit, since everything in it follows from its shape and its transitions.
class kept_learner {
 public:
  std::uint64_t age = 0;  ///< its place among the others, the lowest the oldest

  /// Its next frame, which is kept as it is until wake() or pack(): of many read from a journal one
  /// at a time is awake.
  void add(std::uint8_t type, std::span<const std::byte> bytes) {
    if (type == state_frame || type == shape_frame) {
      keep(std::vector<std::byte>(bytes.begin(), bytes.end()));
      frames_.clear();
      awake_.reset();
    } else {
      frames_.add(0, type, bytes);
    }
  }
  void keep(const shared_learner& l) { keep(state_of(l)); }

  /// The learner itself, good until pack(); null where the bytes are none.
  detail::mind* wake() {
    if (!awake_) {
      byte_reader in(bytes());
      auto shape = learner_shape::read(in);
      if (!shape) return nullptr;
      detail::mind l = shape->fresh();
      if (in.remaining() > 0 && !l.load(in)) return nullptr;
      awake_ = make_owned<awake>(awake{std::move(*shape), std::move(l)});
    }
    frames_.each([this](std::uint32_t, std::uint8_t type, std::span<const std::byte> bytes) {
      byte_reader in(bytes);
      observe(type, in);
    });
    frames_ = {};
    return &awake_->mind;
  }
  const learner_shape& shape() const noexcept { return awake_->shape; }  ///< @pre wake() gave one
  /// The same, without the learner; none where the bytes are none. @pre packed, or wake() gave one
  std::optional<learner_shape> look() const {
    if (awake_) return awake_->shape;
    byte_reader in(bytes());
    return learner_shape::read(in);
  }
  /// What it is called; empty where the bytes are none.
  std::string name() const {
    byte_reader in(bytes());
    const std::string_view name = in.str();
    return std::string(in.ok() ? name : "");
  }
  /// Back to bytes, which take less room.
  void pack() {
    if (!frames_.empty()) (void)wake();
    if (awake_) keep(joined(awake_->shape, awake_->mind));
    awake_.reset();
    frames_ = {};
  }
  /// The bytes are as they were: what woke it has changed nothing.
  void sleep() noexcept { awake_.reset(); }
  /// Its state. @pre packed
  std::span<const std::byte> bytes() const noexcept {
    return bytes_ ? std::span<const std::byte>(*bytes_) : std::span<const std::byte>();
  }
  /// The same, to be kept: they never change. Null: none.
  std::shared_ptr<const std::vector<std::byte>> shared() const noexcept { return bytes_; }

  static std::vector<std::byte> state_of(const shared_learner& l) {
    return joined(learner_shape::of(l), l.mind);
  }

 private:
  static constexpr std::uint8_t state_frame = 0;

  struct awake {
    learner_shape shape;
    detail::mind mind;
  };

  void keep(std::vector<std::byte> bytes) {
    bytes_ = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  }

  static std::vector<std::byte> joined(const learner_shape& shape, const detail::mind& mind) {
    byte_writer out;
    shape.write(out);
    mind.save(out);
    return out.take();
  }
  void observe(std::uint8_t type, byte_reader& in) {
    detail::mind& mind = awake_->mind;
    if (type == retuned_frame) {
      auto next = learner_shape::read(in);
      if (!next || !next->fits(awake_->shape)) return;
      mind = next->retuned(mind);
      awake_->shape = std::move(*next);
    } else if (type == lesson_frame) {
      lesson l = lesson::read(in);
      if (!in.ok()) return;
      (void)mind.learn(l);
      (void)mind.read_counts(in);
    } else if (type == applied_frame) {
      mind.applied(in.u32());
      (void)mind.read_counts(in);
    } else if (type == figure_frame && mind.tuning() != nullptr) {
      const std::uint32_t state = in.u32(), action = in.u32();
      const std::string_view name = in.str();
      const double value = in.f64(), at_most = in.f64();
      bool news = false;
      if (in.ok()) (void)mind.learn(state, action, name, value, at_most, news);
    }
  }

  std::shared_ptr<const std::vector<std::byte>> bytes_;
  pending_frames frames_;  // behind those
  owner<awake> awake_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre

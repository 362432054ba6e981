// saved_state.hpp - what an engine has learned and remembers, as bytes that another goes on from.
// Room: engine. Threads: under the registry and every lease.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <gyre/core/bytes.hpp>
#include <gyre/core/hash.hpp>
#include <gyre/engine/home.hpp>
#include <gyre/engine/lesson.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Bytes, as docs/formats.md has them: what each learner knows, what each loop saw last, the
/// memory, a checksum. Nothing is made of what they say of sizes: learners are made as the engine
/// at hand has them, so that hostile bytes take no more memory than it does.
class saved_state {
 public:
  explicit saved_state(environment& env) : env_(env) {}

  std::vector<std::byte> write() const {
    byte_writer out;
    out.u32(magic);
    out.u8(version);
    const vec<shared_learner*> known = learners();
    out.varint(known.size());
    byte_writer learned;
    for (const shared_learner* l : known) {
      learned.clear();
      l->mind.save(learned);
      out.str(l->name);
      out.u64(learner_shape::of(*l).space);
      out.u8(l->mind.tuning() != nullptr ? 1 : 0);
      out.str(as_text(learned.data()));
    }
    vec<const loop_record*> all;
    each_that_chooses([&](const loop_record& l) { all.push_back(&l); });
    sort_by_order(env_, all);
    out.varint(all.size());
    for (const loop_record* l : all) write(out, env_.table.name(*l), *l->extra);
    env_.records->save(out);
    out.u64(siphash24(out.data()));
    return out.take();
  }

  /// Takes it in place of the engine's own. @return how many learners of it no loop has here, or
  /// has with other features or knobs. STATE: a tick of a loop that learns has not ended. FORMAT,
  /// CORRUPT. Nothing changed then.
  result<std::uint32_t> read(std::span<const std::byte> bytes) {
    GYRE_TRY(in, opened(bytes));
    bool idle = true;
    each_that_chooses([&](const loop_record& l) { idle = idle && l.inside == 0; });
    if (!idle) return fail(code::state, "a tick of a loop that learns has not ended");
    vec<change> changes;
    GYRE_TRY(left, read_learners(in, changes));
    byte_reader loops = in;
    if (!read_loops(in, changes, false)) return damaged("what its loops saw");
    const memory_options& own = env_.records->options();
    memory records(own);
    GYRE_CHECK(records.load(in));
    if (!in.ok() || in.remaining() != 0) return damaged("its end");
    const memory_options& had = records.options();
    if (had.budget_bytes != own.budget_bytes || had.ring != own.ring) {
      records.limit(own.budget_bytes, own.ring, env_.clock.wall_ms());
    }
    *env_.records = std::move(records);  // from here on nothing fails
    for (change& c : changes) {
      c.of->mind = std::move(c.next);
      const tuner* const t = c.of->mind.tuning();
      if (t != nullptr) c.of->told = t->interventions();
    }
    (void)read_loops(loops, changes, true);
    return left;
  }

 private:
  static constexpr std::uint32_t magic = 0x53525947;  // "GYRS"
  static constexpr std::uint8_t version = 1;
  static constexpr std::size_t sum_bytes = 8;

  struct change {
    shared_learner* of;
    detail::mind next;
  };

  static error damaged(std::string_view what) {
    return fail(code::corrupt, "a saved state is damaged: ", what);
  }
  static result<byte_reader> opened(std::span<const std::byte> bytes) {
    byte_reader front(bytes);
    if (front.u32() != magic) {
      if (front.ok()) return fail(code::format, "these bytes are no saved state of an engine");
      return damaged("it is cut off");
    }
    const std::uint8_t found = front.u8();
    if (front.ok() && found != version) {
      return fail(code::format, "a saved state of version ", found, ", this reads ", version);
    }
    if (front.remaining() < sum_bytes) return damaged("it is cut off");
    const auto rest = bytes.first(bytes.size() - sum_bytes);
    byte_reader sum(bytes.last(sum_bytes));
    if (sum.u64() != siphash24(rest)) return damaged("its checksum is another");
    byte_reader in(rest);
    (void)in.u32();
    (void)in.u8();
    return in;
  }

  vec<shared_learner*> learners() const {
    vec<shared_learner*> all;
    for (shard* s : env_.shards) {
      for (const auto& l : s->loops.learners()) all.push_back(l.get());
    }
    sort_by_order(all);
    return all;
  }
  template <class F>
  void each_that_chooses(F&& f) const {
    for (shard* s : env_.shards) {
      s->loops.each([&](const loop_record& l) {
        if (l.extra != nullptr && l.extra->chooses) f(l);
      });
    }
  }
  static void write(byte_writer& out, std::string_view name, const loop_extra& l) {
    out.str(name);
    out.varint(l.seen.size());
    for (const double v : l.seen) out.f64(v);
    out.u32(l.streak);
    out.u8(l.holds ? 1 : 0);
    if (l.holds) l.held.write(out);
  }

  /// Those that a loop here can go on with, made; how many others there are.
  result<std::uint32_t> read_learners(byte_reader& in, vec<change>& made) const {
    vec<shared_learner*> here = learners();
    std::uint32_t left = 0;
    std::size_t at = 0;  // in the order in which they were saved, mostly
    for (std::uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
      const std::string_view name = in.str();
      const std::uint64_t space = in.u64();
      const bool tunes = in.u8() != 0;
      byte_reader its(as_bytes(in.str()));
      shared_learner* of = nullptr;
      for (std::size_t k = 0; k < here.size() && of == nullptr; ++k) {
        shared_learner*& l = here[at++ % here.size()];
        const bool same = l != nullptr && l->name == name &&
                          (l->mind.tuning() != nullptr) == tunes &&
                          learner_shape::of(*l).space == space;
        if (same) of = std::exchange(l, nullptr);
      }
      if (of == nullptr) {
        ++left;
        continue;
      }
      detail::mind next(of->mind.shape());
      if (!next.load(its) || !its.ok() || its.remaining() != 0) return damaged(name);
      made.push_back({of, std::move(next)});
    }
    if (!in.ok()) return damaged("its learners");
    return left;
  }
  /// @param apply what was looked at before is taken @return whether it is whole
  bool read_loops(byte_reader& in, const vec<change>& made, bool apply) const noexcept {
    std::size_t at = 0;
    for (std::uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
      const std::string_view name = in.str();
      byte_reader seen(in.raw(in.varint() * sizeof(double)));
      const std::uint32_t streak = in.u32();
      const bool holds = in.u8() != 0;
      const lesson held = holds ? lesson::read(in) : lesson{};
      loop_extra* const to = extra_of(name, seen.remaining() / sizeof(double), made, at);
      if (to == nullptr) continue;
      const space& where = to->where;
      const bool possible = held.state < where.states() && held.next < where.states() &&
                            held.action < where.actions() && std::isfinite(held.reward);
      if (!possible || (holds && to->learning == nullptr)) return false;
      for (std::size_t i = 0; seen.remaining() > 0; ++i) {
        const double value = seen.f64();
        if (std::isnan(value)) return false;
        if (apply) see(*to, to->sees, i, value);
      }
      if (!apply) continue;
      to->streak = streak;
      to->holds = holds;
      to->held = held;
    }
    return in.ok();
  }
  /// Of the loop here that is meant; null: there is none, or its learner is not taken. @param at
  /// where its learner is looked for first
  loop_extra* extra_of(std::string_view name, std::size_t features, const vec<change>& made,
                       std::size_t& at) const noexcept {
    const object_id id = env_.table.find(name);
    const loop_record* const l = id == 0 ? nullptr : find_loop(env_, id);
    if (l == nullptr || l->extra == nullptr || l->extra->seen.size() != features) return nullptr;
    if (l->extra->learning == nullptr) return l->extra.get();
    for (std::size_t k = 0; k < made.size(); ++k, ++at) {
      if (made[at % made.size()].of == l->extra->learning) return l->extra.get();
    }
    return nullptr;
  }

  environment& env_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre

// keeper.hpp - what of an engine survives: learners and memory in one journal.
// Room: engine. Threads: under shard 0's lease, except sync().
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gyre/core/bytes.hpp>
#include <gyre/core/hash.hpp>
#include <gyre/engine/shard.hpp>
#include <gyre/store/journal.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// The journal's streams: 1 is the memory; a learner's is a hash of its name. Its frames are
/// type 1, a transition (state, action, reward, next, decisions so far), and type 2, its shape
/// (name, states, actions), written whenever it starts anew. Observing the transitions again gives
/// the learner back bit for bit, since everything in it follows from its seed and them.
class keeper {
 public:
  static constexpr std::uint32_t memory_stream = 1;
  static constexpr std::uint8_t shape_frame = 2;

  keeper() = default;
  keeper(const keeper&) = delete;
  keeper& operator=(const keeper&) = delete;
  ~keeper() {
    if constexpr (!has_system_files) (void)journal_.release();  // null: so no journal is linked
  }

  /// Opens the store and holds what it has until memory and learners ask for it. Where the build
  /// has no files the compiler sees that no keeper is ever present, and leaves the store out.
  result<void> open(const std::string& dir) {
    if constexpr (!has_system_files) return system_files().error();
    GYRE_TRY(opened, journal::open(dir, {}, [this](std::uint32_t stream, std::uint8_t type,
                                                   std::span<const std::byte> bytes) {
               held_[stream].add(type, bytes);
               return result<void>(ok);
             }));
    journal_ = std::move(opened);
    return ok;
  }
  bool present() const noexcept { return has_system_files && journal_ != nullptr; }
  key128 key() const noexcept { return journal_->key(); }
  file_system& files() const noexcept { return journal_->files(); }

  static std::uint32_t stream_of(std::string_view learner) noexcept {
    const std::uint64_t h = siphash24(as_bytes(learner));
    return static_cast<std::uint32_t>(h) | 0x80000000U;  // above the fixed streams
  }

  /// Gives the memory back what it held, and keeps what it does from now on.
  result<void> restore(memory& into) {
    const auto found = held_.find(memory_stream);
    if (found != held_.end()) {
      GYRE_CHECK(found->second.each([&](std::uint8_t type, std::span<const std::byte> bytes) {
        if (type != 0) return into.replay(type, bytes);
        byte_reader in(bytes);
        return into.load(in);
      }));
      held_.erase(found);
    }
    into.set_journal([this](std::uint8_t kind, std::span<const std::byte> bytes) {
      journal_->append(memory_stream, kind, bytes);
    });
    return ok;
  }
  /// Gives a new learner what its namesake had learned; one of another shape starts anew.
  void restore(shared_learner& into) {
    const learner fresh = into.mind;
    bool same = false;
    if (const auto found = held_.find(into.stream); found != held_.end()) {
      (void)found->second.each([&](std::uint8_t type, std::span<const std::byte> bytes) {
        byte_reader in(bytes);
        if (type == transition_frame) {
          if (same) observe(into.mind, in);
        } else {
          const bool fits = in.str() == into.name && in.u32() == into.mind.states() &&
                            in.u32() == into.mind.actions() && in.ok();
          into.mind = fresh;  // a shape begins anew
          same = fits && (type == shape_frame || into.mind.load(in).has_value());
        }
        return result<void>(ok);
      });
      held_.erase(found);
    }
    if (same) return;
    byte_writer out;
    shape(out, into);
    journal_->append(into.stream, shape_frame, out.data());
  }

  /// A learner that goes out of use is held, so that a namesake finds what it had learned.
  void retire(const shared_learner& gone) {
    byte_writer out;
    state_of(out, gone);
    held_[gone.stream] = {};
    held_[gone.stream].add(0, out.data());
  }

  void append(std::uint32_t stream, std::uint8_t type, std::span<const std::byte> bytes) {
    journal_->append(stream, type, bytes);
  }
  std::size_t pending_bytes() const noexcept { return journal_->pending_bytes(); }
  bool wants_checkpoint() const noexcept { return journal_->wants_checkpoint(); }

  void commit() { keep(journal_->commit()); }
  /// Any thread.
  result<void> sync() { return journal_->sync(); }
  /// Replaces the journal by the states of memory and learners.
  void checkpoint(const memory& records, std::span<const shared_learner* const> learners) {
    std::vector<std::pair<std::uint32_t, byte_writer>> states(1);
    states[0].first = memory_stream;
    records.save(states[0].second);
    for (const shared_learner* l : learners) {
      states.emplace_back(l->stream, byte_writer{});
      state_of(states.back().second, *l);
    }
    for (const auto& [stream, held] : held_) {  // learners that nobody has added yet
      if (const auto state = held.squeezed()) {
        states.emplace_back(stream, byte_writer{});
        states.back().second.raw(*state);
      }
    }
    std::vector<stream_state> spans;
    for (const auto& [stream, out] : states) spans.push_back({stream, out.data()});
    keep(journal_->checkpoint(spans));
  }
  store_stats stats() const {
    store_stats s;
    s.present = true;
    s.committed = journal_->committed();
    s.durable = journal_->durable();
    s.file_bytes = journal_->file_bytes();
    s.lost = journal_->lost();
    s.last_error = last_error_;
    return s;
  }
  const std::string& last_error() const noexcept { return last_error_; }

 private:
  /// What the journal held of one stream, frame by frame.
  class frames {
   public:
    void add(std::uint8_t type, std::span<const std::byte> bytes) {
      list_.push_back({type, bytes.size()});
      bytes_.raw(bytes);
    }
    template <class F>
    result<void> each(F&& f) const {
      std::size_t at = 0;
      for (const auto& [type, size] : list_) {
        GYRE_CHECK(f(type, std::span(bytes_.data()).subspan(at, size)));
        at += size;
      }
      return ok;
    }
    /// The frames as one learner's state, by observing them again; none without a shape.
    std::optional<std::vector<std::byte>> squeezed() const {
      if (list_.size() == 1 && list_[0].first == 0) return bytes_.data();
      std::unique_ptr<shared_learner> l;
      (void)each([&](std::uint8_t type, std::span<const std::byte> bytes) {
        byte_reader in(bytes);
        if (type == transition_frame) {
          if (l) observe(l->mind, in);
          return result<void>(ok);
        }
        const std::string name(in.str());
        const std::uint32_t states = in.u32();
        const std::uint32_t actions = in.u32();
        if (!in.ok() || states == 0 || actions == 0 || states > space::max_cells / actions) {
          return result<void>(ok);
        }
        learner_options o;
        o.capacity = 10'000;
        l = std::make_unique<shared_learner>(shared_learner{name, {states, actions, o, 0, 0}, {}});
        if (type == 0) (void)l->mind.load(in);
        return result<void>(ok);
      });
      if (!l) return std::nullopt;
      byte_writer out;
      state_of(out, *l);
      return out.take();
    }

   private:
    std::vector<std::pair<std::uint8_t, std::size_t>> list_;
    byte_writer bytes_;
  };

  static void shape(byte_writer& out, const shared_learner& l) {
    out.str(l.name);
    out.u32(l.mind.states());
    out.u32(l.mind.actions());
  }
  static void state_of(byte_writer& out, const shared_learner& l) {
    shape(out, l);
    l.mind.save(out);
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
  void keep(const result<void>& done) {
    if (!done) last_error_ = done.error().text;
  }

  std::unique_ptr<journal> journal_;
  std::map<std::uint32_t, frames> held_;
  std::string last_error_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre

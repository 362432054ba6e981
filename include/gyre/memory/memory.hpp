// memory.hpp - records within a byte budget, the oldest pushed out: ring, blocks, recall.
// Room: memory. Threads: one owner at a time; recall() too, since it shares the scratch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/core/function.hpp>
#include <gyre/core/owner.hpp>
#include <gyre/core/scarce.hpp>
#include <gyre/memory/consolidate.hpp>
#include <gyre/memory/recall.hpp>
#include <span>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

/// Remembers records. Besides the budget there is a fixed workspace of about 90 KB and three times
/// the largest block. A duplicate (same user, role, source, tags and text) becomes the newest copy
/// with the counts added and the later time; the older copy is taken out of the ring (`merged`) or
/// stays in its block (`hidden`) and is not recalled. Only ring and blocks are searched for it: a
/// duplicate of what is archived begins to count anew, and is neither merged nor hidden; recall()
/// shows the newest alone. Where memory cannot be had, a call throws before it changes anything.
class memory {
 public:
  /// Kinds of change that the journal hook sees and replay() takes.
  enum class change : std::uint8_t { remembered = 1, consolidated = 2, attached = 3, limited = 4 };
  using journal_hook = function<result<void>(std::uint8_t kind, std::span<const std::byte>)>;

  /// Options out of range are moved into it; memory_options::check() tells.
  explicit memory(memory_options options = {})
      : options_(options.within_range()), ring_(options_.ring), blocks_(options_.key) {}

  /// Called with each change and what replay() needs to repeat it; the bytes live during the call
  /// only. Of a remember() it is told before anything changes, so that its error is that call's, as
  /// is what it throws; of all else afterwards, and its error is nobody's.
  void set_journal(journal_hook hook) { journal_ = std::move(hook); }

  /// Takes another budget and ring from now on: seals what is too much for the ring and evicts what
  /// is too much for the budget. Values out of range are moved into it.
  void limit(std::size_t budget_bytes, std::uint32_t ring, std::int64_t now_ms) {
    set_limits(budget_bytes, ring);
    while (seal_due(now_ms)) {
    }
    fit();
    tell(change::limited, [&](byte_writer& out) {
      out.i64(now_ms);
      out.u64(options_.budget_bytes);
      out.u32(options_.ring);
    });
  }

  /// Adds `r` at the wall time `now_ms`. When it is the 51st in the ring (of 100), the 25 oldest
  /// are sealed as one block; then the oldest blocks go until the budget holds. Cost: about 1 us,
  /// and 100 us when it seals. Errors: arg (importance, tags, count), budget (longer than
  /// record_bytes), the journal hook's. Nothing changed then.
  result<void> remember(const record& r, std::int64_t now_ms) {
    scratch_.clear();
    scratch_.i64(now_ms);
    GYRE_CHECK(row::write(scratch_, r, r.wall_ms == 0 ? now_ms : r.wall_ms));
    const std::size_t size = scratch_.size() - 8;
    const auto most = smaller<std::size_t>(options_.record_bytes, options_.budget_bytes / 8);
    if (size > most) return fail(code::budget, "a record of ", size, " bytes; at most ", most);
    const auto bytes = std::span(scratch_.data()).subspan(8);
    GYRE_TRY(view, row::read(bytes));
    return add(bytes, view, now_ms, journal_ ? &scratch_ : nullptr);
  }

  /// What matches, newest first (by order of remembering), from ring, blocks and archive, hidden
  /// copies left out. An archived copy is also left out when a newer one was found in the archive
  /// by this call. Cost: opens the blocks (about 15 us each) whose times overlap, newest first,
  /// until the limit is reached.
  std::vector<record> recall(const query& q) {
    std::vector<record> found;
    detail::recaller asked(q, found);
    look_here(asked);
    if (!archive_ || asked.done()) return found;
    const auto mark = [this](std::span<detail::candidate> some) { mark_newer(some); };
    has_looked(asked.from(*archive_, key(), mark).has_value());
    return found;
  }

  /// Moves blocks whose newest record is older than archive_after_s to the archive, and deletes
  /// what is older than prune_after_s. Without an archive only the latter. Writes and syncs files
  /// where there is an archive. Errors: io; what was not written stays in memory.
  result<consolidation> consolidate(std::int64_t now_ms) {
    consolidation done;
    detail::consolidator all = begin(now_ms, archive_ ? SIZE_MAX : 0);
    result<void> written = archive_ ? all.to(*archive_) : result<void>(ok);
    (void)finish(all, done);
    if (!written) return std::move(written).pass();
    return done;
  }

  // The two in parts, for who does not wait for files where the memory is: recaller::from() and
  // consolidator::to() need the archive alone.

  archive* cold() const noexcept { return archive_.get(); }  ///< null: there is none
  key128 key() const noexcept { return blocks_.key(); }
  void look_here(detail::recaller& asked) { asked.from(ring_, blocks_); }
  void mark_newer(std::span<detail::candidate> some) {
    for (detail::candidate& c : some) {
      c.newer = ring_.find(c.id) < ring_.size() || blocks_.holds(c.id);
    }
  }
  void has_looked(bool well) noexcept { now_.archive_errors += well ? 0U : 1U; }
  /// The part that is next, of at most so many bytes of blocks, or one block.
  detail::consolidator begin(std::int64_t now_ms, std::size_t most_bytes) {
    clock_.note(now_ms);
    return {blocks_, options_, now_ms, clock_.now(), undo_, most_bytes};
  }
  /// After to(). @return false: some that were to move were evicted meanwhile, so that none did
  bool finish(detail::consolidator& part, consolidation& sum) {
    const bool evicted = part.moves() && part.o.through > part.moves_from() &&
                         blocks_.first_id() > part.moves_from();
    undo_ = part.to_undo(evicted);
    if (evicted) part.o.through = part.o.pruned_through;
    see_archive();
    apply(part.o, sum);
    tell(change::consolidated, [&](byte_writer& out) { part.o.save(out); });
    return !evicted;
  }

  /// Gives it an archive: after load() and replay(), before the first remember(). What that holds
  /// beyond this memory's state is cut off (its blocks are here again); what it lacks counts as
  /// evicted; a memory with nothing remembered takes it over. Errors: io; there is then none.
  result<void> attach(owner<archive> cold) {
    if (now_.remembered > 0) GYRE_CHECK(cold->rewind(blocks_.first_id()));
    const std::uint64_t first_id = larger(blocks_.first_id(), cold->next_id());
    if (cold->records() != now_.archived || first_id != blocks_.first_id()) {
      blocks_.set_first_id(first_id);
      now_.attached(cold->records(), cold->damaged());
      tell(change::attached, [&](byte_writer& out) {
        out.u64(first_id);
        out.u64(now_.remembered);
        out.u64(now_.evicted);
        out.u64(now_.archived);
      });
    }
    archive_ = std::move(cold);
    see_archive();
    return ok;
  }
  /// Lets go of archive and journal hook, and goes on without.
  void detach() noexcept {
    archive_.reset();
    see_archive();
    journal_ = nullptr;
  }

  /// Repeats a change that the journal hook saw, in order, on a memory that was in the same state.
  /// The hook is not called. Where another zlib packs blocks into other sizes, what is evicted, and
  /// so what is archived, may be others. Errors: corrupt; nothing changed.
  result<void> replay(std::uint8_t kind, std::span<const std::byte> bytes) {
    byte_reader in(bytes);
    switch (static_cast<change>(kind)) {
      case change::remembered: return replay_remembered(in);
      case change::consolidated: return replay_consolidated(in);
      case change::attached: return replay_attached(in);
      case change::limited: return replay_limited(in);
    }
    return fail(code::corrupt, "a change of an unknown kind ", kind);
  }

  /// All of its state but the options (budget and ring are in it) and the archive's files, for a
  /// checkpoint.
  void save(byte_writer& out) const {
    save_front(out);
    blocks_.save(out);
  }
  /// The same without copying the blocks' bytes: `pieces` of `out` (empty before) and of blocks for
  /// any thread to read, until let_go(). The memory goes on, and takes up to twice its budget.
  void save_in_place(byte_writer& out, vec<std::span<const std::byte>>& pieces) {
    save_front(out);
    blocks_.save_in_place(out, pieces);
  }
  void let_go() noexcept { blocks_.thaw(); }

  /// Takes what save() wrote in place of its own state, and opens every block once to index it
  /// (about 20 us a block). The saved budget and ring are its own from then on, since what is to be
  /// replayed depends on them; limit() sets others. Errors: corrupt, format; nothing changed.
  result<void> load(byte_reader& in) {
    if (const std::uint8_t version = in.u8(); version != 2) {
      return fail(code::format, "memory state of version ", version, ", not 2");
    }
    memory next(options_);
    const std::uint64_t budget = in.u64();
    const std::uint32_t limit = in.u32();
    if (!memory_options::possible(budget, limit)) return fail(code::corrupt, "impossible limits");
    next.set_limits(static_cast<std::size_t>(smaller<std::uint64_t>(budget, SIZE_MAX)), limit);
    next.blocks_.set_first_id(in.u64());
    next.now_.load(in);
    const std::uint32_t ring = in.u32();
    for (std::uint32_t i = 0; i < ring && in.ok(); ++i) {
      const auto bytes = in.raw(in.u32());
      GYRE_TRY(view, row::read(bytes));
      next.ring_.push(bytes, next.blocks_.identity(view));
    }
    const std::uint64_t blocks = in.u64();
    for (std::uint64_t i = 0; i < blocks && in.ok(); ++i) {
      GYRE_TRY(b, block::load(in));
      GYRE_CHECK(next.blocks_.adopt(std::move(b)));
    }
    const memory_stats s = next.stats();
    if (!in.ok() || ring > limit ||
        s.remembered != s.in_ring + s.in_blocks + s.archived + s.evicted + s.merged) {
      return fail(code::corrupt, "a memory state whose figures do not add up");
    }
    next.fit();
    if (!next.blocks_.empty()) next.clock_.note(next.blocks_[next.blocks_.size() - 1].sealed_ms());
    next.journal_ = std::move(journal_);
    next.archive_ = std::move(archive_);
    next.see_archive();
    *this = std::move(next);
    return ok;
  }

  memory_stats stats() const {
    memory_stats s = now_;
    s.in_ring = ring_.size();
    s.in_blocks = blocks_.records();
    s.hidden = blocks_.hidden();
    s.saved_percent = now_.percent_saved();
    s.resident_bytes = resident_bytes();
    s.budget_bytes = options_.budget_bytes;
    s.blocks = blocks_.size();
    s.archive_errors += cold_damaged_;
    return s;
  }

  /// Blocks in memory, newest first.
  std::vector<block_info> history(std::size_t limit = 50) const { return blocks_.infos(limit); }

  /// Ring, blocks and index, with what malloc adds; the archive's line for each file and the
  /// workspace are not in it.
  std::size_t resident_bytes() const noexcept {
    return ring_.resident_bytes() + blocks_.resident_bytes();
  }
  const memory_options& options() const noexcept { return options_; }

 private:
  void set_limits(std::size_t budget_bytes, std::uint32_t ring) {
    options_.budget_bytes = larger<std::size_t>(budget_bytes, 65'536);
    options_.ring = between<std::uint32_t>(ring, 8, 256);
    ring_.set_limit(options_.ring);
  }
  template <class F>
  void tell(change kind, F&& write) {
    if (!journal_) return;
    byte_writer out;
    write(out);
    (void)journal_(static_cast<std::uint8_t>(kind), out.data());
  }
  void save_front(byte_writer& out) const {
    out.u8(2);
    out.u64(options_.budget_bytes);
    out.u32(options_.ring);
    out.u64(blocks_.first_id());
    now_.save(out);
    ring_.save(out);
  }

  /// Everything that remember() does once the row is known to be good. What may throw for want of
  /// memory, telling the journal `what` included, comes before the first change.
  result<void> add(std::span<const std::byte> bytes, record_view view, std::int64_t now_ms,
                   const byte_writer* what) {
    const record_hash id = blocks_.identity(view);
    const std::size_t in_ring = ring_.find(id);
    record_view older;
    detail::block_history::spot in_block;
    if (in_ring < ring_.size()) {
      if (const auto read = row::read(ring_[in_ring].bytes)) older = *read;
    } else {
      in_block = blocks_.find(id, older);
    }
    if (in_ring < ring_.size() || in_block) {  // the counts are added: the row is written anew
      view.count = static_cast<std::uint32_t>(
          smaller<std::uint64_t>(UINT32_MAX, std::uint64_t{older.count} + view.count));
      view.wall_ms = larger(view.wall_ms, older.wall_ms);
      merged_row_.clear();
      row::write(merged_row_, view);
      bytes = merged_row_.data();
    }
    detail::record_ring::slot slot = detail::record_ring::made(bytes, id);
    ring_.reserve();
    constexpr auto kind = static_cast<std::uint8_t>(change::remembered);
    if (what != nullptr) GYRE_CHECK(journal_(kind, what->data()));
    if (in_block) blocks_.hide(in_block, id);
    if (in_ring < ring_.size()) {
      ring_.drop(in_ring);
      ++now_.merged;
    }
    ring_.push(std::move(slot));
    ++now_.remembered;
    clock_.note(now_ms);
    (void)detail::if_memory([&] { (void)seal_due(now_ms); });  // else the next call does
    (void)detail::if_memory([&] { fit(); });
    return ok;
  }
  /// Seals the oldest of a ring that is over half full; true when it has.
  bool seal_due(std::int64_t now_ms) {
    const std::size_t had = ring_.size();
    const bool heavy = ring_.resident_bytes() > options_.budget_bytes / 2;  // few but large
    if (had <= options_.ring / 2 && !(heavy && had > 1)) return false;
    const std::size_t n = smaller<std::size_t>(options_.ring / 4, (had + 1) / 2);
    if (!blocks_.seal(ring_, n, now_ms)) return false;  // fit() evicts when it grows too far
    const block& made = blocks_[blocks_.size() - 1];
    now_.consolidated += n;
    ++now_.compressions;
    now_.raw_bytes += made.raw_bytes();
    now_.stored_bytes += made.stored_bytes();
    return true;
  }
  /// Evicts the oldest until the budget holds.
  void fit() {
    while (resident_bytes() > options_.budget_bytes || ring_.over()) {
      if (!blocks_.empty() && !ring_.over()) {
        now_.evicted += blocks_.drop();
      } else if (!ring_.empty()) {
        ring_.drop_oldest();
        ++now_.evicted;
      } else {
        break;
      }
    }
  }

  void see_archive() noexcept {
    now_.archive_bytes = archive_ ? archive_->bytes() : 0;
    cold_damaged_ = archive_ ? archive_->damaged() : 0;
  }
  void apply(const detail::consolidation_outcome& o, consolidation& sum) {
    consolidation done;
    while (blocks_.first_id() < o.pruned_through) done.pruned += blocks_.drop();
    while (blocks_.first_id() < o.through) done.archived += blocks_.drop();
    now_.consolidated_by(o, done);
    sum.archived += done.archived;
    sum.pruned += done.pruned;
  }

  result<void> replay_remembered(byte_reader& in) {
    const std::int64_t now_ms = in.i64();
    const auto bytes = in.raw(in.remaining());
    GYRE_TRY(view, row::read(bytes));
    return add(bytes, view, now_ms, nullptr);
  }
  result<void> replay_consolidated(byte_reader& in) {
    detail::consolidation_outcome o;
    o.load(in);
    if (!in.ok() || in.remaining() != 0 || o.through < o.pruned_through) {
      return fail(code::corrupt, "a consolidation that says nothing");
    }
    // Blocks that were never sealed here, for want of memory then: their records are in the ring.
    o.through = smaller(o.through, blocks_.end_id());
    o.pruned_through = smaller(o.pruned_through, o.through);
    consolidation done;
    apply(o, done);
    return ok;
  }
  result<void> replay_attached(byte_reader& in) {
    const std::uint64_t first_id = in.u64();
    const std::uint64_t remembered = in.u64();
    in.u64();  // evicted: follows from the rest
    const std::uint64_t archived = in.u64();
    const bool fits = in.ok() && in.remaining() == 0 &&
                      now_.reattached(remembered, archived, ring_.size() + blocks_.records());
    if (!fits) return fail(code::corrupt, "an archive that does not fit this memory");
    if (blocks_.empty()) blocks_.set_first_id(larger(blocks_.first_id(), first_id));
    return ok;
  }
  result<void> replay_limited(byte_reader& in) {
    const std::int64_t now_ms = in.i64();
    const std::uint64_t budget = in.u64();
    const std::uint32_t ring = in.u32();
    if (!in.ok() || in.remaining() != 0 || !memory_options::possible(budget, ring)) {
      return fail(code::corrupt, "impossible limits");
    }
    journal_hook hook = std::exchange(journal_, nullptr);
    limit(static_cast<std::size_t>(smaller<std::uint64_t>(budget, SIZE_MAX)), ring, now_ms);
    journal_ = std::move(hook);
    return ok;
  }

  memory_options options_;
  detail::record_ring ring_;
  detail::block_history blocks_;
  detail::figures now_;
  detail::believed_clock clock_;
  owner<archive> archive_;
  std::uint64_t cold_damaged_ = 0;                      // as of the last look
  std::uint64_t undo_ = detail::consolidator::nothing;  // its blocks from this id on are not to be
  journal_hook journal_;
  byte_writer scratch_, merged_row_;
};

}  // namespace v1
}  // namespace gyre

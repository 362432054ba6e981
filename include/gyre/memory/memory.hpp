// memory.hpp - records within a byte budget: a short ring, sealed blocks, and recall over both.
// Room: memory. Threads: one owner at a time; recall() too, since it shares the scratch.
#pragma once
#include <deque>
#include <gyre/core/hash.hpp>
#include <gyre/memory/block.hpp>
#include <gyre/memory/index.hpp>

namespace gyre {
inline namespace v1 {
struct memory_options {
  std::size_t budget_bytes = 16 << 20;     ///< for ring, blocks and index; at least 64 KiB
  std::uint32_t ring = 100;                ///< 8..256; over half full, its oldest quarter is sealed
  std::uint32_t record_bytes = 256 << 10;  ///< largest record; at most an eighth of the budget
  std::uint32_t archive_after_s = 86'400;  ///< consolidate() archives older blocks
  std::uint32_t prune_after_s = 2'592'000;  ///< 30 days; consolidate() deletes what is older
  key128 key = {0, 0};                      ///< of the duplicates' hash; a store has its own

  /// Errors: arg, naming the option and its range.
  result<void> check() const {
    if (budget_bytes < 65'536)
      return fail(code::arg, "budget_bytes ", budget_bytes, "; at least 65536");
    if (ring < 8 || ring > 256) return fail(code::arg, "ring ", ring, " is not in 8..256");
    if (record_bytes < 1) return fail(code::arg, "record_bytes 0; at least 1");
    return ok;
  }
};

/// In records, at every moment: remembered = in_ring + in_blocks + archived + evicted + merged. The
/// first three say where a record is now, the other two only grow.
struct memory_stats {
  std::uint64_t remembered = 0;  ///< accepted by remember()
  std::uint64_t in_ring = 0;
  std::uint64_t in_blocks = 0;  ///< hidden ones included
  std::uint64_t archived = 0;   ///< in the archive now
  std::uint64_t evicted = 0;    ///< gone: pushed out by a budget, pruned, or lost with the archive
  std::uint64_t merged = 0;     ///< taken into a newer duplicate while still in the ring
  std::uint64_t pruned = 0;     ///< those of `evicted` that consolidate() deleted for their age
  std::uint64_t hidden = 0;     ///< those of `in_blocks` that a newer duplicate replaced
  std::uint64_t consolidated = 0;    ///< ever sealed into blocks
  std::uint64_t compressions = 0;    ///< blocks ever sealed
  std::uint64_t raw_bytes = 0;       ///< the rows of all sealed records
  std::uint64_t stored_bytes = 0;    ///< what their blocks took
  double saved_percent = 0;          ///< 100 · (1 - stored / raw); 0 before the first block
  std::uint64_t resident_bytes = 0;  ///< ring, blocks and index; never over the budget
  std::uint64_t budget_bytes = 0;
  std::uint64_t blocks = 0;          ///< in memory now
  std::uint64_t archive_bytes = 0;   ///< of the archive's files
  std::uint64_t archive_errors = 0;  ///< archive files that are damaged, and recall()s that failed
};

/// One block of the history.
struct block_info {
  std::int64_t at_ms = 0;  ///< when it was sealed
  std::uint32_t count = 0;
  std::uint64_t raw_bytes = 0, stored_bytes = 0;
  double ratio = 0;  ///< stored / raw
};

/// What one consolidate() did, in records.
struct consolidation {
  std::uint64_t archived = 0, pruned = 0;
};

/// Remembers records. Besides the budget there is a fixed workspace of about 90 KB and three times
/// the largest block. A duplicate (same user, role, source, tags and text) becomes the newest copy
/// with the counts added; the older copy is taken out of the ring (`merged`) or stays in its block
/// (`hidden`) and is not recalled. Only ring and blocks are searched for it: a duplicate of what is
/// archived begins to count anew, and is neither merged nor hidden; recall() shows the newest
/// alone.
class memory {
 public:
  /// Kinds of change that the journal hook sees and replay() takes.
  enum class change : std::uint8_t { remembered = 1, consolidated = 2, attached = 3, limited = 4 };
  using journal_hook = std::function<void(std::uint8_t kind, std::span<const std::byte>)>;

  /// Options out of range are moved into it; memory_options::check() tells.
  explicit memory(memory_options options = {}) : options_(options) {
    options_.budget_bytes = std::max<std::size_t>(options_.budget_bytes, 65'536);
    options_.ring = std::clamp<std::uint32_t>(options_.ring, 8, 256);
    options_.record_bytes = static_cast<std::uint32_t>(
        std::clamp<std::size_t>(options_.record_bytes, 1, options_.budget_bytes / 8));
    ring_.reserve(options_.ring + 1);
    ring_bytes_ = (options_.ring + 1) * slot_bytes;
  }

  /// Called after each change with what replay() needs to repeat it; the bytes live during the call
  /// only.
  void set_journal(journal_hook hook) { journal_ = std::move(hook); }

  /// Takes another budget and ring from now on: seals what is too much for the ring and evicts what
  /// is too much for the budget. Values out of range are moved into it.
  void limit(std::size_t budget_bytes, std::uint32_t ring, std::int64_t now_ms) {
    set_limits(budget_bytes, ring);
    while (seal_due(now_ms)) {
    }
    fit();
    if (!journal_) return;
    byte_writer out;
    out.i64(now_ms);
    out.u64(options_.budget_bytes);
    out.u32(options_.ring);
    journal_(static_cast<std::uint8_t>(change::limited), out.data());
  }

  /// Adds `r` at the wall time `now_ms`. When it is the 51st in the ring (of 100), the 25 oldest
  /// are sealed as one block; then the oldest blocks go until the budget holds. Cost: about 1 us,
  /// and 100 us when it seals. Errors: arg (importance, tags, count), budget (longer than
  /// record_bytes). Nothing changed then.
  result<void> remember(const record& r, std::int64_t now_ms) {
    scratch_.clear();
    scratch_.i64(now_ms);
    GYRE_CHECK(row::write(scratch_, r, r.wall_ms == 0 ? now_ms : r.wall_ms));
    const std::size_t size = scratch_.size() - 8;
    const auto most = std::min<std::size_t>(options_.record_bytes, options_.budget_bytes / 8);
    if (size > most) return fail(code::budget, "a record of ", size, " bytes; at most ", most);
    const auto bytes = std::span(scratch_.data()).subspan(8);
    GYRE_TRY(view, row::read(bytes));
    GYRE_CHECK(add(bytes, view, now_ms));
    if (journal_) journal_(static_cast<std::uint8_t>(change::remembered), scratch_.data());
    return ok;
  }

  /// What matches, newest first (by order of remembering), from ring, blocks and archive, hidden
  /// copies left out. An archived copy is also left out when a newer one was found in the archive
  /// by this call. Cost: opens the blocks (about 15 us each) whose times overlap, newest first,
  /// until the limit is reached.
  std::vector<record> recall(const query& q) {
    std::vector<record> found;
    for (std::size_t i = ring_.size(); i-- > 0 && found.size() < q.limit;) {
      const auto view = row::read(ring_[i].bytes);
      if (view && row::matches(*view, q)) found.push_back(row::to_record(*view));
    }
    for (std::size_t i = blocks_.size(); i-- > 0 && found.size() < q.limit;) {
      recall_from(blocks_[i], q, found);
    }
    if (archive_ && found.size() < q.limit) recall_archived(q, found);
    return found;
  }

  /// Moves blocks whose newest record is older than archive_after_s to the archive, and deletes
  /// what is older than prune_after_s. Without an archive only the latter. Writes and syncs files
  /// where there is an archive. Errors: io; what was not written stays in memory.
  result<consolidation> consolidate(std::int64_t now_ms) {
    outcome o;
    o.through = first_id_;
    const std::int64_t prune_before = before(now_ms, options_.prune_after_s);
    std::size_t old = 0;
    while (old < blocks_.size() && blocks_[old].to_ms() < prune_before) ++old;
    o.pruned_through = first_id_ + old;
    result<void> written = ok;
    if (archive_) {
      const std::int64_t archive_before = before(now_ms, options_.archive_after_s);
      std::size_t end = old;
      while (end < blocks_.size() && blocks_[end].to_ms() < archive_before) ++end;
      if (archive_->next_id() > first_id_) written = archive_->rewind(first_id_);  // was not done
      for (std::size_t i = old; i < end && written; ++i)
        written = archive_->append(first_id_ + i, blocks_[i]);
      if (written && end > old) written = archive_->sync();
      if (written) o.through = first_id_ + end;
      if (!written) (void)archive_->rewind(first_id_);
      if (archive_->next_id() <= o.through) {
        o.archive_pruned = archive_->prune(prune_before);
        o.archive_evicted = archive_->shrink();
      }
    }
    o.through = std::max(o.through, o.pruned_through);
    const consolidation done = apply(o);
    if (journal_) {
      byte_writer out;
      o.save(out);
      journal_(static_cast<std::uint8_t>(change::consolidated), out.data());
    }
    if (!written) return written.error();
    return done;
  }

  /// Gives it an archive: call it after load() and replay(), before the first remember().
  /// What the archive holds beyond this memory's state is cut off (its blocks are here again); what
  /// it lacks counts as evicted; a memory with nothing remembered takes the archive over.
  /// Errors: io; there is then no archive.
  result<void> attach(std::unique_ptr<archive> cold) {
    if (now_.remembered > 0) GYRE_CHECK(cold->rewind(first_id_));
    const std::uint64_t first_id = std::max(first_id_, cold->next_id());
    const std::uint64_t there = cold->records();
    if (there != now_.archived || first_id != first_id_) {
      first_id_ = first_id;
      if (there > now_.archived) now_.remembered += there - now_.archived;
      if (there < now_.archived) now_.evicted += now_.archived - there;
      now_.archived = there;
      if (journal_) {
        byte_writer out;
        out.u64(first_id_);
        out.u64(now_.remembered);
        out.u64(now_.evicted);
        out.u64(now_.archived);
        journal_(static_cast<std::uint8_t>(change::attached), out.data());
      }
    }
    archive_ = std::move(cold);
    return ok;
  }
  /// Lets go of archive and journal hook, and goes on without.
  void detach() noexcept {
    archive_.reset();
    journal_ = nullptr;
  }

  /// Repeats a change that the journal hook saw, in order, on a memory that was in the same state.
  /// The hook is not called. Where another zlib packs blocks into other sizes, what is evicted, and
  /// so what is archived, may be others. Errors: corrupt; nothing changed.
  result<void> replay(std::uint8_t kind, std::span<const std::byte> bytes) {
    byte_reader in(bytes);
    if (kind == static_cast<std::uint8_t>(change::remembered)) {
      const std::int64_t now_ms = in.i64();
      const auto row = in.raw(in.remaining());
      GYRE_TRY(view, row::read(row));
      return add(row, view, now_ms);
    }
    if (kind == static_cast<std::uint8_t>(change::consolidated)) {
      outcome o;
      o.load(in);
      const std::uint64_t end = first_id_ + blocks_.size();
      const bool sane =
          in.ok() && in.remaining() == 0 && o.through >= o.pruned_through && o.through <= end;
      if (!sane) return fail(code::corrupt, "a consolidation that does not fit this memory");
      apply(o);
      return ok;
    }
    if (kind == static_cast<std::uint8_t>(change::attached)) {
      const std::uint64_t first_id = in.u64();
      memory_stats next = now_;
      next.remembered = in.u64();
      in.u64();  // evicted: follows from the rest
      next.archived = in.u64();
      const std::uint64_t rest = ring_.size() + next.in_blocks + next.archived + next.merged;
      if (!in.ok() || in.remaining() != 0 || next.remembered < rest) {
        return fail(code::corrupt, "an archive that does not fit this memory");
      }
      if (blocks_.empty()) first_id_ = std::max(first_id_, first_id);
      now_ = next;
      now_.evicted = next.remembered - rest;
      return ok;
    }
    if (kind == static_cast<std::uint8_t>(change::limited)) {
      const std::int64_t now_ms = in.i64();
      const std::uint64_t budget = in.u64();
      const std::uint32_t ring = in.u32();
      if (!in.ok() || in.remaining() != 0 || !possible(budget, ring)) {
        return fail(code::corrupt, "limits that no memory has");
      }
      const journal_hook hook = std::exchange(journal_, nullptr);
      limit(static_cast<std::size_t>(std::min<std::uint64_t>(budget, SIZE_MAX)), ring, now_ms);
      journal_ = hook;
      return ok;
    }
    return fail(code::corrupt, "a change of an unknown kind ", kind);
  }

  /// All of its state but the options (budget and ring are in it) and the archive's files, for a
  /// checkpoint.
  void save(byte_writer& out) const {
    out.u8(2);
    out.u64(options_.budget_bytes);
    out.u32(options_.ring);
    out.u64(first_id_);
    for (const std::uint64_t memory_stats::*field : saved_counters) out.u64(now_.*field);
    out.u32(static_cast<std::uint32_t>(ring_.size()));
    for (const slot& s : ring_) {
      out.u32(static_cast<std::uint32_t>(s.bytes.size()));
      out.raw(s.bytes);
    }
    out.u64(blocks_.size());
    for (const block& b : blocks_) b.save(out);
  }

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
    if (!possible(budget, limit)) return fail(code::corrupt, "limits that no memory has");
    next.set_limits(static_cast<std::size_t>(std::min<std::uint64_t>(budget, SIZE_MAX)), limit);
    next.first_id_ = in.u64();
    for (std::uint64_t memory_stats::*field : saved_counters) next.now_.*field = in.u64();
    const std::uint32_t ring = in.u32();
    for (std::uint32_t i = 0; i < ring && in.ok(); ++i) {
      const auto bytes = in.raw(in.u32());
      GYRE_TRY(view, row::read(bytes));
      next.push(bytes, next.identity(view));
    }
    const std::uint64_t blocks = in.u64();
    for (std::uint64_t i = 0; i < blocks && in.ok(); ++i) {
      GYRE_TRY(b, block::load(in));
      GYRE_CHECK(next.adopt(std::move(b)));
    }
    const memory_stats s = next.stats();
    if (!in.ok() || ring > limit ||
        s.remembered != s.in_ring + s.in_blocks + s.archived + s.evicted + s.merged) {
      return fail(code::corrupt, "a memory state whose figures do not add up");
    }
    next.fit();
    next.journal_ = std::move(journal_);
    next.archive_ = std::move(archive_);
    *this = std::move(next);
    return ok;
  }

  memory_stats stats() const {
    memory_stats s = now_;
    s.in_ring = ring_.size();
    s.saved_percent = s.raw_bytes == 0 ? 0
                                       : 100.0 * (1.0 - static_cast<double>(s.stored_bytes) /
                                                            static_cast<double>(s.raw_bytes));
    s.resident_bytes = resident_bytes();
    s.budget_bytes = options_.budget_bytes;
    s.blocks = blocks_.size();
    s.archive_bytes = archive_ ? archive_->bytes() : 0;
    s.archive_errors += archive_ ? archive_->damaged() : 0;
    return s;
  }

  /// The newest blocks in memory, newest first, at most `limit`.
  std::vector<block_info> history(std::size_t limit = 50) const {
    std::vector<block_info> infos;
    for (std::size_t i = blocks_.size(); i-- > 0 && infos.size() < limit;) {
      const block& b = blocks_[i];
      const double raw = std::max<double>(1, b.raw_bytes());
      infos.push_back({b.sealed_ms(), b.count(), b.raw_bytes(), b.stored_bytes(),
                       static_cast<double>(b.stored_bytes()) / raw});
    }
    return infos;
  }

  /// Ring, blocks and index, with what malloc adds; the archive's line for each file and the
  /// workspace are not in it.
  std::size_t resident_bytes() const noexcept {
    return ring_bytes_ + block_bytes_ + index_.resident_bytes();
  }
  const memory_options& options() const noexcept { return options_; }

 private:
  using hash = std::array<std::uint64_t, 2>;
  struct slot {
    std::vector<std::byte> bytes;  // the row
    hash id;
    std::size_t resident() const noexcept { return heap_bytes(bytes.size()); }
  };
  /// What a slot counts, on every machine alike: what is evicted when must not depend on it.
  static constexpr std::size_t slot_bytes = 40;
  static constexpr std::array saved_counters = {
      &memory_stats::remembered,   &memory_stats::archived,  &memory_stats::evicted,
      &memory_stats::merged,       &memory_stats::pruned,    &memory_stats::consolidated,
      &memory_stats::compressions, &memory_stats::raw_bytes, &memory_stats::stored_bytes};

  /// What a consolidate() came to, so that it can be repeated without the files.
  struct outcome {
    std::uint64_t pruned_through = 0;  // blocks with smaller ids were deleted,
    std::uint64_t through = 0;         // the rest of those below this archived
    std::uint64_t archive_pruned = 0, archive_evicted = 0;
    void save(byte_writer& out) const {
      out.u64(pruned_through);
      out.u64(through);
      out.u64(archive_pruned);
      out.u64(archive_evicted);
    }
    void load(byte_reader& in) {
      pruned_through = in.u64();
      through = in.u64();
      archive_pruned = in.u64();
      archive_evicted = in.u64();
    }
  };

  static std::int64_t before(std::int64_t now_ms, std::uint32_t seconds) noexcept {
    const std::int64_t span = std::int64_t{seconds} * 1000;
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    return now_ms < least + span ? least : now_ms - span;
  }

  hash identity(const record_view& view) {
    identity_.clear();
    row::write_identity(identity_, view);
    return siphash24_128(identity_.data(), options_.key);
  }
  static std::uint32_t tag(const hash& id) noexcept {
    return static_cast<std::uint32_t>(id[0] >> 32);
  }

  /// Everything that remember() does once the row is known to be good.
  result<void> add(std::span<const std::byte> bytes, record_view view, std::int64_t now_ms) {
    const hash id = identity(view);
    const std::uint64_t older = take_older(id);
    if (older > 0) {  // the counts are added: the row is written anew
      view.count =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(UINT32_MAX, older + view.count));
      merged_row_.clear();
      row::write(merged_row_, view);
      push(merged_row_.data(), id);
    } else {
      push(bytes, id);
    }
    ++now_.remembered;
    (void)seal_due(now_ms);
    fit();
    return ok;
  }

  static bool possible(std::uint64_t budget_bytes, std::uint32_t ring) noexcept {
    return budget_bytes >= 65'536 && ring >= 8 && ring <= 256;
  }
  void set_limits(std::size_t budget_bytes, std::uint32_t ring) {
    ring_bytes_ -= (options_.ring + 1) * slot_bytes;
    options_.budget_bytes = std::max<std::size_t>(budget_bytes, 65'536);
    options_.ring = std::clamp<std::uint32_t>(ring, 8, 256);
    ring_.reserve(options_.ring + 1);
    ring_bytes_ += (options_.ring + 1) * slot_bytes;
  }
  /// Seals the oldest of a ring that is over half full; true when it has.
  bool seal_due(std::int64_t now_ms) {
    const std::size_t had = ring_.size();
    const bool heavy = ring_bytes_ > options_.budget_bytes / 2;  // few but large: seal them early
    if (had <= options_.ring / 2 && !(heavy && had > 1)) return false;
    seal(std::min<std::size_t>(options_.ring / 4, (had + 1) / 2), now_ms);
    return ring_.size() < had;
  }

  /// Removes or hides the newest older copy; its count, or 0 when there is none.
  std::uint64_t take_older(const hash& id) {
    for (std::size_t i = ring_.size(); i-- > 0;) {
      if (ring_[i].id != id) continue;
      const auto view = row::read(ring_[i].bytes);
      drop_slots(i, 1);
      ++now_.merged;
      return view ? view->count : 1;
    }
    std::uint32_t slot_in_block = 0;
    std::size_t at = 0;
    if (!find_block(id, at, slot_in_block)) return 0;
    block& b = blocks_[at];
    b.hide(slot_in_block);
    ++now_.hidden;
    index_.erase(tag(id), block_index::short_id(first_id_ + at));
    return codec_.rows[slot_in_block].count;
  }

  /// The resident block that holds this hash, not hidden; it is left open in the codec.
  bool find_block(const hash& id, std::size_t& at, std::uint32_t& slot_in_block) {
    return index_.find(tag(id), [&](std::uint32_t short_id) {
      at = block_index::distance(first_id_, short_id);
      if (at >= blocks_.size()) return false;  // left by a block that drop_block() could not open
      const block& b = blocks_[at];
      if (!b.open(codec_)) return false;
      for (slot_in_block = 0; slot_in_block < b.count(); ++slot_in_block) {
        if (!b.hidden(slot_in_block) && identity(codec_.rows[slot_in_block]) == id) return true;
      }
      return false;
    });
  }

  void push(std::span<const std::byte> bytes, const hash& id) {
    ring_.push_back({{bytes.begin(), bytes.end()}, id});
    ring_bytes_ += ring_.back().resident();
  }

  void drop_slots(std::size_t from, std::size_t n) {
    for (std::size_t i = from; i < from + n; ++i) ring_bytes_ -= ring_[i].resident();
    const auto first = ring_.begin() + static_cast<std::ptrdiff_t>(from);
    ring_.erase(first, first + static_cast<std::ptrdiff_t>(n));
  }

  void seal(std::size_t n, std::int64_t now_ms) {
    std::array<record_view, block::capacity> rows;
    std::uint64_t raw = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const auto view = row::read(ring_[i].bytes);
      if (!view) return;  // cannot be: they were read when they came
      rows[i] = *view;
      raw += ring_[i].bytes.size();
    }
    auto made = block::seal(std::span(rows).first(n), raw, now_ms, codec_);
    if (!made) return;  // no memory: fit() evicts from the ring when that grows too far
    const std::uint32_t id = block_index::short_id(first_id_ + blocks_.size());
    for (std::size_t i = 0; i < n; ++i) index_.insert(tag(ring_[i].id), id);
    drop_slots(0, n);
    now_.in_blocks += n;
    now_.consolidated += n;
    ++now_.compressions;
    now_.raw_bytes += made->raw_bytes();
    now_.stored_bytes += made->stored_bytes();
    block_bytes_ += made->resident_bytes();
    blocks_.push_back(std::move(*made));
  }

  /// A loaded block: indexed, counted.
  result<void> adopt(block b) {
    GYRE_CHECK(b.open(codec_));
    const std::uint32_t id = block_index::short_id(first_id_ + blocks_.size());
    for (std::uint32_t i = 0; i < b.count(); ++i) {
      if (!b.hidden(i)) index_.insert(tag(identity(codec_.rows[i])), id);
    }
    now_.in_blocks += b.count();
    now_.hidden += b.hidden_count();
    block_bytes_ += b.resident_bytes();
    blocks_.push_back(std::move(b));
    return ok;
  }

  /// Takes the oldest block out of memory; how many records it held.
  std::uint64_t drop_block() {
    const block& b = blocks_.front();
    const std::uint64_t count = b.count();
    if (b.open(codec_)) {
      const std::uint32_t id = block_index::short_id(first_id_);
      for (std::uint32_t i = 0; i < count; ++i) {
        if (!b.hidden(i)) index_.erase(tag(identity(codec_.rows[i])), id);
      }
    }
    now_.in_blocks -= count;
    now_.hidden -= b.hidden_count();
    block_bytes_ -= b.resident_bytes();
    blocks_.pop_front();
    ++first_id_;
    return count;
  }

  /// Evicts the oldest until the budget holds.
  void fit() {
    while (resident_bytes() > options_.budget_bytes || ring_.size() > options_.ring) {
      if (!blocks_.empty() && ring_.size() <= options_.ring) {
        now_.evicted += drop_block();
      } else if (!ring_.empty()) {
        drop_slots(0, 1);
        ++now_.evicted;
      } else {
        break;
      }
    }
  }

  consolidation apply(const outcome& o) {
    consolidation done;
    while (first_id_ < o.pruned_through) done.pruned += drop_block();
    while (first_id_ < o.through) done.archived += drop_block();
    now_.archived += done.archived;
    const std::uint64_t pruned_there = std::min(o.archive_pruned, now_.archived);
    now_.archived -= pruned_there;
    const std::uint64_t evicted_there = std::min(o.archive_evicted, now_.archived);
    now_.archived -= evicted_there;
    done.pruned += pruned_there;
    now_.pruned += done.pruned;
    now_.evicted += done.pruned + evicted_there;
    return done;
  }

  void recall_from(const block& b, const query& q, std::vector<record>& found) {
    if (b.to_ms() < q.from_ms || b.from_ms() > q.to_ms) return;
    if (!b.open(codec_)) return;
    for (std::uint32_t i = b.count(); i-- > 0 && found.size() < q.limit;) {
      if (!b.hidden(i) && row::matches(codec_.rows[i], q)) {
        found.push_back(row::to_record(codec_.rows[i]));
      }
    }
  }

  void recall_archived(const query& q, std::vector<record>& found) {
    std::vector<hash> seen;
    block_codec codec;  // its own, since looking for newer copies opens blocks with the other
    const auto done = archive_->newest_first(q.from_ms, q.to_ms, [&](const block& b) {
      if (!b.open(codec)) return false;
      for (std::uint32_t i = b.count(); i-- > 0 && found.size() < q.limit;) {
        const record_view& view = codec.rows[i];
        if (b.hidden(i) || !row::matches(view, q)) continue;
        const hash id = identity(view);
        if (resident(id) || std::find(seen.begin(), seen.end(), id) != seen.end()) continue;
        seen.push_back(id);
        found.push_back(row::to_record(view));
      }
      return found.size() >= q.limit;
    });
    if (!done) ++now_.archive_errors;
  }

  bool resident(const hash& id) {
    for (const slot& s : ring_) {
      if (s.id == id) return true;
    }
    std::size_t at = 0;
    std::uint32_t slot_in_block = 0;
    return find_block(id, at, slot_in_block);
  }

  memory_options options_;
  std::vector<slot> ring_;    // oldest first; short, so that taking from its front is cheap
  std::deque<block> blocks_;  // oldest first; the first one's id is first_id_
  block_index index_;         // of the records in blocks_ that are not hidden
  std::uint64_t first_id_ = 0;
  memory_stats now_;  // the counters; the rest is filled in by stats()
  std::size_t ring_bytes_ = 0, block_bytes_ = 0;
  std::unique_ptr<archive> archive_;
  journal_hook journal_;
  block_codec codec_;
  byte_writer scratch_, identity_, merged_row_;
};

}  // namespace v1
}  // namespace gyre

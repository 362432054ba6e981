// file_archive.hpp - an archive in files: torn ends are cut, damaged blocks passed over.
// Room: memory. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <gyre/core/vec.hpp>
#include <gyre/memory/archive.hpp>
#include <gyre/memory/archive_segment.hpp>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace gyre {
inline namespace v1 {

/// Blocks in `<dir>/archive-<number>`, each file a sixteenth of the bound (16 KiB .. 4 MiB, one
/// block at least). What is kept in memory is a line for each file. Damaged blocks are skipped and
/// counted; a file with such is left as it is and goes with its age as the others do.
class file_archive final : public archive {
 public:
  /// Opens the archive in `dir`, which must be there. The last file is cut off behind its last
  /// whole block: a crash tears it so. damaged() counts any other damage, and files that are
  /// missing between others. `files` and `lock` must outlive the calls; `max_bytes` bounds all
  /// files; `key` is the store's and `lock` what it holds, if anything. Errors: io, format (a file
  /// of another store or kind, or newer).
  static result<std::unique_ptr<archive>> open(file_system& files, const std::string& dir,
                                               std::uint64_t max_bytes, key128 key = {0, 0},
                                               const file_lock* lock = nullptr) {
    GYRE_TRY(where, files.absolute(dir));
    std::unique_ptr<file_archive> a(new file_archive(files, where, max_bytes, key, lock));
    (void)files.remove(where + "/archive.tmp");  // of a file that a crash kept from being made
    GYRE_TRY(names, files.list(where));
    erase_if(names, [](const std::string& name) {
      return name.size() != 16 || !name.starts_with("archive-") ||
             name.find_first_not_of("0123456789", 8) != std::string::npos;
    });
    for (const std::string& name : names) GYRE_CHECK(a->load(name, name == names.back()));
    return std::unique_ptr<archive>(std::move(a));
  }

  result<void> append(std::uint64_t id, const block& b) override {
    GYRE_CHECK(ours());
    const bool full =
        segments_.empty() || segments_.back().closed || segments_.back().bytes >= segment_bytes_;
    if (full) GYRE_CHECK(grow());
    detail::archive_segment& s = segments_.back();
    if (!current_) {
      GYRE_TRY(opened, files_->open(path(s.number), open_mode::write));
      current_ = std::move(opened);
    }
    const std::uint64_t had = s.bytes;
    GYRE_CHECK(write(*current_, s, id, b));
    records_ += b.count();
    bytes_ += s.bytes - had;
    return ok;
  }

  result<void> sync() override {
    GYRE_CHECK(sync_current());
    return files_->sync_dir(dir_);
  }

  result<void> rewind(std::uint64_t next_id) override {
    GYRE_CHECK(ours());
    current_.reset();
    for (std::size_t i = segments_.size(); i-- > 0;) {
      if (segments_[i].records == 0) continue;
      if (segments_[i].last_id < next_id) break;
      GYRE_CHECK(segments_[i].first_id >= next_id ? drop(i) : cut(segments_[i], next_id));
    }
    return ok;
  }

  /// Whole files, and of the oldest left what is old, once that is an eighth of it.
  std::uint64_t prune(std::int64_t before_ms) override {
    std::size_t old = 0;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      if (segments_[i].records == 0) continue;  // of no known age: goes with the one behind it
      const detail::age its = detail::age_of(segments_[i].newest_ms, before_ms);
      if (its == detail::age::young) break;
      if (its == detail::age::old) old = i + 1;
    }
    std::uint64_t gone = 0;
    for (; old > 0; --old) {
      const std::uint64_t n = segments_.front().records;
      if (!drop(0)) return gone;
      gone += n;
    }
    const auto trimmed = trim(before_ms);
    return gone + (trimmed ? *trimmed : 0);
  }

  std::uint64_t shrink() override {
    std::uint64_t gone = 0;
    while (!segments_.empty() && bytes_ > max_bytes_) {
      const std::uint64_t n = segments_.front().records;
      if (!drop(0)) break;
      gone += n;
    }
    return gone;
  }

  /// Keeps the blocks of one file at a time.
  result<void> newest_first(std::int64_t from_ms, std::int64_t to_ms,
                            function_ref<bool(const block&)> stop) override {
    result<void> all = ok;
    vec<block> blocks;
    for (std::size_t i = segments_.size(); i-- > 0;) {
      const detail::archive_segment& s = segments_[i];
      if (s.records == 0 || s.to_ms < from_ms || s.from_ms > to_ms) continue;
      blocks.clear();
      std::uint64_t seen = 0;
      const auto done = visit(s, [&](std::uint64_t, block& b, std::uint64_t, std::uint64_t) {
        seen += b.count();
        if (b.to_ms() >= from_ms && b.from_ms() <= to_ms) blocks.push_back(std::move(b));
      });
      if (!done) {
        all = done.error();
      } else if (seen != s.records) {
        all = fail(code::corrupt, path(s.number), " is damaged");
      }
      for (std::size_t k = blocks.size(); k-- > 0;) {
        if (stop(blocks[k])) return all;
      }
    }
    return all;
  }

  std::uint64_t records() const override { return records_; }
  std::uint64_t bytes() const override { return bytes_; }
  std::uint64_t damaged() const override { return damaged_; }
  std::uint64_t next_id() const override {
    for (std::size_t i = segments_.size(); i-- > 0;) {
      if (segments_[i].records > 0) return segments_[i].last_id + 1;
    }
    return 0;
  }

 private:
  static constexpr std::uint64_t least_segment = 16 << 10, most_segment = 4 << 20;

  file_archive(file_system& files, std::string dir, std::uint64_t max_bytes, key128 key,
               const file_lock* lock)
      : files_(&files),
        dir_(std::move(dir)),
        key_(key),
        lock_(lock),
        max_bytes_(max_bytes),
        segment_bytes_(between(max_bytes / 16, least_segment, most_segment)) {}

  std::string path(std::uint32_t number) const {
    std::string digits = std::to_string(number);
    digits.insert(0, 8 - std::min<std::size_t>(8, digits.size()), '0');
    return dir_ + "/archive-" + digits;
  }

  /// A file never holds more: it is full from segment_bytes_ on, and a block is within the bound.
  std::uint64_t most_file_bytes() const noexcept {
    return most_segment + larger<std::uint64_t>(max_bytes_, std::uint64_t{64} << 20);
  }
  /// As detail::scan_blocks.
  template <class F>
  result<detail::archive_scan> visit(const detail::archive_segment& s, F&& each) {
    GYRE_TRY(opened, files_->open(path(s.number), open_mode::read));
    GYRE_TRY(size, opened->size());
    return detail::scan_blocks(*opened, smaller(size, most_file_bytes()), s.salt, each);
  }

  result<void> load(const std::string& name, bool last) {
    detail::archive_segment s;
    for (const char c : name.substr(8)) {
      s.number = s.number * 10 + static_cast<std::uint32_t>(c - '0');
    }
    if (!segments_.empty() && s.number != next_number_) ++damaged_;  // one between is gone
    next_number_ = s.number + 1;
    GYRE_TRY(opened, files_->open(path(s.number), open_mode::read));
    GYRE_TRY(size, opened->size());
    std::array<std::byte, file_header::bytes> bytes;
    GYRE_TRY(got, read_up_to(*opened, 0, bytes));
    if (file_header::whole(std::span(bytes).first(got))) {
      GYRE_TRY(head, file_header::decode(bytes, 2, path(s.number)));
      if (head.key != key_) return fail(code::format, path(s.number), " is of another store");
      s.salt = head.salt;
      const detail::archive_segment base = s;
      GYRE_TRY(scan, visit(base, [&](std::uint64_t id, const block& b, std::uint64_t,
                                     std::uint64_t frame_bytes) { s.note(id, b, frame_bytes); }));
      GYRE_CHECK(mend(s, scan, size, last));
    } else if (last && size <= file_header::bytes) {
      return files_->remove(path(s.number));  // a crash while it was made
    } else {
      close(s, size, 1);
    }
    // Blocks that an earlier file has too: their move failed, and taking them back did not last.
    if (s.records > 0) GYRE_CHECK(rewind(s.first_id));
    records_ += s.records;
    bytes_ += s.bytes;
    segments_.push_back(s);
    return ok;
  }
  /// Cuts off what a crash tore; closes a file with damage that no crash makes.
  result<void> mend(detail::archive_segment& s, const detail::archive_scan& scan,
                    std::uint64_t size, bool last) {
    const bool torn = scan.end < size;
    if (scan.damaged > 0 || (torn && !last)) {
      close(s, size, scan.damaged + (torn ? 1 : 0));
    } else if (torn) {
      GYRE_TRY(opened, files_->open(path(s.number), open_mode::write));
      GYRE_CHECK(opened->truncate(scan.end));
    }
    return ok;
  }
  void close(detail::archive_segment& s, std::uint64_t size, std::uint64_t damaged) noexcept {
    s.closed = true;
    s.bytes = size;
    damaged_ += damaged;
  }

  /// Cuts the blocks from `next_id` on off the file of `s`.
  result<void> cut(detail::archive_segment& s, std::uint64_t next_id) {
    std::uint64_t end = file_header::bytes;
    detail::archive_segment rest = s;
    rest.clear();
    GYRE_TRY(opened, files_->open(path(s.number), open_mode::write));
    GYRE_TRY(size, opened->size());
    GYRE_CHECK(detail::scan_blocks(
        *opened, smaller(size, most_file_bytes()), s.salt,
        [&](std::uint64_t id, const block& b, std::uint64_t at, std::uint64_t frame_bytes) {
          if (id >= next_id) return;
          rest.note(id, b, frame_bytes);
          end = at + frame_bytes;
        }));
    GYRE_CHECK(opened->truncate(end));
    rest.bytes = end;
    records_ -= s.records - rest.records;
    bytes_ -= s.bytes - rest.bytes;
    s = rest;
    return ok;
  }

  /// The next file, by rename once its header is whole. The one before is synced, since sync()
  /// looks at the last one only.
  result<void> grow() {
    if (!segments_.empty() && !segments_.back().closed) GYRE_CHECK(sync_current());
    current_.reset();
    detail::archive_segment s;
    s.number = next_number_;
    std::array<std::byte, 4> noise;
    GYRE_CHECK(files_->random(noise));
    byte_reader in(noise);
    s.salt = in.u32();
    GYRE_TRY(made, begin(s));
    GYRE_CHECK(put_in_place(*made, s));
    current_ = std::move(made);
    ++next_number_;
    bytes_ += s.bytes;
    segments_.push_back(s);
    return ok;
  }
  /// A file without a name of its own yet, its header written.
  result<std::unique_ptr<file>> begin(const detail::archive_segment& s) {
    file_header head;
    head.kind = 2;
    head.key = key_;
    head.number = s.number;
    head.salt = s.salt;
    GYRE_TRY(made, files_->open(dir_ + "/archive.tmp", open_mode::fresh));
    GYRE_CHECK(write_all(*made, 0, head.encode()));
    return std::move(made);
  }
  result<void> put_in_place(file& made, const detail::archive_segment& s) {
    GYRE_CHECK(made.sync());
    GYRE_CHECK(files_->rename(dir_ + "/archive.tmp", path(s.number)));
    made.renamed(path(s.number));
    return ok;
  }
  static result<void> write(file& to, detail::archive_segment& s, std::uint64_t id,
                            const block& b) {
    byte_writer payload, out;
    payload.u64(id);
    b.save(payload);
    frame{detail::archive_frame, 0, id, payload.data()}.encode(out, s.salt);
    GYRE_CHECK(write_all(to, s.bytes, out.data()));
    s.note(id, b, out.size());
    return ok;
  }
  /// Writes the oldest file anew without its first blocks that are from before `before_ms`; how
  /// many records those had. Errors: io; the file is as it was.
  result<std::uint64_t> trim(std::int64_t before_ms) {
    if (segments_.empty() || !segments_.front().worth_trimming(before_ms)) return std::uint64_t{0};
    GYRE_CHECK(ours());
    detail::archive_segment& s = segments_.front();
    detail::archive_segment rest = s;
    rest.clear();
    GYRE_TRY(made, begin(s));
    result<void> written = ok;
    GYRE_CHECK(visit(s, [&](std::uint64_t id, const block& b, std::uint64_t, std::uint64_t) {
      const bool old = detail::age_of(b.newest_ms(), before_ms) == detail::age::old;
      if (written && (rest.records > 0 || !old)) written = write(*made, rest, id, b);
    }));
    if (!written) return std::move(written).pass();
    GYRE_CHECK(put_in_place(*made, s));
    if (segments_.size() == 1) current_.reset();  // it was the old file
    const std::uint64_t gone = s.records - rest.records;
    records_ -= gone;
    bytes_ -= s.bytes - rest.bytes;
    s = rest;
    return gone;
  }
  result<void> sync_current() {
    if (!current_) return ok;
    auto done = current_->sync();
    if (!done) segments_.back().closed = true;  // see file::sync()
    return done;
  }

  result<void> drop(std::size_t i) {
    GYRE_CHECK(ours());
    const bool last = i + 1 == segments_.size();
    if (last) current_.reset();
    auto gone = files_->remove(path(segments_[i].number));
    if (!gone && gone.code() != code::not_found) return gone;
    records_ -= segments_[i].records;
    bytes_ -= segments_[i].bytes;
    if (last) next_number_ = segments_[i].number;  // so that no number is missing
    segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(i));
    return ok;
  }
  result<void> ours() const {
    if (lock_ == nullptr) return ok;
    if (!lock_->mine()) return fail(code::forked, dir_, " belongs to the process that opened it");
    return lock_->intact();
  }

  file_system* files_;
  std::string dir_;
  key128 key_;
  const file_lock* lock_;
  std::uint64_t max_bytes_, segment_bytes_;
  vec<detail::archive_segment> segments_;  // oldest first
  std::unique_ptr<file> current_;  // of the last one, opened when first written
  std::uint64_t records_ = 0, bytes_ = 0, damaged_ = 0;
  std::uint32_t next_number_ = 1;
};

}  // namespace v1
}  // namespace gyre

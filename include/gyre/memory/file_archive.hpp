// file_archive.hpp - an archive in files: appended, read newest first, deleted by whole files.
// Room: memory. Threads: one owner at a time.
#pragma once

#include <gyre/memory/archive.hpp>
#include <gyre/store/frame.hpp>

namespace gyre {
inline namespace v1 {

/// Blocks in `<dir>/archive-<number>`, each file a sixteenth of the bound (16 KiB .. 4 MiB, one
/// block at least). What is kept in memory is a line for each file.
class file_archive final : public archive {
 public:
  /// Opens the archive in `dir`, which must be there. A file ends where it is damaged, and is cut
  /// off there: a crash tears the last one so. `files` must outlive it; `max_bytes` bounds all
  /// files. Errors: io, format (a file of another kind, or newer), corrupt (a header).
  static result<std::unique_ptr<archive>> open(file_system& files, const std::string& dir,
                                               std::uint64_t max_bytes) {
    std::unique_ptr<file_archive> a(new file_archive(files, dir, max_bytes));
    GYRE_TRY(names, files.list(dir));
    for (const std::string& name : names) {
      if (!name.starts_with("archive-") || name.size() != 16) continue;
      GYRE_CHECK(a->load(name));
    }
    return std::unique_ptr<archive>(std::move(a));
  }

  result<void> append(std::uint64_t id, const block& b) override {
    if (segments_.empty() || segments_.back().bytes >= segment_bytes_) GYRE_CHECK(grow());
    segment& s = segments_.back();
    if (!current_) {
      GYRE_TRY(opened, files_->open(path(s.number), open_mode::write));
      current_ = std::move(opened);
    }
    byte_writer payload, out;
    payload.u64(id);
    b.save(payload);
    frame{1, 0, id, payload.data()}.encode(out, s.salt);
    GYRE_CHECK(write_all(*current_, s.bytes, out.data()));
    s.note(id, b, out.size());
    records_ += b.count();
    bytes_ += out.size();
    next_id_ = id + 1;
    return ok;
  }

  result<void> sync() override {
    if (!current_) return ok;
    GYRE_CHECK(current_->sync());
    return files_->sync_dir(dir_);
  }

  result<void> rewind(std::uint64_t next_id) override {
    current_.reset();
    while (!segments_.empty() && segments_.back().first_id >= next_id) {
      GYRE_CHECK(drop(segments_.size() - 1));
    }
    if (!segments_.empty() && segments_.back().last_id >= next_id) {
      const segment old = segments_.back();
      std::vector<std::byte> bytes;
      GYRE_CHECK(read(old, bytes));
      segment cut = old;
      cut.clear();
      visit(bytes, old, [&](std::uint64_t id, const block& b, std::uint64_t size) {
        if (id < next_id) cut.note(id, b, size);
      });
      GYRE_TRY(opened, files_->open(path(old.number), open_mode::write));
      GYRE_CHECK(opened->truncate(cut.bytes));
      records_ -= old.records - cut.records;
      bytes_ -= old.bytes - cut.bytes;
      segments_.back() = cut;
    }
    next_id_ = segments_.empty() ? 0 : segments_.back().last_id + 1;
    return ok;
  }

  std::uint64_t prune(std::int64_t before_ms) override {  // by whole files only
    std::uint64_t gone = 0;
    while (!segments_.empty() && segments_.front().to_ms < before_ms) {
      const std::uint64_t n = segments_.front().records;
      if (!drop(0)) break;
      gone += n;
    }
    return gone;
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

  /// Reads one file at a time as a whole.
  result<void> newest_first(std::int64_t from_ms, std::int64_t to_ms,
                            const std::function<bool(const block&)>& stop) override {
    result<void> all = ok;
    std::vector<std::byte> bytes;
    std::vector<block> blocks;
    for (std::size_t i = segments_.size(); i-- > 0;) {
      const segment& s = segments_[i];
      if (s.records == 0 || s.to_ms < from_ms || s.from_ms > to_ms) continue;
      if (auto done = read(s, bytes); !done) {
        all = done;
        continue;
      }
      blocks.clear();
      std::uint64_t seen = 0;
      visit(bytes, s, [&](std::uint64_t, block& b, std::uint64_t) {
        seen += b.count();
        if (b.to_ms() >= from_ms && b.from_ms() <= to_ms) blocks.push_back(std::move(b));
      });
      if (seen != s.records) all = fail(code::corrupt, path(s.number), " is damaged");
      for (std::size_t k = blocks.size(); k-- > 0;) {
        if (stop(blocks[k])) return all;
      }
    }
    return all;
  }

  std::uint64_t records() const override { return records_; }
  std::uint64_t bytes() const override { return bytes_; }
  std::uint64_t next_id() const override { return next_id_; }

 private:
  struct segment {
    std::uint32_t number = 0, salt = 0;
    std::uint64_t bytes = file_header::bytes, records = 0, first_id = 0, last_id = 0;
    std::int64_t from_ms = std::numeric_limits<std::int64_t>::max();
    std::int64_t to_ms = std::numeric_limits<std::int64_t>::min();

    void clear() {
      segment empty;
      empty.number = number;
      empty.salt = salt;
      *this = empty;
    }
    void note(std::uint64_t id, const block& b, std::uint64_t size) {
      if (records == 0) first_id = id;
      last_id = id;
      bytes += size;
      records += b.count();
      from_ms = std::min(from_ms, b.from_ms());
      to_ms = std::max(to_ms, b.to_ms());
    }
  };

  file_archive(file_system& files, std::string dir, std::uint64_t max_bytes)
      : files_(&files),
        dir_(std::move(dir)),
        max_bytes_(max_bytes),
        segment_bytes_(std::clamp<std::uint64_t>(max_bytes / 16, 16 << 10, 4 << 20)) {}

  std::string path(std::uint32_t number) const {
    std::string digits = std::to_string(number);
    digits.insert(0, 8 - std::min<std::size_t>(8, digits.size()), '0');
    return dir_ + "/archive-" + digits;
  }

  /// Calls `each(id, block, frame bytes)` for the whole frames of a file's bytes; where they end.
  template <class F>
  static std::uint64_t visit(std::span<const std::byte> bytes, const segment& s, F&& each) {
    std::uint64_t at = file_header::bytes;
    frame f;
    while (frame::parse(
               bytes.subspan(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), at))),
               s.salt, f) == frame::found::whole) {
      byte_reader in(f.payload);
      const std::uint64_t id = in.u64();
      auto b = block::load(in);
      if (!b || id != f.sequence) break;
      const std::uint64_t size = f.bytes();
      each(id, *b, size);
      at += size;
    }
    return at;
  }

  result<void> read(const segment& s, std::vector<std::byte>& into) {
    GYRE_TRY(opened, files_->open(path(s.number), open_mode::read));
    GYRE_TRY(size, opened->size());
    into.resize(static_cast<std::size_t>(size));
    GYRE_TRY(got, read_up_to(*opened, 0, into));
    into.resize(got);
    return ok;
  }

  result<void> load(const std::string& name) {
    segment s;
    for (const char c : name.substr(8)) {
      if (c < '0' || c > '9') return ok;  // not ours
      s.number = s.number * 10 + static_cast<std::uint32_t>(c - '0');
    }
    std::vector<std::byte> bytes;
    GYRE_CHECK(read(s, bytes));
    if (bytes.size() < file_header::bytes) return drop_torn(s);  // a crash while it was made
    GYRE_TRY(head, file_header::decode(bytes, 2, path(s.number)));
    s.salt = head.salt;
    const segment base = s;
    const std::uint64_t end =
        visit(bytes, base,
              [&](std::uint64_t id, const block& b, std::uint64_t size) { s.note(id, b, size); });
    if (end < bytes.size()) {
      GYRE_TRY(opened, files_->open(path(s.number), open_mode::write));
      GYRE_CHECK(opened->truncate(end));
    }
    records_ += s.records;
    bytes_ += s.bytes;
    if (s.records > 0) next_id_ = s.last_id + 1;
    next_number_ = s.number + 1;
    segments_.push_back(s);
    return ok;
  }
  result<void> drop_torn(const segment& s) { return files_->remove(path(s.number)); }

  result<void> grow() {
    current_.reset();
    segment s;
    s.number = next_number_;
    std::array<std::byte, 4> noise;
    GYRE_CHECK(files_->random(noise));
    byte_reader in(noise);
    s.salt = in.u32();
    file_header head;
    head.kind = 2;
    head.number = s.number;
    head.salt = s.salt;
    GYRE_TRY(opened, files_->open(path(s.number), open_mode::fresh));
    GYRE_CHECK(write_all(*opened, 0, head.encode()));
    current_ = std::move(opened);
    ++next_number_;
    bytes_ += s.bytes;
    segments_.push_back(s);
    return ok;
  }

  result<void> drop(std::size_t i) {
    if (i + 1 == segments_.size()) current_.reset();
    GYRE_CHECK(files_->remove(path(segments_[i].number)));
    records_ -= segments_[i].records;
    bytes_ -= segments_[i].bytes;
    segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(i));
    return ok;
  }

  file_system* files_;
  std::string dir_;
  std::uint64_t max_bytes_, segment_bytes_;
  std::vector<segment> segments_;  // oldest first
  std::unique_ptr<file> current_;  // of the last one, opened when first written
  std::uint64_t records_ = 0, bytes_ = 0, next_id_ = 0;
  std::uint32_t next_number_ = 1;
};

}  // namespace v1
}  // namespace gyre

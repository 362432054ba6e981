// file.hpp - the few file operations of the store, as an interface.
// Room: store. Threads: a sync() may run beside reads and writes; all else has one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/core/result.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace gyre {
inline namespace v1 {

/// An open file. Every call can fail with io (the text has the system's reason).
class file {
 public:
  virtual ~file() = default;
  /// Reads at most `into.size()` bytes at `at`; 0 at the end.
  virtual result<std::size_t> read_some(std::uint64_t at, std::span<std::byte> into) = 0;
  /// Writes at least one byte of `from` at `at` and says how many; the file grows as needed.
  virtual result<std::size_t> write_some(std::uint64_t at, std::span<const std::byte> from) = 0;
  /// What was written before survives power loss once this has returned. After an error nothing is
  /// known about those bytes, and a second call may succeed without having written them.
  virtual result<void> sync() = 0;
  virtual result<void> truncate(std::uint64_t size) = 0;
  virtual result<std::uint64_t> size() = 0;
  /// It has another name from now on: for the texts of its errors.
  virtual void renamed(const std::string&) {}
};

/// Held until destroyed, or until the process ends in whatever way.
class file_lock {
 public:
  virtual ~file_lock() = default;
  /// False in a process that was forked from the holder: it has the object, not the lock.
  virtual bool mine() const noexcept { return true; }
  /// Errors: state, when its path leads to another file or nowhere: the directory was moved,
  /// replaced or removed, and what is there now belongs to somebody else.
  virtual result<void> intact() const { return ok; }
};

enum class open_mode : std::uint8_t {
  read,   ///< must exist
  write,  ///< read and write, must exist
  fresh,  ///< read and write, made or emptied
};

/// Where files are. Paths are what the caller gives; '/' separates.
class file_system {
 public:
  virtual ~file_system() = default;
  /// The same path, whatever the process's working directory becomes. Errors: io.
  virtual result<std::string> absolute(const std::string& path) { return path; }
  /// Errors: not_found, io.
  virtual result<std::unique_ptr<file>> open(const std::string& path, open_mode mode) = 0;
  /// Replaces `to` at once: whoever looks sees the old file or the new one.
  virtual result<void> rename(const std::string& from, const std::string& to) = 0;
  /// Errors: not_found, io.
  virtual result<void> remove(const std::string& path) = 0;
  /// One level; a directory that is there is fine.
  virtual result<void> make_dir(const std::string& path) = 0;
  /// Makes renames, new and removed names in `path` survive power loss.
  virtual result<void> sync_dir(const std::string& path) = 0;
  /// The names in `path`, sorted.
  virtual result<std::vector<std::string>> list(const std::string& path) = 0;
  /// Errors: state when another owner holds it, here or in another process, naming that process.
  virtual result<std::unique_ptr<file_lock>> lock(const std::string& path) = 0;
  /// Bytes that nobody can guess, for keys.
  virtual result<void> random(std::span<std::byte> into) = 0;
};

/// Reads until `into` is full or the file ends; says how many bytes that was.
inline result<std::size_t> read_up_to(file& from, std::uint64_t at, std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    GYRE_TRY(n, from.read_some(at + done, into.subspan(done)));
    if (n == 0) break;
    done += n;
  }
  return done;
}

/// Writes all of `bytes`; after an error any part of them may have been written.
inline result<void> write_all(file& to, std::uint64_t at, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    GYRE_TRY(n, to.write_some(at, bytes));
    if (n == 0 || n > bytes.size()) return fail(code::io, "a write took no byte");
    at += n;
    bytes = bytes.subspan(n);
  }
  return ok;
}

/// A window over a file that grows to what is asked and reads ahead 64 KiB.
class file_window {
 public:
  /// `size`: as far as the file is to be read.
  file_window(file& from, std::uint64_t size) : file_(&from), file_size_(size) {}
  std::uint64_t file_size() const noexcept { return file_size_; }

  /// `n` bytes at `at`, or as many as the file has there; valid until the next call.
  result<std::span<const std::byte>> view(std::uint64_t at, std::size_t n) {
    if (at < from_ || at + n > from_ + size_) {
      if (bytes_.size() < n || bytes_.size() < ahead) bytes_.resize(n < ahead ? ahead : n);
      size_ = 0;
      from_ = at;
      GYRE_TRY(got, read_up_to(*file_, at, bytes_));
      size_ = got;
    }
    const auto skip = static_cast<std::size_t>(at - from_);
    const std::size_t have = size_ - skip;
    return std::span<const std::byte>(bytes_.data() + skip, n < have ? n : have);
  }

 private:
  static constexpr std::size_t ahead = 64 << 10;
  file* file_;
  std::uint64_t file_size_;
  std::vector<std::byte> bytes_;
  std::uint64_t from_ = 0;
  std::size_t size_ = 0;
};

}  // namespace v1
}  // namespace gyre

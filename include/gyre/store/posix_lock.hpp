// posix_lock.hpp - the lock of a directory's one writer, where there is POSIX; nothing elsewhere.
// Room: store. Threads: intact() and mine() any; all else one owner.
#pragma once

#include <gyre/store/file.hpp>

#if (defined(__unix__) || defined(__APPLE__)) && !defined(__EMSCRIPTEN__)
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

namespace gyre {
inline namespace v1 {
namespace detail {

/// What the system said of a call that failed.
[[gnu::cold]] inline error system_error(const char* verb, const std::string& path) {
  const int reason = errno;
  return fail(reason == ENOENT ? code::not_found : code::io, verb, " ", path, ": ",
              std::strerror(reason));
}
template <class F>
int until_not_interrupted(F call) {
  int got = call();
  while (got < 0 && errno == EINTR) got = call();
  return got;
}

/// An open file's number, closed with it.
class descriptor {
 public:
  descriptor() noexcept = default;
  explicit descriptor(int fd) noexcept : fd_(fd) {}
  descriptor(descriptor&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  descriptor& operator=(descriptor&& o) noexcept {
    std::swap(fd_, o.fd_);
    return *this;
  }
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// flock() on `path`: bound to this open file, so that a second lock in the same process fails too.
/// A process forked from the holder has the open file as well, and keeps it when the holder is
/// killed. So the holder also has an fcntl() lock on `path`.owner, which no fork inherits: when the
/// process whose number is in `path` is gone, whoever gets that one replaces `path` by a new file.
class posix_lock final : public file_lock {
 public:
  /// Errors: state, naming the process that holds it; io.
  static result<std::unique_ptr<file_lock>> take(const std::string& path) {
    std::unique_ptr<posix_lock> made(new posix_lock(path));
    for (int round = 0; round < 8; ++round) {  // each time after another has replaced the file
      descriptor fd(open(path));
      if (!fd) return system_error("open", path);
      if (until_not_interrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
        if (errno != EWOULDBLOCK) return system_error("lock", path);
        const long holder = number_in(fd.get());
        const bool gone = holder > 0 && holder != ::getpid() && ::kill(pid_t(holder), 0) != 0 &&
                          errno == ESRCH;
        if (!gone || made->own() != owning::mine) return held_by(path, holder);
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("remove", path);
        continue;
      }
      made->fd_ = std::move(fd);
      if (!made->same_file()) continue;
      if (made->own() == owning::anothers) return held_by(path, 0);
      const std::string pid = std::to_string(::getpid()) + "\n";
      if (::ftruncate(made->fd_.get(), 0) != 0 ||
          ::pwrite(made->fd_.get(), pid.data(), pid.size(), 0) != ssize_t(pid.size())) {
        return system_error("write", path);
      }
      return std::unique_ptr<file_lock>(std::move(made));
    }
    return held_by(path, 0);
  }
  ~posix_lock() override {
    if (fd_ && mine()) (void)::flock(fd_.get(), LOCK_UN);  // a forked child may have it open
  }

  bool mine() const noexcept override { return holder_ == ::getpid(); }
  result<void> intact() const override {
    if (same_file()) return ok;
    return fail(code::state, path_, " is no longer the file that this process holds: its directory",
                " was moved, replaced or removed");
  }

 private:
  enum class owning { mine, anothers, unknown };  // unknown: the file system has no such locks

  explicit posix_lock(const std::string& path) : path_(path) {}

  static int open(const std::string& path) noexcept {
    return until_not_interrupted(
        [&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644); });
  }
  owning own() {
    if (owner_) return owning::mine;
    descriptor fd(open(path_ + ".owner"));
    if (!fd) return owning::unknown;
    struct flock all {};
    all.l_type = F_WRLCK;
    all.l_whence = SEEK_SET;
    if (until_not_interrupted([&] { return ::fcntl(fd.get(), F_SETLK, &all); }) != 0) {
      return errno == EACCES || errno == EAGAIN ? owning::anothers : owning::unknown;
    }
    owner_ = std::move(fd);
    return owning::mine;
  }
  /// Whether the path still leads to the file that is held.
  bool same_file() const noexcept {
    struct stat held {}, there {};
    return ::fstat(fd_.get(), &held) == 0 && ::stat(path_.c_str(), &there) == 0 &&
           held.st_nlink > 0 && held.st_dev == there.st_dev && held.st_ino == there.st_ino;
  }
  static long number_in(int fd) noexcept {
    char text[24] = {};
    const auto n = ::pread(fd, text, sizeof text - 1, 0);
    return n > 0 ? std::strtol(text, nullptr, 10) : 0;
  }
  static error held_by(const std::string& path, long holder) {
    if (holder <= 0) return fail(code::state, path, " is held by another process");
    return fail(code::state, path, " is held by process ", holder,
                holder == long(::getpid()) ? " (this one)" : "");
  }

  std::string path_;
  descriptor fd_, owner_;
  pid_t holder_ = ::getpid();
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
#endif

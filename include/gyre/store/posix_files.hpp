// posix_files.hpp - the operating system's files where it has POSIX; nothing elsewhere.
// Room: store. Threads: stateless; files and locks as file.hpp says.
#pragma once

#include <gyre/store/posix_lock.hpp>

#if (defined(__unix__) || defined(__APPLE__)) && !defined(__EMSCRIPTEN__)
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

class posix_files final : public file_system {
 public:
  result<std::unique_ptr<file>> open(const std::string& path, open_mode mode) override {
    int flags = O_CLOEXEC | (mode == open_mode::read ? O_RDONLY : O_RDWR);
    if (mode == open_mode::fresh) flags |= O_CREAT | O_TRUNC;
    const int fd = retry([&] { return ::open(path.c_str(), flags, 0644); });
    if (fd < 0) return why("open", path);
    return std::unique_ptr<file>(new posix_file(fd, path));
  }
  result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return why("rename", from);
    return ok;
  }
  result<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return why("remove", path);
    return ok;
  }
  result<void> make_dir(const std::string& path) override {
    if (::mkdir(path.c_str(), 0755) == 0) return ok;
    if (errno != EEXIST) return why("make directory", path);
    struct stat found {};
    if (::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) return ok;
    return fail(code::io, path, " is there and no directory");
  }
  result<void> sync_dir(const std::string& path) override {
    const int fd = retry([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (fd < 0) return why("open", path);
    posix_file dir(fd, path);
    if (::fsync(fd) != 0) return why("sync directory", path);
    return ok;
  }
  result<std::vector<std::string>> list(const std::string& path) override {
    DIR* dir = ::opendir(path.c_str());
    if (dir == nullptr) return why("list", path);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(dir)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    ::closedir(dir);
    std::sort(names.begin(), names.end());
    return names;
  }
  result<std::unique_ptr<file_lock>> lock(const std::string& path) override {
    return detail::posix_lock::take(path);
  }
  result<std::string> absolute(const std::string& path) override {
    if (!path.empty() && path[0] == '/') return path;
    char here[PATH_MAX];
    if (::getcwd(here, sizeof here) == nullptr) return why("find the working directory for", path);
    return std::string(here) + "/" + path;
  }
  result<void> random(std::span<std::byte> into) override {
    GYRE_TRY(source, open("/dev/urandom", open_mode::read));
    GYRE_TRY(n, read_up_to(*source, 0, into));
    if (n != into.size()) return fail(code::io, "/dev/urandom ended");
    return ok;
  }

 private:
  template <class F>
  static int retry(F call) {
    return detail::until_not_interrupted(call);
  }
  static error why(const char* verb, const std::string& path) {
    return detail::system_error(verb, path);
  }

  class posix_file : public file {
   public:
    posix_file(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
    posix_file(const posix_file&) = delete;
    posix_file& operator=(const posix_file&) = delete;
    ~posix_file() override { ::close(fd_); }

    result<std::size_t> read_some(std::uint64_t at, std::span<std::byte> into) override {
      for (;;) {
        const auto n = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(at));
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno == ESPIPE) {  // a device: no places in it
          const auto m = ::read(fd_, into.data(), into.size());
          if (m >= 0) return static_cast<std::size_t>(m);
        }
        if (errno != EINTR) return why("read", path_);
      }
    }
    result<std::size_t> write_some(std::uint64_t at, std::span<const std::byte> from) override {
      for (;;) {
        const auto n = ::pwrite(fd_, from.data(), from.size(), static_cast<off_t>(at));
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno != EINTR) return why("write", path_);
      }
    }
    result<void> sync() override {  // not retried, whatever the reason: see file.hpp
#if defined(__APPLE__)
      const int got = ::fcntl(fd_, F_FULLFSYNC);
#elif defined(__linux__)
      const int got = ::fdatasync(fd_);
#else
      const int got = ::fsync(fd_);
#endif
      if (got != 0) return why("sync", path_);
      return ok;
    }
    result<void> truncate(std::uint64_t size) override {
      if (retry([&] { return ::ftruncate(fd_, static_cast<off_t>(size)); }) != 0) {
        return why("truncate", path_);
      }
      return ok;
    }
    result<std::uint64_t> size() override {
      struct stat found {};
      if (::fstat(fd_, &found) != 0) return why("look at", path_);
      return static_cast<std::uint64_t>(found.st_size);
    }
    void renamed(const std::string& to) override { path_ = to; }

   private:
    int fd_;
    std::string path_;
  };
};

}  // namespace v1
}  // namespace gyre
#endif

namespace gyre {
inline namespace v1 {

#if (defined(__unix__) || defined(__APPLE__)) && !defined(__EMSCRIPTEN__)
inline constexpr bool has_system_files = true;
/// The system's files. Errors: unsupported where there are none (WebAssembly): give a memory_files.
inline result<std::unique_ptr<file_system>> system_files() {
  return std::unique_ptr<file_system>(new posix_files);
}
#else
inline constexpr bool has_system_files = false;
inline result<std::unique_ptr<file_system>> system_files() {
  return fail(code::unsupported, "this build has no file system of its own");
}
#endif

}  // namespace v1
}  // namespace gyre

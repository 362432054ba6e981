// cgroup.hpp - the control groups of this process, their quotas, and small files of the system.
// Room: run. Threads: one owner at a time. Reads files: never from a tick.
#pragma once
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <gyre/core/config.hpp>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__unix__) && GYRE_THREADS
#include <fcntl.h>
#include <unistd.h>
#endif

namespace gyre {
inline namespace v1 {

/// Reads the small text files by which Linux tells its figures. Where there are no files (a
/// WebAssembly module without threads) each of them is missing.
class text_files {
 public:
  /// @param root put before every path, for tests: "" is the real system
  explicit text_files(std::string root = {}) : root_(std::move(root)) {}

  /// The first 8 KiB of `dir`/`name`, empty when it cannot be read; valid until the next read.
  std::string_view read(std::string_view dir, std::string_view name) {
#if defined(__unix__) && GYRE_THREADS
    path_.assign(root_).append(dir).append(1, '/').append(name);
    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return {};
    std::size_t length = 0;
    while (length < sizeof text_) {
      const auto got = ::read(file, text_ + length, sizeof text_ - length);
      if (got <= 0) break;
      length += static_cast<std::size_t>(got);
    }
    ::close(file);
    return {text_, length};
#else
    (void)dir;
    (void)name;
    (void)text_;
    return {};
#endif
  }

  /// The whole number at the start of `text`, blanks before it skipped; NaN when there is none, as
  /// in "max", or when it is beyond 64 bits.
  static double number(std::string_view text) {
    text = skip_blanks(text);
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    return parsed.ec == std::errc() ? static_cast<double>(value) : unknown;
  }
  /// The number that follows `key` at the start of a line, else NaN.
  static double field(std::string_view text, std::string_view key) {
    while (!text.empty()) {
      if (text.starts_with(key)) return number(text.substr(key.size()));
      const std::size_t end = text.find('\n');
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
    }
    return unknown;
  }
  static std::string_view skip_blanks(std::string_view text) {
    while (!text.empty() && (text[0] == ' ' || text[0] == '\t')) text.remove_prefix(1);
    return text;
  }

 private:
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  std::string root_;
  std::string path_;  // kept, so that a read allocates nothing once warm
  char text_[8192];   // enough for the start of every file read here
};

namespace detail {
/// `top` + `path` and the directories above it up to `top`; `top` alone where `path` has no `file`.
inline std::vector<std::string> groups_up(text_files& files, std::string_view top,
                                          const std::string& path, std::string_view file) {
  constexpr std::size_t most = 16;
  std::string dir = std::string(top) + path;  // "/.." leads out of what this namespace shows
  const bool seen = path.find("/..") == path.npos && !files.read(dir, file).empty();
  if (!seen) dir = top;
  std::vector<std::string> all;
  while (dir.size() > top.size() && all.size() < most) {
    if (dir.back() != '/') all.push_back(dir);
    dir.resize(dir.rfind('/'));
  }
  if (all.size() < most) all.emplace_back(top);
  return all;
}
}  // namespace detail

/// The directories of the control groups (version 2) that bind this process: its own first, then
/// those above it up to the top of what it can see; at most 16, the lower ones. A limit of any of
/// them holds. In a container that cannot see its own path that is the top alone. Never empty; that
/// a directory is named does not mean that it exists.
inline std::vector<std::string> control_groups(text_files& files) {
  constexpr std::string_view top = "/sys/fs/cgroup";
  std::string_view text = files.read("/proc/self", "cgroup");
  std::string path;
  while (!text.empty()) {  // the line of version 2 is 0::/path
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with("0::/")) path = line.substr(3);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return detail::groups_up(files, top, path, "cpu.stat");
}

/// The same of version 1, for one of its controllers. None where the system has version 2 alone.
/// @param file that each such group has
inline std::vector<std::string> control_groups_v1(text_files& files,
                                                  std::string_view controller = "cpu",
                                                  std::string_view file = "cpu.cfs_quota_us") {
  const std::string wanted = "," + std::string(controller) + ",";
  std::string_view text = files.read("/proc/self", "cgroup");
  while (!text.empty()) {  // a line of version 1 is ID:CONTROLLER[,CONTROLLER...]:/path
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(":/", std::min(first, line.size()) + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string names = "," + std::string(line.substr(first + 1, second - first - 1)) + ",";
    if (names.find(wanted) == names.npos) continue;
    const std::string path(line.substr(second + 1));
    return detail::groups_up(files, "/sys/fs/cgroup/" + std::string(controller), path, file);
  }
  return {};
}

/// How many CPUs' time a control group may use, by the text of its cpu.max: "<quota> <period>" in
/// us; NaN when that says "max" or nothing.
inline double quota_cores(std::string_view cpu_max) {
  const std::string_view period = cpu_max.substr(std::min(cpu_max.find(' '), cpu_max.size()));
  return text_files::number(cpu_max) / text_files::number(period);
}

/// The same by the texts of version 1's cpu.cfs_quota_us (-1: none) and cpu.cfs_period_us.
inline double quota_cores_v1(std::string_view quota, std::string_view period) {
  return text_files::number(quota) / text_files::number(period);
}

}  // namespace v1
}  // namespace gyre

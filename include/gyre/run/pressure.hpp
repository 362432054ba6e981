// pressure.hpp - how busy the machine and this process are: cgroup v2, PSI, /proc, or nothing.
// Room: run. Threads: one owner at a time. Reads files: never from a tick.
#pragma once
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <gyre/core/config.hpp>
#include <gyre/core/time.hpp>
#include <gyre/run/gate.hpp>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#if defined(__unix__) && GYRE_THREADS
#include <fcntl.h>
#include <unistd.h>
#endif

namespace gyre {
inline namespace v1 {

/// What this process itself uses.
struct process_usage {
  /// Of one core, over the last sampled interval; NaN before the second sample and without a clock.
  double cpu_percent = std::numeric_limits<double>::quiet_NaN();
  std::uint64_t resident_bytes = 0;  ///< 0 where the system does not say
};

struct pressure_options {
  std::string root;  ///< put before every path, for tests: "" is the real system
  duration every = std::chrono::milliseconds(250);  ///< files are read at most this often
  duration (*process_cpu)() = nullptr;              ///< null: process_cpu_now, where there is one
};

/// Samples what gates look at. CPU: this control group's use of its quota where it has one, else
/// the busy share of the machine, else this process's share of one core. Memory: the control
/// group's working set of its limit (memory.current less what can be dropped at once, of the
/// lower of memory.max and memory.high), else what the machine has not available. CPU figures
/// need two samples and are NaN before. A figure that no file gives is NaN.
class pressure_probe {
 public:
  explicit pressure_probe(pressure_options options = {}) : options_(std::move(options)) {
#if GYRE_THREADS
    if (options_.process_cpu == nullptr) options_.process_cpu = &process_clock;
#endif
    find_group();
  }

  /// The reading at `now`, on a real clock; within `every` of the last one that same reading.
  reading sample(instant now) {
    if (sampled_ && now - at_ < options_.every) return last_;
    const duration elapsed = sampled_ ? now - at_ : duration::zero();
    at_ = now;
    sample_process(elapsed);
    sample_cpu(elapsed);
    sample_memory();
    last_.cpu_stall_percent = stall("cpu");
    last_.memory_stall_percent = stall("memory");
    sampled_ = true;
    ++samples_;
    return last_;
  }

  const process_usage& process() const noexcept { return process_; }  ///< as of the last sample
  std::uint64_t samples() const noexcept { return samples_; }         ///< how often files were read

 private:
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  static constexpr std::size_t text_max = 8192;  // enough for the start of every file read here

  static duration process_clock() { return process_cpu_now(); }

  /// The start of a file, empty when there is none; valid until the next read.
  std::string_view read(const std::string& path) {
#if defined(__unix__) && GYRE_THREADS
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    std::size_t length = 0;
    while (length < text_max) {
      const auto got = ::read(file, text_ + length, text_max - length);
      if (got <= 0) break;
      length += static_cast<std::size_t>(got);
    }
    ::close(file);
    return {text_, length};
#else
    (void)path;
    (void)text_;
    return {};
#endif
  }

  static std::string_view skip_space(std::string_view text) {
    while (!text.empty() && (text[0] == ' ' || text[0] == '\t')) text.remove_prefix(1);
    return text;
  }
  /// A whole number at the start of `text`, NaN when there is none ("max").
  static double number(std::string_view text) {
    text = skip_space(text);
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    return parsed.ec == std::errc() ? static_cast<double>(value) : unknown;
  }
  /// The number that follows `key` at the start of a line.
  static double field(std::string_view text, std::string_view key) {
    while (!text.empty()) {
      if (text.starts_with(key)) return number(text.substr(key.size()));
      const std::size_t end = text.find('\n');
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
    }
    return unknown;
  }
  static double percent(double part, double whole) {
    return whole > 0.0 ? std::clamp(100.0 * part / whole, 0.0, 100.0) : unknown;
  }

  void find_group() {
    const std::string base = options_.root + "/sys/fs/cgroup";
    std::string_view text = read(options_.root + "/proc/self/cgroup");
    std::string path;
    while (!text.empty()) {  // the version 2 line is 0::/path
      const std::string_view line = text.substr(0, text.find('\n'));
      if (line.starts_with("0::/")) path = std::string(line.substr(3));
      text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    if (path == "/") path.clear();
    group_ = base + path;
    if (!path.empty() && read(group_ + "/cpu.stat").empty())
      group_ = base;  // seen from a container
    files_ = {group_ + "/cpu.stat",
              group_ + "/cpu.max",
              group_ + "/memory.current",
              group_ + "/memory.max",
              group_ + "/memory.high",
              group_ + "/memory.stat",
              options_.root + "/proc/stat",
              options_.root + "/proc/meminfo",
              options_.root + "/proc/self/status"};
  }

  void sample_process(duration elapsed) {
    const bool clock = options_.process_cpu != nullptr;
    const duration used = clock ? options_.process_cpu() : duration::zero();
    if (clock && elapsed.count() > 0) {
      process_.cpu_percent = 100.0 * static_cast<double>((used - process_cpu_).count()) /
                             static_cast<double>(elapsed.count());
    }
    process_cpu_ = used;
    const double resident_kib = field(read(files_.status), "VmRSS:");
    process_.resident_bytes =
        resident_kib >= 0.0 ? static_cast<std::uint64_t>(resident_kib) * 1024 : 0;
  }

  void sample_cpu(duration elapsed) {
    const double group_us = field(read(files_.cpu_stat), "usage_usec");
    const double cpus = quota_cpus();
    const machine_time machine = machine_cpu();
    const double elapsed_us = static_cast<double>(elapsed.count()) / 1e3;
    double cpu = unknown;
    if (cpus > 0.0 && group_us >= group_us_) {
      cpu = percent(group_us - group_us_, elapsed_us * cpus);
    } else if (!(cpus > 0.0) && machine.all > machine_.all) {
      cpu = percent(machine.busy - machine_.busy, machine.all - machine_.all);
    } else if (!(machine.all >= 0.0) && elapsed.count() > 0) {
      cpu = process_.cpu_percent;
    }
    group_us_ = group_us;
    machine_ = machine;
    last_.cpu_percent = sampled_ ? cpu : unknown;
  }

  /// cpu.max is "<quota> <period>" in us, or "max <period>": how many CPUs may be used, NaN: no
  /// quota.
  double quota_cpus() {
    const std::string_view text = read(files_.cpu_max);
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return unknown;
    return number(text) / number(text.substr(space));
  }

  struct machine_time {
    double busy = unknown;
    double all = unknown;
  };
  machine_time machine_cpu() {  // cpu user nice system idle iowait irq softirq steal guest ...
    std::string_view text = read(files_.stat);
    if (!text.starts_with("cpu ")) return {};
    text = text.substr(4, text.find('\n') - 4);
    double all = 0.0;
    double idle = 0.0;
    for (int i = 0; i < 8; ++i) {  // guest time is already inside user time
      text = skip_space(text);
      const double ticks = number(text);
      if (!(ticks >= 0.0)) break;
      all += ticks;
      if (i == 3 || i == 4) idle += ticks;
      text.remove_prefix(std::min(text.find(' '), text.size()));
    }
    return {all - idle, all};
  }

  void sample_memory() {
    const double current = number(read(files_.memory_current));
    const double most = number(read(files_.memory_max));
    const double high = number(read(files_.memory_high));
    const double limit = high > 0.0 && !(most <= high) ? high : most;
    if (current >= 0.0 && limit > 0.0) {
      const double dropable = field(read(files_.memory_stat), "inactive_file");
      last_.memory_percent = percent(current - (dropable >= 0.0 ? dropable : 0.0), limit);
      return;
    }
    const std::string_view text = read(files_.meminfo);
    const double total = field(text, "MemTotal:");
    last_.memory_percent = percent(total - field(text, "MemAvailable:"), total);
  }

  /// PSI "some avg10" of the control group, else of the machine.
  double stall(std::string_view what) {
    std::string path = group_ + "/";
    path.append(what).append(".pressure");
    std::string_view text = read(path);
    if (text.empty()) text = read(options_.root + "/proc/pressure/" + std::string(what));
    const std::string_view key = "some avg10=";
    if (!text.starts_with(key)) return unknown;
    text.remove_prefix(key.size());
    const double whole = number(text);
    const std::size_t dot = text.find('.');
    return dot == std::string_view::npos ? whole : whole + number(text.substr(dot + 1)) / 100.0;
  }

  struct file_names {
    std::string cpu_stat, cpu_max, memory_current, memory_max, memory_high, memory_stat;
    std::string stat, meminfo, status;
  };
  pressure_options options_;
  std::string group_;
  file_names files_;
  instant at_{0};
  bool sampled_ = false;
  std::uint64_t samples_ = 0;
  reading last_;
  process_usage process_;
  duration process_cpu_{0};
  double group_us_ = unknown;
  machine_time machine_;
  char text_[text_max] = {};
};

}  // namespace v1
}  // namespace gyre

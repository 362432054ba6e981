// pressure.hpp - how busy the machine and this process are: cgroups, PSI, /proc, or nothing.
// Room: run. Threads: one owner at a time. Reads files: never from a tick.
#pragma once
#include <algorithm>
#include <cstdint>
#include <gyre/core/time.hpp>
#include <gyre/core/vec.hpp>
#include <gyre/run/cgroup.hpp>
#include <gyre/run/cores.hpp>
#include <gyre/run/gate.hpp>
#include <limits>
#include <string>
#include <string_view>

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
  std::uint32_t cores = 0;  ///< how many this process may use; 0: cores_by_affinity()
};

/// Samples what gates look at.
///
/// CPU: the control groups' use of their quotas where a quota is below the CPUs that this process
/// may use, else the busy share of the machine, else this process's share of those CPUs. Memory:
/// the control groups' working sets (memory.current less inactive_file, which can be dropped at
/// once) of their limits (the lower of memory.max and memory.high) where a limit is below the
/// machine's memory, else what the machine has not available. Of this process's control group and
/// those above it the fullest counts, since it is the one that will throttle or kill. Stalls: PSI
/// "some avg10" of the process's own control group, else of the machine.
///
/// All are 0..100. CPU figures need two samples and are NaN before; a figure that no file gives is
/// NaN. Of control groups of version 1 the quotas of CPU time (cpu.cfs_quota_us, cpuacct.usage) and
/// the limits of memory (memory.limit_in_bytes, usage_in_bytes, total_inactive_file) count too.
/// Control groups are found once, when the probe is made.
class pressure_probe {
 public:
  explicit pressure_probe(const pressure_options& options = {})
      : options_(options), files_(options.root) {
    if (!GYRE_THREADS) return;
    if (options_.process_cpu == nullptr) options_.process_cpu = &process_clock;
    if (options_.cores == 0) options_.cores = cores_by_affinity();
    for (const std::string& dir : control_groups(files_)) groups_.push_back({dir});
    for (const std::string& dir : control_groups_v1(files_)) {
      groups_.push_back({dir, kind::cpu_v1});
    }
    for (const std::string& dir : control_groups_v1(files_, "memory", "memory.limit_in_bytes")) {
      groups_.push_back({dir, kind::memory_v1});
    }
  }

  /// The reading at `now`, on a real clock; within `every` of the last one that same reading. Where
  /// the module has no threads it has no files either: nothing is known.
  reading sample(instant now) {
    if (!GYRE_THREADS) return last_;
    if (sampled_ && now - at_ < options_.every) return last_;
    const duration elapsed = sampled_ ? now - at_ : duration::zero();
    at_ = now;
    sample_process(elapsed);
    sample_cpu(elapsed);
    sample_memory();
    last_.cpu_stall_percent = stall("cpu.pressure", "cpu");
    last_.memory_stall_percent = stall("memory.pressure", "memory");
    sampled_ = true;
    ++samples_;
    return last_;
  }

  const process_usage& process() const noexcept { return process_; }  ///< as of the last sample
  std::uint64_t samples() const noexcept { return samples_; }         ///< how often files were read

 private:
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  enum class kind : std::uint8_t { v2, cpu_v1, memory_v1 };
  struct group {
    std::string dir;
    kind of = kind::v2;
    double used_us = unknown;  // CPU time at the last sample, where there is a quota
  };
  struct machine_time {
    double busy = unknown;
    double all = unknown;
  };

  static duration process_clock() { return process_cpu_now(); }

  static double number(std::string_view text) { return text_files::number(text); }
  static double percent(double part, double whole) {
    return whole > 0.0 ? std::clamp(100.0 * part / whole, 0.0, 100.0) : unknown;
  }
  /// The larger of those that are known.
  static double worse(double a, double b) { return a >= b || !(b >= 0.0) ? a : b; }
  static double lower(double a, double b) { return a <= b || !(b >= 0.0) ? a : b; }

  void sample_process(duration elapsed) {
    const bool clock = options_.process_cpu != nullptr;
    const duration used = clock ? options_.process_cpu() : duration::zero();
    if (clock && elapsed.count() > 0) {
      process_.cpu_percent = 100.0 * static_cast<double>((used - process_cpu_).count()) /
                             static_cast<double>(elapsed.count());
    }
    process_cpu_ = used;
    const double kib = text_files::field(files_.read("/proc/self", "status"), "VmRSS:");
    process_.resident_bytes =
        kib >= 0.0 ? static_cast<std::uint64_t>(kib) * 1024 : resident_pages();
  }
  /// The same from statm, for a process of so many groups that status is longer than is read.
  std::uint64_t resident_pages() {
#if defined(__unix__) && GYRE_THREADS
    const std::string_view text = files_.read("/proc/self", "statm");  // size resident ...
    const double pages = number(text.substr(std::min(text.find(' '), text.size())));
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    if (pages >= 0.0) return static_cast<std::uint64_t>(pages) * page;
#endif
    return 0;
  }

  double quota_of(const group& g) {
    if (g.of == kind::v2) return quota_cores(files_.read(g.dir, "cpu.max"));
    if (g.of == kind::memory_v1) return unknown;
    const double quota = number(files_.read(g.dir, "cpu.cfs_quota_us"));  // -1: none
    return quota / number(files_.read(g.dir, "cpu.cfs_period_us"));
  }
  /// In us. Version 1 counts it in a controller that is mostly, not always, mounted with cpu.
  double cpu_time_of(const group& g) {
    if (g.of == kind::v2) return text_files::field(files_.read(g.dir, "cpu.stat"), "usage_usec");
    constexpr std::string_view cpu = "/sys/fs/cgroup/cpu";
    std::string_view text = files_.read(g.dir, "cpuacct.usage");
    if (text.empty()) {
      text = files_.read(std::string(cpu) + "acct" + g.dir.substr(cpu.size()), "cpuacct.usage");
    }
    return number(text) / 1e3;
  }
  /// In bytes; NaN: none.
  double memory_limit_of(const group& g) {
    if (g.of == kind::v2) {
      const double most = number(files_.read(g.dir, "memory.max"));
      return lower(number(files_.read(g.dir, "memory.high")), most);
    }
    const double most = number(files_.read(g.dir, "memory.limit_in_bytes"));
    return g.of == kind::memory_v1 && most < 0x1p60 ? most : unknown;  // else 2^63 in whole pages
  }
  void sample_cpu(duration elapsed) {
    const double elapsed_us = static_cast<double>(elapsed.count()) / 1e3;
    double cpu = unknown;
    bool limited = false;
    for (group& g : groups_) {
      const double quota = quota_of(g);
      const bool counts = quota > 0.0 && quota < options_.cores;
      const double before = g.used_us;
      g.used_us = counts ? cpu_time_of(g) : unknown;
      limited = limited || counts;
      if (g.used_us >= before) cpu = worse(cpu, percent(g.used_us - before, elapsed_us * quota));
    }
    const machine_time before = machine_;
    machine_ = machine_cpu();
    if (!limited && machine_.all > before.all) {
      cpu = percent(machine_.busy - before.busy, machine_.all - before.all);
    } else if (!limited && !(machine_.all >= 0.0)) {
      cpu = percent(process_.cpu_percent, 100.0 * options_.cores);
    }
    last_.cpu_percent = cpu;
  }
  machine_time machine_cpu() {  // cpu user nice system idle iowait irq softirq steal guest ...
    std::string_view text = files_.read("/proc", "stat");
    if (!text.starts_with("cpu ")) return {};
    text = text.substr(4, text.find('\n') - 4);
    double all = 0.0;
    double idle = 0.0;
    for (int i = 0; i < 8; ++i) {  // guest time is already inside user time
      text = text_files::skip_blanks(text);
      const double ticks = number(text);
      if (!(ticks >= 0.0)) break;
      all += ticks;
      if (i == 3 || i == 4) idle += ticks;
      text.remove_prefix(std::min(text.find(' '), text.size()));
    }
    return {all - idle, all};
  }

  void sample_memory() {
    const std::string_view text = files_.read("/proc", "meminfo");
    const double total = text_files::field(text, "MemTotal:");
    const double free = text_files::field(text, "MemAvailable:");
    double used = unknown;
    for (const group& g : groups_) {
      const double limit = memory_limit_of(g);
      if (!(limit > 0.0) || limit >= total * 1024.0) continue;
      const bool old = g.of == kind::memory_v1;
      const double now =
          number(files_.read(g.dir, old ? "memory.usage_in_bytes" : "memory.current"));
      const double file = text_files::field(files_.read(g.dir, "memory.stat"),
                                            old ? "total_inactive_file" : "inactive_file");
      used = worse(used, percent(now - (file >= 0.0 ? file : 0.0), limit));
    }
    last_.memory_percent = used >= 0.0 ? used : percent(total - free, total);
  }

  /// PSI "some avg10" of the control group, else of the machine.
  double stall(std::string_view of_group, std::string_view of_machine) {
    std::string_view text = files_.read(groups_.front().dir, of_group);
    if (text.empty()) text = files_.read("/proc/pressure", of_machine);
    constexpr std::string_view key = "some avg10=";  // two digits after the point
    if (!text.starts_with(key)) return unknown;
    text.remove_prefix(key.size());
    text = text.substr(0, text.find(' '));
    const double whole = number(text);
    text.remove_prefix(std::min(text.find('.'), text.size()));
    return percent(text.size() == 3 ? whole + number(text.substr(1)) / 100.0 : whole, 100.0);
  }

  pressure_options options_;
  text_files files_;
  vec<group> groups_;  // own first; not empty where there are files
  instant at_{0};
  bool sampled_ = false;
  std::uint64_t samples_ = 0;
  reading last_;
  process_usage process_;
  duration process_cpu_{0};
  machine_time machine_;
};

}  // namespace v1
}  // namespace gyre

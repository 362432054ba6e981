// cores.hpp - how many threads of this process may run at once.
// Room: run. Threads: any; each call reads files and asks the system anew.
#pragma once
#include <cmath>
#include <cstdint>
#include <gyre/core/config.hpp>
#include <gyre/run/cgroup.hpp>
#include <string>
#include <utility>

#if GYRE_THREADS
#if defined(__linux__)
#include <sched.h>
#elif defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#else
#include <thread>
#endif
#endif

namespace gyre {
inline namespace v1 {

/// The CPUs that the calling thread may be put on, at least 1: its affinity mask on Linux (cpuset
/// limits are part of that), all that are online elsewhere, 1 where there are no threads.
inline std::uint32_t cores_by_affinity() noexcept {
#if !GYRE_THREADS
  return 1;
#elif defined(__linux__)
  cpu_set_t masks[16];  // 16,384 CPUs; the kernel refuses a mask that is shorter than its own
  const int got = sched_getaffinity(0, sizeof masks, masks);
  const int count = got == 0 ? CPU_COUNT_S(sizeof masks, masks) : 1;
  return count > 1 ? static_cast<std::uint32_t>(count) : 1;
#elif defined(__unix__) || defined(__APPLE__)
  const long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 1 ? static_cast<std::uint32_t>(count) : 1;
#else
  const unsigned count = std::thread::hardware_concurrency();
  return count > 1 ? count : 1;
#endif
}

/// How many threads it pays to run: the CPUs by affinity, or the lowest CPU quota (cgroup v2
/// or v1) of this process's control group and those above it, rounded up, when that is less. At
/// least 1; 1 where there are no threads. @param root put before every path, for tests.
/// @param cores instead of those by affinity, for tests; 0 asks.
inline std::uint32_t cores_allowed(std::string root = {}, std::uint32_t cores = 0) {
  if (!GYRE_THREADS) return 1;
  if (cores == 0) cores = cores_by_affinity();
  text_files files(std::move(root));
  const auto limit = [&](double quota) {
    if (quota < cores) cores = static_cast<std::uint32_t>(std::ceil(quota));
  };
  for (const std::string& group : control_groups(files)) {
    limit(quota_cores(files.read(group, "cpu.max")));
  }
  for (const std::string& group : control_groups_v1(files)) {
    const std::string quota(files.read(group, "cpu.cfs_quota_us"));  // until the next read
    limit(quota_cores_v1(quota, files.read(group, "cpu.cfs_period_us")));
  }
  return cores > 1 ? cores : 1;
}

}  // namespace v1
}  // namespace gyre

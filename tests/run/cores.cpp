// Method: trees of control groups against the documented minimum, and this thread's own mask.
#include <gyre/core/rng.hpp>
#include <gyre/run/cores.hpp>
#include <string>
#include <thread>

#include "catch.hpp"
#include "fake_system.hpp"

TEST_CASE("cores are the lower of CPUs and quota, rounded up, at least one", "[run]") {
  const fake_system system;
  const std::string top = "/sys/fs/cgroup";
  struct row {
    const char* cpu_max;
    std::uint32_t of_eight;
  };
  for (const row& r : {row{"max 100000", 8},
                       {"50000 100000", 1},
                       {"100000 100000", 1},
                       {"100001 100000", 2},
                       {"350000 100000", 4},
                       {"800000 100000", 8},
                       {"9900000 100000", 8},
                       {"1000 1000000", 1},
                       {"0 100000", 1},
                       {"5 0", 8},
                       {"0 0", 8},
                       {"200000", 8},
                       {"nonsense", 8},
                       {"", 8},
                       {"18446744073709551615 1", 8}}) {
    CAPTURE(r.cpu_max);
    system.write(top + "/cpu.max", r.cpu_max);
    REQUIRE(gyre::cores_allowed(system.root(), 8) == r.of_eight);
    REQUIRE(gyre::cores_allowed(system.root(), 1) == 1);
  }
  system.block(top + "/cpu.max");
  REQUIRE(gyre::cores_allowed(system.root(), 8) == 8);
  system.remove("/sys");
  REQUIRE(gyre::cores_allowed(system.root(), 8) == 8);
}

TEST_CASE("the lowest quota of this control group and those above it holds", "[run]") {
  const fake_system system;
  const std::string top = "/sys/fs/cgroup";
  const std::string groups[] = {"/a/b/c", "/a/b", "/a", ""};
  system.write("/proc/self/cgroup", "0::/a/b/c\n");
  system.write(top + "/a/b/c/cpu.stat", "usage_usec 1\n");
  system.write(top + "/a/other/cpu.max", "100000 100000\n");  // a sibling's does not
  gyre::rng random(31, 0, 0);
  for (int i = 0; i < 200; ++i) {
    std::uint32_t least = 12;
    for (const std::string& group : groups) {
      system.remove(top + group + "/cpu.max");
      const std::uint32_t kind = random.below(3);
      if (kind == 0) continue;
      const std::uint32_t tenths = 1 + random.below(160);
      if (kind == 2) least = std::min(least, (tenths + 9) / 10);
      system.write(top + group + "/cpu.max",
                   (kind == 1 ? "max" : std::to_string(tenths * 10'000)) + " 100000\n");
    }
    CAPTURE(i);
    REQUIRE(gyre::cores_allowed(system.root(), 12) == least);
  }
}

TEST_CASE("quotas of control groups of version 1 hold too", "[run]") {
  const fake_system system;
  const std::string top = "/sys/fs/cgroup/cpu";
  const auto quota = [&](const std::string& group, const char* us) {
    system.write(top + group + "/cpu.cfs_quota_us", us);
    system.write(top + group + "/cpu.cfs_period_us", "100000\n");
  };
  const auto cores = [&](const char* groups) {
    system.write("/proc/self/cgroup", groups);
    return gyre::cores_allowed(system.root(), 8);
  };
  quota("", "-1\n");
  REQUIRE(cores("4:cpu,cpuacct:/\n") == 8);
  quota("/a/b", "-1\n");
  REQUIRE(cores("12:memory:/a\n4:cpuacct,cpu:/a/b\n1:name=systemd:/c\n") == 8);
  quota("/a/b", "350000\n");
  REQUIRE(cores("12:memory:/a\n4:cpuacct,cpu:/a/b\n1:name=systemd:/c\n") == 4);
  REQUIRE(cores("4:cpuacct:/a/b\n3:cpuset:/a/b\n") == 8);  // these have no quotas
  quota("/a", "150000\n");
  REQUIRE(cores("4:cpu:/a/b\n0::/\n") == 2);  // of the group above
  system.write("/sys/fs/cgroup/cpu.max", "100000 100000\n");
  REQUIRE(cores("4:cpu:/a/b\n0::/\n") == 1);  // both versions at once
  system.remove("/sys/fs/cgroup/cpu.max");
  quota("", "600000\n");  // a container that does not see its own path
  REQUIRE(cores("4:cpu:/elsewhere\n") == 6);
  for (const char* odd : {"", ":", "::", "4:cpu", "4:cpu:", "cpu:/a/b", "4:cpu:/../a"}) {
    CAPTURE(odd);
    REQUIRE(cores(odd) >= 6);
  }
}

TEST_CASE("cores by affinity follow the thread's mask", "[run]") {
  const std::uint32_t all = gyre::cores_by_affinity();
  REQUIRE(all >= 1);
  const std::uint32_t here = gyre::cores_allowed();
  REQUIRE(here >= 1);
  REQUIRE(here <= all);
  const fake_system system;  // no limits there
  REQUIRE(gyre::cores_allowed(system.root()) == all);
#if defined(__linux__)
  std::uint32_t pinned = 0;
  std::thread([&] {
    cpu_set_t mask;
    sched_getaffinity(0, sizeof mask, &mask);
    std::size_t first = 0;
    while (!CPU_ISSET(first, &mask)) ++first;
    CPU_ZERO(&mask);
    CPU_SET(first, &mask);
    sched_setaffinity(0, sizeof mask, &mask);
    pinned = gyre::cores_by_affinity();
  }).join();
  REQUIRE(pinned == 1);
#endif
}

// Method: files as the system writes them, in a directory of the test's own, read at made-up times.
#include <unistd.h>

#include <cmath>
#include <gyre/core/rng.hpp>
#include <gyre/run/pressure.hpp>
#include <string>

#include "catch.hpp"
#include "fake_system.hpp"

using namespace std::chrono_literals;

namespace {

gyre::duration process_cpu{0};
gyre::duration fake_process_cpu() { return process_cpu; }

gyre::pressure_probe probe_of(const fake_system& system, std::uint32_t cores = 1) {
  gyre::pressure_options options;
  options.cores = cores;
  options.root = system.root();
  options.process_cpu = &fake_process_cpu;
  return gyre::pressure_probe(options);
}

}  // namespace

TEST_CASE("pressure reads a control group with limits", "[run]") {
  const fake_system system;
  const std::string group = "/sys/fs/cgroup/app.slice/gyre";
  system.write("/proc/self/cgroup", "1:name=systemd:/x\n0::/app.slice/gyre\n");
  system.write(group + "/cpu.stat", "usage_usec 1000000\nuser_usec 1\n");
  system.write(group + "/cpu.max", "50000 100000\n");
  system.write(group + "/memory.current", "600\n");
  system.write(group + "/memory.max", "1000\n");
  system.write(group + "/memory.high", "max\n");
  system.write(group + "/memory.stat", "anon 1\nfile 2\ninactive_file 100\n");
  system.write(group + "/cpu.pressure", "some avg10=12.34 avg60=0.00 avg300=0.00 total=1\n");
  system.write("/proc/pressure/memory", "some avg10=3.05 avg60=0.00 avg300=0.00 total=1\n");
  gyre::pressure_probe probe = probe_of(system);

  gyre::reading now = probe.sample(1s);
  REQUIRE(std::isnan(now.cpu_percent));  // one sample is no rate
  REQUIRE(now.memory_percent == Approx(50.0));
  REQUIRE(now.cpu_stall_percent == Approx(12.34));
  REQUIRE(now.memory_stall_percent == Approx(3.05));

  system.write(group + "/cpu.stat", "usage_usec 1250000\n");  // 0.25 s in 1 s, of half a CPU
  system.write(group + "/memory.high", "800\n");              // the lower limit counts
  now = probe.sample(2s);
  REQUIRE(now.cpu_percent == Approx(50.0));
  REQUIRE(now.memory_percent == Approx(62.5));
}

// Method: cases. Only version 2 was read: a container of half a CPU saw the whole machine's.
TEST_CASE("pressure reads limits of control groups of version 1", "[run]") {
  const bool apart = GENERATE(false, true);  // cpuacct has a mount of its own
  const fake_system system;
  system.write("/proc/self/cgroup", "5:memory:/docker/a\n4:cpu,cpuacct:/docker/a\n");
  const std::string cpu = "/sys/fs/cgroup/cpu/docker";
  const std::string used =
      apart ? "/sys/fs/cgroup/cpuacct/docker/a/cpuacct.usage" : cpu + "/a/cpuacct.usage";
  const std::string memory = "/sys/fs/cgroup/memory/docker";
  system.write(cpu + "/a/cpu.cfs_quota_us", "50000\n");
  system.write(cpu + "/a/cpu.cfs_period_us", "100000\n");
  system.write(cpu + "/cpu.cfs_quota_us", "-1\n");
  system.write(cpu + "/cpu.cfs_period_us", "100000\n");
  system.write(used, "1000000000\n");
  system.write(memory + "/a/memory.limit_in_bytes", "1000\n");
  system.write(memory + "/a/memory.usage_in_bytes", "700\n");
  system.write(memory + "/a/memory.stat", "inactive_file 1\ntotal_inactive_file 200\n");
  system.write(memory + "/memory.limit_in_bytes", "9223372036854771712\n");
  system.write(memory + "/memory.usage_in_bytes", "5000\n");
  system.write("/proc/stat", "cpu  100 0 100 700 100 0 0 0 50 0\n");
  gyre::pressure_probe probe = probe_of(system);
  gyre::reading now = probe.sample(1s);
  REQUIRE(std::isnan(now.cpu_percent));
  REQUIRE(now.memory_percent == Approx(50.0));
  system.write(used, "1250000000\n");  // 0.25 s in 1 s, of half a CPU
  system.write("/proc/stat", "cpu  160 0 120 710 110 0 0 0 90 0\n");
  REQUIRE(probe.sample(2s).cpu_percent == Approx(50.0));
  system.write(cpu + "/a/cpu.cfs_quota_us", "-1\n");  // it is the machine's then
  system.write("/proc/stat", "cpu  240 0 120 730 110 0 0 0 90 0\n");
  REQUIRE(probe.sample(3s).cpu_percent == Approx(80.0));
}

TEST_CASE("pressure falls back to the machine's figures", "[run]") {
  const fake_system system;
  system.write("/proc/self/cgroup", "4:memory:/x\n0::/\n");
  system.write("/sys/fs/cgroup/cpu.max", "max 100000\n");
  system.write("/proc/stat", "cpu  100 0 100 700 100 0 0 0 50 0\ncpu0 1 1 1 1\n");
  system.write("/proc/meminfo", "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:  250 kB\n");
  gyre::pressure_probe probe = probe_of(system);
  REQUIRE(probe.sample(0s).memory_percent == Approx(75.0));
  system.write("/proc/stat", "cpu  160 0 120 710 110 0 0 0 90 0\n");  // 80 busy of 100
  REQUIRE(probe.sample(1s).cpu_percent == Approx(80.0));
  REQUIRE(std::isnan(probe.sample(2s).cpu_percent));  // the counters stand still: nothing known
}

TEST_CASE("pressure falls back to the process, and to nothing", "[run]") {
  const fake_system system;
  gyre::pressure_probe probe = probe_of(system);
  process_cpu = 0s;
  gyre::reading now = probe.sample(0s);
  REQUIRE(std::isnan(now.cpu_percent));
  REQUIRE(std::isnan(now.memory_percent));
  REQUIRE(std::isnan(now.cpu_stall_percent));
  REQUIRE(probe.process().resident_bytes == 0);
  process_cpu = 300ms;
  now = probe.sample(1s);
  REQUIRE(now.cpu_percent == Approx(30.0));
  REQUIRE(now.mode == "normal");
}

TEST_CASE("pressure reports what the process itself uses", "[run]") {
  const fake_system system;
  system.write("/proc/self/status", "Name:\tx\nVmHWM:\t  9 kB\nVmRSS:\t    2048 kB\n");
  gyre::pressure_probe probe = probe_of(system);
  process_cpu = 10s;
  probe.sample(0s);
  process_cpu = 11s;
  probe.sample(500ms);
  REQUIRE(probe.process().cpu_percent == Approx(200.0));  // two cores' worth
  REQUIRE(probe.process().resident_bytes == 2048 * 1024);
}

// Method: fault. With a thousand groups `status` is longer than what is read, and said 0.
TEST_CASE("pressure knows what is resident of a process of many groups", "[run]") {
  const fake_system system;
  system.write("/proc/self/status", "Groups:\t" + std::string(9000, '1') + "\nVmRSS:\t 8 kB\n");
  system.write("/proc/self/statm", "900 25 3 1 0 7 0\n");
  gyre::pressure_probe probe = probe_of(system);
  probe.sample(0s);
  REQUIRE(probe.process().resident_bytes ==
          25 * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

TEST_CASE("pressure reads its files at most four times a second", "[run]") {
  const fake_system system;
  gyre::pressure_probe probe = probe_of(system);
  for (int ms = 0; ms < 10'000; ++ms) probe.sample(std::chrono::milliseconds(ms));
  REQUIRE(probe.samples() == 40);
}

TEST_CASE("pressure takes the fullest of this control group and those above it", "[run]") {
  const fake_system system;
  const std::string top = "/sys/fs/cgroup";
  system.write("/proc/self/cgroup", "0::/a/b\n");
  system.write("/proc/stat", "cpu  0 0 0 100 0 0 0 0 0 0\n");
  system.write("/proc/meminfo", "MemTotal:  1000 kB\nMemAvailable:  900 kB\n");
  system.write(top + "/a/b/cpu.max", "200000 100000\n");
  system.write(top + "/a/b/cpu.stat", "usage_usec 0\n");
  system.write(top + "/a/cpu.max", "max 100000\n");  // no quota: its use does not matter
  system.write(top + "/a/cpu.stat", "usage_usec 0\n");
  system.write(top + "/cpu.max", "300000 100000\n");
  system.write(top + "/cpu.stat", "usage_usec 0\n");
  system.write(top + "/a/b/memory.current", "1000\n");
  system.write(top + "/a/b/memory.max", "4000\n");
  system.write(top + "/a/b/memory.high", "max\n");
  system.write(top + "/a/memory.current", "9000\n");
  system.write(top + "/a/memory.max", "max\n");
  system.write(top + "/a/memory.high", "15000\n");
  system.write(top + "/a/memory.stat", "inactive_file 3000\n");
  system.write(top + "/memory.current", "900000\n");
  system.write(top + "/memory.max", "max\n");
  gyre::pressure_probe probe = probe_of(system, 4);
  REQUIRE(probe.sample(0s).memory_percent == Approx(40.0));  // of a: 6,000 of 15,000

  system.write(top + "/a/b/cpu.stat", "usage_usec 500000\n");  // a quarter of 2 CPUs
  system.write(top + "/a/cpu.stat", "usage_usec 3900000\n");
  system.write(top + "/cpu.stat", "usage_usec 2700000\n");      // nine tenths of 3
  system.write("/proc/stat", "cpu  10 0 0 190 0 0 0 0 0 0\n");  // the machine has time to spare
  system.write(top + "/a/b/memory.current", "3000\n");
  gyre::reading now = probe.sample(1s);
  REQUIRE(now.cpu_percent == Approx(90.0));
  REQUIRE(now.memory_percent == Approx(75.0));

  system.write(top + "/a/b/cpu.stat", "usage_usec 2500000\n");  // more than all, as may be
  REQUIRE(probe.sample(2s).cpu_percent == Approx(100.0));
}

TEST_CASE("pressure takes no limit that the machine does not reach", "[run]") {
  const fake_system system;
  const std::string group = "/sys/fs/cgroup";
  system.write(group + "/cpu.stat", "usage_usec 0\n");
  system.write(group + "/cpu.max", "800000 100000\n");  // 8 CPUs, of which there are 4
  system.write(group + "/memory.current", "1024\n");
  system.write(group + "/memory.max", "1024000\n");
  system.write("/proc/stat", "cpu  0 0 0 0 0 0 0 0 0 0\n");
  system.write("/proc/meminfo", "MemTotal:  1000 kB\nMemAvailable:  300 kB\n");
  gyre::pressure_probe probe = probe_of(system, 4);
  REQUIRE(probe.sample(0s).memory_percent == Approx(70.0));
  system.write("/proc/stat", "cpu  60 0 0 40 0 0 0 0 0 0\n");
  REQUIRE(probe.sample(1s).cpu_percent == Approx(60.0));
  system.write(group + "/memory.max", "1023999\n");
  REQUIRE(probe.sample(2s).memory_percent == Approx(0.1).epsilon(0.01));
}

TEST_CASE("pressure follows limits and files that come, go and start anew", "[run]") {
  const fake_system system;
  const std::string group = "/sys/fs/cgroup";
  system.write(group + "/cpu.stat", "usage_usec 5000000\n");
  system.write(group + "/cpu.max", "100000 100000\n");
  system.write("/proc/stat", "cpu  0 0 0 100 0 0 0 0 0 0\n");
  gyre::pressure_probe probe = probe_of(system, 2);
  probe.sample(0s);
  system.write(group + "/cpu.stat", "usage_usec 5250000\n");
  REQUIRE(probe.sample(1s).cpu_percent == Approx(25.0));

  system.write(group + "/cpu.stat", "usage_usec 1\n");  // back: no rate
  REQUIRE(std::isnan(probe.sample(2s).cpu_percent));
  system.write(group + "/cpu.stat", "usage_usec 750001\n");
  REQUIRE(probe.sample(3s).cpu_percent == Approx(75.0));

  system.remove(group + "/cpu.stat");  // there is a quota, and what is used of it is not known
  REQUIRE(std::isnan(probe.sample(4s).cpu_percent));
  system.write("/proc/stat", "cpu  0 0 0 100 0 0 0 0 0 0\n");
  system.write(group + "/cpu.max", "max 100000\n");
  probe.sample(5s);
  system.write("/proc/stat", "cpu  50 0 0 150 0 0 0 0 0 0\n");
  REQUIRE(probe.sample(6s).cpu_percent == Approx(50.0));

  system.write(group + "/cpu.stat", "usage_usec 9000000\n");
  system.write(group + "/cpu.max", "100000 100000\n");  // a quota from now on: one sample of it
  REQUIRE(std::isnan(probe.sample(7s).cpu_percent));
  system.write(group + "/cpu.stat", "usage_usec 9300000\n");
  REQUIRE(probe.sample(8s).cpu_percent == Approx(30.0));

  system.remove("/sys");
  system.remove("/proc/stat");
  process_cpu = 0s;
  probe.sample(9s);
  process_cpu = 1s;
  REQUIRE(probe.sample(10s).cpu_percent == Approx(50.0));  // the process: one of two CPUs
}

TEST_CASE("pressure reads stalls of the control group, else of the machine", "[run]") {
  const fake_system system;
  const std::string group = "/sys/fs/cgroup/cpu.pressure";
  const std::string tail = " avg60=7.00 avg300=8.00 total=9\nfull avg10=1.00 avg60=0.00\n";
  system.write("/proc/pressure/cpu", "some avg10=3.05" + tail);
  const auto stall = [&] { return probe_of(system).sample(0s).cpu_stall_percent; };
  REQUIRE(stall() == Approx(3.05));
  system.write(group, "some avg10=0.00" + tail);
  REQUIRE(stall() == 0.0);
  system.write(group, "some avg10=99.90" + tail);
  REQUIRE(stall() == Approx(99.9));
  system.write(group, "some avg10=7" + tail);
  REQUIRE(stall() == Approx(7));
  system.write(group, "some avg10=700.00" + tail);
  REQUIRE(stall() == 100.0);
  for (const char* text : {"some", "some avg10=", "some avg10=x", "full avg10=1.00"}) {
    CAPTURE(text);
    system.write(group, text);
    REQUIRE(std::isnan(stall()));
  }
  system.block(group);  // pressure information switched off: it opens and cannot be read
  REQUIRE(stall() == Approx(3.05));
  system.remove("/proc/pressure");
  REQUIRE(std::isnan(stall()));
}

TEST_CASE("pressure survives files of nonsense", "[run]") {
  const fake_system system;
  const std::string group = "/sys/fs/cgroup/g/";
  const std::string texts[] = {"",
                               "\n\n",
                               "cpu ",
                               "0::/",
                               "0::/g\n",
                               "max",
                               " ",
                               "some avg10=",
                               "99999999999999999999999999 0",
                               "max 100000\n",
                               "0 0\n",
                               "10 0\n",
                               "50000 100000\n",
                               "usage_usec 9\n",
                               "usage_usec max\n",
                               "7\n",
                               "cpu  1 2 x\n",
                               "MemTotal: 5 kB\n",
                               "MemTotal: 0 kB\nMemAvailable: 9",
                               "inactive_file 999999\n",
                               "some avg10=12.x",
                               std::string(9000, '1')};
  const std::string files[] = {"/proc/self/cgroup",
                               "/proc/stat",
                               "/proc/meminfo",
                               "/proc/self/status",
                               "/proc/pressure/cpu",
                               group + "cpu.max",
                               group + "cpu.stat",
                               group + "memory.current",
                               group + "memory.max",
                               group + "memory.high",
                               group + "memory.stat",
                               group + "cpu.pressure",
                               "/sys/fs/cgroup/cpu.max",
                               "/sys/fs/cgroup/cpu.stat",
                               "/sys/fs/cgroup/memory.current"};
  gyre::rng random(41, 0, 0);
  for (int round = 0; round < 300; ++round) {
    gyre::pressure_probe probe = probe_of(system, 1 + random.below(8));
    for (int i = 0; i < 4; ++i) {
      for (int k = 0; k < 3; ++k) {
        const std::string& file = files[random.below(std::size(files))];
        const std::uint32_t what = random.below(8);
        if (what < 2) system.remove(file);
        if (what == 0) system.block(file);
        if (what < 2) continue;
        system.remove(file);
        system.write(file, texts[random.below(std::size(texts))]);
      }
      CAPTURE(round, i);
      const gyre::reading now = probe.sample(std::chrono::seconds(i));
      for (const double percent :
           {now.cpu_percent, now.memory_percent, now.cpu_stall_percent, now.memory_stall_percent}) {
        REQUIRE((std::isnan(percent) || (percent >= 0.0 && percent <= 100.0)));
      }
    }
  }
}

TEST_CASE("pressure works on the machine that runs this test", "[run]") {
  gyre::pressure_probe probe;
  probe.sample(0s);
  const gyre::reading now = probe.sample(1s);
  REQUIRE_FALSE(now.memory_percent < 0.0);
  REQUIRE_FALSE(now.memory_percent > 100.0);
}

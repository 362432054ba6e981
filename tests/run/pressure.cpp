// Method: files as the system writes them, in a directory of the test's own, read at made-up times.
#include <cmath>
#include <gyre/run/pressure.hpp>
#include <string>

#include "catch.hpp"
#include "fake_system.hpp"

using namespace std::chrono_literals;

namespace {

gyre::duration process_cpu{0};
gyre::duration fake_process_cpu() { return process_cpu; }

gyre::pressure_probe probe_of(const fake_system& system) {
  gyre::pressure_options options;
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

TEST_CASE("pressure reads its files at most four times a second", "[run]") {
  const fake_system system;
  gyre::pressure_probe probe = probe_of(system);
  for (int ms = 0; ms < 10'000; ++ms) probe.sample(std::chrono::milliseconds(ms));
  REQUIRE(probe.samples() == 40);
}

TEST_CASE("pressure survives files of nonsense", "[run]") {
  const fake_system system;
  const std::string text = GENERATE(as<std::string>{}, "", "\n\n", "cpu ", "0::/", "max", " ",
                                    "some avg10=", "99999999999999999999999999 0");
  for (const char* path : {"/proc/self/cgroup", "/proc/stat", "/proc/meminfo", "/proc/self/status",
                           "/proc/pressure/cpu", "/sys/fs/cgroup/cpu.max",
                           "/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/memory.current"}) {
    system.write(path, text);
  }
  gyre::pressure_probe probe = probe_of(system);
  for (int i = 0; i < 3; ++i) {
    const gyre::reading now = probe.sample(std::chrono::seconds(i));
    REQUIRE_FALSE(now.cpu_percent > 100.0);
    REQUIRE_FALSE(now.memory_percent > 100.0);
  }
}

TEST_CASE("pressure works on the machine that runs this test", "[run]") {
  gyre::pressure_probe probe;
  probe.sample(0s);
  const gyre::reading now = probe.sample(1s);
  REQUIRE_FALSE(now.memory_percent < 0.0);
  REQUIRE_FALSE(now.memory_percent > 100.0);
}

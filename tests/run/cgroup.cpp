// Method: a table of what the system may say, in a directory of the test's own.
#include <cmath>
#include <gyre/run/cgroup.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "fake_system.hpp"

namespace {
const std::string top = "/sys/fs/cgroup";
using paths = std::vector<std::string>;
}  // namespace

TEST_CASE("control groups are this process's own and all above it", "[run]") {
  const fake_system system;
  gyre::text_files files(system.root());
  const auto found = [&](const std::string& text) {
    system.write("/proc/self/cgroup", text);
    return control_groups(files);
  };
  system.write(top + "/a/b.slice/c/cpu.stat", "usage_usec 1\n");
  REQUIRE(found("0::/a/b.slice/c\n") ==
          paths{top + "/a/b.slice/c", top + "/a/b.slice", top + "/a", top});
  REQUIRE(found("12:cpu,cpuacct:/x\n1:name=systemd:/y\n0::/a/b.slice/c") ==
          paths{top + "/a/b.slice/c", top + "/a/b.slice", top + "/a", top});
  REQUIRE(found("0::/\n") == paths{top});
  REQUIRE(found("0::/a/b.slice\n") == paths{top});    // has no cpu.stat: not to be seen
  REQUIRE(found("0::/elsewhere/d\n") == paths{top});  // a container with its host's names
  system.write("/sys/fs/x/cpu.stat", "usage_usec 1\n");
  REQUIRE(found("0::/../x\n") == paths{top});  // out of this namespace
  REQUIRE(found("0::/a/b.slice/c (deleted)\n") == paths{top});
  REQUIRE(found("4:memory:/a/b.slice/c\n") == paths{top});  // version 1 only
  REQUIRE(found("") == paths{top});
  system.write(top + "/cpu.stat", "usage_usec 1\n");
  REQUIRE(found("0::/\n") == paths{top});
  system.remove("/proc/self/cgroup");
  REQUIRE(control_groups(files) == paths{top});
  system.block("/proc/self/cgroup");
  REQUIRE(control_groups(files) == paths{top});
}

TEST_CASE("control groups are bounded, the lower ones kept", "[run]") {
  const fake_system system;
  gyre::text_files files(system.root());
  std::string path;
  for (int i = 0; i < 40; ++i) path += "/g" + std::to_string(i);
  system.write(top + path + "/cpu.stat", "usage_usec 1\n");
  system.write("/proc/self/cgroup", "0::" + path + "\n");
  const paths all = control_groups(files);
  REQUIRE(all.size() == 16);
  REQUIRE(all.front() == top + path);
  REQUIRE(all.back().substr(all.back().rfind('/')) == "/g24");
}

TEST_CASE("a quota is read as CPUs", "[run]") {
  REQUIRE(gyre::quota_cores("150000 100000\n") == 1.5);
  REQUIRE(gyre::quota_cores("1000 1000000") == 0.001);
  for (const char* none : {"max 100000\n", "", "\n", "max", "150000", "150000 ", "x y"}) {
    CAPTURE(none);
    REQUIRE(std::isnan(gyre::quota_cores(none)));
  }
}

TEST_CASE("system files give their start, or nothing", "[run]") {
  const fake_system system;
  gyre::text_files files(system.root());
  REQUIRE(files.read("/proc", "none").empty());
  system.block("/proc/directory");
  REQUIRE(files.read("/proc", "directory").empty());
  system.write("/proc/long", std::string(100'000, 'x'));
  REQUIRE(files.read("/proc", "long") == std::string(8192, 'x'));
  system.write("/proc/short", "abc");
  REQUIRE(files.read("/proc", "short") == "abc");
}

TEST_CASE("numbers in system files are whole and follow their key", "[run]") {
  using gyre::text_files;
  REQUIRE(text_files::number(" \t42 x") == 42);
  REQUIRE(text_files::number("18446744073709551615") == 18446744073709551615.0);
  for (const char* none : {"", "max", "-1", "18446744073709551616", "+3"}) {
    CAPTURE(none);
    REQUIRE(std::isnan(text_files::number(none)));
  }
  const char* text = "file 1\ninactive_file 2\nactive_file 3\nlast 4";
  REQUIRE(text_files::field(text, "active_file") == 3);
  REQUIRE(text_files::field(text, "last") == 4);
  REQUIRE(std::isnan(text_files::field(text, "ile")));
  REQUIRE(std::isnan(text_files::field("", "file")));
}

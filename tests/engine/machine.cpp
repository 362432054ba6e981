// What the machine sees of an engine's threads.
// Room: engine.
#if defined(__linux__)
#include <dirent.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <gyre/gyre.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "doors.hpp"

using namespace std::chrono_literals;

namespace {

/// What the kernel says of each thread of this process, by its name.
std::vector<std::pair<std::string, std::string>> threads(const char* field) {
  std::vector<std::pair<std::string, std::string>> out;
  DIR* const dir = opendir("/proc/self/task");
  REQUIRE(dir != nullptr);
  while (const dirent* const each = readdir(dir)) {
    std::ifstream status(std::string("/proc/self/task/") + each->d_name + "/status");
    std::string line, name, value;
    while (std::getline(status, line)) {
      if (line.rfind("Name:\t", 0) == 0) name = line.substr(6);
      if (line.rfind(field, 0) == 0) value = line.substr(std::string(field).size());
    }
    if (!name.empty()) out.emplace_back(name, value);
  }
  closedir(dir);
  return out;
}

}  // namespace

// Method: fault. The library's threads took the program's signals, and had its name.
TEST_CASE("an engine's threads are named and leave signals to the program", "[engine]") {
  gyre::engine_options o;
  o.shards = 2;
  gyre::engine e(o);
  std::atomic<int> ran{0};
  for (const char* name : {"a", "b"}) {
    e.add({.name = name, .interval = 1ms}, [&](gyre::tick&) { ++ran; }).value();
  }
  REQUIRE(e.start());
  REQUIRE(doors::eventually([&] { return ran > 4; }));
  std::set<std::string> names;
  for (const auto& [name, blocked] : threads("SigBlk:\t")) {
    if (name.rfind("gyre", 0) != 0) continue;
    names.insert(name);
    const auto mask = std::stoull(blocked, nullptr, 16);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGCHLD}) {
      REQUIRE((mask >> (signal - 1) & 1) == 1);
    }
    REQUIRE((mask >> (SIGSEGV - 1) & 1) == 0);
  }
  REQUIRE(names == std::set<std::string>{"gyre 0", "gyre 1", "gyre watchdog"});
}

// Method: property. The kernel's own count of how often the watchdog gave up its CPU.
TEST_CASE("the watchdog sleeps while nothing runs", "[engine]") {
  gyre::engine e;
  auto hasty = e.add({.name = "a", .interval = 1ms, .timeout = 10ms}, [](gyre::tick&) {}).value();
  REQUIRE(e.start());
  REQUIRE(doors::eventually([&] { return hasty.stats()->metrics.cycles > 2; }));
  REQUIRE(hasty.remove());
  const auto switches = [] {
    for (const auto& [name, n] : threads("voluntary_ctxt_switches:\t")) {
      if (name == "gyre watchdog") return std::stoull(n);
    }
    return 0ULL;
  };
  const auto first = switches();
  const gyre::instant begin = e.now();
  REQUIRE(doors::eventually([&] { return e.now() > begin + 2s; }));
  const double per_second = static_cast<double>(switches() - first) / gyre::to_s(e.now() - begin);
  REQUIRE(per_second < 5);  // it was 192
}
#endif

// stress.hpp - what the cases of stress.cpp share: 120 loops that talk, waiting, a child's memory.
// Room: tests. Threads: one; what loops call says so.
#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <gyre/gyre.hpp>
#include <string>
#include <thread>

#include "catch.hpp"
#include "sanitized.hpp"

namespace stress {

using namespace std::chrono_literals;

inline constexpr int many = 120;

inline std::string name_of(int i) { return "loop-" + std::to_string(i); }

/// Waits until it holds; false after 30 s.
template <class F>
bool eventually(F&& holds) {
  for (int i = 0; i < 3000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

/// A loop that publishes and remembers once a tick, every 0.5 to 1.4 s, or a part of that.
inline void add_talkers(gyre::engine& e, int faster) {
  for (int i = 0; i < many; ++i) {
    const auto every = std::chrono::milliseconds(500 + 900 * i / (many - 1)) / faster;
    REQUIRE(e.add({.name = name_of(i), .interval = every}, [i](gyre::tick& t) {
      const std::string text =
          "loop " + std::to_string(i) + " did tick " + std::to_string(t.number());
      (void)t.publish("work.done", text);
      (void)t.remember({.text = text});
    }));
  }
}
/// Nothing runs and nothing waits to be delivered to a handler.
inline void settle(gyre::engine& e, std::uint64_t still_pending) {
  for (int i = 0; i < many; ++i) REQUIRE(e.find(name_of(i))->pause());
  REQUIRE(eventually([&] {
    const auto s = e.snapshot();
    for (const auto& l : s.loops) {
      if (l.state != gyre::loop_state::paused) return false;
    }
    return s.bus.pending == still_pending;
  }));
}

#if defined(__linux__)
/// A line of /proc/self/status, in KiB; -1 when it is not there.
inline long status_kib(const char* field) {
  std::FILE* f = std::fopen("/proc/self/status", "r");
  if (f == nullptr) return -1;
  char line[256];
  long kib = -1;
  while (std::fgets(line, sizeof line, f) != nullptr) {
    if (std::strncmp(line, field, std::strlen(field)) == 0) {
      std::sscanf(line + std::strlen(field), ": %ld", &kib);
    }
  }
  std::fclose(f);
  return kib;
}

/// A log line as loops write it: words, numbers, an id. Distinct for each i.
inline void line(std::uint64_t i, std::string& text) {
  char buffer[200];
  const std::uint64_t h = i * 0x9e3779b97f4a7c15ULL;
  static const char* const verbs[] = {"shipped", "retried", "dropped", "sealed", "deferred"};
  std::snprintf(buffer, sizeof buffer,
                "loop worker-%03u %s block %llu of segment %08x in %u.%03u ms, queue %u, level %u, "
                "window %u KiB, peer 10.0.%u.%u",
                static_cast<unsigned>(h % 120), verbs[(h >> 8) % 5],
                static_cast<unsigned long long>(i), static_cast<unsigned>(h >> 32),
                static_cast<unsigned>((h >> 12) % 90), static_cast<unsigned>((h >> 20) % 1000),
                static_cast<unsigned>((h >> 30) % 50), static_cast<unsigned>((h >> 40) % 10),
                1u << ((h >> 44) % 8), static_cast<unsigned>((h >> 48) % 8),
                static_cast<unsigned>((h >> 51) % 250));
  text = buffer;
}

/// What f() returns in a child of its own, which has no memory that others have touched.
template <class T, class F>
T in_child(F&& f) {
  T o;
  int pipes[2];
  REQUIRE(::pipe(pipes) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    o = f();
    const auto n = ::write(pipes[1], &o, sizeof o);
    ::_exit(n == static_cast<ssize_t>(sizeof o) ? 0 : 1);
  }
  ::close(pipes[1]);
  const auto n = ::read(pipes[0], &o, sizeof o);
  ::close(pipes[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(n == static_cast<ssize_t>(sizeof o));
  REQUIRE(status == 0);
  return o;
}
#endif

}  // namespace stress

// pressure.cpp - Method: the budget's promise at full size, with the process's own peak measured in
// a child of its own, since other tests' peaks would hide it.
#include <gyre/memory/memory.hpp>

#include "catch.hpp"

#if defined(__linux__)
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#ifndef UNDER_SANITIZER
#define UNDER_SANITIZER 0
#endif

namespace {
long status_kib(const char* field) {
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

struct outcome {
  long grown_kib = -1;
  std::uint64_t raw = 0, recalled = 0;
  gyre::memory_stats stats;
  bool law = true, budget = true, order = true;
};

// A log line as loops write it: words, numbers, an id. Distinct for each i.
void line(std::uint64_t i, std::string& text) {
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

outcome fill(std::uint64_t records) {
  outcome o;
  const long before = status_kib("VmRSS");
  gyre::memory m;
  gyre::record r;
  r.user = "system";
  r.role = "log";
  r.source = "worker";
  for (std::uint64_t i = 0; i < records; ++i) {
    line(i, r.text);
    o.raw += r.text.size() + r.user.size() + r.role.size() + r.source.size();
    if (!m.remember(r, static_cast<std::int64_t>(1'700'000'000'000 + i))) return o;
    if (i % 1000 != 0) continue;
    const auto s = m.stats();
    o.law = o.law && s.remembered == s.in_ring + s.in_blocks + s.archived + s.evicted + s.merged;
    o.budget = o.budget && s.resident_bytes <= s.budget_bytes;
  }
  const auto found = m.recall({.limit = 1000});
  o.recalled = found.size();
  for (std::size_t k = 0; k < found.size(); ++k) {
    line(records - 1 - k, r.text);
    o.order = o.order && found[k].text == r.text;
  }
  o.stats = m.stats();
  const auto oldest =
      m.recall({.to_ms = static_cast<std::int64_t>(1'700'000'000'000 + o.stats.evicted - 1)});
  o.order = o.order && oldest.empty();  // exactly the oldest went
  o.grown_kib = status_kib("VmHWM") - before;
  return o;
}

outcome in_child(std::uint64_t records) {
  outcome o;
  int pipes[2];
  REQUIRE(::pipe(pipes) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    o = fill(records);
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
}  // namespace

TEST_CASE("2,000,000 records under 16 MiB", "[memory]") {
  const std::uint64_t records = UNDER_SANITIZER ? 100'000 : 2'000'000;
  const outcome o = in_child(records);
  INFO("peak growth " << o.grown_kib << " KiB, raw " << (o.raw >> 20) << " MiB, saved "
                      << o.stats.saved_percent << " %, resident records "
                      << o.stats.in_blocks + o.stats.in_ring);
  CHECK(o.law);
  CHECK(o.budget);
  CHECK(o.order);
  CHECK(o.recalled == 1000);
  CHECK(o.stats.remembered == records);
  CHECK(o.stats.merged == 0);
  CHECK(o.stats.saved_percent >= 50);
  if (UNDER_SANITIZER) return;  // its shadow is not our memory
  CHECK(o.raw >= std::uint64_t{256} << 20);
  CHECK(o.grown_kib <= 24 * 1024);
  CHECK(o.stats.resident_bytes > o.stats.budget_bytes * 9 / 10);
}
#endif

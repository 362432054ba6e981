// crash.cpp - Method: a real process writes and acknowledges, and is killed with SIGKILL at any
// moment, also between the steps of a checkpoint.
#include <sys/wait.h>

#include <csignal>
#include <gyre/core/rng.hpp>

#include "catch.hpp"
#include "history.hpp"
#include "sanitized.hpp"
#include "scratch.hpp"

namespace {
/// Commits for ever and tells the pipe each count that it may rely on.
[[noreturn]] void write_until_killed(const std::string& dir, int pipe) {
  history h;
  auto j = gyre::journal::open(dir, {.file_bytes = 200'000, .state_part = 8}, h.visitor());
  if (!j || !h.good) ::_exit(3);
  std::vector<std::byte> state;
  for (;;) {
    for (int i = 0; i < 20; ++i) h.append(**j);
    if (!(*j)->commit()) ::_exit(4);
    if (::write(pipe, &h.count, sizeof h.count) != sizeof h.count) ::_exit(5);
    const auto here = (*j)->at_disk();
    if ((*j)->in_checkpoint()) {
      if (!(*j)->step()) ::_exit(6);
    } else if ((*j)->wants_checkpoint()) {
      state = number_bytes(h.count);
      gyre::vec<gyre::stream_state> all;
      all.push_back({9, state});
      if (!(*j)->begin_checkpoint()) ::_exit(7);
      (*j)->cut(std::move(all));
    }
  }
}
}  // namespace

TEST_CASE("killed at 100 random instants, a store holds all that was acknowledged", "[store]") {
  const scratch here;
  const std::string dir = here / "store";
  gyre::rng random(11, 0, 0);
  std::uint64_t before = 0;
  int torn = 0;
  for (int round = 0; round < fewer(100, 5); ++round) {
    CAPTURE(round);
    int pipes[2];
    REQUIRE(::pipe(pipes) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(pipes[0]);
      write_until_killed(dir, pipes[1]);
    }
    ::close(pipes[1]);
    const std::uint64_t enough = before + 1000 + random.below(3000);
    std::uint64_t acknowledged = 0, n = 0;
    bool alive = true;
    while (::read(pipes[0], &n, sizeof n) == sizeof n) {
      acknowledged = n;
      if (alive && n >= enough) {
        for (std::uint32_t spin = random.below(20'000); spin > 0; --spin) (void)random.next();
        ::kill(child, SIGKILL);
        alive = false;  // and read what it had still said
      }
    }
    ::close(pipes[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(acknowledged >= enough);
    history seen;
    const auto j = gyre::journal::open(dir, {}, seen.visitor());
    if (!j) INFO(j.error().text);
    REQUIRE(j);
    REQUIRE(seen.good);
    REQUIRE(seen.count >= acknowledged);
    REQUIRE(seen.count <= acknowledged + 20);  // at most the group being told
    torn += (*j)->torn_bytes() > 0;
    before = seen.count;
  }
  INFO("torn tails: " << torn);
  CHECK(before > fewer(100'000U, 5));
}

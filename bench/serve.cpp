// What it costs an engine to be watched: 120 loops of together 1,000 ticks a second, with four
// clients at 4 Hz in another process and without, by turns; lateness and CPU of the engine's.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <gyre/edge/serve.hpp>
#include <gyre/gyre.hpp>
#include <string>
#include <thread>
#include <vector>

#include "bench.hpp"

namespace {

using namespace std::chrono_literals;

constexpr int clients = 4;
constexpr int turns = 7;  // of each kind
constexpr auto turn = 3s;
const std::string token = "a-token-of-the-bench";

struct figures {
  double late_p99_us = 0, cpu_percent = 0;
};

int connected(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) ::_exit(1);
  const std::string wish = gyre::join("GET /v1/stream?hz=4 HTTP/1.1\r\nHost: 127.0.0.1:", port,
                                      "\r\nAuthorization: Bearer ", token, "\r\n\r\n");
  if (::send(fd, wish.data(), wish.size(), 0) < 0) ::_exit(1);
  return fd;
}

/// The clients' process: watches for each 1 that it reads until the 0 after it.
[[noreturn]] void watch(int orders) {
  std::uint16_t port = 0;
  if (::read(orders, &port, sizeof port) != sizeof port) ::_exit(1);
  std::vector<pollfd> of{{orders, POLLIN, 0}};
  std::array<char, 65536> part{};
  for (;;) {
    (void)::poll(of.data(), of.size(), -1);
    for (std::size_t i = 1; i < of.size(); ++i) {
      if (of[i].revents != 0 && ::recv(of[i].fd, part.data(), part.size(), 0) <= 0) ::_exit(1);
    }
    if (of[0].revents == 0) continue;
    char order = 0;
    if (::read(orders, &order, 1) != 1) ::_exit(0);
    for (; of.size() > 1; of.pop_back()) ::close(of.back().fd);
    for (int i = 0; order != 0 && i < clients; ++i) of.push_back({connected(port), POLLIN, 0});
  }
}

figures measure(gyre::engine& e) {
  std::this_thread::sleep_for(300ms);  // until the clients are there, or gone
  e.reset_metrics();
  const gyre::duration cpu = gyre::process_cpu_now(), begin = gyre::monotonic_now();
  std::this_thread::sleep_for(turn);
  const double wall = gyre::to_ms(gyre::monotonic_now() - begin);
  return {e.snapshot().totals.late.p99_ms * 1e3,
          100 * gyre::to_ms(gyre::process_cpu_now() - cpu) / wall};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main() {
  int orders[2];
  if (::pipe(orders) != 0) return 1;
  if (::fork() == 0) {
    ::close(orders[1]);
    watch(orders[0]);
  }
  gyre::engine engine({.seed = 1});
  for (int i = 0; i < 120; ++i) {
    engine.add({.name = gyre::join("l", i), .interval = 120ms, .knobs = {{"k", {1, 2, 3}}}},
               [](gyre::tick& t) { (void)t.reward(t.knob("k")); }).value();
  }
  engine.start().value();
  std::vector<double> late[2], cpu[2];
  {
    gyre::server live(engine, {.port = 0, .token = token});
    const std::uint16_t port = live.port();
    bool told = ::write(orders[1], &port, sizeof port) == sizeof port;
    for (char watched = 0; told && late[1].size() < turns; watched = watched == 0 ? 1 : 0) {
      told = ::write(orders[1], &watched, 1) == 1;
      const figures f = measure(engine);
      late[static_cast<int>(watched)].push_back(f.late_p99_us);
      cpu[static_cast<int>(watched)].push_back(f.cpu_percent);
    }
    if (!told) return 1;
  }
  const char* how =
      "120 loops, 1,000 ticks a second in all, four clients of another process at 4 Hz; median of "
      "7 turns of 3 s, with and without clients by turns; the server runs in both";
  bench::row("watched.late_p99_us", median(late[1]), "us", "unwatched", median(late[0]), how);
  bench::row("watched.cpu_percent", median(cpu[1]) - median(cpu[0]), "% of a core more",
             "the bound", 2, how);
  ::close(orders[1]);
  (void)::wait(nullptr);
  return 0;
}

// What publishing costs, delivery included, beside a mutex and a deque for each subscriber.
#include <gyre/bus/bus.hpp>

#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "bench.hpp"

namespace {

double ours(int fan_out) {
  gyre::bus bus;
  std::uint64_t got = 0;
  for (int i = 0; i < fan_out; ++i) {
    bus.subscribe("a.*", {}, [&](const gyre::message& m) { got += m.payload.size(); }).value();
  }
  const std::string payload(64, 'x');
  std::int64_t now = 0;
  const double ns = bench::ns_each(20'000, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      bus.publish("a.b", payload, {}, gyre::instant(++now)).value();
      bus.pump(gyre::instant(now));
    }
  });
  bench::keep(got);
  return ns / fan_out;
}

double theirs(int fan_out) {
  struct subscriber {
    std::mutex mutex;
    std::deque<std::string> queue;
  };
  std::vector<subscriber> all(static_cast<std::size_t>(fan_out));
  const std::string payload(64, 'x');
  std::uint64_t got = 0;
  const double ns = bench::ns_each(20'000, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      for (auto& s : all) {
        const std::lock_guard lock(s.mutex);
        s.queue.push_back(payload);
      }
      for (auto& s : all) {
        const std::lock_guard lock(s.mutex);
        got += s.queue.front().size();
        s.queue.pop_front();
      }
    }
  });
  bench::keep(got);
  return ns / fan_out;
}

}  // namespace

int main() {
  for (const int fan_out : {1, 8, 120}) {
    const std::string name = "bus.delivery_" + std::to_string(fan_out) + "_ns";
    const double a = ours(fan_out);
    const double b = theirs(fan_out);
    bench::row(name.c_str(), a, "ns", "mutex and deque<string> each, no topics, no account", b,
               "publish and deliver 64 bytes, one thread, a delivery");
  }
}

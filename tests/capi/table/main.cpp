// main.cpp - two loops for a minute of virtual time, their table and trace, in C++.
// Method: one program in six languages; table.py compares what they print.
#include <gyre/gyre.hpp>

#include <chrono>
#include <cstdio>

using namespace std::chrono_literals;

int main() {
  gyre::engine engine({.driver = gyre::driver::virtual_time, .seed = 7});
  engine.add({.name = "ship", .interval = 20ms, .knobs = {{"level", {0, 1, 3, 6, 9}}}},
             [](gyre::tick& t) {
               const double level = t.knob("level");
               t.reward(level < 6 ? level : 12 - level);
             }).value();
  engine.add({.name = "poll",
              .interval = 50ms,
              .features = {{"load", {10, 20, 30}}},
              .knobs = {{"batch", {1, 4, 16}}}},
             [n = 0](gyre::tick& t) mutable {
               const int i = n++;
               const double load = i * 7 % 40;
               t.feature("load", load);
               const double batch = t.knob("batch");
               if (i % 97 == 96) {
                 t.fail("now and then");
               } else {
                 t.reward(load < 20 ? batch : 16 - batch);
               }
             }).value();
  engine.advance_to(60s).value();
  for (const gyre::loop_stats& l : engine.snapshot().loops) {
    const auto late = engine.find(l.name)->histograms()->late_total;
    std::printf("%-6s %6.0f %4.0f %9.3f %6.0f of %u\n", l.name.c_str(),
                static_cast<double>(l.metrics.cycles), static_cast<double>(l.metrics.errors),
                l.reward, static_cast<double>(late[0].count), static_cast<unsigned>(late.size()));
  }
  std::printf("trace %s\n", engine.trace_hash().c_str());
}

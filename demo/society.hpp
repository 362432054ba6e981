// society.hpp - the society alone on the virtual clock, recorded: a run that anybody repeats.
// Room: demo. Threads: main.
#pragma once

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <gyre/edge/json.hpp>
#include <gyre/society/society.hpp>
#include <string>

namespace demo {

/// Runs the four loops for so many seconds of virtual time and writes a snapshot after each tick
/// (after each millisecond with ticks, to be exact) to `path`, as a run.jsonl whose first line says
/// what ran. The same seed gives the same trace hashes in every build; the page runs it again by
/// its own module and compares them. @return an error's text
inline std::string record_society(const std::string& path, double seconds, std::uint64_t seed) {
  constexpr double divisor = 1;
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = seed});
  gyre::society::add(e, {divisor}).value();
  std::ofstream file(path);
  gyre::json_writer head;
  head.open('{').field("gyre", gyre::version_text).field("format", 1);
  head.field("seed", std::to_string(seed)).field("loops", 4).field("society", divisor).close('}');
  file << head.take() << '\n';
  std::uint64_t ticks = 0;
  const auto end = static_cast<std::int64_t>(seconds * 1000);
  for (std::int64_t ms = 0; ms <= end; ++ms) {
    const std::uint64_t ran = e.advance_to(gyre::instant{std::chrono::milliseconds(ms)}).value();
    ticks += ran;
    if (ran != 0 || ms == 0 || ms == end) file << gyre::to_json(e.snapshot()) << '\n';
  }
  if (!file.flush()) return "could not write " + path;
  std::printf("%llu ticks of the society in %g s of virtual time, trace %s: %s\n",
              static_cast<unsigned long long>(ticks), seconds, e.trace_hash().c_str(),
              path.c_str());
  return {};
}

}  // namespace demo

// What a tick costs at 10,000 and a million loops, what a loop costs at rest, what supervision adds
// to a tick, how long one poll takes, and how soon the others are on time beside a tick that never
// returns. Each measurement has a process of its own, forked from this small one: none finds memory
// that another has warmed, and none runs beside another's threads.
#include <cstring>
#include <utility>

#include "run_host.hpp"
#include "run_stuck.hpp"
#include "run_virtual.hpp"

int main(int argc, char** argv) {
  const std::pair<const char*, void (*)()> parts[] = {{"virtual", bench::virtual_rows},
                                                      {"bytes", bench::bytes_rows},
                                                      {"start", bench::start_rows},
                                                      {"supervision", bench::supervision_rows},
                                                      {"poll", bench::poll_rows},
                                                      {"stuck", bench::stuck_rows}};
  for (const auto& [name, rows] : parts) {  // those that are named, or all
    bool wanted = argc == 1;
    for (int i = 1; i < argc; ++i) wanted = wanted || std::strcmp(argv[i], name) == 0;
    if (wanted) rows();
  }
}

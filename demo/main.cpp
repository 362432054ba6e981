// main.cpp - 120 loops ship real text files over a changing link and learn how to compress them.
// Room: demo. Threads: main, and the engine's.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gyre/edge/decisions.hpp>
#include <gyre/society/society.hpp>
#include <thread>

#include "job.hpp"
#include "society.hpp"
#ifdef DEMO_SERVES  // cpp-httplib is there
#include "live.hpp"
#endif

namespace {

using namespace std::chrono_literals;
using demo::pairs;
using demo::policy;
using demo::speeds;

struct options {
  double seconds = 25;
  std::uint64_t seed = 1;
  std::string out = "build/demo";
  bool shuffle = false;
  bool society = false;  ///< record the society alone, on the virtual clock, and nothing else
  int live = -1;     ///< serve the page at this port until Ctrl-C, instead of a run; -1: do not
  std::string page;  ///< its file
  std::vector<std::string> trees;  ///< besides the system's headers and documentation
};

constexpr std::size_t loops = 120;
constexpr gyre::duration interval = 200ms;
constexpr double society_divisor = 20;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "demo: %s\n", why.c_str());
  std::exit(2);
}

options parse(int count, char** words) {
  options o;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto next = [&]() -> std::string {
      if (i + 1 >= count) give_up(word + " needs a value");
      return words[++i];
    };
    if (word == "--seconds") {
      o.seconds = std::atof(next().c_str());
    } else if (word == "--seed") {
      o.seed = std::strtoull(next().c_str(), nullptr, 10);
    } else if (word == "--out") {
      o.out = next();
    } else if (word == "--tree") {
      o.trees.push_back(next());
    } else if (word == "--live") {
      o.live = std::atoi(next().c_str());
      if (o.live < 0 || o.live > 65535) give_up("--live is a port, 0 to 65535");
    } else if (word == "--page") {
      o.page = next();
    } else if (word == "--society") {
      o.society = true;
    } else if (word == "--shuffle-rewards") {
      o.shuffle = true;
    } else {
      std::puts(
          "demo [--seconds 25] [--seed 1] [--out build/demo] [--tree folder]... "
          "[--shuffle-rewards] [--society] [--live port [--page gyre.html]]");
      std::exit(word == "--help" ? 0 : 2);
    }
  }
  if (!(o.seconds >= 1 && o.seconds <= 3600)) give_up("--seconds is 1 to 3600");
  return o;
}

std::string setting(std::size_t pair) {
  return "level " + gyre::to_text(demo::level_of(pair)) + ", " +
         gyre::to_text(demo::block_of(pair)) + " KiB";
}

/// What is kept of the run while it goes.
struct course {
  gyre::snapshot_data last;
  std::vector<policy> late;  ///< the learned policy at each snapshot of the last quarter
  double rss_at_3 = 0, rss_end = 0, cpu_percent = 0;
};

constexpr double mib = 1024 * 1024;

void add_loops(gyre::engine& e, const options& o, const demo::texts& text, demo::uplink& link,
               demo::shuffler& shuffled) {
  for (std::size_t i = 0; i < loops; ++i) {
    gyre::loop_options loop = demo::worker(i, interval);
    const std::string name = loop.name;
    e.add(std::move(loop), [&, i, name](gyre::tick& t) {
       const double speed = demo::speed_at(e.now());
       (void)t.feature("mb_per_s", speed);
       const double level = t.knob("level");
       const double block = t.knob("block_kib");
       const auto draw =
           gyre::mix(o.seed, i, static_cast<std::uint64_t>(gyre::purpose::user), t.number());
       const demo::shipment sent = link.ship(text.piece(draw % text.pieces()), level, block);
       const double earned = sent.earned(speed);
       (void)t.reward(o.shuffle ? shuffled.swap(earned) : earned);
       char line[160];
       std::snprintf(line, sizeof line,
                     "%zu bytes as %zu at level %g in blocks of %g KiB over %g MB/s: "
                     "%.2f ms of CPU, %.2f MB/s",
                     demo::piece_bytes, sent.bytes, level, block, speed, sent.cpu_ms, earned);
       (void)t.publish("ship.sent", line);
       (void)t.remember({.text = line, .tags = {"ship"}});
     }).value();
  }
}

void show_progress(const gyre::snapshot_data& s, double seconds, double total) {
  static const bool terminal = isatty(STDOUT_FILENO) != 0;
  static int shown = 0;
  if (!terminal && static_cast<int>(seconds) / 5 < ++shown) {
    --shown;
    return;
  }
  const gyre::learner_view& l = s.learners.at(0);
  const policy now = demo::learned(l);
  std::printf(
      "%s%5.1f of %.0f s  %6llu ticks  exploration %.2f  reward %6.1f MB/s  "
      "at 400: %-15s  at 3: %-15s%s",
      terminal ? "\r" : "", seconds, total, static_cast<unsigned long long>(s.totals.ticks),
      l.stats.exploration, l.stats.mean_reward, setting(now[0]).c_str(), setting(now[1]).c_str(),
      terminal ? "" : "\n");
  std::fflush(stdout);
}

/// Lets the engine run, recording a snapshot every 250 ms.
course run(gyre::engine& e, const options& o) {
  std::ofstream file(o.out + "/run.jsonl");
  gyre::json_writer head;
  head.open('{').field("gyre", gyre::version_text).field("format", 1);
  head.field("seed", std::to_string(o.seed)).field("loops", loops + 4).close('}');
  file << head.take() << '\n';
  gyre::decision_trail decisions(e);
  course c;
  const gyre::duration cpu = gyre::process_cpu_now();
  const gyre::duration begin = gyre::monotonic_now();
  e.start().value();
  for (int i = 1;; ++i) {
    const gyre::duration next = begin + i * 250ms;
    std::this_thread::sleep_for(next - gyre::monotonic_now());
    c.last = e.snapshot();
    file << decisions.line(gyre::to_json(c.last), c.last) << '\n';
    const double seconds = gyre::to_ms(gyre::monotonic_now() - begin) / 1000;
    c.rss_end = static_cast<double>(c.last.resident_bytes) / mib;
    if (c.rss_at_3 == 0 && seconds >= std::min(3.0, o.seconds / 2)) c.rss_at_3 = c.rss_end;
    if (seconds >= 0.75 * o.seconds) c.late.push_back(demo::learned(c.last.learners.at(0)));
    show_progress(c.last, seconds, o.seconds);
    if (seconds >= o.seconds) break;
  }
  const double wall = gyre::to_ms(gyre::monotonic_now() - begin);
  c.cpu_percent = 100 * gyre::to_ms(gyre::process_cpu_now() - cpu) / wall;
  const auto stragglers = e.stop().value();
  for (const std::string& name : stragglers) std::printf("\nstill running: %s", name.c_str());
  c.last = e.snapshot();
  file << decisions.line(gyre::to_json(c.last), c.last) << '\n';
  if (!file.good()) give_up("could not write " + o.out + "/run.jsonl");
  std::puts("");
  return c;
}

/// Runs until Ctrl-C, to be watched.
int live(gyre::engine& e, const options& o) {
#ifdef DEMO_SERVES
  e.start().value();
  const std::string wrong = demo::live(e, static_cast<std::uint16_t>(o.live), o.out, o.page);
  if (!wrong.empty()) give_up(wrong);
  (void)e.stop().value();
  return 0;
#else
  (void)e;
  (void)o;
  give_up("built without cpp-httplib, which --live needs; Debian: libcpp-httplib-dev");
#endif
}

std::uint64_t society_cycles(const gyre::snapshot_data& s) {
  std::uint64_t least = ~std::uint64_t{0};
  for (const gyre::loop_stats& l : s.loops) {
    if (l.group.empty()) least = std::min(least, l.metrics.cycles);
  }
  return least;
}

/// Mean over the late snapshots: a policy that was learned stays, one that was not wanders.
double learned_score(const course& c, const demo::yardstick& y) {
  double sum = 0;
  for (const policy& p : c.late) sum += y.score(p);
  return sum / static_cast<double>(c.late.size());
}

void print_policies(const course& c, const demo::yardstick& y) {
  const policy mine = c.late.back();
  const std::size_t fixed = y.best_fixed();
  const std::size_t zlib = demo::pair_of(6, 64);
  const auto line = [&](const char* name, const policy& p, double score) {
    std::printf("%-22s  %-15s %8.1f   %-15s %8.2f   %5.2f\n", name, setting(p[0]).c_str(),
                y.earned(0, p[0]), setting(p[1]).c_str(), y.earned(1, p[1]), score);
  };
  std::puts(
      "\npolicy                  at 400 MB/s         MB/s   at 3 MB/s           MB/s   score");
  line("learned", mine, learned_score(c, y));
  line("best fixed pair", {fixed, fixed}, y.score({fixed, fixed}));
  line("zlib's default", {zlib, zlib}, y.score({zlib, zlib}));
  std::printf("%-22s  %-15s %8.1f   %-15s %8.2f   %5.2f\n", "random", "any", y.random_earned(0),
              "any", y.random_earned(1), y.random_score());
  line("best pair at each", {y.best(0), y.best(1)}, 1);
  std::puts(
      "MB of input delivered per second of CPU plus transfer; score: mean over the two "
      "speeds of\nthat divided by the best pair's. CPU is measured, the transfer modelled "
      "(bytes / link speed).");
}

void write_summary(const options& o, const course& c, const demo::yardstick& y) {
  const gyre::snapshot_data& s = c.last;
  const std::size_t fixed = y.best_fixed();
  const std::size_t zlib = demo::pair_of(6, 64);
  gyre::json_writer out;
  out.open('{').field("loops", s.totals.loops).field("ticks", s.totals.ticks);
  out.field("errors", s.totals.errors).field("timeouts", s.totals.timeouts);
  out.field("dropped", s.bus.dropped()).field("published", s.bus.published);
  out.field("delivered", s.bus.delivered).field("p50_ms", s.totals.latency.p50_ms);
  out.field("p95_ms", s.totals.latency.p95_ms).field("p99_ms", s.totals.latency.p99_ms);
  out.field("rss_mib", c.rss_end).field("rss_growth_mib", c.rss_end - c.rss_at_3);
  out.field("cpu_percent", c.cpu_percent);
  out.field("observations", s.learners.at(0).stats.observations);
  out.field("memory_saved_percent", s.memory.saved_percent);
  out.field("memory_blocks", s.memory.blocks).field("society_cycles_min", society_cycles(s));
  out.field("symbiosis", s.score).field("learned_score", learned_score(c, y));
  out.field("default_score", y.score({zlib, zlib}));
  out.field("best_fixed_score", y.score({fixed, fixed}));
  out.field("random_score", y.random_score());
  out.field("seconds", o.seconds).field("seed", std::to_string(o.seed));
  out.field("shuffled_rewards", o.shuffle).close('}');
  std::ofstream file(o.out + "/summary.json");
  file << out.take() << '\n';
  if (!file.good()) give_up("could not write " + o.out + "/summary.json");
}

}  // namespace

int main(int count, char** words) {
  const options o = parse(count, words);
  std::error_code failed;
  std::filesystem::create_directories(o.out, failed);
  if (failed) give_up("could not create " + o.out + ": " + failed.message());
  if (o.society) {
    const std::string wrong = demo::record_society(o.out + "/society.jsonl", o.seconds, o.seed);
    if (!wrong.empty()) give_up(wrong);
    return 0;
  }
  std::vector<std::string> folders = {"/usr/include", "/usr/share/doc"};
  folders.insert(folders.end(), o.trees.begin(), o.trees.end());
  const demo::texts text(folders);
  if (text.pieces() < 8) give_up("less than 512 KiB of text found; name a folder by --tree");
  demo::uplink link;
  if (!link.usable()) give_up("no memory for zlib");

  std::printf(
      "%zu loops ship %zu files of text, %zu pieces of 64 KiB, over a link that changes "
      "between\n400 and 3 MB/s every 2.5 s. Compression is done and its CPU time "
      "measured; the transfer is\nmodelled. The society of four runs beside them at 1/%g "
      "of its intervals.\n",
      loops, text.files(), text.pieces(), society_divisor);
  std::fflush(stdout);  // said before the first five seconds are over, into a pipe too
  gyre::engine engine({.seed = o.seed});
  gyre::society::add(engine, {society_divisor}).value();
  std::uint64_t heard = 0;
  engine.subscribe("ship.*", {}, [&](const gyre::message&) { ++heard; }).value();
  demo::shuffler shuffled(o.seed);
  add_loops(engine, o, text, link, shuffled);
  if (o.live >= 0) return live(engine, o);
  const course c = run(engine, o);
  std::printf("\n%s", gyre::table(c.last, 12).c_str());
  const demo::yardstick y(link, text);
  print_policies(c, y);
  write_summary(o, c, y);
  std::printf("\n%s/summary.json and %s/run.jsonl are written.\n", o.out.c_str(), o.out.c_str());
#ifdef DEMO_SERVES
  std::puts("To watch and steer these loops while they run: make live");
#endif
  return 0;
}

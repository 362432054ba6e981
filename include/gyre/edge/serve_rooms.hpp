// serve_rooms.hpp - what the parts of a server share: the engine, what is kept of it, the counts.
// Room: edge. Threads: any; events are the hub's.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include <limits.h>
#include <unistd.h>

#include <gyre/core/time.hpp>
#include <gyre/edge/serve_events.hpp>
#include <gyre/edge/serve_frames.hpp>
#include <gyre/edge/serve_history.hpp>
#include <gyre/edge/serve_options.hpp>
#include <gyre/edge/serve_record.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

struct serve_counts {
  std::atomic<std::uint64_t> connections{0}, refused{0}, dropped{0}, requests{0}, denied{0},
      orders{0}, skipped{0};
  std::atomic<std::uint32_t> streams{0};
};

struct serve_rooms {
  serve_rooms(engine& e, const server_options& o)
      : served(e),
        options(o),
        since_ms(wall_now().count() / 1'000'000),
        frames(e),
        events(e, since_ms),
        history(o.history_bytes),
        recording(e, o.record_folder, o.record_bytes) {}

  engine& served;
  const server_options options;
  const std::int64_t since_ms;  ///< wall time
  frame_source frames;
  event_log events;
  loop_history history;
  recorder recording;
  serve_counts counts;

  /// What a client learns first: whom it watches, and what it may do.
  std::string meta(duration period) const {
    char host[256] = "";
    (void)::gethostname(host, sizeof host - 1);
    return json_writer().open('{').field("gyre", version_text).field("format", 1)
        .field("host", static_cast<const char*>(host)).field("pid", static_cast<long>(::getpid()))
        .field("program", program()).field("engine", options.title).field("since_ms", since_ms)
        .field("control", options.control).field("record", !options.record_folder.empty())
        .field("period_ms", to_ms(period)).close('}').take();
  }

 private:
  static std::string program() {
    char path[PATH_MAX];
    const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path);
    const std::string all(path, n > 0 ? static_cast<std::size_t>(n) : 0);
    return all.substr(all.find_last_of('/') + 1);
  }
};

}  // namespace http
}  // namespace v1
}  // namespace gyre

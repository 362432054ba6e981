// serve_options.hpp - what a server of an engine is asked to be, and what it has done.
// Room: edge. Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gyre/core/time.hpp>

namespace gyre {
inline namespace v1 {

/// How an engine is served. As it stands: to this machine alone, to who has the token, and nobody
/// can change anything.
struct server_options {
  std::string host = "127.0.0.1";  ///< the address to listen at
  std::uint16_t port = 7777;       ///< 0: any free one, which server::port() tells
  /// Who has it may watch, and steer where `control` is. Empty: 128 bits drawn anew. Else 16 to 128
  /// letters, digits, `-` or `_`.
  std::string token = {};
  bool control = false;       ///< take orders: pause, resume, trigger, stop, reconfigure ...
  bool allow_remote = false;  ///< `host` may be no loopback address; needs a token of one's own
  /// Further names, with port where it is not ours, by which browsers may call this server: of a
  /// proxy, or of this machine where `allow_remote`. Any other Host is refused.
  std::vector<std::string> names = {};
  std::string title = "engine";     ///< what the page calls this engine, 1 to 63 bytes
  std::string page = {};            ///< the page's file, gyre.html; empty: `page_bytes`
  std::string_view page_bytes = {};  ///< the page itself, outlives the server; empty: none
  std::string record_folder = {};   ///< where /v1/record may write; empty: nowhere
  std::uint64_t record_bytes = std::uint64_t{256} << 20;  ///< a recording ends at this size
  std::uint32_t clients = 16;       ///< streams at one time, 1 to 1,000; a further one gets 503
  /// A request has so long to come whole, an answer or a frame twice that to be taken; 0.1 to 60 s.
  duration patience = std::chrono::seconds(5);
  std::size_t history_bytes = std::size_t{16} << 20;  ///< of what /v1/history tells
  std::uint32_t metrics_loops = 200;  ///< loops with series of their own in /metrics
};

/// What a server did since it began.
struct server_stats {
  std::uint64_t connections = 0;  ///< accepted
  std::uint64_t refused = 0;      ///< of these for want of room
  std::uint64_t dropped = 0;      ///< of these too slow in sending or taking
  std::uint64_t requests = 0;     ///< answered
  std::uint64_t denied = 0;       ///< of these with 4xx: no token, a foreign origin, nonsense
  std::uint64_t orders = 0;       ///< that changed something
  std::uint64_t snapshots = 0;    ///< taken of the engine
  std::uint64_t serialized = 0;   ///< of these written as JSON, once for all clients
  std::uint64_t skipped = 0;      ///< not sent to a client that had not yet taken an older one
  std::uint32_t streams = 0;      ///< now
};

}  // namespace v1
}  // namespace gyre

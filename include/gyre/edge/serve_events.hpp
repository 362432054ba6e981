// serve_events.hpp - the engine's own events as a stream's text; the last are kept for late comers.
// Room: edge. Threads: one owner at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gyre/core/text.hpp>
#include <gyre/edge/json.hpp>
#include <gyre/engine/engine.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

/// Listens to gyre.> on the bus and numbers what comes. Keeps the last 256 events; the bus keeps
/// 1,024 that were not fetched yet, and drops the oldest first.
class event_log {
 public:
  static constexpr std::size_t most = 256;

  /// @param session tells this server's numbers from those of another run's
  event_log(engine& e, std::int64_t session) : engine_(e), session_(session) {
    subscription_options o;
    o.policy = overflow::drop_oldest;
    const auto made = engine_.subscribe("gyre.>", o);
    if (made) id_ = *made;  // else there is no room for one: nothing is told
  }
  ~event_log() {
    if (id_ != 0) (void)engine_.unsubscribe(id_);
  }
  event_log(const event_log&) = delete;
  event_log& operator=(const event_log&) = delete;

  /// Fetches what came since. @return how many; they are the last of text_after()
  std::size_t fetch() {
    std::size_t n = 0;
    owned_message m;
    for (; id_ != 0 && n < most && engine_.poll_message(id_, m); ++n) keep(m);
    return n;
  }
  /// Events behind that with number `after`, as they go into a stream.
  std::string text_after(std::uint64_t after) const {
    std::string out;
    for (const std::string& e : kept_) {
      if (first_ + static_cast<std::uint64_t>(&e - kept_.data()) > after) out += e;
    }
    return out;
  }
  std::uint64_t newest() const noexcept { return first_ + kept_.size() - 1; }
  /// How many behind `after` are no more to be had.
  std::uint64_t lost_after(std::uint64_t after) const noexcept {
    return after + 1 < first_ ? first_ - 1 - after : 0;
  }
  /// The number in an id of a stream's; 0: it is none of this session's.
  std::uint64_t number_in(std::string_view id) const {
    const std::string begin = join(session_, "-");
    if (!id.starts_with(begin) || id.size() > begin.size() + 18) return 0;
    std::uint64_t number = 0;
    for (const char c : id.substr(begin.size())) {
      if (c < '0' || c > '9') return 0;
      number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return number <= newest() ? number : 0;
  }

 private:
  void keep(const owned_message& m) {
    const std::string data = json_writer().open('{').field("topic", m.topic)
                                 .field("at_ms", to_ms(m.at)).field("seq", m.sequence)
                                 .field("source", m.source).field("text", clipped(m.text()))
                                 .close('}').take();
    if (kept_.size() == most) {
      kept_.erase(kept_.begin());
      ++first_;
    }
    const std::uint64_t number = newest() + 1;
    kept_.push_back(join("event: event\nid: ", session_, "-", number, "\ndata: ", data, "\n\n"));
  }

  engine& engine_;
  std::int64_t session_;
  std::uint32_t id_ = 0;
  std::uint64_t first_ = 1;  // number of the oldest that is kept
  std::vector<std::string> kept_;
};

}  // namespace http
}  // namespace v1
}  // namespace gyre

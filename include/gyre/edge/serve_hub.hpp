// serve_hub.hpp - one thread that reads from and writes to all connections, and waits for none.
// Room: edge. Threads: its own; accept() from any.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gyre/edge/serve_peer.hpp>
#include <gyre/edge/serve_rooms.hpp>
#include <gyre/edge/serve_workers.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

/// An address:port for people and events.
inline std::string remote_name(int fd) {
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  char text[INET6_ADDRSTRLEN] = "?";
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) return text;
  if (at.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&at);
    ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    return join(text, ":", ntohs(v4->sin_port));
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&at);
  ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
  return join("[", text, "]:", ntohs(v6->sin6_port));
}

/// Owns the connections: at most `clients` streams and 64 others.
class hub {
 public:
  /// A whole request's bytes and who sent it, to a response's bytes; called on a worker.
  using answerer =
      std::function<std::pair<std::string, http_answer>(const std::string&, const std::string&)>;
  static constexpr std::size_t others = 64;

  explicit hub(serve_rooms& rooms)
      : rooms_(rooms), bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~hub() { close(); }
  hub(const hub&) = delete;
  hub& operator=(const hub&) = delete;

  void open(answerer answers) {
    answers_ = std::move(answers);
    thread_ = std::thread([this] { run(); });
  }
  /// Tells the streams goodbye, and ends all connections. Nothing may be accepted any more.
  void close() {
    if (bell_ < 0) return;
    workers_.close();
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    ring();
    if (thread_.joinable()) thread_.join();
    for (const int fd : accepted_) ::close(fd);
    ::close(bell_);
    bell_ = -1;
  }
  /// Takes a socket over. Where there is no room for it, it is closed with 503.
  void accept(int fd) {
    ++rooms_.counts.connections;
    if (open_.fetch_add(1) >= others + rooms_.options.clients) {
      --open_;
      ++rooms_.counts.refused;
      constexpr std::string_view busy =
          "HTTP/1.1 503 Busy\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      (void)::send(fd, busy.data(), busy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      ::shutdown(fd, SHUT_WR);
      ::close(fd);
      return;
    }
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    {
      const std::lock_guard lock(mutex_);
      accepted_.push_back(fd);
    }
    ring();
  }

 private:
  static constexpr duration event_period = std::chrono::milliseconds(250);
  static constexpr duration beat_period = std::chrono::seconds(1);
  struct answered {
    std::shared_ptr<peer> to;
    std::string bytes;
    http_answer said;
  };

  void ring() const noexcept {
    const std::uint64_t one = 1;
    (void)!::write(bell_, &one, sizeof one);
  }
  static duration grid_after(duration now, duration period) noexcept {
    return (now / period + 1) * period;
  }

  void run() {
    bool last = false;
    while (!last) {
      wait();
      const duration now = monotonic_now();
      last = take_over(now);
      pass_time(now);
      std::erase_if(peers_, [this, now](const std::shared_ptr<peer>& p) {
        if (p->expire(now)) ++rooms_.counts.dropped;
        if (p->in() != peer::phase::gone) return false;
        --open_;
        return true;
      });
      count_streams();
    }
    for (const auto& p : peers_) {
      if (p->in() == peer::phase::streaming) p->note("event: bye\ndata: {}\n\n", monotonic_now());
    }
    peers_.clear();
  }
  /// Until a socket is ready, the bell rings, or something is due.
  void wait() {
    std::vector<pollfd> of{{bell_, POLLIN, 0}};
    duration next = std::min(next_beat_, next_event_);
    for (const auto& p : peers_) {
      of.push_back({p->fd(), p->wants(), 0});
      next = std::min(next, p->until());
      if (p->in() == peer::phase::streaming) next = std::min(next, p->place.due);
    }
    const duration left = std::clamp(next - monotonic_now(), duration(0), duration(beat_period));
    (void)::poll(of.data(), of.size(), static_cast<int>(left.count() / 1'000'000 + 1));
    std::uint64_t rung = 0;
    (void)!::read(bell_, &rung, sizeof rung);
    const duration now = monotonic_now();
    for (std::size_t i = 0; i + 1 < of.size(); ++i) {
      const std::shared_ptr<peer> p = peers_[i];
      const short got = of[i + 1].revents;
      if ((got & POLLIN) != 0) {
        const std::string_view request = p->receive(now);
        if (!request.empty()) ask(p, std::string(request));
      } else if ((got & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
        p->hang_up();
      }
      if ((got & POLLOUT) != 0) p->send(now);
    }
  }
  void ask(const std::shared_ptr<peer>& p, std::string request) {
    workers_.give([this, p, request = std::move(request)] {
      auto [bytes, said] = answers_(request, p->remote());
      ++rooms_.counts.requests;
      if (said.status >= 400 && said.status < 500) ++rooms_.counts.denied;
      {
        const std::lock_guard lock(mutex_);
        done_.push_back({p, std::move(bytes), std::move(said)});
      }
      ring();
    });
  }
  /// @return whether this is the end
  bool take_over(duration now) {
    std::vector<int> accepted;
    std::vector<answered> done;
    bool closing = false;
    {
      const std::lock_guard lock(mutex_);
      accepted.swap(accepted_);
      done.swap(done_);
      closing = closing_;
    }
    for (const int fd : accepted) {
      peers_.push_back(std::make_shared<peer>(fd, remote_name(fd), rooms_.options.patience, now));
    }
    for (answered& each : done) {
      peer& p = *each.to;
      if (p.in() == peer::phase::gone) continue;
      if (!each.said.streams) {
        p.answer(std::move(each.bytes), now);
      } else if (rooms_.counts.streams.load() >= rooms_.options.clients) {
        p.answer("HTTP/1.1 503 Busy\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0"
                 "\r\n\r\n", now);
        ++rooms_.counts.refused;
      } else {
        begin_stream(p, each.said.wish, now);
        count_streams();
      }
    }
    return closing;
  }
  void begin_stream(peer& p, const stream_wish& wish, duration now) {
    (void)rooms_.events.fetch();
    p.place.last_event = rooms_.events.number_in(wish.last);
    const std::uint64_t lost = wish.last.empty() ? 0 : rooms_.events.lost_after(p.place.last_event);
    p.stream(join("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store"
                  "\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\nretry: 1000\n"
                  "event: meta\ndata: ", rooms_.meta(wish.period), "\n\n"),
             wish, now);
    if (lost != 0) p.note(join("event: lost\ndata: {\"events\":", lost, "}\n\n"), now);
    p.note(rooms_.events.text_after(p.place.last_event), now);
    p.place.last_event = rooms_.events.newest();
    p.place.due = now;
  }
  void pass_time(duration now) {
    if (now >= next_event_) {
      next_event_ = grid_after(now, event_period);
      if (rooms_.recording.active()) {
        const auto f = rooms_.frames.get(event_period / 2);
        if (f != recorded_) rooms_.recording.add(f->json(), f->data());
        recorded_ = f;
      }
      tell_events(now);
    }
    if (now >= next_beat_) {
      next_beat_ = grid_after(now, beat_period);
      rooms_.history.add(rooms_.frames.get(beat_period / 2)->data());
      for (const auto& p : peers_) {
        if (p->in() == peer::phase::streaming) p->note("event: beat\ndata: {}\n\n", now);
      }
    }
    for (const auto& p : peers_) {
      if (p->in() != peer::phase::streaming || now < p->place.due) continue;
      p->place.due = grid_after(now, p->place.period);
      const auto f = rooms_.frames.get(std::chrono::milliseconds(20));
      if (f == p->place.last_frame) continue;
      if (p->offer({f, &text_for(*p, *f)}, now)) ++rooms_.counts.skipped;
      p->place.last_frame = f;
    }
  }
  /// What changed since the frame that this client has, where it wants that.
  static const std::string& text_for(peer& p, const frame& f) {
    if (!p.place.changes) return f.event();
    if (!p.waits()) p.place.base = p.place.last_frame;  // else that one never comes to it
    if (p.place.base == nullptr) return f.event();
    return f.change(*static_cast<const frame*>(p.place.base.get()));
  }
  void tell_events(duration now) {
    (void)rooms_.events.fetch();
    for (const auto& p : peers_) {
      const bool behind = p->place.last_event < rooms_.events.newest();
      if (p->in() != peer::phase::streaming || !behind) continue;
      p->note(rooms_.events.text_after(p->place.last_event), now);
      p->place.last_event = rooms_.events.newest();
    }
  }
  void count_streams() noexcept {
    rooms_.counts.streams = static_cast<std::uint32_t>(
        std::count_if(peers_.begin(), peers_.end(), [](const std::shared_ptr<peer>& p) {
          return p->in() == peer::phase::streaming;
        }));
  }

  serve_rooms& rooms_;
  int bell_;
  answerer answers_;
  std::mutex mutex_;
  std::vector<int> accepted_;    // under the mutex
  std::vector<answered> done_;   // under the mutex
  bool closing_ = false;         // under the mutex
  std::atomic<std::size_t> open_{0};
  std::vector<std::shared_ptr<peer>> peers_;  // the thread's
  std::shared_ptr<const frame> recorded_;
  duration next_beat_{0}, next_event_{0};
  std::thread thread_;
  serve_workers workers_;
};

}  // namespace http
}  // namespace v1
}  // namespace gyre

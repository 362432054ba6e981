// serve_peer.hpp - one connection: bounded in bytes and time, and never waited for.
// Room: edge. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gyre/core/text.hpp>
#include <gyre/core/time.hpp>
#include <gyre/edge/serve_request.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

/// What a request's head says of its body. `status` 0: nothing is wrong so far.
struct request_head {
  std::size_t bytes = 0;  ///< of the head; 0: it is not whole yet
  std::size_t body = 0;
  int status = 0;
};

/// Finds the end of the head, and takes out what this server has no use for and the HTTP library
/// would act on: ranges, compression, 100-continue.
inline request_head read_head(std::string& in, std::size_t longest, std::size_t longest_body) {
  request_head out;
  const std::size_t end = in.find("\r\n\r\n");
  if (std::min(end, in.size()) > longest) {
    out.status = 431;
    return out;
  }
  if (end == std::string::npos) return out;
  std::string kept = in.substr(0, in.find("\r\n") + 2);
  std::size_t lengths = 0;
  for (std::size_t at = kept.size(); at < end + 2;) {
    const std::size_t next = in.find("\r\n", at) + 2;
    const std::string_view line = std::string_view(in).substr(at, next - at);
    const std::string_view name = line.substr(0, line.find(':'));
    const std::string_view value = line.substr(std::min(line.size(), name.size() + 1));
    at = next;
    if (same_name(name, "Transfer-Encoding")) out.status = 411;
    if (same_name(name, "Content-Length")) {
      for (const char c : value) {
        const bool blank = c == ' ' || c == '\r' || c == '\n';
        if (!blank && (c < '0' || c > '9')) out.status = 400;
        if (!blank && out.body <= longest_body) out.body = out.body * 10 + (c - '0');
      }
      if (++lengths > 1) out.status = 400;
    }
    bool unused = false;
    for (const char* each : {"Range", "Accept-Encoding", "Expect"}) unused |= same_name(name, each);
    if (!unused) kept += line;
  }
  kept += "\r\n";
  if (out.status == 0 && out.body > longest_body) out.status = 413;
  in.replace(0, end + 4, kept);
  out.bytes = kept.size();
  return out;
}

/// Where a stream stands, for who feeds it.
struct stream_place {
  duration period{}, due{};                ///< of its snapshots
  std::uint64_t last_event = 0;            ///< number of the last that it was sent
  bool changes = false;                    ///< of loops it wants the changed alone
  std::shared_ptr<const void> last_frame;  ///< that it was offered
  std::shared_ptr<const void> base;        ///< the last that it began to take
};

/// One connection, from its first byte to its last. Its socket never blocks.
class peer {
 public:
  static constexpr std::size_t longest_head = 8192;
  static constexpr std::size_t longest_body = 16384;
  static constexpr std::size_t longest_notes = 256 << 10;

  enum class phase { asking, waiting, answering, streaming, leaving, gone };

  /// @param patience see server_options
  peer(int fd, std::string remote, duration patience, duration now)
      : fd_(fd), remote_(std::move(remote)), patience_(patience), until_(now + patience) {}
  ~peer() { ::close(fd_); }
  peer(const peer&) = delete;
  peer& operator=(const peer&) = delete;

  int fd() const noexcept { return fd_; }
  const std::string& remote() const noexcept { return remote_; }
  phase in() const noexcept { return phase_; }
  short wants() const noexcept {
    const bool sends = phase_ == phase::answering || (phase_ == phase::streaming && has_more());
    const bool reads = phase_ != phase::waiting && phase_ != phase::answering;
    return static_cast<short>((reads ? POLLIN : 0) | (sends ? POLLOUT : 0));
  }
  duration until() const noexcept { return until_; }
  /// Its time is over. @return whether that was its fault
  bool expire(duration now) {
    if (now < until_) return false;
    if (phase_ == phase::asking && !asked_.whole) {
      refuse(408, "the request took too long", now);
      return true;
    }
    const bool slow = phase_ == phase::answering || phase_ == phase::streaming;
    if (phase_ != phase::waiting) phase_ = phase::gone;
    return slow;
  }
  void hang_up() noexcept { phase_ = phase::gone; }

  /// What came. @return a whole request, once
  std::string_view receive(duration now) {
    char part[4096];
    for (;;) {
      const ssize_t n = ::recv(fd_, part, sizeof part, MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
      if (n <= 0) {
        phase_ = phase::gone;
        return {};
      }
      if (phase_ != phase::asking) continue;  // of no interest any more
      asked_.bytes.append(part, static_cast<std::size_t>(n));
      if (asked_.head.bytes == 0) asked_.head = read_head(asked_.bytes, longest_head, longest_body);
      if (asked_.head.status != 0) {
        refuse(asked_.head.status, "the request is too long, or has no length", now);
        return {};
      }
      const std::size_t all = asked_.head.bytes + asked_.head.body;
      if (asked_.head.bytes == 0 || asked_.bytes.size() < all) continue;
      asked_.bytes.resize(all);
      asked_.whole = true;
      phase_ = phase::waiting;
      until_ = duration::max();
      return asked_.bytes;
    }
  }
  /// Sends this and goes.
  void answer(std::string bytes, duration now) {
    own_ = std::move(bytes);
    sent_ = 0;
    phase_ = phase::answering;
    until_ = now + 2 * patience_;
    send(now);
  }
  /// Begins to stream. @param head the response's
  void stream(std::string head, const stream_wish& wish, duration now) {
    // Little of the system's, or a slow client would read what is long past.
    const int bytes = 128 << 10;
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    own_ = std::move(head);
    sent_ = 0;
    place.period = wish.period;
    place.changes = wish.changes;
    phase_ = phase::streaming;
    until_ = now + 2 * patience_;
    send(now);
  }
  /// A frame was offered that it has not begun to take.
  bool waits() const noexcept { return next_ != nullptr; }
  /// A frame, instead of one that it has not begun to take. @return whether it replaced one
  bool offer(std::shared_ptr<const std::string> frame, duration now) {
    const bool replaced = next_ != nullptr;
    next_ = std::move(frame);
    send(now);
    return replaced;
  }
  /// Little things in order. Who takes none of them is gone.
  void note(std::string_view text, duration now) {
    if (notes_.size() + text.size() > longest_notes) {
      phase_ = phase::gone;
      return;
    }
    notes_ += text;
    send(now);
  }
  /// As much as the socket takes.
  void send(duration now) {
    while (phase_ == phase::answering || phase_ == phase::streaming) {
      const std::string_view left = sending().substr(sent_);
      if (left.empty()) {
        if (!advance(now)) return;
        continue;
      }
      const ssize_t n = ::send(fd_, left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (n < 0) phase_ = phase::gone;
      if (n > 0) sent_ += static_cast<std::size_t>(n);
    }
  }

  stream_place place;

 private:
  struct asked {
    std::string bytes;
    request_head head;
    bool whole = false;
  };

  std::string_view sending() const noexcept {
    return frame_ != nullptr ? std::string_view(*frame_) : std::string_view(own_);
  }
  bool has_more() const noexcept {
    return sent_ < sending().size() || !notes_.empty() || next_ != nullptr;
  }
  /// What is sent next. @return false: nothing
  bool advance(duration now) {
    sent_ = 0;
    own_.clear();
    frame_.reset();
    if (phase_ == phase::answering) {
      leave(now);
      return false;
    }
    until_ = duration::max();
    if (notes_.empty() && next_ == nullptr) return false;
    until_ = now + 2 * patience_;
    if (!notes_.empty()) {
      own_.swap(notes_);
    } else {
      frame_ = std::move(next_);
      next_ = nullptr;
    }
    return true;
  }
  /// Ends our side and waits a little for the other's: closed while bytes wait that nobody read,
  /// the connection would be reset, and the answer lost with it.
  void leave(duration now) noexcept {
    ::shutdown(fd_, SHUT_WR);
    phase_ = phase::leaving;
    until_ = now + std::chrono::seconds(1);
  }
  void refuse(int status, std::string_view why, duration now) {
    const std::string body = refusal(status, why).body;
    answer(join("HTTP/1.1 ", status, " Refused\r\nConnection: close\r\nContent-Type: "
                "application/json\r\nContent-Length: ", body.size(), "\r\n\r\n", body),
           now);
  }

  const int fd_;
  const std::string remote_;
  const duration patience_;
  phase phase_ = phase::asking;
  duration until_;
  asked asked_;
  std::string own_;                           // being sent, where frame_ is not
  std::shared_ptr<const std::string> frame_;  // being sent
  std::size_t sent_ = 0;
  std::string notes_;
  std::shared_ptr<const std::string> next_;
};

}  // namespace http
}  // namespace v1
}  // namespace gyre

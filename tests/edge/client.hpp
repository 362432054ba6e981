// client.hpp - a client of the tests': plain sockets, so that it can misbehave.
// Room: tests/edge. Threads: one owner at a time.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <gyre/core/time.hpp>
#include <gyre/edge/serve.hpp>
#include <gyre/gyre.hpp>
#include <string>
#include <utility>
#include <vector>

namespace served {

using namespace std::chrono_literals;

inline const std::string token = "a-token-of-the-tests";

/// Long enough for a busy machine; nothing waits for it to pass.
inline constexpr gyre::duration at_most = 30s;

class client {
 public:
  explicit client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  client(client&& from) noexcept
      : fd_(std::exchange(from.fd_, -1)), connected_(from.connected_), got_(from.got_) {}
  client& operator=(client&&) = delete;
  ~client() {
    if (fd_ >= 0) ::close(fd_);
  }

  bool connected() const { return connected_; }
  int fd() const { return fd_; }
  bool send(const std::string& bytes) {
    std::size_t at = 0;
    while (at < bytes.size()) {
      const ssize_t n = ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (n <= 0) return false;
      at += static_cast<std::size_t>(n);
    }
    return true;
  }
  /// One read of at most `most` bytes. @return false: the other side closed, or time is over
  bool receive(std::size_t most = 65536, gyre::duration wait = at_most) {
    pollfd of{fd_, POLLIN, 0};
    if (::poll(&of, 1, static_cast<int>(wait / 1ms)) <= 0) return false;
    std::string part(most, '\0');
    const ssize_t n = ::recv(fd_, part.data(), part.size(), 0);
    if (n <= 0) return false;
    got_.append(part, 0, static_cast<std::size_t>(n));
    return true;
  }
  /// Until the other side closes.
  const std::string& all() {
    while (receive()) {
    }
    return got_;
  }
  /// Until `text` has come. @return whether it has
  bool until(const std::string& text) {
    while (got_.find(text) == std::string::npos) {
      if (!receive()) return false;
    }
    return true;
  }
  std::string& got() { return got_; }
  int status() const { return got_.size() < 12 ? 0 : std::atoi(got_.c_str() + 9); }
  std::string body() const {
    const std::size_t end = got_.find("\r\n\r\n");
    return end == std::string::npos ? std::string() : got_.substr(end + 4);
  }

 private:
  int fd_;
  bool connected_ = false;
  std::string got_;
};

using fields = std::vector<std::pair<std::string, std::string>>;

/// A request as a browser of the right page would send it; `more` replaces, or with "" removes.
inline std::string request(std::uint16_t port, const std::string& method, const std::string& path,
                           const fields& more = {}, const std::string& body = "") {
  fields all = {{"Host", gyre::join("127.0.0.1:", port)}, {"Authorization", "Bearer " + token}};
  if (method == "POST") {
    all.emplace_back("X-Gyre", "1");
    all.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    all.emplace_back("Content-Length", std::to_string(body.size()));
  }
  for (const auto& m : more) {
    std::erase_if(all, [&](const auto& h) { return h.first == m.first; });
    if (!m.second.empty()) all.push_back(m);
  }
  std::string out = method + " " + path + " HTTP/1.1\r\n";
  for (const auto& h : all) out += h.first + ": " + h.second + "\r\n";
  return out + "\r\n" + body;
}

/// Sends it on a connection of its own and reads the answer.
inline client ask(std::uint16_t port, const std::string& bytes) {
  client c(port);
  c.send(bytes);
  c.all();
  return c;
}
inline client get(std::uint16_t port, const std::string& path, const fields& more = {}) {
  return ask(port, request(port, "GET", path, more));
}
inline client post(std::uint16_t port, const std::string& path, const std::string& body,
                   const fields& more = {}) {
  return ask(port, request(port, "POST", path, more, body));
}

/// Waits until `holds`, as long as a busy machine needs.
template <class F>
bool eventually(F&& holds) {
  const gyre::duration end = gyre::monotonic_now() + at_most;
  while (!holds()) {
    if (gyre::monotonic_now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

/// Any free port, the tests' token, no page.
inline gyre::server_options options(bool control = false) {
  gyre::server_options o;
  o.port = 0;
  o.token = token;
  o.control = control;
  return o;
}

/// An engine of own threads with some loops, named l-0 and on.
struct world {
  gyre::engine engine{gyre::engine_options{.seed = 1}};
  explicit world(int loops = 3, gyre::duration interval = 20ms) {
    for (int i = 0; i < loops; ++i) {
      engine.add({.name = gyre::join("l-", i), .interval = interval, .knobs = {{"k", {1, 2}}}},
                 [](gyre::tick& t) { (void)t.reward(t.knob("k")); }).value();
    }
    engine.start().value();
  }
};

}  // namespace served

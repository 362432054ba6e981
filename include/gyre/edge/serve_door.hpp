// serve_door.hpp - cpp-httplib as a server uses it: it listens, reads requests, forms responses.
// Room: edge. Threads: answer() from any; accepted sockets are handed out on a thread of its own.
//
// Compile with what `pkg-config --cflags --libs cpp-httplib` says: its classes differ by it.
#pragma once

#include <httplib.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <gyre/core/result.hpp>
#include <gyre/edge/serve_request.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

/// A request that is wholly there, as the stream that the library reads, and what it writes. So it
/// never waits for a client. Without `override`: versions of the library ask for different ones.
class wire : public httplib::Stream {
 public:
  explicit wire(std::string_view in) : in_(in) {}
  std::string take() { return std::move(out_); }

  bool is_readable() const { return !in_.empty(); }
  bool is_writable() const { return true; }
  bool wait_readable() const { return is_readable(); }  // this and the next two from 0.19 on
  bool wait_writable() const { return true; }
  time_t duration() const { return 0; }
  ssize_t read(char* to, std::size_t size) {
    const std::size_t n = std::min(size, in_.size());
    std::memcpy(to, in_.data(), n);
    in_.remove_prefix(n);
    return static_cast<ssize_t>(n);
  }
  ssize_t write(const char* from, std::size_t size) {
    out_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const {}
  void get_local_ip_and_port(std::string&, int&) const {}
  socket_t socket() const { return -1; }  // none that the library would have to select

 private:
  std::string_view in_;
  std::string out_;
};

/// Listens, and hands out each socket that it accepted at once, whose owner is then the receiver.
/// Makes a response of each whole request.
class door : private httplib::Server {
 public:
  using refuser = std::function<std::optional<http_answer>(const http_request&)>;
  using answerer = std::function<http_answer(const http_request&)>;
  static constexpr std::size_t longest_body = 16384;
  static constexpr int backlog = 128;  ///< connections that wait to be accepted

  /// @param refuses is asked before the body is read @param answers is asked after it
  /// @param posts paths that take a POST
  door(refuser refuses, answerer answers, std::initializer_list<const char*> posts)
      : refuses_(std::move(refuses)), answers_(std::move(answers)) {
    new_task_queue = [] { return new at_once; };
    set_payload_max_length(longest_body);
    // Not the library's SO_REUSEPORT, with which two programs would share a port.
    set_socket_options([](socket_t s) {
      const int yes = 1;
      ::setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    set_default_headers({{"Cache-Control", "no-store"},
                         {"X-Content-Type-Options", "nosniff"},
                         {"Referrer-Policy", "no-referrer"},
                         {"Cross-Origin-Resource-Policy", "same-origin"},
                         {"Cross-Origin-Opener-Policy", "same-origin"}});
    set_pre_routing_handler([this](const httplib::Request& r, httplib::Response& out) {
      const http_request asked = plain(r);
      if (auto no = refuses_(asked)) {
        put(std::move(*no), out);
      } else if (asked.method == "POST" && posts_.count(asked.path) != 0) {
        return HandlerResponse::Unhandled;  // its body is read, then comes the handler below
      } else {
        put(answers_(asked), out);
      }
      return HandlerResponse::Handled;
    });
    for (const char* path : posts) {
      posts_.insert(path);
      Post(path, [this](const httplib::Request& r, httplib::Response& out) {
        put(answers_(plain(r)), out);
      });
    }
  }
  ~door() override { close(); }

  /// Takes an address. @param port 0: any free one. @return the port. IO: the system's reason.
  result<std::uint16_t> bind(const std::string& host, std::uint16_t port) {
    errno = 0;
    const int got = port == 0 ? bind_to_any_port(host) : bind_to_port(host, port) ? port : -1;
    if (got <= 0) {
      return fail(code::io, "cannot listen at ", host, ":", port, ": ",
                  errno != 0 ? std::strerror(errno) : "no such address");
    }
    (void)::listen(svr_sock_, backlog);  // the library's five would make browsers wait
    return static_cast<std::uint16_t>(got);
  }
  /// @param accepted is called on a thread of the door's, with a socket that is the callee's
  void open(std::function<void(int)> accepted) {
    accepted_ = std::move(accepted);
    thread_ = std::thread([this] { (void)listen_after_bind(); });
    while (!is_running()) std::this_thread::yield();  // until then stop() would do nothing
  }
  void close() {
    if (!thread_.joinable()) return;
    stop();
    thread_.join();
  }
  /// The response to a whole request: its bytes, and what was answered.
  std::pair<std::string, http_answer> answer(std::string_view request, const std::string& remote) {
    wire stream(request);
    http_answer said;
    said.status = 400;  // unless it can be read
    said_ = &said;
    remote_ = &remote;
    bool closed = false;
    process(*this, stream, remote, closed);
    said_ = nullptr;
    remote_ = nullptr;
    return {stream.take(), std::move(said)};
  }

 private:
  /// What the library would give to its threads is done by the one that accepts: it hands out.
  class at_once : public httplib::TaskQueue {
   public:
    using enqueued = decltype(std::declval<httplib::TaskQueue&>().enqueue({}));  // void, or bool
    enqueued enqueue(std::function<void()> f) override {
      f();
      return enqueued(true);
    }
    void shutdown() override {}
  };
  bool process_and_close_socket(socket_t s) override {
    accepted_(s);
    return true;
  }
  /// The library's function of 0.11, or that of later versions.
  template <class Self>
  static void process(Self& self, wire& stream, const std::string& remote, bool& closed) {
    if constexpr (requires { self.process_request(stream, true, closed, nullptr); }) {
      (void)self.process_request(stream, true, closed, nullptr);
    } else {
      (void)self.process_request(stream, remote, 0, remote, 0, true, closed, nullptr);
    }
  }
  static http_request plain(const httplib::Request& r) {
    http_request out;
    out.method = r.method;
    out.path = r.path;
    out.remote = *remote_;
    out.headers.assign(r.headers.begin(), r.headers.end());
    out.params.assign(r.params.begin(), r.params.end());
    return out;
  }
  static void put(http_answer given, httplib::Response& out) {
    out.status = given.status;
    for (const auto& h : given.headers) out.set_header(h.first, h.second);
    out.set_content(given.body, given.type);
    given.body.clear();
    *said_ = std::move(given);
  }

  refuser refuses_;
  answerer answers_;
  std::function<void(int)> accepted_;
  std::set<std::string> posts_;
  std::thread thread_;
  static inline thread_local http_answer* said_ = nullptr;      // of the request in answer()
  static inline thread_local const std::string* remote_ = nullptr;
};

}  // namespace http
}  // namespace v1
}  // namespace gyre

// serve.hpp - an engine in a browser: serves the page, a stream of snapshots, metrics, and orders.
// Room: edge. Threads: any.
//
// Needs cpp-httplib, 0.11 or later: compile with what `pkg-config --cflags --libs cpp-httplib`
// says. docs/serve.md has the addresses, the answers and what is refused.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <gyre/core/config.hpp>
#include <gyre/core/result.hpp>
#include <gyre/edge/serve_door.hpp>
#include <gyre/edge/serve_guard.hpp>
#include <gyre/edge/serve_hub.hpp>
#include <gyre/edge/serve_options.hpp>
#include <gyre/edge/serve_page.hpp>
#include <gyre/edge/serve_routes.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

/// A server's parts, in the order in which they hold together.
class serving {
 public:
  serving(engine& e, const server_options& o, served_page page)
      : page_(std::move(page)),
        rooms_(e, o),
        routes_(rooms_, guard_, page_),
        hub_(rooms_),
        door_([this](const http_request& r) { return guard_.refuses(r); },
              [this](const http_request& r) { return routes_.answer(r); },
              {"/v1/control", "/v1/record"}) {}
  ~serving() {
    door_.close();
    hub_.close();
  }
  serving(const serving&) = delete;
  serving& operator=(const serving&) = delete;

  result<void> open(std::string token) {
    const server_options& o = rooms_.options;
    GYRE_TRY(port, door_.bind(o.host, o.port));
    port_ = port;
    guard_ = guard(o, port, std::move(token));
    hub_.open([this](const std::string& request, const std::string& remote) {
      return door_.answer(request, remote);
    });
    door_.open([this](int fd) { hub_.accept(fd); });
    const bool v6 = o.host.find(':') != std::string::npos;
    url_ = join("http://", v6 ? "[" : "", o.host, v6 ? "]:" : ":", port, "/?token=",
                guard_.token());
    return ok;
  }
  const std::string& url() const noexcept { return url_; }
  std::uint16_t port() const noexcept { return port_; }
  server_stats stats() const noexcept {
    const serve_counts& c = rooms_.counts;
    return {c.connections, c.refused,  c.dropped,
            c.requests,    c.denied,   c.orders,
            rooms_.frames.taken(), rooms_.frames.written(), c.skipped,
            c.streams};
  }

 private:
  served_page page_;
  serve_rooms rooms_;
  guard guard_;
  routes routes_;
  hub hub_;
  door door_;
  std::string url_;
  std::uint16_t port_ = 0;
};

}  // namespace http

/// Serves an engine to browsers and to Prometheus:
///
///     gyre::server live(engine, {.port = 7777});
///     std::puts(live.url().c_str());
///
/// Who opens that address watches the engine; with `.control` also steers it. The engine never
/// waits for a client: a snapshot is taken for all of them at once, and takes at most 2 % of a
/// core. Four threads, which end with it. It must end before its engine does.
class server {
 public:
  /// As start(); a failure is thrown, or aborts where exceptions are off.
  explicit server(engine& e, server_options o = {})
      : server(std::move(*start(e, std::move(o)).value())) {}
  /// ARG: an option; IO: the address is taken, or the page's file cannot be read; FORMAT: that is
  /// not gyre's page.
  static result<std::unique_ptr<server>> start(engine& e, server_options o = {}) {
    GYRE_CHECK(check(o));
    GYRE_TRY(page, http::served_page::load(o));
    std::string token = o.token.empty() ? http::make_token() : o.token;
    auto made = std::make_unique<http::serving>(e, o, std::move(page));
    GYRE_CHECK(made->open(std::move(token)));
    return std::unique_ptr<server>(new server(std::move(made)));
  }
  server(server&&) noexcept = default;
  server& operator=(server&&) = delete;

  /// The address to open, its token included. Whoever has it may do what the server allows.
  const std::string& url() const noexcept { return serving_->url(); }
  std::uint16_t port() const noexcept { return serving_->port(); }
  server_stats stats() const noexcept { return serving_->stats(); }

 private:
  explicit server(std::unique_ptr<http::serving> made) : serving_(std::move(made)) {}

  static result<void> check(const server_options& o) {
    const bool local = o.host == "localhost" || o.host == "::1" || o.host.starts_with("127.");
    if (!local && !o.allow_remote) {
      return fail(code::arg, "host \"", clipped(o.host, 80), "\" can be reached from other "
                  "machines: allow_remote is to say that this is meant");
    }
    if (!local && o.token.empty()) {
      return fail(code::arg, "a server that others reach needs a token of yours");
    }
    if (!o.token.empty()) GYRE_CHECK(http::check_token(o.token));
    if (o.clients < 1 || o.clients > 1000) {
      return fail(code::arg, "clients ", o.clients, ": 1 to 1,000 are allowed");
    }
    if (o.patience < std::chrono::milliseconds(100) || o.patience > std::chrono::seconds(60)) {
      return fail(code::arg, "patience of ", to_text(to_ms(o.patience)),
                  " ms: 100 to 60,000 are allowed");
    }
    if (o.title.empty() || o.title.size() > 63) {
      return fail(code::arg, "title of ", o.title.size(), " bytes: 1 to 63 are allowed");
    }
    return ok;
  }

  std::unique_ptr<http::serving> serving_;
};

}  // namespace v1
}  // namespace gyre

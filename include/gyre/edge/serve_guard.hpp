// serve_guard.hpp - who may ask a server at all: host, origin, token, and the form of the request.
// Room: edge. Threads: constant once made.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gyre/core/text.hpp>
#include <gyre/edge/serve_options.hpp>
#include <gyre/edge/serve_request.hpp>
#include <gyre/edge/serve_token.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

/// Looks at a request before anything else does, its body included. A browser sends other sites'
/// requests here too, with the cookie where it may: Host keeps out names that were bound to this
/// address afterwards (DNS rebinding), Origin and a header of our own what other sites post.
class guard {
 public:
  guard() = default;
  guard(const server_options& o, std::uint16_t port, std::string token)
      : token_(std::move(token)), cookie_(join("gyre-", port)) {
    for (const char* local : {"127.0.0.1", "localhost", "[::1]"}) {
      hosts_.push_back(join(local, ":", port));
    }
    if (o.host != "0.0.0.0" && o.host != "::") {
      const bool v6 = o.host.find(':') != std::string::npos;
      hosts_.push_back(join(v6 ? "[" : "", o.host, v6 ? "]:" : ":", port));
    }
    for (const std::string& n : o.names) {
      hosts_.push_back(n);
      hosts_.push_back(join(n, ":", port));
    }
  }

  const std::string& token() const noexcept { return token_; }
  /// What makes a browser send the token from now on; scripts cannot read it.
  std::string set_cookie() const {
    return join(cookie_, "=", token_, "; HttpOnly; SameSite=Strict; Path=/");
  }

  /// Empty: go on.
  std::optional<http_answer> refuses(const http_request& r) const {
    const bool posts = r.method == "POST";
    if (!posts && !r.gets()) return refusal(405, join(r.method, ": only GET and POST are known"));
    if (r.count("Host") != 1 || !known(r.header("Host"))) {
      return refusal(403, join("Host \"", clipped(r.header("Host"), 80),
                               "\" is none of this server's: server_options::names"));
    }
    if (const std::string_view origin = r.header("Origin"); !origin.empty()) {
      const std::size_t at = origin.find("://");
      if (at == std::string_view::npos || !same_name(origin.substr(at + 3), r.header("Host"))) {
        return refusal(403, join("Origin \"", clipped(origin, 80), "\" is another site"));
      }
    }
    // A page of another site may link here, and do no more.
    if (r.header("Sec-Fetch-Site") == "cross-site" && !(r.gets() && r.path == "/")) {
      return refusal(403, "the request comes from another site");
    }
    if (!admits(r)) {
      return refusal(401, "no token, or a wrong one: open the address that the program told, or "
                          "send it as Authorization: Bearer");
    }
    if (posts) return refuses_body(r);
    return std::nullopt;
  }

 private:
  bool known(std::string_view host) const noexcept {
    for (const std::string& h : hosts_) {
      if (same_name(host, h)) return true;
    }
    return false;
  }
  bool admits(const http_request& r) const noexcept {
    constexpr std::string_view bearer = "Bearer ";
    const std::string_view given = r.header("Authorization");
    if (!given.empty()) {
      return given.starts_with(bearer) && same_token(given.substr(bearer.size()), token_);
    }
    // In the address only to begin with: from there it goes into logs and histories.
    const std::string* const named = r.gets() && r.path == "/" ? r.param("token") : nullptr;
    if (named != nullptr) return same_token(*named, token_);
    return same_token(cookie(r.header("Cookie"), cookie_), token_);
  }
  static std::optional<http_answer> refuses_body(const http_request& r) {
    if (r.header("X-Gyre") != "1") {
      return refusal(403, "a POST needs the header X-Gyre: 1, which no other site's page can send");
    }
    const std::string_view type = r.header("Content-Type");
    if (r.count("Content-Encoding") != 0 ||
        !(type.empty() || type.starts_with("application/x-www-form-urlencoded"))) {
      return refusal(415, "the body is to be application/x-www-form-urlencoded");
    }
    return std::nullopt;
  }

  std::string token_, cookie_;
  std::vector<std::string> hosts_;
};

}  // namespace http
}  // namespace v1
}  // namespace gyre

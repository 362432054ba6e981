// serve_request.hpp - what a server is asked, and what it answers, as plain values.
// Room: edge. Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gyre/core/time.hpp>
#include <gyre/edge/json.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

inline char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
inline bool same_name(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

/// A request as the HTTP library read it.
struct http_request {
  std::string method, path;
  std::string remote;                                         ///< address:port of who asks
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in any case
  std::vector<std::pair<std::string, std::string>> params;   ///< of the address, then the body

  std::size_t count(std::string_view header) const noexcept {
    std::size_t n = 0;
    for (const auto& h : headers) n += same_name(h.first, header) ? 1 : 0;
    return n;
  }
  /// The first of this name; empty: none.
  std::string_view header(std::string_view name) const noexcept {
    for (const auto& h : headers) {
      if (same_name(h.first, name)) return h.second;
    }
    return {};
  }
  const std::string* param(std::string_view name) const noexcept {
    for (const auto& p : params) {
      if (p.first == name) return &p.second;
    }
    return nullptr;
  }
  bool gets() const noexcept { return method == "GET" || method == "HEAD"; }
};

/// What a client of /v1/stream asks for.
struct stream_wish {
  duration period{};     ///< between two snapshots
  bool changes = false;  ///< of loops only those that changed
  std::string last;      ///< id of the last event it has; empty: none
};

/// An answer. With `streams` there is no body: the connection stays open for what comes.
struct http_answer {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool streams = false;
  stream_wish wish;
};

/// A refusal in the words of `why`.
inline http_answer refusal(int status, std::string_view why) {
  http_answer out;
  out.status = status;
  out.body = json_writer().open('{').field("error", why).close('}').take() + "\n";
  return out;
}
inline http_answer refusal(const error& why) {
  http_answer out;
  out.status = why.code == code::arg         ? 400
               : why.code == code::not_found ? 404
               : why.code == code::stale     ? 410
               : why.code == code::state     ? 409
               : why.code == code::timeout   ? 504
                                             : 500;
  out.body = json_writer().open('{').field("error", why.text).field("code", name(why.code))
                 .close('}').take() + "\n";
  return out;
}

}  // namespace http
}  // namespace v1
}  // namespace gyre

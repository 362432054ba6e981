// serve_page.hpp - the page as a server gives it: told that it is served, and by what policy.
// Room: edge. Threads: constant once made.
#pragma once

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include <gyre/core/result.hpp>
#include <gyre/edge/serve_options.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

/// gyre.html is one file that makes no request. Served, it may ask its own origin and nothing else.
class served_page {
 public:
  /// IO: the file cannot be read. FORMAT: it is not gyre's page.
  static result<served_page> load(const server_options& o) {
    served_page out;
    if (o.page.empty()) {
      out.html_ = o.page_bytes;
    } else {
      GYRE_TRY(text, read(o.page));
      out.html_ = std::move(text);
    }
    if (out.html_.empty()) return out;
    constexpr std::string_view nobody = "connect-src 'none'", itself = "connect-src 'self'",
                               root = "<html lang=\"en\">",
                               before = "Content-Security-Policy\" content=\"";
    const std::size_t policy = out.html_.find(before);
    const std::size_t tag = out.html_.find(root);
    const std::size_t from = policy + before.size();
    const std::size_t end = out.html_.find('"', std::min(from, out.html_.size()));
    const std::size_t asks = std::min(out.html_.find(nobody), out.html_.find(itself));
    if (policy == std::string::npos || tag > policy || asks < policy || asks > end) {
      return fail(code::format, o.page.empty() ? "page_bytes" : o.page, " is not gyre's page");
    }
    out.html_.replace(asks, itself.size(), itself);  // both are of one length
    out.policy_ = out.html_.substr(from, out.html_.find('"', from) - from);
    out.policy_ += "; frame-ancestors 'none'";
    out.html_.replace(tag, root.size(), "<html lang=\"en\" data-served>");
    return out;
  }

  const std::string& html() const noexcept { return html_; }  ///< empty: there is none
  const std::string& policy() const noexcept { return policy_; }

 private:
  static result<std::string> read(const std::string& path) {
    constexpr std::size_t most = std::size_t{16} << 20;
    std::FILE* const file = std::fopen(path.c_str(), "rbe");
    if (file == nullptr) return fail(code::io, "page \"", path, "\" cannot be read");
    std::string out;
    char part[65536];
    std::size_t n = 0;
    while (out.size() <= most && (n = std::fread(part, 1, sizeof part, file)) > 0) {
      out.append(part, n);
    }
    std::fclose(file);
    if (out.empty() || out.size() > most) {
      return fail(code::format, "page \"", path, "\" has ", out.size(), " bytes: 1 to ", most,
                  " are to be expected");
    }
    return out;
  }

  std::string html_, policy_;
};

}  // namespace http
}  // namespace v1
}  // namespace gyre

// serve.cpp - the bodies of gyre/serve.h, which say so where the library was built without them.
// Room: capi. Threads: as the header says; the owner's mutex guards its server.
#include <memory>
#include <string>

#include "objects.hpp"
#include "values.hpp"
#ifdef GYRE_CAPI_SERVES
#include <gyre/edge/serve.hpp>
#endif

namespace gyre::capi {

#ifdef GYRE_CAPI_SERVES

extern "C" const char gyre_page[], gyre_page_end[];  // the page: tools/embed.py

namespace {

result<std::shared_ptr<void>> serve(engine& e, const gyre_serve_options& o, std::string& url) {
  constexpr std::uint32_t known = GYRE_SERVE_CONTROL | GYRE_SERVE_ALLOW_REMOTE;
  if ((o.flags & ~known) != 0) return fail(code::unsupported, "flags: unknown ", o.flags & ~known);
  if (o.port > GYRE_SERVE_ANY_PORT) return wrong("port", o.port, "1 to 65535");
  server_options native;
  if (o.host) native.host = o.host;
  if (o.port != 0) native.port = static_cast<std::uint16_t>(o.port);  // any: 0
  native.token = text_of(o.token);
  native.control = (o.flags & GYRE_SERVE_CONTROL) != 0;
  native.allow_remote = (o.flags & GYRE_SERVE_ALLOW_REMOTE) != 0;
  if (o.title) {
    GYRE_CHECK(check_name(o.title, "title"));
    native.title = o.title;
  }
  native.page = text_of(o.page);
  native.page_bytes = {gyre_page, static_cast<std::size_t>(gyre_page_end - gyre_page)};
  native.record_folder = text_of(o.record_folder);
  if (o.clients != 0) native.clients = o.clients;
  GYRE_TRY(made, server::start(e, std::move(native)));
  url = made->url();
  return std::shared_ptr<void>(std::move(made));
}

}  // namespace

#else

namespace {

result<std::shared_ptr<void>> serve(engine&, const gyre_serve_options&, std::string&) {
  return fail(code::unsupported,
              "this library was built without its server: cpp-httplib was missing (Debian: "
              "libcpp-httplib-dev), the build was told -Dserve=disabled, or it was CMake's or "
              "pip's");
}

}  // namespace

#endif

}  // namespace gyre::capi

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_serve_start(gyre_engine engine, const gyre_serve_options* options, char* url,
                             uint32_t cap, uint32_t* needed, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    gyre_serve_options given{};
    if (options) {
      GYRE_TRY(o, checked(options, "options"));
      given = o;
    }
    const std::lock_guard<std::mutex> hold(owner->serving);
    if (owner->server) return fail(code::state, "this engine is served already");
    std::string address;
    GYRE_TRY(made, serve(*owner->engine, given, address));
    GYRE_CHECK(put_text(address, url, cap, needed));  // else it ends again
    owner->server = std::move(made);
    return ok;
  });
}

gyre_status gyre_serve_stop(gyre_engine engine, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_inside(engine, "gyre_serve_stop"));
    const std::lock_guard<std::mutex> hold(owner->serving);
    owner->server.reset();
    return ok;
  });
}

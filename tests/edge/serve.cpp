// serve.cpp - who is let in, what is refused with what status, and that a refusal changed nothing.
// Method: fault. A real server on 127.0.0.1; each request is wrong in one thing.
#include <nlohmann/json.hpp>
#include <string>

#include "catch.hpp"
#include "client.hpp"

namespace {

using namespace served;
using namespace std::string_literals;

/// What a GET must not change, nor anything that was refused.
std::string lasting(gyre::engine& e) {
  std::string out;
  for (const gyre::loop_stats& l : e.snapshot().loops) {
    const bool on = l.state != gyre::loop_state::paused && l.state != gyre::loop_state::stopped;
    out += gyre::join(l.name, on ? " on " : " off ", l.configured_ms, "\n");
  }
  return out + (e.running() ? "runs" : "stands");
}

}  // namespace

TEST_CASE("who has the token sees, who has not is refused", "[serve]") {
  world w;
  gyre::server live(w.engine, options());
  const std::uint16_t port = live.port();
  CHECK(get(port, "/v1/snapshot").status() == 200);
  CHECK(get(port, "/v1/snapshot", {{"Authorization", ""}}).status() == 401);
  CHECK(get(port, "/v1/snapshot", {{"Authorization", "Bearer " + token.substr(1)}}).status() ==
        401);
  CHECK(get(port, "/v1/snapshot", {{"Authorization", "Basic " + token}}).status() == 401);
  CHECK(get(port, "/v1/snapshot", {{"Authorization", "Bearer " + token + "x"}}).status() == 401);
  // In the address it opens the page and nothing else; from then on the cookie does.
  CHECK(get(port, "/v1/snapshot?token=" + token, {{"Authorization", ""}}).status() == 401);
  CHECK(get(port, "/?token=wrong", {{"Authorization", ""}}).status() == 401);
  const client opened = get(port, "/?token=" + token, {{"Authorization", ""}});
  CHECK(opened.status() == 200);
  const std::string cookie = gyre::join("gyre-", port, "=", token);
  client copy = get(port, "/?token=" + token, {{"Authorization", ""}});
  CHECK(copy.got().find("Set-Cookie: " + cookie + "; HttpOnly; SameSite=Strict; Path=/\r\n") !=
        std::string::npos);
  const auto with_cookie = [&](const std::string& c) {
    return get(port, "/v1/snapshot", {{"Authorization", ""}, {"Cookie", c}}).status();
  };
  CHECK(with_cookie("a=b; " + cookie) == 200);
  CHECK(with_cookie(cookie + "0") == 401);
  for (const char* path :
       {"/", "/v1/stream", "/v1/history", "/v1/histogram", "/v1/recall", "/v1/record", "/metrics",
        "/healthz"}) {
    CHECK(get(port, path, {{"Authorization", ""}}).status() == 401);
  }
  CHECK(live.url() == gyre::join("http://127.0.0.1:", port, "/?token=", token));
}

TEST_CASE("a token of its own has 128 bits, and another server another", "[serve]") {
  world w;
  gyre::server_options o = options();
  o.token.clear();
  gyre::server one(w.engine, o), two(w.engine, o);
  const auto token_of = [](const gyre::server& s) { return s.url().substr(s.url().find('=') + 1); };
  CHECK(token_of(one).size() == 32);
  CHECK(token_of(one) != token_of(two));
  CHECK(one.port() != two.port());
}

TEST_CASE("names that point here, and other sites, are refused", "[serve]") {
  world w;
  gyre::server_options o = options(true);
  o.names = {"engine.example"};
  gyre::server live(w.engine, o);
  const std::uint16_t port = live.port();
  const std::string order = "action=pause&pattern=*";
  const std::string before = lasting(w.engine);
  for (const std::string host :
       {"evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil:7777"}) {
    CHECK(get(port, "/v1/snapshot", {{"Host", host}}).status() == 403);
    CHECK(post(port, "/v1/control", order, {{"Host", host}}).status() == 403);
  }
  CHECK(get(port, "/v1/snapshot", {{"Host", ""}}).status() == 403);
  const std::string ours = gyre::join("localhost:", port);
  CHECK(get(port, "/v1/snapshot", {{"Host", ours}}).status() == 200);
  CHECK(get(port, "/v1/snapshot", {{"Host", "engine.example"}}).status() == 200);
  for (const std::string origin : {"http://evil.example", "null", "http://127.0.0.1", "file://"}) {
    CHECK(get(port, "/v1/snapshot", {{"Origin", origin}}).status() == 403);
    CHECK(post(port, "/v1/control", order, {{"Origin", origin}}).status() == 403);
  }
  CHECK(get(port, "/v1/snapshot", {{"Sec-Fetch-Site", "cross-site"}}).status() == 403);
  CHECK(get(port, "/", {{"Sec-Fetch-Site", "cross-site"}}).status() == 200);
  // What a form of another site can send lacks our header.
  CHECK(post(port, "/v1/control", order, {{"X-Gyre", ""}}).status() == 403);
  const std::string own = gyre::join("http://127.0.0.1:", port);
  client allowed = get(port, "/v1/snapshot", {{"Origin", own}});
  CHECK(allowed.status() == 200);
  CHECK(allowed.got().find("Access-Control") == std::string::npos);
  CHECK(lasting(w.engine) == before);
  CHECK(live.stats().orders == 0);
}

TEST_CASE("requests that are too long, or no requests, are refused", "[serve]") {
  world w;
  gyre::server live(w.engine, options(true));
  const std::uint16_t port = live.port();
  const std::string before = lasting(w.engine);
  const std::string order = "action=pause&pattern=*";
  CHECK(get(port, "/v1/snapshot", {{"X-Long", std::string(9000, 'x')}}).status() == 431);
  CHECK(ask(port, std::string(9000, 'x')).status() == 431);
  CHECK(get(port, "/" + std::string(8300, 'x')).status() == 431);
  CHECK(get(port, "/" + std::string(7900, 'x')).status() == 404);
  CHECK(post(port, "/v1/control", std::string(20000, 'x')).status() == 413);
  const auto with = [&](const char* name, const char* value) {
    return post(port, "/v1/control", order, {{name, value}}).status();
  };
  CHECK(with("Content-Length", "99999999999999999999") == 413);
  CHECK(with("Content-Length", "-1") == 400);
  CHECK(with("Transfer-Encoding", "chunked") == 411);
  CHECK(with("Content-Encoding", "gzip") == 415);
  CHECK(with("Content-Type", "multipart/form-data; boundary=a") == 415);
  CHECK(with("Content-Type", "text/plain") == 415);
  for (const std::string& garbage :
       {"\0\xff\xfe\x80"s, "{\"action\":\"pause\"}"s, "%%%=%"s, "&&&==&"s, "action=pause"s,
        "action=&pattern=*"s, "action=explode&pattern=*"s, "action=pause&action=stop&pattern=*"s,
        "action=throttle&pattern=*&factor=nan"s, "action=reconfigure&pattern=*&interval_ms=1e999"s,
        ""s}) {
    CAPTURE(garbage);
    CHECK(post(port, "/v1/control", garbage).status() == 400);
  }
  CHECK(ask(port, "\r\n\r\n").status() == 400);
  CHECK(ask(port, "GET / HTTP/9.9\r\n\r\n").status() == 400);
  CHECK(ask(port, request(port, "PUT", "/v1/control")).status() == 405);
  CHECK(ask(port, request(port, "OPTIONS", "/v1/control")).status() == 405);
  CHECK(post(port, "/v1/snapshot", order).status() == 405);
  CHECK(get(port, "/v1/control?" + order).status() == 405);
  CHECK(get(port, "/v1/snapshot?" + order).status() == 200);
  CHECK(get(port, "/etc/passwd").status() == 404);
  CHECK(get(port, "/../../etc/passwd").status() == 404);
  CHECK(get(port, "/v1/stream?hz=1000").status() == 400);
  CHECK(get(port, "/v1/history?points=1e9").status() == 400);
  CHECK(get(port, "/v1/recall?limit=0").status() == 400);
  CHECK(get(port, "/v1/histogram").status() == 400);
  CHECK(get(port, "/v1/histogram?loop=none").status() == 404);
  CHECK(get(port, "/v1/snapshot", {{"Range", "bytes=0-1,2-3"}, {"Accept-Encoding", "gzip, br"}})
            .status() == 200);
  CHECK(lasting(w.engine) == before);
  CHECK(live.stats().orders == 0);
}

TEST_CASE("what is remembered is found by a part of its text, the newest first", "[serve]") {
  world w;
  gyre::server live(w.engine, options());
  for (int i = 0; i < 40; ++i) {
    REQUIRE(w.engine.remember({.text = gyre::join("Order ", i, i % 2 == 0 ? " \"paid\"" : " open"),
                               .source = "shop"}));
  }
  const auto found = [&](const std::string& query) {
    client c = get(live.port(), "/v1/recall" + query);
    CHECK(c.status() == 200);
    return nlohmann::json::parse(c.body());
  };
  const auto paid = found("?text=ORDER%203&limit=3");
  REQUIRE(paid.size() == 3);
  CHECK(paid[0]["text"] == "Order 39 open");
  CHECK(paid[1]["text"] == "Order 38 \"paid\"");
  CHECK(paid[0]["source"] == "shop");
  CHECK(found("?text=nobody").empty());
  CHECK(found("").size() == 40);
}

TEST_CASE("a server says at once what is wrong with its options", "[serve]") {
  world w;
  const auto text = [&](auto change) {
    gyre::server_options o = options();
    change(o);
    const auto made = gyre::server::start(w.engine, o);
    return made ? std::string("made") : gyre::join(name(made.code()), " ", made.error().text);
  };
  CHECK(text([](auto& o) { o.host = "0.0.0.0"; }).find("ARG host \"0.0.0.0\"") == 0);
  CHECK(text([](auto& o) { o.host = "0.0.0.0"; o.allow_remote = true; o.token = ""; })
            .find("ARG a server that others reach needs a token") == 0);
  CHECK(text([](auto& o) { o.host = "0.0.0.0"; o.allow_remote = true; }) == "made");
  CHECK(text([](auto& o) { o.token = "short"; }).find("ARG token of 5 bytes") == 0);
  CHECK(text([](auto& o) { o.token = "sixteen bytes; x"; }).find("ARG token") == 0);
  CHECK(text([](auto& o) { o.clients = 0; }).find("ARG clients 0") == 0);
  CHECK(text([](auto& o) { o.title = ""; }).find("ARG title") == 0);
  CHECK(text([](auto& o) { o.page = "no/such/file"; }).find("IO page") == 0);
  CHECK(text([](auto& o) { o.page_bytes = "<p>other"; }).find("FORMAT page_bytes") == 0);
  gyre::server first(w.engine, options());
  CHECK(text([&](auto& o) { o.port = first.port(); }).find("IO cannot listen at 127.0.0.1:") == 0);
}

TEST_CASE("the page is told that it is served, and may ask this origin only", "[serve]") {
  world w;
  gyre::server_options o = options();
  o.page = "web-demo/gyre.html";
  gyre::server live(w.engine, o);
  client page = get(live.port(), "/");
  CHECK(page.body().find("<html lang=\"en\" data-served>") != std::string::npos);
  CHECK(page.body().find("connect-src 'none'") == std::string::npos);
  const std::size_t at = page.got().find("\r\nContent-Security-Policy: ");
  REQUIRE(at != std::string::npos);
  const std::string policy = page.got().substr(at + 27, page.got().find("\r\n", at + 2) - at - 27);
  CHECK(policy.find("default-src 'none'; script-src 'sha256-") == 0);
  CHECK(policy.find("connect-src 'self'") != std::string::npos);
  CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
  CHECK(policy.find("unsafe-inline") == std::string::npos);
}

TEST_CASE("health says who is not well, and with what status", "[serve]") {
  world w;
  gyre::server live(w.engine, options());
  CHECK(get(live.port(), "/healthz").status() == 200);
  w.engine.add({.name = "ill", .interval = 5ms}, [](gyre::tick& t) { t.fail("so ill"); }).value();
  REQUIRE(eventually([&] { return w.engine.find("ill")->stats()->metrics.streak >= 3; }));
  REQUIRE(eventually([&] { return get(live.port(), "/healthz").status() == 503; }));
  const auto said = nlohmann::json::parse(get(live.port(), "/healthz").body());
  CHECK(said["failing"] == nlohmann::json::array({"ill"}));
  CHECK(said["ok"] == false);
}

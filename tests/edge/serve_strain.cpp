// serve_strain.cpp - what clients may do to a server, and what the engine notices of it: nothing.
// Method: fault. Clients by the thousand, slow ones, silent ones; the engine's ticks are counted.
#include <sys/resource.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "client.hpp"

namespace {

using namespace served;

gyre::server_options impatient() {
  gyre::server_options o = options();
  o.patience = 1s;
  return o;
}

/// So many files may be open; at most what the system lets.
std::size_t allow_files(rlim_t wanted) {
  rlimit most{};
  ::getrlimit(RLIMIT_NOFILE, &most);
  most.rlim_cur = std::min(std::max(most.rlim_cur, wanted), most.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &most);
  return most.rlim_cur;
}

/// How many ticks the engine had, compared with an equal one beside it that nobody asks anything:
/// whatever the machine does besides, it does to both.
class punctuality {
 public:
  explicit punctuality(world& w, int loops = 3)
      : world_(w), beside_(loops), ticks_(of(w)), others_(of(beside_)) {}
  double ratio() {
    return static_cast<double>(of(world_) - ticks_) / static_cast<double>(others());
  }
  std::uint64_t others() { return of(beside_) - others_; }

 private:
  static std::uint64_t of(world& w) { return w.engine.find("l-0")->stats()->metrics.cycles; }
  world& world_;
  world beside_;
  std::uint64_t ticks_, others_;
};

}  // namespace

TEST_CASE("of a thousand connections most are refused, and the engine goes on", "[serve]") {
  world w;
  gyre::server live(w.engine, impatient());
  const std::uint16_t port = live.port();
  const std::size_t many = std::min<std::size_t>(1000, allow_files(2500) / 2 - 50);
  punctuality engine(w);
  std::vector<client> all;
  for (std::size_t i = 0; i < many; ++i) all.emplace_back(port);
  for (client& c : all) CHECK(c.connected());
  REQUIRE(eventually([&] { return live.stats().connections == many; }));
  CHECK(live.stats().refused > many / 2);
  // There is room for 64 and 16 streams; who says nothing is told so, and there is room again.
  REQUIRE(eventually([&] { return live.stats().dropped + live.stats().refused == many; }));
  CHECK(eventually([&] { return get(port, "/v1/snapshot").status() == 200; }));
  std::size_t told = 0;
  for (client& c : all) {
    c.all();
    told += c.status() == 408 || c.status() == 503 ? 1 : 0;
  }
  CHECK(told >= 80);
  CHECK(engine.ratio() > 0.8);
}

TEST_CASE("of requests that are refused, one after the other, the engine notices nothing",
          "[serve]") {
  world w;
  gyre::server live(w.engine, options(true));
  const std::uint16_t port = live.port();
  const std::string order = "action=stop&pattern=*", garbage = "%%%=%\xff\xfe";
  punctuality engine(w);
  for (std::uint64_t rounds = 0; rounds < 50 || engine.others() < 50; ++rounds) {
    CHECK(post(port, "/v1/control", order, {{"Authorization", ""}}).status() == 401);
    CHECK(post(port, "/v1/control", order, {{"Authorization", "Bearer wrong"}}).status() == 401);
    CHECK(post(port, "/v1/control", order, {{"Host", "evil.example"}}).status() == 403);
    CHECK(post(port, "/v1/control", order, {{"Origin", "http://evil.example"}}).status() == 403);
    CHECK(post(port, "/v1/control", order, {{"X-Long", std::string(9000, 'x')}}).status() == 431);
    CHECK(post(port, "/v1/control", garbage).status() == 400);
  }
  CHECK(engine.ratio() > 0.8);
  CHECK(live.stats().orders == 0);
}

TEST_CASE("one stream too many gets 503, until another ends", "[serve]") {
  world w;
  gyre::server_options o = options();
  o.clients = 2;
  gyre::server live(w.engine, o);
  const std::string wish = request(live.port(), "GET", "/v1/stream");
  std::vector<client> two;
  for (int i = 0; i < 2; ++i) {
    two.emplace_back(live.port());
    two.back().send(wish);
    REQUIRE(two.back().until("event: snapshot"));
  }
  CHECK(ask(live.port(), wish).status() == 503);
  two.pop_back();
  CHECK(eventually([&] {
    client c(live.port());
    c.send(wish);
    return c.until("event: snapshot");
  }));
}

TEST_CASE("a client that reads a byte a second is dropped, and others see the newest", "[serve]") {
  world w(200);  // a snapshot is larger than what the system keeps for a socket that nobody reads
  gyre::server live(w.engine, impatient());
  const std::uint16_t port = live.port();
  punctuality engine(w, 200);
  client slow(port), quick(port);
  const int little = 2048;
  ::setsockopt(slow.fd(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
  for (client* c : {&slow, &quick}) c->send(request(port, "GET", "/v1/stream?hz=20"));
  REQUIRE(slow.until("HTTP/1.1 200"));
  const gyre::duration begin = gyre::monotonic_now();
  gyre::duration last = begin;
  while (live.stats().dropped == 0 && gyre::monotonic_now() < begin + at_most) {
    quick.got().clear();
    REQUIRE(quick.until("event: snapshot"));
    if (gyre::monotonic_now() > last + 1s) {
      last = gyre::monotonic_now();
      REQUIRE(slow.receive(1));
    }
  }
  CHECK(live.stats().dropped == 1);
  CHECK(live.stats().streams == 1);
  CHECK(engine.ratio() > 0.8);
}

TEST_CASE("who reads slowly gets the newest frame, whole, not the ones before it", "[serve]") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
  gyre::http::peer p(ends[0], "here", 1s, 0s);
  p.stream("head", {}, 0s);
  const auto frame_of = [](char c) {
    return std::make_shared<const std::string>(std::size_t{4} << 20, c);
  };
  CHECK_FALSE(p.offer(frame_of('a'), 0s));  // more than the system takes: it waits in the middle
  CHECK_FALSE(p.offer(frame_of('b'), 0s));
  CHECK(p.offer(frame_of('c'), 0s));
  p.note("note", 0s);
  CHECK((p.wants() & POLLOUT) != 0);
  std::string got(65536, '\0'), all;
  for (ssize_t n = 0; (n = ::recv(ends[1], got.data(), got.size(), 0)) > 0; p.send(0s)) {
    all.append(got, 0, static_cast<std::size_t>(n));
  }
  CHECK(all == "head" + *frame_of('a') + "note" + *frame_of('c'));
  CHECK(p.in() == gyre::http::peer::phase::streaming);
  CHECK_FALSE(p.expire(100s));  // nothing to take: no fault
  CHECK_FALSE(p.offer(frame_of('d'), 100s));
  CHECK_FALSE(p.expire(101s));
  CHECK(p.expire(102s));
  CHECK(p.in() == gyre::http::peer::phase::gone);
  ::close(ends[1]);
}

TEST_CASE("a request that comes a byte at a time is cut off, and nobody waits for it", "[serve]") {
  world w;
  gyre::server live(w.engine, impatient());
  const std::uint16_t port = live.port();
  client slow(port);
  const std::string bytes = request(port, "GET", "/v1/snapshot");
  std::size_t at = 0;
  for (; live.stats().dropped == 0 && at < bytes.size(); ++at) {
    if (!slow.send(bytes.substr(at, 1))) break;
    REQUIRE(get(port, "/v1/snapshot").status() == 200);
    std::this_thread::sleep_for(100ms);
  }
  CHECK(at < bytes.size());
  slow.all();
  CHECK(slow.status() == 408);
}

TEST_CASE("clients that vanish in the middle leave nothing", "[serve]") {
  world w;
  gyre::server live(w.engine, options());
  const std::uint16_t port = live.port();
  for (int i = 0; i < 200; ++i) {
    client c(port);
    const std::string wish = request(port, "GET", i % 2 == 0 ? "/v1/stream?hz=20" : "/v1/snapshot");
    c.send(wish.substr(0, i % 5 == 0 ? wish.size() / 2 : wish.size()));
    if (i % 3 == 0 && i % 5 != 0) (void)c.receive(10);
  }
  CHECK(eventually([&] { return live.stats().streams == 0; }));
  CHECK(get(port, "/v1/snapshot").status() == 200);
}

TEST_CASE("servers come and go while others ask and the engine runs", "[serve]") {
  world w;
  for (int i = 0; i < 10; ++i) {
    gyre::server live(w.engine, options(true));
    std::vector<client> all;
    for (int k = 0; k < 5; ++k) {
      all.emplace_back(live.port());
      all.back().send(request(live.port(), "GET", k % 2 == 0 ? "/v1/stream?hz=20" : "/metrics"));
    }
    all.emplace_back(live.port());
    all.back().send(request(live.port(), "POST", "/v1/control", {}, "action=trigger&pattern=*"));
    if (i % 2 == 0) (void)all.back().receive();
  }
  CHECK(w.engine.running());
}

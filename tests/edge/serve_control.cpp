// serve_control.cpp - each order changes the engine as its own call would, and says what it did.
// Method: model. What the engine's own snapshot says afterwards.
#include <atomic>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "catch.hpp"
#include "client.hpp"

namespace {

using namespace served;
using nlohmann::json;

gyre::loop_stats stats_of(world& w, const char* name) {
  return w.engine.find(name)->stats().value();
}
/// What it answered, or its error.
json order(gyre::server& s, const std::string& body, int status = 200) {
  client c = post(s.port(), "/v1/control", body);
  CAPTURE(body, c.body());
  CHECK(c.status() == status);
  return json::parse(c.body());
}

}  // namespace

TEST_CASE("orders are refused unless they are allowed", "[serve]") {
  world w;
  gyre::server live(w.engine, options());
  CHECK(order(live, "action=pause&pattern=*", 403)["error"].get<std::string>().find(
            "server_options::control") != std::string::npos);
  CHECK(stats_of(w, "l-0").state != gyre::loop_state::paused);
}

TEST_CASE("each order does what its call does", "[serve]") {
  world w;
  gyre::server live(w.engine, options(true));
  using gyre::loop_state;
  CHECK(order(live, "action=pause&loop=l-0")["loops"] == 1);
  CHECK(stats_of(w, "l-0").state == loop_state::paused);
  CHECK(stats_of(w, "l-1").state != loop_state::paused);
  CHECK(order(live, "action=pause&pattern=l-*")["loops"] == 3);
  CHECK(order(live, "action=resume&pattern=l-%3F")["loops"] == 3);
  CHECK(stats_of(w, "l-0").state != loop_state::paused);
  CHECK(order(live, "action=stop&loop=l-2")["loops"] == 1);
  CHECK(stats_of(w, "l-2").state == loop_state::paused);
  CHECK(order(live, "action=trigger&loop=l-2", 409)["code"] == "STATE");
  CHECK(order(live, "action=trigger&pattern=l-%5B01%5D", 404)["code"] == "NOT_FOUND");
  CHECK(order(live, "action=resume&loop=l-2")["loops"] == 1);
  CHECK(order(live, "action=throttle&pattern=*&factor=3")["done"] == "throttle * x3");
  CHECK(stats_of(w, "l-1").interval_ms == 60);
  CHECK(order(live, "action=throttle&loop=l-1&factor=1")["loops"] == 1);
  CHECK(stats_of(w, "l-1").interval_ms == 20);
  CHECK(order(live, "action=throttle&loop=l-1&factor=0.5", 400)["code"] == "ARG");
  CHECK(order(live, "action=reconfigure&loop=l-1&interval_ms=40&timeout_ms=500")["done"] ==
        "reconfigure l-1 interval 40 ms timeout 500 ms");
  CHECK(stats_of(w, "l-1").configured_ms == 40);
  CHECK(order(live, "action=reconfigure&pattern=l-*&mode=frozen")["loops"] == 3);
  CHECK(order(live, "action=reconfigure&loop=l-1&interval_ms=-4", 400)["code"] == "ARG");
  CHECK(order(live, "action=reconfigure&loop=l-1&mode=wild", 400)["error"] ==
        "mode is tune, observe or frozen");
  CHECK(stats_of(w, "l-1").configured_ms == 40);
  CHECK(order(live, "action=engine_stop")["loops"] == 0);
  CHECK_FALSE(w.engine.running());
  CHECK(get(live.port(), "/healthz").status() == 503);
  CHECK(order(live, "action=engine_start")["done"] == "engine_start");
  CHECK(w.engine.running());
}

// A recording began with what a snapshot said that another client's request had let go meanwhile.
TEST_CASE("a recording may begin while others take snapshots", "[serve]") {
  world w;
  gyre::server_options o = options(true);
  o.record_folder = "/no-such-folder";
  gyre::http::serve_rooms rooms(w.engine, o);
  const gyre::http::guard door;
  const gyre::http::served_page page;
  const gyre::http::routes routes(rooms, door, page);
  std::atomic<bool> over{false};
  std::thread others([&] {
    while (!over) {
      rooms.frames.expire();
      (void)rooms.frames.get(0ms);
    }
  });
  gyre::http::http_request start;
  start.method = "POST";
  start.path = "/v1/record";
  start.params = {{"action", "start"}};
  for (int i = 0; i < 500; ++i) {
    if (routes.answer(start).status != 500) FAIL("another answer than that there is no folder");
  }
  over = true;
  others.join();
}

TEST_CASE("a trigger runs a tick besides those of the grid", "[serve]") {
  world w(1, 10s);
  gyre::server live(w.engine, options(true));
  const std::uint64_t before = stats_of(w, "l-0").metrics.cycles;
  CHECK(order(live, "action=trigger&pattern=*")["loops"] == 1);
  CHECK(eventually([&] { return stats_of(w, "l-0").metrics.cycles > before; }));
}

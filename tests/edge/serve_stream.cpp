// serve_stream.cpp - what a watcher is sent: once taken for all, the newest, and nothing twice.
// Method: property. Real servers and clients; what is asked for is counted on both sides.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "client.hpp"

namespace {

using namespace served;
using nlohmann::json;

struct event {
  std::string name, id;
  json data;
};

/// The whole events that a stream has sent so far.
std::vector<event> events(const std::string& got) {
  std::vector<event> out;
  std::size_t at = got.find("\r\n\r\n");
  if (at == std::string::npos) return out;
  for (at += 4;;) {
    const std::size_t end = got.find("\n\n", at);
    if (end == std::string::npos) return out;
    event e;
    for (std::size_t line = at; line < end;) {
      const std::size_t stop = std::min(got.find('\n', line), end);
      const std::string text = got.substr(line, stop - line);
      if (text.rfind("event: ", 0) == 0) e.name = text.substr(7);
      if (text.rfind("id: ", 0) == 0) e.id = text.substr(4);
      if (text.rfind("data: ", 0) == 0) e.data = json::parse(text.substr(6));
      line = stop + 1;
    }
    out.push_back(std::move(e));
    at = end + 2;
  }
}

std::vector<event> named(const std::string& got, const std::string& name) {
  std::vector<event> out;
  for (event& e : events(got)) {
    if (e.name == name) out.push_back(std::move(e));
  }
  return out;
}

client stream(std::uint16_t port, const std::string& query = "?hz=20", const fields& more = {}) {
  client c(port);
  c.send(request(port, "GET", "/v1/stream" + query, more));
  return c;
}

}  // namespace

TEST_CASE("a stream begins with whom it is of, then has snapshots that rise", "[serve]") {
  world w;
  gyre::server_options o = options();
  o.title = "mine";
  gyre::server live(w.engine, o);
  client c = stream(live.port());
  while (named(c.got(), "snapshot").size() < 5) REQUIRE(c.receive());
  CHECK(c.status() == 200);
  const auto meta = events(c.got()).at(0);
  CHECK(meta.name == "meta");
  CHECK(meta.data["engine"] == "mine");
  CHECK(meta.data["pid"] == ::getpid());
  CHECK(meta.data["control"] == false);
  CHECK(meta.data["period_ms"] == 50);
  std::uint64_t seq = 0;
  for (const event& e : named(c.got(), "snapshot")) {
    CHECK(e.data["seq"] > seq);
    seq = e.data["seq"];
    CHECK(e.data["loops"].size() == 3);
  }
}

TEST_CASE("a snapshot that is sent is the engine's own, field for field", "[serve]") {
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = 7});  // stands still: all but seq
  e.add({.name = "one", .interval = 10ms, .knobs = {{"k", {1, 2, 3}}}}, [](gyre::tick& t) {
     t.spend(2ms);
     (void)t.reward(t.knob("k"));
   }).value();
  (void)e.advance_to(3s).value();
  gyre::server live(e, options());
  auto sent = json::parse(get(live.port(), "/v1/snapshot").body());
  auto own = json::parse(gyre::to_json(e.snapshot()));
  for (auto* each : {&sent, &own}) {
    each->erase("seq");
    each->erase("process");  // of the machine
    each->erase("bus");      // the server listens
  }
  CHECK(sent == own);
}

TEST_CASE("clients of one rate share each snapshot and its text", "[serve]") {
  world w;
  gyre::server live(w.engine, options());
  std::vector<client> all;
  for (int i = 0; i < 6; ++i) all.push_back(stream(live.port(), "?hz=5"));
  for (client& c : all) {
    while (named(c.got(), "snapshot").size() < 8) REQUIRE(c.receive());
  }
  std::vector<std::string> texts;
  for (client& c : all) {
    for (const event& e : named(c.got(), "snapshot")) texts.push_back(e.data.dump());
  }
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  CHECK(texts.size() >= 8);
  CHECK(texts.size() <= 8 + 12);  // a few at the beginning, when each came at its own time
  CHECK(live.stats().serialized <= live.stats().snapshots);
  CHECK(live.stats().streams == 6);
}

TEST_CASE("who comes back has missed no event, and hears none twice", "[serve]") {
  world w;
  gyre::server live(w.engine, options(true));
  const std::uint16_t port = live.port();
  std::string last;
  {
    client c = stream(port, "?hz=0.2");
    REQUIRE(post(port, "/v1/control", "action=pause&loop=l-1").status() == 200);
    while (named(c.got(), "event").empty()) REQUIRE(c.receive());
    const event heard = named(c.got(), "event").at(0);
    CHECK(heard.data["topic"] == "gyre.control");
    const json text = json::parse(heard.data["text"].get<std::string>());
    CHECK(text["order"] == "pause l-1");
    CHECK(text["loops"] == 1);
    CHECK(text["by"].get<std::string>().rfind("127.0.0.1:", 0) == 0);
    CHECK(text["wall_ms"] > 1'600'000'000'000);
    last = heard.id;
  }
  REQUIRE(post(port, "/v1/control", "action=resume&loop=l-1").status() == 200);
  REQUIRE(post(port, "/v1/control", "action=trigger&loop=nobody").status() == 404);
  client back = stream(port, "?hz=0.2", {{"Last-Event-ID", last}});
  while (named(back.got(), "event").size() < 2) REQUIRE(back.receive());
  const auto heard = named(back.got(), "event");
  CHECK(json::parse(heard[0].data["text"].get<std::string>())["order"] == "resume l-1");
  const json refused = json::parse(heard[1].data["text"].get<std::string>());
  CHECK(refused["order"] == "trigger nobody");
  CHECK(refused["error"].get<std::string>().find("nobody") != std::string::npos);
  // An id of another process is none of ours: all that is kept is told.
  client other = stream(port, "?hz=0.2", {{"Last-Event-ID", "12345-2"}});
  while (named(other.got(), "event").size() < 3) REQUIRE(other.receive());
}

TEST_CASE("events that are no more kept are counted for who comes back", "[serve]") {
  world w;
  gyre::server live(w.engine, options());
  client c = stream(live.port(), "?hz=0.2");
  (void)w.engine.publish("gyre.told", "first").value();
  while (named(c.got(), "event").empty()) REQUIRE(c.receive());
  const std::string last = named(c.got(), "event").at(0).id;
  for (int i = 0; i < 300; ++i) (void)w.engine.publish("gyre.told", std::to_string(i)).value();
  while (named(c.got(), "event").size() < 301) REQUIRE(c.receive());
  client back = stream(live.port(), "?hz=0.2", {{"Last-Event-ID", last}});
  while (named(back.got(), "event").size() < 256) REQUIRE(back.receive());
  CHECK(named(back.got(), "lost").at(0).data["events"] == 300 - 256);
}

TEST_CASE("a server that ends says goodbye, and closes", "[serve]") {
  world w;
  auto live = gyre::server::start(w.engine, options()).value();
  client c = stream(live->port());
  REQUIRE(c.until("event: snapshot"));
  live.reset();
  c.all();
  CHECK(events(c.got()).back().name == "bye");
}

TEST_CASE("a recording has what was streamed, in the format of recorded runs", "[serve]") {
  world w;
  gyre::server_options o = options();
  char folder[] = "/tmp/gyre-serve-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  {
    gyre::server none(w.engine, o);
    CHECK(post(none.port(), "/v1/record", "action=start").status() == 409);
  }
  o.record_folder = folder;
  gyre::server live(w.engine, o);
  const std::uint16_t port = live.port();
  CHECK(post(port, "/v1/record", "action=stop").status() == 409);
  CHECK(get(port, "/v1/record?action=start").status() == 200);  // says how it stands
  REQUIRE(post(port, "/v1/record", "action=start").status() == 200);
  CHECK(post(port, "/v1/record", "action=start").status() == 409);
  const auto standing = [&] { return json::parse(get(port, "/v1/record").body()); };
  REQUIRE(eventually([&] { return standing()["snapshots"] >= 3; }));
  const json done = json::parse(post(port, "/v1/record", "action=stop").body());
  CHECK(done["recording"] == false);
  const std::string path = done["file"];
  CHECK(path.rfind(folder, 0) == 0);
  std::string text;
  std::FILE* const file = std::fopen(path.c_str(), "r");
  REQUIRE(file != nullptr);
  for (int c = 0; (c = std::fgetc(file)) != EOF;) text += static_cast<char>(c);
  std::fclose(file);
  CHECK(text.size() == done["bytes"]);
  const json head = json::parse(text.substr(0, text.find('\n')));
  CHECK(head["format"] == 1);
  CHECK(head["loops"] == 3);
  std::uint64_t lines = 0, seq = 0;
  for (std::size_t at = text.find('\n') + 1; at < text.size(); ++lines) {
    const std::size_t end = text.find('\n', at);
    const json s = json::parse(text.substr(at, end - at));
    CHECK(s["seq"] > seq);
    seq = s["seq"];
    at = end + 1;
  }
  CHECK(lines == done["snapshots"]);
  ::unlink(path.c_str());
  ::rmdir(folder);
}

namespace {

/// The snapshot that a client has after `change`, whose columns go into the rows of `base`.
json changed(const json& base, const json& change) {
  json out = change;
  const json columns = change["loops"];
  out["loops"] = base["loops"];
  for (std::size_t k = 0; k < columns["at"].size(); ++k) {
    json& row = out["loops"][columns["at"][k].get<std::size_t>()];
    for (const auto& [key, column] : columns.items()) {
      if (key == "at" || key == "of") continue;
      if (column.is_array()) {
        row[key] = column[k];
      } else {
        for (const auto& [part, values] : column.items()) row[key][part] = values[k];
      }
    }
  }
  return out;
}

/// Whole events of this name in what came, without reading them.
std::size_t count(const std::string& got, const std::string& name) {
  std::size_t n = 0;
  const std::string head = "event: " + name + "\n";
  for (std::size_t at = got.find(head); at != std::string::npos; at = got.find(head, at + 1)) {
    n += got.find("\n\n", at) != std::string::npos ? 1 : 0;
  }
  return n;
}

}  // namespace

TEST_CASE("who wants what changed can make each snapshot of it", "[serve]") {
  gyre::engine e({.shards = 1});
  for (int i = 0; i < 200; ++i) {  // of which a tenth is busy
    e.add({.name = gyre::join("loop-", i),
           .interval = i % 10 == 0 ? 20ms : 1h,
           .group = "all",
           .features = {{"seen", {1, 5}}},
           .knobs = {{"size", {1, 2, 3}}}},
          [](gyre::tick& t) {
            (void)t.feature("seen", static_cast<double>(t.number() % 9));
            (void)t.reward(t.knob("size"));
            if (t.number() % 7 == 0) (void)t.fail("now and \"then\"");
          })
        .value();
  }
  e.start().value();
  gyre::server live(e, options());
  client whole = stream(live.port()), some = stream(live.port(), "?hz=20&rows=changed");
  while (count(some.got(), "change") < 6) {
    REQUIRE(some.receive());
    REQUIRE(whole.receive());
  }
  std::size_t compared = 0, bytes = 0;
  std::vector<json> each;  // snapshot by snapshot, as the client makes them
  for (const event& got : events(some.got())) {
    if (got.name == "snapshot") each = {got.data};
    if (got.name != "change") continue;
    CHECK(got.data["base"] == each.back()["seq"]);
    CHECK(got.data["to"]["loops"]["at"].size() <= 40);
    bytes = std::max(bytes, got.data.dump().size());
    each.push_back(changed(each.back(), got.data["to"]));
  }
  for (const event& w : named(whole.got(), "snapshot")) {
    for (const json& has : each) {
      if (w.data["seq"] != has["seq"]) continue;
      CHECK(w.data == has);
      ++compared;
    }
  }
  CHECK(compared >= 3);
  CHECK(bytes * 3 < each.back().dump().size());
  const std::size_t before = count(some.got(), "snapshot");
  e.add({.name = "another", .interval = 1h}, [](gyre::tick&) {}).value();
  while (count(some.got(), "snapshot") == before) REQUIRE(some.receive());
  CHECK(named(some.got(), "snapshot").back().data["loops"].size() == 201);
}

TEST_CASE("who reads slowly is told what changed since what it has", "[serve]") {
  gyre::engine e({.shards = 1});
  for (int i = 0; i < 400; ++i) {
    e.add({.name = gyre::join("loop-", i), .interval = 20ms}, [](gyre::tick&) {}).value();
  }
  e.start().value();
  gyre::server live(e, options());
  client slow(live.port());
  const int little = 4096;
  ::setsockopt(slow.fd(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
  slow.send(request(live.port(), "GET", "/v1/stream?hz=20&rows=changed"));
  const gyre::duration end = gyre::monotonic_now() + at_most;
  while (live.stats().skipped < 1) {
    REQUIRE(gyre::monotonic_now() < end);
    std::this_thread::yield();
  }
  while (count(slow.got(), "change") < 2) REQUIRE(slow.receive());
  json seq;
  for (const event& each : events(slow.got())) {
    if (each.name == "snapshot") seq = each.data["seq"];
    if (each.name != "change") continue;
    CHECK(each.data["base"] == seq);
    seq = each.data["to"]["seq"];
  }
}

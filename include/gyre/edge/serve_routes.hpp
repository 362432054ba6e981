// serve_routes.hpp - what a server answers to each of its paths.
// Room: edge. Threads: any.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gyre/edge/serve_control.hpp>
#include <gyre/edge/serve_guard.hpp>
#include <gyre/edge/serve_metrics.hpp>
#include <gyre/edge/serve_page.hpp>
#include <gyre/edge/serve_rooms.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

class routes {
 public:
  routes(serve_rooms& rooms, const guard& door, const served_page& page)
      : rooms_(rooms), guard_(door), page_(page) {}

  /// @pre the guard let it through
  http_answer answer(const http_request& r) const {
    const bool posts = r.method == "POST";
    if (r.path == "/v1/control") return posts ? control(r) : refusal(405, "POST it");
    if (r.path == "/v1/record") return record(r);
    if (posts) return refusal(405, join(clipped(r.path, 80), " takes no POST"));
    if (r.path == "/") return page(r);
    if (r.path == "/v1/stream") return stream(r);
    if (r.path == "/v1/snapshot") return snapshot();
    if (r.path == "/v1/history") return history(r);
    if (r.path == "/v1/histogram") return histogram(r);
    if (r.path == "/v1/recall") return recall(r);
    if (r.path == "/metrics") return metrics(r);
    if (r.path == "/healthz") return health();
    return refusal(404, join(clipped(r.path, 80), " is none of /, /v1/stream, /v1/snapshot, "
                             "/v1/history, /v1/histogram, /v1/recall, /v1/record, /v1/control, "
                             "/metrics, /healthz"));
  }

 private:
  static constexpr duration fresh = std::chrono::milliseconds(100);

  /// ARG: the parameter is no number within these. @return `absent` where it is not given
  static result<double> number(const http_request& r, const char* key, double low, double high,
                               double absent) {
    const std::string* text = r.param(key);
    if (text == nullptr) return absent;
    char* end = nullptr;
    const double v = std::strtod(text->c_str(), &end);
    if (text->empty() || *end != '\0' || !(v >= low && v <= high)) {
      return fail(code::arg, key, " \"", clipped(*text, 40), "\" is not within ", low, " and ",
                  high);
    }
    return v;
  }

  http_answer page(const http_request& r) const {
    http_answer out;
    if (page_.html().empty()) {
      out.type = "text/plain; charset=utf-8";
      out.body = "This program was built without the page: server_options::page names the file "
                 "gyre.html.\n/v1/snapshot, /v1/stream and /metrics are there all the same.\n";
    } else {
      out.type = "text/html; charset=utf-8";
      out.body = page_.html();
      out.headers.emplace_back("Content-Security-Policy", page_.policy());
      out.headers.emplace_back("X-Frame-Options", "DENY");
    }
    if (r.param("token") != nullptr) out.headers.emplace_back("Set-Cookie", guard_.set_cookie());
    return out;
  }
  http_answer stream(const http_request& r) const {
    const auto hz = number(r, "hz", 0.2, 20, 4);
    if (!hz) return refusal(hz.error());
    http_answer out;
    out.streams = true;
    // On a grid of 50 ms, so that clients of one rate get one snapshot.
    out.wish.period = std::chrono::milliseconds(50) * std::lround(20 / *hz);
    const std::string* rows = r.param("rows");
    out.wish.changes = rows != nullptr && *rows == "changed";
    if (rows != nullptr && !out.wish.changes && *rows != "all") {
      return refusal(400, "rows is all or changed");
    }
    out.wish.last = r.header("Last-Event-ID");
    if (const std::string* last = r.param("last"); last != nullptr) out.wish.last = *last;
    return out;
  }
  http_answer snapshot() const {
    http_answer out;
    out.body = rooms_.frames.get(fresh)->json();
    return out;
  }
  http_answer history(const http_request& r) const {
    const auto from = number(r, "from", 0, 1e15, 0), to = number(r, "to", 0, 1e15, 1e15);
    const auto points = number(r, "points", 1, 1000, 300);
    for (const auto* each : {&from, &to, &points}) {
      if (!*each) return refusal(each->error());
    }
    std::uint32_t id = 0;
    const std::string* loop = r.param("loop");
    if (loop != nullptr) {
      const auto found = rooms_.served.find(*loop);
      if (!found) return refusal(found.error());
      id = found->id();
    }
    json_writer body;
    body.open('{').field("loop", loop != nullptr ? *loop : std::string());
    const auto n = static_cast<std::size_t>(*points);
    if (!rooms_.history.write(body, id, *from, *to, n)) {
      return refusal(404, "nothing is kept of this loop: server_options::history_bytes");
    }
    http_answer out;
    out.body = body.close('}').take() + "\n";
    return out;
  }
  /// At most 1,473 buckets of each of three: 90 KB.
  http_answer histogram(const http_request& r) const {
    const std::string* name = r.param("loop");
    if (name == nullptr) return refusal(400, "loop is the name of one");
    const auto found = rooms_.served.find(*name);
    if (!found) return refusal(found.error());
    const auto all = found->histograms();
    if (!all) return refusal(all.error());
    json_writer body;
    body.open('{').field("loop", *name);
    const std::pair<const char*, const std::vector<time_bucket>&> each[] = {
        {"latency", all->latency}, {"window", all->window}, {"late", all->late_total}};
    for (const auto& [key, buckets] : each) {
      body.key(key).open('[');
      for (const time_bucket& b : buckets) {
        body.open('[').value(b.up_to_ms).value(b.count).close(']');
      }
      body.close(']');
    }
    http_answer out;
    out.body = body.close('}').take() + "\n";
    return out;
  }
  /// Records whose text has `text` in it, A-Z as a-z, the newest first.
  http_answer recall(const http_request& r) const {
    const auto limit = number(r, "limit", 1, 500, 50);
    if (!limit) return refusal(limit.error());
    query q;
    q.limit = static_cast<std::uint32_t>(*limit);
    if (const std::string* text = r.param("text"); text != nullptr) q.text = *text;
    const std::vector<gyre::record> found = rooms_.served.recall(q);
    http_answer out;
    out.body = to_json(std::span(found), rooms_.served.wall_ms()) + "\n";
    return out;
  }
  http_answer metrics(const http_request& r) const {
    const bool open = r.header("Accept").find("application/openmetrics-text") != std::string::npos;
    http_answer out;
    out.type = open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                    : "text/plain; version=0.0.4; charset=utf-8";
    out.body = metrics_text(rooms_.frames.get(fresh)->data(), rooms_.options.metrics_loops, open);
    return out;
  }
  /// Failing: three times in a row, or often enough for its breaker.
  http_answer health() const {
    constexpr std::size_t most = 100;
    const auto f = rooms_.frames.get(fresh);
    json_writer stuck, failing;
    stuck.open('[');
    failing.open('[');
    std::size_t bad = 0;
    for (const loop_stats& l : f->data().loops) {
      const bool hangs = l.state == loop_state::stuck;
      if (!hangs && !l.breaker_open && l.metrics.streak < 3) continue;
      if (++bad <= most) (hangs ? stuck : failing).value(l.name);
    }
    http_answer out;
    const bool well = bad == 0 && f->data().running;
    out.status = well ? 200 : 503;
    out.body = join("{\"ok\":", well ? "true" : "false", ",\"running\":",
                    f->data().running ? "true" : "false", ",\"loops\":", f->data().totals.loops,
                    ",\"not_well\":", bad, ",\"stuck\":", stuck.close(']').take(),
                    ",\"failing\":", failing.close(']').take(), "}\n");
    return out;
  }
  http_answer record(const http_request& r) const {
    http_answer out;
    if (r.method == "POST") {
      const std::string* action = r.param("action");
      const bool starts = action != nullptr && *action == "start";
      if (!starts && (action == nullptr || *action != "stop")) {
        return refusal(400, "action is start or stop");
      }
      const auto f = rooms_.frames.get(fresh);  // kept: others take the next meanwhile
      const auto done = starts ? rooms_.recording.start(f->data().seed, f->data().totals.loops)
                               : rooms_.recording.stop();
      if (!done) return refusal(done.error());
      tell(r, starts ? "record" : "record stop", 0, {});
    }
    out.body = rooms_.recording.describe();
    return out;
  }
  http_answer control(const http_request& r) const {
    if (!rooms_.options.control) {
      return refusal(403, "this server takes no orders: server_options::control");
    }
    const auto what = order::read(r);
    if (!what) return refusal(what.error());
    const auto done = what->obey(rooms_.served);
    tell(r, what->text(), done ? *done : 0, done ? std::string() : done.error().text);
    if (!done) return refusal(done.error());
    http_answer out;
    out.body = json_writer().open('{').field("done", what->text()).field("loops", *done).close('}')
                   .take() + "\n";
    return out;
  }
  /// Whoever ordered what, and when, is an event on the bus, also when it failed.
  void tell(const http_request& r, std::string_view what, std::uint32_t loops,
            std::string_view error) const {
    if (error.empty()) ++rooms_.counts.orders;
    rooms_.frames.expire();
    json_writer text;
    text.open('{').field("by", r.remote).field("wall_ms", wall_now().count() / 1'000'000);
    text.field("order", what).field("loops", loops);
    if (!error.empty()) text.field("error", error);
    (void)rooms_.served.publish("gyre.control", text.close('}').take());
  }

  serve_rooms& rooms_;
  const guard& guard_;
  const served_page& page_;
};

}  // namespace http
}  // namespace v1
}  // namespace gyre

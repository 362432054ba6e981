// talk.hpp - short words for what the bus's tests do again and again.
// Room: tests. Threads: one.
#pragma once

#include <gyre/bus/bus.hpp>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"

using gyre::breaker_state;
using gyre::code;
using gyre::instant;
using gyre::message;
using gyre::overflow;
using std::chrono::milliseconds;
using std::chrono::seconds;
using texts = std::vector<std::string>;

inline std::uint32_t sub(gyre::bus& bus, const char* pattern,
                         gyre::subscription_options options = {},
                         gyre::message_handler handler = {}) {
  return bus.subscribe(pattern, options, std::move(handler)).value();
}
inline gyre::publish_receipt say(gyre::bus& bus, const char* topic, const char* text,
                                 instant now = {}) {
  return bus.publish(topic, text, {}, now).value();
}
inline gyre::message_handler into(texts& out) {
  return [&out](const message& m) { out.emplace_back(m.text()); };
}
inline gyre::message_handler failing() {
  return [](const message&) -> gyre::result<void> { return gyre::fail(code::io, "refused"); };
}
inline texts drain(gyre::bus& bus, std::uint32_t id, instant now = {}) {
  texts out;
  gyre::owned_message m;
  while (bus.poll(id, m, now)) out.emplace_back(m.text());
  return out;
}
inline gyre::subscription_stats balanced(const gyre::bus& bus, std::uint32_t id) {
  const gyre::subscription_stats s = bus.stats(id).value();
  REQUIRE(s.balanced());
  REQUIRE(bus.stats().balanced());
  return s;
}

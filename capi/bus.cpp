// bus.cpp - the bodies of gyre/bus.h: messages in, out, and their account.
// Room: capi. Threads: any call from any thread; a subscription's mutex guards its last message.
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include <gyre/bus/bus.hpp>

#include "objects.hpp"
#include "values.hpp"

namespace gyre::capi {

namespace {

/// The bus handler around a caller's callback.
message_handler calls(std::shared_ptr<registration> called, gyre_message_fn function) {
  return [called = std::move(called), function,
          topic = std::string()](const message& m) mutable -> result<void> {
    const inside_of here_now(called->engine);
    const std::shared_ptr<user_data> user = called->user();
    if (!user) return fail(code::cancelled, "the subscription has ended");
    topic.assign(m.topic);  // for its NUL
    gyre_message out{};
    out.size = sizeof out;
    out.topic = topic.c_str();
    out.topic_size = static_cast<std::uint32_t>(m.topic.size());
    out.payload = m.payload.data();
    out.payload_size = static_cast<std::uint32_t>(m.payload.size());
    out.at_ms = to_ms(m.at);
    out.ttl_ms = to_ms(m.ttl);
    out.correlation = m.correlation;
    out.sequence = m.sequence;
    if (m.source != 0) {
      if (const auto owner = table().pin<engine_object>(called->engine); owner) {
        out.source = loop_id_or_0(**owner, m.source);
      }
    }
    gyre_status status = GYRE_E_CALLBACK;
    call(*called, [&] { function(user->user, &out, &status); });
    if (status == GYRE_OK) return ok;
    return fail(code::callback, "the callback did not report GYRE_OK");
  };
}

result<subscription_options> options_of(const gyre_subscription_options& o) {
  if (o.overflow < GYRE_OVERFLOW_DROP_NEWEST || o.overflow > GYRE_OVERFLOW_BLOCK) {
    return unknown("overflow", o.overflow);
  }
  subscription_options out;
  constexpr overflow policies[] = {overflow::drop_newest, overflow::drop_oldest,
                                   overflow::keep_latest, overflow::block};
  out.policy = policies[o.overflow];
  if (o.capacity != 0) out.capacity = o.capacity;
  out.priority = o.priority;
  out.rate_per_s = o.rate_per_s;
  double retries = out.retries;
  set_or_none(retries, o.retries);
  GYRE_TRY(tries, count_of(retries, 1000, "retries", "a whole number of 0..1,000"));
  out.retries = static_cast<std::uint32_t>(tries);
  GYRE_CHECK(set_ms(out.retry_delay, o.retry_delay_ms, "retry_delay_ms"));
  return out;
}

void account_of(const bus_account& a, gyre_bus_metrics& m) {
  m.matched = a.matched;
  m.delivered = a.delivered;
  m.dropped = a.dropped();
  m.dropped_newest = a.dropped_newest;
  m.dropped_oldest = a.dropped_oldest;
  m.dropped_replaced = a.dropped_replaced;
  m.dropped_rate = a.dropped_rate;
  m.dropped_closed = a.dropped_closed;
  m.dropped_blocked = a.dropped_blocked;
  m.expired = a.expired;
  m.dead_lettered = a.dead_lettered;
  m.pending = a.pending;
}

}  // namespace

}  // namespace gyre::capi

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_bus_publish(gyre_engine engine, const char* topic, const void* payload,
                             uint32_t payload_size, const gyre_publish_options* options,
                             gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(check_name(topic, "topic"));
    if (payload_size > 0) GYRE_CHECK(not_null(payload, "payload"));
    publish_options native;
    if (options) {
      GYRE_TRY(o, checked(options, "options"));
      GYRE_CHECK(set_ms(native.ttl, o.ttl_ms, "ttl_ms"));
      native.correlation = o.correlation;
      if (o.source != 0) {
        GYRE_CHECK(with_loop(o.source, [&](engine_object& its, gyre::loop& handle) -> result<void> {
          if (&its != &*owner) return fail(code::arg, "source is a loop of another engine");
          native.source = handle.id();
          return ok;
        }));
      }
    }
    GYRE_CHECK(owner->engine->publish(topic, bytes_of(payload, payload_size), native));
    return ok;
  });
}

gyre_status gyre_bus_subscribe(gyre_engine engine, const char* pattern,
                               const gyre_subscription_options* options, gyre_subscription* out,
                               gyre_error* err) {
  user_data given = user_of(options);
  return guard(err, [&]() -> result<void> {
    auto called = std::make_shared<registration>(engine, given);
    GYRE_TRY(owner, pin<engine_object>(engine));
    called->on_own_threads = owner->own_threads;
    GYRE_CHECK(check_name(pattern, "pattern"));
    GYRE_CHECK(not_null(out, "out"));
    subscription_options native;
    gyre_message_fn on_message = nullptr;
    if (options) {
      GYRE_TRY(o, checked(options, "options"));
      GYRE_TRY(read, options_of(o));
      native = read;
      on_message = o.on_message;
    }
    auto object = std::make_unique<subscription_object>();
    object->engine = engine;
    if (on_message) object->called = called;
    subscription_object* const raw = object.get();
    const std::lock_guard<std::mutex> hold(owner->mutex);
    GYRE_TRY(id, adopt(std::move(object)));
    detail::undo unnamed([&]() noexcept {
      owner->subscriptions.erase(id);
      (void)destroy<subscription_object>(id);
    });
    std::uint32_t& known = owner->subscriptions[id];
    GYRE_TRY(made, owner->engine->subscribe(
        pattern, native, on_message ? calls(called, on_message) : message_handler{}));
    unnamed.keep();  // from here on nothing fails
    raw->native = known = made;  // nobody else knows the id yet
    *out = id;
    return ok;
  });
}

gyre_status gyre_bus_unsubscribe(gyre_subscription subscription) {
  return guard(nullptr, [&]() -> result<void> {
    {
      GYRE_TRY(object, pin<subscription_object>(subscription));
      GYRE_TRY(owner, pin<engine_object>(object->engine));
      GYRE_CHECK(owner->engine->unsubscribe(object->native));
      const std::lock_guard<std::mutex> hold(owner->mutex);
      owner->subscriptions.erase(subscription);
    }
    return retire<subscription_object>(subscription);
  });
}

gyre_status gyre_bus_poll(gyre_subscription subscription, gyre_message* out, void* buf,
                          uint32_t cap, uint32_t* needed) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(object, pin<subscription_object>(subscription));
    GYRE_TRY(owner, pin<engine_object>(object->engine));
    GYRE_CHECK(check_out(out, "out"));
    if (object->called) return fail(code::state, "the subscription has a callback");
    if (cap > 0) GYRE_CHECK(not_null(buf, "buf"));
    const std::lock_guard<std::mutex> hold(object->mutex);
    owned_message& m = object->last;
    std::size_t size = 0;
    std::uint32_t source = 0;
    const auto take = [&](bool named) {
      owner->engine->with_bus([&](bus& b, instant now) {  // what does not fit stays the bus's
        message front;
        size = 0;
        if (!b.peek(object->native, front, now)) return;
        size = front.topic.size() + 1 + front.payload.size();
        source = front.source;
        if (size <= cap && (named || source == 0)) (void)b.poll(object->native, m, now);
      });
    };
    take(false);
    gyre_loop from = 0;
    if (size != 0 && size <= cap && source != 0) {  // its id first: that may find no memory
      from = loop_id_or_0(*owner, source);
      take(true);
    }
    if (size == 0) return fail(code::not_found, "no message waits");
    if (needed) *needed = static_cast<std::uint32_t>(size);
    if (size > cap) return too_small(size, "bytes");
    auto* to = static_cast<char*>(buf);
    std::memcpy(to, m.topic.c_str(), m.topic.size() + 1);
    if (!m.payload.empty()) {
      std::memcpy(to + m.topic.size() + 1, m.payload.data(), m.payload.size());
    }
    gyre_message r{};
    r.topic = to;
    r.topic_size = static_cast<std::uint32_t>(m.topic.size());
    r.payload = to + m.topic.size() + 1;
    r.payload_size = static_cast<std::uint32_t>(m.payload.size());
    r.at_ms = to_ms(m.at);
    r.ttl_ms = to_ms(m.ttl);
    r.correlation = m.correlation;
    r.sequence = m.sequence;
    r.source = from;
    write_out(out, r);
    return ok;
  });
}

gyre_status gyre_bus_metrics_read(uint32_t id, gyre_bus_metrics* out) {
  return guard(nullptr, [&]() -> result<void> {
    gyre_bus_metrics m{};
    if (handle_table::kind_of(id) == kind::subscription) {
      GYRE_TRY(object, pin<subscription_object>(id));
      GYRE_TRY(owner, pin<engine_object>(object->engine));
      GYRE_CHECK(check_out(out, "out"));
      GYRE_TRY(stats, owner->engine->subscription(object->native));
      account_of(stats, m);
      m.subscriptions = 1;
      m.health = 1;
      write_out(out, m);
      return ok;
    }
    GYRE_TRY(owner, pin<engine_object>(id));
    GYRE_CHECK(check_out(out, "out"));
    const bus_stats b = owner->engine->with_bus([](bus& all, instant) { return all.stats(); });
    account_of(b, m);
    m.subscriptions = static_cast<std::uint32_t>(b.subscriptions);
    m.published = b.published;
    m.unrouted = b.unrouted;
    m.rejected = b.rejected;
    m.p50_ms = or_zero(b.p50_ms);
    m.p99_ms = or_zero(b.p99_ms);
    m.health = b.health;
    write_out(out, m);
    return ok;
  });
}

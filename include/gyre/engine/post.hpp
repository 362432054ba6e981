// post.hpp - the engine's bus as callers, ticks and handlers use it, and the events told on it.
// Room: engine. Threads: any that holds no lease.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <gyre/engine/home.hpp>

#if GYRE_THREADS
#include <thread>
#endif

namespace gyre {
inline namespace v1 {
namespace detail {

/// Owns the bus, which belongs to shard 0. Held by the engine's body; goes before the shards, which
/// its handlers are left to.
class post {
 public:
  explicit post(environment& env) : env_(env), bus_(env.options.bus) { env.events = &bus_; }
  post(const post&) = delete;
  post& operator=(const post&) = delete;

  /// @param o its source loses what is dropped
  result<publish_receipt> publish(std::string_view topic, std::span<const std::byte> payload,
                                  publish_options o) {
    auto sent = send(topic, payload, o);
    if (sent && sent->dropped != 0 && o.source != 0) {
      (void)with_loop(env_, o.source, [&](shard& s, loop_record& l) {
        if (loop_extra* const extra = s.loops.extra_if_memory(l)) extra->dropped += sent->dropped;
        return result<void>(ok);
      });
    }
    return sent;
  }
  /// The handler runs on shard 0's thread, between ticks, without the lease.
  result<object_id> subscribe(std::string_view pattern, const subscription_options& o,
                              message_handler handler) {
    std::shared_ptr<message_handler> user;  // never destroyed under the lease, whatever fails
    owner<remains> left;
    if (handler) user = std::make_shared<message_handler>(std::move(handler));
    if (user != nullptr) left = make_owned<remains>();
    undo gone([this]() noexcept { tell_all(home()); });  // once the lease is free
    result<object_id> id = [&] {
      const leased hold(home().owner());
      message_handler open;
      if (user != nullptr) {
        open = [this, kept = std::make_shared<guest>(home(), user, std::move(left))](
                   const message& m) -> result<void> {
          const auto its = kept->user;  // outlives the subscription, if that ends here
          const in_handler out(*this);
          return (*its)(m);
        };
      }
      return bus_.subscribe(pattern, o, std::move(open));
    }();
    if (id) gone.keep();
    return id;
  }
  result<void> unsubscribe(object_id id) {
    result<void> done = ok;
    {
      const leased hold(home().owner());
      done = bus_.unsubscribe(id);
    }
    tell_all(home());  // the handler may go now
    return done;
  }
  /// Publishes what the shard has to tell, and lets go of what waits for that. Where one caller
  /// drives all shards, what all of them have to tell, in the order in which it happened. An event
  /// that there is no memory to publish is counted.
  void tell_all(shard& s) noexcept {
    if (!env_.clock.own_threads() && env_.shards.size() > 1) return tell_in_order();
    vec<engine_event> events;
    remains_list buried;
    std::size_t untold = 0;
    {
      const leased hold(s.owner());
      if (s.after.empty()) return;
      s.after.take(events, buried);
    }
    for (const engine_event& e : events) untold += tell(e) ? 0U : 1U;
    events.clear();
    const leased hold(s.owner());
    s.after.recycle(events);
    s.after.drop(untold);
  }

  /// Under shard 0's lease.
  gyre::bus& bus() noexcept { return bus_; }
  const gyre::bus& bus() const noexcept { return bus_; }
  /// Calls f(bus, now) under that lease; what it published is delivered soon.
  void with_bus(function_ref<void(gyre::bus&, instant)> f) {
    change(home(), [&] {
      const visit here(visitor_);
      f(bus_, env_.clock.now());
    });
  }
  /// REENTRANT: this thread is inside of with_bus() and would wait for itself.
  result<void> outside() const {
    if (visitor_.load(std::memory_order_relaxed) != this_visitor()) return ok;
    return fail(code::reentrant, "the engine was called inside of with_bus()");
  }

 private:
#if GYRE_THREADS
  using visitor = std::thread::id;
  static visitor this_visitor() noexcept { return std::this_thread::get_id(); }
#else
  using visitor = bool;
  static visitor this_visitor() noexcept { return true; }
#endif
  /// Who is inside of with_bus(), for a scope.
  class visit {
   public:
    explicit visit(std::atomic<visitor>& who) noexcept : who_(who) { who_ = this_visitor(); }
    ~visit() { who_ = visitor(); }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;

   private:
    std::atomic<visitor>& who_;
  };

  shard& home() noexcept { return *env_.shards[0]; }

  /// False: there is no memory to.
  bool tell(const engine_event& e) noexcept {
    publish_options o;
    o.source = e.source;
    return if_memory([&] { (void)publish_at_home(env_, e.topic, as_bytes(e.text), o); });
  }
  void tell_in_order() noexcept {
    vec<engine_event> all, some;
    remains_list buried, gone;
    std::size_t untold = 0;
    for (shard* s : env_.shards) {
      const leased hold(s->owner());
      if (s->after.empty()) continue;
      s->after.take(some, gone);
      if (if_memory([&] { all.make_room(some.size()); })) {
        for (engine_event& e : some) all.push_back(std::move(e));
      } else {
        untold += some.size();
      }
      while (!gone.empty()) buried.add(gone.take());
      some.clear();
      s->after.recycle(some);
    }
    std::sort(all.begin(), all.end(), [](const engine_event& a, const engine_event& b) {
      return a.number < b.number;
    });
    for (const engine_event& e : all) untold += tell(e) ? 0U : 1U;
    if (untold == 0) return;
    const leased hold(home().owner());
    home().after.drop(untold);
  }

  /// Onto the bus; where it may, it waits for a subscription that blocks.
  result<publish_receipt> send(std::string_view topic, std::span<const std::byte> payload,
                               publish_options o) {
#if GYRE_THREADS
    o.may_wait = env_.clock.own_threads() && !env_.threads.has_this_thread();
    const duration begin = monotonic_now();
    for (;;) {
      auto sent = publish_at_home(env_, topic, payload, o);
      if (sent || sent.code() != code::overflow || !o.may_wait) return sent;
      duration most{0};
      {
        const leased hold(home().owner());
        most = bus_.blocked_for(topic, payload.size(), env_.clock.now());
      }
      if (monotonic_now() - begin >= most) o.may_wait = false;  // drops there, and counts it
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
#else
    o.may_wait = false;
    return publish_at_home(env_, topic, payload, o);
#endif
  }

  /// A user's handler; its last owner, who holds the lease, leaves it to be destroyed without.
  struct guest {
    guest(shard& s, std::shared_ptr<message_handler> h, owner<remains> r) noexcept
        : home(s), user(std::move(h)), left(std::move(r)) {}
    guest(const guest&) = delete;
    guest& operator=(const guest&) = delete;
    ~guest() {
      left->handler = std::move(user);
      home.after.bury(std::move(left));
    }
    shard& home;
    std::shared_ptr<message_handler> user;
    owner<remains> left;
  };
  /// Frees shard 0's lease for a scope in which a handler runs. If that is given up on meanwhile,
  /// the lease is not had again, and the bus is told through the delivery's own flag.
  class in_handler {
   public:
    explicit in_handler(post& p) noexcept
        : env_(p.env_), home_(p.home()), epoch_(home_.owner().epoch()), lost_(p.bus_.lost()) {
      home_.inside.enter_handler(env_.clock.now());
      home_.owner().release();
    }
    ~in_handler() {
      lost_ = !home_.owner().acquire(epoch_);
      if (lost_) {
        --env_.lost;
      } else {
        home_.inside.leave_handler();
      }
    }
    in_handler(const in_handler&) = delete;
    in_handler& operator=(const in_handler&) = delete;

   private:
    environment& env_;
    shard& home_;
    std::uint64_t epoch_;
    bool& lost_;
  };

  environment& env_;
  gyre::bus bus_;
  std::atomic<visitor> visitor_{};
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre

// courier.hpp - brings one message to its handler, and does what its answer calls for.
// Room: bus. Threads: one owner at a time; see abandon() for a handler that does not return.
#pragma once

#include <exception>
#include <gyre/bus/accounts.hpp>
#include <gyre/bus/dead_letter.hpp>
#include <gyre/bus/queues.hpp>
#include <gyre/core/vec.hpp>
#include <memory>
#include <string>
#include <utility>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Held by bus.hpp, like what it refers to.
class courier {
 public:
  courier(queues& q, dead_letters& dead, bus_health& health, accounts& counts,
          bus_clock& clock) noexcept
      : queues_(q), dead_(dead), health_(health), counts_(counts), clock_(clock) {}

  /// Takes the first message of `s` from its queue and does with it what is due. False: abandon()
  /// was called meanwhile, and nothing may be touched. @pre `s` is idle and has a message
  bool step(subscriber& s) {
    const delivery d = queues_.take_front(s);
    if (queues_[d].expired(clock_.now)) {
      queues_.finish(s, d, s.account.expired);
    } else if (!s.breaker.allow(clock_.now)) {
      bury(s, d, dead_reason::breaker);
    } else if (!attempt(s, d)) {
      return false;
    }
    if (s.closed) {
      counts_.end(s);
      const auto gone =
          std::move(closing_);  // first out, then destroyed: its handler may call back
      return true;
    }
    queues_.lineup().add(s, clock_.now);
    return true;
  }
  /// The correlation of the message that is being handled; 0: none is.
  std::uint64_t correlation() const noexcept { return correlation_; }
  /// Takes over a subscription that ended inside its own handler, until that returns.
  void keep(std::unique_ptr<subscriber> closing) noexcept { closing_ = std::move(closing); }
  const subscriber* closing() const noexcept { return closing_.get(); }

  /// The subscriber whose handler runs. @pre one does
  subscriber& in_hand() noexcept { return *in_hand_; }
  /// A flag on the stack of the thread that runs a handler, see abandon(). @pre a handler runs
  bool& lost() noexcept { return *lost_; }
  /// Gives up the delivery in hand: it becomes a dead letter, or ends with its subscription.
  void give_up() {
    subscriber& s = *in_hand_;
    delivery d = in_hand_delivery_;
    queues_.pool().retain(d.index);  // the handler may still read it
    ++s.trouble.failures;
    ++d.attempts;
    s.trouble.last_error.assign("the handler did not return");
    if (s.closed) {
      queues_.finish(s, d, s.account.dropped_closed);
    } else {
      bury(s, d, dead_reason::retries);
    }
  }
  /// After give_up(), and once the subscription has ended: what the handler may still read stays as
  /// long as the courier.
  void abandon() {
    in_hand_->turn.where = place::idle;
    counts_.end(*in_hand_);
    if (!if_memory([&] { abandoned_.make_room(1); })) {
      (void)closing_.release();  // lost, but a thread is inside of it
    } else {
      abandoned_.push_back(std::move(closing_));
    }
    correlation_ = 0;
  }

 private:
  void bury(subscriber& s, const delivery& d, dead_reason why) {
    queues_.pool().retain(d.index);  // the dead letter's own
    dead_.add(queues_.pool(), d.index, s, why, d.attempts, clock_.now);
    health_.dropped(1);
    queues_.finish(s, d, s.account.dead_lettered);
  }
  bool attempt(subscriber& s, delivery d) {
    message m = queues_[d];  // a copy: the handler's publishing may move the pool's
    m.attempt = d.attempts + 1;
    correlation_ = m.correlation;
    s.turn.where = place::in_handler;
    in_hand_ = &s;
    in_hand_delivery_ = d;
    bool lost = false;
    lost_ = &lost;
    const duration waited = clock_.now - m.at;
    const bool taken = call(s, m, lost);
    if (lost) return false;
    clock_.ask();  // the handler may have taken long
    health_.advance(clock_.now);
    s.turn.where = place::idle;
    correlation_ = 0;
    if (taken) {
      s.breaker.success();
      health_.delivered(waited);
      queues_.finish(s, d, s.account.delivered);
    } else {
      failed(s, d);
    }
    return true;
  }
  void failed(subscriber& s, delivery d) {
    ++s.trouble.failures;
    ++d.attempts;
    if (s.closed) {
      queues_.finish(s, d, s.account.dropped_closed);
    } else if (d.attempts > s.options.retries || s.breaker.state() == breaker_state::half_open ||
               !queues_.make_room_to_put_back(s)) {
      bury(s, d, dead_reason::retries);
    } else {
      ++s.trouble.retried;
      s.turn.not_before = add_saturated(clock_.now, s.options.retry_delay * d.attempts);
      if (queues_.put_back(s, d)) return;
      queues_.finish(s, d, s.account.dropped_replaced);  // its handler's own doing
      health_.dropped(1);
    }
  }
  bool call(subscriber& s, const message& m, const bool& lost) {
#if GYRE_EXCEPTIONS
    try {
#endif
      const result<void> done = s.handler(m);
      if (!done && !lost) s.trouble.last_error.assign(done.error().text);
      return done.has_value();
#if GYRE_EXCEPTIONS
    } catch (const std::exception& thrown) {
      if (!lost) s.trouble.last_error.assign(thrown.what());
    } catch (...) {
      constexpr const char* what = "the handler threw something that is no std::exception";
      if (!lost) s.trouble.last_error.assign(what);
    }
    return false;
#endif
  }

  queues& queues_;
  dead_letters& dead_;
  bus_health& health_;
  accounts& counts_;
  bus_clock& clock_;
  std::unique_ptr<subscriber> closing_;                 // ended from inside its own handler
  vec<std::unique_ptr<subscriber>> abandoned_;  // a thread is inside, or was
  subscriber* in_hand_ = nullptr;                       // whose handler runs, with which delivery
  delivery in_hand_delivery_;
  bool* lost_ = nullptr;
  std::uint64_t correlation_ = 0;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre

// bus.hpp - topics in, handlers out, bounded queues between, not one message unaccounted for.
// Room: bus. Threads: one owner at a time; nothing here locks or reads a clock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gyre/bus/courier.hpp>
#include <gyre/bus/routing.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace gyre {
inline namespace v1 {

/// Publish only enqueues; pump() calls the handlers. Order of delivery: higher priority first, then
/// as published, then as subscribed. Handlers may publish, subscribe and unsubscribe, themselves
/// too; what they publish is delivered by the next pump(). Once warm, publish and pump allocate
/// nothing of their own. Where memory cannot be had a call throws, and nothing has changed; pump()
/// does without: a message that it cannot keep as a dead letter, or for a retry, counts as evicted.
class bus {
 public:
  explicit bus(bus_options options = {})
      : options_(options),
        routing_(options),
        queues_(options.keep_bytes, clock_),
        dead_(options.dead_letters, options.dead_letter_bytes),
        courier_(queues_, dead_, health_, counts_, clock_) {
    options_.max_payload = std::min(options_.max_payload, std::size_t{512} << 20);
  }
  bus(const bus&) = delete;
  bus& operator=(const bus&) = delete;

  /// The new subscription's id; with an empty `handler` it is polled. Gets what is published from
  /// now on. ARG: pattern, options. BUDGET: too many. O(subscriptions) at the next publishes.
  result<std::uint32_t> subscribe(std::string_view pattern, const subscription_options& options,
                                  message_handler handler = {}) {
    queues_.lineup().reserve(routing_.all().size() + 1);  // so that pump() never allocates
    GYRE_TRY(s, routing_.add(pattern, options, std::move(handler)));
    return std::uint32_t{s->id};
  }

  /// Ends it; what waits is dropped_closed. Its handler is destroyed when it has returned. STALE,
  /// KIND: not a subscription's id.
  result<void> unsubscribe(std::uint32_t id) {
    GYRE_TRY(s, routing_.live(id));
    std::unique_ptr<detail::subscriber> gone = routing_.remove(*s);
    queues_.close(*s);
    if (s->in_handler()) {
      courier_.keep(std::move(gone));
    } else {
      counts_.end(*s);
    }
    return ok;
  }

  /// Copies the message into the queue of each subscription that matches; calls nobody. ARG: topic,
  /// payload over max_payload, negative ttl. OVERFLOW: `may_wait`, and a `block` subscription is
  /// full; nobody got it and nothing is counted but `would_block`: try again after a pump() or
  /// poll(), and when blocked_for() is over publish without `may_wait`, which drops there and
  /// counts dropped_blocked.
  result<publish_receipt> publish(std::string_view topic, std::span<const std::byte> payload,
                                  const publish_options& options, instant now) {
    advance(now);
    if (payload.size() > options_.max_payload) {
      return counts_.reject(
          fail(code::arg, "payload of ", payload.size(), " bytes: at most ", options_.max_payload));
    }
    if (options.ttl < duration{0}) {
      return counts_.reject(fail(code::arg, "ttl must not be negative"));
    }
    const std::uint64_t hash = topic_hash(topic);
    const detail::routing::list* to = routing_.known(topic, hash);
    if (to == nullptr) {
      auto valid = check_topic(topic);
      if (!valid) return counts_.reject(std::move(valid).error());
      to = &routing_.match(topic, hash);
    }
    if (options.may_wait) {
      for (detail::subscriber* s : *to) {
        if (!queues_.blocks(*s, topic.size() + payload.size())) continue;
        result<publish_receipt> full = fail(code::overflow, "would block");
        counts_.would_block();
        return full;
      }
    }
    detail::draft d{{}, hash};
    d.m = {topic,         payload, clock_.now,     options.ttl, options.correlation,
           sequence_ + 1, 0,       options.source, 1};
    if (d.m.correlation == 0 && options.follow) d.m.correlation = courier_.correlation();
    if (d.m.correlation == 0) {
      d.m.correlation = std::uint64_t{options_.origin} << 48 | d.m.sequence;
    }
    queues_.make_room(*to, d);  // from here on nothing fails
    counts_.published(!to->empty());
    publish_receipt receipt{static_cast<std::uint32_t>(to->size()), 0, ++sequence_};
    std::uint32_t handled = 0, missed = 0;  // health is about those with a handler
    for (detail::subscriber* s : *to) {
      const std::uint32_t lost = queues_.offer(*s, d);
      receipt.dropped += lost;
      if (!s->handler) continue;
      ++handled;
      missed += lost;
    }
    queues_.let_go(d);
    health_.matched(handled);
    health_.dropped(missed);
    return receipt;
  }
  /// The same with text.
  result<publish_receipt> publish(std::string_view topic, std::string_view text,
                                  const publish_options& options, instant now) {
    return publish(topic, std::as_bytes(std::span<const char>(text.data(), text.size())), options,
                   now);
  }
  /// How long a publisher of `topic` may wait for full `block` subscriptions: the shortest
  /// `block_for` of those; 0 when none is full.
  duration blocked_for(std::string_view topic, std::size_t payload_bytes, instant now) {
    advance(now);
    if (!check_topic(topic)) return duration{0};
    const std::uint64_t hash = topic_hash(topic);
    const auto* known = routing_.known(topic, hash);
    duration shortest = never;
    for (detail::subscriber* s : known != nullptr ? *known : routing_.match(topic, hash)) {
      if (queues_.blocks(*s, topic.size() + payload_bytes)) {
        shortest = std::min(shortest, s->options.block_for);
      }
    }
    return shortest == never ? duration{0} : shortest;
  }

  /// Calls handlers for what was published before this call and can go now: at most
  /// `max_deliveries` messages leave a queue (delivered, failed, expired or dead-lettered). How
  /// many did: whoever pumps until nothing is due bounds that, since handlers may publish to each
  /// other for ever. 0 from inside a handler. `clock` is asked at the start and after each handler,
  /// so that what expires, waits for a retry or is measured meanwhile goes by the true time.
  std::size_t pump(function_ref<instant()> clock,
                   std::size_t max_deliveries = static_cast<std::size_t>(-1)) {
    if (pumping_) return 0;
    clock_.source = &clock;
    return pump(clock(), max_deliveries);
  }
  /// The same where handlers take no time: on a virtual clock.
  std::size_t pump(instant now, std::size_t max_deliveries = static_cast<std::size_t>(-1)) {
    if (pumping_) return 0;
    pumping_ = true;
    advance(now);
    detail::lineup& line = queues_.lineup();
    line.wake(clock_.now);
    const std::uint64_t last = sequence_;
    std::size_t done = 0;
    while (done < max_deliveries && line.any_ready()) {
      detail::subscriber& s = line.next();
      if (s.queue.empty()) continue;  // all of it expired when a publisher asked for room
      if (s.queue[0].place != s.turn.key) {  // its oldest was dropped meanwhile: a later place
        line.make_ready(s);
        continue;
      }
      if (s.queue[0].place > last) {
        line.hold(s);
        continue;
      }
      ++done;
      if (!courier_.step(s)) return done;  // given up on: the bus is another thread's now
    }
    end_pump();
    return done;
  }
  /// For an owner that gives up on a handler which does not return: its delivery is a dead letter,
  /// its subscription ends, and another thread may go on with the bus. What the handler may still
  /// read stays as long as the bus. @return the subscription's pattern. @pre a handler runs, and
  /// its thread sets what lost() gave it before the handler's return: pump() then leaves at once.
  std::string abandon(instant now) noexcept {
    advance(now);
    detail::subscriber& s = courier_.in_hand();
    courier_.give_up();
    if (!s.closed) (void)unsubscribe(s.id);
    courier_.abandon();
    end_pump();
    return std::move(s.pattern);  // which nobody asks for any more: this needs no memory
  }
  /// A flag on the stack of the thread that runs a handler, see abandon(). @pre a handler runs
  bool& lost() noexcept { return courier_.lost(); }
  /// Lets time pass without traffic, for health().
  void pass_time(instant now) noexcept { advance(now); }
  /// When pump() has something to do; whoever drives looks at it after each call that publishes or
  /// replays. Not after the newest `now` when at once, `never` when nothing
  /// waits for a handler.
  instant next_due() const noexcept { return queues_.lineup().next_due(clock_.now); }

  /// Takes the oldest message of a polled subscription. False: none waits, `id` is dead or has a
  /// handler.
  bool poll(std::uint32_t id, owned_message& out, instant now) {
    message m;
    if (!peek(id, m, now)) return false;
    out.assign(m);
    detail::subscriber& s = *routing_.find(id);
    const detail::delivery d = queues_.take_front(s);
    health_.polled(clock_.now - queues_[d].at);
    queues_.finish(s, d, s.account.delivered);
    return true;
  }
  /// Shows what poll() would take, and leaves it: a view until the next call that is not const.
  bool peek(std::uint32_t id, message& out, instant now) {
    advance(now);
    detail::subscriber* s = routing_.find(id);
    if (s == nullptr || s->handler) return false;
    queues_.expire_front(*s);
    if (s->queue.empty()) return false;
    out = queues_[s->queue[0]];
    return true;
  }
  bool alive(std::uint32_t id) const noexcept { return routing_.find(id) != nullptr; }

  std::size_t dead_letter_count() const noexcept { return dead_.size(); }
  /// How many there ever were, so that an owner sees that there are new ones: the newest is the
  /// last of those kept. O(1)
  std::uint64_t dead_letters_ever() const noexcept { return dead_.stats().added; }
  /// The i-th oldest. @pre i < dead_letter_count()
  dead_letter dead_letter_at(std::size_t i) const noexcept { return dead_.at(queues_.pool(), i); }
  /// Sends a dead letter to its one subscription again, as a new message (matched counts it) with
  /// `replay_of`; it is no dead letter then. NOT_FOUND: no such number. STALE: the subscription has
  /// ended. OVERFLOW: its queue is full. EXISTS: keep_latest, and a newer one waits.
  result<void> replay(std::uint64_t number, instant now) {
    advance(now);
    GYRE_TRY(i, letter(number));
    const dead_letter old = dead_.at(queues_.pool(), i);
    GYRE_TRY(s, routing_.live(old.subscription));
    queues_.expire_front(*s);
    if (s->full(message_pool::bytes(old.message))) {
      return fail(code::overflow, "the queue of subscription ", s->pattern, " is full");
    }
    detail::draft d{old.message, topic_hash(old.message.topic)};
    if (s->options.policy == overflow::keep_latest &&
        queues_.same_topic(*s, d) < s->queue.size()) {
      return fail(code::exists, "a newer message of topic ", old.message.topic, " waits");
    }
    d.m.at = clock_.now;
    d.m.replay_of = old.message.sequence;
    d.m.sequence = sequence_ + 1;
    queues_.enqueue(*s, d);
    ++sequence_;
    ++s->account.matched;
    if (s->handler) health_.matched(1);
    dead_.replayed(queues_.pool(), i);
    return ok;
  }
  /// Replays all dead letters of one subscription, oldest first, until one cannot go: how many did.
  result<std::size_t> replay_all(std::uint32_t id, instant now) {
    GYRE_CHECK(routing_.live(id));
    std::size_t done = 0;
    for (std::size_t i = 0; i < dead_.size();) {
      const dead_letter l = dead_.at(queues_.pool(), i);
      if (l.subscription != id) {
        ++i;
      } else if (replay(l.number, now)) {
        ++done;
      } else {
        break;
      }
    }
    return done;
  }
  /// Forgets a dead letter. NOT_FOUND: no such number.
  result<void> discard(std::uint64_t number) {
    GYRE_TRY(i, letter(number));
    dead_.discard(queues_.pool(), i);
    return ok;
  }

  /// O(subscriptions). The account is balanced also when read from inside a handler.
  bus_stats stats() const {
    bus_stats out = counts_.stats(routing_.all(), courier_.closing(), health_);
    out.health = health();
    out.dead = dead_.stats();
    return out;
  }
  result<subscription_stats> stats(std::uint32_t id) const {
    GYRE_TRY(s, routing_.live(id));
    return detail::accounts::stats(*s);
  }
  /// 0..1 as of the newest `now` that the bus was given; see health_score().
  double health() const noexcept { return health_.score(queues_.pending() - queues_.polled()); }
  std::uint64_t pending() const noexcept { return queues_.pending(); }
  /// Of these, those that wait for a handler.
  std::uint64_t waiting() const noexcept { return queues_.pending() - queues_.polled(); }
  /// A subscription has ended whose handler has not returned yet.
  bool closing() const noexcept { return courier_.closing() != nullptr; }

 private:
  void advance(instant now) noexcept {
    clock_.advance(now);
    health_.advance(clock_.now);
  }
  result<std::size_t> letter(std::uint64_t number) const {
    const std::size_t i = dead_.find(number);
    if (i == dead_.size()) {
      return fail(code::not_found, "no dead letter ", number, " is kept");
    }
    return i;
  }
  void end_pump() noexcept {
    queues_.lineup().release();
    clock_.source = nullptr;
    pumping_ = false;
  }

  bus_options options_;
  detail::bus_clock clock_;  // its parts look at it too
  detail::routing routing_;
  detail::queues queues_;
  dead_letters dead_;
  detail::accounts counts_;
  bus_health health_;
  detail::courier courier_;
  std::uint64_t sequence_ = 0;
  bool pumping_ = false;
};

}  // namespace v1
}  // namespace gyre

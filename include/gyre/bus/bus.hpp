// bus.hpp - topics in, handlers out, bounded queues between, not one message unaccounted for.
// Room: bus. Threads: one owner at a time; nothing here locks or reads a clock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gyre/bus/dead_letter.hpp>
#include <gyre/bus/health.hpp>
#include <gyre/bus/subscription.hpp>
#include <gyre/bus/topic.hpp>
#include <gyre/core/slot_map.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

/// The bounds of a bus.
struct bus_options {
  std::size_t max_payload = std::size_t{64} << 10;  ///< bytes; held to 512 MiB
  std::size_t dead_letters = 1000;
  std::size_t dead_letter_bytes = std::size_t{4} << 20;
  std::size_t subscriptions = std::size_t{1} << 16;
  std::size_t topics = 1024;                      ///< whose matches are remembered
  std::size_t keep_bytes = std::size_t{4} << 20;  ///< of message buffers kept for reuse
  std::uint32_t id_kind = 3;                      ///< of subscription ids, see core/slot_map.hpp
  std::uint16_t origin = 0;  ///< in the top 16 bits of correlation ids that the bus makes up
};

/// What may go with a message.
struct publish_options {
  std::uint64_t correlation = 0;  ///< 0: that of the message being handled, else a new one
  std::uint32_t source = 0;       ///< the publishing loop; 0: none
  duration ttl{};                 ///< 0: does not expire
  bool may_wait = false;          ///< refuse with OVERFLOW rather than drop at a full `block` one
  bool follow = true;             ///< false: `correlation` 0 is a new one, whatever is handled now
};

/// What became of one publish at once.
struct publish_receipt {
  std::uint32_t matched = 0;  ///< subscriptions it is for
  std::uint32_t dropped = 0;  ///< messages lost by it, older ones that made room included
  std::uint64_t sequence = 0;
};

/// The bus at one moment. The account is that of all subscriptions, ended ones included.
struct bus_stats : bus_account {
  std::uint64_t published = 0;    ///< accepted, those that matched nobody included
  std::uint64_t unrouted = 0;     ///< of these, matched nobody
  std::uint64_t rejected = 0;     ///< refused as wrong: topic, size, ttl
  std::uint64_t would_block = 0;  ///< refused with OVERFLOW since `may_wait`
  double p50_ms = 0, p99_ms = 0;  ///< published to delivered, since creation, within 6.25 %
  double health = 1;              ///< 0..1, of the last 5 to 10 s
  std::size_t subscriptions = 0;
  dead_letter_stats dead;
};

/// Publish only enqueues; pump() calls the handlers. Order of delivery: higher priority first, then
/// as published, then as subscribed. Handlers may publish, subscribe and unsubscribe, themselves
/// too; what they publish is delivered by the next pump(). Once warm, publish and pump allocate
/// nothing of their own.
class bus {
 public:
  explicit bus(bus_options options = {})
      : options_(options),
        pool_(options.keep_bytes),
        subscribers_(options.id_kind),
        cache_(options.topics),
        dead_(options.dead_letters, options.dead_letter_bytes) {
    options_.max_payload = std::min(options_.max_payload, std::size_t{512} << 20);
  }
  bus(const bus&) = delete;
  bus& operator=(const bus&) = delete;

  /// The new subscription's id; with an empty `handler` it is polled. Gets what is published from
  /// now on. ARG: pattern, options. BUDGET: too many. O(subscriptions) at the next publishes.
  result<std::uint32_t> subscribe(std::string_view pattern, const subscription_options& options,
                                  message_handler handler = {}) {
    GYRE_CHECK(check_pattern(pattern));
    GYRE_CHECK(check(options));
    if (order_.size() >= options_.subscriptions) {
      return fail(code::budget, "there are ", order_.size(),
                  " subscriptions, as many as the bus may have");
    }
    auto made = std::make_unique<detail::subscriber>(pattern, options, std::move(handler));
    detail::subscriber* s = made.get();
    GYRE_TRY(id, subscribers_.insert(std::move(made)));
    s->id = id;
    s->order = ++subscribed_;
    order_.push_back(s);
    for (auto* h : {&ready_, &waiting_, &later_}) {  // so that pump() never allocates
      if (h->capacity() < order_.size()) h->reserve(order_.capacity());
    }
    cache_.forget();
    return std::uint32_t{id};
  }

  /// Ends it; what waits is dropped_closed. Its handler is destroyed when it has returned. STALE,
  /// KIND: not a subscription's id.
  result<void> unsubscribe(std::uint32_t id) {
    GYRE_TRY(s, live(id));
    std::unique_ptr<detail::subscriber> gone = std::move(*subscribers_.find(id));
    subscribers_.erase(id);
    order_.erase(std::find(order_.begin(), order_.end(), s));
    cache_.forget();
    take_out(ready_, s, runs_later);
    take_out(waiting_, s, wakes_later);
    std::erase(later_, s);
    while (!s->queue.empty()) finish(*s, take_front(*s), s->account.dropped_closed);
    s->closed = true;
    if (s->where == detail::place::in_handler) {
      closing_ = std::move(gone);
    } else {
      ended_ += s->account;
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
      return reject(
          fail(code::arg, "payload of ", payload.size(), " bytes: at most ", options_.max_payload));
    }
    if (options.ttl < duration{0}) return reject(fail(code::arg, "ttl must not be negative"));
    const std::uint64_t hash = topic_hash(topic);
    const std::vector<detail::subscriber*>* to = cache_.find(topic, hash);
    if (to == nullptr) {
      auto valid = check_topic(topic);
      if (!valid) return reject(std::move(valid).error());
      to = &matching(topic, hash);
    }
    if (options.may_wait) {
      for (detail::subscriber* s : *to) {
        if (!blocks(*s, topic.size() + payload.size())) continue;
        ++would_block_;
        return fail(code::overflow, "would block");
      }
    }
    ++published_;
    if (to->empty()) ++unrouted_;
    publish_receipt receipt{static_cast<std::uint32_t>(to->size()), 0, ++sequence_};
    draft d{{}, hash, message_pool::none};
    d.m = {topic, payload, now_, options.ttl, options.correlation, sequence_, 0, options.source, 1};
    if (d.m.correlation == 0 && options.follow) d.m.correlation = handling_;
    if (d.m.correlation == 0) d.m.correlation = std::uint64_t{options_.origin} << 48 | sequence_;
    for (detail::subscriber* s : *to) receipt.dropped += offer(*s, d);
    health_.matched(receipt.matched);
    health_.dropped(receipt.dropped);
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
    const auto* known = cache_.find(topic, hash);
    duration shortest = never;
    for (detail::subscriber* s : known != nullptr ? *known : matching(topic, hash)) {
      if (blocks(*s, topic.size() + payload_bytes)) {
        shortest = std::min(shortest, s->options.block_for);
      }
    }
    return shortest == never ? duration{0} : shortest;
  }

  /// Calls handlers for what was published before this call and can go now: at most
  /// `max_deliveries` messages leave a queue (delivered, failed, expired or dead-lettered). How
  /// many did. 0 from inside a handler.
  std::size_t pump(instant now, std::size_t max_deliveries = static_cast<std::size_t>(-1)) {
    if (pumping_) return 0;
    pumping_ = true;
    advance(now);
    while (!waiting_.empty() && waiting_.front()->not_before <= now_) {
      detail::subscriber* s = pop(waiting_, wakes_later);
      make_ready(*s);
    }
    const std::uint64_t last = sequence_;
    std::size_t done = 0;
    while (done < max_deliveries && !ready_.empty()) {
      detail::subscriber* s = pop(ready_, runs_later);
      s->where = detail::place::idle;
      if (s->queue.empty()) continue;     // all of it expired when a publisher asked for room
      if (s->queue[0].place != s->key) {  // its oldest was dropped meanwhile: a later place
        make_ready(*s);
        continue;
      }
      if (s->queue[0].place > last) {
        s->where = detail::place::later;
        later_.push_back(s);
        continue;
      }
      ++done;
      if (!step(*s)) return done;  // given up on: the bus is another thread's now
    }
    end_pump();
    return done;
  }
  /// For an owner that gives up on a handler which does not return: its delivery is a dead letter,
  /// its subscription ends, and another thread may go on with the bus. What the handler may still
  /// read stays as long as the bus. @return the subscription's pattern. @pre a handler runs, and
  /// its thread sets what lost() gave it before the handler's return: pump() then leaves at once.
  std::string abandon(instant now) {
    advance(now);
    detail::subscriber& s = *in_hand_;
    detail::delivery d = in_hand_delivery_;
    pool_.retain(d.index);
    ++s.failures;
    ++d.attempts;
    s.last_error.assign("the handler did not return");
    if (s.closed) {
      finish(s, d, s.account.dropped_closed);
    } else {
      bury(s, d, dead_reason::retries);
      (void)unsubscribe(s.id);
    }
    s.where = detail::place::idle;
    ended_ += s.account;
    abandoned_.push_back(std::move(closing_));
    handling_ = 0;
    end_pump();
    return s.pattern;
  }
  /// A flag on the stack of the thread that runs a handler, see abandon(). @pre a handler runs
  bool& lost() noexcept { return *lost_; }
  /// Lets time pass without traffic, for health().
  void pass_time(instant now) noexcept { advance(now); }
  /// When pump() has something to do: not after the newest `now` when at once, `never` when nothing
  /// waits for a handler.
  instant next_due() const noexcept {
    if (!ready_.empty() || !later_.empty()) return now_;
    return waiting_.empty() ? never : waiting_.front()->not_before;
  }

  /// Takes the oldest message of a polled subscription. False: none waits, `id` is dead or has a
  /// handler.
  bool poll(std::uint32_t id, owned_message& out, instant now) {
    message m;
    if (!peek(id, m, now)) return false;
    out.assign(m);
    detail::subscriber& s = **subscribers_.find(id);
    const detail::delivery d = take_front(s);
    health_.delivered(now_ - pool_[d.index].at);
    finish(s, d, s.account.delivered);
    return true;
  }
  /// Shows what poll() would take, and leaves it: a view until the next call that is not const.
  bool peek(std::uint32_t id, message& out, instant now) {
    advance(now);
    const std::unique_ptr<detail::subscriber>* found = subscribers_.find(id);
    if (found == nullptr || (*found)->handler) return false;
    detail::subscriber& s = **found;
    expire_front(s);
    if (s.queue.empty()) return false;
    out = pool_[s.queue[0].index];
    return true;
  }
  bool alive(std::uint32_t id) const noexcept { return subscribers_.find(id) != nullptr; }

  std::size_t dead_letter_count() const noexcept { return dead_.size(); }
  /// The i-th oldest. @pre i < dead_letter_count()
  dead_letter dead_letter_at(std::size_t i) const noexcept { return dead_.at(pool_, i); }
  /// Sends a dead letter to its one subscription again, as a new message (matched counts it) with
  /// `replay_of`; it is no dead letter then. NOT_FOUND: no such number. STALE: the subscription has
  /// ended. OVERFLOW: its queue is full. EXISTS: keep_latest, and a newer one waits.
  result<void> replay(std::uint64_t number, instant now) {
    advance(now);
    GYRE_TRY(i, letter(number));
    const dead_letter old = dead_.at(pool_, i);
    GYRE_TRY(s, live(old.subscription));
    expire_front(*s);
    if (s->full(message_pool::bytes(old.message))) {
      return fail(code::overflow, "the queue of subscription ", s->pattern, " is full");
    }
    draft d{old.message, topic_hash(old.message.topic), message_pool::none};
    if (s->options.policy == overflow::keep_latest && same_topic(*s, d) < s->queue.size()) {
      return fail(code::exists, "a newer message of topic ", old.message.topic, " waits");
    }
    d.m.at = now_;
    d.m.replay_of = old.message.sequence;
    d.m.sequence = ++sequence_;
    ++s->account.matched;
    health_.matched(1);
    enqueue(*s, d);
    dead_.replayed(pool_, i);
    return ok;
  }
  /// Replays all dead letters of one subscription, oldest first, until one cannot go: how many did.
  result<std::size_t> replay_all(std::uint32_t id, instant now) {
    GYRE_CHECK(live(id));
    std::size_t done = 0;
    for (std::size_t i = 0; i < dead_.size();) {
      const dead_letter l = dead_.at(pool_, i);
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
    dead_.discard(pool_, i);
    return ok;
  }

  /// O(subscriptions). The account is balanced also when read from inside a handler.
  bus_stats stats() const {
    bus_stats out;
    static_cast<bus_account&>(out) = ended_;
    for (const detail::subscriber* s : order_) out += account_of(*s);
    if (closing_) out += account_of(*closing_);
    out.published = published_;
    out.unrouted = unrouted_;
    out.rejected = rejected_;
    out.would_block = would_block_;
    out.p50_ms = health_.total().quantile_ms(0.5);
    out.p99_ms = health_.total().quantile_ms(0.99);
    out.health = health();
    out.subscriptions = order_.size();
    out.dead = dead_.stats();
    return out;
  }
  result<subscription_stats> stats(std::uint32_t id) const {
    const auto* found = subscribers_.find(id);
    if (found == nullptr) return bad_id(id, options_.id_kind);
    const detail::subscriber& s = **found;
    subscription_stats out;
    static_cast<bus_account&>(out) = account_of(s);
    out.pattern = s.pattern;
    out.failures = s.failures;
    out.retried = s.retried;
    out.trips = s.breaker.trips();
    out.breaker = s.breaker.state();
    out.last_error = s.last_error.view();
    return out;
  }
  /// 0..1 as of the newest `now` that the bus was given; see health_score().
  double health() const noexcept { return health_.score(pending_); }
  std::uint64_t pending() const noexcept { return pending_; }

 private:
  using heap = std::vector<detail::subscriber*>;
  struct draft {  // a message on its way in; copied to the pool when the first queue takes it
    message m;
    std::uint64_t hash;
    std::uint32_t index;
  };

  static bool runs_later(const detail::subscriber* a, const detail::subscriber* b) noexcept {
    if (a->options.priority != b->options.priority) {
      return a->options.priority < b->options.priority;
    }
    return a->key != b->key ? a->key > b->key : a->order > b->order;
  }
  static bool wakes_later(const detail::subscriber* a, const detail::subscriber* b) noexcept {
    return a->not_before != b->not_before ? a->not_before > b->not_before : a->order > b->order;
  }
  template <class Less>
  static detail::subscriber* pop(heap& h, Less less) noexcept {
    std::pop_heap(h.begin(), h.end(), less);
    detail::subscriber* s = h.back();
    h.pop_back();
    return s;
  }
  template <class Less>
  static void take_out(heap& h, detail::subscriber* s, Less less) noexcept {
    if (std::erase(h, s) != 0) std::make_heap(h.begin(), h.end(), less);
  }
  static bus_account account_of(const detail::subscriber& s) noexcept {
    bus_account a = s.account;
    a.pending = s.pending();
    return a;
  }
  void advance(instant now) noexcept {
    now_ = std::max(now_, now);
    health_.advance(now_);
  }
  error reject(error why) noexcept {
    ++rejected_;
    return why;
  }
  result<detail::subscriber*> live(std::uint32_t id) const {
    const auto* found = subscribers_.find(id);
    if (found == nullptr) return bad_id(id, options_.id_kind);
    return found->get();
  }
  result<std::size_t> letter(std::uint64_t number) const {
    const std::size_t i = dead_.find(number);
    if (i == dead_.size()) {
      return fail(code::not_found, "no dead letter ", number, " is kept");
    }
    return i;
  }
  const heap& matching(std::string_view topic, std::uint64_t hash) {
    return cache_.add(topic, hash, [&](heap& out) {
      for (detail::subscriber* s : order_) {
        if (matches(s->pattern, topic)) out.push_back(s);
      }
    });
  }

  // ---- in ----
  bool blocks(detail::subscriber& s, std::size_t size) {
    if (s.options.policy != overflow::block || !s.rate.allows(now_)) return false;
    expire_front(s);
    return s.full(size);
  }
  std::size_t same_topic(const detail::subscriber& s, const draft& d) const noexcept {
    std::size_t i = 0;
    while (i < s.queue.size() &&
           (s.queue[i].hash != d.hash || pool_[s.queue[i].index].topic != d.m.topic)) {
      ++i;
    }
    return i;
  }
  /// One message for one subscription, by its rate and policy. How many messages that cost.
  std::uint32_t offer(detail::subscriber& s, draft& d) {
    ++s.account.matched;
    if (!s.rate.allows(now_)) {
      ++s.account.dropped_rate;
      return 1;
    }
    const std::size_t size = message_pool::bytes(d.m);
    const bool latest = s.options.policy == overflow::keep_latest;
    if (latest) {
      if (const std::size_t i = same_topic(s, d); i < s.queue.size()) return replace(s, i, d);
    }
    if (s.full(size)) expire_front(s);
    std::uint32_t lost = 0;
    if (s.full(size)) {
      if (s.options.policy == overflow::drop_newest) {
        ++s.account.dropped_newest;
        return 1;
      }
      if (s.options.policy == overflow::block) {
        ++s.account.dropped_blocked;
        return 1;
      }
      store(d);  // before the oldest goes: the message may be a part of it
      while (s.full(size)) {
        finish(s, take_front(s), s.account.dropped_oldest);
        ++lost;
      }
    }
    s.rate.take(now_);
    enqueue(s, d);
    return lost;
  }
  /// keep_latest: the newer one takes the older one's place in the queue.
  std::uint32_t replace(detail::subscriber& s, std::size_t i, draft& d) {
    store(d);
    pool_.retain(d.index);
    const detail::delivery old = s.queue[i];
    s.queue[i] = {d.hash, old.place, d.index, 0};
    s.bytes += message_pool::bytes(d.m) - message_pool::bytes(pool_[old.index]);
    ++pending_;
    finish(s, old, s.account.dropped_replaced);
    s.rate.take(now_);
    std::uint32_t lost = 1;
    while (s.bytes > s.options.bytes && s.queue.size() > 1) {  // the newer one may be larger
      const detail::delivery oldest = s.queue.erase(s.queue[0].index == d.index ? 1 : 0);
      s.bytes -= message_pool::bytes(pool_[oldest.index]);
      finish(s, oldest, s.account.dropped_oldest);
      ++lost;
    }
    return lost;
  }
  void store(draft& d) {
    if (d.index == message_pool::none) d.index = pool_.store(d.m);
  }
  void enqueue(detail::subscriber& s, draft& d) {
    store(d);
    pool_.retain(d.index);
    s.queue.push_back({d.hash, d.m.sequence, d.index, 0});
    s.bytes += message_pool::bytes(d.m);
    ++pending_;
    schedule(s);
  }
  /// Puts an idle subscription with messages and a handler where pump() finds it.
  void schedule(detail::subscriber& s) noexcept {
    if (s.where != detail::place::idle || s.queue.empty() || !s.handler) return;
    if (s.not_before <= now_) {
      make_ready(s);
      return;
    }
    s.where = detail::place::waiting;
    waiting_.push_back(&s);
    std::push_heap(waiting_.begin(), waiting_.end(), wakes_later);
  }
  void make_ready(detail::subscriber& s) noexcept {
    s.where = detail::place::ready;
    s.key = s.queue.empty() ? 0 : s.queue[0].place;
    ready_.push_back(&s);
    std::push_heap(ready_.begin(), ready_.end(), runs_later);
  }

  // ---- out ----
  detail::delivery take_front(detail::subscriber& s) noexcept {
    const detail::delivery d = s.queue.pop_front();
    s.bytes -= message_pool::bytes(pool_[d.index]);
    return d;
  }
  /// The end of a delivery, counted in `as`, one of the account's. That it had been tried and was
  /// never taken is one failure for the breaker, however it ended.
  void finish(detail::subscriber& s, const detail::delivery& d, std::uint64_t& as) noexcept {
    if (d.attempts > 0 && &as != &s.account.delivered) s.breaker.failure(now_);
    ++as;
    --pending_;
    pool_.release(d.index);
  }
  void bury(detail::subscriber& s, const detail::delivery& d, dead_reason why) {
    pool_.retain(d.index);  // the dead letter's own
    dead_.add(pool_, d.index, s, why, d.attempts, now_);
    finish(s, d, s.account.dead_lettered);
  }
  void expire_front(detail::subscriber& s) noexcept {
    while (!s.queue.empty() && pool_[s.queue[0].index].expired(now_)) {
      finish(s, take_front(s), s.account.expired);
    }
  }
  void end_pump() noexcept {
    while (!later_.empty()) {
      detail::subscriber* s = later_.back();
      later_.pop_back();
      make_ready(*s);
    }
    pumping_ = false;
  }
  /// Takes the first message of `s` from its queue and does with it what is due. False: abandon()
  /// was called meanwhile, and nothing may be touched.
  bool step(detail::subscriber& s) {
    const detail::delivery d = take_front(s);
    if (pool_[d.index].expired(now_)) {
      finish(s, d, s.account.expired);
    } else if (!s.breaker.allow(now_)) {
      bury(s, d, dead_reason::breaker);
    } else if (!attempt(s, d)) {
      return false;
    }
    if (s.closed) {
      ended_ += s.account;
      const auto gone =
          std::move(closing_);  // first out, then destroyed: its handler may call back
      return true;
    }
    schedule(s);
    return true;
  }
  bool attempt(detail::subscriber& s, detail::delivery d) {
    message m = pool_[d.index];  // a copy: the handler's publishing may move the pool's
    m.attempt = d.attempts + 1;
    handling_ = m.correlation;
    s.where = detail::place::in_handler;
    in_hand_ = &s;
    in_hand_delivery_ = d;
    bool lost = false;
    lost_ = &lost;
    const bool taken = call(s, m, lost);
    if (lost) return false;
    s.where = detail::place::idle;
    handling_ = 0;
    if (taken) {
      s.breaker.success();
      health_.delivered(now_ - m.at);
      finish(s, d, s.account.delivered);
      return true;
    }
    ++s.failures;
    ++d.attempts;
    if (s.closed) {
      finish(s, d, s.account.dropped_closed);
    } else if (d.attempts > s.options.retries || s.breaker.state() == breaker_state::half_open) {
      bury(s, d, dead_reason::retries);
    } else {
      retry(s, d);
    }
    return true;
  }
  bool call(detail::subscriber& s, const message& m, const bool& lost) {
#if GYRE_EXCEPTIONS
    try {
#endif
      const result<void> done = s.handler(m);
      if (!done && !lost) s.last_error.assign(done.error().text);
      return done.has_value();
#if GYRE_EXCEPTIONS
    } catch (const std::exception& thrown) {
      if (!lost) s.last_error.assign(thrown.what());
    } catch (...) {
      if (!lost) s.last_error.assign("the handler threw something that is no std::exception");
    }
    return false;
#endif
  }
  void retry(detail::subscriber& s, const detail::delivery& d) {
    ++s.retried;
    s.not_before = add_saturated(now_, s.options.retry_delay * d.attempts);
    const message& m = pool_[d.index];
    if (s.options.policy == overflow::keep_latest &&
        same_topic(s, {m, d.hash, d.index}) < s.queue.size()) {
      finish(s, d, s.account.dropped_replaced);  // its handler's own doing: a newer one waits
      health_.dropped(1);
      return;
    }
    s.queue.push_front(d);
    s.bytes += message_pool::bytes(m);
  }

  bus_options options_;
  message_pool pool_;
  slot_map<std::unique_ptr<detail::subscriber>> subscribers_;
  heap order_;                    // as subscribed
  heap ready_, waiting_, later_;  // heaps by runs_later and wakes_later; held back in this pump()
  std::unique_ptr<detail::subscriber> closing_;  // ended from inside its own handler
  std::vector<std::unique_ptr<detail::subscriber>> abandoned_;  // a thread is inside, or was
  detail::subscriber* in_hand_ = nullptr;  // whose handler runs now, with which delivery
  detail::delivery in_hand_delivery_;
  bool* lost_ = nullptr;
  match_cache<detail::subscriber*> cache_;
  dead_letters dead_;
  bus_health health_;
  bus_account ended_;  // of subscriptions that are no more
  instant now_{};
  std::uint64_t sequence_ = 0, subscribed_ = 0, handling_ = 0, pending_ = 0;
  std::uint64_t published_ = 0, unrouted_ = 0, rejected_ = 0, would_block_ = 0;
  bool pumping_ = false;
};

}  // namespace v1
}  // namespace gyre

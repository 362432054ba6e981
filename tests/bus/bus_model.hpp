// bus_model.hpp - an obvious bus: a deque a subscription, who is next found by looking at all.
// Room: tests. Threads: one.
#pragma once

#include <algorithm>
#include <deque>
#include <gyre/bus/bus.hpp>
#include <gyre/core/rng.hpp>
#include <string>
#include <vector>

using gyre::breaker_state;
using gyre::instant;
using gyre::overflow;
using std::chrono::milliseconds;

struct model_message {
  std::string topic, text;
  instant at{};
  gyre::duration ttl{};
  std::uint64_t sequence = 0, attempts = 0, replay_of = 0, place = 0;
  std::size_t size() const { return topic.size() + text.size(); }
};
struct model_letter {
  std::uint64_t number = 0;
  int sub = 0;
  model_message m;
};
struct model_sub {
  std::string pattern;
  gyre::subscription_options o;
  bool pushed = false, open = true, in_hand = false;
  std::uint32_t id = 0;
  std::deque<model_message> queue;
  gyre::bus_account a;
  instant not_before{}, opened{}, next{};
  breaker_state breaker = breaker_state::closed;
  std::uint64_t streak = 0, trips = 0;

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& m : queue) sum += m.size();
    return sum;
  }
  bool full(std::size_t size) const {
    return !queue.empty() && (queue.size() >= o.capacity || bytes() + size > o.bytes);
  }
  bool rate_ok(instant now) const {
    if (o.rate_per_s == 0) return true;
    const gyre::duration gap{static_cast<std::int64_t>(1e9 / o.rate_per_s + 0.5)};
    return next <= now + gap * (static_cast<std::int64_t>(o.burst) - 1);
  }
  void rate_take(instant now) {
    if (o.rate_per_s == 0) return;
    next =
        std::max(next, now) + gyre::duration{static_cast<std::int64_t>(1e9 / o.rate_per_s + 0.5)};
  }
  void failed(instant now) {
    if (breaker == breaker_state::open || o.breaker.failures == 0) return;
    if (breaker == breaker_state::closed && ++streak < o.breaker.failures) return;
    breaker = breaker_state::open;
    opened = now;
    ++trips;
  }
  void count(std::uint64_t& as, const model_message& m, instant now) {
    if (m.attempts > 0) failed(now);
    ++as;
  }
  void expire(instant now) {
    while (!queue.empty() && queue[0].ttl.count() > 0 && now >= queue[0].at + queue[0].ttl) {
      count(a.expired, queue[0], now);
      queue.pop_front();
    }
  }
};

/// What a handler does with a message: a function of the message and how often it was tried.
enum class act { take, fail, take_and_publish, fail_and_publish, end };
inline act decide(std::uint64_t sequence, std::uint64_t attempt, std::uint64_t sub) {
  const std::uint64_t dice = gyre::mix(sequence, attempt, sub, 99) % 64;
  if (dice == 0) return act::end;
  if (dice < 6) return act::take_and_publish;
  if (dice < 9) return act::fail_and_publish;
  const bool bad_times = sequence / 200 % 2 == 1;  // failures come in spells
  if (dice < (bad_times ? 50U : 14U)) return act::fail;
  return act::take;
}

struct model_bus {
  std::vector<model_sub> subs;  // in order of subscribing, ended ones too
  std::deque<model_letter> dead;
  std::size_t dead_capacity = 20;
  std::uint64_t sequence = 0, letters = 0, evicted = 0, published = 0, unrouted = 0;
  instant now{};
  std::vector<std::string> log;

  std::uint32_t publish(const std::string& topic, const std::string& text, gyre::duration ttl) {
    ++published;
    ++sequence;
    std::uint32_t lost = 0, matched = 0;
    for (model_sub& s : subs) {
      if (!s.open || !gyre::matches(s.pattern, topic)) continue;
      ++matched;
      lost += offer(s, {topic, text, now, ttl, sequence, 0, 0, sequence});
    }
    if (matched == 0) ++unrouted;
    return lost;
  }
  bool blocked(const std::string& topic, std::size_t size) {
    for (model_sub& s : subs) {
      if (!s.open || s.o.policy != overflow::block || !gyre::matches(s.pattern, topic)) continue;
      if (!s.rate_ok(now)) continue;
      s.expire(now);
      if (s.full(size)) return true;
    }
    return false;
  }
  std::uint32_t offer(model_sub& s, const model_message& m) {
    ++s.a.matched;
    if (!s.rate_ok(now)) {
      ++s.a.dropped_rate;
      return 1;
    }
    std::uint32_t lost = 0;
    if (s.o.policy == overflow::keep_latest) {
      for (model_message& old : s.queue) {
        if (old.topic != m.topic) continue;
        s.count(s.a.dropped_replaced, old, now);
        const std::uint64_t place = old.place;
        old = m;
        old.place = place;
        s.rate_take(now);
        lost = 1;
        while (s.bytes() > s.o.bytes && s.queue.size() > 1) {
          const std::size_t k = s.queue[0].sequence == m.sequence ? 1 : 0;
          s.count(s.a.dropped_oldest, s.queue[k], now);
          s.queue.erase(s.queue.begin() + static_cast<std::ptrdiff_t>(k));
          ++lost;
        }
        return lost;
      }
    }
    if (s.full(m.size())) s.expire(now);
    if (s.full(m.size()) && s.o.policy == overflow::drop_newest) {
      ++s.a.dropped_newest;
      return 1;
    }
    if (s.full(m.size()) && s.o.policy == overflow::block) {
      ++s.a.dropped_blocked;
      return 1;
    }
    for (; s.full(m.size()); ++lost) {
      s.count(s.a.dropped_oldest, s.queue[0], now);
      s.queue.pop_front();
    }
    s.rate_take(now);
    s.queue.push_back(m);
    return lost;
  }
  void bury(std::size_t i, const model_message& m) {
    subs[i].count(subs[i].a.dead_lettered, m, now);
    dead.push_back({++letters, static_cast<int>(i), m});
    for (; dead.size() > dead_capacity; ++evicted) dead.pop_front();
  }
  void end(model_sub& s) {
    s.open = false;
    for (const auto& m : s.queue) s.count(s.a.dropped_closed, m, now);
    s.queue.clear();
  }
  std::size_t pump(std::size_t most) {
    const std::uint64_t last = sequence;
    std::size_t done = 0;
    for (; done < most; ++done) {
      int best = -1;
      for (std::size_t i = 0; i < subs.size(); ++i) {
        const model_sub& s = subs[i];
        if (!s.open || !s.pushed || s.queue.empty() || s.not_before > now) continue;
        if (s.queue[0].place > last) continue;
        if (best < 0) {
          best = static_cast<int>(i);
          continue;
        }
        const model_sub& b = subs[static_cast<std::size_t>(best)];
        if (s.o.priority > b.o.priority ||
            (s.o.priority == b.o.priority && s.queue[0].place < b.queue[0].place)) {
          best = static_cast<int>(i);
        }
      }
      if (best < 0) break;
      step(static_cast<std::size_t>(best));
    }
    return done;
  }
  bool replay(std::size_t k) {
    const model_letter l = dead[k];
    model_sub& s = subs[static_cast<std::size_t>(l.sub)];
    if (!s.open) return false;
    s.expire(now);
    if (s.full(l.m.size())) return false;
    for (const auto& newer : s.queue) {
      if (s.o.policy == overflow::keep_latest && newer.topic == l.m.topic) return false;
    }
    ++s.a.matched;
    ++sequence;
    s.queue.push_back({l.m.topic, l.m.text, now, l.m.ttl, sequence, 0, l.m.sequence, sequence});
    dead.erase(dead.begin() + static_cast<std::ptrdiff_t>(k));
    return true;
  }
  void step(std::size_t i) {
    model_sub& s = subs[i];
    model_message m = s.queue.front();
    s.queue.pop_front();
    if (m.ttl.count() > 0 && now >= m.at + m.ttl) return s.count(s.a.expired, m, now);
    if (s.breaker == breaker_state::open && now >= s.opened + s.o.breaker.open_for) {
      s.breaker = breaker_state::half_open;
      s.streak = 0;
    }
    if (s.breaker == breaker_state::open) return bury(i, m);
    log.push_back(std::to_string(i) + ":" + m.text + "/" + std::to_string(m.attempts));
    const act what = decide(m.replay_of != 0 ? m.replay_of : m.sequence, m.attempts, i);
    s.in_hand = true;
    if (what == act::end) end(s);
    if (what == act::take_and_publish || what == act::fail_and_publish) {
      publish(m.topic, m.text + "'", {});
    }
    s.in_hand = false;
    if (what == act::take || what == act::take_and_publish) {
      ++s.a.delivered;
      if (s.breaker == breaker_state::half_open && ++s.streak >= s.o.breaker.probes) {
        s.breaker = breaker_state::closed;
        s.streak = 0;
      } else if (s.breaker == breaker_state::closed) {
        s.streak = 0;
      }
      return;
    }
    ++m.attempts;
    if (!s.open) {
      s.count(s.a.dropped_closed, m, now);
    } else if (m.attempts > s.o.retries || s.breaker == breaker_state::half_open) {
      bury(i, m);
    } else {
      s.not_before = now + s.o.retry_delay * static_cast<std::int64_t>(m.attempts);
      for (const auto& newer : s.queue) {
        if (s.o.policy == overflow::keep_latest && newer.topic == m.topic) {
          return s.count(s.a.dropped_replaced, m, now);
        }
      }
      s.queue.push_front(m);
    }
  }
};

// routing.hpp - the subscriptions there are, by id and in order, and who gets a topic.
// Room: bus. Threads: one owner at a time. Held by bus.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gyre/bus/subscription.hpp>
#include <gyre/bus/topic.hpp>
#include <gyre/core/slot_map.hpp>
#include <gyre/core/vec.hpp>
#include <memory>
#include <string_view>
#include <utility>

namespace gyre {
inline namespace v1 {
namespace detail {

class routing {
 public:
  using list = vec<subscriber*>;

  explicit routing(const bus_options& o)
      : subscribers_(o.id_kind), cache_(o.topics), most_(o.subscriptions), kind_(o.id_kind) {}

  /// ARG: pattern, options. BUDGET: too many. Nothing has changed then.
  result<subscriber*> add(std::string_view pattern, const subscription_options& options,
                          message_handler handler) {
    GYRE_CHECK(check_pattern(pattern));
    GYRE_CHECK(check(options));
    if (order_.size() >= most_) {
      return fail(code::budget, "there are ", order_.size(),
                  " subscriptions, as many as the bus may have");
    }
    auto made = std::make_unique<subscriber>(pattern, options, std::move(handler));
    subscriber* s = made.get();
    order_.make_room(1);
    GYRE_TRY(id, subscribers_.insert(std::move(made)));
    s->id = id;
    s->turn.order = ++subscribed_;
    order_.push_back(s);
    cache_.forget();
    return s;
  }
  /// Nobody finds it from now on. O(subscriptions)
  std::unique_ptr<subscriber> remove(const subscriber& s) noexcept {
    std::unique_ptr<subscriber> gone = std::move(*subscribers_.find(s.id));
    subscribers_.erase(s.id);
    order_.erase(std::find(order_.begin(), order_.end(), &s));
    cache_.forget();
    return gone;
  }
  subscriber* find(std::uint32_t id) const noexcept {
    const auto* found = subscribers_.find(id);
    return found == nullptr ? nullptr : found->get();
  }
  /// The same. STALE, KIND: not a subscription's id.
  result<subscriber*> live(std::uint32_t id) const {
    if (subscriber* s = find(id)) return s;
    return bad_id(id, kind_);
  }
  const list& all() const noexcept { return order_; }  ///< as subscribed

  /// Who gets `topic`, as subscribed, where that is known; else null. Valid until the next call.
  const list* known(std::string_view topic, std::uint64_t hash) const noexcept {
    return cache_.find(topic, hash);
  }
  /// Finds it out, for a topic that is not known(). O(subscriptions)
  const list& match(std::string_view topic, std::uint64_t hash) {
    return cache_.add(topic, hash, [&](list& out) {
      for (subscriber* s : order_) {
        if (matches(s->pattern, topic)) out.push_back(s);
      }
    });
  }

 private:
  slot_map<std::unique_ptr<subscriber>> subscribers_;
  list order_;  // as subscribed
  match_cache<subscriber*> cache_;
  std::size_t most_;
  std::uint32_t kind_;
  std::uint64_t subscribed_ = 0;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre

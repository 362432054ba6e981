// society.hpp - the four reference loops: they watch, feel, tidy and wonder about an engine.
// Room: society. Threads: any call from any thread.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <gyre/core/scarce.hpp>
#include <gyre/engine.hpp>
#include <gyre/society/awareness.hpp>
#include <gyre/society/consolidation.hpp>
#include <gyre/society/curiosity.hpp>
#include <gyre/society/emotion.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

struct society_options {
  double divisor = 1;  ///< of the intervals: 20 makes the 10 s of awareness 0.5 s; 0.001 to 1,000
};

/// Adds the loops awareness (10 s), emotional_decay (5 s), memory_consolidation (60 s) and
/// curiosity (30 s) with the five declared edges between them. They feed on the engine's snapshots,
/// on its events (`gyre.>`) and on its memory, and publish what they come to: `society.anomaly`,
/// `society.mood`, `society.consolidated`, `society.insight`. Insights are remembered as records
/// tagged "insight". What each comes to is in the snapshot, as features and vitality of its loop.
///
/// The loops belong to the engine; this object is a window on them and may go at any time.
class society {
 public:
  /// Errors: ARG (divisor), EXISTS (one of the four names). Nothing was added then.
  static result<std::unique_ptr<society>> add(engine& e, society_options o = {}) {
    if (!(o.divisor >= 0.001 && o.divisor <= 1000)) {
      return fail(code::arg, "the society's divisor is 0.001 to 1000, not ", o.divisor);
    }
    std::unique_ptr<society> made(new society(e));
    made->loops_.reserve(4);
    made->handlers_.reserve(2);
    detail::undo apart([&]() noexcept {
      (void)detail::if_memory([&] { made->leave(e); });
    });
    GYRE_CHECK(made->join(e, o));
    apart.keep();
    return made;
  }

  /// Moves the mood; see emotion::inject.
  result<void> inject(double pleasure, double arousal, double dominance) {
    const std::lock_guard lock(mind_->mutex);
    return mind_->feelings.inject(pleasure, arousal, dominance);
  }
  awareness_state awareness() const {
    const std::lock_guard lock(mind_->mutex);
    return mind_->attention.now();
  }
  emotion_state emotion() const {
    const std::lock_guard lock(mind_->mutex);
    return mind_->feelings.now();
  }
  consolidation_state consolidation() const {
    const std::lock_guard lock(mind_->mutex);
    return mind_->order.now();
  }
  curiosity_state curiosity() const {
    const std::lock_guard lock(mind_->mutex);
    return mind_->wonder.now();
  }
  std::vector<question> questions() const {
    const std::lock_guard lock(mind_->mutex);
    return mind_->wonder.questions();
  }
  /// Takes the loops out of the engine again. @pre the engine is alive
  void leave(engine& e) {
    for (const std::uint32_t id : handlers_) (void)e.unsubscribe(id);
    for (loop& l : loops_) (void)l.remove();
    handlers_.clear();
    loops_.clear();
  }

 private:
  /// What the four share; held by their functions, so it lives as long as they do.
  struct mind {
    explicit mind(std::uint64_t seed) : feelings(seed) {}
    std::mutex mutex;
    gyre::awareness attention;
    gyre::emotion feelings;
    consolidator order;
    gyre::curiosity wonder;
    std::uint64_t consolidations = 0;  ///< since awareness last looked
  };
  using shared = std::shared_ptr<mind>;

  /// An edge that no count reaches. Only a store has an archive, and the state of a loop is traced,
  /// which is to be the same without one.
  static constexpr double one_bucket = 1e15;

  explicit society(engine& e) : mind_(std::make_shared<mind>(e.snapshot().seed)) {}

  result<void> join(engine& e, const society_options& o) {
    const auto every = [&](double seconds) {
      return from_ms(seconds * 1000 / o.divisor).value_or(std::chrono::seconds(1));
    };
    const shared m = mind_;
    GYRE_CHECK(join(e,
                    {.name = "awareness",
                     .interval = every(10),
                     .features = {{"level", {0.3, 0.7}},
                                  {"deep", {0.5}},
                                  {"busy", {0.5}},
                                  {"odd_loops", {1, 5}}}},
                    [m, &e](tick& t) { watch(*m, e, t); }));
    GYRE_CHECK(join(e,
                    {.name = "emotional_decay",
                     .interval = every(5),
                     .features = {{"pleasure", {0.35, 0.65}},
                                  {"arousal", {0.2, 0.5, 0.8}},
                                  {"dominance", {0.35, 0.65}}}},
                    [m](tick& t) { feel(*m, t); }));
    GYRE_CHECK(join(e,
                    {.name = "memory_consolidation",
                     .interval = every(60),
                     .features = {{"archived", {one_bucket}},
                                  {"pruned", {one_bucket}},
                                  {"saved_percent", {25, 50, 75}}}},
                    [m, &e](tick& t) { tidy(*m, e, t); }));
    GYRE_CHECK(join(
        e,
        {.name = "curiosity",
         .interval = every(30),
         .features = {{"level", {0.3, 0.7}}, {"questions", {1, 5}}, {"insights", {1, 10, 100}}}},
        [m, &e](tick& t) { wonder(*m, e, t); }));
    for (const char* topics : {"gyre.*", "society.*"}) {
      GYRE_TRY(id, e.subscribe(topics, {}, [m](const message& heard) { hear(*m, heard); }));
      handlers_.push_back(id);
    }
    GYRE_CHECK(e.connect("awareness", "curiosity", 0.7));
    GYRE_CHECK(e.connect("awareness", "emotional_decay", 0.5));
    GYRE_CHECK(e.connect("emotional_decay", "curiosity", -0.3));
    GYRE_CHECK(e.connect("memory_consolidation", "awareness", 0.4));
    return e.connect("curiosity", "memory_consolidation", 0.6);
  }
  result<void> join(engine& e, loop_options o, std::function<void(tick&)> function) {
    GYRE_TRY(added, e.add(std::move(o), std::move(function)));
    loops_.push_back(added);
    return ok;
  }

  /// Between ticks: what the engine and the four tell. The amounts are small, for there are many.
  static void hear(mind& m, const message& heard) {
    const std::lock_guard lock(m.mutex);
    const auto is = [&](std::string_view topic) { return heard.topic == topic; };
    if (is("gyre.failed")) (void)m.feelings.inject(-0.02, 0.01, -0.01);
    if (is("gyre.timeout")) (void)m.feelings.inject(-0.03, 0.02, -0.02);
    if (is("gyre.stuck")) (void)m.feelings.inject(-0.2, 0.2, -0.2);
    if (is("gyre.interval")) (void)m.feelings.inject(0, 0, -0.005);
    if (is("society.insight")) (void)m.feelings.inject(0.02, 0, 0.01);
    if (is("society.consolidated")) ++m.consolidations;
    if (is("society.anomaly")) {
      (void)m.feelings.inject(-0.01, 0.03, 0);
      m.wonder.wonder(std::string(heard.text()));
    }
  }
  static void watch(mind& m, engine& e, tick& t) {
    const snapshot_data seen = e.snapshot();
    std::vector<std::string> found;
    awareness_state now;
    double vitality = 1;
    {
      const std::lock_guard lock(m.mutex);
      found = m.attention.look(seen, std::exchange(m.consolidations, 0));
      now = m.attention.now();
      vitality = m.attention.vitality();
    }
    const std::size_t told = now.deep ? 8 : 2;  // a wide-awake society tells more at once
    for (std::size_t i = 0; i < std::min(told, found.size()); ++i) {
      (void)t.publish("society.anomaly", found[i]);
    }
    (void)t.feature("level", now.level);
    (void)t.feature("deep", now.deep ? 1 : 0);
    (void)t.feature("busy", now.busy ? 1 : 0);
    (void)t.feature("odd_loops", static_cast<double>(now.odd));
    (void)t.vitality(vitality);
  }
  static void feel(mind& m, tick& t) {
    emotion_state now;
    double vitality = 1;
    {
      const std::lock_guard lock(m.mutex);
      m.feelings.decay();
      now = m.feelings.now();
      vitality = m.feelings.vitality();
    }
    (void)t.publish("society.mood", now.dominant);
    (void)t.feature("pleasure", now.at.pleasure);
    (void)t.feature("arousal", now.at.arousal);
    (void)t.feature("dominance", now.at.dominance);
    (void)t.vitality(vitality);
  }
  static void tidy(mind& m, engine& e, tick& t) {
    const auto moved = e.consolidate();
    const memory_stats kept = e.snapshot().memory;
    consolidation_state now;
    double vitality = 0;
    {
      const std::lock_guard lock(m.mutex);
      if (moved) {
        m.order.done(*moved, kept);
      } else {
        m.order.failed();
      }
      now = m.order.now();
      vitality = m.order.vitality();
    }
    if (moved) {
      (void)t.publish("society.consolidated", std::to_string(moved->archived) + " archived, " +
                                                  std::to_string(moved->pruned) + " pruned");
    } else {
      (void)t.fail(moved.error().text);
    }
    (void)t.feature("archived", static_cast<double>(now.archived));
    (void)t.feature("pruned", static_cast<double>(now.pruned));
    (void)t.feature("saved_percent", now.saved_percent);
    (void)t.vitality(vitality);
  }
  static void wonder(mind& m, engine& e, tick& t) {
    const snapshot_data seen = e.snapshot();
    std::vector<insight> found;
    curiosity_state now;
    double vitality = 1;
    {
      const std::lock_guard lock(m.mutex);
      found = m.wonder.think(seen, m.attention.now().level, m.feelings.distress());
      now = m.wonder.now();
      vitality = m.wonder.vitality();
    }
    for (const insight& i : found) {
      (void)t.remember({.text = i.text,
                        .role = "insight",
                        .tags = {"insight", name(i.kind)},
                        .importance = 0.8});
      (void)t.publish("society.insight", i.text);
    }
    (void)t.feature("level", now.level);
    (void)t.feature("questions", static_cast<double>(now.open));
    (void)t.feature("insights", static_cast<double>(now.answered));
    (void)t.vitality(vitality);
  }

  shared mind_;
  std::vector<loop> loops_;
  std::vector<std::uint32_t> handlers_;
};

}  // namespace v1
}  // namespace gyre

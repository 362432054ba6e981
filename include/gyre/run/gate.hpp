// gate.hpp - a named condition under which a loop may tick, with hysteresis.
// Room: run. Threads: one owner at a time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <gyre/core/result.hpp>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace gyre {
inline namespace v1 {

/// What gates look at. NaN: not known here. `mode` is only read during the call.
struct reading {
  double cpu_percent = std::numeric_limits<double>::quiet_NaN();        ///< of what may be used
  double memory_percent = std::numeric_limits<double>::quiet_NaN();     ///< of what may be used
  double latency_ms = std::numeric_limits<double>::quiet_NaN();         ///< the loop's recent p99
  double cpu_stall_percent = std::numeric_limits<double>::quiet_NaN();  ///< PSI some, 10 s
  double memory_stall_percent = std::numeric_limits<double>::quiet_NaN();  ///< PSI some, 10 s
  std::string_view mode = "normal";
};

/// What a gate's figure is made of, hence when it is asked.
enum class figure_of : std::uint8_t {
  anything,  ///< asked at each tick
  readings,  ///< of a reading but for latency_ms, and nothing else: not asked twice about the same
  latency,   ///< of latency_ms too, which needs the loop's histograms: asked at each tick
};

/// Closes when its figure is above `close` and opens again when it is under `open`; between the
/// two it stays as it is, so a figure that swings around one limit does not make it flap. A
/// figure that is not known opens it: no loop waits for a reading that never comes. The figure is
/// asked while the engine owns the loop's shard: it must be short and may not call the engine.
class gate {
 public:
  using figure_function = std::function<double(const reading&)>;

  /// A gate of the user's own over any figure; one that throws is not known then. @pre check(gate)
  gate(std::string name, figure_function figure, double close, double open,
       figure_of of = figure_of::anything)
      : figure_(std::move(figure)),
        close_(close),
        open_(open),
        of_(of),
        name_(std::move(name)) {}

  const std::string& name() const noexcept { return name_; }
  double closes_above() const noexcept { return close_; }
  double opens_under() const noexcept { return open_; }
  bool has_figure() const noexcept { return static_cast<bool>(figure_); }
  figure_of made_of() const noexcept { return of_; }

  /// Takes `now` into account and says whether the gate is open. The same figure again changes
  /// nothing.
  bool open(const reading& now) {
    value_ = figure(now);
    if (is_open_) {
      is_open_ = !(value_ > close_);
    } else {
      is_open_ = !(value_ >= open_);
    }
    return is_open_;
  }
  double value() const noexcept { return value_; }  ///< its figure then; NaN: none, or not known
  bool is_open() const noexcept { return is_open_; }  ///< as of the last open(reading)
  void reset() noexcept { is_open_ = true; }

 private:
  double figure(const reading& now) {
#if GYRE_EXCEPTIONS
    try {
      return figure_(now);
    } catch (...) {
      return std::numeric_limits<double>::quiet_NaN();
    }
#else
    return figure_(now);
#endif
  }

  figure_function figure_;  // what each tick looks at comes first
  double close_;
  double open_;
  double value_ = std::numeric_limits<double>::quiet_NaN();
  figure_of of_;
  bool is_open_ = true;
  std::string name_;
};

/// The gates that come with the engine. No loop has one unless it is given one.
namespace gates {

inline gate cpu(double close = 80.0, double open = 70.0) {
  return {"cpu", [](const reading& r) { return r.cpu_percent; }, close, open,
          figure_of::readings};
}
inline gate memory(double close = 85.0, double open = 80.0) {
  return {"memory", [](const reading& r) { return r.memory_percent; }, close, open,
          figure_of::readings};
}
/// Closed while the recent p99 is over the budget; a loop that does not run leaves its window
/// empty, which opens the gate for another try.
inline gate latency(double budget_ms) {
  return {"latency", [](const reading& r) { return r.latency_ms; }, budget_ms, budget_ms,
          figure_of::latency};
}
/// Closed while tasks waited for CPU or memory (pressure stall information, Linux) too much.
inline gate stall(double close = 40.0, double open = 20.0) {
  const auto worse = [](const reading& r) {
    return r.cpu_stall_percent > r.memory_stall_percent || !(r.memory_stall_percent >= 0.0)
               ? r.cpu_stall_percent
               : r.memory_stall_percent;
  };
  return {"stall", worse, close, open, figure_of::readings};
}
/// Open only while the engine's mode is `wanted`.
inline gate mode(std::string wanted = "normal") {
  const auto other = [w = std::move(wanted)](const reading& r) { return r.mode == w ? 0.0 : 1.0; };
  return {"mode", other, 0.5, 0.5, figure_of::readings};
}

}  // namespace gates

/// code::arg for a gate without a name or a figure, or whose limits are not open <= close.
inline result<void> check(const gate& g) {
  if (g.name().empty()) return fail(code::arg, "a gate has no name");
  if (!g.has_figure()) return fail(code::arg, "gate \"", g.name(), "\" has no figure");
  if (g.opens_under() <= g.closes_above()) return ok;
  return fail(code::arg, "gate \"", g.name(), "\" opens under ", g.opens_under(),
              " and closes above ", g.closes_above(), ": the first is at most the second");
}

/// Shows `now` to every gate and returns the first that is closed, null when all are open.
inline const gate* first_closed(std::span<gate> all, const reading& now) {
  const gate* closed = nullptr;
  for (gate& each : all) {
    if (!each.open(now) && closed == nullptr) closed = &each;
  }
  return closed;
}

}  // namespace v1
}  // namespace gyre

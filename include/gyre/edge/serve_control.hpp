// serve_control.hpp - an order to an engine, read from a request, checked, obeyed and told.
// Room: edge. Threads: any.
#pragma once

#include <array>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <gyre/core/glob.hpp>
#include <gyre/core/result.hpp>
#include <gyre/edge/json.hpp>
#include <gyre/edge/serve_request.hpp>
#include <gyre/engine/engine.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

/// What the parameters of a POST to /v1/control ask for:
///
///     action=pause|resume|stop|trigger      loop=NAME or pattern=GLOB
///     action=throttle factor=2              loop or pattern; 1 takes it back
///     action=reconfigure interval_ms= timeout_ms= mode=tune|observe|frozen   loop or pattern
///     action=engine_stop, action=engine_start
class order {
 public:
  /// ARG: what is missing, unknown, given twice or no number.
  static result<order> read(const http_request& r) {
    order out;
    for (const auto& [key, value] : r.params) GYRE_CHECK(out.take(key, value));
    if (out.action_.empty()) return fail(code::arg, "no action is given");
    if (!is_known(out.action_)) {
      return fail(code::arg, "action \"", clipped(out.action_, 40),
                  "\" is none of pause, resume, stop, trigger, throttle, reconfigure, "
                  "engine_stop, engine_start");
    }
    const bool whole = out.action_.starts_with("engine_");
    if (whole != out.target_.empty()) {
      return fail(code::arg, out.action_, whole ? " takes neither loop nor pattern"
                                                : " needs a loop or a pattern");
    }
    if (out.action_ == "throttle" && std::isnan(out.factor_)) {
      return fail(code::arg, "throttle needs a factor");
    }
    if (out.action_ == "reconfigure" && !out.change_.interval && !out.change_.timeout &&
        !out.change_.mode) {
      return fail(code::arg, "reconfigure needs interval_ms, timeout_ms or mode");
    }
    return out;
  }
  /// Does it. @return how many loops it was done to. Errors: those of the engine's calls; of a
  /// pattern's loops the first, with how many were changed before.
  result<std::uint32_t> obey(engine& e) const {
    if (action_ == "engine_start") return nothing_but(e.start());
    if (action_ == "engine_stop") {
      GYRE_TRY(late, e.stop());
      if (late.empty()) return 0u;
      return fail(code::timeout, "stopped, but the tick of ", late.front(), " has not ended",
                  late.size() > 1 ? join(" nor of ", late.size() - 1, " more") : "");
    }
    if (!exact_ && action_ == "pause") return e.pause_loops(target_);
    if (!exact_ && action_ == "resume") return e.resume_loops(target_);
    if (!exact_ && action_ == "stop") return e.stop_loops(target_);
    if (!exact_ && action_ == "throttle") return e.throttle_loops(target_, factor_);
    if (exact_) {
      GYRE_TRY(found, e.find(target_));
      return by_itself(e, found);
    }
    std::uint32_t done = 0;
    for (const loop_stats& l : e.snapshot().loops) {
      if (!glob_matches(target_, l.name)) continue;
      GYRE_TRY(found, e.at(l.id));
      const auto one = by_itself(e, found);
      if (!one) return fail(one.code(), l.name, ": ", one.error().text, "; changed before: ", done);
      ++done;
    }
    if (done == 0) return fail(code::not_found, "no loop matches \"", clipped(target_, 80), "\"");
    return done;
  }
  /// In words, for the event: "throttle ship-* x2".
  std::string text() const {
    std::string out = action_;
    if (!target_.empty()) out += " " + target_;
    if (action_ == "throttle") out += " x" + to_text(factor_);
    if (change_.interval) out += join(" interval ", to_text(to_ms(*change_.interval)), " ms");
    if (change_.timeout) out += join(" timeout ", to_text(to_ms(*change_.timeout)), " ms");
    if (change_.mode) out += join(" mode ", modes[static_cast<std::size_t>(*change_.mode)]);
    return out;
  }

 private:
  static constexpr std::array<std::string_view, 3> modes = {"tune", "observe", "frozen"};

  static bool is_known(std::string_view action) noexcept {
    for (const char* a : {"pause", "resume", "stop", "trigger", "throttle", "reconfigure",
                          "engine_stop", "engine_start"}) {
      if (action == a) return true;
    }
    return false;
  }
  static result<double> number(std::string_view key, const std::string& text) {
    char* end = nullptr;
    const double v = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !std::isfinite(v)) {
      return fail(code::arg, key, " \"", clipped(text, 40), "\" is no number");
    }
    return v;
  }
  result<void> take(const std::string& key, const std::string& value) {
    if (key == "action" && action_.empty()) {
      action_ = value;
    } else if ((key == "loop" || key == "pattern") && target_.empty()) {
      target_ = value;
      exact_ = key == "loop";
    } else if (key == "factor") {
      GYRE_TRY(v, number(key, value));
      factor_ = v;
    } else if (key == "interval_ms" || key == "timeout_ms") {
      GYRE_TRY(v, number(key, value));
      GYRE_TRY(d, from_ms(v));
      (key == "interval_ms" ? change_.interval : change_.timeout) = d;
    } else if (key == "mode") {
      for (std::size_t i = 0; i < modes.size(); ++i) {
        if (value == modes[i]) change_.mode = static_cast<tuning_mode>(i);
      }
      if (!change_.mode) return fail(code::arg, "mode is tune, observe or frozen");
    } else {
      return fail(code::arg, "\"", clipped(key, 40), "\" is unknown, or given twice");
    }
    return ok;
  }
  static result<std::uint32_t> nothing_but(result<void> done, std::uint32_t changed = 0) {
    GYRE_CHECK(std::move(done));
    return changed;
  }
  result<std::uint32_t> by_itself(engine& e, loop found) const {
    if (action_ == "pause") return nothing_but(found.pause(), 1);
    if (action_ == "resume") return nothing_but(found.resume(), 1);
    if (action_ == "trigger") return nothing_but(found.trigger(), 1);
    if (action_ == "reconfigure") return nothing_but(found.reconfigure(change_), 1);
    if (target_.find_first_of("*?") != std::string::npos) {
      return fail(code::arg, action_, " of a loop whose name has * or ?: use a pattern");
    }
    return action_ == "stop" ? e.stop_loops(target_) : e.throttle_loops(target_, factor_);
  }

  std::string action_, target_;
  bool exact_ = false;
  double factor_ = std::numeric_limits<double>::quiet_NaN();
  loop_change change_;
};

}  // namespace http
}  // namespace v1
}  // namespace gyre

// knob.hpp - knobs and features as a user declares them: values, ranges, names.
// Room: learn. Threads: plain values.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <gyre/core/text.hpp>
#include <gyre/learn/portable_math.hpp>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

/// Said of a knob or feature whose values are not alike when they are near.
enum class order : bool { none, yes };

/// `count` values from `first` to `last` in equal steps: linear(4, 64, 16). One value is `first`, 0
/// are none.
inline std::vector<double> linear(double first, double last, std::uint32_t count) {
  std::vector<double> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    out.push_back(count > 1 ? first + (last - first) * i / (count - 1) : first);
  }
  if (count > 1) out.back() = last;
  return out;
}
/// `count` values from `first` to `last`, each the same multiple of the one before: geometric(1,
/// 4096, 13) is 1, 2, 4 ... 4096. A value within 1e-12 of a whole number is that number. Both ends
/// over 0, else all are NaN, which space::make() refuses.
inline std::vector<double> geometric(double first, double last, std::uint32_t count) {
  const bool sound = first > 0 && last > 0 && std::isfinite(first) && std::isfinite(last);
  const double whole = sound && count > 1 ? portable::log(last / first) : 0;
  std::vector<double> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    double v = sound ? first * portable::exp(count > 1 ? whole * i / (count - 1) : 0)
                     : std::nan("");
    if (std::fabs(v - std::round(v)) < 1e-12 * v) v = std::round(v);
    out.push_back(v);
  }
  if (sound && count > 1) out.back() = last;
  return out;
}

/// A setting of a loop's work: its name and every value that may be tried.
///
///     knob{"level", {0, 1, 3, 6, 9}}              // neighbours are expected to be alike
///     knob{"buffer_kib", geometric(1, 4096, 13)}
///     knob{"codec", {"zlib", "none"}}             // by name; its value is 0, 1 ...; no order
///     knob{"shard", {4, 7, 9}, order::none}
///     knob{"quality", {"low", "mid", "high"}, order::yes}
///
/// A wrong order costs tries, not the result: it is found out.
struct knob {
  std::string name;
  std::vector<double> values;  ///< finite, at least one; their order is the order of the actions
  std::vector<std::string> names = {};  ///< of the values, where they have any
  bool ordered = true;

  knob() = default;
  knob(std::string called, std::vector<double> v, order o = order::yes)
      : name(std::move(called)), values(std::move(v)), ordered(o == order::yes) {}
  knob(std::string called, std::initializer_list<double> v, order o = order::yes)
      : name(std::move(called)), values(v), ordered(o == order::yes) {}
  template <class Name>  // so that an empty list is one of numbers
    requires std::convertible_to<Name, std::string_view>
  knob(std::string called, std::initializer_list<Name> n, order o = order::none)
      : knob(std::move(called), std::vector<std::string>(n.begin(), n.end()), o) {}
  knob(std::string called, std::vector<std::string> n, order o = order::none)
      : name(std::move(called)), names(std::move(n)), ordered(o == order::yes) {
    for (std::size_t i = 0; i < names.size(); ++i) values.push_back(static_cast<double>(i));
  }

  /// A value as it is to be shown: its name, or the number. @pre i < values.size()
  std::string shown(std::size_t i) const {
    return i < names.size() ? names[i] : to_text(values[i]);
  }
  bool operator==(const knob&) const = default;
};

/// A number that a loop sees, cut into buckets: n edges make n + 1 of them, and a value that equals
/// an edge belongs to the bucket above it. Or a small set of names, each a bucket: what is seen is
/// then the name's index.
///
///     feature{"queue", {10, 100, 1000}}
///     feature{"request", {"read", "write", "list"}}
struct feature {
  std::string name;
  std::vector<double> edges;  ///< finite, strictly ascending, at least one
  std::vector<std::string> names = {};  ///< of the buckets, where they have any
  bool ordered = true;

  feature() = default;
  feature(std::string called, std::vector<double> e)
      : name(std::move(called)), edges(std::move(e)) {}
  feature(std::string called, std::initializer_list<double> e)
      : name(std::move(called)), edges(e) {}
  template <class Name>
    requires std::convertible_to<Name, std::string_view>
  feature(std::string called, std::initializer_list<Name> n, order o = order::none)
      : feature(std::move(called), std::vector<std::string>(n.begin(), n.end()), o) {}
  feature(std::string called, std::vector<std::string> n, order o = order::none)
      : name(std::move(called)), names(std::move(n)), ordered(o == order::yes) {
    for (std::size_t i = 1; i < names.size(); ++i) edges.push_back(static_cast<double>(i) - .5);
  }

  /// A bucket as it is to be shown: its name, or its range: "< 10", "10..100", ">= 1000".
  std::string shown(std::size_t bucket) const {
    if (bucket < names.size()) return names[bucket];
    if (edges.empty()) return "all";
    if (bucket == 0) return "< " + to_text(edges.front());
    if (bucket >= edges.size()) return ">= " + to_text(edges.back());
    return to_text(edges[bucket - 1]) + ".." + to_text(edges[bucket]);
  }
  /// The index of a name; -1: none is called so.
  int index_of(std::string_view called) const noexcept {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == called) return static_cast<int>(i);
    }
    return -1;
  }
  bool operator==(const feature&) const = default;
};

}  // namespace v1
}  // namespace gyre

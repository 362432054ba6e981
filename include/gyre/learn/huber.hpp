// huber.hpp - Huber's loss: of small errors the square, of great ones no more than their size.
// Room: learn. Threads: pure functions.
#pragma once

#include <cmath>

namespace gyre {
inline namespace v1 {

/// Half the square of an error up to `corner`, and a line from there (Huber 1964), so that no row
/// of a batch pulls harder than that. @pre corner > 0
inline double huber(double error, double corner) noexcept {
  const double size = std::fabs(error);
  return size <= corner ? .5 * error * error : corner * (size - .5 * corner);
}
/// What it changes by with the error: the error, within +-corner.
inline double huber_slope(double error, double corner) noexcept {
  return error > corner ? corner : error < -corner ? -corner : error;
}

}  // namespace v1
}  // namespace gyre

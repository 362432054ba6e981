// Method: tables of what a clock says, and what may be believed of it.
#include <gyre/memory/age.hpp>

#include "catch.hpp"

using gyre::detail::age;
using gyre::detail::age_of;
using gyre::detail::day_ms;

TEST_CASE("an age is known where the clock was set, or none ever was", "[memory]") {
  constexpr std::int64_t today = 1'790'000'000'000;
  CHECK(age_of(today, today) == age::young);
  CHECK(age_of(today - 1, today) == age::old);
  CHECK(age_of(5000, today) == age::unknown);
  CHECK(age_of(5000, 6000) == age::old);
  CHECK(age_of(INT64_MIN, today) == age::unknown);
}

TEST_CASE("a step of over a year is believed after a day", "[memory]") {
  gyre::detail::believed_clock clock;
  constexpr std::int64_t start = 1'790'000'000'000, far = start + 4000 * day_ms;
  clock.note(start);
  CHECK(clock.now() == start);
  clock.note(start + 366 * day_ms);  // was off for a year
  CHECK(clock.now() == start + 366 * day_ms);
  clock.note(start);  // back at once
  CHECK(clock.now() == start);
  for (int i = 0; i < 1000; ++i) clock.note(far + i);
  CHECK(clock.now() == start);
  clock.note(far - day_ms);  // the day begins anew
  clock.note(far - 1);
  CHECK(clock.now() == start);
  clock.note(start + 5);  // it was a mistake
  CHECK(clock.now() == start + 5);
  clock.note(far);
  clock.note(far + day_ms - 1);
  CHECK(clock.now() == start + 5);
  clock.note(far + day_ms);
  CHECK(clock.now() == far + day_ms);
  clock.note(INT64_MIN);
  clock.note(INT64_MAX);
  CHECK(clock.now() == INT64_MIN);
}

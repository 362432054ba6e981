// symbiosis.cpp - the bodies of gyre/symbiosis.h: edges, the score, the reference loops.
// Room: capi. Threads: any call from any thread.
#include <gyre/society/society.hpp>

#include "objects.hpp"
#include "values.hpp"

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_graph_connect(gyre_engine engine, const char* from, const char* to, double weight,
                               gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_null(from, "from"));
    GYRE_CHECK(not_null(to, "to"));
    return owner->engine->connect(from, to, weight);
  });
}

gyre_status gyre_graph_score(gyre_engine engine, double* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_null(out, "out"));
    *out = owner->engine->snapshot().score;
    return ok;
  });
}

gyre_status gyre_society_add(gyre_engine engine, double divisor, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    society_options options;
    if (divisor != 0) options.divisor = divisor;
    GYRE_CHECK(society::add(*owner->engine, options));  // the loops stay, the window on them goes
    return ok;
  });
}

// gyre.cpp - the whole C ABI as one translation unit, to be compiled into a program of your own.
// Room: capi. Threads: as gyre.h says of each function.
//
// gyre.wasm is made of it, too: as one unit it comes out smaller. What stands at the end of the
// module is what no engine needs, in an order that packs well.
#include "registry.cpp"
#include "objects.cpp"
#include "knobs.cpp"
#include "loop_options.cpp"
#include "loop_metrics.cpp"
#include "library.cpp"
#include "engine.cpp"
#include "loop.cpp"
#include "tick.cpp"
#include "bus.cpp"
#include "memory.cpp"
#include "symbiosis.cpp"
#include "snapshot.cpp"
#include "replay.cpp"
#include "learner.cpp"
#include "tiles.cpp"
#include "tuner.cpp"
#include "dqn.cpp"
#include "what_if.cpp"
#include "compress.cpp"
// A module has no sockets; who defines GYRE_CAPI_SERVES compiles serve.cpp too, with cpp-httplib.
#if !defined(__EMSCRIPTEN__) && !defined(GYRE_CAPI_SERVES)
#include "serve.cpp"
#endif

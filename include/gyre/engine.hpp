// engine.hpp - runs loops: supervised, measured, tuning themselves. Begin at engine/engine.hpp.
// Room: engine. Threads: any call from any thread; poll, advance_to and jump_to one at a time.
#pragma once

#include <gyre/engine/engine.hpp>

#if GYRE_HEADER_ONLY
#include <gyre/engine/calls.hpp>
#include <gyre/engine/table.hpp>
#endif

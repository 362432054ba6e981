// src.hpp - the bodies of gyre, for one file of a program with GYRE_SEPARATE_COMPILATION.
// Room: top. Threads: none of its own.
#pragma once

#include <gyre/core/config.hpp>

#if GYRE_HEADER_ONLY
#error "define GYRE_SEPARATE_COMPILATION for each file of the program, this one included"
#endif

#include <gyre/engine/calls.hpp>
#include <gyre/engine/table.hpp>

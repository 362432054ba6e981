// gyre.hpp - all of gyre but the society and the edge: supervised loops that tune themselves.
// Room: top. Threads: see engine.hpp.
#pragma once

#include <gyre/engine.hpp>

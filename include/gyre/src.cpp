// The bodies of gyre, compiled once: a file of the program's own that says the same will do.
#include <gyre/src.hpp>

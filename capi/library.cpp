// library.cpp - the bodies of gyre/library.h: version, names of numbers, memory.
// Room: capi. Threads: all of it from any thread.
#include <cstdlib>

#include <gyre/core/result.hpp>
#include <gyre/core/version.hpp>

#include "gyre.h"

using namespace gyre;

static_assert(GYRE_VERSION == (version_major << 16 | version_minor << 8 | version_patch));

uint32_t gyre_version(void) { return GYRE_VERSION; }

const char* gyre_version_string(void) { return version_text; }

const char* gyre_status_name(gyre_status status) {
  switch (static_cast<code>(status)) {
#define GYRE_NAME(c, text) \
  case code::c: return text
    GYRE_NAME(ok, "GYRE_OK");
    GYRE_NAME(arg, "GYRE_E_ARG");
    GYRE_NAME(state, "GYRE_E_STATE");
    GYRE_NAME(nomem, "GYRE_E_NOMEM");
    GYRE_NAME(stale, "GYRE_E_STALE");
    GYRE_NAME(kind, "GYRE_E_KIND");
    GYRE_NAME(not_found, "GYRE_E_NOT_FOUND");
    GYRE_NAME(exists, "GYRE_E_EXISTS");
    GYRE_NAME(buffer, "GYRE_E_BUFFER");
    GYRE_NAME(timeout, "GYRE_E_TIMEOUT");
    GYRE_NAME(reentrant, "GYRE_E_REENTRANT");
    GYRE_NAME(cancelled, "GYRE_E_CANCELLED");
    GYRE_NAME(overflow, "GYRE_E_OVERFLOW");
    GYRE_NAME(budget, "GYRE_E_BUDGET");
    GYRE_NAME(breaker_open, "GYRE_E_BREAKER_OPEN");
    GYRE_NAME(io, "GYRE_E_IO");
    GYRE_NAME(corrupt, "GYRE_E_CORRUPT");
    GYRE_NAME(format, "GYRE_E_FORMAT");
    GYRE_NAME(unsupported, "GYRE_E_UNSUPPORTED");
    GYRE_NAME(abi, "GYRE_E_ABI");
    GYRE_NAME(callback, "GYRE_E_CALLBACK");
    GYRE_NAME(forked, "GYRE_E_FORKED");
    GYRE_NAME(internal, "GYRE_E_INTERNAL");
#undef GYRE_NAME
  }
  return "GYRE_E_?";
}

void* gyre_alloc(uint32_t size) { return std::malloc(size); }

void gyre_free(void* memory) { std::free(memory); }

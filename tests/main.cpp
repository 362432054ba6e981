// main.cpp - Catch2's main for version 2, compiled once for all suites. Version 3 brings its own.
#define CATCH_CONFIG_MAIN
#define CATCH_CONFIG_NO_POSIX_SIGNALS  // a crash is the sanitizer's to report
#include "catch.hpp"

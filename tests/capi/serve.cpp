// serve.cpp - what a library without a server says of gyre_serve_start. The suite is built without.
// Method: fault.
#include <string>

#include "kit.hpp"

TEST_CASE("a library without a server says what is missing", "[capi]") {
  const gyre_engine engine = kit::make_engine(GYRE_DRIVER_HOST);
  auto err = kit::zero<gyre_error>();
  char url[512] = "untouched";
  uint32_t needed = 7;
  CHECK(gyre_serve_start(engine, nullptr, url, sizeof url, &needed, &err) == GYRE_E_UNSUPPORTED);
  CHECK(std::string(err.text).find("libcpp-httplib-dev") != std::string::npos);
  CHECK(std::string(url) == "untouched");
  CHECK(needed == 7);
  CHECK(gyre_serve_stop(engine, &err) == GYRE_OK);
  CHECK(gyre_engine_destroy(engine, &err) == GYRE_OK);
  CHECK(gyre_serve_start(engine, nullptr, url, sizeof url, &needed, &err) == GYRE_E_STALE);
}

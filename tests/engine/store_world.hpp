// store_world.hpp - what the engine's store tests share: a folder for one test, and two loops that
// learn and remember.
#pragma once
#include <gyre/gyre.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

class folder {
 public:
  folder() {
    char name[] = "/tmp/gyre-test-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() { std::filesystem::remove_all(path_); }
  std::string store() const { return path_ + "/store"; }

 private:
  std::string path_;
};

inline gyre::engine_options in(const std::string& dir) {
  return {.driver = gyre::driver::virtual_time, .seed = 11, .store = dir};
}

/// "a" learns by Q-learning, "b" is tuned.
inline void two_learners(gyre::engine& e) {
  using namespace std::chrono_literals;
  for (const char* name : {"a", "b"}) {
    e.add({.name = name,
           .interval = 10ms,
           .jitter = 0,
           .features = {{"f", {1, 2}}},
           .knobs = {{"k", {1, 2, 3}}},
           .learning = {.batch = *name == 'a' ? 31U : 32U}},
          [](gyre::tick& t) {
            t.feature("f", static_cast<double>(t.due() / 10ms % 3));
            t.reward(t.knob("k") * 0.1 + static_cast<double>(t.due() / 10ms % 3));
            gyre::record r;
            r.text = "tick at " + std::to_string(t.due() / 1ms);
            t.remember(r);
          })
        .value();
  }
}

// live.hpp - the demo's engine as its page shows it, until Ctrl-C; where cpp-httplib is there.
// Room: demo. Threads: main.
#pragma once

#include <csignal>
#include <cstdio>
#include <gyre/edge/serve.hpp>
#include <gyre/gyre.hpp>
#include <string>
#include <thread>
#include <utility>

namespace demo {

inline volatile std::sig_atomic_t interrupted = 0;

/// The token of the last time, kept where only this user reads it, so that a page that is open
/// finds the next process too.
inline std::string kept_token(const std::string& path) {
  std::string token(32, ' ');
  std::FILE* const old = std::fopen(path.c_str(), "re");
  const bool read = old != nullptr && std::fread(token.data(), 1, 32, old) == 32;
  if (old != nullptr) std::fclose(old);
  if (read && gyre::http::check_token(token)) return token;
  token = gyre::http::make_token();
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return token;
  (void)!::write(fd, token.data(), token.size());
  ::close(fd);
  return token;
}

/// Serves the engine and waits. @return an error's text
inline std::string live(gyre::engine& e, std::uint16_t port, const std::string& folder,
                        std::string page) {
  auto made = gyre::server::start(e, {.port = port,
                                      .token = kept_token(folder + "/token"),
                                      .control = true,
                                      .title = "the demo",
                                      .page = std::move(page),
                                      .record_folder = folder});
  if (!made) return made.error().text;
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  std::printf("\nWatch and steer it: %s\nCtrl-C ends it.\n", (*made)->url().c_str());
  std::fflush(stdout);
  while (interrupted == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  std::puts("");
  return {};
}

}  // namespace demo

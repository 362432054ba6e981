// forked.hpp - what a function says in a child of a fork. Room: tests. Threads: any.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace detail {
/// GCC 12's address sanitizer does not hold its allocator's locks over a fork: where a thread was
/// in it, nothing can be allocated in the child, for ever, nor in the child's. Such a child is made
/// again, a few times.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr int forks = 8;
#else
inline constexpr int forks = 1;
#endif
}  // namespace detail

/// How the child ended that left with what f() returns, by wait(): that << 8, 0 when it was 0. One
/// that hangs is ended by an alarm, after 30 s. -1: no child could be made.
template <class F>
int ended_child(F&& f) {
  int status = -1;
  for (int tried = 0; tried < detail::forks; ++tried) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::signal(SIGALRM, SIG_DFL);
      ::alarm(30);
      ::_exit(f());
    }
    if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGALRM) break;
  }
  return status;
}

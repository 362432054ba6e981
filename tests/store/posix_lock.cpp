// Method: fault. Directories are moved, replaced and removed under a writer, and writers killed; no
// store is written by two, and none stays locked by the dead.
#include <gyre/store/posix_files.hpp>

#if !defined(__EMSCRIPTEN__)
#include <sys/wait.h>

#include <csignal>
#include <cstdio>

#include "catch.hpp"
#include "history.hpp"
#include "scratch.hpp"

namespace {
std::string text_of(const std::string& path) {
  gyre::posix_files files;
  auto f = files.open(path, gyre::open_mode::read).value();
  std::string text(static_cast<std::size_t>(f->size().value()), '\0');
  gyre::read_up_to(*f, 0, std::as_writable_bytes(std::span(text.data(), text.size()))).value();
  return text;
}
}  // namespace

TEST_CASE("a writer whose directory was moved or replaced touches nothing there", "[store]") {
  const scratch here;
  const std::string dir = here / "store", moved = here / "moved";
  history first;
  auto a = gyre::journal::open(dir, {}, nullptr).value();
  first.append(*a);
  REQUIRE(a->commit());
  const int what = GENERATE(1, 2, 3);  // moved away, and another in its place; the lock removed
  if (what == 3) {
    REQUIRE(std::remove((dir + "/lock").c_str()) == 0);
  } else {
    REQUIRE(std::rename(dir.c_str(), moved.c_str()) == 0);
  }
  history second;
  std::unique_ptr<gyre::journal> b;
  if (what == 2) {
    b = gyre::journal::open(dir, {}, nullptr).value();
    second.append(*b);
    REQUIRE(b->commit());
  }
  const std::string before = what == 1 ? "" : text_of(dir + "/journal");
  first.append(*a);
  const auto refused = a->commit();
  REQUIRE(refused.code() == gyre::code::state);
  CHECK(refused.error().text.find(dir + "/lock") != std::string::npos);
  CHECK(first.checkpoint(*a).code() == gyre::code::state);
  if (what != 1) CHECK(text_of(dir + "/journal") == before);
  if (what == 2) {
    second.append(*b);
    REQUIRE(b->commit());
    b.reset();
    history again;
    b = gyre::journal::open(dir, {}, again.visitor()).value();
    CHECK(again.good);
    CHECK(again.count == 2);
  }
  if (what == 1) {  // it is brought back: nothing was lost
    REQUIRE(std::rename(moved.c_str(), dir.c_str()) == 0);
    REQUIRE(a->commit());
    a.reset();
    history again;
    REQUIRE(gyre::journal::open(dir, {}, again.visitor()));
    CHECK(again.count == 2);
  }
}

TEST_CASE("a relative directory stays the same one when the process goes elsewhere", "[store]") {
  const scratch here, elsewhere;
  char before[4096];
  REQUIRE(::getcwd(before, sizeof before) != nullptr);
  REQUIRE(::chdir(here.path().c_str()) == 0);
  auto j = gyre::journal::open("store", {}, nullptr).value();
  REQUIRE(::chdir(elsewhere.path().c_str()) == 0);
  history h;
  h.append(*j);
  REQUIRE(j->commit());
  REQUIRE(h.checkpoint(*j));
  h.append(*j);
  j.reset();
  CHECK(gyre::posix_files().list(elsewhere.path())->empty());
  history again;
  REQUIRE(gyre::journal::open(here / "store", {}, again.visitor()));
  CHECK(again.count == 2);
  REQUIRE(::chdir(before) == 0);
}

TEST_CASE("a killed writer's store opens while processes forked from it live", "[store]") {
  const scratch here;
  const std::string dir = here / "store";
  int ready[2], end[2];
  REQUIRE(::pipe(ready) == 0);
  REQUIRE(::pipe(end) == 0);
  const pid_t writer = ::fork();
  if (writer == 0) {
    history h;
    auto j = gyre::journal::open(dir, {}, nullptr).value();
    h.append(*j);
    const bool committed = j->commit().has_value();
    char byte = committed ? 'y' : 'n';
    if (::fork() == 0) {  // has the lock's file open, and lives until the test is over
      ::close(end[1]);
      (void)!::read(end[0], &byte, 1);
      ::_exit(j->commit().code() == gyre::code::forked ? 0 : 1);
    }
    (void)!::write(ready[1], &byte, 1);
    for (;;) ::pause();
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  REQUIRE(byte == 'y');
  CHECK(gyre::journal::open(dir, {}, nullptr).code() == gyre::code::state);  // it lives
  REQUIRE(::kill(writer, SIGKILL) == 0);
  REQUIRE(::waitpid(writer, nullptr, 0) == writer);
  history again;
  auto j = gyre::journal::open(dir, {}, again.visitor());
  REQUIRE(j);
  CHECK(again.count == 1);
  CHECK(gyre::journal::open(dir, {}, nullptr).code() == gyre::code::state);
  again.append(**j);
  CHECK((*j)->commit());
  ::close(end[1]);
  for (const int fd : {ready[0], ready[1], end[0]}) ::close(fd);
}

TEST_CASE("errors name the journal, not the file that it was made as", "[store]") {
  const scratch here;
  gyre::posix_files files;
  auto f = files.open(here / "a.tmp", gyre::open_mode::fresh).value();
  REQUIRE(files.rename(here / "a.tmp", here / "a"));
  f->renamed(here / "a");
  const auto refused = f->truncate(UINT64_MAX);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find(here / "a: ") != std::string::npos);
}
#endif

// journal.cpp - Method: use as the engine does, on the system's files; who may open what; and each
// refusal by its text.
#include <sys/wait.h>
#include <unistd.h>

#include <gyre/store/memory_files.hpp>
#include <thread>

#include "catch.hpp"
#include "history.hpp"
#include "scratch.hpp"

using gyre::code;
using gyre::journal;

TEST_CASE("what is committed is there again, and nothing else", "[store]") {
  const scratch here;
  const std::string dir = here / "store";
  gyre::key128 key;
  {
    history h;
    auto j = journal::open(dir, {}, h.visitor()).value();
    key = j->key();
    CHECK(key != gyre::key128{0, 0});
    CHECK(j->committed() == 0);
    for (int i = 0; i < 10; ++i) h.append(*j);
    CHECK(j->pending_bytes() > 0);
    REQUIRE(j->commit());
    CHECK(j->pending_bytes() == 0);
    CHECK(j->committed() == 1);
    CHECK(j->durable() == 0);
    REQUIRE(j->sync());
    CHECK(j->durable() == 1);
    REQUIRE(j->commit());  // nothing to do
    CHECK(j->committed() == 1);
    h.append(*j);
    REQUIRE(j->commit());
    CHECK(j->durable() == 1);
    history reader;  // beside the writer
    auto r = journal::open(dir, {.read_only = true}, reader.visitor()).value();
    CHECK(reader.good);
    CHECK(reader.count == 11);
    CHECK(r->commit().code() == code::state);
    CHECK(r->sync().code() == code::state);
    CHECK(r->checkpoint({}).code() == code::state);
  }
  history h;
  auto j = journal::open(dir, {}, h.visitor()).value();
  CHECK(h.good);
  CHECK(h.count == 11);
  CHECK(j->committed() == 2);
  CHECK(j->durable() == 2);
  CHECK(j->key() == key);
  CHECK(j->torn_bytes() == 0);
  h.append(*j);
  j.reset();  // commits
  history again;
  j = journal::open(dir, {}, again.visitor()).value();
  CHECK(again.count == 12);
}

TEST_CASE("a second writer is refused and told who holds the store", "[store]") {
  const scratch here;
  const std::string dir = here / "store";
  auto first = journal::open(dir, {}, nullptr).value();
  const std::string me = "process " + std::to_string(::getpid());
  const auto second = journal::open(dir, {}, nullptr);
  REQUIRE(second.code() == code::state);
  CHECK(second.error().text.find(dir) != std::string::npos);
  CHECK(second.error().text.find(me) != std::string::npos);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto other = journal::open(dir, {}, nullptr);
    const bool told =
        other.code() == code::state && other.error().text.find(me) != std::string::npos;
    ::_exit(told ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  first.reset();
  CHECK(journal::open(dir, {}, nullptr));
}

TEST_CASE("a forked child writes nothing into its parent's journal", "[store]") {
  const scratch here;
  const std::string dir = here / "store";
  history h;
  {
    auto j = journal::open(dir, {}, nullptr).value();
    for (int i = 0; i < 5; ++i) h.append(*j);
    REQUIRE(j->commit());
    for (int i = 0; i < 5; ++i) h.append(*j);  // pending at the fork
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (int i = 0; i < 50; ++i) h.append(*j);
      const bool refused = j->commit().code() == code::forked && j->sync().code() == code::forked &&
                           h.checkpoint(*j).code() == code::forked;
      j.reset();
      ::_exit(refused ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) == 0);
    CHECK(journal::open(dir, {}, nullptr).code() == code::state);
    for (int i = 0; i < 5; ++i) h.append(*j);
    REQUIRE(j->commit());
    CHECK(j->committed() == 2);
  }
  history again;
  const auto j = journal::open(dir, {}, again.visitor()).value();
  CHECK(again.good);
  CHECK(again.count == 15);
  CHECK(j->torn_bytes() == 0);
}

TEST_CASE("foreign, newer and missing files are refused and left alone", "[store]") {
  const scratch here;
  const std::string dir = here / "store";
  gyre::posix_files files;
  CHECK(journal::open(dir, {.read_only = true}, nullptr).code() == code::not_found);
  CHECK(journal::open(here / "no/such", {}, nullptr).code() == code::not_found);
  REQUIRE(files.make_dir(dir));
  const std::string foreign =
      "This is somebody's poem, by chance of this name. It is longer than a header.";
  const auto write = [&](std::span<const std::byte> bytes) {
    REQUIRE(gyre::write_all(**files.open(dir + "/journal", gyre::open_mode::fresh), 0, bytes));
  };
  write(std::as_bytes(std::span(foreign)));
  const auto got = journal::open(dir, {}, nullptr);
  CHECK(got.code() == code::format);
  CHECK(got.error().text.find("not a file of gyre") != std::string::npos);
  std::vector<std::byte> back(foreign.size());
  REQUIRE(*gyre::read_up_to(**files.open(dir + "/journal", gyre::open_mode::read), 0, back) ==
          foreign.size());
  CHECK(std::equal(back.begin(), back.end(), std::as_bytes(std::span(foreign)).begin()));
  write({});
  CHECK(journal::open(dir, {}, nullptr).code() == code::format);
}

TEST_CASE("a visitor's error ends the opening and changes nothing", "[store]") {
  gyre::memory_files files;
  history h;
  auto j = journal::open("s", {.files = &files}, nullptr).value();
  h.append(*j);
  REQUIRE(j->commit());
  j.reset();
  const auto before = *files.bytes("s/journal");
  const auto got =
      journal::open("s", {.files = &files}, [](auto, auto, auto) -> gyre::result<void> {
        return gyre::fail(code::corrupt, "I cannot use that");
      });
  CHECK(got.error().text == "I cannot use that");
  CHECK(*files.bytes("s/journal") == before);
}

TEST_CASE("more than may be pending is lost, said, and healed by a checkpoint", "[store]") {
  gyre::memory_files files;
  history h;
  auto j = journal::open("s", {.pending_bytes = 1000, .files = &files}, nullptr).value();
  while (j->lost() == 0) h.append(*j);
  const std::uint64_t kept = h.count - 1;
  CHECK(j->pending_bytes() <= 1000);
  h.append(*j);
  CHECK(j->lost() == 2);
  CHECK(j->wants_checkpoint());
  CHECK(j->commit().code() == code::overflow);
  {
    history seen;
    CHECK(journal::open("s", {.read_only = true, .files = &files}, seen.visitor()));
    CHECK(seen.good);
    CHECK(seen.count == kept);  // a whole prefix
  }
  REQUIRE(h.checkpoint(*j));
  CHECK_FALSE(j->wants_checkpoint());
  h.append(*j);
  REQUIRE(j->commit());
  j.reset();
  history seen;
  CHECK(journal::open("s", {.files = &files}, seen.visitor()));
  CHECK(seen.good);
  CHECK(seen.count == h.count);
  auto k = journal::open("t", {.files = &files}, nullptr).value();
  k->append(1, 0, {});  // the store's own types are not for owners
  k->append(1, 255, {});
  CHECK(k->lost() == 2);
}

TEST_CASE("sync runs on another thread beside commits and checkpoints", "[store]") {
  const scratch here;
  history h;
  auto j = journal::open(here / "store", {}, nullptr).value();
  std::atomic<bool> stop{false};
  std::atomic<int> errors{0}, syncs{0};
  std::thread syncer([&] {
    while (!stop) {
      const std::uint64_t durable = j->durable();
      if (!j->sync() || j->durable() < durable) ++errors;
      ++syncs;
    }
  });
  for (int i = 0; i < 300 || syncs < 10; ++i) {
    for (int k = 0; k < 3; ++k) h.append(*j);
    if (!j->commit()) ++errors;
    if (j->durable() > j->committed()) ++errors;
    if (i % 50 == 49 && !h.checkpoint(*j)) ++errors;
  }
  stop = true;
  syncer.join();
  CHECK(errors == 0);
  REQUIRE(j->sync());
  CHECK(j->durable() == j->committed());
  j.reset();
  history seen;
  CHECK(journal::open(here / "store", {}, seen.visitor()));
  CHECK(seen.good);
  CHECK(seen.count == h.count);
}

// store.cpp - an engine with a directory: what is there again, and what is refused, in C.
// Method: fault. Files damaged or replaced, a second holder, a disk that fails.
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "kit.hpp"

using namespace kit;

namespace {

class folder {
 public:
  folder() {
    char name[] = "/tmp/gyre-capi-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~folder() { std::filesystem::remove_all(path_); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  std::string store() const { return path_ + "/store"; }
  std::string journal() const { return store() + "/journal"; }

 private:
  std::string path_;
};

struct opened {
  gyre_status status = 0;
  gyre_engine engine = 0;
  gyre_error err = zero<gyre_error>();
  bool says(const char* word) const {
    return std::string(err.text).find(word) != std::string::npos;
  }
};
opened open(const std::string& store) {
  opened o;
  auto how = zero<gyre_engine_options>();
  how.driver = GYRE_DRIVER_VIRTUAL;
  how.store = store.c_str();
  o.status = gyre_engine_create(&how, &o.engine, &o.err);
  return o;
}
void remember(gyre_engine engine, const char* text) {
  auto record = zero<gyre_record>();
  record.text = text;
  REQUIRE(gyre_memory_remember(engine, &record, nullptr) == GYRE_OK);
}
/// Opens the store, finds the record there, closes it.
void intact(const std::string& store) {
  const opened o = open(store);
  INFO(o.err.text);
  REQUIRE(o.status == GYRE_OK);
  char found[512] = "";
  CHECK(gyre_memory_recall(o.engine, nullptr, found, sizeof found, nullptr, nullptr) == GYRE_OK);
  CHECK(std::string(found).find("kept") != std::string::npos);
  CHECK(gyre_engine_destroy(o.engine, nullptr) == GYRE_OK);
}

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

#if defined(__linux__)
bool disk_fails = false;
#endif

}  // namespace

#if defined(__linux__)
// The library's syncs end here.
extern "C" int fdatasync(int fd) {
  if (!disk_fails) return static_cast<int>(::syscall(SYS_fdatasync, fd));
  errno = EIO;
  return -1;
}
#endif

TEST_CASE("a store is refused in words, and is as it was", "[capi]") {
  const folder dir;
  {
    const opened o = open(dir.store());
    INFO(o.err.text);
    REQUIRE(o.status == GYRE_OK);
    remember(o.engine, "kept");
    CHECK(gyre_engine_sync(o.engine, nullptr) == GYRE_OK);
    remember(o.engine, "a later group says how much was safe");
    SECTION("a second holder") {
      const opened second = open(dir.store());
      CHECK(second.status == GYRE_E_STATE);
      CHECK(second.engine == 0);
      CHECK(second.says("is held by"));
      CHECK(second.says(std::to_string(::getpid()).c_str()));
      CHECK(gyre_engine_sync(o.engine, nullptr) == GYRE_OK);  // the first goes on
    }
    CHECK(gyre_engine_destroy(o.engine, nullptr) == GYRE_OK);
  }
  const std::string good = bytes_of(dir.journal());
  REQUIRE(good.size() > 200);
  std::string bad = good;
  opened refused;
  SECTION("damage in the header") {
    bad[30] = static_cast<char>(bad[30] ^ 1);
    write(dir.journal(), bad);
    refused = open(dir.store());
    CHECK(refused.status == GYRE_E_CORRUPT);
    CHECK(refused.says("journal"));
  }
  SECTION("damage in what had been safe") {
    bad[100] = static_cast<char>(bad[100] ^ 1);
    write(dir.journal(), bad);
    refused = open(dir.store());
    CHECK(refused.status == GYRE_E_CORRUPT);
    CHECK(refused.says("not the work of a crash"));
  }
  SECTION("a foreign file of that name") {
    bad = std::string(4096, 'x');
    write(dir.journal(), bad);
    refused = open(dir.store());
    CHECK(refused.status == GYRE_E_FORMAT);
    CHECK(refused.says("not a file of gyre's"));
  }
  CHECK(refused.engine == 0);
  CHECK(bytes_of(dir.journal()) == bad);
  write(dir.journal(), good);
  intact(dir.store());
}

TEST_CASE("a path that is no store's is refused", "[capi]") {
  const folder dir;
  CHECK(open(dir.store() + "/below/nothing").status == GYRE_E_NOT_FOUND);
  write(dir.store(), "a file");
  const opened o = open(dir.store());
  CHECK(o.status == GYRE_E_IO);
  CHECK(o.says("no directory"));
}

TEST_CASE("without a store there is nothing to sync", "[capi]") {
  const gyre_engine engine = make_engine(GYRE_DRIVER_VIRTUAL);
  CHECK(gyre_engine_sync(engine, nullptr) == GYRE_OK);
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
}

#if defined(__linux__)
// Any GYRE_E_STATE of it once read as "no store", so GYRE_OK, on a disk that had failed.
TEST_CASE("a sync says what the disk said, and again", "[capi]") {
  const folder dir;
  const opened o = open(dir.store());
  REQUIRE(o.status == GYRE_OK);
  remember(o.engine, "kept");
  auto err = zero<gyre_error>();
  disk_fails = true;
  CHECK(gyre_engine_sync(o.engine, &err) == GYRE_E_IO);
  const gyre_status again = gyre_engine_sync(o.engine, &err);
  CHECK((again == GYRE_E_IO || again == GYRE_E_STATE));
  CHECK(err.code == again);
  disk_fails = false;
  CHECK(gyre_engine_destroy(o.engine, nullptr) == GYRE_OK);
}
#endif

TEST_CASE("an hourly loop goes on after a restart, or begins anew where that is asked for",
          "[capi]") {
  const folder dir;
  const std::string store = dir.store();
  int start = 0;
  for (const std::uint32_t forget : {0u, 0u, 1u}) {
    auto how = zero<gyre_engine_options>();
    how.driver = GYRE_DRIVER_HOST;
    how.store = store.c_str();
    how.forget_times = forget;
    gyre_engine engine = 0;
    REQUIRE(gyre_engine_create(&how, &engine, nullptr) == GYRE_OK);
    auto loop = zero<gyre_loop_options>();
    loop.name = "hourly";
    loop.interval_ms = 3.6e6;
    loop.jitter = GYRE_NONE;
    int ran = 0;
    loop.user = &ran;
    loop.tick = [](void* n, gyre_tick, gyre_status*) { ++*static_cast<int*>(n); };
    gyre_loop id = 0;
    REQUIRE(gyre_loop_create(engine, &loop, &id, nullptr) == GYRE_OK);
    auto did = zero<gyre_poll_result>();
    REQUIRE(gyre_engine_poll(engine, 1, 100, &did, nullptr) == GYRE_OK);
    CHECK(ran == (++start == 2 ? 0 : 1));
    REQUIRE(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
  }
}

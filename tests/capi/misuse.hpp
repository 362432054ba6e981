// misuse.hpp - every function of gyre.h as data, and one of each object to misuse it on.
// Room: capi. Threads: one; watched() from any.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kit.hpp"

namespace misuse {

/// What a parameter or field is; `other`: nothing that is misused here.
enum class kind { id, word, wide, number, real, text, in, out, err, bytes_in, bytes_out, other };

struct part {
  const char* name;
  const char* type;
  misuse::kind kind;
  int of;                ///< of a pointer to a struct: which in `records`; else -1
  std::size_t at;        ///< of a field
  bool may_be_null;      ///< of a parameter, as its comment says
};
struct record {
  const char* name;
  std::size_t size;
  const part* parts;
  std::size_t count;
};
/// An argument of any type.
struct slot {
  std::uint64_t bits = 0;
  template <class T>
  T as() const {
    static_assert(sizeof(T) <= sizeof bits);
    T value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
};
template <class T>
slot of(T value) {
  slot s;
  std::memcpy(&s.bits, &value, sizeof value);
  return s;
}
struct function {
  const char* name;
  const part* parts;
  std::size_t count;
  const gyre_status* list;  ///< what it may return besides GYRE_OK
  std::size_t listed;
  bool in_callbacks;
  gyre_status (*call)(const slot*);
  bool is(const char* n) const { return std::strcmp(name, n) == 0; }
  bool of_host() const { return std::strncmp(name, "gyre_engine_poll", 16) == 0; }
};
// Written by tools/bind.
extern const record records[];
extern const function functions[];
extern const std::size_t function_count;

inline bool lists(const function& f, gyre_status status) {
  for (std::size_t i = 0; i < f.listed; ++i) {
    if (f.list[i] == status) return true;
  }
  return status == GYRE_OK;
}
/// Every call of every test of the C ABI passes here: its status is one that docs/c.md lists.
inline gyre_status watched(std::size_t i, gyre_status status) {
  if (lists(functions[i], status)) return status;
  std::fprintf(stderr, "%s returned %s, which its @status does not list\n", functions[i].name,
               gyre_status_name(status));
  std::abort();
}

/// What there is to say of a good call here; all others are GYRE_OK.
inline gyre_status expected(const function& f) {
  if (f.is("gyre_serve_start")) return GYRE_E_UNSUPPORTED;  // a build without the server
  if (f.is("gyre_tick_pending")) return GYRE_E_STATE;       // an external tick
  if (f.is("gyre_engine_load")) return GYRE_E_STATE;        // that tick has not ended
  return GYRE_OK;
}

/// An engine, not on a clock of its own, with one of each thing, 50 ms old; and one dead of each.
class world {
 public:
  explicit world(int driver = GYRE_DRIVER_VIRTUAL);
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  gyre_status move(double to_ms) const;
  /// What is seen of all of it, without the machine's figures and the counts of what was refused.
  std::string print() const;
  /// The living id of a kind, "gyre_loop".
  std::uint32_t id(const std::string& type) const;
  std::uint32_t dead(const std::string& type) const;
  /// Good arguments. What they point to is this world's, until the next call.
  std::vector<slot> arguments(const function& f);
  /// Whether what was to be written is as arguments() made it, but for a `needed`.
  bool is_untouched() const;

  /// Calls `f` once inside of what `from` names, one of `callbacks`.
  void call_inside(const char* from, std::function<void()> f);
  static constexpr const char* callbacks[] = {"a tick", "a handler", "a notifier in a tick",
                                              "a notifier"};

  static constexpr std::size_t block_size = 1u << 16;

 private:
  static void tick(void* user, gyre_tick, gyre_status* status);
  static void heard(void* user, const gyre_message*, gyre_status* status);
  static void ended(void* user);
  void came_to(const char* from);
  void add_loops();
  void add_learners();
  slot argument(const function& f, std::size_t i);
  double real_of(const function& f, const std::string& name) const;
  const char* text_of(const function& f, const std::string& name) const;
  void* bytes_of(const function& f, const part& p);
  char* block(std::size_t size = block_size);
  template <class T>
  T* put(T value) {
    return static_cast<T*>(std::memcpy(block(2 * sizeof value + 64), &value, sizeof value));
  }
  void* good(const std::string& type);
  void* plain(const std::string& type);
  void* zeroed(const std::string& type);

  int driver_;
  std::string from_;
  std::function<void()> inside_;
  struct {
    gyre_engine engine = 0;
    gyre_loop loop = 0, later = 0, calls = 0;  // later: `ticket` is of it
    gyre_subscription kept = 0;
    gyre_tick tick = 0;
    gyre_replay replay = 0;
    gyre_learner learner = 0;
    gyre_tuner tuner = 0;
    gyre_dqn dqn = 0;
    gyre_tiles tiles = 0;
    std::uint32_t ticket = 0;
  } its_;
  std::vector<std::uint32_t> dead_;
  std::vector<std::vector<char>> blocks_;
  std::vector<std::pair<const char*, std::vector<char>>> before_;  // what a call may write
  std::vector<char> tuned_, learned_, kept_rows_, net_, grid_, packed_;  // what calls load, unpack
  std::vector<char> saved_;
  double values_[3] = {1, 2, 3};
};

}  // namespace misuse

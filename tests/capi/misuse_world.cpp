// misuse_world.cpp - one of each object of the C ABI, and arguments with which each call is good.
// A new function's are found by their types and names; where that will not do, say so here.
// Method: what misuse.hpp declares; the tests over it are in misuse.cpp and no_memory.cpp.
#include <map>

#include "misuse.hpp"

namespace misuse {

using kit::zero;

namespace {

/// In the order in which a world makes, and loses, one of each.
const char* const names_of_kinds[] = {"gyre_engine", "gyre_loop",  "gyre_tick", "gyre_subscription",
                                      "gyre_replay", "gyre_learner", "gyre_tuner", "gyre_dqn",
                                      "gyre_tiles"};

void well(void*, gyre_tick, gyre_status* status) { *status = GYRE_OK; }

/// The status of a call that is to work here.
void must(gyre_status status) { REQUIRE(status == GYRE_OK); }

gyre_replay a_replay() {
  auto column = zero<gyre_replay_column>();
  column.bytes = 4;
  column.role = GYRE_COLUMN_REWARD;
  auto o = zero<gyre_replay_options>();
  o.row_size = 4;
  o.capacity = 100;
  o.flags = GYRE_REPLAY_PRIORITIZED;
  o.columns = &column;
  o.column_count = 1;
  gyre_replay id = 0;
  must(gyre_replay_create(&o, &id, nullptr));
  return id;
}
gyre_learner a_learner() {
  auto o = zero<gyre_learner_options>();
  o.states = o.actions = 2;
  gyre_learner id = 0;
  must(gyre_learner_create(&o, &id, nullptr));
  return id;
}

}  // namespace

world::world(int driver) : driver_(driver), packed_(64) {
  const gyre_engine gone = kit::make_engine(driver);
  must(gyre_engine_destroy(gone, nullptr));
  dead_.push_back(gone);
  its_.engine = kit::make_engine(driver);
  add_loops();
  gyre_subscription gone_subscription = 0;
  must(gyre_bus_subscribe(its_.engine, "gone", nullptr, &gone_subscription, nullptr));
  must(gyre_bus_unsubscribe(gone_subscription));
  must(gyre_bus_subscribe(its_.engine, "kept.>", nullptr, &its_.kept, nullptr));
  auto how = zero<gyre_subscription_options>();
  how.on_message = heard;
  how.user = this;
  gyre_subscription hears = 0;
  must(gyre_bus_subscribe(its_.engine, "heard", &how, &hears, nullptr));
  must(gyre_bus_publish(its_.engine, "kept.by", "some", 4, nullptr, nullptr));
  auto memory = zero<gyre_record>();
  memory.text = "it was so";
  must(gyre_memory_remember(its_.engine, &memory, nullptr));
  must(gyre_graph_connect(its_.engine, "two", "one", .5, nullptr));
  must(move(50));
  gyre_tick ticks[2];
  std::uint32_t n = 0;
  must(gyre_tick_acquire(its_.engine, ticks, 2, &n, nullptr));
  REQUIRE(n == 2);
  its_.tick = ticks[0];
  must(gyre_tick_reward_later(ticks[1], &its_.ticket));
  auto info = zero<gyre_tick_info>();
  must(gyre_tick_info_read(ticks[1], &info));
  its_.later = info.loop;
  must(gyre_tick_complete(ticks[1], nullptr));
  dead_.insert(dead_.end(), {ticks[1], gone_subscription});
  add_learners();
  saved_.resize(1u << 18);
  must(gyre_engine_save(its_.engine, saved_.data(), 1u << 18, &n, nullptr));
  saved_.resize(n);
  must(gyre_compress("some", 4, 6, packed_.data(), 64, &n, nullptr));
  packed_.resize(n);
}

void world::add_loops() {
  const auto add = [&](const gyre_loop_options& o) {
    gyre_loop id = 0;
    must(gyre_loop_create(its_.engine, &o, &id, nullptr));
    return id;
  };
  auto o = kit::loop_of("one", well, nullptr);
  o.destroy = nullptr;
  o.knobs = static_cast<const gyre_knob*>(good("gyre_knob"));
  o.features = static_cast<const gyre_feature*>(good("gyre_feature"));
  o.knob_count = o.feature_count = 1;
  its_.loop = add(o);
  auto outside = o;
  outside.flags = GYRE_LOOP_EXTERNAL;
  outside.tick = nullptr;
  for (const char* name : {"two", "three", "four"}) {
    outside.name = name;
    (void)add(outside);
  }
  o = kit::loop_of("calls", tick, this);
  o.destroy = ended;
  its_.calls = add(o);
  o = kit::loop_of("gone", well, nullptr);
  o.destroy = nullptr;
  const gyre_loop gone = add(o);
  must(gyre_loop_remove(gone, nullptr));
  dead_.push_back(gone);
}

void world::add_learners() {
  its_.replay = a_replay();
  must(gyre_replay_push(its_.replay, "rowsrows", 2));
  its_.learner = a_learner();
  const auto* const options = static_cast<const gyre_tuner_options*>(good("gyre_tuner_options"));
  must(gyre_tuner_create(options, &its_.tuner, nullptr));
  tuned_.resize(1u << 14);
  std::uint32_t n = 0;
  must(gyre_tuner_save(its_.tuner, tuned_.data(), 1u << 14, &n));
  tuned_.resize(n);
  kept_rows_.resize(1u << 14);
  must(gyre_replay_save(its_.replay, kept_rows_.data(), 1u << 14, &n));
  kept_rows_.resize(n);
  learned_.resize(1u << 14);
  must(gyre_learner_save(its_.learner, learned_.data(), 1u << 14, &n));
  learned_.resize(n);
  gyre_tuner gone_tuner = 0;
  must(gyre_tuner_create(options, &gone_tuner, nullptr));
  must(gyre_tuner_destroy(gone_tuner));
  const gyre_replay gone_replay = a_replay();
  must(gyre_replay_destroy(gone_replay));
  const gyre_learner gone_learner = a_learner();
  must(gyre_learner_destroy(gone_learner));
  const auto* const how = static_cast<const gyre_dqn_options*>(good("gyre_dqn_options"));
  must(gyre_dqn_create(how, &its_.dqn, nullptr));
  const float seen = 1;
  const double reward = 1;
  const std::uint32_t action = 1, over = GYRE_TRANSITION_TERMINATED;
  must(gyre_dqn_observe(its_.dqn, &seen, &action, &reward, &seen, &over, 1));
  net_.resize(1u << 16);
  must(gyre_dqn_save(its_.dqn, net_.data(), 1u << 16, &n));
  net_.resize(n);
  gyre_dqn gone_dqn = 0;
  must(gyre_dqn_create(how, &gone_dqn, nullptr));
  must(gyre_dqn_destroy(gone_dqn));
  const auto* const grid = static_cast<const gyre_tiles_options*>(good("gyre_tiles_options"));
  must(gyre_tiles_create(grid, &its_.tiles, nullptr));
  grid_.resize(1u << 16);
  must(gyre_tiles_save(its_.tiles, grid_.data(), 1u << 16, &n));
  grid_.resize(n);
  gyre_tiles gone_tiles = 0;
  must(gyre_tiles_create(grid, &gone_tiles, nullptr));
  must(gyre_tiles_destroy(gone_tiles));
  dead_.insert(dead_.end(), {gone_replay, gone_learner, gone_tuner, gone_dqn, gone_tiles});
}

world::~world() {
  inside_ = nullptr;
  (void)gyre_replay_destroy(its_.replay);
  (void)gyre_learner_destroy(its_.learner);
  (void)gyre_tuner_destroy(its_.tuner);
  (void)gyre_dqn_destroy(its_.dqn);
  (void)gyre_tiles_destroy(its_.tiles);
  (void)gyre_engine_destroy(its_.engine, nullptr);
}

gyre_status world::move(double to_ms) const {
  return driver_ == GYRE_DRIVER_HOST ? gyre_engine_poll(its_.engine, to_ms, 0, nullptr, nullptr)
                                     : gyre_engine_advance_to(its_.engine, to_ms, nullptr);
}

std::uint32_t world::id(const std::string& type) const {
  const std::uint32_t ids[] = {its_.engine, its_.loop,    its_.tick,  its_.kept,
                               its_.replay, its_.learner, its_.tuner, its_.dqn, its_.tiles};
  for (std::size_t i = 0; i < std::size(ids); ++i) {
    if (type == names_of_kinds[i]) return ids[i];
  }
  return its_.engine;  // gyre_bus_metrics_read takes any
}
std::uint32_t world::dead(const std::string& type) const {
  for (std::size_t i = 0; i < dead_.size(); ++i) {
    if (type == names_of_kinds[i]) return dead_[i];
  }
  return dead_[0];
}

char* world::block(std::size_t size) {
  blocks_.emplace_back(size, 0);
  return blocks_.back().data();
}

std::vector<slot> world::arguments(const function& f) {
  blocks_.clear();
  before_.clear();
  std::vector<slot> out;
  for (std::size_t i = 0; i < f.count; ++i) out.push_back(argument(f, i));
  return out;
}

bool world::is_untouched() const {
  for (const auto& [at, before] : before_) {
    if (std::memcmp(at, before.data(), before.size()) != 0) return false;
  }
  return true;
}

slot world::argument(const function& f, std::size_t i) {
  const part& p = f.parts[i];
  const std::string name = p.name;
  const auto watch = [&](void* at, std::size_t size) {
    const char* const bytes = static_cast<const char*>(at);
    if (name != "needed") before_.emplace_back(bytes, std::vector<char>(bytes, bytes + size));
    return of(at);
  };
  switch (p.kind) {
    case kind::id: return of(f.is("gyre_loop_reward") ? its_.later : id(p.type));
    case kind::number: return of(std::int32_t{f.is("gyre_compress") ? 6 : 1});
    case kind::real: return of(real_of(f, name));
    case kind::text: return of(text_of(f, name));
    case kind::in: return of(good(p.type));
    case kind::err: return of(put(zero<gyre_error>()));
    case kind::bytes_in: return of(bytes_of(f, p));
    case kind::out: {
      const auto size = static_cast<std::uint32_t>(records[p.of].size);
      char* const at = block(16 * size);
      for (std::size_t row = 0; row < 8; ++row) std::memcpy(at + row * size, &size, sizeof size);
      return watch(at, 16 * size);
    }
    case kind::bytes_out: {
      char* const at = block();
      std::memset(at, 0xA5, block_size);
      return watch(at, block_size);
    }
    case kind::word: break;
    default: FAIL(f.name << ": no argument for " << name);
  }
  if (name == "cap") {
    const std::string before = f.parts[i - 1].type;
    if (f.parts[i - 1].of >= 0) return of(8u);
    return of(static_cast<std::uint32_t>(before == "char" || before == "void" ? block_size : 64));
  }
  static const std::map<std::string, std::uint32_t> words = {
      {"max_ticks", 0}, {"state", 0}, {"action", 0}, {"always", 0},
      {"flags", 0}, {"payload_size", 4},
      {"data_size", 4}, {"raw_size", 4}, {"count", 1}};
  if (name == "ticket") return of(its_.ticket);
  if (name == "size") {
    const auto& bytes = f.is("gyre_engine_load")   ? saved_
                        : f.is("gyre_tuner_load")  ? tuned_
                        : f.is("gyre_replay_load") ? kept_rows_
                        : f.is("gyre_dqn_load")    ? net_
                        : f.is("gyre_tiles_load")  ? grid_
                                                   : learned_;
    return of(static_cast<std::uint32_t>(bytes.size()));
  }
  if (f.is("gyre_decompress") && name == "data_size") {
    return of(static_cast<std::uint32_t>(packed_.size()));
  }
  const auto found = words.find(name);
  return of(found == words.end() ? 1u : found->second);
}

double world::real_of(const function& f, const std::string& name) const {
  if (name == "now_ms" || name == "to_ms") return 60;
  if (name == "weight" || name == "vitality") return .5;
  if (name == "at_most") return 10;
  if (name == "last" || name == "factor" || f.is("gyre_tick_forbid")) return 2;
  return 1;
}

const char* world::text_of(const function& f, const std::string& name) const {
  if (name == "pattern") return f.is("gyre_bus_subscribe") ? "kept.>" : "t*";
  if (name == "topic") return "kept.so";
  if (name == "knob" || f.is("gyre_tick_knob")) return "knob";
  if (f.is("gyre_tick_feature")) return "feature";
  if (name == "to") return "two";
  return "one";
}

void* world::bytes_of(const function& f, const part& p) {
  if (std::strcmp(p.type, "double") == 0) return put(1.0);
  if (std::strcmp(p.type, "float") == 0) return put(1.0f);
  if (std::strcmp(p.type, "gyre_tick") == 0) return put(its_.tick);
  if (std::strcmp(p.type, "uint32_t") == 0) return put(std::uint32_t{1});
  if (f.is("gyre_engine_load")) return saved_.data();
  if (f.is("gyre_tuner_load")) return tuned_.data();
  if (f.is("gyre_learner_load")) return learned_.data();
  if (f.is("gyre_replay_load")) return kept_rows_.data();
  if (f.is("gyre_dqn_load")) return net_.data();
  if (f.is("gyre_tiles_load")) return grid_.data();
  if (f.is("gyre_decompress")) return packed_.data();
  return std::memcpy(block(64), "some", 4);
}

void* world::good(const std::string& type) {
  const auto declares = [this](auto o) {  // what loops and tuners have in common
    o.knobs = static_cast<const gyre_knob*>(good("gyre_knob"));
    o.features = static_cast<const gyre_feature*>(good("gyre_feature"));
    o.tuning = static_cast<const gyre_tuning*>(good("gyre_tuning"));
    o.knob_count = o.feature_count = 1;
    return o;
  };
  if (type == "gyre_loop_options") {
    auto o = declares(zero<gyre_loop_options>());
    o.name = "another";
    o.interval_ms = 10;
    o.tick = well;
    o.gates = static_cast<const gyre_gate*>(good("gyre_gate"));
    o.gate_count = 1;
    return put(o);
  }
  if (type == "gyre_tuner_options") return put(declares(zero<gyre_tuner_options>()));
  if (type == "gyre_tuning") {
    auto t = zero<gyre_tuning>();
    t.baseline = static_cast<const gyre_setting*>(good("gyre_setting"));
    t.baseline_count = 1;
    return put(t);
  }
  if (type == "gyre_replay_options") {
    auto o = zero<gyre_replay_options>();
    o.row_size = 4;
    o.columns = static_cast<const gyre_replay_column*>(good("gyre_replay_column"));
    o.column_count = 1;
    return put(o);
  }
  return plain(type);
}
void* world::plain(const std::string& type) {
  auto* const at = zeroed(type);
  const auto is = [&](const char* name) { return type == name; };
  if (is("gyre_engine_options")) {
    static_cast<gyre_engine_options*>(at)->driver = GYRE_DRIVER_HOST;
  } else if (is("gyre_knob") || is("gyre_feature")) {  // the same fields
    auto* const k = static_cast<gyre_knob*>(at);
    k->name = is("gyre_knob") ? "knob" : "feature";
    k->count = 3;
    k->values = values_;
  } else if (is("gyre_gate")) {
    static_cast<gyre_gate*>(at)->kind = GYRE_GATE_CPU;
  } else if (is("gyre_setting")) {
    static_cast<gyre_setting*>(at)->knob = "knob";
    static_cast<gyre_setting*>(at)->value = 1;
  } else if (is("gyre_record")) {
    static_cast<gyre_record*>(at)->text = "another";
  } else if (is("gyre_replay_column")) {
    static_cast<gyre_replay_column*>(at)->bytes = 4;
  } else if (is("gyre_learner_options")) {
    auto* const o = static_cast<gyre_learner_options*>(at);
    o->states = o->actions = 2;
  } else if (is("gyre_decisions")) {
    static const std::uint32_t first = 0;
    auto* const d = static_cast<gyre_decisions*>(at);
    d->rows = d->states = d->actions = 1;
    d->state = d->action = &first;
    d->reward = values_;
  } else if (is("gyre_tiles_options")) {
    static const std::uint32_t cuts[] = {4};
    static const double low = 0;
    auto* const o = static_cast<gyre_tiles_options*>(at);
    o->axis_count = 1;
    o->lows = &low;
    o->highs = values_;
    o->cuts = cuts;
    o->actions = 2;
    o->weights = 64;
  } else if (is("gyre_dqn_options")) {
    static const std::uint32_t units[] = {2};
    auto* const o = static_cast<gyre_dqn_options*>(at);
    o->inputs = o->layers = 1;
    o->actions = 2;
    o->hidden = units;
    o->capacity = 64;
  }
  return at;
}
void* world::zeroed(const std::string& type) {
  for (const record* r = records;; ++r) {
    if (type != r->name) continue;
    const auto size = static_cast<std::uint32_t>(r->size);
    return std::memcpy(block(2 * r->size + 64), &size, sizeof size);
  }
}

}  // namespace misuse

// Method: property: what a learner keeps when its settings change; model: the store gives back the
// old shape, and what was carried over, bit for bit; golden: the bytes of a shape as they were.
#include <filesystem>
#include <gyre/engine/kept_learner.hpp>
#include <gyre/gyre.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "kit.hpp"
#include "store_world.hpp"

using namespace std::chrono_literals;

namespace settings_test {

struct world {
  gyre::rng noise{4, 4, gyre::purpose::user};
  std::vector<std::string> told;
  std::vector<double> used;
};
/// A loop of two states; k earns most at 3, or at 7 where there is one, codec "zlib" more.
inline std::unique_ptr<gyre::engine> run(const std::string& store, world& w, gyre::duration time,
                                         std::vector<double> values,
                                         std::vector<double> edges = {5}) {
  auto e = gyre::engine::create(in(store)).value();
  kit::keep_texts(*e, "gyre.learner", w.told);
  e->add({.name = "a",
          .interval = 10ms,
          .jitter = 0,
          .features = {{"load", std::move(edges)}},
          .knobs = {{"k", std::move(values)}, {"codec", {"zlib", "none"}}}},
         [&w](gyre::tick& t) {
           t.feature("load", t.number() % 2 == 0 ? 1 : 9);
           const double k = t.knob("k"), codec = t.knob("codec");
           w.used.push_back(k);
           t.limit("ms", 10 * k, 100);
           t.reward(100 + (k == 7 ? 4 : -std::fabs(k - 3)) - codec + .2 * w.noise.normal());
         }).value();
  if (time >= 0s) e->advance_to(time).value();
  return e;
}
inline gyre::learner_view learned(gyre::engine& e) { return e.snapshot().learners.at(0); }

}  // namespace settings_test

TEST_CASE("a value that is added keeps what was learned of the others", "[engine]") {
  const folder dir;
  settings_test::world w;
  auto e = settings_test::run(dir.store(), w, 6s, {1, 2, 3, 4});
  const auto before = settings_test::learned(*e);
  REQUIRE(before.reports[0].best == 4);
  REQUIRE(e->stop());
  e.reset();
  w.used.clear();
  e = settings_test::run(dir.store(), w, 0s, {7, 4, 3, 2, 1});  // in another order too
  REQUIRE(w.told == std::vector<std::string>{
                        "a: its settings have changed; 16 of 20 cells go on with what was learned, "
                        "the others are new, and what it had stays in the store for when they "
                        "change back"});
  auto now = settings_test::learned(*e);
  for (int s = 0; s < 2; ++s) {
    for (int k = 0; k < 4; ++k) {  // {1, 2, 3, 4} is 4, 3, 2, 1 of the new
      const double was = static_cast<double>(before.q[std::size_t(s * 8 + k * 2)]);
      const double is = static_cast<double>(now.q[std::size_t(s * 10 + (4 - k) * 2)]);
      REQUIRE(is == Approx(was).margin(.5));
    }
  }
  REQUIRE(now.reports[0].best == 2 * 2);
  REQUIRE(now.limits.at(0).at_most == 100);
  REQUIRE(e->commit());
  const std::string copy = dir.store() + "-copy";
  std::filesystem::copy(dir.store(), copy);
  settings_test::world other;
  auto again = settings_test::run(copy, other, -1ns, {7, 4, 3, 2, 1});
  REQUIRE(settings_test::learned(*again).q == now.q);
  REQUIRE(settings_test::learned(*again).visits == now.visits);
  again->advance_to(0s).value();
  REQUIRE(other.told.empty());
  e->advance_to(3s).value();
  now = settings_test::learned(*e);
  REQUIRE(now.reports[0].best == 0);  // the new one, 7
  REQUIRE(e->stop());
  e.reset();
  // Rolled back: exactly what there was; and forward again.
  w.told.clear();
  e = settings_test::run(dir.store(), w, -1ns, {1, 2, 3, 4});
  REQUIRE(settings_test::learned(*e).q == before.q);
  REQUIRE(settings_test::learned(*e).stats.observations == before.stats.observations);
  e->advance_to(0s).value();
  REQUIRE(w.told.size() == 1);
  REQUIRE(w.told[0] == "a: goes on with what it had learned of these settings before");
  REQUIRE(e->stop());
  e.reset();
  e = settings_test::run(dir.store(), w, -1ns, {7, 4, 3, 2, 1});
  REQUIRE(settings_test::learned(*e).q == now.q);
}

TEST_CASE("states keep what they have in common, a knob that goes keeps nothing", "[engine]") {
  const folder dir;
  settings_test::world w;
  (void)settings_test::run(dir.store(), w, 4s, {1, 2, 3})->stop();
  auto e = settings_test::run(dir.store(), w, -1ns, {1, 2, 3}, {5, 20});  // "load < 5" is as it was
  REQUIRE(settings_test::learned(*e).reports[0].best == 4);
  REQUIRE(settings_test::learned(*e).visits[6] == 0);
  e->advance_to(0s).value();
  REQUIRE(w.told.at(0).find("6 of 18 cells go on") != std::string::npos);
  REQUIRE(e->find("a")->remove());
  e->add({.name = "a", .interval = 10ms, .features = {{"load", {5}}}, .knobs = {{"k", {1, 2}}}},
         kit::nothing)
      .value();
  e->advance_to(0s).value();
  REQUIRE(w.told.back() ==
          "a: learns anew, what the store has is of other settings, and what it had stays in the "
          "store for when they change back");
}

TEST_CASE("Q-learning keeps what cells are worth", "[engine]") {
  const folder dir;
  settings_test::world w;
  const gyre::learner_options q{.batch = 31};
  const auto reward = [](gyre::tick& t) { t.reward(t.knob("k")); };
  const auto add = [&](gyre::engine& e, std::vector<double> values) {
    e.add({.name = "a", .interval = 10ms, .knobs = {{"k", std::move(values)}}, .learning = q},
          reward)
        .value();
  };
  std::vector<float> was;
  {
    auto e = gyre::engine::create(in(dir.store())).value();
    add(*e, {1, 5, 3});
    e->advance_to(5s).value();
    was = settings_test::learned(*e).q;
  }
  auto e = gyre::engine::create(in(dir.store())).value();
  add(*e, {3, 4, 5});
  const auto now = settings_test::learned(*e);
  REQUIRE(now.q == std::vector<float>{was[2], 0, was[1]});
  REQUIRE(now.visits == std::vector<std::uint32_t>{1, 0, 1});
}

// The bytes were a hash of the space, and no more: such a learner goes on where it is the same.
TEST_CASE("a shape that does not declare its space is read", "[engine]") {
  const auto where = gyre::space::make({}, {{"k", {1, 2}}}).value();
  gyre::detail::shared_learner l{"a", gyre::detail::mind({1, 2, {}, where.shape(), {}, 1, 1}),
                                 where};
  const auto shape = gyre::detail::learner_shape::of(l);
  auto old = shape;
  old.declared = false;
  const auto bytes = old.bytes();
  gyre::byte_reader in(bytes);
  const auto read = gyre::detail::learner_shape::read(in);
  REQUIRE(read);
  REQUIRE_FALSE(read->declared);
  REQUIRE(shape.fits(*read));
  REQUIRE(read->bytes() == bytes);
  const auto whole = shape.bytes();
  gyre::byte_reader again(whole);
  REQUIRE(gyre::detail::learner_shape::read(again)->where.knobs() == where.knobs());
}

// The journal had the mode of add() alone: what was learned after reconfigure() was refused when it
// was read again.
TEST_CASE("what is learned after a change of mode comes back", "[engine]") {
  const folder dir;
  const auto add = [](gyre::engine& e) {
    gyre::loop_options o{.name = "a", .interval = 10ms, .jitter = 0, .knobs = {{"k", {1, 2}}}};
    o.tuning.mode = gyre::tuning_mode::frozen;
    return e.add(std::move(o), [](gyre::tick& t) { t.reward(t.knob("k")); }).value();
  };
  auto e = gyre::engine::create(in(dir.store())).value();
  auto l = add(*e);
  e->advance_to(1s).value();
  REQUIRE(l.reconfigure({.mode = gyre::tuning_mode::tune}));
  e->advance_to(2s).value();
  REQUIRE(settings_test::learned(*e).stats.observations == 100);
  REQUIRE(e->commit());
  const std::string copy = dir.store() + "-copy";
  std::filesystem::copy(dir.store(), copy);
  auto again = gyre::engine::create(in(copy)).value();
  (void)add(*again);
  REQUIRE(settings_test::learned(*again).stats.observations == 100);
  REQUIRE(settings_test::learned(*again).q == settings_test::learned(*e).q);
}

// Settings that overlap were listed once for each: more than there are actions, which no shape has,
// so that a store forgot what had been learned at each start.
TEST_CASE("what is forbidden twice is listed once", "[engine]") {
  std::vector<double> values;
  for (int i = 0; i < 256; ++i) values.push_back(i);
  const auto where = gyre::space::make({}, {{"x", values}, {"y", values}}).value();
  gyre::tuning rails;
  for (int i = 0; i < 200; ++i) {
    rails.forbidden.push_back({{"x", double(i)}});
    rails.forbidden.push_back({{"y", double(i)}});
  }
  const auto made = gyre::detail::rails_of(rails, where).value();
  REQUIRE(made.forbidden.size() == 256 * 256 - 56 * 56);
  gyre::detail::learner_shape shape;
  shape.name = "a";
  shape.where = where;
  shape.mind = {1, 65'536, {}, where.shape(), made};
  const auto bytes = shape.bytes();
  gyre::byte_reader in(bytes);
  const auto read = gyre::detail::learner_shape::read(in);
  REQUIRE(read);
  REQUIRE(read->mind.tuning.forbidden == made.forbidden);
}

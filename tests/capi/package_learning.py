"""Method: use. Learners that see numbers, what a replay buffer says of its rows, and what ticks say
beside their reward, of the Python package as it is installed: python.py installs it and runs it."""
import unittest
from array import array

import gyre
from gyre import _abi as abi

try:
    import numpy
except ImportError:
    numpy = None


class Network(unittest.TestCase):
    def test_a_dqn_finds_the_better_action_and_goes_on_from_what_was_saved(self):
        settings = dict(hidden=(8, 8), batch=16, warmup=16, capacity=300, explore_over=300)
        with gyre.Dqn(2, 3, discount=-1.0, **settings) as dqn, \
                gyre.Dqn(2, 3, discount=-1.0, **settings) as other:
            for i in range(600):
                seen = [i % 2, 1]
                action = dqn.act(seen)
                dqn.observe(seen, action, float(action == i % 2 + 1), seen, terminated=True)
            worth = dqn.worth([0, 1, 1, 1])
            self.assertEqual([max(range(3), key=lambda a: worth[3 * s + a]) for s in range(2)],
                             [1, 2])
            self.assertEqual(dqn.metrics['observations'], 600)
            into = array('f', [0] * 6)
            self.assertIs(dqn.worth([0, 1, 1, 1], out=into), into)
            self.assertEqual(into, worth)
            for wrong in (array('f', [0] * 5), array('d', [0] * 6), array('I', [0] * 6)):
                with self.assertRaisesRegex(ValueError, 'no room for 6'):
                    dqn.worth([0, 1, 1, 1], out=wrong)
            acted = array('I', [9])
            self.assertIs(dqn.act([0, 1], out=acted), acted)
            self.assertIn(acted[0], (0, 1, 2))
            saved = dqn.save()
            other.load(saved)
            self.assertEqual(other.save(), saved)
            for each in (dqn, other):
                each.observe_many([0, 1, 1, 1], [1, 0], [1, 0], [1, 1, 0, 1], [0, 1])
                each.train(2)
            self.assertEqual(other.save(), dqn.save())
            with self.assertRaisesRegex(gyre.Error, 'CORRUPT'):
                other.load(saved[:-1] + bytes([saved[-1] ^ 1]))
            with self.assertRaisesRegex(gyre.Error, 'ARG'):
                dqn.observe([0, 1], 3, 0.0, [0, 1])
            with self.assertRaisesRegex(ValueError, 'observations of 2'):
                dqn.act([1])
            with self.assertRaises(TypeError):
                gyre.Dqn(2, 3, layerz=1)


class Tiles(unittest.TestCase):
    def test_tiles_learn_where_to_go_and_go_on_from_what_was_saved(self):
        settings = dict(tilings=4, weights=1024, lambda_=0.5, discount=0.125, explore_from=0.25,
                        method='sarsa', explore_how='exponential', explore_to=0.05,
                        explore_over=500, seed=9)
        axes = [(0, 1, 4), (-1, 1, 4)]
        with gyre.Tiles(axes, 2, **settings) as tiles, gyre.Tiles(axes, 2, **settings) as other:
            def at(i):
                return [i * 7 % 32 / 32, i * 5 % 16 / 8 - 1]

            for i in range(800):  # 1 pays in the right half, 0 in the left
                seen = at(i)
                action = tiles.choose(seen)
                tiles.observe(seen, action, float((action == 1) == (seen[0] >= 0.5)), at(i + 1),
                              terminated=i % 8 == 7)
            places = [number for i in range(32) for number in at(i)]
            self.assertEqual(list(tiles.greedy(places)), [int(at(i)[0] >= 0.5) for i in range(32)])
            self.assertEqual(tiles.greedy(at(0)), 0)
            into = array('I', [9] * 32)
            self.assertIs(tiles.greedy(places, out=into), into)
            self.assertEqual(into, tiles.greedy(places))
            other.load(tiles.save())
            for each in (tiles, other):
                each.observe_many(places[:4], [1, 0], [1, 0], places[2:6], [0, 2])
            self.assertEqual(list(other.choose(places)), list(tiles.choose(places)))
            self.assertEqual(other.save(), tiles.save())
            with self.assertRaisesRegex(gyre.Error, 'CORRUPT'):
                other.load(tiles.save()[:20])
            with self.assertRaisesRegex(gyre.Error, 'ARG'):
                tiles.observe([0, 1], 2, 0.0, [0, 1])
            with self.assertRaisesRegex(ValueError, 'different lengths'):
                tiles.observe_many([0, 1], [1], [0, 1], [0, 1])
            with self.assertRaisesRegex(ValueError, 'observations of 2'):
                tiles.choose([1])
        with self.assertRaisesRegex(gyre.Error, 'axis_count'):
            gyre.Tiles([], 2)


class Rows(unittest.TestCase):
    def test_a_learner_fills_what_it_is_given(self):
        with gyre.Learner(4, 2) as learner:
            into = array('I', [9] * 4)
            self.assertIs(learner.choose(range(4), out=into), into)
            self.assertTrue(max(into) < 2)
            self.assertEqual(learner.greedy(3), learner.greedy([3])[0])
            with self.assertRaisesRegex(ValueError, 'no room for 4'):
                learner.greedy(range(4), out=array('I', [0]))
            if numpy:
                there = numpy.empty(4, numpy.uint32)
                self.assertIs(learner.greedy(numpy.arange(4), out=there), there)
                self.assertEqual(list(there), list(learner.greedy(range(4))))

    @unittest.skipUnless(numpy, 'no numpy')
    def test_a_replay_says_how_its_rows_were_used(self):
        kind = numpy.dtype([('seen', 'f4', 4), ('reward', 'f8')])
        with gyre.Replay(kind, 20, prioritized=True, flags=2) as replay:  # counts the draws
            replay.push(numpy.array([([i] * 4, i) for i in range(10)], kind))
            drawn = replay.draw(10)
            self.assertAlmostEqual(sum(drawn.probabilities), 1, places=5)
            rewards = numpy.empty(10)
            self.assertIs(replay.column('reward', drawn.slots, out=rewards), rewards)
            self.assertEqual(list(rewards), list(drawn.slots))
            with self.assertRaisesRegex(ValueError, 'no room for 10'):
                replay.column('reward', drawn.slots, out=rewards[:9])
            stats = replay.stats(drawn.slots)
            self.assertEqual(list(stats.ages), [9 - slot for slot in drawn.slots])
            self.assertEqual(set(stats.drawn), {1})
            self.assertEqual(replay.update(drawn, numpy.full(10, 3)), 0)
            self.assertTrue(min(replay.stats(drawn.slots).priorities) > max(stats.priorities))
        with self.assertRaisesRegex(ValueError, 'the reward, is int32'):
            gyre.Replay(numpy.dtype([('reward', 'i4')]))


class Loops(unittest.TestCase):
    def test_rewards_come_later_limits_are_kept_and_what_is_ruled_out_is_not_taken(self):
        with gyre.Engine(driver='virtual', seed=1) as engine:
            tickets = []

            @engine.loop('later', every=0.01, jitter=-1.0, knobs={'level': [0, 1, 3, 6, 9]})
            def later(tick):
                number = tick.info['number']
                tick.forbid('level', 3)
                level = tick.knob('level')
                self.assertNotEqual(level, 3)
                tick.limit('p99_ms', 10 * level + number * 7919 % 10, 75)
                tickets.append((tick.reward_later(), level + number * 7919 % 101 / 50))

            for i in range(1, 401):
                engine.advance_to(i / 100)
                while tickets:
                    ticket, earned = tickets.pop()
                    later.reward(ticket, earned)
            with self.assertRaisesRegex(gyre.Error, 'STALE'):
                later.reward(ticket, 1)
            self.assertEqual(later.values(later.report()['best']), [6])
            self.assertEqual(later.report()['avoided'], 1)
            self.assertEqual([(row['name'], row['at_most']) for row in later.limits],
                             [('p99_ms', 75)])
            self.assertEqual((later.learned['late_twice'], later.learned['actions']), (1, 5))

            @engine.loop('other', every=0.01, knobs={'level': [0, 5]})
            def other(tick):
                tick.used('level', 5)
                tick.cost(2)

            engine.advance_to(5)
            self.assertEqual(other.learned['cells_tried'], 1)
            self.assertAlmostEqual(other.learned['mean_reward'], -2)

    def test_a_loop_is_told_to_return(self):
        with gyre.Engine(driver='virtual') as engine:
            told = []

            @engine.loop('asks', every=1)
            def asks(tick):
                self.assertEqual(engine.stop_loops('as*'), 1)
                told.append(tick.cancelled)

            engine.advance_to(5)
            self.assertEqual(told, [True])

    def test_a_sequential_loop_ends_its_episodes(self):
        with gyre.Engine(driver='virtual', seed=1) as engine:
            at = [0]

            @engine.loop('walk', every=0.01, flags=abi.GYRE_LOOP_SEQUENTIAL,
                         knobs={'go': [-1, 1]}, features={'at': [0.5, 1.5, 2.5]})
            def walk(tick):
                tick.feature('at', at[0])
                at[0] = max(0, at[0] + int(tick.knob('go')))
                tick.reward(float(at[0] == 3))
                if at[0] == 3:
                    tick.terminated()
                    at[0] = 0
                elif tick.info['number'] % 50 == 49:
                    tick.truncated()
                    at[0] = 0

            engine.advance_to(20)
            self.assertEqual(walk.metrics['errors'], 0)
            self.assertGreater(walk.metrics['mean_reward'], 0.25)  # the end pays each third tick

    def test_an_engine_goes_on_from_what_another_saved(self):
        def learning(engine):
            engine.loop('a', 0.01, knobs={'k': [1, 2, 3]})(lambda tick: tick.reward(tick.knob('k')))
        with gyre.Engine(driver='virtual') as first, gyre.Engine(driver='virtual') as second:
            learning(first)
            first.advance_to(1.0)
            saved = first.save()
            self.assertRaisesRegex(gyre.Error, 'CORRUPT', second.load, saved[:-1])
            self.assertEqual(second.load(saved), 1)  # there is no such loop yet
            learning(second)
            self.assertEqual((second.load(saved), second.save()), (0, saved))

    def test_ranges_for_knobs_and_the_limits_of_a_tuner(self):
        self.assertEqual(gyre.linear(1, 4, 4), [1, 2, 3, 4])
        self.assertEqual(gyre.geometric(1, 4096, 13)[5], 32)
        with self.assertRaisesRegex(gyre.Error, 'ARG'):
            gyre.geometric(0, 1, 3)
        with self.assertRaises(ValueError):
            gyre.linear(0, 1, 0)
        with gyre.Tuner({'level': [0, 1]}) as tuner:
            tuner.limit(0, 1, 'p99_ms', 90, 50)
            self.assertEqual([(row['name'], row['broken']) for row in tuner.limits],
                             [('p99_ms', 1)])


if __name__ == '__main__':
    unittest.main()

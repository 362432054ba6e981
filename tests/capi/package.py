"""Method: scenarios. What the Python package promises, of the package as it is installed: python.py
installs it and runs this."""
import asyncio
import ctypes
import gc
import math
import unittest
import weakref

import gyre

try:
    import numpy
except ImportError:
    numpy = None


def virtual(**settings):
    return gyre.Engine(driver='virtual', **settings)


class Loops(unittest.TestCase):
    def test_a_decorated_function_learns_and_repeats_exactly(self):
        said = []
        for seed in (7, 7, 8):
            with virtual(seed=seed) as engine:
                @engine.loop('ship', every=0.02, knobs={'level': [0, 1, 3, 6, 9]},
                             features={'mb_per_s': [50]})
                def ship(tick):
                    tick.feature('mb_per_s', 10 if tick.info['number'] % 2 else 100)
                    level = tick.knob('level')
                    tick.reward(level if level < 6 else 12 - level)

                engine.advance_to(60)
                metrics = ship.metrics
                self.assertEqual((metrics['name'], metrics['state']), ('ship', 'waiting'))
                self.assertTrue(2900 < metrics['cycles'] <= 3001)
                self.assertGreater(metrics['mean_reward'], 5)
                self.assertEqual(engine.loops[0]['cycles'], metrics['cycles'])
                said.append((engine.trace_hash, engine.totals['ticks']))
        self.assertEqual(said[0], said[1])
        self.assertNotEqual(said[0], said[2])

    def test_an_exception_is_a_failed_tick_and_is_kept(self):
        with virtual() as engine:
            @engine.loop('bad', every=1)
            def bad(tick):
                raise KeyError('no such customer')

            @engine.loop('good', every=1)
            def good(tick):
                pass

            engine.advance_to(20)
            self.assertIsInstance(bad.exception, KeyError)
            self.assertEqual(bad.exception.__traceback__.tb_next.tb_frame.f_code.co_name, 'bad')
            self.assertEqual(bad.metrics['errors'], bad.metrics['cycles'])
            self.assertGreater(bad.metrics['errors'], 1)
            self.assertIn("KeyError: 'no such customer'", str(engine.snapshot()))
            self.assertIsNone(good.exception)
            self.assertGreaterEqual(good.metrics['cycles'], 19)

    def test_an_error_of_a_call_fails_the_tick_as_any_exception(self):
        with virtual() as engine:
            @engine.loop('asks', every=1, knobs={'level': [1, 2]})
            def asks(tick):
                tick.knob('lever')

            engine.advance_to(3)
            self.assertEqual(asks.exception.name, 'GYRE_E_NOT_FOUND')
            self.assertGreater(asks.metrics['errors'], 0)

    def test_what_is_no_exception_ends_the_run_and_not_the_engine(self):
        with virtual() as engine:
            @engine.loop('stops', every=1, jitter=-1.0)
            def stops(tick):
                if tick.info['number'] == 3:
                    raise KeyboardInterrupt

            with self.assertRaises(KeyboardInterrupt):
                engine.advance_to(10)
            engine.advance_to(20)
            self.assertEqual(stops.metrics['errors'], 1)
            self.assertGreater(stops.metrics['cycles'], 10)

    def test_a_removed_loops_function_is_let_go(self):
        with virtual() as engine:
            def work(tick):
                pass

            engine.loop('goes', every=1)(work).remove()
            kept = weakref.ref(work)
            del work
            gc.collect()
            self.assertIsNone(kept())
            with self.assertRaises(gyre.Error) as refused:
                engine.find('goes')
            self.assertEqual(refused.exception.name, 'GYRE_E_NOT_FOUND')

    def test_an_engine_that_is_forgotten_is_freed(self):
        engine = virtual()
        engine.loop('a', every=1)(print)
        number, kept = engine._id, weakref.ref(engine)
        del engine
        gc.collect()
        self.assertIsNone(kept())
        state = gyre._library.made(gyre._library.abi.gyre_engine_info)
        self.assertEqual(gyre._library.lib.gyre_engine_state(number, ctypes.byref(state)),
                         gyre._library.abi.GYRE_E_STALE)

    def test_pausing_by_name_and_by_pattern(self):
        with virtual() as engine:
            loops = [engine.loop(f'in.{i}', every=1)(lambda tick: None) for i in range(3)]
            self.assertEqual(engine.pause('in.*'), 3)
            engine.advance_to(10)
            self.assertEqual(sum(loop.metrics['cycles'] for loop in loops), 0)
            loops[0].resume()
            self.assertEqual(engine.find('in.0'), loops[0])
            engine.advance_to(20)
            self.assertGreater(loops[0].metrics['cycles'], 5)
            loops[0].reconfigure(every=0.1)
            self.assertEqual(loops[0].metrics['configured_ms'], 100)

    def test_refusals_say_what_was_wrong(self):
        with virtual() as engine:
            engine.loop('a', every=1)(print)
            with self.assertRaisesRegex(gyre.Error, 'GYRE_E_EXISTS.*"a"'):
                engine.loop('a', every=1)(print)
            with self.assertRaisesRegex(TypeError, "gyre_loop_options has no field 'colour'"):
                engine.loop('b', every=1, colour=3)(print)
            with self.assertRaisesRegex(ValueError, 'virtual'):
                gyre.Engine(driver='worker')
        with self.assertRaisesRegex(gyre.Error, 'GYRE_E'):
            engine.advance_to(1)
        engine.close()  # again: no effect


class Hosts(unittest.TestCase):
    def test_a_poll_runs_what_is_due_and_says_when_to_come_again(self):
        with gyre.Engine() as engine:
            seen = []

            @engine.loop('a', every=1, jitter=-1.0)
            def a(tick):
                seen.append(tick.info['due_ms'])

            due = engine.poll(0)
            while due <= 5:
                due = engine.poll(due)
            self.assertGreaterEqual(len(seen), 5)
            self.assertTrue(math.isclose(due - seen[-1] / 1e3, 1), (due, seen))

    def test_run_goes_by_the_clock_and_ends_where_a_tick_says_so(self):
        with gyre.Engine() as engine:
            engine.run(0)

            @engine.loop('a', every=0.001)
            def a(tick):
                if tick.info['number'] == 20:
                    engine.stop()

            engine.run()
            self.assertEqual(a.metrics['cycles'], 21)

    def test_loops_are_a_part_of_asyncio(self):
        async def main():
            with gyre.Engine() as engine:
                begun, both, running = [], asyncio.Event(), 0

                @engine.loop('plain', every=0.001)
                def plain(tick):
                    pass

                @engine.loop('waits', every=0.001)
                async def waits(tick):
                    begun.append('waits')
                    await both.wait()  # which only the other loop's tick sets

                @engine.loop('sets', every=0.001)
                async def sets(tick):
                    if begun:
                        both.set()

                @engine.loop('fails', every=0.001)
                async def fails(tick):
                    raise ValueError('in a task')

                await engine.serve(0.2)
                for loop in (plain, waits, sets, fails):
                    self.assertGreater(loop.metrics['cycles'], 0, loop.name)
                self.assertIsInstance(fails.exception, ValueError)
                self.assertIn('ValueError: in a task', str(engine.snapshot()))
                self.assertEqual(waits.metrics['errors'], 0)
        asyncio.run(main())

    def test_serve_ends_with_the_task_that_awaits_it(self):
        async def main():
            with gyre.Engine() as engine:
                engine.loop('a', every=0.001)(lambda tick: None)
                task = asyncio.ensure_future(engine.serve())
                while engine.totals['ticks'] < 3:
                    await asyncio.sleep(0)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
        asyncio.run(main())


class Rooms(unittest.TestCase):
    def test_a_library_without_its_server_says_so(self):
        with virtual() as engine:
            with self.assertRaisesRegex(gyre.Error, 'UNSUPPORTED: .*without its server'):
                engine.start_server(port=0)
            engine.stop_server()

    def test_messages_reach_who_subscribed(self):
        with virtual() as engine:
            with engine.subscribe('shop.*.new') as orders:
                engine.publish('shop.orders.new', b'\x00\x01', correlation=5)
                engine.publish('shop.orders.new', 'x' * 5000)
                engine.publish('shop.orders.old', b'3')
                engine.advance_to(1)
                first, second = orders
                self.assertEqual((first.topic, first.payload, first.correlation),
                                 ('shop.orders.new', b'\x00\x01', 5))
                self.assertEqual(len(second.payload), 5000)
                self.assertIsNone(orders.take())
                self.assertEqual(orders.metrics['delivered'], 2)
            self.assertEqual(engine.bus_metrics['unrouted'], 1)

    def test_what_is_remembered_is_recalled(self):
        with virtual() as engine:
            engine.remember('a river', tags=['water', 'long'], importance=0)
            engine.remember('a hill', source='walk')
            self.assertEqual([r['text'] for r in engine.recall()], ['a hill', 'a river'])
            self.assertEqual(engine.recall(tag='water')[0]['tags'], ['water', 'long'])
            self.assertEqual(engine.recall('river')[0]['importance'], 0)
            self.assertEqual(engine.memory_metrics['remembered'], 2)
        data = bytes(range(256)) * 50
        self.assertEqual(gyre.decompress(gyre.compress(data), len(data)), data)
        with self.assertRaisesRegex(gyre.Error, 'CORRUPT'):
            gyre.decompress(b'\xff\xff', 100)

    def test_rows_are_replayed_as_bytes(self):
        with gyre.Replay(4, capacity=8) as replay:
            replay.push(b''.join(i.to_bytes(4, 'little') for i in range(10)))
            rows = replay.sample(8)
            self.assertEqual(sorted(rows[i] for i in range(0, 32, 4)), list(range(2, 10)))
            self.assertEqual(len(replay.sample(20, replace=True)), 80)
            with self.assertRaisesRegex(gyre.Error, 'STATE'):
                replay.sample(9)
            with self.assertRaisesRegex(ValueError, 'rows of 4'):
                replay.push(b'12345')
            with self.assertRaisesRegex(ValueError, 'no room'):
                replay.sample(2, out=bytearray(7))
            self.assertEqual(replay.metrics['total_added'], 10)

    def test_a_method_plans_and_goes_on_after_load(self):
        with gyre.Learner(3, 2, method='sweeping', sequential=1) as learner, \
                gyre.Learner(3, 2, method='sweeping', sequential=1) as again:
            for _ in range(200):
                for s in range(2):
                    a = learner.choose(s)
                    learner.observe(s, a, float(s + a == 2), s + a, terminated=s + a == 2)
            learner.train()
            self.assertEqual(list(learner.greedy([0, 1])), [1, 1])
            again.load(learner.save())
            self.assertEqual(again.save(), learner.save())
            with self.assertRaises(gyre.Error):
                again.load(b'other')

    def test_rows_are_drawn_by_priority(self):
        with gyre.Replay(4, capacity=8, prioritized=True, alpha=1.0) as replay:
            replay.push(b''.join(i.to_bytes(4, 'little') for i in range(8)))
            drawn = replay.draw(8)
            self.assertEqual(sorted(drawn.slots), list(range(8)))  # all are alike: each once
            self.assertEqual(list(drawn.weights), [1.0] * 8)
            rows = replay.rows(drawn.slots)
            self.assertEqual([rows[i] for i in range(0, 32, 4)], list(drawn.slots))
            errors = [1e6 if slot == 5 else 0.0 for slot in drawn.slots]
            self.assertEqual(replay.update(drawn, errors), 0)
            self.assertEqual(list(replay.draw(4).slots), [5] * 4)
            saved = replay.save()
            then = [list(replay.draw(6, uniform=True).slots) for _ in range(4)]
            replay.push(b'moreonce')
            self.assertEqual(replay.update(drawn, errors), 2)
            self.assertEqual(replay.metrics['stale_updates'], 2)
            replay.load(saved)
            self.assertEqual([list(replay.draw(6, uniform=True).slots) for _ in range(4)], then)
            replay.resize(3)
            self.assertEqual(bytes(replay.rows([0, 2])), b'\5\0\0\0\7\0\0\0')
            replay.check()
            with self.assertRaisesRegex(gyre.Error, 'STATE'):
                replay.n_step([0], 2, 0.9)
            with self.assertRaisesRegex(gyre.Error, r'alpha 2 is out of 0\.\.1'):
                gyre.Replay(4, alpha=2.0)

    def test_a_learner_finds_the_better_action(self):
        with gyre.Learner(2, 3, explore_from=1.0) as learner:
            for _ in range(300):
                actions = learner.choose([0, 1])
                learner.observe_many((s, a, float(a == s + 1), s) for s, a in enumerate(actions))
            q = learner.q
            table = [[float(q[s][a]) if numpy else q[3 * s + a] for a in range(3)]
                     for s in range(2)]
            self.assertEqual([row.index(max(row)) for row in table], [1, 2])
            self.assertIn(learner.choose(0), range(3))
            learner.observe(0, 1, 1.0, 0, terminated=True)
            with self.assertRaisesRegex(gyre.Error, 'ARG'):
                learner.observe(5, 0, 0.0, 0)

    @unittest.skipUnless(numpy, 'no numpy')
    def test_arrays_of_numpy_are_read_and_filled_where_they_are(self):
        kind = numpy.dtype([('state', 'u4'), ('reward', 'f4')])
        with gyre.Replay(kind, capacity=100) as replay:
            replay.push(numpy.array([(i, i / 2) for i in range(100)], kind))
            out = numpy.empty(50, kind)
            self.assertIs(replay.sample(50, out=out), out)
            self.assertEqual(set(out['reward'] * 2 - out['state']), {0})
            self.assertEqual(replay.sample(3).dtype, kind)
            with self.assertRaises(ValueError):
                replay.push(out[::2])
        kind = numpy.dtype([('seen', 'f4', 4), ('reward', 'f8'), ('terminated', '?')])
        with gyre.Replay(kind, capacity=20) as replay:
            replay.push(numpy.array([([i] * 4, i, i % 4 == 3) for i in range(10)], kind))
            drawn = replay.draw(10)
            columns = replay.columns(drawn.slots)
            self.assertEqual(columns['seen'].shape, (10, 4))
            self.assertEqual(set(columns['reward'] - drawn.slots), {0})
            got = replay.n_step([2, 3, 8, 9], 3, 0.5)
            self.assertEqual(list(got.rewards), [2 + 1.5, 3, 8 + 4.5, 9])
            self.assertEqual(list(got.bootstraps), [0, 0, 0.25, 0.5])
            self.assertEqual(list(got.lasts), [3, 3, 9, 9])
            firsts, counts = replay.draw_runs(5)
            self.assertEqual({*counts}, {4})
            self.assertTrue({*firsts} <= {0, 4})
        with gyre.Learner(4, 2) as learner:
            self.assertEqual(learner.choose(numpy.arange(4)).shape, (4,))
            self.assertEqual(learner.q.shape, (4, 2))


class Tuners(unittest.TestCase):
    def test_it_finds_what_earns_most_in_each_state_and_goes_on_from_what_it_saved(self):
        how = dict(knobs={'level': [0, 1, 3, 6, 9], 'codec': ['zlib', 'none']},
                   features={'request': ['read', 'write']}, seed=3,
                   baseline={'level': 0, 'codec': 0}, budget=1.0,
                   forbidden=[{'level': 9}], at_random=0.2)
        log = []
        with gyre.Tuner(**how) as tuner:
            for tick in range(1000):
                state = tuner.state(request=tick % 2)
                choice = tuner.choose(state)
                self.assertNotEqual(choice.values['level'], 9)
                reward = (choice.values['codec'] == 1 - state) + choice.values['level'] / 10
                tuner.observe(state, choice.action, reward)
                log.append((state, choice.action, choice.propensity, reward))
            for state in (0, 1):
                self.assertEqual(tuner.values(tuner.report(state)['best']),
                                 {'level': 6, 'codec': 1 - state})
            self.assertEqual(tuner.metrics['observations'], 1000)
            told = gyre.what_if(log, 2, 10, always=0)  # level 0, zlib: earns 0 and 1
            self.assertAlmostEqual(told['as_seen'], 0.5)
            self.assertTrue(told['ips_low'] < 0.5 < told['ips_high'])
            some = gyre.what_if(log, 2, 10, policy=[[1] + 9 * [0]] * 2)
            self.assertEqual(told, some)
            with self.assertRaises(gyre.Error):
                gyre.what_if(log, 2, 10, always=10)
            with gyre.Tuner(**how) as other:
                other.load(tuner.save())
                for tick in range(20):
                    self.assertEqual(tuner.choose(tick % 2), other.choose(tick % 2))
            tuner.set_mode('frozen')
            with self.assertRaises(gyre.Error):
                tuner.observe(0, 0, 1.0)
            with self.assertRaises(TypeError):
                tuner.state(other=1)
        with self.assertRaises(gyre.Error):
            gyre.Tuner({'level': [1, 1]})

    def test_a_loop_says_what_another_setting_would_have_earned(self):
        with virtual(seed=2) as engine:
            @engine.loop('ship', every=0.02, knobs={'level': [0, 1, 2]})
            def ship(tick):
                tick.reward(tick.knob('level'))

            engine.advance_to(5)
            ship.reconfigure(at_random=0.5)
            engine.advance_to(20)
            told = ship.what_if(level=1)
            self.assertAlmostEqual(told['as_seen'], 1)
            self.assertGreater(told['fewest'], 20)
            with self.assertRaises(gyre.Error):
                ship.what_if(level=7)


if __name__ == '__main__':
    unittest.main()

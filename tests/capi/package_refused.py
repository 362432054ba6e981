"""Method: fault. What the Python package is told wrong is refused in words and does no harm, and a
tick that ends in an odd way has failed: of the package as it is installed, which python.py does."""
import asyncio
import unittest

import gyre
from gyre import _abi as abi

try:
    import numpy
except ImportError:
    numpy = None


def virtual():
    return gyre.Engine(driver='virtual')


class Refusals(unittest.TestCase):
    def test_a_word_that_is_none_is_refused_with_those_that_are(self):
        with virtual() as engine:
            with self.assertRaisesRegex(ValueError, 'driver is .own.: one of host, virtual'):
                gyre.Engine(driver='own')
            with self.assertRaisesRegex(ValueError, 'missed is .never.: one of once, skip'):
                engine.loop('a', every=1, missed='never')(print)
            with self.assertRaisesRegex(ValueError, 'overflow is .most.: one of drop_newest'):
                engine.subscribe('a', overflow='most')
            loop = engine.loop('a', every=1)(print)
            with self.assertRaisesRegex(ValueError, 'mode is .on.: one of tune, observe, frozen'):
                loop.reconfigure(mode='on')
        with self.assertRaisesRegex(ValueError, 'method is .sweping.: one of q, double_q'):
            gyre.Learner(2, 2, method='sweping')

    def test_a_text_that_c_would_cut_off_is_refused(self):
        with virtual() as engine:
            for call in (engine.remember, engine.publish, engine.subscribe, engine.pause):
                with self.assertRaisesRegex(ValueError, r"'a\\x00b' contains NUL"):
                    call('a\0b')
            self.assertEqual(engine.recall(), [])

    def test_a_number_that_c_would_take_for_another_is_refused(self):
        with self.assertRaisesRegex(ValueError, 'capacity is 4294967304: 0..4294967295'):
            gyre.Replay(4, capacity=8 + (1 << 32))
        with self.assertRaisesRegex(ValueError, 'raw_size is -4294967196'):
            gyre.decompress(gyre.compress(bytes(100)), 100 - (1 << 32))

    def test_what_there_is_not_is_named(self):
        with virtual() as engine:
            engine.add_society()
            with self.assertRaisesRegex(LookupError, 'curiosity'):
                engine.find('curiosity')
            with self.assertRaisesRegex(TypeError, "gyre_tuning has no field 'budgets'"):
                engine.loop('a', every=1, tuning={'budgets': 1})(print)
        with gyre.Replay(4) as replay, self.assertRaisesRegex(ValueError, "column is 'reward'"):
            replay.column('reward', [0])
        with self.assertRaisesRegex(ValueError, 'a row of the log is'):
            gyre.what_if([(0, 0, 1.0)], 1, 1)

    @unittest.skipUnless(numpy, 'no numpy')
    def test_roles_are_of_fields(self):
        kind = numpy.dtype([('r', 'f4')])
        for roles, words in (({'earned': 'reward'}, "'earned' is no field"),
                             ({'r': 'rewards'}, "role is 'rewards': one of reward, ")):
            with self.assertRaisesRegex(ValueError, words):
                gyre.Replay(kind, roles=roles)
        with gyre.Learner(4, 2) as learner:
            self.assertIn(learner.choose(numpy.int64(3)), (0, 1))  # as gymnasium gives states


class Failures(unittest.TestCase):
    def test_an_exception_whose_words_are_no_text_is_a_failed_tick_all_the_same(self):
        class Mute(Exception):
            def __str__(self):
                raise RuntimeError

        for error, words in ((OSError('of a file: \udc80'), 'OSError: of a file: ?'),
                             (Mute(), 'Mute')):
            with virtual() as engine:
                @engine.loop('bad', every=1)
                def bad(tick):
                    raise error

                engine.advance_to(2)
                self.assertEqual(engine.snapshot()['loops'][0]['last_error'], words)

    def test_a_tick_whose_task_was_cancelled_has_failed_and_others_follow(self):
        async def main():
            with gyre.Engine() as engine:
                ticks, never = [], asyncio.Event()

                @engine.loop('a', every=0.001, backoff_ms=1.0)
                async def a(tick):
                    ticks.append(tick)
                    if len(ticks) == 1:  # what it waits for was cancelled
                        other = asyncio.ensure_future(never.wait())
                        other.cancel()
                        await other
                    if len(ticks) == 2:  # who runs the engine was cancelled
                        serving.cancel()
                        await never.wait()
                    engine.stop()

                serving = asyncio.ensure_future(engine.serve())
                with self.assertRaises(asyncio.CancelledError):
                    await serving
                self.assertEqual(len(ticks), 2)
                await engine.serve(60)
                self.assertEqual((len(ticks), a.metrics['errors']), (3, 2))
                self.assertIsInstance(a.exception, asyncio.CancelledError)
        asyncio.run(main())


class Names(unittest.TestCase):
    def test_a_loop_has_rails_and_a_method_by_name(self):
        with virtual() as engine:
            rails = {'baseline': {'level': 1}, 'forbidden': [{'level': 9}], 'mode': 'observe'}
            seen = []

            @engine.loop('ship', every=1, knobs={'level': [0, 1, 9]}, tuning=rails)
            def ship(tick):
                seen.append(tick.knob('level'))
                tick.reward(seen[-1])

            engine.advance_to(50)
            self.assertEqual({*seen}, {1})
            ship.reconfigure(mode='tune')
            engine.advance_to(150)
            self.assertEqual({*seen}, {0, 1})
            engine.loop('drain', every=1, knobs={'workers': [1, 2]}, method='sarsa',
                        explore_how='linear', flags=abi.GYRE_LOOP_SEQUENTIAL)(print)


    def test_a_loop_has_gates(self):
        with virtual() as engine:
            gates = [{'kind': 'cpu', 'close_at': 50, 'open_at': 40},
                     {'kind': 'mode', 'mode': 'day'}]
            loop = engine.loop('gated', every=1, jitter=-1.0, gates=gates)(lambda tick: None)
            for cpu, mode, ticks in ((10, 'day', 6), (60, 'day', 0), (10, 'day', 5),
                                     (10, 'night', 0)):
                before = loop.metrics['cycles']
                engine.supply(cpu_percent=cpu, mode=mode)
                engine.advance_to(engine.now + 5)
                self.assertEqual(loop.metrics['cycles'] - before, ticks, (cpu, mode))
            with self.assertRaisesRegex(ValueError, 'kind is .disk.: one of cpu, memory'):
                engine.loop('b', every=1, gates=[{'kind': 'disk'}])(print)


if __name__ == '__main__':
    unittest.main()

#!/usr/bin/env python3
"""Method: use. What gyre.h says in numbers and in passing holds of the library: each limit is
accepted and one more is refused; an engine starts again after a stop; equal records are one; a
query's text is found as it is; gyre_tick_acquire counts what it took.

usage: manual.py <source root> <libgyre.so>
"""
import ctypes
import json
import os
import pathlib
import sys
import unittest

ROOT = pathlib.Path(sys.argv[1])
os.environ['GYRE_LIBRARY'] = sys.argv[2]
sys.path.insert(0, str(ROOT / 'capi' / 'python'))
import gyre  # noqa: E402
from gyre import _abi as abi  # noqa: E402
from gyre._library import call, lib, made, text_of  # noqa: E402

PAYLOAD = b'x' * (abi.GYRE_PAYLOAD_MAX + 1)


def nothing(_tick):
    pass


class Seeds(unittest.TestCase):
    def test_a_seed_is_drawn_but_on_a_virtual_clock(self):
        seeds = [gyre.Engine(driver).snapshot()['seed'] for driver in ('virtual', 'host', 'host')]
        self.assertEqual(seeds[0], '1')
        self.assertEqual(len(set(seeds)), 3)


class Limits(unittest.TestCase):
    def setUp(self):
        self.engine = gyre.Engine(driver='virtual')
        self.addCleanup(self.engine.close)

    def at_most(self, limit, use, code=abi.GYRE_E_ARG):
        use(limit)
        with self.assertRaises(gyre.Error) as refused:
            use(limit + 1)
        self.assertEqual(refused.exception.code, code)

    def test_names(self):
        self.at_most(abi.GYRE_NAME_MAX, lambda n: self.engine.loop('x' * n, every=1)(nothing))
        self.at_most(abi.GYRE_NAME_MAX,
                     lambda n: self.engine.loop(f'{n}', every=1, knobs={'x' * n: [1]})(nothing))

    def test_topics_and_messages(self):
        self.at_most(abi.GYRE_TOPIC_MAX, lambda n: self.engine.publish('x' * n))
        self.at_most(abi.GYRE_TOPIC_MAX, lambda n: self.engine.subscribe('x' * n))
        self.at_most(abi.GYRE_PAYLOAD_MAX, lambda n: self.engine.publish('a', PAYLOAD[:n]))
        for topic in ('a..b', '.a', 'a b', 'a\x7f', '*', 'a.>', ''):
            with self.assertRaises(gyre.Error, msg=topic):
                self.engine.publish(topic)
        self.engine.publish('a*.>b.ä')

    def test_tables_rows_tags_and_shards(self):
        self.at_most(abi.GYRE_CELLS_MAX, lambda n: gyre.Learner(n, 1).close())
        self.at_most(abi.GYRE_ROW_MAX, lambda n: gyre.Replay(n, capacity=2).close())
        self.at_most(abi.GYRE_TAGS_MAX,
                     lambda n: self.engine.remember('a', tags=[str(i) for i in range(n)]))
        self.at_most(abi.GYRE_SHARDS_MAX, lambda n: gyre.Engine('virtual', shards=n).close())

    def test_reasons(self):
        @self.engine.loop('fails', every=1)
        def fails(tick):
            tick.fail('y' * (abi.GYRE_REASON_MAX + 50))

        self.engine.advance_to(2)
        said = json.dumps(self.engine.snapshot())
        self.assertIn('y' * abi.GYRE_REASON_MAX, said)
        self.assertNotIn('y' * (abi.GYRE_REASON_MAX + 1), said)


class InPassing(unittest.TestCase):
    def test_an_engine_starts_again_after_a_stop(self):
        with gyre.Engine(driver='virtual') as engine:
            loop = engine.loop('a', every=1)(nothing)
            call(lib.gyre_engine_stop, engine._id, 0.0, None, 0, None)
            engine.advance_to(10)
            self.assertEqual(loop.metrics['cycles'], 0)
            call(lib.gyre_engine_start, engine._id)
            engine.advance_to(20)
            self.assertGreater(loop.metrics['cycles'], 5)

    def test_equal_records_are_one_and_texts_are_found_as_they_are(self):
        with gyre.Engine(driver='virtual') as engine:
            for _ in range(3):
                engine.remember('The River', tags=['a'])
            engine.remember('The River', tags=['b'])
            self.assertEqual([r['count'] for r in engine.recall()], [1, 3])
            self.assertEqual([len(engine.recall(text)) for text in ('River', 'rIVER', 'R*', 'a')],
                             [2, 2, 0, 0])

    def test_acquire_counts_what_it_took(self):
        with gyre.Engine() as engine:
            for i in range(5):
                options = made(abi.gyre_loop_options, name=f'{i}'.encode(), interval_ms=1.0,
                               jitter=abi.GYRE_NONE, flags=abi.GYRE_LOOP_EXTERNAL)
                call(lib.gyre_loop_create, engine._id, ctypes.byref(options),
                     ctypes.byref(ctypes.c_uint32()))
            engine.poll(10)
            ids, count, counts = (ctypes.c_uint32 * 3)(), ctypes.c_uint32(), []
            for _ in range(3):
                call(lib.gyre_tick_acquire, engine._id, ids, 3, ctypes.byref(count))
                counts.append(count.value)
            self.assertEqual(counts, [3, 2, 0])

    def test_a_text_that_does_not_fit_says_how_much_it_needs(self):
        with gyre.Engine(driver='virtual') as engine:
            needed = ctypes.c_uint32()
            self.assertEqual(lib.gyre_trace_hash(engine._id, None, 0, ctypes.byref(needed)),
                             abi.GYRE_E_BUFFER)
            self.assertEqual(needed.value, 17)
            self.assertEqual(len(text_of(lib.gyre_trace_hash, engine._id, error=False)), 16)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])

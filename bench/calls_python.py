#!/usr/bin/env python3
"""What Python pays for a call of the C ABI, and for loops that it drives. Prints rows of JSON.

usage: calls_python.py <source root> <libgyre.so>
"""
import asyncio
import json
import os
import sys
import time

os.environ['GYRE_LIBRARY'] = sys.argv[2]
sys.path.insert(0, os.path.join(sys.argv[1], 'capi', 'python'))
import gyre  # noqa: E402

ROW, BATCH, LOOPS, HZ, SECONDS = 44, 256, 120, 1000 / 120, 3
PYTHON = 'Python ' + '.'.join(map(str, sys.version_info[:2]))


def row(name, value, unit, peer, peer_value, conditions):
    print(json.dumps({'name': name, 'value': value, 'unit': unit, 'peer': peer,
                      'peer_value': peer_value, 'conditions': f'{PYTHON}; {conditions}'}))


def ns_each(count, run):
    """CPU time of one of `count`, best of five."""
    best = float('inf')
    for _ in range(5):
        begin = time.thread_time()
        run()
        best = min(best, (time.thread_time() - begin) / count)
    return best * 1e9


def batches():
    replay = gyre.Replay(ROW, 65_536)
    one, block, out = bytes(ROW), bytearray(ROW * BATCH), bytearray(ROW * BATCH)
    for _ in range(BATCH):
        replay.push(block)
    small = bytearray(ROW)

    def many(call, rounds):
        return ns_each(rounds * BATCH, lambda: [call() for _ in range(rounds)])

    def single(call, rounds):
        return ns_each(rounds * BATCH, lambda: [call() for _ in range(rounds * BATCH)])

    what = '256 rows of 44 bytes in one call, a row; the peer: a call for each; limit: ratio 50'
    row('capi.python_push_ns', many(lambda: replay.push(block), 100), 'ns', '256 calls',
        single(lambda: replay.push(one), 4), what)
    row('capi.python_sample_ns', many(lambda: replay.sample(BATCH, True, out), 100), 'ns',
        '256 calls', single(lambda: replay.sample(1, True, small), 4), what)


def tuned(engine, number, external):
    """A loop that sees, sets and earns."""
    name = f'loop{number}'
    settings = {'every': 1 / HZ, 'knobs': {'level': [0, 1, 3, 6]}, 'stateless': True}
    if external:
        @engine.loop(name, **settings)
        async def tick(t):
            t.reward(t.knob('level'))
    else:
        @engine.loop(name, **settings)
        def tick(t):
            t.reward(t.knob('level'))


def percent_of_a_core(external):
    """Of the process, for 120 loops of 1,000 ticks a second in all, and how many of those ran."""
    with gyre.Engine() as engine:
        for number in range(LOOPS):
            tuned(engine, number, external)

        def drive(seconds):
            if external:
                asyncio.run(engine.serve(seconds))
            else:
                engine.run(seconds)

        drive(0.5)
        before, begin, cpu = engine.totals['ticks'], time.monotonic(), time.process_time()
        drive(SECONDS)
        cpu, took = time.process_time() - cpu, time.monotonic() - begin
        ran = engine.totals['ticks'] - before
    return cpu / took * 100, ran / took


def sleepers():
    """The same of asyncio alone: 120 tasks that sleep until their next time, and do nothing."""
    async def each(due):
        while True:
            await asyncio.sleep(max(0, due - time.monotonic()))
            due += 1 / HZ

    async def main():
        tasks = [asyncio.ensure_future(each(time.monotonic() + i / LOOPS / HZ))
                 for i in range(LOOPS)]
        await asyncio.sleep(0.5)
        begin, cpu = time.monotonic(), time.process_time()
        await asyncio.sleep(SECONDS)
        cpu, took = time.process_time() - cpu, time.monotonic() - begin
        for task in tasks:
            task.cancel()
        return cpu / took * 100

    return asyncio.run(main())


def loops():
    peer = sleepers()
    for name, external in (('capi.python_120_percent', False),
                           ('capi.python_120_external_percent', True)):
        value, rate = percent_of_a_core(external)
        kind = 'async def, external' if external else 'def, on the thread of run()'
        row(name, value, 'percent', 'asyncio.sleep alone', peer,
            f'CPU of the process; 120 loops with a knob and a reward, {kind}; {rate:.0f} ticks a '
            'second ran; limit: 10')


batches()
loops()

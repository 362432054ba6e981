#!/usr/bin/env python3
"""The peer in Python: periodic asyncio loops, each tick supervised as there, under wait_for.

The work of a tick is that of wall.cpp: its own record, a count, its lateness into a logarithmic
histogram with one read of the clock. Pinned to one CPU. Prints one line of JSON.
"""
import argparse
import asyncio
import json
import os
import random
import time

options = argparse.ArgumentParser(description=__doc__)
options.add_argument('--loops', type=int, default=120)
options.add_argument('--hz', type=float, default=100)
options.add_argument('--seconds', type=float, default=3)
options.add_argument('--bare', action='store_true', help='without wait_for')
options = options.parse_args()

ticks = 0
late_us = [0] * 64 * 32  # 32 buckets a power of two


def bucket(us):
    shift = max(0, us.bit_length() - 6)
    return (shift << 5) + (us >> shift)


def middle(at):
    """Of a bucket, in microseconds."""
    if at < 64:
        return at
    shift = (at >> 5) - 1
    return ((at & 31) + 32.5) * (1 << shift)


async def work(record, due):
    global ticks
    late = time.monotonic() - due
    record[0] += 1
    record[1] = due
    record[2] = late
    record[3] += late
    ticks += 1
    late_us[bucket(int(late * 1e6) if late > 0 else 0)] += 1


async def loop(due):
    record = [0] * 8
    while True:
        await asyncio.sleep(max(0, due - time.monotonic()))
        if options.bare:
            await work(record, due)
        else:
            await asyncio.wait_for(work(record, due), 2)
        due += 1 / options.hz


def quantile(q):
    seen = 0
    for at, n in enumerate(late_us):
        seen += n
        if seen >= q * ticks:
            return middle(at)
    return 0


async def main():
    global ticks
    begin = time.monotonic()
    all_loops = [asyncio.ensure_future(loop(begin + random.random() / options.hz))
                 for _ in range(options.loops)]
    await asyncio.sleep(1 / options.hz + 0.5)  # each has ticked
    ticks = 0
    late_us[:] = [0] * len(late_us)
    cpu, begin = time.process_time(), time.monotonic()
    await asyncio.sleep(options.seconds)
    cpu, seconds = time.process_time() - cpu, time.monotonic() - begin
    print(json.dumps({'cpu_ns': cpu / ticks * 1e9, 'cpu_percent': cpu / seconds * 100,
                      'p50_us': quantile(.5), 'p99_us': quantile(.99), 'done': ticks,
                      'asked': options.loops * options.hz * seconds}))
    for each in all_loops:
        each.cancel()


os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
asyncio.run(main())

"""The peer of run.worker_tick_120_ns: 120 asyncio loops at 100 Hz for three seconds, each tick
under wait_for and timed, as a supervised loop is. Prints CPU nanoseconds of the process a tick."""
import asyncio
import random
import time

ticks = 0


async def work():
    pass


async def loop(stop):
    global ticks
    latencies = []
    await asyncio.sleep(random.random() * 0.01)
    due = time.monotonic()
    while due < stop:
        begin = time.monotonic()
        await asyncio.wait_for(work(), 2)
        latencies.append(time.monotonic() - begin)
        ticks += 1
        due += 0.01
        await asyncio.sleep(max(0, due - time.monotonic()))


async def main():
    stop = time.monotonic() + 3
    await asyncio.gather(*(loop(stop) for _ in range(120)))


before = time.process_time_ns()
asyncio.run(main())
print((time.process_time_ns() - before) / ticks)

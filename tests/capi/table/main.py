"""main.py - two loops for a minute of virtual time, their table and trace, in Python.
Method: one program in six languages; table.py compares what they print."""
import itertools

import gyre

numbers = itertools.count()
with gyre.Engine(driver='virtual', seed=7) as engine:
    @engine.loop('ship', every=0.02, knobs={'level': [0, 1, 3, 6, 9]})
    def ship(tick):
        level = tick.knob('level')
        tick.reward(level if level < 6 else 12 - level)

    @engine.loop('poll', every=0.05, knobs={'batch': [1, 4, 16]}, features={'load': [10, 20, 30]})
    def poll(tick):
        n = next(numbers)
        load = n * 7 % 40
        tick.feature('load', load)
        batch = tick.knob('batch')
        if n % 97 == 96:
            raise RuntimeError('now and then')
        tick.reward(batch if load < 20 else 16 - batch)

    engine.advance_to(60)
    for loop in (ship, poll):
        m = loop.metrics
        late = loop.histogram('late')
        print(f'{loop.name:<6} {m["cycles"]:6} {m["errors"]:4} {m["mean_reward"]:9.3f} '
              f'{late[0][1]:6} of {len(late)}')
    print('trace', engine.trace_hash)

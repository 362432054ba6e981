"""gyre runs periodic work as supervised, measured loops that tune their own settings.

    import gyre

    with gyre.Engine(driver='virtual') as engine:
        @engine.loop('ship', every=0.02, knobs={'level': [0, 1, 3, 6, 9]})
        def ship(tick):
            level = tick.knob('level')
            tick.reward(level if level < 6 else 12 - level)  # pays most at 6

        engine.advance_to(60)
        print(ship.metrics['cycles'], 'ticks earned', ship.metrics['mean_reward'], 'each')

Times are seconds. Loops run on the thread that calls run(), poll() or advance_to(), or as a part of
asyncio in `await engine.serve()`. An exception is a failed tick with its text, kept in
`loop.exception`; what a call refuses is a gyre.Error.
"""
from ._bus import Message, Subscription
from ._dqn import Dqn
from ._engine import Engine
from ._learn import Learner, Replay
from ._library import Error, version
from ._loop import Loop
from ._memory import compress, decompress
from ._settings import geometric, linear
from ._tick import Tick
from ._tiles import Tiles
from ._tuner import Choice, Tuner, what_if

__version__ = version
__all__ = ['Choice', 'Dqn', 'Engine', 'Error', 'Learner', 'Loop', 'Message', 'Replay',
           'Subscription', 'Tick', 'Tiles', 'Tuner', 'compress', 'decompress', 'geometric',
           'linear', 'version', 'what_if']

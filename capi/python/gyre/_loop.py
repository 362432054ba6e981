"""A loop: a function that runs every so often, and all that is counted of it."""
from __future__ import annotations

import asyncio
import ctypes
import inspect
import itertools
import weakref
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence

from . import _abi as abi
from ._library import call, check, encoded, lib, made, values_of
from ._settings import by_name, declared, gates_of, limits_of, rails, settings_of
from ._tick import Tick, words

if TYPE_CHECKING:
    from ._engine import Engine

TIMES = ('latency', 'window', 'late')
STATES = ('waiting', 'running', 'paused', 'backing_off', 'gated', 'stuck', 'stopped')


def options(name: str, every: float, knobs: Mapping[str, Sequence[float]],
            features: Mapping[str, Sequence[float]], flags: int, settings: dict[str, Any],
            kept: list[Any]) -> Any:
    """gyre_loop_options. `settings` are further fields by their names there, texts as str, and
    times of that header in ms."""
    fields: dict[str, Any] = {key: encoded(value) if isinstance(value, str) else value
                              for key, value in by_name(settings).items()}
    if isinstance(fields.get('tuning'), Mapping):
        fields['tuning'] = ctypes.addressof(rails(kept, **fields['tuning']))
    if 'gates' in fields:
        fields['gates'], fields['gate_count'] = gates_of(fields['gates'], kept)
    made_of = made(abi.gyre_loop_options, name=encoded(name), interval_ms=every * 1e3,
                   flags=flags, **fields)
    made_of.knobs, made_of.knob_count = declared(abi.gyre_knob, 'values', knobs, kept), len(knobs)
    made_of.features = declared(abi.gyre_feature, 'edges', features, kept)
    made_of.feature_count = len(features)
    return made_of


class Loop:
    """A loop of an engine, which owns it. Calling it calls its function, which needs a Tick."""

    def __init__(self, engine: Engine, name: str, function: Callable[[Tick], Any]) -> None:
        self.name, self.function, self._engine = name, function, weakref.ref(engine)
        #: The last exception that failed a tick, with its traceback; None when there was none.
        self.exception: BaseException | None = None
        self.is_async = inspect.iscoroutinefunction(function)
        self.id = 0

    def __call__(self, tick: Tick) -> Any:
        return self.function(tick)

    async def run_async(self, number: int, clock: Callable[[], float]) -> \
            tuple[float, BaseException | None]:
        """Runs an external tick; how long it took, and why it failed."""
        begin = clock()
        try:
            await self.function(Tick(number))
        except asyncio.CancelledError as error:
            self.exception = error
            raise
        except BaseException as error:  # noqa: BLE001
            self.keep(error)
            return clock() - begin, error
        return clock() - begin, None

    def keep(self, error: BaseException) -> None:
        self.exception = error
        engine = self._engine()
        if engine is not None and not isinstance(error, Exception):
            engine._raises = error

    def pause(self) -> None:
        """No further ticks until resume()."""
        check(lib.gyre_loop_pause(self.id))

    def resume(self) -> None:
        """Back on its grid."""
        check(lib.gyre_loop_resume(self.id))

    def trigger(self) -> None:
        """One tick as soon as possible, whatever the grid says."""
        check(lib.gyre_loop_trigger(self.id))

    def remove(self) -> None:
        """Takes it out of the engine, and the loops below it first."""
        call(lib.gyre_loop_remove, self.id)
        engine = self._engine()
        if engine is not None:
            engine._loops.pop(self.id, None)

    def reconfigure(self, every: float = 0.0, timeout: float = 0.0, jitter: float = 0.0,
                    **settings: Any) -> None:
        """Changes it before its next tick. Seconds; 0 leaves a setting as it is, jitter -1 is none.
        `settings` are further fields of gyre_loop_change (at_random, explore_from, ...); `mode`, of
        its tuner, also by name: 'frozen'."""
        change = made(abi.gyre_loop_change, interval_ms=every * 1e3, timeout_ms=timeout * 1e3,
                      jitter=jitter, **by_name(settings))
        call(lib.gyre_loop_reconfigure, self.id, ctypes.byref(change))

    def what_if(self, **always: float) -> dict[str, Any]:
        """What one setting, a value for each knob, would have earned in the states of the last
        decisions: the fields of gyre_what_if_result."""
        kept: list[Any] = []
        at, count = settings_of([always], kept)
        out = made(abi.gyre_what_if_result)
        call(lib.gyre_loop_what_if, self.id, at, count, ctypes.byref(out))
        return values_of(out)

    def knob(self, name: str) -> float:
        """The value of a knob that its last tick used."""
        value = ctypes.c_double()
        check(lib.gyre_loop_knob(self.id, encoded(name), ctypes.byref(value)))
        return value.value

    def reward(self, ticket: int, value: float) -> None:
        """What the tick of a ticket earned, of Tick.reward_later()."""
        call(lib.gyre_loop_reward, self.id, ticket, value)

    @property
    def learned(self) -> dict[str, Any]:
        """What its tuner did and knows as a whole: the fields of gyre_tuning_metrics."""
        out = made(abi.gyre_tuning_metrics)
        check(lib.gyre_loop_learned(self.id, ctypes.byref(out)))
        return values_of(out)

    def report(self, state: int = 0) -> dict[str, Any]:
        """What it knows of one of its first 64 states: the fields of gyre_state_report."""
        out = made(abi.gyre_state_report)
        check(lib.gyre_loop_report(self.id, state, ctypes.byref(out)))
        return values_of(out)

    @property
    def limits(self) -> list[dict[str, Any]]:
        """The figures of Tick.limit(): the fields of gyre_limit."""
        return limits_of(lib.gyre_loop_limits, self.id)

    def values(self, action: int) -> list[float]:
        """The value that each knob has in an action, in declared order."""
        out, needed = (ctypes.c_double * 64)(), ctypes.c_uint32()
        check(lib.gyre_loop_values(self.id, action, out, len(out), ctypes.byref(needed)))
        return list(out[:needed.value])

    def histogram(self, times: str = 'latency') -> list[tuple[float, int]]:
        """What its percentiles are made of: for each bucket in which a tick lies, from below, its
        upper end in ms and how many do. times: 'latency', 'window' or 'late', as in metrics."""
        out, needed = (ctypes.c_double * 2946)(), ctypes.c_uint32()
        check(lib.gyre_loop_histogram(self.id, TIMES.index(times), out, len(out),
                                      ctypes.byref(needed)))
        return [(out[i], int(out[i + 1])) for i in range(0, needed.value, 2)]

    @property
    def metrics(self) -> dict[str, Any]:
        """Everything counted about it: the fields of gyre_loop_metrics, `state` as a word."""
        out = made(abi.gyre_loop_metrics)
        check(lib.gyre_loop_metrics_read(self.id, ctypes.byref(out)))
        return row(out)


_alive: dict[int, Loop] = {}  # what the library may still call, by the `user` that it was given
_users = itertools.count(1)


def _tick(user: int, number: int, status: int) -> None:
    """What the library calls. Nothing unwinds into it: the engine raises what is no Exception
    (KeyboardInterrupt, SystemExit) once it has returned."""
    loop = _alive[user]
    try:
        loop.function(Tick(number))
    except BaseException as error:  # noqa: BLE001
        loop.keep(error)
        lib.gyre_tick_fail(number, words(error))
        return
    ctypes.c_int32.from_address(status).value = abi.GYRE_OK


def _destroy(user: int) -> None:
    loop = _alive.pop(user, None)
    engine = loop and loop._engine()
    if loop and engine:
        engine._loops.pop(loop.id, None)


_TICK, _DESTROY = abi.gyre_tick_fn(_tick), abi.gyre_destroy_fn(_destroy)


def register(loop: Loop, native: Any) -> None:
    """Has the library call the loop's function, and keeps it for as long as that may be."""
    native.user = next(_users)
    native.tick, native.destroy = _TICK, _DESTROY
    _alive[native.user] = loop


def row(metrics: Any) -> dict[str, Any]:
    values = values_of(metrics)
    values['state'] = STATES[metrics.state] if metrics.state < len(STATES) else metrics.state
    return values

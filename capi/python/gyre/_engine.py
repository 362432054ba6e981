"""An engine: what owns loops, bus and memory, and runs the loops on the caller's thread."""
from __future__ import annotations

import asyncio
import ctypes
import functools
import json
import time
from types import TracebackType
from typing import Any, Callable, Mapping, Sequence

from . import _abi as abi
from ._bus import Bus
from ._library import (Error, bytes_of, call, check, encoded, lib, made, text_of, values_of,
                       word)
from ._loop import Loop, options, register, row
from ._memory import Memory
from ._serve import Served
from ._tick import Tick, complete

BATCH = 256  # external ticks taken at once
LONGEST = 3600.0  # s that run() sleeps at most
DRIVERS = {'host': abi.GYRE_DRIVER_HOST, 'virtual': abi.GYRE_DRIVER_VIRTUAL}


class Engine(Bus, Memory, Served):
    """Loops that run on the thread that calls run(), poll() or advance_to(). Times are seconds.

    driver: 'host' goes by the machine's clock; 'virtual' by advance_to(), and repeats exactly.
    seed: of all randomness; 0: 1 where it is virtual, else drawn anew, and the snapshot has it.
    store: the directory of what survives. Further settings are fields of gyre_engine_options by
    their names there, times in ms.

    A context manager: leaving it closes the engine. Threads: one at a time. In the child of a fork
    each call is refused as GYRE_E_FORKED: make another there.
    """

    def __init__(self, driver: str = 'host', seed: int = 0, store: str = '',
                 **settings: Any) -> None:
        self._id, self._raises = 0, None  # type: int, BaseException | None
        self._stopping = False
        self._loops: dict[int, Loop] = {}
        fields = made(abi.gyre_engine_options, driver=word('driver', DRIVERS, driver), seed=seed,
                      store=encoded(store) or None, **settings)
        number = ctypes.c_uint32()
        call(lib.gyre_engine_create, ctypes.byref(fields), ctypes.byref(number))
        self._id, self._begin = number.value, time.monotonic()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stops it, saves and frees it. Again: no effect."""
        if self._id:
            call(lib.gyre_engine_destroy, self._id)
            self._id = 0
            self._loops.clear()

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:  # the interpreter may be half gone
            pass

    # Loops

    def loop(self, name: str, every: float, knobs: Mapping[str, Sequence[float]] | None = None,
             features: Mapping[str, Sequence[float]] | None = None, stateless: bool = False,
             **settings: Any) -> Callable[[Callable[[Tick], Any]], Loop]:
        """Makes a loop of the function it decorates, which gets a Tick. An exception is a failed
        tick with its text, and kept as the loop's `exception`. An `async def` runs as a task of
        serve(), and may have other ticks beside it.

        every: seconds from start to start. knobs: what it may set, a name and its values.
        features: what it sees, a name and ascending edges. Further settings are fields of
        gyre_loop_options by their names there (group, timeout_ms, priority, ...), missed, method
        and explore_how also by name. tuning: the rails of its tuner, as Tuner has them:
        {'baseline': {...}, 'budget': 0.1, 'forbidden': [{...}], 'mode': 'observe'}. gates: all must
        be open for a tick to run, as {'kind': 'cpu', 'close_at': 80}, {'kind': 'mode'}.
        """
        def decorate(function: Callable[[Tick], Any]) -> Loop:
            made_of = Loop(self, name, function)
            kept: list[Any] = []
            flags = settings.pop('flags', 0) | (abi.GYRE_LOOP_EXTERNAL if made_of.is_async else 0)
            flags |= abi.GYRE_LOOP_STATELESS if stateless else 0
            native = options(name, every, knobs or {}, features or {}, flags, settings, kept)
            if not made_of.is_async:
                register(made_of, native)
            number = ctypes.c_uint32()
            call(lib.gyre_loop_create, self._id, ctypes.byref(native), ctypes.byref(number))
            made_of.id = number.value
            self._loops[made_of.id] = made_of
            return made_of
        return decorate

    def find(self, name: str) -> Loop:
        """The loop of that name, made with loop()."""
        number = ctypes.c_uint32()
        call(lib.gyre_loop_find, self._id, encoded(name), ctypes.byref(number))
        if number.value not in self._loops:
            raise LookupError(f'{name!r} is a loop of the engine that loop() has not made')
        return self._loops[number.value]

    def _many(self, function: Any, pattern: str, *more: Any) -> int:
        count = ctypes.c_uint32()
        call(function, self._id, encoded(pattern), *more, ctypes.byref(count))
        return count.value

    def pause(self, pattern: str) -> int:
        """Pauses the loops whose names look like `pattern` (* and ?); how many."""
        return self._many(lib.gyre_loops_pause, pattern)

    def resume(self, pattern: str) -> int:
        """Undoes pause()."""
        return self._many(lib.gyre_loops_resume, pattern)

    def stop_loops(self, pattern: str) -> int:
        """Pauses them, and tells their ticks under way to return soon: Tick.cancelled."""
        return self._many(lib.gyre_loops_stop, pattern)

    def throttle(self, pattern: str, factor: float) -> int:
        """Each has `factor` times its interval from now on."""
        return self._many(lib.gyre_loops_throttle, pattern, factor)

    # Time

    @property
    def now(self) -> float:
        """The engine's clock: seconds since its creation."""
        value = ctypes.c_double()
        check(lib.gyre_engine_now(self._id, ctypes.byref(value)))
        return value.value / 1e3

    def advance_to(self, seconds: float) -> None:
        """Virtual engines: runs every tick due up to then, each at its own instant."""
        call(lib.gyre_engine_advance_to, self._id, seconds * 1e3)
        self._raise()

    def jump_to(self, seconds: float) -> None:
        """Virtual engines: moves the clock and runs nothing."""
        call(lib.gyre_engine_jump_to, self._id, seconds * 1e3)

    def poll(self, now: float | None = None, max_ticks: int = 0) -> float | None:
        """Runs what is due at `now` (the machine's clock since the engine's creation).
        @return when to come again; None when nothing is planned."""
        at = time.monotonic() - self._begin if now is None else now
        result = made(abi.gyre_poll_result)
        call(lib.gyre_engine_poll, self._id, at * 1e3, max_ticks, ctypes.byref(result))
        self._raise()
        return None if result.next_due_ms < 0 else float(result.next_due_ms) / 1e3

    def run(self, seconds: float | None = None) -> None:
        """Runs the loops on this thread for so long; without a time until a tick calls stop(), or
        an exception such as KeyboardInterrupt."""
        self._stopping = False
        end = float('inf') if seconds is None else time.monotonic() - self._begin + seconds
        while True:
            due = self.poll()
            now = time.monotonic() - self._begin
            if now >= end or self._stopping:
                return
            until = min(end, now + LONGEST if due is None else due)
            if until > now:
                time.sleep(until - now)

    def stop(self) -> None:
        """Has run() or serve() return once the ticks that are due now have run. For ticks."""
        self._stopping = True

    async def serve(self, seconds: float | None = None) -> None:
        """As run(), as a part of asyncio: between due ticks other tasks run, and so do those of
        `async def` loops, whose ticks under way are waited for at the end."""
        begin, tasks = time.monotonic(), set()  # type: float, set[asyncio.Task[None]]
        self._stopping = False
        try:
            while not self._stopping and (seconds is None or time.monotonic() - begin < seconds):
                due = self.poll()
                for number in self._acquire():
                    task = asyncio.ensure_future(self._external(number))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                    task.add_done_callback(functools.partial(_cancelled, number, time.monotonic()))
                await self._until(due, begin, seconds, tasks)
            if tasks:
                await asyncio.wait(tasks)
        finally:
            for task in tasks:
                task.cancel()
        self._raise()

    async def _until(self, due: float | None, begin: float, seconds: float | None,
                     tasks: set[asyncio.Task[None]]) -> None:
        """Until a tick is due, one that ran has ended, or the time is over."""
        now = time.monotonic()
        rest = LONGEST if due is None else due - (now - self._begin)
        if seconds is not None:
            rest = min(rest, begin + seconds - now)
        if tasks:
            await asyncio.wait(tasks, timeout=max(rest, 0), return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(max(rest, 0))

    def _acquire(self) -> list[int]:
        ids, count = (ctypes.c_uint32 * BATCH)(), ctypes.c_uint32()
        call(lib.gyre_tick_acquire, self._id, ids, BATCH, ctypes.byref(count))
        return list(ids[:count.value])

    async def _external(self, number: int) -> None:
        info = made(abi.gyre_tick_info)
        if lib.gyre_tick_info_read(number, ctypes.byref(info)) or info.loop not in self._loops:
            return  # timed out, or its loop was removed
        took, error = await self._loops[info.loop].run_async(number, time.monotonic)
        if self._id:
            complete(number, took, error)

    def _raise(self) -> None:
        """What a tick raised that is no Exception goes to whoever runs the engine."""
        if self._raises is not None:
            error, self._raises = self._raises, None
            raise error

    def supply(self, cpu_percent: float = abi.GYRE_NONE, memory_percent: float = abi.GYRE_NONE,
               latency_ms: float = abi.GYRE_NONE, mode: str = 'normal') -> None:
        """Tells the gates what was measured. latency_ms has no effect: a latency gate sees the
        recent p99 of its own loop."""
        reading = made(abi.gyre_reading, mode=encoded(mode), cpu_percent=cpu_percent,
                       memory_percent=memory_percent, latency_ms=latency_ms)
        call(lib.gyre_engine_supply, self._id, ctypes.byref(reading))

    def sync(self) -> None:
        """Waits until what is pending for the store survives power loss."""
        call(lib.gyre_engine_sync, self._id)

    def save(self) -> bytes:
        """All that its loops have learned and that it remembers, for load()."""
        return bytes_of(lib.gyre_engine_save, self._id)

    def load(self, data: bytes) -> int:
        """Takes that in place of its own. Learners go by the names of their loops or groups, which
        are added first; with the same settings each goes on bit for bit. How many no loop here can
        go on with."""
        left_out = ctypes.c_uint32()
        call(lib.gyre_engine_load, self._id, bytes(data), len(data), ctypes.byref(left_out))
        return left_out.value

    # What is observed

    @property
    def totals(self) -> dict[str, Any]:
        """Sums over all loops: the fields of gyre_totals."""
        out = made(abi.gyre_totals)
        check(lib.gyre_snapshot_totals(self._id, ctypes.byref(out)))
        return values_of(out)

    @property
    def loops(self) -> list[dict[str, Any]]:
        """The metrics of all loops at one instant, in order of add."""
        cap, needed = max(len(self._loops), 1), ctypes.c_uint32()
        while True:
            rows = (abi.gyre_loop_metrics * cap)()
            rows[0].size = ctypes.sizeof(abi.gyre_loop_metrics)
            status = lib.gyre_snapshot_loops(self._id, rows, cap, ctypes.byref(needed))
            if status != abi.GYRE_E_BUFFER:
                check(status)
                return [row(metrics) for metrics in rows[:needed.value]]
            cap = needed.value + 8

    def snapshot(self) -> dict[str, Any]:
        """Everything observable at one instant; docs/formats.md names its fields."""
        out: dict[str, Any] = json.loads(text_of(lib.gyre_snapshot_json, self._id))
        return out

    @property
    def trace_hash(self) -> str:
        """Virtual engines: 16 hex digits over every finished tick, the same for the same seed in
        every language."""
        return text_of(lib.gyre_trace_hash, self._id, error=False)

    # Symbiosis

    def connect(self, source: str, target: str, weight: float) -> None:
        """Declares what one loop does for another, -1..1."""
        call(lib.gyre_graph_connect, self._id, encoded(source), encoded(target), weight)

    @property
    def score(self) -> float:
        """How well the loops are together, 0..1."""
        value = ctypes.c_double()
        check(lib.gyre_graph_score(self._id, ctypes.byref(value)))
        return value.value

    def add_society(self, divisor: float = 1.0) -> None:
        """Adds the four reference loops."""
        call(lib.gyre_society_add, self._id, divisor)


def _cancelled(number: int, begin: float, task: asyncio.Task[None]) -> None:
    """A tick whose task was cancelled, also before it began, has failed: no other would follow."""
    if task.cancelled():
        complete(number, time.monotonic() - begin, asyncio.CancelledError())


__all__ = ['Engine', 'Error']

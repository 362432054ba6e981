"""A replay buffer and a learner by themselves, without an engine. Rows and indices go in and out as
anything with the buffer protocol: numpy's arrays where numpy is there, else array.array, bytes."""
from __future__ import annotations

import ctypes
import numbers
from array import array
from typing import Any, Iterable, NamedTuple

from . import _abi as abi
from ._library import call, check, lib, made, values_of, word
from ._settings import by_name

try:
    import numpy as _numpy
except ImportError:  # everything works without it
    _numpy = None  # type: ignore[assignment]


def _address(values: Any, writable: bool = False) -> tuple[Any, int]:
    """The address of a buffer's bytes, and their number; the buffer is to outlive its use."""
    view = memoryview(values)
    if not view.c_contiguous:
        raise ValueError('the values are to lie end to end: numpy.ascontiguousarray')
    if view.nbytes == 0:
        return None, 0
    if not writable and view.readonly:
        data = bytes(view)
        return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p), view.nbytes
    return ctypes.addressof(ctypes.c_char.from_buffer(view)), view.nbytes


_TYPES: dict[str, Any] = {'I': ctypes.c_uint32, 'f': ctypes.c_float, 'd': ctypes.c_double}


def _zeros(code: str, count: int) -> Any:
    """So many zeros, of array.array's type code: numpy's where it is there."""
    return _numpy.zeros(count, code) if _numpy is not None else array(code, [0]) * count


def _plain(code: str, values: Any) -> Any:
    """The values end to end and of that type, a copy only where they are not."""
    if _numpy is not None:
        return _numpy.ascontiguousarray(values, code)
    return values if isinstance(values, array) and values.typecode == code else array(code, values)


def _typed(values: Any) -> Any:
    """What a function takes for a pointer to what _zeros() or _plain() gave."""
    kind = _TYPES[values.typecode if isinstance(values, array) else values.dtype.char]
    try:
        return ctypes.byref(kind.from_buffer(values))
    except (TypeError, ValueError):  # read-only, or empty
        pass
    address = values.buffer_info()[0] if isinstance(values, array) else values.ctypes.data
    return ctypes.cast(address, ctypes.POINTER(kind))


def _rows(seen: Any, inputs: int) -> tuple[Any, int]:
    """Observations of so many numbers as a buffer, and how many they are."""
    given: Any = array('f', seen) if isinstance(seen, (list, tuple)) else seen
    view = memoryview(given)
    size = view.nbytes
    if size % (4 * inputs) or view.format != 'f':
        raise ValueError(f'{size} bytes of {view.format!r} are not observations of '
                         f'{inputs} numbers of float32')
    return given, size // (4 * inputs)


def _into(out: Any, code: str, count: int) -> Any:
    """`out`, with room for so many numbers of that code, else a new array."""
    if out is None:
        return array(code, bytes(array(code).itemsize * count))
    view = memoryview(out)
    if view.format != code or view.nbytes < view.itemsize * count:
        raise ValueError(f'{view.nbytes} bytes of {view.format!r} have no room for {count} '
                         f'numbers of {code!r}')
    return out


def _columns(inputs: int, seen: Any, actions: Any, rewards: Any, following: Any,
             flags: Any) -> list[Any]:
    """Steps as the columns that C takes, in its order."""
    (before, count), (after, others) = _rows(seen, inputs), _rows(following, inputs)
    columns = [before, array('I', actions), array('d', rewards), after,
               None if flags is None else array('I', flags)]
    if others != count or any(c is not None and len(c) != count for c in
                              (columns[1], columns[2], columns[4])):
        raise ValueError('the columns are of different lengths')
    return columns


def _saved(function: Any, number: int) -> bytes:
    """What a function saves, however much."""
    needed, room = ctypes.c_uint32(), ctypes.create_string_buffer(0)
    while True:
        status = function(number, room, len(room), ctypes.byref(needed))
        if status != abi.GYRE_E_BUFFER:
            check(status)
            return room.raw[:needed.value]
        room = ctypes.create_string_buffer(needed.value)


class Drawn(NamedTuple):
    """Rows by slot and generation, the weights of their updates, how likely each was drawn."""
    slots: Any
    generations: Any
    weights: Any
    probabilities: Any


class Stats(NamedTuple):
    """Of rows: how many are newer, how often each was drawn (where that is counted), priorities."""
    ages: Any
    drawn: Any
    priorities: Any


class Returns(NamedTuple):
    """Discounted rewards; factors of the value after them, 0 where the task ended; the slots of the
    last rows, whose next state that is; how many steps there were."""
    rewards: Any
    bootstraps: Any
    lasts: Any
    steps: Any


class _Owned:
    """What frees its native object."""

    _id = 0
    _destroy: Any = None

    def close(self) -> None:
        """Frees it. Again: no effect."""
        if self._id:
            check(type(self)._destroy(self._id))
            self._id = 0

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:  # the interpreter may be half gone
            pass


class Replay(_Owned):
    """A circular buffer of rows. `row` is the bytes of one, or a numpy dtype (then sample() gives
    arrays of it): at most 65,536 bytes. All memory is allocated here.

    The fields of a structured dtype are its columns; those named reward, terminated and truncated
    (or as `roles` says: {'r': 'reward'}) are what n-step returns and episodes are made of. With
    `prioritized` draw() goes by priority. Further settings are fields of gyre_replay_options by
    their names there (alpha, beta, budget_bytes, min_size, ...)."""

    _destroy = lib.gyre_replay_destroy

    def __init__(self, row: Any, capacity: int = 10_000, seed: int = 0, prioritized: bool = False,
                 roles: dict[str, str] | None = None, **settings: Any) -> None:
        self._dtype: Any = None if isinstance(row, int) else _numpy.dtype(row)
        self.row_size: int = row if self._dtype is None else self._dtype.itemsize
        fields = dict(self._dtype.fields or {}) if self._dtype is not None else {}
        self._columns = list(fields)
        known = {'reward': abi.GYRE_COLUMN_REWARD, 'terminated': abi.GYRE_COLUMN_TERMINATED,
                 'truncated': abi.GYRE_COLUMN_TRUNCATED}
        for name in roles or ():
            if name not in fields:
                raise ValueError(f'roles: {name!r} is no field of the row')
        roles = {name: name for name in known} if roles is None else roles
        for name in fields:
            if roles.get(name) == 'reward' and fields[name][0].kind != 'f':
                raise ValueError(f'{name}, the reward, is {fields[name][0]}: a float is expected')
        columns = (abi.gyre_replay_column * max(len(fields), 1))(*(
            made(abi.gyre_replay_column, offset=fields[name][1], bytes=fields[name][0].itemsize,
                 role=word('role', known, roles[name]) if name in roles else abi.GYRE_COLUMN_PLAIN)
            for name in fields))
        flags = settings.pop('flags', 0) | (abi.GYRE_REPLAY_PRIORITIZED if prioritized else 0)
        made_of = made(abi.gyre_replay_options, row_size=self.row_size, capacity=capacity,
                       seed=seed, columns=ctypes.addressof(columns), column_count=len(fields),
                       flags=flags, **settings)
        number = ctypes.c_uint32()
        call(lib.gyre_replay_create, ctypes.byref(made_of), ctypes.byref(number))
        self._id = number.value

    def push(self, rows: Any) -> None:
        """Appends rows that lie end to end; the oldest make room."""
        address, size = _address(rows)
        if size % self.row_size:
            raise ValueError(f'{size} bytes are not rows of {self.row_size}')
        check(lib.gyre_replay_push(self._id, address, size // self.row_size))

    def end_episode(self) -> None:
        """The newest row ends its episode, though it does not say so."""
        check(lib.gyre_replay_end_episode(self._id))

    def sample(self, count: int, replace: bool = False, out: Any = None) -> Any:
        """Draws rows uniformly, none twice unless `replace`, into `out` (room for so many), else a
        new array (bytearray without a dtype)."""
        out, address = self._room(count, out)
        flags = abi.GYRE_SAMPLE_WITH_REPLACEMENT if replace else 0
        check(lib.gyre_replay_sample(self._id, address, count, flags))
        return out

    def draw(self, count: int, uniform: bool = False, replace: bool = False) -> Drawn:
        """Draws the places of rows, by priority where there are any, and the weights of their
        updates. Uniformly, none twice unless `replace`, without priorities or with `uniform`."""
        drawn = Drawn(_zeros('I', count), _zeros('I', count), _zeros('f', count),
                      _zeros('f', count))
        flags = (abi.GYRE_SAMPLE_UNIFORM if uniform else 0) | (
            abi.GYRE_SAMPLE_WITH_REPLACEMENT if replace else 0)
        check(lib.gyre_replay_draw(self._id, *(_typed(column) for column in drawn), count, flags))
        return drawn

    def draw_runs(self, count: int, length: int = 0) -> tuple[Any, Any]:
        """Draws runs of rows that follow each other: the slot of each first row, and how many. Up
        to `length`, the end of the episode or the newest row; 0: whole episodes."""
        firsts, counts = _zeros('I', count), _zeros('I', count)
        check(lib.gyre_replay_draw_runs(self._id, _typed(firsts), _typed(counts), count, length))
        return firsts, counts

    def rows(self, slots: Any, out: Any = None) -> Any:
        """The rows in those slots, into `out`, else a new array (bytearray without a dtype)."""
        slots = _plain('I', slots)
        out, address = self._room(len(slots), out)
        check(lib.gyre_replay_read(self._id, _typed(slots), len(slots), len(self._columns),
                                   address))
        return out

    def column(self, name: str, slots: Any, out: Any = None) -> Any:
        """One field of the rows in those slots, into `out`, else a new array."""
        if name not in self._columns:
            raise ValueError(f'column is {name!r}: one of {self._columns} expected')
        slots = _plain('I', slots)
        kind = self._dtype.fields[name][0]
        if out is None:
            out = _numpy.empty(len(slots), kind)
        elif _address(out, writable=True)[1] < len(slots) * kind.itemsize:
            raise ValueError(f'there is no room for {len(slots)} of {kind}')
        check(lib.gyre_replay_read(self._id, _typed(slots), len(slots), self._columns.index(name),
                                   _address(out, writable=True)[0]))
        return out

    def columns(self, slots: Any) -> dict[str, Any]:
        """Each field of the rows in those slots."""
        return {name: self.column(name, slots) for name in self._columns}

    def update(self, drawn: Drawn, errors: Any) -> int:
        """Sets the priorities of rows by their errors. Those of rows that were replaced meanwhile,
        and errors that are not finite, are refused: how many that were."""
        errors, refused = _plain('f', errors), ctypes.c_uint32()
        if len(errors) != len(drawn.slots):
            raise ValueError(f'{len(errors)} errors for {len(drawn.slots)} rows')
        check(lib.gyre_replay_update(self._id, _typed(drawn.slots), _typed(drawn.generations),
                                     _typed(errors), len(errors), ctypes.byref(refused)))
        return refused.value

    def n_step(self, slots: Any, n: int, gamma: float) -> Returns:
        """What came of up to `n` steps from each of those rows on."""
        slots = _plain('I', slots)
        count = len(slots)
        out = Returns(_zeros('d', count), _zeros('d', count), _zeros('I', count),
                      _zeros('I', count))
        check(lib.gyre_replay_n_step(self._id, _typed(slots), count, n, gamma,
                                     *(_typed(column) for column in out)))
        return out

    def stats(self, slots: Any) -> Stats:
        """How each of those rows was used."""
        slots = _plain('I', slots)
        count = len(slots)
        out = Stats(_zeros('I', count), _zeros('I', count), _zeros('f', count))
        check(lib.gyre_replay_rows_read(self._id, _typed(slots), count,
                                        *(_typed(column) for column in out)))
        return out

    def resize(self, capacity: int) -> None:
        """Keeps the newest rows that fit, oldest in slot 0."""
        call(lib.gyre_replay_resize, self._id, capacity)

    def save(self) -> bytes:
        """Everything: rows, priorities, the position of the draws."""
        return _saved(lib.gyre_replay_save, self._id)

    def load(self, data: bytes) -> None:
        """Replaces everything by what save() gave, of the same row."""
        call(lib.gyre_replay_load, self._id, data, len(data))

    def check(self) -> None:
        """Raises where its parts do not agree."""
        check(lib.gyre_replay_check(self._id))

    @property
    def metrics(self) -> dict[str, Any]:
        """The fields of gyre_replay_metrics."""
        out = made(abi.gyre_replay_metrics)
        check(lib.gyre_replay_metrics_read(self._id, ctypes.byref(out)))
        return values_of(out)

    def _room(self, count: int, out: Any) -> tuple[Any, Any]:
        """`out`, or room for so many rows, and its address."""
        if out is None:
            out = bytearray(count * self.row_size) if self._dtype is None \
                else _numpy.empty(count, self._dtype)
        address, size = _address(out, writable=True)
        if size < count * self.row_size:
            raise ValueError(f'{size} bytes have no room for {count} rows of {self.row_size}')
        return out, address


class Learner(_Owned):
    """A learner over states x actions. Further settings are fields of gyre_learner_options by
    their names there (discount, learning_rate, explore_from, ...); `method` and `explore_how` also
    by name: 'sweeping', 'bonus'."""

    _destroy = lib.gyre_learner_destroy

    def __init__(self, states: int, actions: int, seed: int = 0, **settings: Any) -> None:
        self.states, self.actions = states, actions
        made_of = made(abi.gyre_learner_options, states=states, actions=actions, seed=seed,
                       **by_name(settings))
        number = ctypes.c_uint32()
        call(lib.gyre_learner_create, ctypes.byref(made_of), ctypes.byref(number))
        self._id = number.value

    def choose(self, states: Any, out: Any = None) -> Any:
        """An action for each state, exploring: an int for an int; else into `out`, by default of
        the kind that came in, numpy array or array('I')."""
        return self._actions(lib.gyre_learner_choose, states, out)

    def greedy(self, states: Any, out: Any = None) -> Any:
        """The action of most worth for each state, as choose(); no decision is counted."""
        return self._actions(lib.gyre_learner_greedy, states, out)

    def _actions(self, function: Any, states: Any, out: Any) -> Any:
        if isinstance(states, numbers.Integral):  # numpy's too
            return self._actions(function, [states], None)[0]
        if _numpy is not None and isinstance(states, _numpy.ndarray):
            given: Any = _numpy.ascontiguousarray(states, _numpy.uint32)
            out = _numpy.empty_like(given) if out is None else _into(out, 'I', given.size)
        else:
            given = array('I', states)
            out = _into(out, 'I', len(given))
        if len(given):
            count = memoryview(given).nbytes // 4
            check(function(self._id, _address(given)[0], _address(out, True)[0], count))
        return out

    def train(self) -> None:
        """Learns once more from what was observed."""
        check(lib.gyre_learner_train(self._id))

    def save(self) -> bytes:
        """All that it has learned, for load()."""
        return _saved(lib.gyre_learner_save, self._id)

    def load(self, data: bytes) -> None:
        """Replaces what it has learned; with the same settings it goes on as the other did."""
        address, size = _address(data)
        call(lib.gyre_learner_load, self._id, address, size)

    def observe(self, state: int, action: int, reward: float, next_state: int,
                terminated: bool = False, truncated: bool = False) -> None:
        """Learns from one transition."""
        self.observe_many([(state, action, reward, next_state, terminated, truncated)])

    def observe_many(self, transitions: Iterable[tuple[Any, ...]]) -> None:
        """Learns from transitions as observe() takes them; the last two may be left out. None is
        taken when one is refused."""
        given = list(transitions)
        rows = (abi.gyre_transition * len(given))()
        for at, (state, action, reward, following, *ends) in zip(rows, given):
            terminated, truncated = (*ends, False, False)[:2]
            at.size = ctypes.sizeof(at)
            at.state, at.action, at.reward, at.next = state, action, reward, following
            at.flags = (abi.GYRE_TRANSITION_TERMINATED if terminated else 0) | (
                abi.GYRE_TRANSITION_TRUNCATED if truncated else 0)
        check(lib.gyre_learner_observe(self._id, rows, len(given)))

    @property
    def q(self) -> Any:
        """What each action is worth: states x actions floats, a copy; a numpy array of that shape
        where numpy is there, else array('f') row by row."""
        count, needed = self.states * self.actions, ctypes.c_uint32()
        out: Any = array('f', bytes(4 * count)) if _numpy is None \
            else _numpy.empty((self.states, self.actions), _numpy.float32)
        check(lib.gyre_learner_q(self._id, _address(out, True)[0], count, ctypes.byref(needed)))
        return out

    @property
    def metrics(self) -> dict[str, Any]:
        """The fields of gyre_learner_metrics."""
        out = made(abi.gyre_learner_metrics)
        check(lib.gyre_learner_metrics_read(self._id, ctypes.byref(out)))
        return values_of(out)

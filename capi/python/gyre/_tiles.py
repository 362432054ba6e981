"""A learner that sees numbers, not states: SARSA(lambda) or Q(lambda) over tile coding."""
from __future__ import annotations

import ctypes
from array import array
from typing import Any, Sequence

from . import _abi as abi
from ._learn import _address, _columns, _into, _Owned, _rows, _saved
from ._library import call, check, lib, made
from ._settings import by_name


class Tiles(_Owned):
    """A learner of some axes, each (low, high, cuts): where what is seen begins and ends, and into
    how many tiles it is cut; and of so many actions. Further settings are fields of
    gyre_tiles_options by their names there (tilings, lambda_, ...); `method` ('sarsa', 'q') and
    `explore_how` also by name. What is seen comes as rows of a number for each axis, anything of
    float32 with the buffer protocol, one after the other, or a list of numbers.

        tiles = gyre.Tiles([(0, 100, 8)], actions=3)
        action = tiles.choose([40])
        tiles.observe([40], action, -1.0, [35])
    """

    _destroy = lib.gyre_tiles_destroy

    def __init__(self, axes: Sequence[tuple[float, float, int]], actions: int, seed: int = 0,
                 **settings: Any) -> None:
        self.axes, self.actions = len(axes), actions
        if 'lambda_' in settings:  # a word of Python's own
            settings['lambda'] = settings.pop('lambda_')
        lows, highs = (array('d', [axis[i] for axis in axes]) for i in (0, 1))
        cuts = array('I', [axis[2] for axis in axes])
        made_of = made(abi.gyre_tiles_options, axis_count=len(axes), actions=actions, seed=seed,
                       lows=_address(lows)[0], highs=_address(highs)[0], cuts=_address(cuts)[0],
                       **by_name(settings))
        number = ctypes.c_uint32()
        call(lib.gyre_tiles_create, ctypes.byref(made_of), ctypes.byref(number))
        self._id = number.value

    def _actions(self, function: Any, seen: Any, out: Any) -> Any:
        given, count = _rows(seen, self.axes)
        to = _into(out, 'I', count)
        if count:
            check(function(self._id, _address(given)[0], _address(to, True)[0], count))
        return to[0] if count == 1 and out is None else to

    def choose(self, seen: Any, out: Any = None) -> Any:
        """An action for each row, exploring: into `out`; else an int for one, or array('I')."""
        return self._actions(lib.gyre_tiles_choose, seen, out)

    def greedy(self, seen: Any, out: Any = None) -> Any:
        """The action of most worth for each row, as choose(); no decision is counted."""
        return self._actions(lib.gyre_tiles_greedy, seen, out)

    def observe(self, seen: Any, action: int, reward: float, following: Any,
                terminated: bool = False, truncated: bool = False) -> None:
        """Learns from one step."""
        ends = (abi.GYRE_TRANSITION_TERMINATED if terminated else 0) | (
            abi.GYRE_TRANSITION_TRUNCATED if truncated else 0)
        self.observe_many(seen, [action], [reward], following, [ends])

    def observe_many(self, seen: Any, actions: Any, rewards: Any, following: Any,
                     flags: Any = None) -> None:
        """Learns from steps given as columns, in order; from none when one is refused. `flags` are
        of each GYRE_TRANSITION_..., or 0."""
        columns = _columns(self.axes, seen, actions, rewards, following, flags)
        if len(columns[1]):
            at = [None if column is None else _address(column)[0] for column in columns]
            check(lib.gyre_tiles_observe(self._id, *at, len(columns[1])))

    def save(self) -> bytes:
        """All that it has learned, for load()."""
        return _saved(lib.gyre_tiles_save, self._id)

    def load(self, data: bytes) -> None:
        """Replaces what it has learned; with the same settings it goes on as the other did."""
        address, size = _address(data)
        call(lib.gyre_tiles_load, self._id, address, size)

"""Q-learning by a small network, by itself: for states that are numbers."""
from __future__ import annotations

import ctypes
from typing import Any

from . import _abi as abi
from ._learn import _address, _columns, _into, _Owned, _rows, _saved
from ._library import call, check, lib, made, values_of


class Dqn(_Owned):
    """A learner of `inputs` numbers and `actions` actions. `hidden` are the units of its layers;
    further settings are fields of gyre_dqn_options by their names there (discount, capacity, ...).
    Observations come as anything of float32 with the buffer protocol, one after the other, or as a
    list of numbers."""

    _destroy = lib.gyre_dqn_destroy

    def __init__(self, inputs: int, actions: int, hidden: tuple[int, ...] = (), seed: int = 0,
                 **settings: Any) -> None:
        self.inputs, self.actions = inputs, actions
        layers = (ctypes.c_uint32 * len(hidden))(*hidden)
        made_of = made(abi.gyre_dqn_options, inputs=inputs, actions=actions, seed=seed,
                       layers=len(hidden), hidden=ctypes.addressof(layers) if hidden else None,
                       **settings)
        number = ctypes.c_uint32()
        call(lib.gyre_dqn_create, ctypes.byref(made_of), ctypes.byref(number))
        self._id = number.value

    def act(self, seen: Any, out: Any = None) -> Any:
        """An action for each observation, exploring: into `out`; else an int for one, or
        array('I')."""
        given, count = _rows(seen, self.inputs)
        to = _into(out, 'I', count)
        if count:
            check(lib.gyre_dqn_act(self._id, _address(given)[0], _address(to, True)[0], count))
        return to[0] if count == 1 and out is None else to

    def worth(self, seen: Any, out: Any = None) -> Any:
        """What each action is held to be worth in each observation, into `out`, else
        array('f')."""
        given, count = _rows(seen, self.inputs)
        out = _into(out, 'f', count * self.actions)
        if count:
            check(lib.gyre_dqn_worth(self._id, _address(given)[0], _address(out, True)[0], count))
        return out

    def observe(self, seen: Any, action: int, reward: float, following: Any,
                terminated: bool = False, truncated: bool = False) -> None:
        """Learns from one step. `following` is what truly came, also where the episode was cut
        off."""
        ends = (abi.GYRE_TRANSITION_TERMINATED if terminated else 0) | (
            abi.GYRE_TRANSITION_TRUNCATED if truncated else 0)
        self.observe_many(seen, [action], [reward], following, [ends])

    def observe_many(self, seen: Any, actions: Any, rewards: Any, following: Any,
                     flags: Any = None) -> None:
        """Learns from steps given as columns; none is taken when one is refused. `flags` are of
        each GYRE_TRANSITION_..., or 0."""
        columns = _columns(self.inputs, seen, actions, rewards, following, flags)
        if len(columns[1]):
            at = [None if column is None else _address(column)[0] for column in columns]
            check(lib.gyre_dqn_observe(self._id, *at, len(columns[1])))

    def train(self, batches: int = 1) -> None:
        """Trains on so many batches beyond those that are due."""
        check(lib.gyre_dqn_train(self._id, batches))

    def save(self) -> bytes:
        """All that it has learned, with its replay, for load()."""
        return _saved(lib.gyre_dqn_save, self._id)

    def load(self, data: bytes) -> None:
        """Replaces what it has learned; with the same settings it goes on as the other did."""
        address, size = _address(data)
        call(lib.gyre_dqn_load, self._id, address, size)

    @property
    def metrics(self) -> dict[str, Any]:
        """The fields of gyre_dqn_metrics."""
        out = made(abi.gyre_dqn_metrics)
        check(lib.gyre_dqn_metrics_read(self._id, ctypes.byref(out)))
        return values_of(out)

"""A tuner by itself, without an engine, for those who bring their own loop."""
from __future__ import annotations

import ctypes
from array import array
from typing import Any, Mapping, NamedTuple, Sequence

from . import _abi as abi
from ._learn import _Owned, _saved
from ._library import call, check, encoded, lib, made, values_of, word
from ._settings import WORDS, declared, limits_of, rails


class Choice(NamedTuple):
    """An action, its value of each knob, and how likely it was to be taken: worth logging."""

    action: int
    values: dict[str, float]
    propensity: float


class Tuner(_Owned):
    """Finds what earns most in each state, in few noisy tries.

        tuner = gyre.Tuner({'level': [0, 1, 3, 6, 9], 'codec': ['zlib', 'none']}, {'mbit': [100]})
        state = tuner.state(mbit=40)
        choice = tuner.choose(state)
        tuner.observe(state, choice.action, ship(**choice.values))

    Knobs and features are numbers (a feature's are edges of its buckets), or names without an
    order, whose values are 0, 1, ... `baseline` is a value for each knob, `forbidden` a list of
    such for some of them; further settings are fields of gyre_tuning (budget, one_step, at_random).
    """

    _destroy = lib.gyre_tuner_destroy

    def __init__(self, knobs: Mapping[str, Sequence[Any]],
                 features: Mapping[str, Sequence[Any]] | None = None, seed: int = 0,
                 baseline: Mapping[str, float] | None = None,
                 forbidden: Sequence[Mapping[str, float]] = (), mode: str = 'tune',
                 **settings: Any) -> None:
        kept: list[Any] = []
        self._knobs, self._features = tuple(knobs), tuple(features or ())
        tuning = rails(kept, baseline, forbidden, mode=mode, **settings)
        options = made(
            abi.gyre_tuner_options, seed=seed, tuning=ctypes.addressof(tuning),
            knobs=declared(abi.gyre_knob, 'values', knobs, kept), knob_count=len(self._knobs),
            features=declared(abi.gyre_feature, 'edges', features or {}, kept),
            feature_count=len(self._features))
        number = ctypes.c_uint32()
        call(lib.gyre_tuner_create, ctypes.byref(options), ctypes.byref(number))
        self._id = number.value

    def state(self, **seen: float) -> int:
        """The state in which each feature has the value that was seen."""
        if set(seen) != set(self._features):
            raise TypeError(f'a value for each of {list(self._features)}, not {list(seen)}')
        values = (ctypes.c_double * len(seen))(*(seen[name] for name in self._features))
        out = ctypes.c_uint32()
        check(lib.gyre_tuner_state(self._id, values, len(seen), ctypes.byref(out)))
        return out.value

    def values(self, action: int) -> dict[str, float]:
        """The value that each knob has in an action."""
        out = (ctypes.c_double * len(self._knobs))()
        needed = ctypes.c_uint32()
        check(lib.gyre_tuner_values(self._id, action, out, len(out), ctypes.byref(needed)))
        return dict(zip(self._knobs, out))

    def choose(self, state: int = 0, not_now: Sequence[int] = ()) -> Choice:
        """An action for the state; those of `not_now` only if nothing else is left."""
        out = (ctypes.c_uint32 * max(len(not_now), 1))(*not_now)
        action, propensity = ctypes.c_uint32(), ctypes.c_double()
        check(lib.gyre_tuner_choose(self._id, state, out, len(not_now), ctypes.byref(action),
                                    ctypes.byref(propensity)))
        return Choice(action.value, self.values(action.value), propensity.value)

    def observe(self, state: int, action: int, reward: float) -> None:
        """Learns what an action earned; it need not be one that choose() gave."""
        check(lib.gyre_tuner_observe(self._id, state, action, reward))

    def observe_failure(self, state: int, action: int) -> None:
        """Learns that an action failed: worth less than the worst reward so far."""
        check(lib.gyre_tuner_observe_failure(self._id, state, action))

    def limit(self, state: int, action: int, name: str, value: float, at_most: float) -> None:
        """Says what another figure was, and what it may be at most: settings over it are avoided.
        """
        check(lib.gyre_tuner_limit(self._id, state, action, encoded(name), value, at_most))

    @property
    def limits(self) -> list[dict[str, Any]]:
        """Those figures: the fields of gyre_limit."""
        return limits_of(lib.gyre_tuner_limits, self._id)

    def set_mode(self, mode: str) -> None:
        """'tune', 'observe' (the baseline acts) or 'frozen'."""
        check(lib.gyre_tuner_set_mode(self._id, word('mode', WORDS['mode'], mode)))

    def save(self) -> bytes:
        """All that it has learned."""
        return _saved(lib.gyre_tuner_save, self._id)

    def load(self, data: bytes) -> None:
        """Replaces what it has learned; with the same options it goes on draw for draw."""
        call(lib.gyre_tuner_load, self._id, data, len(data))

    def report(self, state: int = 0) -> dict[str, Any]:
        """What it knows of a state: the fields of gyre_state_report."""
        out = made(abi.gyre_state_report)
        check(lib.gyre_tuner_report(self._id, state, ctypes.byref(out)))
        return values_of(out)

    @property
    def metrics(self) -> dict[str, Any]:
        """The fields of gyre_tuning_metrics."""
        out = made(abi.gyre_tuning_metrics)
        check(lib.gyre_tuner_metrics_read(self._id, ctypes.byref(out)))
        return values_of(out)


def what_if(log: Sequence[tuple[int, int, float, float]], states: int, actions: int,
            always: int = 0, policy: Sequence[Sequence[float]] | None = None) -> dict[str, Any]:
    """What another policy would have earned in the logged states: rows of (state, action,
    propensity, reward). It takes the action `always`, or by `policy[state][action]`, probabilities.
    The fields of gyre_what_if_result."""
    if any(len(row) != 4 for row in log):
        raise ValueError('a row of the log is (state, action, propensity, reward)')
    columns = [array(kind, column) for kind, column in
               zip('IIdd', zip(*log) if log else ((), (), (), ()))]
    at = [column.buffer_info()[0] if log else None for column in columns]
    rows = made(abi.gyre_decisions, rows=len(log), states=states, actions=actions, state=at[0],
                action=at[1], propensity=at[2], reward=at[3])
    flat = None if policy is None else array('d', (p for row in policy for p in row))
    if flat is not None and len(flat) != states * actions:
        raise ValueError(f'policy has {len(flat)} numbers, not {states} x {actions}')
    out = made(abi.gyre_what_if_result)
    call(lib.gyre_what_if, ctypes.byref(rows), flat.buffer_info()[0] if flat else None, always,
         ctypes.byref(out))
    return values_of(out)

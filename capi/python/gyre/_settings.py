"""Knobs, features, settings and limits in C's shape. `kept` holds what they point to."""
from __future__ import annotations

import ctypes
from typing import Any, Mapping, Sequence

from . import _abi as abi
from ._library import check, encoded, lib, made, values_of, word

WORDS = {field: {name[len(prefix):].lower(): value for name, value in vars(abi).items()
                 if name.startswith(prefix)}
         for field, prefix in (('missed', 'GYRE_MISSED_'), ('method', 'GYRE_METHOD_'),
                               ('explore_how', 'GYRE_EXPLORE_'), ('mode', 'GYRE_TUNING_'),
                               ('kind', 'GYRE_GATE_'))}


def by_name(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The same, with numbers for words where a field has words."""
    return {field: word(field, WORDS[field], value) if field in WORDS and isinstance(value, str)
            else value for field, value in settings.items()}


def rails(kept: list[Any], baseline: Mapping[str, float] | None = None,
          forbidden: Sequence[Mapping[str, float]] = (), **settings: Any) -> Any:
    """gyre_tuning: a value for each knob, some such for some of them, and further fields of it."""
    first, count = settings_of([baseline] if baseline else [], kept)
    ruled_out, rules = settings_of(forbidden, kept)
    kept.append(made(abi.gyre_tuning, baseline=first, baseline_count=count, forbidden=ruled_out,
                     forbidden_count=rules, **by_name(settings)))
    return kept[-1]


def declared(struct: Any, numbers: str, of: Mapping[str, Sequence[Any]], kept: list[Any]) -> Any:
    """The address of gyre_knob or gyre_feature for each: numbers, or names as str."""
    out = (struct * max(len(of), 1))()
    for at, (name, values) in zip(out, of.items()):
        at.size, at.count, at.name = ctypes.sizeof(struct), len(values), encoded(name)
        words = bool(values) and all(isinstance(value, str) for value in values)
        row: Any = (ctypes.c_char_p * len(values))(*(encoded(v) for v in values)) if words \
            else (ctypes.c_double * len(values))(*values)
        kept.append(row)
        setattr(at, 'names' if words else numbers, ctypes.addressof(row))
    kept.append(out)
    return ctypes.addressof(out)


def settings_of(rules: Sequence[Mapping[str, float]], kept: list[Any]) -> tuple[Any, int]:
    """The address of gyre_setting for each value of each rule, and how many there are."""
    rows = [(i, knob, value) for i, rule in enumerate(rules) for knob, value in rule.items()]
    out = (abi.gyre_setting * max(len(rows), 1))()
    for at, (rule, knob, value) in zip(out, rows):
        at.size, at.rule, at.knob, at.value = ctypes.sizeof(at), rule, encoded(knob), value
    kept.append(out)
    return (ctypes.addressof(out) if rows else None), len(rows)


def gates_of(gates: Sequence[Mapping[str, Any]], kept: list[Any]) -> tuple[Any, int]:
    """The address of gyre_gate for each, and how many there are."""
    rows = [made(abi.gyre_gate, kind=word('kind', WORDS['kind'], gate['kind']),
                 **{name: encoded(value) if isinstance(value, str) else value
                    for name, value in gate.items() if name != 'kind'}) for gate in gates]
    out = (abi.gyre_gate * max(len(rows), 1))(*rows)
    kept += [out, rows]  # the texts are the rows'
    return ctypes.addressof(out), len(rows)


def limits_of(function: Any, number: int) -> list[dict[str, Any]]:
    """What a function says of limits, of which there are four at most."""
    rows, needed = (abi.gyre_limit * 4)(), ctypes.c_uint32()
    rows[0].size = ctypes.sizeof(abi.gyre_limit)
    check(function(number, rows, len(rows), ctypes.byref(needed)))
    return [values_of(row) for row in rows[:needed.value]]


def _range(function: Any, first: float, last: float, count: int) -> list[float]:
    if not 0 < count <= 65_536:
        raise ValueError(f'count is {count}: 1..65,536 expected')
    out = (ctypes.c_double * count)()
    check(function(first, last, count, out))
    return list(out)


def linear(first: float, last: float, count: int) -> list[float]:
    """So many values from `first` to `last` in equal steps, for a knob."""
    return _range(lib.gyre_linear, first, last, count)


def geometric(first: float, last: float, count: int) -> list[float]:
    """... each the same multiple of the one before; both ends over 0."""
    return _range(lib.gyre_geometric, first, last, count)

"""One run of a loop, as its function sees it."""
from __future__ import annotations

import ctypes
from typing import Any

from . import _abi as abi
from ._library import check, encoded, lib, made, values_of


class Tick:
    """One run of a loop; valid until its function returns. An error of these methods, when it is
    not caught, fails the tick as any exception does."""

    __slots__ = ('_id',)

    def __init__(self, number: int) -> None:
        self._id = number

    def knob(self, name: str) -> float:
        """The value to use. The choice falls at the first call in a tick: report features before.
        """
        value = ctypes.c_double()
        check(lib.gyre_tick_knob(self._id, encoded(name), ctypes.byref(value)))
        return value.value

    def feature(self, name: str, value: float) -> None:
        """What the tick sees."""
        check(lib.gyre_tick_feature(self._id, encoded(name), value))

    def reward(self, value: float) -> None:
        """What the tick earned."""
        check(lib.gyre_tick_reward(self._id, value))

    def cost(self, value: float) -> None:
        """What the tick cost: a reward of -value."""
        check(lib.gyre_tick_cost(self._id, value))

    def reward_later(self) -> int:
        """A ticket for Loop.reward(): the reward comes later than the tick's end."""
        ticket = ctypes.c_uint32()
        check(lib.gyre_tick_reward_later(self._id, ctypes.byref(ticket)))
        return ticket.value

    def limit(self, name: str, value: float, at_most: float) -> None:
        """A goal beside the reward: this tick's figure of that name, and what it may be at most."""
        check(lib.gyre_tick_limit(self._id, encoded(name), value, at_most))

    def forbid(self, knob: str, value: float) -> None:
        """Rules out for this tick what has this value; before the first knob()."""
        check(lib.gyre_tick_forbid(self._id, encoded(knob), value))

    def used(self, knob: str, value: float) -> None:
        """Someone else has set this knob: the reward is learned of that."""
        check(lib.gyre_tick_used(self._id, encoded(knob), value))

    def terminated(self) -> None:
        """With `sequential`: nothing is earned after this tick."""
        check(lib.gyre_tick_terminated(self._id))

    def truncated(self) -> None:
        """... what the loop does was cut off here, and the next tick begins anew."""
        check(lib.gyre_tick_truncated(self._id))

    def vitality(self, value: float) -> None:
        """How well the loop's work is, 0..1, in its own judgement."""
        check(lib.gyre_tick_vitality(self._id, value))

    def fail(self, why: str) -> None:
        """The tick failed; it may go on and clean up."""
        check(lib.gyre_tick_fail(self._id, said(why)))

    def spend(self, seconds: float) -> None:
        """Virtual engines: the tick took so long."""
        check(lib.gyre_tick_spend(self._id, seconds * 1e3))

    @property
    def cancelled(self) -> bool:
        """Whether the tick was given up and should return soon."""
        return bool(lib.gyre_tick_cancelled(self._id) == abi.GYRE_E_CANCELLED)

    @property
    def info(self) -> dict[str, Any]:
        """Which tick it is, how late, how long so far: gyre_tick_info's fields."""
        info = made(abi.gyre_tick_info)
        check(lib.gyre_tick_info_read(self._id, ctypes.byref(info)))
        return values_of(info)


def words(error: BaseException) -> bytes:
    """Why a tick failed, for C; never an error itself."""
    try:
        text = str(error)
    except Exception:  # its own __str__
        text = ''
    return said(f'{type(error).__name__}: {text}' if text else type(error).__name__)


def said(why: str) -> bytes:
    """UTF-8 of any text: of the name of a file it may have what no UTF-8 has."""
    return why.replace('\0', '\ufffd').encode('utf-8', 'replace')


def complete(number: int, took: float, error: BaseException | None) -> None:
    """Ends an external tick that took so many seconds. One that timed out before is stale, which
    the engine has counted."""
    done = made(abi.gyre_completion, took_ms=max(took * 1e3, 1e-6))
    if error is not None:
        done.failed = 1
        done.text = words(error)
    lib.gyre_tick_complete(number, ctypes.byref(done))


__all__ = ['Tick', 'complete', 'words']

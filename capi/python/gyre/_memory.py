"""The memory of an engine: what it was told to keep."""
from __future__ import annotations

import ctypes
import json
from typing import Any, Iterable

from . import _abi as abi
from ._library import call, check, encoded, lib, made, text_of, values_of


class Memory:
    """The memory of an engine."""

    _id: int

    def remember(self, text: str, tags: Iterable[str] = (), importance: float = 0.5,
                 user: str = '', role: str = '', source: str = '', wall: float = 0.0) -> None:
        """Keeps a record. wall: seconds since 1970; default now."""
        names = [encoded(tag) for tag in tags]
        of = (ctypes.c_char_p * len(names))(*names)
        record = made(abi.gyre_record, text=encoded(text), wall_ms=wall * 1e3, user=encoded(user),
                      importance=importance or abi.GYRE_NONE, role=encoded(role),
                      source=encoded(source), tag_count=len(names), tags=ctypes.addressof(of))
        call(lib.gyre_memory_remember, self._id, ctypes.byref(record))

    def recall(self, text: str = '', tag: str = '', user: str = '', source: str = '',
               since: float = 0.0, until: float = 0.0, limit: int = 0) -> list[dict[str, Any]]:
        """Records, newest first; what is left out lets everything pass. Seconds since 1970; at most
        `limit` (100)."""
        query = made(abi.gyre_query, limit=limit, from_wall_ms=since * 1e3,
                     to_wall_ms=until * 1e3)
        for name, value in (('text', text), ('tag', tag), ('user', user), ('source', source)):
            if value:
                setattr(query, name, encoded(value))
        out: list[dict[str, Any]] = json.loads(
            text_of(lib.gyre_memory_recall, self._id, ctypes.byref(query)))
        return out

    def consolidate(self) -> None:
        """Archives what is over a day old to the store, deletes what is over 30 days old."""
        call(lib.gyre_memory_consolidate, self._id)

    @property
    def memory_metrics(self) -> dict[str, Any]:
        """What is kept: the fields of gyre_memory_metrics."""
        out = made(abi.gyre_memory_metrics)
        check(lib.gyre_memory_metrics_read(self._id, ctypes.byref(out)))
        return values_of(out)


def compress(data: bytes, level: int = 6) -> bytes:
    """Raw deflate. level: 0 (store) to 9."""
    cap, needed = len(data) + (len(data) >> 8) + 64, ctypes.c_uint32()
    out = ctypes.create_string_buffer(cap)
    call(lib.gyre_compress, bytes(data), len(data), level, out, cap, ctypes.byref(needed))
    return out.raw[:needed.value]


def decompress(data: bytes, raw_size: int) -> bytes:
    """Undoes compress(); exactly so many bytes come out. Safe on hostile data."""
    if not 0 <= raw_size < 1 << 32:
        raise ValueError(f'raw_size is {raw_size}: 0..{(1 << 32) - 1} expected')
    out = ctypes.create_string_buffer(max(raw_size, 1))
    call(lib.gyre_decompress, bytes(data), len(data), out, raw_size)
    return out.raw[:raw_size]

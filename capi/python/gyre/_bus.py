"""The bus of an engine: what loops and others tell each other, by topic."""
from __future__ import annotations

import ctypes
from typing import Any, Iterator, NamedTuple

from . import _abi as abi
from ._library import call, check, encoded, lib, made, values_of, word

OVERFLOW = {'drop_newest': abi.GYRE_OVERFLOW_DROP_NEWEST,
            'drop_oldest': abi.GYRE_OVERFLOW_DROP_OLDEST,
            'keep_latest': abi.GYRE_OVERFLOW_KEEP_LATEST}


class Message(NamedTuple):
    """What was published: `at` in seconds since the engine's creation."""
    topic: str
    payload: bytes
    at: float
    sequence: int
    correlation: int
    source: int


class Subscription:
    """What waits for whoever asks. Iterating takes what waits, and ends when nothing does."""

    def __init__(self, number: int) -> None:
        self._id = number
        self._buffer = ctypes.create_string_buffer(1 << 10)

    def take(self) -> Message | None:
        """One message, or None."""
        out, needed = made(abi.gyre_message), ctypes.c_uint32()
        while True:
            status = lib.gyre_bus_poll(self._id, ctypes.byref(out), self._buffer,
                                       len(self._buffer), ctypes.byref(needed))
            if status != abi.GYRE_E_BUFFER:
                break
            self._buffer = ctypes.create_string_buffer(needed.value)
        if status == abi.GYRE_E_NOT_FOUND:
            return None
        check(status)
        payload = ctypes.string_at(out.payload, out.payload_size) if out.payload_size else b''
        return Message(out.topic.decode(), payload, out.at_ms / 1e3, out.sequence,
                       out.correlation, out.source)

    def __iter__(self) -> Iterator[Message]:
        while (message := self.take()) is not None:
            yield message

    @property
    def metrics(self) -> dict[str, Any]:
        """Its account: the fields of gyre_bus_metrics."""
        out = made(abi.gyre_bus_metrics)
        check(lib.gyre_bus_metrics_read(self._id, ctypes.byref(out)))
        return values_of(out)

    def close(self) -> None:
        """Ends it; what waits is dropped."""
        check(lib.gyre_bus_unsubscribe(self._id))

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Bus:
    """The bus of an engine."""

    _id: int

    def publish(self, topic: str, payload: bytes | str = b'', ttl: float = 0.0,
                correlation: int = 0) -> None:
        """Puts a message on the bus: topics are tokens between dots. ttl in seconds; 0: any time.
        Nothing is delivered inside this call."""
        data = payload.encode() if isinstance(payload, str) else bytes(payload)
        how = made(abi.gyre_publish_options, ttl_ms=ttl * 1e3, correlation=correlation)
        call(lib.gyre_bus_publish, self._id, encoded(topic), data, len(data), ctypes.byref(how))

    def subscribe(self, pattern: str, capacity: int = 0,
                  overflow: str = 'drop_newest') -> Subscription:
        """What matches: `*` is any one token, `>` at the end one or more. At most `capacity`
        messages wait (1,024); what is over that goes by `overflow`."""
        how = made(abi.gyre_subscription_options, capacity=capacity,
                   overflow=word('overflow', OVERFLOW, overflow))
        number = ctypes.c_uint32()
        call(lib.gyre_bus_subscribe, self._id, encoded(pattern), ctypes.byref(how),
             ctypes.byref(number))
        return Subscription(number.value)

    @property
    def bus_metrics(self) -> dict[str, Any]:
        """The account of the whole bus: the fields of gyre_bus_metrics."""
        out = made(abi.gyre_bus_metrics)
        check(lib.gyre_bus_metrics_read(self._id, ctypes.byref(out)))
        return values_of(out)

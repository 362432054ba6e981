"""The native library: where it is, and its statuses as exceptions."""
from __future__ import annotations

import ctypes
import functools
import os
import pathlib
from typing import Any, Mapping

from . import _abi as abi


class Error(Exception):
    """A call that did not return GYRE_OK; nothing has changed then. `code` is the header's number,
    `name` its name there."""

    def __init__(self, code: int, text: str = '') -> None:
        self.code = code
        self.name: str = lib.gyre_status_name(code).decode()
        super().__init__(f'{self.name}: {text}' if text else self.name)


def _load() -> ctypes.CDLL:
    """GYRE_LIBRARY, else the library in this package, else the installed one."""
    inside = pathlib.Path(__file__).with_name('libgyre.so')
    name = os.environ.get('GYRE_LIBRARY') or (str(inside) if inside.exists() else 'libgyre.so.0')
    library = ctypes.CDLL(name)
    abi.declare(library)
    if library.gyre_version() >> 8 != abi.GYRE_VERSION >> 8:
        raise ImportError(f'{name} is gyre {library.gyre_version_string().decode()}, this package '
                          f'is of {abi.GYRE_VERSION >> 16}.{abi.GYRE_VERSION >> 8 & 255}')
    return library


lib = _load()
version: str = lib.gyre_version_string().decode()


def check(status: int, error: abi.gyre_error | None = None) -> None:
    """Raises what a status says."""
    if status:
        raise Error(status, error.text.decode('utf-8', 'replace') if error is not None else '')


def call(function: Any, *arguments: Any) -> None:
    """Calls a function whose last parameter is the error."""
    error = abi.gyre_error(size=ctypes.sizeof(abi.gyre_error))
    check(function(*arguments, ctypes.byref(error)), error)


def encoded(text: str) -> bytes:
    """UTF-8 for C, which would end at the first NUL."""
    if '\0' in text:
        raise ValueError(f'the text {text!r} contains NUL')
    return text.encode()


def word(what: str, known: Mapping[str, int], name: str) -> int:
    """The number of a word."""
    if name not in known:
        raise ValueError(f'{what} is {name!r}: one of {", ".join(known)} expected')
    return known[name]


@functools.lru_cache(None)
def _most(struct: Any) -> dict[str, tuple[int, int] | None]:
    """The fields of a struct, and what fits in those that are whole numbers."""
    most: dict[str, tuple[int, int] | None] = {}
    for name, kind in struct._fields_:
        most[name] = None
        if kind in (ctypes.c_int32, ctypes.c_uint32, ctypes.c_uint64):
            least = kind(-1).value
            end = 1 << 8 * ctypes.sizeof(kind)
            most[name] = (-end // 2, end // 2 - 1) if least < 0 else (0, end - 1)
    return most


def made(struct: Any, **fields: Any) -> Any:
    """A struct with its size, the fields given, and all else 0."""
    most = _most(struct)
    for name, value in fields.items():
        if name not in most:  # which ctypes would take as an attribute
            raise TypeError(f'{struct.__name__} has no field {name!r}')
        range_ = most[name]
        if range_ and isinstance(value, int) and not range_[0] <= value <= range_[1]:
            raise ValueError(f'{name} is {value}: {range_[0]}..{range_[1]} expected')  # it wraps
    return struct(size=ctypes.sizeof(struct), **fields)


def text_of(function: Any, *arguments: Any, error: bool = True) -> str:
    """The text that a function writes to (buf, cap, needed), the last but for the error."""
    return bytes_of(function, *arguments, error=error)[:-1].decode('utf-8', 'replace')


def bytes_of(function: Any, *arguments: Any, error: bool = True) -> bytes:
    """The same of bytes."""
    cap, needed = 1 << 12, ctypes.c_uint32()
    while True:
        buffer = ctypes.create_string_buffer(cap)
        parameters = (*arguments, buffer, cap, ctypes.byref(needed))
        try:
            call(function, *parameters) if error else check(function(*parameters))
        except Error as failed:
            if failed.code != abi.GYRE_E_BUFFER:
                raise
            cap = needed.value * 5 // 4
            continue
        return buffer.raw[:needed.value]


def values_of(struct: Any) -> dict[str, Any]:
    """The fields of a struct as Python values, without its size and what is reserved."""
    out: dict[str, Any] = {}
    for name, _ in struct._fields_:
        if name in ('size', 'reserved'):
            continue
        value = getattr(struct, name)
        if isinstance(value, ctypes.Structure):
            value = values_of(value)
        elif isinstance(value, bytes):
            value = value.decode('utf-8', 'replace')
        out[name] = value
    return out

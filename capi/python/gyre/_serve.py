"""An engine in a browser."""
from __future__ import annotations

import ctypes
from typing import Any

from . import _abi as abi
from ._library import call, encoded, lib, made, text_of


class Served:
    """What an engine has of its server. Its threads never wait for Python, nor does Python for
    them."""

    _id: int

    def start_server(self, port: int | None = None, control: bool = False,
                     allow_remote: bool = False, **settings: Any) -> str:
        """Shows the engine in a browser until stop_server() or close().

        port: 7777 by default, 0 for one that is free. control: whoever has the token may pause,
        resume, reconfigure and stop loops. Further settings are fields of gyre_serve_options by
        their names there (host, token, page, title, record_folder, clients).
        @return the address to open, its token included. Error: UNSUPPORTED where the library was
        built without its server, as the one that pip builds is.
        """
        flags = (abi.GYRE_SERVE_CONTROL if control else 0) | (
            abi.GYRE_SERVE_ALLOW_REMOTE if allow_remote else 0)
        fields = {key: encoded(value) if isinstance(value, str) else value
                  for key, value in settings.items()}
        where = abi.GYRE_SERVE_ANY_PORT if port == 0 else port or 0
        options = made(abi.gyre_serve_options, port=where, flags=flags, **fields)
        return text_of(lib.gyre_serve_start, self._id, ctypes.byref(options))

    def stop_server(self) -> None:
        """Ends that; no effect where the engine is not served."""
        call(lib.gyre_serve_stop, self._id)

#!/usr/bin/env python3
"""Prints the C functions that gyre.wasm exports, one a line: those that gyre.h declares, without
those of no use there, since the module cannot call its host back and has no clock.

Usage: exports.py gyre.h
"""
import pathlib
import re
import sys

header = re.sub(r'/\*.*?\*/|//[^\n]*', '', pathlib.Path(sys.argv[1]).read_text(), flags=re.S)
names = re.findall(r'^GYRE_API\b[^;{]*?\b(gyre_\w+)\s*\(', header, flags=re.M)
names = [name for name in names if name not in ('gyre_tick_pending', 'gyre_engine_poll_within')]
if not names:
    sys.exit(f'{sys.argv[1]} declares no GYRE_API function')
print('\n'.join('_' + name for name in names))

#!/usr/bin/env python3
"""Prints the C functions that gyre.wasm exports, one a line: those that gyre.h's sections declare,
without those of no use there, since the module cannot call its host back and has no clock, and the
snapshot has the limits. With a list, a name a line, those of the list alone.

Usage: exports.py [--only <list>] <section of gyre.h>...
"""
import pathlib
import re
import sys

sections = sys.argv[1:]
only = None
if sections[:1] == ['--only']:
    only = pathlib.Path(sections[1]).read_text().split()
    sections = sections[2:]
text = ''.join(pathlib.Path(section).read_text() for section in sections)
plain = re.sub(r'/\*.*?\*/|//[^\n]*', '', text, flags=re.S)
names = re.findall(r'^GYRE_API\b[^;{]*?\b(gyre_\w+)\s*\(', plain, flags=re.M)
names = [name for name in names if name not in ('gyre_tick_pending', 'gyre_engine_poll_within',
                                            'gyre_loop_limits', 'gyre_tuner_limits')]
if not names:
    sys.exit('no section declares a GYRE_API function')
if only:
    unknown = sorted(set(only) - set(names))
    if unknown:
        sys.exit(f'no section declares {", ".join(unknown)}')
    names = only
print('\n'.join('_' + name for name in names))

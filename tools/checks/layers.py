#!/usr/bin/env python3
"""Includes point down only, and each header reaches few others: docs/architecture.md, Rooms. The
tables there name each header of a room.

Usage: layers.py [tree]
"""
import re

import tree

# engine/ holds the insides of engine.hpp and is, like it, where the rooms meet.
LEVEL = {'core': 0, 'store': 1, 'run': 2, 'learn': 2, 'bus': 2, 'observe': 2, 'memory': 2,
         'snapshot.hpp': 3, 'engine': 4, 'engine.hpp': 5, 'src.hpp': 6, 'gyre.hpp': 6,
         'society': 6, 'edge': 6}
EXEMPT = ('snapshot.hpp', 'engine', 'engine.hpp', 'src.hpp', 'gyre.hpp', 'society',
          'edge')
DOCUMENT = 'docs/architecture.md'
DIRECT, REACHED = 5, 12
# These join the parts of a room, and may reach more.
JOINS = ('bus/bus.hpp', 'learn/dqn.hpp', 'learn/learner.hpp', 'memory/memory.hpp')
BANNED = {'iostream', 'regex', 'filesystem', 'ranges', 'format'}
# The standard library, POSIX and zlib. Anything else is an outside library and belongs to edge/.
PLAIN = re.compile(r'^[a-z_0-9]+$|^(sys|linux|mach|emscripten)/[a-z_0-9]+\.h$|^[a-z_0-9]+\.h$')


def room(header):
    return header.split('/')[0]


def named(document):
    """What the tables of rooms name in their first column, as headers."""
    for table in re.finditer(r'^\| (\w+)/ \|.*\n((?:\|.*\n)+)', document, re.M):
        for cell in re.findall(r'^\|([^|]*)\|', table.group(2), re.M):
            yield from (f'{table.group(1)}/{name}.hpp' for name in re.findall(r'\w+', cell))


def check_document(top, known):
    """Findings where the document's tables and the headers differ."""
    if not (top / DOCUMENT).is_file():
        return []
    told = set(named(tree.text(top, DOCUMENT)))
    there = {header for header in known if '/' in header}
    unnamed = [f'include/gyre/{header}: {DOCUMENT} does not name it' for header in there - told]
    unknown = [f'{DOCUMENT}: names {header}, which does not exist' for header in told - there]
    return sorted(unnamed) + sorted(unknown)


def check(top):
    known = tree.headers(top)
    findings = check_document(top, known)
    below = {}
    for header in known:
        where = f'include/gyre/{header}'
        if room(header) not in LEVEL:
            findings.append(f'{where}: unknown room {room(header)}; rooms: {", ".join(LEVEL)}')
            continue
        below[header] = []
        for name in tree.INCLUDE.findall(tree.text(top, where)):
            if not name.startswith('gyre/'):
                if name in BANNED:
                    findings.append(f'{where}: <{name}> costs every user; do without')
                elif not PLAIN.match(name) and room(header) != 'edge':
                    findings.append(f'{where}: outside library <{name}>; only edge/ may')
                continue
            target = name[len('gyre/'):]
            if target not in known:
                findings.append(f'{where}: <{name}> does not exist')
                continue
            below[header].append(target)
            mine, its = LEVEL[room(header)], LEVEL.get(room(target), -1)
            if room(header) != room(target) and its >= mine:
                findings.append(f'{where}: <{name}> does not point down')
            if room(header) == 'society' and room(target) not in ('society', 'engine.hpp', 'core'):
                findings.append(f'{where}: <{name}>; society/ knows only engine.hpp')
            if header == 'gyre.hpp' and room(target) in ('society', 'edge'):
                findings.append(f'{where}: <{name}>; gyre.hpp leaves society/ and edge/ out')

    def reached(header, seen):
        for target in below.get(header, ()):
            if target not in seen:
                seen.add(target)
                reached(target, seen)
        return seen

    for header, direct in below.items():
        where = f'include/gyre/{header}'
        seen = reached(header, set())
        if header in seen:
            findings.append(f'{where}: includes itself through {", ".join(sorted(seen))}')
        if room(header) in EXEMPT:
            continue
        if len(direct) > DIRECT:
            findings.append(f'{where}: includes {len(direct)} gyre headers, at most {DIRECT}')
        if room(header) != 'core':
            seen = {name for name in seen if room(name) != 'core'}
        if len(seen) > REACHED and header not in JOINS:
            findings.append(f'{where}: reaches {len(seen)} gyre headers, at most {REACHED}')
    return findings


if __name__ == '__main__':
    tree.report('layers', check(tree.root()))

#!/usr/bin/env python3
"""Rows of what it costs to compile programs that use gyre, beside one that uses nlohmann/json: CPU
seconds and peak memory, with each compiler that is there. All programs of a row are compiled in
turn, the best of the rounds counts.

usage: compile_costs.py <source root>    prints the rows, one of JSON a line
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

COMPILERS = {'gcc': 'g++', 'clang': 'clang++'}
ROUNDS = 2
PEER = 'nlohmann/json'
JSON = """#include <cstdio>
#include <nlohmann/json.hpp>
int main() {
  auto level = nlohmann::json::parse(R"({"name": "level", "values": [0, 1, 6]})");
  level["values"].push_back(9);
  std::puts(level.dump(2).c_str());
}
"""
SEPARATE = ['-DGYRE_SEPARATE_COMPILATION']


class cost:
    """Of one compilation: CPU seconds, user and system, and MB at the peak of the largest
    process."""

    def __init__(self, seconds=float('inf'), megabytes=float('inf')):
        self.seconds, self.megabytes = seconds, megabytes

    def least(self, other):
        return cost(min(self.seconds, other.seconds), min(self.megabytes, other.megabytes))


def compile_once(root, command, source):
    """None where it does not compile."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'x.cpp')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(source)
        started = subprocess.Popen([*command, '-std=c++20', '-I', os.path.join(root, 'include'),
                                    '-c', path, '-o', os.path.join(folder, 'x.o')],
                                   stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
    if status != 0:
        return None
    return cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1000)


def in_turn(root, programs, rounds=ROUNDS):
    """{name: cost} of {name: (command, source)}; without those that do not compile."""
    least = {name: cost() for name in programs}
    for _ in range(rounds):
        for name, (command, source) in programs.items():
            one = compile_once(root, command, source) if name in least else None
            if one is None:
                if least.pop(name, None):
                    print(f'{" ".join(command)}: the program "{name}" does not compile: left out',
                          file=sys.stderr)
                continue
            least[name] = least[name].least(one)
    return least


def readme_program(root):
    with open(os.path.join(root, 'README.md'), encoding='utf-8') as file:
        return re.search(r'^```cpp\n(.*?)^```$', file.read(), re.S | re.M).group(1)


def example(root, name):
    with open(os.path.join(root, 'examples', name), encoding='utf-8') as file:
        return file.read()


def row(name, ours, peer, conditions, figure='seconds', unit='s'):
    value = getattr(ours, figure)
    other = getattr(peer, figure) if peer else None
    if figure == 'seconds':
        conditions += f'; peak {ours.megabytes:.0f} MB'
        conditions += f', the peer {peer.megabytes:.0f} MB' if peer else ''
    return {'name': name, 'value': round(value, 3), 'unit': unit, 'peer': PEER,
            'peer_value': None if peer is None else round(other, 3),
            'conditions': conditions + f'; best of {ROUNDS}'}


def rows_of(root, name, compiler, level):
    """With one compiler at one level."""
    command = [compiler, '-' + level]
    got = in_turn(root, {
        'header-only': (command, readme_program(root)),
        'compiled': (command + SEPARATE, readme_program(root)),
        PEER: (command, JSON),
    })
    once = in_turn(root, {'src.cpp': (command + SEPARATE, '#include <gyre/src.hpp>\n')}, 1)
    told = f'CPU of {compiler} -std=c++20 -{level} -c, the program of README.md'
    peer = got.get(PEER)
    if 'header-only' in got:
        yield row(f'compile.readme_header_only_{name}_{level}', got['header-only'], peer, told)
    if 'compiled' in got and 'src.cpp' in once:
        yield row(f'compile.readme_compiled_{name}_{level}', got['compiled'], peer,
                  f'{told}, with GYRE_SEPARATE_COMPILATION; src.hpp, once a program, takes '
                  f'{once["src.cpp"].seconds:.2f} s')
    if (name, level) == ('gcc', 'O2') and 'header-only' in got:
        yield row('compile.readme_memory', got['header-only'], peer,
                  f'peak memory of {compiler} -std=c++20 -{level} -c, the program of README.md',
                  'megabytes', 'MB')


def rows_of_parts(root):
    """A room by itself, as its example uses it."""
    command = ['g++', '-O0']
    got = in_turn(root, {
        'replay': (command, example(root, 'replay_only.cpp')),
        'memory': (command, example(root, 'memory_only.cpp')),
        PEER: (command, JSON),
    })
    for part in ('replay', 'memory'):
        if part in got:
            yield row(f'compile.{part}_alone', got[part], got.get(PEER),
                      f'CPU of g++ -std=c++20 -O0 -c, examples/{part}_only.cpp')


def rows(root):
    """All rows of what compiling costs."""
    for name, compiler in COMPILERS.items():
        if not shutil.which(compiler):
            print(f'{compiler} is not installed: left out', file=sys.stderr)
            continue
        for level in ('O0', 'O2'):
            yield from rows_of(root, name, compiler, level)
    if shutil.which('g++'):
        yield from rows_of_parts(root)


if __name__ == '__main__':
    for each in rows(sys.argv[1]):
        print(json.dumps(each), flush=True)

#!/usr/bin/env python3
"""Runs the benchmarks, ours and the peers in turn, and writes results.json.

usage: collect.py <source root> <results.json> <compiler> <program>... [--libgyre <libgyre.so>]
                  [--gyre-wasm <gyre.wasm>] [--in-turn <name> <program>]...
"""
import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile

import calls
import compile_costs
import in_turn

parser = argparse.ArgumentParser(description='See the top of this file.')
for each in ('root', 'out', 'compiler'):
    parser.add_argument(each)
parser.add_argument('programs', nargs='+')
parser.add_argument('--in-turn', nargs=2, action='append', default=[], metavar=('NAME', 'PROGRAM'))
parser.add_argument('--libgyre')
parser.add_argument('--gyre-wasm')
options = parser.parse_args()
root, out, compiler, programs = options.root, options.out, options.compiler, options.programs


def compile_seconds(source):
    """User CPU seconds of one compilation, best of three."""
    best = float('inf')
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'x.cpp')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(source)
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            subprocess.run([compiler, '-std=c++20', '-I', os.path.join(root, 'include'), '-c', path,
                            '-o', os.path.join(folder, 'x.o')], check=True)
            best = min(best, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return best


def include_row(name, header):
    empty = compile_seconds('int main() {}\n')
    ours = compile_seconds(f'#include <{header}>\nint main() {{}}\n')
    standard = ('chrono', 'functional', 'map', 'string', 'thread', 'vector')
    peer = compile_seconds(''.join(f'#include <{h}>\n' for h in standard) + 'int main() {}\n')
    return {'name': name, 'value': round(ours - empty, 3), 'unit': 's',
            'peer': '<chrono> <functional> <map> <string> <thread> <vector>',
            'peer_value': round(peer - empty, 3),
            'conditions': f'{compiler} -std=c++20 -c over an empty file, user CPU, best of 3'}


def asyncio_ns():
    """Best of three, as ours is."""
    script = os.path.join(root, 'bench', 'asyncio_loops.py')
    runs = [in_turn.ask([sys.executable, script]) for _ in range(3)]
    return min((run['cpu_ns'] for run in runs if run), default=None)


def vw_regrets(program):
    """[regret of all ticks, of the last quarter]: means over the ten services and as many seeds as
    ours; None where the package is not installed for this Python."""
    script = os.path.join(root, 'bench', 'tuning_vw.py')
    done = subprocess.run([sys.executable, script, program], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        return None
    each = list(json.loads(done.stdout).values())
    return [sum(column) / len(each) for column in zip(*each)]


def cpprb_ns():
    """None where the package is not installed for this Python."""
    script = os.path.join(root, 'bench', 'replay_cpprb.py')
    done = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)['ns'] if done.returncode == 0 else None


def sb3():
    """What bench/dqn_sb3.py says; {} where the package is not installed for this Python."""
    script = os.path.join(root, 'bench', 'dqn_sb3.py')
    done = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def wasm_rows(source):
    """The rows of a program built for wasm and run in Node; none where either is missing, or
    Node fails."""
    if not (shutil.which('em++') and shutil.which('node')):
        return []
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, 'program.wasm')
        subprocess.run(['em++', '-std=c++20', '-O3', '-DNDEBUG', '-msimd128', '-fno-exceptions',
                        '-ffp-contract=off', '-sSTANDALONE_WASM=1', '-sINITIAL_MEMORY=268435456',
                        '-I', os.path.join(root, 'include'), os.path.join(root, 'bench', source),
                        '-o', program], check=True)
        done = subprocess.run(['node', '--no-warnings', os.path.join(root, 'bench', 'wasi.mjs'),
                               program], capture_output=True, text=True)
    if done.returncode != 0:
        print(f'{source} is left out in wasm: Node ended with {done.returncode}', file=sys.stderr)
        return []
    return [json.loads(line) for line in done.stdout.splitlines()]


peers = in_turn.field(dict(options.in_turn))
rows = []
for program in programs:
    of_vw = vw_regrets(program) if os.path.basename(program) == 'bench-tuning' else None
    for line in subprocess.run([program], check=True, capture_output=True,
                               text=True).stdout.splitlines():
        rows.append(json.loads(line))
        if rows[-1]['peer'] == 'asyncio':
            rows[-1]['peer_value'] = asyncio_ns()
        if rows[-1]['peer'].startswith('cpprb'):
            rows[-1]['peer_value'] = cpprb_ns()
        if rows[-1]['peer'].startswith('Vowpal Wabbit'):
            rows[-1]['peer_value'] = of_vw and of_vw['last' in rows[-1]['peer']]
        in_turn.add_peers(rows[-1], peers)
rows.extend(in_turn.rows(peers))
if options.libgyre:
    rows.extend(calls.rows(os.path.abspath(root), os.path.abspath(options.libgyre)))
rows.extend(wasm_rows('replay_prioritized.cpp'))
rows.extend(wasm_rows('dqn.cpp'))
if options.gyre_wasm:
    natively = {row['name'] + '_wasm': row['value'] for row in rows}
    script = os.path.join(root, 'bench', 'tuner_wasm.mjs')
    for row in calls.asked('the tuner in wasm', ['node', script, options.gyre_wasm]):
        rows.append({**row, 'peer_value': 2 * natively[row['name']]})
by_sb3 = {'learn.dqn_cartpole_s': 'cpu_s', 'learn.dqn_cartpole_s_wasm': 'cpu_s',
          'learn.dqn_cartpole_return': 'return'}
of_sb3 = sb3() if any(row['name'] in by_sb3 for row in rows) else {}
for row in rows:
    if row['name'] in by_sb3:
        row['peer_value'] = of_sb3.get(by_sb3[row['name']])
rows.append(include_row('include.gyre_hpp_s', 'gyre/gyre.hpp'))
for room in ('learn/learner', 'bus/bus', 'observe/metrics', 'memory/memory', 'store/journal',
             'run/scheduler'):
    rows.append(include_row('include.' + room.replace('/', '_') + '_hpp_s', f'gyre/{room}.hpp'))
rows.extend(compile_costs.rows(root))
for row in rows:
    known = row['value'] and row['peer_value'] is not None
    row['ratio'] = round(row['peer_value'] / row['value'], 3) if known else None
os.makedirs(os.path.dirname(out), exist_ok=True)
with open(out, 'w', encoding='utf-8') as f:
    json.dump(rows, f, indent=1)
    f.write('\n')
width = max(len(r['name']) for r in rows)


def cell(value, form):
    return '-' if value is None else format(value, form)


for r in rows:
    print(f"{r['name']:<{width}}  {cell(r['value'], '.4g'):>12} {r['unit']:<8} "
          f"{cell(r['peer_value'], '.4g'):>12}  ratio {cell(r['ratio'], ''):>8}  {r['peer']}"
          + (f"  {r['conditions']}" if r['value'] is None else ''))

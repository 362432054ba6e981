"""Rows of real time: wall.cpp and its peers with the same work and settings, one after the other.

Each program is pinned to the same one CPU and has it to itself as far as the machine allows. What
is measured begins once every loop has ticked. The best of the rounds counts, figure by figure: with
other programs on the machine the least is nearest to what the work costs.
"""
import json
import math
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
OURS = 'gyre'
PEERS = ('libuv', 'Asio')
SETTING = ('one CPU, 64-byte record, malloc in huge pages, one clock read a tick for lateness '
           '(wall)')
# Else most of a tick of a million loops is the page walk for its record, whoever calls it.
HUGE_PAGES = {'GLIBC_TUNABLES': 'glibc.malloc.hugetlb=1'}
# What a timer costs at rest, by the row of run.cpp that it is the peer of.
AT_REST = {'run.bytes_per_loop': 'bytes', 'run.bytes_per_loop_ticked': 'bytes',
           'run.start_ns': 'start_ns', 'run.stop_ns': 'stop_ns', 'run.add_ns': 'add_ns'}


def say(text):
    print(text, file=sys.stderr, flush=True)


def ask(command):
    """One line of JSON from a program; None, said, when it fails."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True,
                          env={**os.environ, **HUGE_PAGES})
    if done.returncode == 0 and done.stdout:
        return json.loads(done.stdout)
    say(f"{' '.join(map(str, command))}: ended with {done.returncode}. {done.stderr[-200:]}")
    return None


class field:
    """The programs that are there."""

    def __init__(self, programs):
        """@param programs {'gyre': path, 'libuv': path, 'Asio': path}, of which peers may lack"""
        self.programs = programs
        for name in PEERS:
            if name not in programs:
                say(f'{name} is not installed: left out (tools/setup bench installs it)')
        self.rest = {}

    def run(self, name, loops, seconds, slack_us, metrics='counters', priorities=1):
        command = [self.programs[name], loops, 1_000_000, seconds, slack_us]
        return ask(command + [metrics, priorities] if name == OURS else command)

    def at_rest(self):
        """{name: figures} of a million timers that are made, started and stopped."""
        if not self.rest:
            for name in PEERS:
                if name in self.programs:
                    self.rest[name] = ask([self.programs[name], 'hold', 1_000_000])
        return {n: r for n, r in self.rest.items() if r}

    def race(self, rounds, names, **settings):
        """{name: [figures of each round]}, in turn."""
        runs = {name: [] for name in names if name in self.programs}
        for _ in range(rounds):
            for name, got in runs.items():
                one = self.run(name, **settings)
                if one:
                    got.append(one)
        return {name: got for name, got in runs.items() if got}


def least(runs, key):
    return min((run[key] for run in runs), default=math.nan)


def told(runs, name):
    """A program's figures in words."""
    one = min(runs, key=lambda run: run['cpu_ns'])
    late = least(runs, 'p50_us') / 1000
    share = 100 * one['done'] / one['asked']
    return (f"{name} {one['cpu_ns']:.0f} ns a tick, {one['cpu_percent']:.1f} % CPU, p50 "
            f"{late:.3g} ms and p99 {least(runs, 'p99_us') / 1000:.3g} ms late, {share:.1f} % of "
            f"the ticks")


def row(name, unit, races, key, conditions, factor=1.0):
    """Ours beside the best of the peers that ran."""
    value = least(races.get(OURS, []), key) * factor
    others = {n: least(runs, key) * factor for n, runs in races.items() if n != OURS}
    best = min(others, key=others.get, default='')
    load = f'load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs'  # which makes ticks late
    words = '; '.join([told(runs, n) for n, runs in races.items()] + [conditions, SETTING, load])
    known = not math.isnan(value)
    return {'name': name, 'value': float(f'{value:.5g}') if known else None, 'unit': unit,
            'peer': best, 'peer_value': float(f'{others[best]:.5g}') if best else None,
            'conditions': words if known else 'not measured: the program failed; ' + words}


def python_rows(programs):
    """Beside asyncio, which does the same work under wait_for."""
    asyncio = [sys.executable, os.path.join(HERE, 'asyncio_loops.py'), '--loops', 10_000,
               '--hz', 1, '--seconds', 3]
    races = {OURS: [], 'asyncio': []}
    for _ in range(2):
        races[OURS].append(programs.run(OURS, 10_000, 3, 50, 'full'))
        races['asyncio'].append(ask(asyncio))
    races = {name: [run for run in runs if run] for name, runs in races.items()}
    bare = ask(asyncio + ['--bare'])
    without = f"asyncio without wait_for {bare['cpu_ns']:.0f} ns; " if bare else ''
    version = '.'.join(map(str, sys.version_info[:3]))
    yield row('run.asyncio_10k', 'ns', {n: r for n, r in races.items() if r}, 'cpu_ns',
              f'CPU of the process a tick, 10k loops at 1 Hz, Python {version}; {without}best of '
              '2; limit: ratio 10')


def rows(programs):
    """All rows of real time."""
    races = programs.race(3, (OURS, *PEERS), loops=100_000, seconds=3, slack_us=50, metrics='full')
    yield row('run.cpu_per_tick_100k_1hz', 'ns', races, 'cpu_ns',
              'CPU of the process a tick, 100k loops at 1 Hz, ours with metrics full, slack 1 ms; '
              'timer slack 50 us for all, best of 3; limit: ratio 3')
    yield row('run.p50_late_100k_1hz_ms', 'ms', races, 'p50_us',
              'wall: median lateness in the same runs; limit 1 ms', 1e-3)
    races = programs.race(2, (OURS, *PEERS), loops=1_000_000, seconds=2, slack_us=50)
    yield row('run.one_million_per_second_percent', 'percent', races, 'cpu_ns',
              'CPU of the process a tick times 1M/s in percent of one core: over 100 where it '
              'cannot keep up; 1M loops at 1 Hz, ours with metrics counters, slack 1 ms; '
              'timer slack 50 us for all, best of 2; limit 25', 0.1)
    races = programs.race(2, (OURS,), loops=1_000_000, seconds=2, slack_us=50, priorities=2)
    yield row('run.two_priorities_1m_percent', 'percent', races, 'cpu_ns',
              'the same with two priorities: the shard, which is behind when all have been added, '
              'has to catch up', 0.1)
    races = programs.race(3, (OURS, 'Asio'), loops=10_000, seconds=3, slack_us=1, metrics='full')
    words = ('10k loops at 1 Hz, ours with metrics full, slack 0; timer slack 1 us for all, '
             'best of 3')
    yield row('run.precise_p50_us', 'us', races, 'p50_us',
              f'wall: median lateness, {words}; limit: ratio 0.87')
    yield row('run.precise_cpu_ns', 'ns', races, 'cpu_ns',
              f'CPU of the process a tick in the same runs, {words}; limit: ratio 1')
    yield from python_rows(programs)


def add_peers(row, programs):
    """Gives a row of run.cpp the peers' figures, where it is one of a timer at rest."""
    key = AT_REST.get(row['name'])
    if key is None:
        return
    rest = programs.at_rest()
    best = min(rest, key=lambda name: rest[name][key], default='')
    row['peer'] = best
    row['peer_value'] = rest[best][key] if best else None
    row['conditions'] += ''.join(f'; {name} {rest[name][key]:.4g}' for name in rest)

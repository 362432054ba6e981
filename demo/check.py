#!/usr/bin/env python3
"""Runs the demo for twelve seconds and checks what it leaves: summary.json and run.jsonl; then
once more with the rewards shuffled among the ticks, when nothing may be learned. Rewards are CPU
time that is really measured: a seed that has not learned, on a machine where others work too, is
no failure unless the next has not either.

usage: check.py <demo> <folder to write to> <source root>
"""
import json
import os
import pathlib
import subprocess
import sys

demo, out, root = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
SECONDS = 12
FIELDS = '''loops ticks errors timeouts dropped published delivered p50_ms p95_ms p99_ms rss_mib
rss_growth_mib cpu_percent observations memory_saved_percent memory_blocks society_cycles_min
symbiosis learned_score default_score best_fixed_score random_score'''.split()


def run(folder, *more):
    return subprocess.run([demo, '--out', str(folder), '--tree', root, *more],
                          capture_output=True, text=True)


def over_the_bar(summary):
    """Whether the loops learned: not merely better than a setting that never moves."""
    return summary['learned_score'] >= max(0.85, 1.2 * summary['best_fixed_score'])


def last_learner(folder):
    return json.loads((folder / 'run.jsonl').read_text().splitlines()[-1])['learners'][0]


def best_settings(learner):
    """The settings of most worth in the states that were seen."""
    n = learner['actions']
    rows = range(0, len(learner['q']), n)
    return {max(range(n), key=lambda a: learner['q'][i + a]) for i in rows
            if any(learner['visits'][i:i + n])}


def complaints(folder):
    """What speaks against the loops having learned."""
    summary = json.loads((folder / 'summary.json').read_text())
    found = best_settings(last_learner(folder))
    out = []
    if not over_the_bar(summary):
        out.append(f'learned_score {summary["learned_score"]} is under 0.85 or under 1.2 times '
                   f'best_fixed_score {summary["best_fixed_score"]}')
    if len(found) != 2:
        out.append(f'the heat map has not two best settings but {sorted(found)}')
    return out


done = run(out, '--seconds', str(SECONDS))
print(done.stdout[-3000:], done.stderr)
if 'less than 512 KiB of text' in done.stderr:
    sys.exit(77)  # a machine without documents: nothing to ship
wrong = [] if done.returncode == 0 else [f'the demo ended with {done.returncode}']


def need(holds, what):
    if not holds:
        wrong.append(what)


s = json.loads((out / 'summary.json').read_text())
need(not [f for f in FIELDS if f not in s], f'fields are missing: {set(FIELDS) - set(s)}')
need(s['loops'] == 124, 'not 120 loops and the society')
# Where others want more than there are cores, the loops get what is left.
least = 0.8 if os.getloadavg()[0] <= os.cpu_count() + 1 else 0.25
need(s['ticks'] > 120 * 5 * SECONDS * least, 'too few ticks for 120 loops every 200 ms')
need(s['errors'] == 0 and s['timeouts'] == 0, 'errors or timeouts')
need(s['published'] > 120 * 5 * SECONDS * least, 'fewer messages than one a tick')
need(0 < s['p50_ms'] <= s['p95_ms'] <= s['p99_ms'], 'percentiles out of order')
need(s['observations'] >= s['ticks'] * 0.95, 'ticks that taught nothing')
need(s['society_cycles_min'] >= 3, 'a society loop with fewer than 3 cycles')
need(s['memory_blocks'] >= 10, 'fewer than 10 blocks')
need(s['memory_saved_percent'] > 0, 'nothing saved')
for name in ('symbiosis', 'learned_score', 'default_score', 'best_fixed_score', 'random_score'):
    need(0 < s[name] <= 1, f'{name} is not in 0..1')
unlearned = complaints(out)
if unlearned:
    print('once more with another seed, since:', '; '.join(unlearned))
    done = run(out / 'again', '--seconds', str(SECONDS), '--seed', '2')
    print(done.stdout[-3000:], done.stderr)
    need(done.returncode == 0, f'the demo ended with {done.returncode} at seed 2')
    for complaint in complaints(out / 'again') if done.returncode == 0 else []:
        need(False, f'seeds 1 and 2: {complaint}')

lines = (out / 'run.jsonl').read_text().splitlines()
head, shots = json.loads(lines[0]), [json.loads(line) for line in lines[1:]]
need(head['format'] == 1 and head['loops'] == 124 and head['seed'] == '1', f'head: {head}')
need(len(shots) >= SECONDS * 4 * least, 'not a snapshot every 250 ms')
ticks = [shot['totals']['ticks'] for shot in shots]
need(ticks == sorted(ticks) and ticks[-1] == s['ticks'], 'the recorded ticks are not the run\'s')
bus = shots[-1]['bus']
need((bus['published'], bus['delivered'], bus['dropped']) ==
     (s['published'], s['delivered'], s['dropped']), 'the recorded bus is not the run\'s')
# Each message has one subscriber; a few wait where the run was stopped.
need(bus['published'] == bus['matched'] == bus['delivered'] + bus['pending'] and
     bus['pending'] <= 124, f'lost messages: {bus}')
# Three in forty such runs are over the bar by luck (demo-learning --many): two in a row are not.
for seed in ('1', '2'):
    done = run(out / 'shuffled', '--seconds', '6', '--seed', seed, '--shuffle-rewards')
    shuffled = json.loads((out / 'shuffled' / 'summary.json').read_text())
    lucky = done.returncode != 0 or over_the_bar(shuffled)
    print('shuffled:', shuffled['learned_score'], 'beside', shuffled['best_fixed_score'])
    if not lucky:
        break
need(shuffled['shuffled_rewards'] is True and not lucky, 'shuffled rewards taught something')
for complaint in wrong:
    print('wrong:', complaint)
print(json.dumps(s))
sys.exit(bool(wrong))

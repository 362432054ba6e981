#!/usr/bin/env python3
"""Writes docs/cartpole.svg: for how long DQN keeps the pole upright as it learns, each of the seeds
and their median, from what the example `cartpole curve` prints.

Usage: cartpole_plot.py <cartpole> <cartpole.svg> [seeds]
"""
import statistics
import subprocess
import sys

WIDTH, HEIGHT = 760, 340
LEFT, RIGHT, TOP, BOTTOM = 64, 110, 44, 48
STEPS, LIMIT, SOLVED = 50_000, 500, 475


def place(steps, upright):
    return (LEFT + (WIDTH - LEFT - RIGHT) * steps / STEPS,
            HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * upright / LIMIT)


def text(x, y, words, anchor='start', colour='#333', size=13):
    return (f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{size}" '
            f'text-anchor="{anchor}">{words}</text>')


def axes():
    for upright in (0, 100, 200, 300, 400, 500):
        x, y = place(0, upright)
        yield f'<path d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
        yield text(x - 8, y + 4, str(upright), 'end')
    for steps in range(0, STEPS + 1, 10_000):
        x, y = place(steps, 0)
        yield text(x, y + 20, f'{steps:,}', 'middle')
    x, y = place(0, SOLVED)
    yield f'<path d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}" stroke="#b5651d" stroke-dasharray="4 4"/>'
    yield text(WIDTH - RIGHT + 8, y + 14, str(SOLVED), colour='#b5651d')
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, 'steps learned from', 'middle')
    yield text(14, 22, 'CartPole-v1: steps upright of 500, mean of 20 greedy episodes', size=14)


def line(points, colour, width):
    path = 'L'.join(f'{x:.1f} {y:.1f}' for x, y in (place(*p) for p in points))
    return (f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
            'stroke-linejoin="round"/>')


program, out = sys.argv[1:3]
printed = subprocess.run([program, 'curve', *sys.argv[3:]], check=True, capture_output=True,
                         text=True).stdout
curves = {}
for row in printed.splitlines():
    seed, steps, upright = row.split()
    curves.setdefault(seed, []).append((int(steps), float(upright)))
looks = zip(*curves.values())
median = [(look[0][0], statistics.median(upright for _, upright in look)) for look in looks]
last = place(0, median[-1][1])[1]
parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
         'font-family="system-ui, sans-serif">',
         f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>', *axes(),
         *(line(curve, '#9db8cc', 1) for curve in curves.values()), line(median, '#1769aa', 2.5),
         text(WIDTH - RIGHT + 8, last - 6, 'median', colour='#1769aa'), '</svg>']
with open(out, 'w', encoding='utf-8') as file:
    file.write('\n'.join(parts) + '\n')
ends = [curve[-1][1] for curve in curves.values()]
solved = sum(upright >= SOLVED for upright in ends)
print(f'{solved} of {len(ends)} seeds at {SOLVED} or more after {STEPS:,} steps, median '
      f'{statistics.median(ends):g}')

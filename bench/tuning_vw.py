#!/usr/bin/env python3
"""Vowpal Wabbit on the services of tuning_services.hpp, where its Python package is installed.

Usage: tuning_vw.py <bench-tuning> [seeds] [other]
Prints a JSON object: service to [regret of all ticks, of the last quarter], means of the seeds.
Exit 77: the package is not here.

A contextual bandit with its defaults (--cb_explore_adf: epsilon-greedy, 0.05), as its tutorials use
it: the state in one namespace, of each action its number and each knob's value in another, and the
two crossed, without which what is best could not differ from state to state. Rewards are costs in
units of their deviation so far, since its rates are made for costs of about 1.
"""
import json
import math
import random
import subprocess
import sys

try:
    import vowpalwabbit
except ImportError:
    print('no vowpalwabbit: pip install vowpalwabbit', file=sys.stderr)
    sys.exit(77)


class Bandit:
    """One run: lines of text in, an action out, what it earned in."""

    def __init__(self, knobs, seed):
        self.vw = vowpalwabbit.Workspace(f'--cb_explore_adf -q SA --quiet --random_seed {seed + 1}')
        self.draw = random.Random(seed)
        self.lines = []
        for action in range(math.prod(knobs)):
            rest, line = action, f'|A a={action}'
            for k in reversed(range(len(knobs))):
                line += f' k{k}={rest % knobs[k]}'
                rest //= knobs[k]
            self.lines.append(line)
        self.n, self.mean, self.squares = 0, 0.0, 0.0

    def choose(self, state):
        self.shared = f'shared |S s={state}'
        odds = self.vw.predict([self.shared, *self.lines])
        self.action = self.draw.choices(range(len(odds)), odds)[0]
        self.odds = odds[self.action]
        return self.action

    def observe(self, reward):
        self.n += 1
        was = reward - self.mean
        self.mean += was / self.n
        self.squares += was * (reward - self.mean)
        unit = math.sqrt(self.squares / (self.n - 1)) if self.n > 1 else 0
        cost = -(reward - self.mean) / unit if unit > 0 else 0
        told = list(self.lines)
        told[self.action] = f'0:{cost}:{self.odds} {told[self.action]}'
        self.vw.learn([self.shared, *told])


def regret(program, service, seeds):
    """Drives the program's side of the service: it says states and rewards, and the end."""
    with subprocess.Popen([program, str(seeds), 'pipe', service], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True, bufsize=1) as world:
        knobs = [int(n) for n in world.stdout.readline().split()]
        bandit = None
        for line in world.stdout:
            word, *numbers = line.split()
            if word == 'seed':
                bandit = Bandit(knobs, int(numbers[0]))
            elif word == 'state':
                print(bandit.choose(int(numbers[0])), file=world.stdin, flush=True)
            elif word == 'reward':
                bandit.observe(float(numbers[0]))
            elif word == 'regret':
                return [float(n) for n in numbers]
    raise RuntimeError(f'{program} pipe {service} ended early')


def main(program, seeds='10', which='services'):
    names = subprocess.run([program, seeds, 'names', which], check=True, capture_output=True,
                           text=True).stdout.split()
    print(json.dumps({name: regret(program, name, int(seeds)) for name in names}))


if __name__ == '__main__':
    main(*sys.argv[1:])

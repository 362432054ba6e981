#!/usr/bin/env python3
"""Method: model. What every learner has learned after the same steps, natively and in wasm: the
same bits, line by line.

usage: bits.py <node> <wasi.mjs> <native program> <its wasm>
"""
import subprocess
import sys

node, wasi, native, wasm = sys.argv[1:5]


def lines(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        sys.exit(f'{command[0]} ended with {done.returncode}\n{done.stderr}')
    return done.stdout.splitlines()


ours, theirs = lines(native), lines(node, '--no-warnings', wasi, wasm)
if len(ours) < 40 or len(set(line.split()[-1] for line in ours)) < len(ours):
    sys.exit('too few lines, or two learners that are alike:\n' + '\n'.join(ours))
differ = [f'native {a}\nwasm   {b}' for a, b in zip(ours, theirs) if a != b]
if differ or len(ours) != len(theirs):
    sys.exit(f'{len(ours)} lines natively, {len(theirs)} in wasm\n' + '\n'.join(differ))
print(f'{len(ours)} learners have the same bits natively and in wasm')

#!/usr/bin/env python3
"""cpprb's uniform replay buffer on the rows of replay_peers.hpp, where the package is installed.

Usage: replay_cpprb.py
Prints a JSON object: ns, of CPU time, that a batch of 256 of 1e6 rows takes; the best of 40 runs of
50. Exit 77: the package is not here.
"""
import json
import sys
import time

try:
    import cpprb
    import numpy
except ImportError:
    print('no cpprb: pip install cpprb', file=sys.stderr)
    sys.exit(77)

ROWS, BATCH, EACH = 1_000_000, 256, 50
buffer = cpprb.ReplayBuffer(ROWS, {
    'seen': {'shape': 4, 'dtype': numpy.float32}, 'action': {'dtype': numpy.int32},
    'reward': {'dtype': numpy.float32}, 'next': {'shape': 4, 'dtype': numpy.float32},
    'terminated': {'dtype': numpy.uint8}})
for _ in range(10):
    n = ROWS // 10
    buffer.add(seen=numpy.ones((n, 4)), action=numpy.ones(n), reward=numpy.ones(n),
               next=numpy.ones((n, 4)), terminated=numpy.zeros(n))
best = float('inf')
for _ in range(40):
    begin = time.thread_time()
    for _ in range(EACH):
        buffer.sample(BATCH)
    best = min(best, (time.thread_time() - begin) / EACH)
print(json.dumps({'ns': best * 1e9}))

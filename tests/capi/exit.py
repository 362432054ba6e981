#!/usr/bin/env python3
"""A program may end while an engine's threads run: Python, which ends each of them that asks to run
its callback when it is about to end itself, was aborted for that.

exit.py <libgyre.so>                  runs the other, several times
exit.py <libgyre.so> leave            adds loops with callbacks, starts them, and ends
"""
import ctypes
import subprocess
import sys
import time

TICK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint32, ctypes.POINTER(ctypes.c_int32))
ticks = 0


class LoopOptions(ctypes.Structure):
    """The first fields of gyre_loop_options; the rest stays 0."""
    _fields_ = [('size', ctypes.c_uint32), ('flags', ctypes.c_uint32), ('name', ctypes.c_char_p),
                ('interval_ms', ctypes.c_double), ('tick', TICK), ('rest', ctypes.c_char * 160)]


@TICK
def tick(_user, _tick, status):
    global ticks
    ticks += 1
    status[0] = 0


def leave(library):
    gyre = ctypes.CDLL(library)
    engine, loop = ctypes.c_uint32(), ctypes.c_uint32()
    assert gyre.gyre_engine_create(None, ctypes.byref(engine), None) == 0
    for i in range(20):
        options = LoopOptions(ctypes.sizeof(LoopOptions), 0, f'loop-{i}'.encode(), 1.0, tick)
        assert gyre.gyre_loop_create(engine, ctypes.byref(options), ctypes.byref(loop), None) == 0
    assert gyre.gyre_engine_start(engine, None) == 0
    while ticks < 100:
        time.sleep(0.01)


if len(sys.argv) > 2:
    leave(sys.argv[1])
else:
    for _ in range(5):
        subprocess.run([sys.executable, __file__, sys.argv[1], 'leave'], check=True, timeout=60)
    print('five programs ended while their loops ran')

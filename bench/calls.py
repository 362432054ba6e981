"""Rows of what other languages pay for the C ABI. A language that is not here is left out, and
said."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def asked(name, command, **more):
    """The rows that a program prints; none, said, where it failed."""
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode == 0:
        return [json.loads(line) for line in done.stdout.splitlines()]
    print(f'{name} is left out: it ended with {done.returncode}. {done.stderr[-300:]}',
          file=sys.stderr)
    return []


def rows(root, library):
    """@param library libgyre.so as it was built"""
    found = asked('Python', [sys.executable, os.path.join(HERE, 'calls_python.py'), root, library])
    if not shutil.which('go'):
        print('no go: its rows of the C ABI are left out', file=sys.stderr)
        return found
    folder = os.path.dirname(library)
    with tempfile.TemporaryDirectory() as cache:
        return found + asked('Go', ['go', 'run', '.'], cwd=os.path.join(HERE, 'calls_go'), env={
            **os.environ, 'CGO_CFLAGS': '-O2 -I' + os.path.join(root, 'capi'),
            'CGO_LDFLAGS': f'-L{folder} -lgyre', 'LD_LIBRARY_PATH': folder,
            'LIBRARY_PATH': folder,  # where libgyre.so.0 is looked for as it is linked
            'GOCACHE': cache, 'GOPROXY': 'off', 'GOTOOLCHAIN': 'local', 'CGO_ENABLED': '1'})

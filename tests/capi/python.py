#!/usr/bin/env python3
"""Method: use. The Python package as `pip install .` makes it, its library compiled and inside:
package.py and its like say what it promises, with numpy too where that is here. Where pip is not,
the wheel is made without it. Its types are checked where mypy is here. The library is compiled
again where ninja finds that what it is made of has changed.

usage: python.py <source root> <folder to work in>
"""
import importlib.util
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'checks'))
import by_ninja  # noqa: E402

root, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
site = work / 'site'
quick = 'clang++' if shutil.which('clang++') else 'c++'
environment = {k: v for k, v in os.environ.items()
               if k not in ('GYRE_LIBRARY', 'PYTHONPATH', 'LD_LIBRARY_PATH')}
environment.update(CXXFLAGS='-O0', CXX=shlex.join(
    [sys.executable, by_ninja.__file__, str(work) + '-kept', quick]))


def run(*command, **more):
    subprocess.run([str(word) for word in command], check=True, cwd=work, timeout=600,
                   env={**environment, **more})


if importlib.util.find_spec('pip'):
    run(sys.executable, '-m', 'pip', 'install', '--quiet', '--no-index', '--no-cache-dir',
        '--disable-pip-version-check', '--root-user-action=ignore', '--target', site, root)
else:
    run(sys.executable, '-c', 'import backend; backend.build_wheel(".")',
        PYTHONPATH=str(root / 'capi' / 'python'))
    wheel, = work.glob('*.whl')
    zipfile.ZipFile(wheel).extractall(site)
files = {path.name for path in (site / 'gyre').iterdir()}
if not {'libgyre.so', 'py.typed', '_abi.py'} <= files:
    sys.exit(f'the package is {sorted(files)}')
for scenarios in ('package.py', 'package_learning.py', 'package_refused.py', 'sb3.py'):
    run(sys.executable, '-W', 'error', root / 'tests' / 'capi' / scenarios, PYTHONPATH=str(site))
if importlib.util.find_spec('mypy'):
    run(sys.executable, '-m', 'mypy', '--strict', site / 'gyre')

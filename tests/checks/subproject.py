#!/usr/bin/env python3
"""Method: use. A project with gyre in its subprojects/ gets gyre_dep, by that name and as
dependency('gyre'), as the README says, compiles and runs with it; nothing of ours is built beside.

usage: subproject.py <source root> <folder to work in>
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

root, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
MESON = """project('theirs', 'cpp', default_options: ['cpp_std=c++20'])
executable('theirs', 'main.cpp',
  dependencies: dependency('gyre', fallback: ['gyre', 'gyre_dep']))
assert(subproject('gyre').get_variable('gyre_dep').found())
"""
PROGRAM = """#include <gyre/engine.hpp>
#include <cstdio>
int main() {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  e.add({.name = "a", .interval = std::chrono::seconds(1)}, [](gyre::tick&) {}).value();
  e.advance_to(std::chrono::seconds(60)).value();
  std::printf("%d loops\\n", int(e.snapshot().loops.size()));
}
"""


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f'{" ".join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout


shutil.rmtree(work, ignore_errors=True)
(work / 'subprojects').mkdir(parents=True)
ours = work / 'subprojects' / 'gyre'
ours.mkdir()
for name in os.listdir(root):  # by links, but for the folders of builds and of other subprojects
    if not name.startswith(('build', 'subprojects', '.')):
        (ours / name).symlink_to(root / name)
(work / 'meson.build').write_text(MESON)
(work / 'main.cpp').write_text(PROGRAM)
build = str(work / 'build')
meson = shutil.which('meson')
if not meson:
    sys.exit(77)
run(meson, 'setup', '--force-fallback-for=gyre', build, str(work))
targets = [t['name'] for t in json.loads(run(meson, 'introspect', '--targets', build))]
if targets != ['theirs']:
    sys.exit(f'as a subproject gyre builds {targets}')
if json.loads(run(meson, 'introspect', '--tests', build)):
    sys.exit('as a subproject gyre brings its tests')
run(meson, 'compile', '-C', build)
said = run(str(work / 'build' / 'theirs'))
if said != '1 loops\n':
    sys.exit(f'the program printed {said!r}')
print('gyre_dep is all that a subproject brings')

"""A program of somebody who uses gyre, in each form that gyre comes in, and what the tests of
those forms share."""
import os
import pathlib
import shutil
import subprocess
import sys

ENGINE = """#include <gyre/engine.hpp>
#include <cstdio>
int main() {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  e.add({.name = "a", .interval = std::chrono::seconds(1)}, [](gyre::tick&) {}).value();
  const auto ticks = e.advance_to(std::chrono::seconds(60)).value();
  std::puts(ticks >= 59 && e.snapshot().loops.size() == 1 ? "ran" : "did not run");
  std::puts(GYRE_HEADER_ONLY ? "header-only" : "compiled once");
}
"""
# A part of it that needs all that the engine's headers need, zlib among it, in a fifth of the time.
MEMORY = """#include <gyre/memory/memory.hpp>
#include <cstdio>
int main() {
  gyre::memory memory;
  gyre::record r;
  r.text = "a";
  for (int i = 0; i < 1000; ++i) memory.remember(r, i).value();
  std::puts(memory.stats().remembered == 1000 ? "ran" : "did not run");
  std::puts(GYRE_HEADER_ONLY ? "header-only" : "compiled once");
}
"""
SAYS = {'gyre': 'ran\nheader-only\n', 'gyre-compiled': 'ran\ncompiled once\n'}
PROGRAMS = {'gyre': MEMORY, 'gyre-compiled': ENGINE}
COMPILERS = [c for c in ('g++', 'clang++') if shutil.which(c)]


def run(*command, **environment):
    """What the command prints; ends the test where it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True,
                          env={**os.environ, **environment})
    if done.returncode != 0:
        sys.exit(f'{" ".join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout


def check_that_runs(program, form):
    """@param form a key of SAYS"""
    said = run(program)
    if said != SAYS[form]:
        sys.exit(f'{program} printed {said!r}, not {SAYS[form]!r}')


def need(tool):
    """The test is skipped where the tool is not there."""
    if not shutil.which(tool):
        print(f'no {tool}: left out')
        sys.exit(77)


def write_programs(folder):
    """As <form>.cpp."""
    for form, text in PROGRAMS.items():
        (folder / f'{form}.cpp').write_text(text)


def fresh(folder):
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    pathlib.Path(folder).mkdir(parents=True)
    return pathlib.Path(folder)


def link_tree(root, ours):
    """The tree by links, but for the folders of builds and of other subprojects."""
    ours.mkdir(parents=True)
    for name in os.listdir(root):
        if not name.startswith(('build', 'subprojects', '.')):
            (ours / name).symlink_to(pathlib.Path(root) / name)

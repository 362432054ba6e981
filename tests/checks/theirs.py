"""A program of somebody who uses gyre, in each form that gyre comes in, and what the tests of
those forms share."""
import os
import pathlib
import re
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
# Of the C ABI, in what C and C++ share.
ABI = r"""#include <gyre.h>
#include <stdio.h>
int main(void) {
  gyre_engine engine = 0;
  gyre_engine_options options = {0};
  options.size = sizeof options;
  options.driver = GYRE_DRIVER_VIRTUAL;
  if (gyre_engine_create(&options, &engine, NULL) || gyre_society_add(engine, 1, NULL) ||
      gyre_engine_advance_to(engine, 60000, NULL) || gyre_engine_destroy(engine, NULL)) return 1;
  puts(gyre_version() == GYRE_VERSION ? "ran\nby libgyre" : "another version");
  return 0;
}
"""
# Of the Rust crate.
RUST = """use std::time::Duration;

fn main() -> gyre::Result<()> {
    let engine = gyre::Engine::new(gyre::Driver::Virtual)?;
    engine.advance_to(Duration::from_secs(60))?;
    println!("ran");
    Ok(())
}
"""
SAYS = {'gyre': 'ran\nheader-only\n', 'gyre-compiled': 'ran\ncompiled once\n'}
PROGRAMS = {'gyre': MEMORY, 'gyre-compiled': ENGINE}
FILES = {'libgyre.c': ABI, **{f'{form}.cpp': text for form, text in PROGRAMS.items()}}
ABI_SAYS = 'ran\nby libgyre\n'
COMPILERS = [c for c in ('g++', 'clang++') if shutil.which(c)]
BUILDERS = ['cc', 'clang', *COMPILERS, 'meson', 'ninja', 'cmake', 'make']
# Objects, and by what ninja, and make as CMake uses it, tell which of them are still right.
STAYS = re.compile(r'.*\.o|.*\.o\.d|\.ninja_(log|deps)'
                   r'|flags\.make|depend\.make|compiler_depend\..*')


def run(*command, **environment):
    """What the command prints; ends the test where it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True,
                          env={**os.environ, **environment})
    if done.returncode != 0:
        sys.exit(f'{" ".join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout


def check_that_runs(program, form, **environment):
    """@param form a key of SAYS; another is a program over libgyre"""
    said, wanted = run(program, **environment), SAYS.get(form, ABI_SAYS)
    if said != wanted:
        sys.exit(f'{program} printed {said!r}, not {wanted!r}')


def need(tool):
    """The test is skipped where the tool is not there."""
    if not shutil.which(tool):
        print(f'no {tool}: left out')
        sys.exit(77)


def check_rust(folder, crates, features, **environment):
    """A program over crates that are not published. @param crates the folder of each, by name"""
    (fresh(folder) / 'src').mkdir()
    (folder / 'src' / 'main.rs').write_text(RUST)
    (folder / 'Cargo.toml').write_text(
        '[package]\nname = "theirs"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'
        f'[dependencies]\ngyre = {{ version = "0.1.0", features = {features} }}\n'
        '[patch.crates-io]\n' + ''.join(f'{name} = {{ path = "{path}" }}\n'
                                        for name, path in crates.items()))
    said = run('cargo', 'run', '--quiet', '--offline', '--manifest-path', folder / 'Cargo.toml',
               '--target-dir', folder / 'target', **environment)
    if said != 'ran\n':
        sys.exit(f'the program in Rust printed {said!r}')


def write_programs(folder):
    """As <form>.cpp, and libgyre.c; one that is there is not touched."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        if not (folder / name).exists() or (folder / name).read_text() != text:
            (folder / name).write_text(text)


def source(form):
    """The file of write_programs for a form."""
    return form + ('.cpp' if form in SAYS else '.c')


def fresh(folder):
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    pathlib.Path(folder).mkdir(parents=True)
    return pathlib.Path(folder)


def stays(name):
    return name in FILES or STAYS.fullmatch(name)


def tools():
    """What compiles and builds here, as a text that is another where one of them is."""
    paths = [pathlib.Path(found).resolve() for found in map(shutil.which, BUILDERS) if found]
    return ''.join(f'{path} {path.stat().st_size} {path.stat().st_mtime_ns}\n' for path in paths)


def kept(folder):
    """The folder as the last run left it, for a build in the same place: with its objects, so that
    only those are compiled again that its build system finds to be old, and without all else, so
    that it is configured, linked and installed as in an empty one. Empty where the last run did not
    end with well(), or a tool is another.
    """
    folder = pathlib.Path(folder)
    if not (folder / 'well').exists() or (folder / 'well').read_text() != tools():
        fresh(folder)
    for place, folders, files in os.walk(folder, topdown=False):
        for path in [os.path.join(place, name) for name in folders + files]:
            if os.path.isdir(path) and not os.path.islink(path):
                if not os.listdir(path):
                    os.rmdir(path)
            elif os.path.islink(path) or not stays(os.path.basename(path)):
                os.unlink(path)
    return folder


def well(folder):
    """What is in there may be kept."""
    (pathlib.Path(folder) / 'well').write_text(tools())


def link_tree(root, ours):
    """The tree by links, but for the folders of builds and of other subprojects."""
    ours.mkdir(parents=True)
    for name in os.listdir(root):
        if not name.startswith(('build', 'subprojects', '.')):
            (ours / name).symlink_to(pathlib.Path(root) / name)

#!/usr/bin/env python3
"""Method: golden, of each other. One program in C, C++, Rust, Go, Python and TypeScript prints the
same table and the same trace for the same seed on the virtual clock. What is not installed is left
out, and said; TypeScript needs gyre.wasm and the page's tools.

usage: table.py <source root> <folder of libgyre> <folder to work in> <C compiler> <C++ compiler>
                <libgyre-compiled.a> [<gyre.wasm>]
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

from go_settings import settings

root, libs, work = [pathlib.Path(path).resolve() for path in sys.argv[1:4]]
cc, cxx = sys.argv[4:6]
compiled, *wasm = [pathlib.Path(path).resolve() for path in sys.argv[6:]]
here = root / 'tests' / 'capi' / 'table'
capi = root / 'capi'
work.mkdir(parents=True, exist_ok=True)
environment = {**os.environ, 'LD_LIBRARY_PATH': str(libs), 'LIBRARY_PATH': str(libs)}


def run(*command, folder=work, **more):
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, text=True, capture_output=True, timeout=300,
                          env={**environment, **{k: str(v) for k, v in more.items()}})
    if done.returncode != 0:
        sys.exit(f'{" ".join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout


def c():
    run(*cc.split(), '-std=c99', '-Wall', '-Wextra', '-pedantic', '-Werror', f'-I{capi}',
        here / 'main.c', f'-L{libs}', '-lgyre', '-o', 'c.out')
    return run(work / 'c.out')


def cpp():
    run(*cxx.split(), '-std=c++20', '-O1', '-DGYRE_SEPARATE_COMPILATION', f'-I{root / "include"}',
        here / 'main.cpp', compiled, '-lz', '-pthread', '-o', 'cpp.out')
    return run(work / 'cpp.out')


def rust():
    flags = ['--edition', '2021', '-D', 'warnings', '-L', f'native={libs}',
             '-L', f'dependency={work}']
    run('rustc', *flags, '--crate-type', 'rlib', '--crate-name', 'gyre_sys',
        capi / 'rust' / 'gyre-sys' / 'src' / 'lib.rs')
    run('rustc', *flags, '--crate-type', 'rlib', '--crate-name', 'gyre',
        '--extern', 'gyre_sys=libgyre_sys.rlib', capi / 'rust' / 'src' / 'lib.rs')
    run('rustc', *flags, '--extern', 'gyre=libgyre.rlib', '-l', 'gyre', '-o', 'rust.out',
        here / 'main.rs')
    return run(work / 'rust.out')


def go():
    theirs = work / 'go'
    theirs.mkdir(exist_ok=True)
    (theirs / 'go.mod').write_text('module theirs.example/table\n\ngo 1.19\n\n'
                                   'require gyre.example/gyre v0.1.0\n\n'
                                   f'replace gyre.example/gyre => {capi / "go"}\n')
    shutil.copy(here / 'main.go', theirs)
    return run('go', 'run', '.', folder=theirs, **settings(capi, libs, work.parent))


def python():
    return run(sys.executable, here / 'main.py', PYTHONPATH=capi / 'python',
               GYRE_LIBRARY=libs / 'libgyre.so')


def typescript():
    esbuild = root / 'web-demo' / 'node_modules' / '.bin' / 'esbuild'
    run(esbuild, here / 'main.ts', '--bundle', '--platform=node', '--format=esm',
        '--outfile=table.mjs')
    return run('node', 'table.mjs', wasm[0])


programs = {'C': c, 'C++': cpp, 'Python': python}
for name, program, tool in (('Rust', rust, 'rustc'), ('Go', go, 'go')):
    if shutil.which(tool):
        programs[name] = program
    else:
        print(f'no {tool}: {name} is left out')
if wasm:
    programs['TypeScript'] = typescript
else:
    print('no gyre.wasm: TypeScript is left out')
said = {name: program() for name, program in programs.items()}
if not re.fullmatch(r'ship +\d{4} +0 +\d\.\d{3} +\d+ of \d+\n'
                    r'poll +\d{4} +1\d +\d+\.\d{3} +\d+ of \d+\n'
                    r'trace [0-9a-f]{16}\n', said['C']):
    sys.exit(f'the program in C printed\n{said["C"]}')
for name, text in said.items():
    if text != said['C']:
        sys.exit(f'the program in {name} printed\n{text}and that in C\n{said["C"]}')
print(f'{said["C"]}the same in {", ".join(said)}')

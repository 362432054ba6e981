#!/usr/bin/env python3
"""Every public header compiles, and each form of inclusion makes a program, without a warning.

Alone: each header twice in an otherwise empty file, so that a missing include and a guard that does
not hold show. This is the same for every compiler, since all use one standard library here, so the
quickest that is there does it; with GYRE_SEPARATE_COMPILATION, with which the fewest headers come
along, and without exceptions and RTTI.

Together, with every compiler that is there, with exceptions and RTTI and without: all headers in
one file as header-only; and with GYRE_SEPARATE_COMPILATION a program with all that users include,
and src.hpp in a file of its own, linked and run.

One thing that is compiled is a job, so that ninja can do each by itself, and again when a file that
it read has changed; tests/checks/meson.build asks for that.

Usage: headers.py [tree [compiler...]]              all jobs
       headers.py --jobs [tree]                     their names
       headers.py --job name said deps [tree]       does one: `said` gets what is wrong, `deps` what
                                                    it read, for make
       headers.py --said file...                    what these say
"""
import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import tree

COMPILERS = [c for c in ('clang++', 'g++') if shutil.which(c)]  # quickest first
FLAGS = ['-std=c++20', '-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wconversion',
         '-Wno-sign-conversion', '-Werror']
BARE = ['-fno-exceptions', '-fno-rtti']
SEPARATE = ['-DGYRE_SEPARATE_COMPILATION']
PROGRAM = """int main() {
  gyre::engine made({.driver = gyre::driver::virtual_time});
  return gyre::table(made.snapshot()).empty() ? 1 : 0;
}
"""
AT_ONCE = 2
# What a compiler says of an include that is not there and not ours.
ABSENT = re.compile(r"fatal error: '?(?!gyre/)\S+?'?:? (?:file not found|No such file)")


def includes(headers):
    return ''.join(f'#include <gyre/{header}>\n' for header in headers)


def said(command, source=None):
    """What the command says when it fails, else ''."""
    done = subprocess.run(command, input=source, capture_output=True, text=True)
    return '' if done.returncode == 0 else done.stderr[:2000] or f'ended with {done.returncode}'


def compile_alone(top, compiler, mode, header, *more):
    command = [compiler, *FLAGS, *mode, f'-I{top / "include"}', '-x', 'c++', '-']
    words = said([*command, '-fsyntax-only', *more], includes([header] * 2))
    return words and f'{compiler} include/gyre/{header}\n{words}'


def lacks_library(top, header):
    """Whether this is an edge/ header over an outside library that is not installed here."""
    return header.startswith('edge/') and bool(
        ABSENT.search(said([COMPILERS[0], *FLAGS, f'-I{top / "include"}', '-M', '-x', 'c++', '-'],
                           includes([header]))))


def compile_together(top, compiler, mode, headers):
    command = [compiler, *FLAGS, *mode, '-fsyntax-only', f'-I{top / "include"}', '-x', 'c++', '-']
    words = said(command, includes(h for h in headers if h != 'src.hpp'))
    return words and f'{" ".join([compiler, *mode])}, all headers in one file\n{words}'


def link_separate(top, compiler, mode, headers):
    """A program of two files."""
    used = [h for h in headers if h != 'src.hpp' and not h.startswith('engine/')]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / 'main.cpp').write_text(includes(used) + PROGRAM)
        (folder / 'src.cpp').write_text(includes(['src.hpp']))
        command = [compiler, *FLAGS, *mode, *SEPARATE, '-O0', f'-I{top / "include"}',
                   folder / 'main.cpp', folder / 'src.cpp', '-o', folder / 'a.out', '-lz',
                   '-pthread']
        words = said(command) or said([folder / 'a.out'])
    return words and f'{" ".join([compiler, *mode, *SEPARATE])}, linked with src.hpp\n{words}'


def jobs(top):
    """What is to be compiled, by name: how, with which compiler and mode, and which header."""
    headers = tree.headers(top)
    out = {}
    for compiler in COMPILERS:
        for mode in ([], BARE):
            kind = f'{compiler} {"bare" if mode else "full"}'
            if 'src.hpp' in headers:
                out[f'linked {kind}'] = (link_separate, compiler, mode, '')
            out[f'together {kind}'] = (compile_together, compiler, mode, '')
    for header in headers:
        out[f'alone {header}'] = (compile_alone, COMPILERS[0], BARE + SEPARATE, header)
    return out


def do(top, job, *more):
    how, compiler, mode, header = jobs(top)[job]
    if header:
        return '' if lacks_library(top, header) else how(top, compiler, mode, header, *more)
    return how(top, compiler, mode, [h for h in tree.headers(top) if not lacks_library(top, h)])


def do_for_ninja(job, out, deps, top):
    words = do(top, job, *(['-MD', '-MF', deps, '-MT', out] if job.startswith('alone') else []))
    if words or not pathlib.Path(deps).exists():  # then whatever may have been read
        everything = [str(top / 'include' / 'gyre' / header) for header in tree.headers(top)]
        pathlib.Path(deps).write_text(f'{out}: {" ".join(everything)}\n')
    pathlib.Path(out).write_text(words)


def check(top):
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        done = [pool.submit(do, top, job) for job in jobs(top)]
        return [job.result() for job in done if job.result()]


if __name__ == '__main__':
    if sys.argv[1:2] == ['--said']:
        words = [pathlib.Path(name).read_text() for name in sys.argv[2:]]
        tree.report('headers', [each for each in words if each])
    elif sys.argv[1:2] == ['--job']:
        job, out, deps = sys.argv[2:5]
        del sys.argv[1:5]
        do_for_ninja(job, out, deps, tree.root())
    elif sys.argv[1:2] == ['--jobs']:
        del sys.argv[1]
        print('\n'.join(jobs(tree.root())))
    else:
        COMPILERS = [c for c in sys.argv[2:] or COMPILERS if shutil.which(c)]
        tree.report('headers', check(tree.root()))

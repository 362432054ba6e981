#!/usr/bin/env python3
"""Every public header compiles, and each form of inclusion makes a program, without a warning.

Alone: each header twice in an otherwise empty file, so that a missing include and a guard that does
not hold show. This is the same for every compiler, since all use one standard library here, so the
quickest that is there does it; with GYRE_SEPARATE_COMPILATION, with which the fewest headers come
along, and without exceptions and RTTI.

Together, with every compiler that is there, with exceptions and RTTI and without: all headers in
one file as header-only; and with GYRE_SEPARATE_COMPILATION a program with all that users include,
and src.hpp in a file of its own, linked and run.

Usage: headers.py [tree [compiler...]]
"""
import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import tree

COMPILERS = [c for c in sys.argv[2:] or ('clang++', 'g++') if shutil.which(c)]  # quickest first
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


def compile_alone(top, header):
    command = [COMPILERS[0], *FLAGS, *BARE, *SEPARATE, '-fsyntax-only', f'-I{top / "include"}',
               '-x', 'c++', '-']
    words = said(command, includes([header] * 2))
    return words and f'{COMPILERS[0]} include/gyre/{header}\n{words}'


def lacks_library(top, header):
    """Whether this is an edge/ header over an outside library that is not installed here."""
    return header.startswith('edge/') and bool(ABSENT.search(compile_alone(top, header)))


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


def check(top):
    headers = [h for h in tree.headers(top) if not lacks_library(top, h)]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = []
        for compiler in COMPILERS:
            for mode in ([], BARE):
                if 'src.hpp' in headers:
                    jobs.append(pool.submit(link_separate, top, compiler, mode, headers))
                jobs.append(pool.submit(compile_together, top, compiler, mode, headers))
        jobs += [pool.submit(compile_alone, top, header) for header in headers]
        return [job.result() for job in jobs if job.result()]


if __name__ == '__main__':
    tree.report('headers', check(tree.root()))

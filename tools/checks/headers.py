#!/usr/bin/env python3
"""Every public header compiles alone and without a warning, with each compiler that is there.

Each is included twice in an otherwise empty file, so that a guard that does not hold shows too.

Usage: headers.py [tree]
"""
import concurrent.futures
import re
import shutil
import subprocess

import tree

FLAGS = ['-std=c++20', '-fsyntax-only', '-Wall', '-Wextra', '-Wpedantic', '-Wshadow',
         '-Wconversion', '-Wno-sign-conversion', '-Werror', '-fno-exceptions', '-fno-rtti']
AT_ONCE = 2
# An outside library of an edge/ header that is not installed here: nothing to check then.
ABSENT = re.compile(r"fatal error: '?(?!gyre/)\S+?'?:? (?:file not found|No such file)")


def compile_alone(top, compiler, header):
    source = f'#include <gyre/{header}>\n' * 2
    run = subprocess.run([compiler, *FLAGS, f'-I{top / "include"}', '-x', 'c++', '-'],
                         input=source, capture_output=True, text=True)
    if run.returncode == 0 or header.startswith('edge/') and ABSENT.search(run.stderr):
        return None
    return f'{compiler} include/gyre/{header}\n{run.stderr[:2000]}'


def check(top):
    compilers = [c for c in ('g++', 'clang++') if shutil.which(c)]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [pool.submit(compile_alone, top, compiler, header)
                for header in tree.headers(top) for compiler in compilers]
        return [job.result() for job in jobs if job.result()]


if __name__ == '__main__':
    tree.report('headers', check(tree.root()))

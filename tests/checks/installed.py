#!/usr/bin/env python3
"""Method: use. What `make install` puts down for programs is found by pkg-config and by CMake:
header-only, compiled once, and libgyre, shared and static. It compiles and runs with each compiler
that is there after the tree was moved, and a program over the Rust crate finds it by pkg-config. A
compiler without C++20 says so in one error.

usage: installed.py <source root> <folder to work in>
"""
import os
import pathlib
import shutil
import subprocess
import sys

import theirs

CMAKE = """cmake_minimum_required(VERSION 3.16)
project(theirs C)
find_package(gyre 0.1 REQUIRED)
foreach(form c c_static)
  add_executable(${form}-theirs ../libgyre.c)
  target_link_libraries(${form}-theirs PRIVATE gyre::${form})
endforeach()
if(NOT EXISTS "${gyre_include}/gyre/gyre.hpp" OR NOT TARGET gyre::compiled)
  message(FATAL_ERROR "no headers in ${gyre_include}")
endif()
find_package(gyre 1.0 QUIET)
if(gyre_FOUND)
  message(FATAL_ERROR "gyre ${gyre_VERSION} passes for 1.0")
endif()
"""
STRICT = ['-Wall', '-pedantic', '-Werror']


def install(root, work):
    """The installed tree, moved."""
    build, first, moved = work / 'build', work / 'first', work / 'moved'
    # Quick to compile; `make install` takes a build that is there as it is. Without the server,
    # whose library Debian has not in a form for -static.
    # Nor has a fresh machine CMake, which is for those who build with it.
    stubs = work / 'stubs'
    stubs.mkdir()
    (stubs / 'cmake').write_text('#!/bin/sh\nexit 1\n')
    (stubs / 'cmake').chmod(0o755)
    theirs.run('meson', 'setup', build, root, '-Doptimization=0', '-Dtests=disabled',
               '-Dserve=disabled', PATH=f'{stubs}:{os.environ["PATH"]}')
    # A make of its own, not a part of the one that runs the tests.
    plain = {k: v for k, v in os.environ.items() if not k.startswith(('MAKE', 'MFLAGS'))}
    done = subprocess.run(['make', '-C', root, 'install', f'BUILD={build}', f'PREFIX={first}'],
                          env=plain, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f'make install ended with {done.returncode}\n{done.stdout}{done.stderr}')
    if (build / 'demo' / 'gyre-demo').exists():
        sys.exit('the demo is built to install the library')
    if 'no work to do' not in theirs.run('ninja', '-C', build, '-n'):
        sys.exit('with -Dtests=disabled, meson install would build more than the library')
    first.rename(moved)
    for path in [*moved.rglob('*.pc'), *moved.rglob('*.cmake')]:
        if str(first) in path.read_text():
            sys.exit(f'{path.relative_to(moved)} knows where it was installed')
    return moved


def flags(moved, form, *options):
    """What pkg-config says, of the moved tree alone."""
    said = theirs.run('pkg-config', *options, '--cflags', '--libs', form,
                      PKG_CONFIG_PATH=f'{moved}/lib/pkgconfig:{moved}/share/pkgconfig').split()
    if not any(str(moved) in flag for flag in said):
        sys.exit(f'{form}.pc was not moved with its tree: {" ".join(said)}')
    return said


def headers(work, moved, compiler):
    for form in theirs.SAYS:
        program = work / f'{form}-{compiler}'
        theirs.run(compiler, '-std=c++20', work / f'{form}.cpp', '-o', program,
                   *flags(moved, form))
        theirs.check_that_runs(program, form)
    old = subprocess.run([compiler, '-std=c++17', '-fsyntax-only', f'-I{moved}/include',
                          work / 'gyre.cpp'], capture_output=True, text=True).stderr
    errors = [line for line in old.splitlines() if 'error: ' in line]
    if len(errors) != 2 or 'compile with -std=c++20' not in errors[0]:
        sys.exit(f'{compiler} without C++20 says {len(errors)} errors:\n{old[:2000]}')


def library(work, moved, command):
    program = work / 'libgyre-theirs'
    command = [*command, *STRICT, work / 'libgyre.c', '-o', program]
    theirs.run(*command, *flags(moved, 'libgyre'))
    theirs.check_that_runs(program, 'libgyre', LD_LIBRARY_PATH=f'{moved}/lib')
    theirs.run(*command, '-static', *flags(moved, 'libgyre', '--static'))
    theirs.check_that_runs(program, 'libgyre')


def main():
    root, work = pathlib.Path(sys.argv[1]), theirs.kept(sys.argv[2])
    for tool in ('meson', 'make', 'pkg-config'):
        theirs.need(tool)
    moved = install(root, work)
    theirs.write_programs(work)
    for compiler in theirs.COMPILERS:
        headers(work, moved, compiler)
        library(work, moved, [compiler, '-x', 'c++', '-std=c++11'])
    for compiler in ('cc', 'clang'):
        if shutil.which(compiler):
            library(work, moved, [compiler, '-std=c99'])
    if shutil.which('cmake'):
        theirs.fresh(work / 'cmake').joinpath('CMakeLists.txt').write_text(CMAKE)
        theirs.run('cmake', '-S', work / 'cmake', '-B', work / 'cmake' / 'build',
                   f'-DCMAKE_PREFIX_PATH={moved}')
        theirs.run('cmake', '--build', work / 'cmake' / 'build')
        for form in ('c', 'c_static'):
            theirs.check_that_runs(work / 'cmake' / 'build' / f'{form}-theirs', 'libgyre')
    if shutil.which('cargo'):
        rust = root / 'capi' / 'rust'
        theirs.check_rust(work / 'rust', {'gyre': rust, 'gyre-sys': rust / 'gyre-sys'}, [],
                          PKG_CONFIG_PATH=f'{moved}/lib/pkgconfig',
                          LD_LIBRARY_PATH=f'{moved}/lib')
    theirs.well(work)
    print(f'pkg-config and CMake find all that is installed, for {" and ".join(theirs.COMPILERS)}')


main()

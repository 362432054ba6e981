#!/usr/bin/env python3
"""Method: use. `make dist` twice, the second time from a copy of the tree with other times and
rights: the same bytes, and their checksums. Each single file is the whole library: a program of
C++ over gyre.hpp, and gyre_c.cpp under programs of C and C++, the latter by a second compiler where
there is one. What is in the archive makes the same archive again. The crates of Rust as they are
packed have libgyre's source in them, of which a program is built. All is made and unpacked anew; a
file of the same bytes as the last time is not compiled again.

usage: dist.py <source root> <folder to work in>
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

import by_ninja
import theirs

NAMES = {'gyre.hpp', 'gyre_c.h', 'gyre_c.cpp', 'SHA256SUMS'}


def dist(root, folder):
    """The bytes of what tools/dist makes, by name."""
    theirs.run(sys.executable, root / 'tools' / 'dist', folder, SOURCE_DATE_EPOCH='1700000000')
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def check_sums(made):
    said = dict(reversed(line.split()) for line in made['SHA256SUMS'].decode().splitlines())
    right = {name: hashlib.sha256(data).hexdigest() for name, data in made.items()
             if name != 'SHA256SUMS'}
    if said != right:
        sys.exit(f'SHA256SUMS says {said}, the files have {right}')


def unpacked(archive, folder):
    with tarfile.open(archive) as tar:
        tar.extractall(folder)
    tops = list(folder.iterdir())
    if [top.name for top in tops] != [archive.name.removesuffix('.tar.gz')]:
        sys.exit(f'the archive has {tops} at its top')
    return tops[0]


def compile(kept, *command):
    """What by_ninja keeps in a folder."""
    theirs.run(sys.executable, by_ninja.__file__, kept, *command)


def check_headers(folder, kept, compiler):
    """In programs of other names than ours, as a file beside their own."""
    (folder / 'main.cpp').write_text(theirs.ENGINE.replace('<gyre/engine.hpp>', '"gyre.hpp"'))
    by_ninja.as_old_as_their_bytes(folder, kept / 'single.json')
    compile(kept / 'headers', compiler, '-std=c++20', '-Wall', '-Wextra', '-Werror', '-O0',
            folder / 'main.cpp', '-o', folder / 'main', '-lz', '-pthread')
    said = theirs.run(folder / 'main')
    if said != 'ran\nheader-only\n':
        sys.exit(f'over gyre.hpp a program of {compiler} printed {said!r}')


def check_abi(folder, kept, compiler, c_compiler, *bare):
    """@param bare further options for gyre_c.cpp"""
    (folder / 'main.c').write_text(theirs.ABI.replace('<gyre.h>', '"gyre_c.h"'))
    abi = folder / 'gyre_c.o'
    compile(kept / 'abi', compiler, '-std=c++20', '-Wall', '-Wextra', '-Werror', '-O0', *bare, '-c',
            folder / 'gyre_c.cpp', '-o', abi)
    for command in ([c_compiler, '-std=c99'], [compiler, '-x', 'c++', '-std=c++11']):
        theirs.run(*command, '-Wall', '-pedantic', '-Werror', '-c', folder / 'main.c', '-o',
                   folder / 'main.o')
        theirs.run(compiler, folder / 'main.o', abi, '-o', folder / 'main', '-lz', '-pthread')
        theirs.check_that_runs(folder / 'main', 'libgyre')


def cargo_version():
    """(major, minor); (0, 0) where there is none."""
    if not shutil.which('cargo'):
        return 0, 0
    return tuple(int(part) for part in theirs.run('cargo', '--version').split()[1].split('.')[:2])


def check_crates(root, work, kept):
    """What `cargo package` packs has what it needs: a program that has libgyre compiled runs."""
    theirs.run(sys.executable, root / 'tools' / 'dist', '--crates', work / 'rust')
    theirs.run('cargo', 'package', '--workspace', '--no-verify', '--offline', '--allow-dirty',
               '--manifest-path', work / 'rust' / 'Cargo.toml', '--target-dir', work / 'target')
    crates = {}
    for crate in (work / 'target' / 'package').glob('*.crate'):
        with tarfile.open(crate) as tar:
            tar.extractall(work / 'crates')
        crates[crate.stem.rpartition('-')[0]] = work / 'crates' / crate.stem
    wanted = {'gyre': {'src/lib.rs', 'LICENSE'},
              'gyre-sys': {'src/lib.rs', 'build.rs', 'bundled/gyre_c.cpp', 'bundled/gyre_c.h',
                           'LICENSE'}}
    for name, files in wanted.items():
        for file in files:
            if not (crates[name] / file).is_file():
                sys.exit(f'the crate {name} has no {file}')
    by_ninja.as_old_as_their_bytes(work / 'crates', kept / 'crates.json')
    cxx = work / 'cxx'
    cxx.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{by_ninja.__file__}" "{kept / "crates"}" '
                   f'{theirs.COMPILERS[-1]} "$@"\n')
    cxx.chmod(0o755)
    theirs.check_rust(work / 'bundled', crates, '["bundled"]', CXX=str(cxx),
                      PKG_CONFIG_PATH='', PKG_CONFIG_LIBDIR=str(work))


def main():
    root, work = pathlib.Path(sys.argv[1]), theirs.fresh(sys.argv[2])
    kept = work.with_name(work.name + '-kept')
    first = dist(root, work / 'first')
    if set(first) != NAMES | {name for name in first if name.endswith('.tar.gz')}:
        sys.exit(f'make dist made {sorted(first)}')
    check_sums(first)
    archive, = (work / 'first').glob('*.tar.gz')
    copy = unpacked(archive, work / 'copy')
    shutil.rmtree(copy / 'single')
    for path in copy.rglob('*'):
        os.chmod(path, 0o700 if os.access(path, os.X_OK) else 0o600)
    subprocess.run(['git', 'init', '-q', copy], check=True)  # so that the same files are listed
    again = dist(copy, work / 'again')
    for name, data in first.items():
        if again[name] != data:
            sys.exit(f'{name} is another the second time')
    single = unpacked(archive, work / 'single') / 'single'
    check_headers(single, kept, theirs.COMPILERS[0])
    if shutil.which('clang') and 'clang++' in theirs.COMPILERS:
        check_abi(single, kept, 'clang++', 'clang', '-fno-exceptions', '-fno-rtti')
    else:
        check_abi(single, kept, theirs.COMPILERS[0], 'cc')
    if cargo_version() >= (1, 90):  # which packs crates that need each other
        check_crates(root, theirs.fresh(work / 'rust'), kept)
    else:
        print('no cargo of 1.90 or newer: the crates are left out')
    print(f'{", ".join(sorted(first))}: the same twice')


main()

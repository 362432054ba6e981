#!/usr/bin/env python3
"""Method: use. What `meson install` puts down for programs is found by pkg-config, header-only and
compiled once, and compiles and runs with each compiler that is there, also after the tree was
moved.

usage: installed.py <build folder> <folder to work in>
"""
import sys

import theirs

build, work = sys.argv[1], theirs.fresh(sys.argv[2])
theirs.need('meson')
theirs.need('pkg-config')
# Without a rebuild, which would build everything; the test depends on what it installs.
theirs.run('meson', 'install', '-C', build, '--no-rebuild', '--tags', 'devel', '--quiet',
           '--destdir', work / 'first')
(work / 'first').rename(work / 'moved')
found = {path.stem: path.parent for path in (work / 'moved').rglob('*.pc')}
if not set(theirs.SAYS) <= set(found):
    sys.exit(f'installed for pkg-config: {sorted(found)}')
theirs.write_programs(work)
for form in theirs.SAYS:
    flags = theirs.run('pkg-config', '--cflags', '--libs', form,
                       PKG_CONFIG_PATH=':'.join(str(found[f]) for f in theirs.SAYS)).split()
    if not any(str(work / 'moved') in flag for flag in flags):
        sys.exit(f'{form}.pc was not moved with its tree: {" ".join(flags)}')
    for compiler in theirs.COMPILERS:
        program = work / f'{form}-{compiler}'
        theirs.run(compiler, '-std=c++20', work / f'{form}.cpp', '-o', program, *flags)
        theirs.check_that_runs(program, form)
print(f'pkg-config finds {" and ".join(theirs.SAYS)} for {" and ".join(theirs.COMPILERS)}')

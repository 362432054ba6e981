#!/usr/bin/env python3
"""Method: use. Programs that build with CMake get gyre by add_subdirectory, by FetchContent, and by
find_package from an installed tree that was moved; header-only, compiled once, and as libgyre,
shared and static, with each compiler that is there. Nothing of ours is built or installed but what
is asked for.

usage: cmake.py <source root> <folder to work in>
"""
import pathlib
import sys

import theirs

HEAD = 'cmake_minimum_required(VERSION 3.16)\nproject(theirs C CXX)\n'
FORMS = {'gyre': 'gyre::gyre', 'gyre-compiled': 'gyre::compiled', 'libgyre': 'gyre::c',
         'libgyre-static': 'gyre::c_static'}
PROGRAMS = ''.join(f'add_executable({form}-theirs {theirs.source(form.replace("-static", ""))})\n'
                   f'target_link_libraries({form}-theirs PRIVATE {target})\n'
                   for form, target in FORMS.items())
AS_PART = 'add_subdirectory("{root}" gyre)\n'
FETCHED = """include(FetchContent)
FetchContent_Declare(gyre SOURCE_DIR "{root}")
FetchContent_MakeAvailable(gyre)
get_target_property(same gyre::gyre ALIASED_TARGET)
get_target_property(named gyre::headers ALIASED_TARGET)
if(NOT same STREQUAL named)
  message(FATAL_ERROR "gyre::gyre is ${{same}}, gyre::headers is ${{named}}")
endif()
"""
FOUND = """find_package(gyre 0.1 REQUIRED)
find_package(gyre 0.1 REQUIRED)
if(gyre_VERSION VERSION_LESS 0.1 OR NOT TARGET gyre::headers)
  message(FATAL_ERROR "gyre ${{gyre_VERSION}}")
endif()
"""


def project(folder, text):
    """A project of theirs; where its build goes."""
    theirs.write_programs(folder)
    (folder / 'CMakeLists.txt').write_text(HEAD + text.format(root=root))
    return folder / 'build'


def configure(folder, build, *options):
    theirs.run('cmake', '-S', folder, '-B', build, *options)


def build_and_run(build):
    theirs.run('cmake', '--build', build)
    for form in FORMS:
        theirs.check_that_runs(build / f'{form}-theirs', form)


def check(compiler, work):
    """All ways with one compiler."""
    options = ['-DCMAKE_CXX_COMPILER=' + compiler]
    build = project(work / 'part', AS_PART + PROGRAMS)
    configure(work / 'part', build, *options)
    theirs.run('cmake', '--build', build, '--target', 'gyre-theirs')
    if list(build.rglob('*.a')):
        sys.exit('what is header-only compiles the engine')
    theirs.run('cmake', '--install', build, '--prefix', work / 'none')
    if list(work.glob('none/**/*.hpp')):
        sys.exit('gyre is installed with a program that did not ask for it')
    build_and_run(build)

    configure(work / 'part', build, '-DGYRE_INSTALL=ON')
    theirs.run('cmake', '--build', build)
    theirs.run('cmake', '--install', build, '--prefix', work / 'first')
    (work / 'first').rename(work / 'moved')
    build = project(work / 'found', FOUND + PROGRAMS)
    configure(work / 'found', build, f'-DCMAKE_PREFIX_PATH={work / "moved"}', *options)
    build_and_run(build)


root, folder = pathlib.Path(sys.argv[1]), theirs.kept(sys.argv[2])
theirs.need('cmake')
for each in theirs.COMPILERS:
    check(each, folder / each)
configure(folder / 'fetched', project(folder / 'fetched', FETCHED))
configure(root, folder / 'alone')
if 'gyre-config.cmake' not in (folder / 'alone' / 'cmake_install.cmake').read_text():
    sys.exit('built by itself, gyre does not install a package')
theirs.well(folder)
print(f'CMake brings gyre to programs of {" and ".join(theirs.COMPILERS)}')

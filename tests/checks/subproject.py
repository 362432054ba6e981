#!/usr/bin/env python3
"""Method: use. A project of Meson with gyre in its subprojects/ gets gyre_dep, by that name and as
dependency('gyre'), the engine compiled once as dependency('gyre-compiled'), and the C ABI as
dependency('libgyre'), as the README says; compiles and runs with each; nothing of ours is built
but what it asks for. By a second compiler where there is one, since installed.py has the first
with Meson.

usage: subproject.py <source root> <folder to work in>
"""
import json
import pathlib
import sys

import theirs

FORMS = {
    'gyre': "dependency('gyre', fallback: ['gyre', 'gyre_dep'])",
    'gyre-compiled': "dependency('gyre-compiled', fallback: ['gyre', 'gyre_compiled_dep'])",
    'libgyre': "dependency('libgyre', fallback: ['gyre', 'libgyre_dep'])",
}
PROJECT = """project('theirs', 'c', 'cpp', default_options: ['cpp_std=c++20', 'buildtype=plain'])
assert(subproject('gyre').get_variable('gyre_dep').found())
"""
MESON = PROJECT + ''.join(
    f"executable('{form}-theirs', '{theirs.source(form)}', dependencies: {dependency})\n"
    for form, dependency in FORMS.items())

root, work = pathlib.Path(sys.argv[1]), theirs.kept(sys.argv[2])
theirs.need('meson')
theirs.link_tree(root, work / 'subprojects' / 'gyre')
(work / 'meson.build').write_text(MESON)
theirs.write_programs(work)
build = work / 'build'
theirs.run('meson', 'setup', '--force-fallback-for=gyre,gyre-compiled,libgyre', build, work,
           CXX=theirs.COMPILERS[-1])
targets = json.loads(theirs.run('meson', 'introspect', '--targets', build))
names = [(t['name'], t['build_by_default']) for t in targets]
names = [name for name in names if name != ('page.cpp', False)]  # where there is cpp-httplib
ours = {('gyre-compiled', False), ('gyre', False)}
if set(names) != ours | {(f'{form}-theirs', True) for form in FORMS}:
    sys.exit(f'as a subproject gyre builds {names}')
if json.loads(theirs.run('meson', 'introspect', '--tests', build)):
    sys.exit('as a subproject gyre brings its tests')
theirs.run('meson', 'compile', '-C', build, 'gyre-theirs')
if list(build.rglob('*.a')):
    sys.exit('what is header-only compiles the engine')
theirs.run('meson', 'compile', '-C', build)
for form in FORMS:
    theirs.check_that_runs(build / f'{form}-theirs', form)
theirs.well(work)
print('a subproject brings gyre_dep, and what is compiled where it is asked for')

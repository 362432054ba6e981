#!/usr/bin/env python3
"""Method: fault. What the suites of other build systems keep from one run to the next: of a folder
only objects and what tells whether they are right, and nothing of one that other tools filled or
whose suite failed. by_ninja compiles again when a source, a header, the command, a file that it
names or its compiler is another, and not when all is the same."""
import os
import pathlib
import tempfile
import time
import unittest

import by_ninja
import theirs

COMPILER = """#!/bin/sh
echo ran >>"{folder}/runs"
exec cc "$@"
"""


class Kept(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)

    def write(self, name, text):
        """Newer than all that is there, whatever the clock of the files is."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        now = time.time_ns()
        os.utime(path, ns=(now, now))
        return path


class Folder(Kept):
    def test_objects_stay_and_nothing_else(self):
        work = theirs.kept(self.folder / 'work')
        stay = ['a/b.o', 'a/b.o.d', 'a/flags.make', '.ninja_log', '.ninja_deps', 'libgyre.c']
        go = ['a/c.so', 'moved/include/gyre/src.cpp', 'moved/lib/a.a', 'CMakeCache.txt', 'Makefile',
              'meson-private/coredata.dat', 'build.ninja', 'first/b.h']
        for name in stay + go:
            self.write('work/' + name, '')
        (work / 'link').symlink_to(work / 'a')
        (work / 'broken').symlink_to(work / 'none')
        theirs.well(work)
        theirs.kept(work)
        self.assertEqual(sorted(stay), sorted(str(path.relative_to(work))
                                              for path in work.rglob('*') if path.is_file()))
        self.assertFalse(os.path.lexists(work / 'link') or os.path.lexists(work / 'broken'))
        self.assertFalse((work / 'moved').exists())

    def test_nothing_stays_of_other_tools_or_of_a_run_that_failed(self):
        work = theirs.kept(self.folder / 'work')
        for end in (lambda: None, lambda: self.write('work/well', 'another')):
            self.write('work/a.o', '')
            end()
            self.assertEqual(list(theirs.kept(work).iterdir()), [])

    def test_programs_are_not_touched_where_they_are_the_same(self):
        theirs.write_programs(self.folder)
        os.utime(self.folder / 'gyre.cpp', ns=(1, 1))
        self.write('libgyre.c', 'another')
        theirs.write_programs(self.folder)
        self.assertEqual((self.folder / 'gyre.cpp').stat().st_mtime_ns, 1)
        self.assertEqual((self.folder / 'libgyre.c').read_text(), theirs.ABI)

    def test_what_is_unpacked_anew_has_the_time_of_its_bytes(self):
        record = self.folder / 'record' / 'times'
        where = self.write('in/a', 'a').parent
        by_ninja.as_old_as_their_bytes(where, record)
        first = (where / 'a').stat().st_mtime_ns
        for text, same in (('a', True), ('b', False), ('a', False)):
            self.write('in/a', text)
            os.utime(where / 'a', ns=(1, 1))  # as an archive says
            by_ninja.as_old_as_their_bytes(where, record)
            self.assertEqual((where / 'a').stat().st_mtime_ns == first, same, text)


class ByNinja(Kept):
    def setUp(self):
        super().setUp()
        self.write('a.c', '#include "a.h"\nint a = A;\n')
        self.write('a.h', '#define A 1\n')
        self.write('cc', COMPILER.format(folder=self.folder)).chmod(0o755)

    def runs(self, *more):
        """How often the compiler has been asked to, after this; the object is there."""
        folder = self.folder
        (folder / 'out').mkdir(exist_ok=True)
        (folder / 'out' / 'a.o').unlink(missing_ok=True)
        done = by_ninja.run(folder / 'kept', [folder / 'cc', '-c', folder / 'a.c', '-o',
                                              folder / 'out' / 'a.o', *more], capture_output=True)
        self.ended = done.returncode
        self.assertEqual((folder / 'out' / 'a.o').exists(), self.ended == 0)
        return (folder / 'runs').read_text().count('ran')

    def test_the_same_is_not_compiled_twice(self):
        self.assertEqual([self.runs(), self.runs()], [1, 1])

    def test_what_has_changed_is(self):
        self.assertEqual(self.runs(), 1)
        for i, (name, text) in enumerate([('a.c', '#include "a.h"\nint b = A;\n'),
                                          ('a.h', '#define A 2\n'),
                                          ('cc', COMPILER.format(folder=self.folder) + '#\n')]):
            self.write(name, text)
            self.assertEqual([self.runs(), self.runs()], [2 + i, 2 + i], name)
        self.assertEqual([self.runs('-DB=1'), self.runs('-DB=1')], [5, 5])

    def test_what_is_gone_or_wrong_fails_each_time(self):
        self.assertEqual((self.runs(), self.ended), (1, 0))
        (self.folder / 'a.h').unlink()
        self.assertEqual((self.runs(), self.ended), (2, 1))
        self.assertEqual((self.runs(), self.ended), (3, 1))

    def test_a_file_in_an_argument_is_read(self):
        listed = f'-Wp,-include,{self.write("b.h", "")}'
        self.assertEqual([self.runs(listed), self.runs(listed)], [1, 1])
        self.write('b.h', '#error of b\n')
        self.assertEqual((self.runs(listed), self.ended), (2, 1))

    def test_a_file_in_an_argument_that_is_gone_is_missed(self):
        listed = f'-Wl,--version-script={self.write("b.map", "")}'  # of the linker: not in a.o.d
        self.assertEqual([self.runs(listed), self.runs(listed)], [1, 1])
        (self.folder / 'b.map').unlink()
        self.assertEqual(self.runs(listed), 2)


if __name__ == '__main__':
    unittest.main()

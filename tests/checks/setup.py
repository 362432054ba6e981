#!/usr/bin/env python3
"""Method: fault. tools/setup in a world of its own: each tool is a stub, and apt-get only notes
what it was asked. Silent where nothing is missing, else it says what and asks for that alone."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SETUP = pathlib.Path(__file__).resolve().parents[2] / 'tools' / 'setup'
REAL = 'cat chmod cmp cp dirname env find mkdir mktemp rm sed sh tail'.split()
TOOLS = {'g++': 'g++', 'make': 'make', 'meson': 'meson', 'ninja': 'ninja-build',
         'pkg-config': 'pkg-config', 'python3': 'python3', 'git': 'git', 'rustc': 'rustc',
         'go': 'golang-go', 'cmake': 'cmake', 'clang++': 'clang'}
# Puts into the path what it is asked to install, each package as the tool that it brings.
APT = '''#!/bin/sh
echo "$*" >>"$WORLD/asked"
case "$*" in *-s*|*update*) exit 0 ;; esac
for word; do
  case $word in
''' + ''.join(f'    {package}) tool={tool} ;;\n' for tool, package in TOOLS.items()) + '''
    *) continue ;;
  esac
  printf '#!/bin/sh\\n' >"$WORLD/bin/$tool" && chmod +x "$WORLD/bin/$tool"
done
'''


class World:
    """A folder with stubs of all tools but `missing`; `apt` is the script of apt-get, or None."""

    def __init__(self, folder, missing=(), apt=APT):
        self.folder = pathlib.Path(folder)
        self.bin = self.folder / 'bin'
        self.bin.mkdir()
        for name in REAL:
            (self.bin / name).symlink_to(shutil.which(name))
        for tool in TOOLS:
            if tool not in missing:
                self.stub(tool, '#!/bin/sh\n')
        self.stub('id', '#!/bin/sh\necho 0\n')
        if apt:
            self.stub('apt-get', apt)

    def stub(self, name, text):
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def asked(self):
        """What apt-get was asked for since the last time."""
        path = self.folder / 'asked'
        said = path.read_text() if path.exists() else ''
        path.unlink(missing_ok=True)
        return said

    def setup(self, *parts):
        done = subprocess.run(['/bin/sh', str(SETUP), *parts], capture_output=True, text=True,
                              env={'PATH': str(self.bin), 'WORLD': str(self.folder),
                                   'HOME': str(self.folder)})
        return done.returncode, done.stdout + done.stderr


class Setup(unittest.TestCase):
    def world(self, **how):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return World(folder.name, **how)

    def test_where_nothing_is_missing_it_is_silent_and_asks_for_nothing(self):
        world = self.world()
        for _ in range(2):
            self.assertEqual(world.setup('native', 'tests', 'langs'), (0, ''))
        self.assertEqual(world.setup(), (0, ''))
        self.assertEqual(world.asked(), '')

    def test_it_says_and_installs_what_is_missing_and_then_nothing(self):
        world = self.world(missing=['meson', 'go'])
        status, said = world.setup('native', 'langs')
        self.assertEqual(status, 0, said)
        self.assertIn('installing meson (the build) golang-go (the Go binding)', said)
        asked = world.asked().splitlines()[-1]
        self.assertTrue(asked.endswith('install meson golang-go'), asked)
        self.assertEqual(world.setup('native', 'langs'), (0, ''))
        self.assertEqual(world.asked(), '')

    def test_what_only_the_tests_need_is_not_asked_for_a_build(self):
        world = self.world(missing=['cmake', 'clang++'])
        self.assertEqual(world.setup('native'), (0, ''))
        status, said = world.setup('native', 'tests')
        self.assertEqual(status, 0, said)
        self.assertTrue(world.asked().splitlines()[-1].endswith('install cmake clang'))

    def test_a_python_that_debian_does_not_serve_is_told_how_to_get_numpy(self):
        world = self.world()
        world.stub('python3', '#!/bin/sh\nexit 1\n')
        status, said = world.setup('langs')
        self.assertEqual((status, world.asked()), (0, ''))
        self.assertIn('pip install numpy', said)

    def test_a_library_is_asked_of_pkg_config(self):
        world = self.world()
        world.stub('pkg-config', '#!/bin/sh\n[ "$2" != zlib ]\n')
        status, said = world.setup('native')
        self.assertEqual(status, 1)
        self.assertIn('zlib1g-dev', world.asked())
        self.assertIn('still missing: zlib1g-dev (compressed memory)', said)

    def test_what_cannot_be_installed_is_named(self):
        world = self.world(missing=['meson'], apt='#!/bin/sh\nexit 100\n')
        status, said = world.setup('native')
        self.assertEqual(status, 1)
        self.assertIn('still missing: meson (the build)', said)

    def test_elsewhere_it_says_what_to_install(self):
        world = self.world(missing=['ninja'], apt=None)
        status, said = world.setup('native')
        self.assertEqual(status, 1)
        self.assertIn('missing: ninja-build (the build)', said)

    def test_without_root_and_sudo_it_says_the_command(self):
        world = self.world(missing=['ninja'])
        world.stub('id', '#!/bin/sh\necho 1000\n')
        status, said = world.setup('native')
        self.assertEqual((status, world.asked()), (1, ''))
        self.assertIn('As root: apt-get install ninja-build', said)

    def test_an_unknown_part_is_refused(self):
        status, said = self.world().setup('native', 'moon')
        self.assertEqual(status, 2)
        self.assertIn("unknown part 'moon'", said)


if __name__ == '__main__':
    unittest.main()

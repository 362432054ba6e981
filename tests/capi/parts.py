#!/usr/bin/env python3
"""Method: use. The example at the top of each section of gyre.h, as it stands there: all compile as
C99 without a warning, each call in them succeeds, and they print what is below.

usage: parts.py <source root> <folder of libgyre> <folder to work in> <C compiler>
"""
import os
import pathlib
import re
import subprocess
import sys

PRINTS = {
    'bus': r'shop\.orders\.new: two tables',
    'engine': '', 'learner': '', 'replay': '', 'tiles': '', 'tuner': '',
    'knob': r'1 to 4096 KiB',
    'library': r'gyre \d+\.\d+\.\d+; -4 is GYRE_E_STALE',
    'memory': r'\[\{.*"the link is slow".*"network".*\}\]',
    'snapshot': r'0 loops, 0 ticks, trace [0-9a-f]{16}',
    'symbiosis': r'score [01]\.\d\d',
}
FRAME = r'''#include <gyre.h>
#include <stdio.h>
#include <stdlib.h>

static gyre_error error = {.size = sizeof(gyre_error)};

static void well(gyre_status status, const char* call) {
  if (status == GYRE_OK) return;
  printf("%s: %s %s\n", call, gyre_status_name(status), error.text);
  exit(1);
}

static gyre_engine make(void) {
  gyre_engine_options options = {.size = sizeof options, .driver = GYRE_DRIVER_VIRTUAL};
  gyre_engine engine = 0;
  well(gyre_engine_create(&options, &engine, &error), "gyre_engine_create");
  return engine;
}
'''


def example(text):
    """The indented lines of the comment that a section begins with."""
    comment = text.split('*/')[0]
    lines = [line[7:] for line in comment.splitlines() if line.startswith(' *     ')]
    return '\n'.join(lines)


def checked(code):
    """With each call as the argument of well()."""
    return re.sub(r'^(gyre_\w+)(\(.*\));( //.*)?$', r'well(\1\2, "\1");', code, flags=re.M)


root, libs, work = [pathlib.Path(path) for path in sys.argv[1:4]]
work.mkdir(parents=True, exist_ok=True)
functions, calls = [], []
for name in PRINTS:
    code = checked(example((root / 'capi' / 'gyre' / f'{name}.h').read_text(encoding='utf-8')))
    if not code:
        sys.exit(f'{name}.h begins without an example')
    functions.append(f'static void in_{name}(gyre_engine engine) {{\n(void)engine;\n{code}\n}}\n')
    calls.append(f'engine = make(); puts("-- {name}"); in_{name}(engine); '
                 f'well(gyre_engine_destroy(engine, &error), "gyre_engine_destroy");')
source = work / 'parts.c'
source.write_text('\n'.join([FRAME, *functions, 'int main(void) {\n  gyre_engine engine = 0;',
                             *calls, 'return 0;\n}\n']))
subprocess.run([*sys.argv[4].split(), '-std=c99', '-Wall', '-Wextra', '-pedantic', '-Werror',
                '-I', root / 'capi', source, '-L', libs, '-lgyre', '-o', work / 'parts'],
               check=True)
done = subprocess.run([work / 'parts'], text=True, capture_output=True, timeout=60,
                      env={**os.environ, 'LD_LIBRARY_PATH': str(libs)})
said = dict(re.findall(r'^-- (\w+)\n(.*?)(?=^-- |\Z)', done.stdout, re.S | re.M))
if done.returncode != 0 or set(said) != set(PRINTS):
    sys.exit(f'ended with {done.returncode}\n{done.stdout}{done.stderr}')
for name, wanted in PRINTS.items():
    if not re.fullmatch(wanted, said[name].strip(), re.S):
        sys.exit(f'the example of {name}.h printed {said[name]!r}')
print(f'{len(said)} examples of gyre.h run')

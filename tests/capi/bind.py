#!/usr/bin/env python3
"""Method: fault. What tools/bind wrote is what it would write now; its reader refuses, with the
place, what is not in the header's own style; a function that a language does not reach needs a
reason, and none that it reaches has one.

usage: bind.py <source root>
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(ROOT / 'tools'))
from binding import header, reach  # noqa: E402

HEAD = '/* a.h - an example. */\n#include <stdint.h>\n'
CALL = '@call any thread, short, in callbacks, since 0.1'
STATUS = ('typedef int32_t gyre_status;\nenum gyre_all {\n  GYRE_E_A = -1,\n  GYRE_E_NOMEM = -3,\n'
          '  GYRE_E_INTERNAL = -99\n};\n')
# A text after the head, and what must be said of it.
REFUSED = [
    ('int f(void);\n', 'a.h:3: cannot read "int f(void);"'),
    (f'/** Does it. {CALL} */\nGYRE_API void gyre_f(int a);\n', 'gyre_f: unknown type int'),
    ('/** Does it. */\nGYRE_API void gyre_f(void);\n', 'a.h:4: gyre_f: its comment is to end with'),
    (f'/** Does it. {CALL.replace("short", "brief")} */\nGYRE_API void gyre_f(void);\n',
     'its comment is to end with'),
    (f'/** Does it. {CALL}, soon */\nGYRE_API void gyre_f(void);\n', 'its comment is to end with'),
    (f'{STATUS}/** Does it. {CALL} @status B */\nGYRE_API gyre_status gyre_f(void);\n',
     "gyre_f: unknown status ['GYRE_E_B']"),
    (f'{STATUS}/** Does it. @return GYRE_E_A. {CALL} */\nGYRE_API gyre_status gyre_f(void);\n',
     "gyre_f: @return names ['GYRE_E_A'], @status does not"),
    ('GYRE_API uint32_t gyre_f(void);\n', 'a.h:3: gyre_f has no comment'),
    ('typedef struct gyre_a {\n  uint32_t size;\n} gyre_b;\n', 'gyre_a and gyre_b are one struct'),
    ('typedef struct gyre_a {\n  uint32_t (*size)(void);\n} gyre_a;\n', 'cannot read "uint32_t (*'),
    ('typedef struct gyre_a {\n  uint32_t size : 3;\n} gyre_a;\n',
     'cannot read "uint32_t size : 3"'),
    ('enum gyre_e { GYRE_A };\n', 'a.h:3: cannot read'),
    ('enum gyre_e {\n  GYRE_A\n};\n', 'a.h:3: cannot read "GYRE_A"'),
]


class Bind(unittest.TestCase):
    def test_what_was_written_is_what_would_be(self):
        done = subprocess.run([sys.executable, ROOT / 'tools' / 'bind', '--check'],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_another_style_is_refused_with_its_place(self):
        for text, wanted in REFUSED:
            with self.subTest(text), tempfile.TemporaryDirectory() as folder:
                capi = pathlib.Path(folder)
                (capi / 'gyre').mkdir()
                (capi / 'gyre.h').write_text('#include "gyre/a.h"\n')
                (capi / 'gyre' / 'a.h').write_text(HEAD + text)
                with self.assertRaises(SystemExit) as refused:
                    header.read(capi)
                self.assertIn(wanted, str(refused.exception))

    def test_nothing_that_is_declared_is_overlooked(self):
        sections = header.read(ROOT / 'capi')
        texts = ''.join(path.read_text() for path in (ROOT / 'capi' / 'gyre').glob('*.h'))
        self.assertEqual(len(header.all_of(sections, 'functions')), texts.count('\nGYRE_API '))
        self.assertEqual(len(header.all_of(sections, 'structs')), texts.count('typedef struct '))

    def test_what_a_language_does_not_reach_has_a_reason(self):
        functions = header.all_of(header.read(ROOT / 'capi'), 'functions')
        there = {language: reach.reached(language) for language in reach.LANGUAGES}
        reach.of(functions, there)
        for name, language, why, said in [
                ('gyre_replay_draw', 'Go', (), 'Go does not reach gyre_replay_draw, and'),
                ('gyre_tiles_greedy', 'TypeScript', (), 'TypeScript does not reach gyre_tiles_'),
                ('', 'Rust', ('Rust', 'gyre_tick_knob'), 'Rust reaches gyre_tick_knob, and there'),
                ('', 'Rust', ('Rust', 'gyre_none'), 'gyre_none is no function')]:
            without = {**there, language: there[language] - {name}}
            with self.subTest(said), self.assertRaises(SystemExit) as refused:
                reach.of(functions, without, [*reach.WHY, ('so', *why)] if why else None)
            self.assertIn(said, str(refused.exception))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])

"""Reads gyre.h and its sections, strictly: what is not in their own style ends the program with the
place. Nothing of C is understood beyond what these headers use.

A section is a file of capi/gyre/ in the order in which gyre.h includes it. Its parts are constants,
names for integers, functions called back, structs and functions; each has its comment as one text.
"""
import dataclasses
import pathlib
import re
import sys

SCALARS = ('uint8_t', 'int32_t', 'uint32_t', 'uint64_t', 'double', 'float', 'char', 'void')
PARTS = [
    ('skip', r'#ifdef __cplusplus\n(?:extern "C" \{|\})\n#endif'),
    ('skip', r'#ifndef GYRE_API\n.*?\n#endif\n#endif'),
    ('skip', r'#(?:ifndef|endif|include)\b[^\n]*'),
    ('note', r'/\*\*(?!<)(.*?)\*/'),
    ('skip', r'/\*.*?\*/'),
    ('constant', r'#define (GYRE_\w+)(?:[ \t]+(\S+))?(?:[ \t]*/\*\*<(.*?)\*/)?(?=\n)'),
    ('integer', r'typedef (\w+) (gyre_\w+);(?:\s*/\*\*<(.*?)\*/)?'),
    ('callback', r'typedef void \(\*(gyre_\w+)\)\(([^)]*)\);'),
    ('struct', r'typedef struct (gyre_\w+) \{\n(.*?)\n\} (gyre_\w+);'),
    ('enum', r'enum \{\n(.*?)\n\};'),
    ('function', r'GYRE_API ([\w ]+?\*?)\s?(gyre_\w+)\(([^)]*)\);'),
]
PATTERN = re.compile('|'.join(f'(?P<{kind}{i}>{text})' for i, (kind, text) in enumerate(PARTS)),
                     re.S)
DECLARED = re.compile(r'\s*([^;/]+?);(?:[ \t]*/\*\*<(.*?)\*/)?', re.S)


@dataclasses.dataclass
class Type:
    """A type as it is written: `base` with so many stars; const or not; of so many in a row."""
    base: str
    stars: int = 0
    const: bool = False
    count: int = 0


@dataclasses.dataclass
class Named:
    """A constant (value), an integer (type), a callback or function (type, parts), a struct (parts:
    its fields), a field or parameter (type)."""
    name: str
    note: str = ''
    value: str = ''
    type: Type = None
    parts: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Section:
    name: str
    title: str
    constants: list = dataclasses.field(default_factory=list)
    integers: list = dataclasses.field(default_factory=list)
    callbacks: list = dataclasses.field(default_factory=list)
    structs: list = dataclasses.field(default_factory=list)
    functions: list = dataclasses.field(default_factory=list)


def plain(note):
    """A comment as one text, without its stars; lines that are empty in it stay."""
    lines = [re.sub(r'^\s*\*?\s?', '', line).rstrip(' \\') for line in (note or '').split('\n')]
    return '\n'.join(line.strip() for line in lines).strip()


def typed(words):
    """A declaration such as `const double* took_ms` or `char text[248]`, with its name."""
    found = re.fullmatch(r'(const )?(\w+)((?:\s*(?:const)?\*)*)\s*(\w+)(?:\[(\d+)\])?', words)
    if not found:
        raise ValueError(f'cannot read "{words}"')
    return Named(found[4], type=Type(found[2], found[3].count('*'), bool(found[1]),
                                     int(found[5] or 0)))


def parameters(words):
    words = ' '.join(words.split())
    return [] if words == 'void' else [typed(word.strip()) for word in words.split(',')]


def fields(body):
    """The fields of a struct; `double a, b;` are two."""
    out, at = [], 0
    while at < len(body) and body[at:].strip():
        found = DECLARED.match(body, at)
        if not found:
            raise ValueError(f'cannot read "{body[at:at + 60].strip()}"')
        first, *others = [word.strip() for word in ' '.join(found[1].split()).split(',')]
        field = typed(first)
        names = [field, *(Named(word, type=field.type) for word in others)]
        for each in names:
            each.note = plain(found[2])
        out += names
        at = found.end()
    return out


class Reader:
    """Fills a section from a file."""

    def __init__(self, path):
        self.path, self.text = path, path.read_text(encoding='utf-8')
        first = self.text.split('\n', 1)[0]
        title = re.fullmatch(r'/\* \w+\.h - (.*?)(?: \*/)?', first)
        if not title:
            self.refuse(0, 'the first line is to be "/* name.h - what it is."')
        self.section, self.note = Section(path.stem, title[1]), ''
        self.shared = ''  # of the function just before, which the next one may share

    def refuse(self, at, why):
        line = self.text.count('\n', 0, at) + 1
        sys.exit(f'{self.path}:{line}: {why}')

    def read(self):
        at = 0
        while True:
            while at < len(self.text) and self.text[at].isspace():
                at += 1
            if at == len(self.text):
                return self.section
            found = PATTERN.match(self.text, at)
            if not found:
                self.refuse(at, f'cannot read "{self.text[at:].splitlines()[0]}"')
            kind = found.lastgroup
            try:
                self.take(kind.rstrip('0123456789'), PARTS[int(re.search(r'\d+', kind)[0])][1],
                          found[0])
            except ValueError as error:
                self.refuse(at, error)
            at = found.end()

    def take(self, kind, pattern, text):
        if kind == 'skip':
            return
        if kind == 'note':
            self.note = plain(text[3:-2])
            return
        groups = re.fullmatch(pattern.replace('(?=\\n)', ''), text, re.S).groups()
        note, self.note = self.note, ''
        shared, self.shared = self.shared, ''
        section = self.section
        if kind == 'constant' and groups[1]:
            section.constants.append(Named(groups[0], plain(groups[2]) or note,
                                           groups[1].strip('()')))
        elif kind == 'integer':
            section.integers.append(Named(groups[1], plain(groups[2]), type=Type(groups[0])))
        elif kind == 'callback':
            section.callbacks.append(Named(groups[0], note, parts=parameters(groups[1])))
        elif kind == 'struct':
            if groups[0] != groups[2]:
                raise ValueError(f'{groups[0]} and {groups[2]} are one struct')
            section.structs.append(Named(groups[0], note, parts=fields(groups[1])))
        elif kind == 'function':
            returned = typed(groups[0] + ' it').type
            self.shared = note = note or shared
            if not note:
                raise ValueError(f'{groups[1]} has no comment')
            section.functions.append(Named(groups[1], note, type=returned,
                                           parts=parameters(groups[2])))


def read(capi):
    """The sections of <capi>/gyre.h, in its order."""
    capi = pathlib.Path(capi)
    main = (capi / 'gyre.h').read_text(encoding='utf-8')
    names = re.findall(r'^#include "gyre/(\w+\.h)"', main, re.M)
    sections = [Reader(capi / 'gyre' / name).read() for name in names]
    check(sections)
    return sections


def check(sections):
    """Every type is one that these headers declare, or a scalar."""
    known = set(SCALARS) | {n.name for s in sections
                            for n in [*s.integers, *s.callbacks, *s.structs]}
    for section in sections:
        for named in [*section.callbacks, *section.structs, *section.functions]:
            for part in named.parts:
                if part.type.base not in known:
                    sys.exit(f'{named.name}: unknown type {part.type.base}')


def all_of(sections, kind):
    """constants, integers, callbacks, structs or functions of all sections, in order."""
    return [named for section in sections for named in getattr(section, kind)]

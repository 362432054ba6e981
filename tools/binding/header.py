"""Reads gyre.h and its sections, strictly: what is not in their own style ends the program with the
place. Nothing of C is understood beyond what these headers use.

A section is a file of capi/gyre/ in the order in which gyre.h includes it. Its parts are constants,
those of an enum in it too, names for integers, functions called back, structs and functions; each
has its comment as one text. A function's comment ends with its tags, which Call explains.
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
    ('enum', r'enum (gyre_\w+) \{\n(.*?)\n\};'),
    ('function', r'GYRE_API ([\w ]+?\*?)\s?(gyre_\w+)\(([^)]*)\);'),
]
PATTERN = re.compile('|'.join(f'(?P<{kind}{i}>{text})' for i, (kind, text) in enumerate(PARTS)),
                     re.S)
ENUMERATOR = re.compile(r'\s*(GYRE_\w+) = (-?\w+)(,?)(?:[ \t]*/\*\*<(.*?)\*/)?', re.S)
# What @call may say, in this order, and what every call may return besides its @status.
THREADS = ('any thread', 'one at a time on a tick', 'one at a time on an engine')
TIMES = ('short', 'may block', 'runs ticks')
CALLBACKS = ('in callbacks', 'not in callbacks')
EXTRAS = ('not in wasm', 'may change')
ANY_CALL = ('NOMEM', 'INTERNAL')
OF_AN_ID = ('STALE', 'KIND', 'FORKED')
STATE_OF = ('gyre_loop', 'gyre_tick')  # still being added; in use by another thread
DECLARED = re.compile(r'\s*([^;/]+?);(?:[ \t]*/\*\*<(.*?)\*/)?', re.S)


@dataclasses.dataclass
class Type:
    """A type as it is written: `base` with so many stars; const or not; of so many in a row."""
    base: str
    stars: int = 0
    const: bool = False
    count: int = 0


@dataclasses.dataclass
class Call:
    """The tags of a function. `@call threads, time, callbacks, since version` with one of THREADS,
    of TIMES and of CALLBACKS, then any of EXTRAS. `@status` names what it may return besides what
    its parameters say: every_status() has all of it."""
    threads: str
    time: str
    callbacks: str
    since: str
    extras: list
    status: list


@dataclasses.dataclass
class Named:
    """A constant (value), an enum (parts: its constants), an integer (type), a callback or function
    (type, parts, call), a struct (parts: its fields), a field or parameter (type)."""
    name: str
    note: str = ''
    value: str = ''
    type: Type = None
    parts: list = dataclasses.field(default_factory=list)
    call: Call = None


@dataclasses.dataclass
class Section:
    name: str
    title: str
    constants: list = dataclasses.field(default_factory=list)
    enums: list = dataclasses.field(default_factory=list)
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


def enumerators(body):
    """The constants of an enum, each with its value written out."""
    out, at = [], 0
    while at < len(body) and body[at:].strip():
        found = ENUMERATOR.match(body, at)
        if not found:
            raise ValueError(f'cannot read "{body[at:at + 60].strip()}"')
        out.append(Named(found[1], plain(found[4]), found[2]))
        at = found.end()
    return out


def tagged(name, note):
    """A function's comment without its tags, and these as a Call."""
    words, *tags = re.split(r'\s*@(?=call|status)', note)
    tags = dict(tag.split(None, 1) for tag in tags)
    said = [word.strip() for word in tags.pop('call', '').split(',')]
    call = Call(*said[:4], said[4:], tags.pop('status', '').split()) if len(said) >= 4 else None
    if call is None or call.threads not in THREADS or call.time not in TIMES \
            or call.callbacks not in CALLBACKS or set(call.extras) - set(EXTRAS) \
            or not re.fullmatch(r'since \d+\.\d+', call.since):
        raise ValueError(f'{name}: its comment is to end with "@call threads, time, callbacks, '
                         f'since version": {THREADS}, {TIMES}, {CALLBACKS}, then any of {EXTRAS}')
    return words.strip(), call


class Reader:
    """Fills a section from a file."""

    def __init__(self, path):
        self.path, self.text = path, path.read_text(encoding='utf-8')
        first = self.text.split('\n', 1)[0]
        title = re.fullmatch(r'/\* \w+\.h - (.*?)(?: \*/)?', first)
        if not title:
            self.refuse(0, 'the first line is to be "/* name.h - what it is."')
        self.section, self.note = Section(path.stem, title[1]), ''

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
        elif kind == 'enum':
            section.enums.append(Named(groups[0], note, parts=enumerators(groups[1])))
            section.constants += section.enums[-1].parts
        elif kind == 'function':
            if not note:
                raise ValueError(f'{groups[1]} has no comment')
            note, call = tagged(groups[1], note)
            section.functions.append(Named(groups[1], note, type=typed(groups[0] + ' it').type,
                                           parts=parameters(groups[2]), call=call))


def read(capi):
    """The sections of <capi>/gyre.h, in its order."""
    capi = pathlib.Path(capi)
    main = (capi / 'gyre.h').read_text(encoding='utf-8')
    names = re.findall(r'^#include "gyre/(\w+\.h)"', main, re.M)
    sections = [Reader(capi / 'gyre' / name).read() for name in names]
    check(sections)
    return sections


def check(sections):
    """Every type is one that these headers declare, or a scalar; every status one of theirs."""
    known = set(SCALARS) | {n.name for s in sections
                            for n in [*s.integers, *s.callbacks, *s.structs]}
    statuses = {c.name for s in sections for c in s.constants}
    for section in sections:
        for named in [*section.callbacks, *section.structs, *section.functions]:
            for part in named.parts:
                if part.type.base not in known:
                    sys.exit(f'{named.name}: unknown type {part.type.base}')
        for function in section.functions:
            listed = {f'GYRE_E_{word}' for word in every_status(sections, function)}
            if listed - statuses:
                sys.exit(f'{function.name}: unknown status {sorted(listed - statuses)}')
            said = set(re.findall(r'GYRE_E_\w+', function.note.partition('@return')[2]))
            if function.type.base == 'gyre_status' and said - listed:
                sys.exit(f'{function.name}: @return names {sorted(said - listed)}, @status does '
                         'not')


def all_of(sections, kind):
    """constants, enums, integers, callbacks, structs or functions of all sections, in order."""
    return [named for section in sections for named in getattr(section, kind)]


def ids(sections):
    """The names of the types that name an object."""
    return {n.name for n in all_of(sections, 'integers') if n.type.base == 'uint32_t'}


def is_id(sections, part):
    """Whether a parameter names an object that must live."""
    return not part.type.stars and (part.type.base in ids(sections) or part.name == 'id')


def every_status(sections, function):
    """What a call may return besides GYRE_OK, without GYRE_E_, in the order of the numbers: what
    gyre.h's manual says of all calls with such parameters, and the function's own @status."""
    if function.type.base != 'gyre_status':
        return []
    structs = {s.name for s in all_of(sections, 'structs')}
    out = [*ANY_CALL, *function.call.status]
    for part in function.parts:
        if is_id(sections, part):
            out += OF_AN_ID
            if part.type.base in STATE_OF:
                out.append('STATE')
        else:
            out.append('ARG')
        if part.type.base in structs and part.type.const:
            out.append('UNSUPPORTED')
    order = [c.name.removeprefix('GYRE_E_') for c in all_of(sections, 'constants')]
    return [word for word in order if word in out] + sorted(set(out) - set(order))

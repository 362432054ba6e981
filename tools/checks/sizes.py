#!/usr/bin/env python3
"""What a reader takes in at once: docs/style.md, Sizes. There are no exceptions.

A file has at most 400 lines. Those of others, of lock files, of files that say on line 1 that they
are generated, and of the built page do not count.

A function has at most 70 lines, from the line of its opening brace (Python: its `def`) to that of
its closing one. A TEST_CASE is a function with its SECTIONs. What lies in a function is part of it:
lambdas, local functions and classes.

A class has at most 15 data members that are not static. Of these types the number does not matter,
since they are plain values: a C++ struct whose member functions are constructors, comparisons and
const functions of one line; a Rust struct without methods; a Go struct without methods; an
interface.

Usage: sizes.py [tree]
"""
import ast
import pathlib
import re

import blocks
import style
import tree

FILE, FUNCTION, MEMBERS = 400, 70, 15
SUFFIXES = (*blocks.LANGUAGES, '.py', '.css', '.sh')
NAMES = ('Makefile', 'meson.build')
BUILT = ('web-demo/gyre.html',)
# A statement of a C++ class that declares no data member.
NO_DATA = re.compile(r'^\s*(using|typedef|friend|static|static_assert|template|enum|class|struct|'
                     r'union|GYRE_\w+ static|inline static|constexpr static)\b')


def counts(name, text):
    """Whether the sizes of this file are ours to keep."""
    path = pathlib.PurePath(name)
    if name in BUILT or path.name in style.LOCKS or style.is_generated(text):
        return False
    return path.suffix in SUFFIXES or path.name in NAMES or not path.suffix and text[:2] == '#!'


def declared(words):
    """How many data members this statement of a C++ class declares."""
    words = blocks.without_angles(blocks.ACCESS.sub('', words))
    words = re.sub(r'\balignas\(\)|^\s*\[\]', '', words)
    if not words.strip(' {}') or NO_DATA.match(words) or 'operator' in words:
        return 0
    before = re.split(r'=|\{', words)[0]
    if '()' in before and '(*' not in before:
        return 0  # a function
    return 1 + re.sub(r'\(.*?\)', '', words).count(',')


def is_function(words):
    """Whether this statement of a C++ class declares a member function."""
    words = blocks.without_angles(blocks.ACCESS.sub('', words)).replace('alignas()', '')
    before = re.split(r'(?<!operator)(?<!operator[=!<])=|\{', words)[0]
    return '()' in before and '(*' not in before and not re.match(
        r'\s*(using|typedef|friend|static_assert)\b', words)


def keeps_plain(struct, words):
    """Whether a struct stays a plain value with a member function of these words."""
    name = re.search(r'\bstruct\b.*?(\w+)\s*(:|final|$)', blocks.without_angles(struct))
    made = name and re.search(rf'(?<![~\w]){name.group(1)}\s*\(', words)
    return bool(made or re.search(r'\bfriend\b|operator\s*(==|<=>)', words))


def is_value(block):
    """Whether this class of C++ is a plain value; see above."""
    if not re.search(r'\bstruct\b', block.words):
        return bool(re.search(r'\bunion\b', block.words))
    bodies = [b.words for b in block.inside if b.kind == 'function'
              and not (b.lines() == 1 and re.search(r'\)\s*const\b', b.words))]
    functions = bodies + [words for words in block.statements if is_function(words)]
    return all(keeps_plain(block.words, words) for words in functions)


def members_in_c(block, _):
    """The data members of a class; 0 for a plain value."""
    return 0 if is_value(block) else sum(declared(words) for words in block.statements)


def listed(words):
    """The entries of a list with commas, without the attributes of Rust."""
    entries = blocks.without_angles(words).split(',')
    return sum(bool(re.search(r'\w+\s*:', re.sub(r'#\[\]', '', entry))) for entry in entries)


def members_in_rust(block, all_blocks):
    name = re.search(r'\bstruct\s+(\w+)', block.words).group(1)
    own = re.compile(rf'\bimpl\b.*\b{name}\b')
    methods = any(b.kind == 'function' and own.search(b.parent.words) and 'self' in b.words
                  for b in all_blocks)
    return listed(block.last_words) if methods else 0


def members_in_go(block, all_blocks):
    name = re.search(r'\btype\s+(\w+)', block.words)
    methods = name and any(re.match(rf'\s*func\s+\(\w*\s*\*?{name.group(1)}\b', b.words)
                           for b in all_blocks)
    fields = [s for s in block.statements + [block.last_words] if s.strip()]
    return sum(1 + s.count(',') for s in fields) if methods else 0


def members_in_js(block, _):
    """The fields of a class and what its constructor keeps of its parameters."""
    fields = [s for s in block.statements
              if s.strip(' {}') and not re.match(r'\s*(static|abstract)\b', s)
              and not re.search(r'\w\(.*\)\s*(:.*)?$', s.split('=')[0])]
    constructor = next((b.words for b in block.inside if 'constructor(' in b.words), '')
    return len(fields) + sum(bool(re.search(r'\b(private|protected|public|readonly) ', entry))
                             for entry in constructor.split(','))


MEMBERS_IN = {'c': members_in_c, 'rust': members_in_rust, 'go': members_in_go, 'js': members_in_js}


def title(words):
    """What to call a block in a finding."""
    words = blocks.without_angles(blocks.ACCESS.sub('', words)).replace('alignas()', '')
    words = re.sub(r'^func\s*(\(.*?\)\s*(?=\w))?|\basync\b|\bfunction\b', ' ', words)
    name = re.search(r'\b(?:class|struct)\b.*?(\w+)\s*(?::|final|$)', words) \
        or re.search(r'([~\w:]+|operator\s*[^\s\w]+)\s*\(', words) \
        or re.search(r'(\w+)\s*=(?!>)', words)
    return name.group(1) if name else 'lambda'


def in_braces(name, text, language):
    """Findings in a text of a language with braces."""
    try:
        found = blocks.blocks(text, language)
    except blocks.Unbalanced as error:
        yield f'{name}:{error}: the brackets do not match'
        return
    for block in found:
        where = f'{name}:{block.first}: {title(block.words)}'
        if block.kind in ('function', 'lambda') and not block.within('function', 'lambda'):
            if block.lines() > FUNCTION:
                yield f'{where}: a function of {block.lines()} lines, at most {FUNCTION}'
        if block.kind == 'class':
            members = MEMBERS_IN[language](block, found)
            if members > MEMBERS:
                yield f'{where}: {members} data members, at most {MEMBERS}'


def kept(function):
    """The names x of each self.x that a Python function assigns to."""
    return {node.attr for node in ast.walk(function)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name) and node.value.id == 'self'}


def in_python(name, text):
    """Findings in a text of Python."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    try:
        top = ast.parse(text)
    except SyntaxError as error:
        yield f'{name}:{error.lineno}: is no Python'
        return
    for node in ast.walk(top):
        if isinstance(node, functions) and node.end_lineno - node.lineno + 1 > FUNCTION:
            yield (f'{name}:{node.lineno}: {node.name}: a function of '
                   f'{node.end_lineno - node.lineno + 1} lines, at most {FUNCTION}')
        if isinstance(node, ast.ClassDef):
            members = set().union(*(kept(f) for f in node.body
                                    if isinstance(f, functions) and f.name == '__init__'))
            if len(members) > MEMBERS:
                yield (f'{name}:{node.lineno}: {node.name}: {len(members)} data members, '
                       f'at most {MEMBERS}')


def check(top):
    findings = []
    for name in tree.files(top):
        text = tree.text(top, name)
        if text is None or not counts(name, text):
            continue
        lines = text.count('\n') + (not text.endswith('\n') and text != '')
        if lines > FILE:
            findings.append(f'{name}: {lines} lines, at most {FILE}')
        suffix = pathlib.PurePath(name).suffix
        if suffix in blocks.LANGUAGES:
            findings.extend(in_braces(name, text, blocks.LANGUAGES[suffix]))
        elif suffix == '.py' or re.match(r'#!.*\bpython', text):
            findings.extend(in_python(name, text))
    return findings


if __name__ == '__main__':
    tree.report('sizes', check(tree.root()))

"""Source text as blocks: what stands in braces, from which line to which, after which words.

For C, C++, Rust, Go, JavaScript and TypeScript. `blank` takes out what is not code; `blocks`
matches the brackets and says of each pair of braces what it is. No grammar is known here: a block
is judged by the words between it and the statement before it, with the inside of (), [] and {} in
them left out. That suffices for code as a formatter leaves it; brackets that do not match raise.
"""
import bisect
import re

LANGUAGES = {'.hpp': 'c', '.cpp': 'c', '.h': 'c', '.c': 'c', '.rs': 'rust', '.go': 'go',
             '.ts': 'js', '.tsx': 'js', '.mjs': 'js', '.js': 'js'}
COMMENT = r'//[^\n]*|/\*.*?\*/'
LINE_TEXT = r'"(?:\\.|[^"\\\n])*"'
# What is no code, by language. The first alternative that matches is taken.
NOT_CODE = {name: re.compile(pattern, re.S | re.M) for name, pattern in {
    # A number goes first, since its 1'000 is no character; a directive goes to the end of its line.
    'c': (r"\b\d[\w.]*(?:'[\w.]+)+|//(?:\\\n|[^\n])*|/\*.*?\*/"
          r'|\b(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"|' + LINE_TEXT +
          r"|'(?:\\.|[^'\\\n])+'|^[ \t]*#(?:\\\n|[^\n])*"),
    'rust': (COMMENT + r'|\bb?r(?P<mark>#*)".*?"(?P=mark)|"(?:\\.|[^"\\])*"'
             r"|'(?:\\u\{[^}]*\}|\\x..|\\.|[^'\\\n])'"),
    'go': COMMENT + '|' + LINE_TEXT + r"|`[^`]*`|'(?:\\.|[^'\\\n])+'",
    # A lone apostrophe is a word's in the text of an element.
    'js': (COMMENT + '|' + LINE_TEXT + r"|'(?:\\.|[^'\\\n])*'|`"
           r'|/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/'),
}.items()}
ACCESS = re.compile(r'\b(public|private|protected)\s*:(?!:)')
LAMBDA_IN_C = re.compile(r'(?<![\w)\]])\[\](\(\))?\s*((mutable|noexcept|constexpr|\(\))\s*)*'
                         r'(->.*)?$')
IF, ELSE, ENDIF = '\x01', '\x02', '\x03'  # what is left of a directive
DIRECTIVES = {'if': IF, 'ifdef': IF, 'ifndef': IF, 'else': ELSE, 'elif': ELSE, 'endif': ENDIF}
TOKEN = re.compile(r'[()\[\]{};\n\x01\x02\x03]')
PAIRS = {')': '(', ']': '[', '}': '{'}
# Parameters of which something is to be known: of a pointer to a function, of a method in Rust and
# Go, of a constructor in TypeScript.
KEPT = {name: re.compile(pattern) for name, pattern in {
    'c': r'\s*\*', 'rust': r"\s*(&\s*('\w+\s+)?)?(mut\s+)?self\b", 'go': r'\w*\s*\*?\w+(\[\])?$',
    'js': r'.*\b(private|protected|public|readonly) '}.items()}


class Unbalanced(Exception):
    """Brackets that do not match; the argument is the line."""


class Block:
    """What stands in a pair of brackets.

    kind: 'function', 'lambda' (one that is part of a statement), 'class', 'scope' (of names, or
    of a statement of JavaScript), 'braces' (any others: lists, parts of a function), '(' and '['.
    words: those before it. first, last: the lines of its brackets. statements: of a class, each
    that ends with a semicolon. inside: the blocks in braces that lie in it directly. last_words:
    those after the last statement.
    """

    def __init__(self, kind, words='', first=1, parent=None):
        self.kind, self.words, self.parent = kind, words, parent
        self.first = self.last = first
        self.statements, self.inside, self.last_words = [], [], ''

    def lines(self):
        return self.last - self.first + 1

    def within(self, *kinds):
        """The nearest block around this one that is of one of these kinds, or None."""
        around = self.parent
        while around and around.kind not in kinds:
            around = around.parent
        return around


def template_end(text, at):
    """Where the JavaScript template that begins at `at` ends; it may hold code with templates."""
    at += 1
    depth = 0
    while at < len(text):
        if text[at] == '\\':
            at += 1
        elif text[at] == '`' and depth == 0:
            return at + 1
        elif text[at] == '`':
            at = template_end(text, at) - 1
        elif text.startswith('${', at):
            depth += 1
            at += 1
        elif depth and text[at] in '{}':
            depth += 1 if text[at] == '{' else -1
        at += 1
    return at


def divides(text, at):
    """Whether the slash at `at` divides or closes an element, so that no pattern begins there."""
    before = text[:at].rstrip()[-6:]
    return not (before == '' or before[-1] in '(,=:[!&|?;{' or before.endswith(('=>', 'return')))


def emptied(found):
    """What is left of what is no code: the quotes around a text, a sign for a directive, lines."""
    if found[0].isdigit():
        return found
    directive = re.match(r'[ \t]*#[ \t]*(\w*)', found)
    if directive:
        return DIRECTIVES.get(directive.group(1), ' ') + re.sub(r'[^\n]', '', found)
    quote = '"' if found[-1] in '"\'`' else ' '
    return quote + re.sub(r'[^\n]', '', found) + quote


def blank(text, language):
    """The text with the same lines, and without comments, texts and directives."""
    pieces = []
    at = 0
    while True:
        found = NOT_CODE[language].search(text, at)
        if not found:
            return ''.join(pieces) + text[at:]
        start, end = found.span()
        if found.group() == '`':
            end = template_end(text, start)
        elif language == 'js' and re.match(r'/[^/*]', found.group()) and divides(text, start):
            pieces.append(text[at:start + 1])
            at = start + 1
            continue
        pieces += [text[at:start], emptied(text[start:end])]
        at = end


def without_angles(words):
    """Template arguments are left out; arrows, shifts and comparisons stay."""
    before = None
    while before != words:
        before, words = words, re.sub(r'(?<![<=\-])<(?!<|=)[^<>;]*(?<![\-=])>', '', words)
    return words


def kind_in_c(words):
    words = ACCESS.sub('', without_angles(words)).replace('alignas()', '')
    if LAMBDA_IN_C.search(words):
        return 'lambda'
    if re.search(r'(?<![=!<>])=(?!=)', re.sub(r'\boperator\s*\W?=', '', words)):
        return 'braces'
    if re.search(r'\bnamespace\b|\bextern\s*"\s*"\s*$', words):
        return 'scope'
    if re.search(r'\brequires\s*(\(\))?\s*$', words):
        return 'braces'
    if '()' not in words:
        named = re.search(r'\b(enum|class|struct|union)\b', words)
        return 'class' if named and named.group() != 'enum' else 'braces'
    # The braces of `constructor() : member{...}` are no body.
    in_initialisers = re.search(r'\)[^()]*[^:]:(?!:).*[\w>]\s*$', words)
    return 'braces' if in_initialisers else 'function'


def kind_in_rust(words):
    if re.search(r'\bfn\s+\w+', words) and '=' not in without_angles(words):
        return 'function'
    if re.search(r'\bstruct\s+\w+', words):
        return 'class'
    scope = re.search(r'\b(impl|trait|mod|extern|enum|union|macro_rules!)', words)
    return 'scope' if scope else 'braces'


def kind_in_go(words):
    if re.search(r'\bfunc\b[^=]*$', words) and not re.search(r'\b(interface|struct)\s*$', words):
        return 'function' if re.match(r'\s*func\s+(\w|\()', words) else 'lambda'
    return 'class' if re.match(r'\s*type\s.*\bstruct\s*$', words) else 'braces'


def kind_in_js(words):
    if words.rstrip().endswith('=>'):
        return 'lambda'
    if re.search(r'\bclass\b', words) and '=' not in words:
        return 'class'
    if re.search(r'\bfunction\b[^=]*\([^=]*[^:=]$', words.replace('=>', '').rstrip()):
        return 'lambda' if re.search(r'[=,:]\s*(async\s+)?function\b', words) else 'function'
    method = re.search(r'(^|,)\s*((async|static|get|set|private|public|override)\s+)*[*#]?[\w$]+\s*'
                       r'\(.*\)\s*(:.*[^:\s])?\s*$', without_angles(words))
    if re.search(r'(^|\s)((if|for|while|switch|catch)\s*\(\)|else|try|finally)$', words) \
            or re.match(r'((export|declare|default|const)\s+)*(interface|enum|namespace)\b', words):
        return 'scope'
    return 'function' if method else 'braces'


KIND = {'c': kind_in_c, 'rust': kind_in_rust, 'go': kind_in_go, 'js': kind_in_js}


class Reader:
    """Matches the brackets of one text; `done` is what it found, in the order of the ends."""

    def __init__(self, text, language):
        self.text, self.language = blank(text, language), language
        self.starts = [m.start() for m in re.finditer('\n', self.text)]
        self.open = [Block('file')]
        self.branches = []  # of each open #if: what was open at it, what was open where it ended
        self.done = []

    def read(self):
        at = 0
        for token in TOKEN.finditer(self.text):
            self.open[-1].last_words += self.text[at:token.start()]
            at = token.end()
            self.take(token.group(), bisect.bisect_left(self.starts, token.start()) + 1)
        if len(self.open) > 1:
            raise Unbalanced(self.open[-1].first)
        return self.done

    def take(self, sign, line):
        top = self.open[-1]
        if sign in '([{':
            words = top.last_words.strip()
            kind = KIND[self.language](words) if sign == '{' else sign
            self.open.append(Block(kind, words, line, top))
        elif sign in ')]}':
            self.close(sign, line)
        elif sign == ';' or sign == '\n' and self.language == 'go' and top.kind not in '([':
            top.statements.append(top.last_words.strip())
            top.last_words = ''
        elif sign == '\n':
            top.last_words += ' '
        else:
            self.branch(sign, line)

    def close(self, sign, line):
        block = self.open.pop()
        opened = block.kind if block.kind in '([' else '{'
        if not self.open or opened != PAIRS[sign]:
            raise Unbalanced(line)
        block.last = line
        around = self.open[-1]
        if opened != '{':
            kept = opened == '(' and KEPT[self.language].match(block.last_words)
            around.last_words += opened + (block.last_words if kept else '') + sign
            around.inside += block.inside
            return
        if block not in around.inside:  # else it ended in another branch too
            self.done.append(block)
            around.inside.append(block)
        if block.kind in ('function', 'class', 'scope'):
            around.last_words = ''
        else:
            around.last_words += '{}'

    def branch(self, sign, line):
        """Each branch of an #if begins with what was open there; what follows goes on the first."""
        if sign == IF:
            self.branches.append([self.state(), None])
            return
        if not self.branches:
            raise Unbalanced(line)
        before, first = self.branches[-1]
        if sign == ELSE:
            self.branches[-1][1] = first or self.state()
            self.resume(before)
        else:
            self.branches.pop()
            self.resume(first or self.state())

    def state(self):
        return [(block, block.last_words, list(block.statements)) for block in self.open]

    def resume(self, state):
        self.open = [block for block, _, _ in state]
        for block, words, statements in state:
            block.last_words, block.statements = words, statements


def blocks(text, language):
    """All blocks in braces, in the order in which they end."""
    return Reader(text, language).read()

#!/usr/bin/env python3
"""Method: golden. What the reader of blocks finds in small texts that are hard to read, and how
many data members the check of sizes counts in classes, as a person would say."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'tools' / 'checks'))
import blocks  # noqa: E402
import sizes  # noqa: E402

# language, text, the lines of each function that is part of no other
FUNCTIONS = [
    ('c', 'int f() {\n  return 1;\n}\n', [3]),
    ('c', 'int f()\n    noexcept\n{\n}\n', [2]),
    ('c', 'namespace {\nint f() {\n}\n}  // namespace\nint main() {\n\n}\n', [2, 3]),
    ('c', 'extern "C" {\nint f(void) {\n}\n}\nextern "C" int g() {\n}\n', [2, 2]),
    # Not code: comments, texts, characters, digits, raw texts, directives.
    ('c', '// {\n/* { \n{ */ int f() { // }\n}\n', [2]),
    ('c', 'const char* f() {\n  return "\\"{" \'{\' \'\\\'\' "//";\n}\n', [3]),
    ('c', 'int f() {\n  return 1\'000 + 0x1\'f + u8R"a({)" }\n{)a"[0];\n}\n', [4]),
    ('c', '#define A(b) { \\\n  {\n#include "a{"\nint f() {\n}\n', [2]),
    # Branches: each begins with what was open at the #if; what follows goes on from the first.
    ('c', '#if A\nint f() {\n#elif B\nint f(int) {\n\n#else\nint f(long) {\n#endif\n}\n', [8]),
    ('c', 'int f() {\n#ifdef A\n  if (a) {\n#else\n  {\n#endif\n  }\n}\n', [8]),
    ('c', '#ifdef A\nextern "C" {\n#endif\nint f() {\n}\n#ifdef A\n}\n#endif\n', [2]),
    ('c', '#if A\n#if B\nint f() {\n}\n#endif\n#else\nint f() {\n\n}\n#endif\n', [2, 3]),
    ('c', 'int f() {\n#if A\n}\n#else\n  if (g) {}\n}\n#endif\nint h() {\n}\n', [6, 2]),
    # Lists in braces, and members that are made with them, are no functions.
    ('c', 'const int a[] = {\n  1,\n};\nint b{\n3};\nx c = f({\n});\n'
          'enum class d : int {\n  e\n};\n',
     []),
    ('c', 'struct a {\n  a(int b) : c{b}, d(b), e<int>{b} {\n\n  }\n  int c{}, d;\n};\n', [3]),
    ('c', 'a::a(int b) noexcept : c{b}\n{\n  f();\n}\n', [3]),
    # Templates, operators, trailing types, constraints.
    ('c', 'template <class T, int N = 3>\nauto f(T a) -> std::vector<T> {\n}\n', [2]),
    ('c', 'template <class T> requires requires(T t) { t.f(); }\nvoid f(T) {\n}\n', [2]),
    ('c', 'template <class T>\nconcept a = requires(T t) {\n  { t.f() };\n};\n', []),
    ('c', 'struct a {\na& operator=(const a&) {\n}\nbool operator==(a) const {\n}\n'
          'bool operator<(a) const {\n}\nint operator[](int i) {\n}\nint operator()(int) {\n}\n'
          'a* operator->() {\n}\n};\n', [2] * 6),
    # Lambdas are part of what holds them, and functions where nothing does.
    ('c', 'int f() {\n  g([&](int a) {\n    h();\n  });\n}\n', [5]),
    ('c', 'const auto f = [a = b{1}](int) mutable -> int {\n};\nauto g = [] {\n\n};\n', [2, 3]),
    ('c', 'const row a[] = {\n  {1, [](int b) {\n   }},\n};\n', [2]),
    # Local classes are part of the function; nested ones hold functions.
    ('c', 'int f() {\n  struct a {\n    int g() {\n    }\n  };\n}\n', [6]),
    ('c', 'class a : public b<c> {\n public:\n  class d final {\n    ~d() {\n    }\n  };\n};\n',
     [2]),
    ('c', 'TEST_CASE("a") {\n  SECTION("b") {\n  }\n}\n', [4]),
    ('c', '[[nodiscard]] static struct a f(void) {\n}\n', [2]),
    ('rust', "impl<'a> A<'a> {\n    fn f<'b>(&'b self, c: char) -> &'b str where A: B {\n"
             "        if c == '{' || c == '\\'' { r#\"}\"{\"# } else { \"\n}\" }\n    }\n}\n", [4]),
    ('rust', 'mod a {\n  extern "C" fn f(a: [u8; 2]) {\n  }\n}\nconst A: B = B {\n c: 1 };\n',
     [2]),
    ('rust', 'fn f() {\n    a.map(|b| {\n        b\n    });\n}\n', [5]),
    ('go', 'func (a *A) F(b map[string]int) (int, error) {\n'
     '\tc := "{" + `\n{` + string(\'{\')\n}\n',
     [4]),
    ('go', 'var a = []int{\n1}\ntype B interface {\n\tC()\n}\n'
     'func f() {\n\tgo func() {\n\t}()\n}\n',
     [4]),
    ('js', "test('it\\'s {', async () => {\n  for (const a of b) {\n  }\n});\n", [4]),
    ('js', 'const a = `{ ${b(() => { return `}${c}`; })} \\` {`;\nfunction f() {\n}\n', [2]),
    ('js', 'const a = b.replace(/[{/]"/g, c) / 2 / d; // {\nfunction f(): { a: number } {\n}\n',
     [2]),
    ('js', "const A = () => {\n  return <p a={b} c='{'>don't {d} <br /></p>;\n};\n", [3]),
    ('js', 'function f() {\n  if (a / b) { c(d / e); }\n}\n', [3]),
    ('js', 'export class A {\n  #b = 1;\n  private c(d: E): F {\n  }\n  get g() {\n  }\n'
           '  h = () => {\n  };\n}\n', [2, 2, 2]),
    ('js', 'export interface A {\n  b(): C;\n}\nfunction f(a: B): () => number {\n}\n', [2]),
    ('js', 'if (a) {\n  b();\n}\nexport default function F({ a, b }: C) {\n}\n', [2]),
    ('js', 'export const a = {\n  b() {\n  },\n  c: (d) => {\n\n  },\n};\n', [2, 3]),
]

# language, text, data members by class in the order of their ends; 0 for plain values
MEMBERS = [
    ('c', 'class a {\n public:\n  a();\n  int b() const;\n private:\n  int c = 1, d{2};\n};\n',
     [2]),
    ('c', 'class a {\n  std::map<int, int> b, *c; std::function<void(int)> d;\n'
          '  void (*e)(int, int);\n  static int f; static constexpr int g = 1; using h = int;\n'
          '  friend class i;\n'
          '  alignas(64) std::atomic<int> j{0}; int k[2] = {1, 2}; mutable int l : 3;\n'
          '  int m = f(1, 2); x n = [](int) { return 1; };\n  operator int() const;\n'
          '  a& operator=(const a&) = delete;\n  class i {\n    int o; };\n  i p; };\n', [1, 10]),
    ('c', 'struct a {\n  int b, c;\n};\nstruct d {\n  int e;\n  d(int f) : e(f) {\n  }\n'
          '  int g() const { return e; }\n  bool operator==(const d&) const = default;\n};\n',
     [0, 0]),
    ('c', 'struct a {\n  int b, c;\n  void d() { ++b; }\n};\n', [2]),
    ('c', 'struct a {\n  int b, c;\n  int d() const {\n    return b;\n  }\n};\n', [2]),
    ('c', 'struct a {\n  int b, c;\n  ~a();\n};\nstruct {\n  int d; };\n', [2, 0]),
    ('c', 'class a {\n#if A\n  int b;\n#else\n  int c;\n#endif\n};\n', [1]),
    ('rust', 'struct A {\n    #[cfg(b)]\n    b: Vec<(u8, u8)>,\n    pub c: HashMap<u8, u8>,\n}\n'
             'impl A {\n    fn f(&mut self) {\n    }\n}\n', [2]),
    ('rust', 'struct A {\n    b: u8,\n}\nimpl A {\n    fn new() -> A {\n    }\n}\n', [0]),
    ('go', 'type A struct {\n\tb, c int // d\n\te map[int]int\n}\nfunc (a *A) F() {\n}\n', [3]),
    ('go', 'type A struct {\n\tb int\n}\nfunc F(a *A) {\n}\n', [0]),
    ('js', 'class A {\n  b = 1;\n  #c: D = { e: 2 };\n  static f = 3;\n  g?: () => void;\n'
           '  constructor(private readonly h: I, j: K) {\n  }\n  l(): M {\n  }\n}\n', [4]),
]


def outer(text, language):
    return [b.lines() for b in blocks.blocks(text, language)
            if b.kind in ('function', 'lambda') and not b.within('function', 'lambda')]


def members(text, language):
    found = blocks.blocks(text, language)
    return [sizes.MEMBERS_IN[language](b, found) for b in found if b.kind == 'class']


class Blocks(unittest.TestCase):
    def test_functions_are_found_with_their_lines(self):
        for language, text, lines in FUNCTIONS:
            with self.subTest(language, text=text):
                self.assertEqual(outer(text, language), lines)

    def test_data_members_are_counted(self):
        for language, text, numbers in MEMBERS:
            with self.subTest(language, text=text):
                self.assertEqual(members(text, language), numbers)

    def test_lines_stay_where_they_are(self):
        for language, text, _ in FUNCTIONS + MEMBERS:
            with self.subTest(language, text=text):
                self.assertEqual(blocks.blank(text, language).count('\n'), text.count('\n'))

    def test_brackets_that_do_not_match_are_told_with_their_line(self):
        for text, line in [('int f() {\n', 1), ('int a;\n}\n', 2), ('int f(\n}\n', 2),
                           ('\n#endif\n', 2), ('f() {\n  (]\n}\n', 2)]:
            with self.subTest(text=text), self.assertRaises(blocks.Unbalanced) as told:
                blocks.blocks(text, 'c')
            self.assertEqual(told.exception.args, (line,))

    def test_members_of_python_are_those_of_its_constructor(self):
        fields = ''.join(f'        self.a{i}, self.b = 1, 2\n' for i in range(15))
        text = f'class A:\n    def __init__(self):\n{fields}    def f(self):\n        self.c = 1\n'
        self.assertEqual(list(sizes.in_python('a.py', text)),
                         ['a.py:1: A: 16 data members, at most 15'])


if __name__ == '__main__':
    unittest.main()

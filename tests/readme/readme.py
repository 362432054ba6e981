#!/usr/bin/env python3
"""Compiles and runs every block of README.md as it stands, and compares what it prints with the
block of text that follows; numbers that the C++ program measures may differ, their places may not.
tools/fresh does the lines of sh, too.
It also compiles and links with the engine compiled once, if that is given. What ninja finds to be
as before is not compiled again.

usage: readme.py <source root> <folder to work in> [<folder of libgyre> [<libgyre-compiled.a>]]
"""
import os
import re
import shutil
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, 'capi'), os.path.join(TESTS, 'checks')]
import by_ninja  # noqa: E402
import go_settings  # noqa: E402


def blocks(readme):
    return re.findall(r'^```(\w+)\n(.*?)^```$', readme, re.S | re.M)


def shape(text):
    """The text with each number, and each run of blanks, made alike; chosen levels too."""
    text = re.sub(r', a change noticed \d+ ticks ago', '', text)  # or not: it depends on the times
    text = re.sub(r'\d+(\.\d+)?', '#', text)
    return re.sub(r'[ \t]+', ' ', text).strip()


def run(command, folder, **environment):
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True, timeout=300,
                          env={**os.environ, **environment})
    if done.returncode != 0:
        sys.exit(f'{" ".join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout


def write(path, code):
    """A file that is there already is not touched."""
    if os.path.exists(path):
        with open(path, encoding='utf-8') as f:
            if f.read() == code:
                return
    with open(path, 'w', encoding='utf-8') as f:
        f.write(code)


def project(folder, files):
    """A folder with these files and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
    return folder


def rust(code, root, work, libs):
    """What the program prints in a project that depends on the crate."""
    crate = os.path.join(root, 'capi', 'rust')
    folder = project(os.path.join(work, 'rust'), {
        'src/main.rs': code,
        'Cargo.toml': '[package]\nname = "theirs"\nversion = "0.1.0"\nedition = "2021"\n'
                      f'[dependencies]\ngyre = {{ path = "{crate}" }}\n[workspace]\n'})
    return run(['cargo', 'run', '--quiet', '--offline'], folder, GYRE_LIB_DIR=libs,
               LD_LIBRARY_PATH=libs, CARGO_TARGET_DIR=os.path.join(work, 'cargo'))


def go(code, root, work, libs):
    """What the program prints in a module that requires ours, as README.md says."""
    with open(os.path.join(root, 'README.md'), encoding='utf-8') as f:
        edit = re.search(r'^(go mod edit .*)$', f.read(), re.M)[1]
    capi = os.path.join(root, 'capi')
    folder = project(os.path.join(work, 'go'), {
        'main.go': code,
        'go.mod': 'module theirs.example/a\n\ngo 1.19\n'})
    settings = go_settings.settings(capi, libs, os.path.join(os.path.dirname(work), 'capi'))
    run(edit.replace('../capi/go', os.path.join(capi, 'go')).split(), folder, **settings)
    return run(['go', 'run', '.'], folder, **settings)


def check_links(root, readme):
    prose = re.sub(r'^```.*?^```$', '', readme, flags=re.S | re.M)
    for link in re.findall(r'\]\(([^)#]+)\)', prose):
        if '://' not in link and not os.path.exists(os.path.join(root, link)):
            sys.exit(f'README.md links {link}, which is not there')


def check_verbs(root, code):
    with open(os.path.join(root, 'Makefile'), encoding='utf-8') as f:
        verbs = re.findall(r'^(\w+):', f.read(), re.M)
    for verb in re.findall(r'\bmake (\w+)', code.replace('install make', '')):
        if verb not in verbs:
            sys.exit(f'README.md says "make {verb}", the Makefile does not know it')


def main():
    root, work, *more = [os.path.abspath(path) for path in sys.argv[1:]]
    libs = more[0] if more else None
    with open(os.path.join(root, 'README.md'), encoding='utf-8') as f:
        readme = f.read()
    compile_line = re.search(r'^(g\+\+ .*?) && ./a.out$', readme, re.M).group(1)
    os.makedirs(work, exist_ok=True)
    found = blocks(readme)
    ran = 0
    for i, (language, code) in enumerate(found):
        expected = next((text for kind, text in found[i + 1:i + 3] if kind == 'text'), None)
        if language == 'cpp':
            if len(code.splitlines()) > 25:
                sys.exit(f'the C++ program has {len(code.splitlines())} lines, at most 25')
            path = os.path.join(work, 'main.cpp')
            write(path, code)
            out = os.path.join(work, 'cpp.out')
            command = [path if word == 'main.cpp' else word for word in compile_line.split()]
            kept = [sys.executable, by_ninja.__file__, os.path.join(work, 'kept')]
            run([*kept, *command, '-o', out], root)
            got = run([out], root)
            if len(more) > 1:
                run([*kept, *command, '-DGYRE_SEPARATE_COMPILATION', '-o', out + '2', more[1],
                     '-lz'], root)
        elif language == 'c':
            if libs is None:
                continue
            path = os.path.join(work, 'main.c')
            with open(path, 'w', encoding='utf-8') as f:
                f.write(code)
            out = os.path.join(work, 'c.out')
            run(['cc', '-std=c99', '-Wall', '-Wextra', '-pedantic', '-Werror', '-I',
                 os.path.join(root, 'capi'), path, '-L', libs, '-lgyre', '-Wl,-rpath,' + libs,
                 '-o', out], root)
            got = run([out], root)
        elif language == 'python':
            if libs is None:
                continue
            got = run([sys.executable, '-c', code], root, PYTHONPATH=os.path.join(
                root, 'capi', 'python'), GYRE_LIBRARY=os.path.join(libs, 'libgyre.so'))
        elif language in ('rust', 'go'):
            if libs is None or not shutil.which({'rust': 'cargo', 'go': 'go'}[language]):
                continue
            got = {'rust': rust, 'go': go}[language](code, root, work, libs)
        elif language == 'sh':
            check_verbs(root, code)
            continue
        else:
            continue
        ran += 1
        if expected is None:
            sys.exit(f'README.md does not show what its {language} program prints')
        measured = language == 'cpp'  # the others go by the virtual clock
        if (shape(got) != shape(expected)) if measured else (got != expected):
            sys.exit(f'the {language} program printed\n{got}\nREADME.md says\n{expected}')
    check_links(root, readme)
    print(f'{ran} programs ran and printed what README.md says')


main()

#!/usr/bin/env python3
"""Compiles and runs every block of README.md as it stands, and compares what it prints with the
block of text that follows; numbers that are measured may differ, their places may not. The C++
program also compiles and links with the engine compiled once, if that is given.

usage: readme.py <source root> <folder to work in> [<folder of libgyre> [<libgyre-compiled.a>]]
"""
import os
import re
import subprocess
import sys


def blocks(readme):
    return re.findall(r'^```(\w+)\n(.*?)^```$', readme, re.S | re.M)


def shape(text):
    """The text with each number, and each run of blanks, made alike; chosen levels too."""
    text = re.sub(r'\d+(\.\d+)?', '#', text)
    return re.sub(r'[ \t]+', ' ', text).strip()


def run(command, folder, **environment):
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True, timeout=300,
                          env={**os.environ, **environment})
    if done.returncode != 0:
        sys.exit(f'{" ".join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout


def main():
    root, work = sys.argv[1], sys.argv[2]
    libs = sys.argv[3] if len(sys.argv) > 3 else None
    with open(os.path.join(root, 'README.md'), encoding='utf-8') as f:
        readme = f.read()
    compile_line = re.search(r'^`(g\+\+ .*?) && ./a.out`$', readme, re.M).group(1)
    os.makedirs(work, exist_ok=True)
    found = blocks(readme)
    ran = 0
    for i, (language, code) in enumerate(found):
        expected = found[i + 1][1] if i + 1 < len(found) and found[i + 1][0] == 'text' else None
        if language == 'cpp':
            if len(code.splitlines()) > 25:
                sys.exit(f'the C++ program has {len(code.splitlines())} lines, at most 25')
            path = os.path.join(work, 'main.cpp')
            with open(path, 'w', encoding='utf-8') as f:
                f.write(code)
            out = os.path.join(work, 'cpp.out')
            command = [path if word == 'main.cpp' else word for word in compile_line.split()]
            run(command + ['-o', out], root)
            got = run([out], root)
            if len(sys.argv) > 4:
                run([*command, '-DGYRE_SEPARATE_COMPILATION', '-o', out + '2', sys.argv[4], '-lz'],
                    root)
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
        elif language == 'sh':
            with open(os.path.join(root, 'Makefile'), encoding='utf-8') as f:
                verbs = re.findall(r'^(\w+):', f.read(), re.M)
            for line in code.splitlines():
                tool, verb = line.split()
                if tool != 'make' or verb not in verbs:
                    sys.exit(f'README.md says "{line}", the Makefile does not know it')
            continue
        else:
            continue
        ran += 1
        if expected is None:
            sys.exit(f'README.md does not show what its {language} program prints')
        if shape(got) != shape(expected):
            sys.exit(f'the {language} program printed\n{got}\nREADME.md says\n{expected}')
    prose = re.sub(r'^```.*?^```$', '', readme, flags=re.S | re.M)
    for link in re.findall(r'\]\(([^)#]+)\)', prose):
        if '://' not in link and not os.path.exists(os.path.join(root, link)):
            sys.exit(f'README.md links {link}, which is not there')
    print(f'{ran} programs ran and printed what README.md says')


main()

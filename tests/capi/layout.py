#!/usr/bin/env python3
"""Compares every struct of gyre.h, field by field, with the table that no version may change. The
structs stand in its sections, gyre/*.h.

layout.py <source root> <scratch directory> <C compiler> <Rust compiler> [--update]
layout.txt has a line a field: name, offset on 64-bit machines, offset on wasm32; and a line a
struct: name and sizes. A released line never changes, fields are only appended. The wasm32 column
is checked where a clang that knows the target is installed. Also says which structs differ between
the two: only those in `two_pointers`, where two pointers stand side by side. Where rustc is here,
the structs of ffi.rs are compared with the C compiler's, too.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

two_pointers = {"gyre_decisions", "gyre_knob", "gyre_feature", "gyre_record", "gyre_query",
                "gyre_serve_options"}

root, scratch, compiler, rustc = sys.argv[1:5]
os.makedirs(scratch, exist_ok=True)
sections = sorted(glob.glob(os.path.join(root, "capi", "gyre", "*.h")))
plain = re.sub(r"/\*.*?\*/", "", "".join(open(name).read() for name in sections), flags=re.S)

rows = []  # (name in the table, C expression)
for body, name in re.findall(r"typedef struct \w+ \{(.*?)\} (\w+);", plain, flags=re.S):
    for declaration in body.split(";")[:-1]:
        for field in declaration.split(","):
            field = re.sub(r"\[\d+\]", "", field).split()[-1].lstrip("*")
            rows.append((name + "." + field, "offsetof(%s, %s)" % (name, field)))
    rows.append((name, "sizeof(%s)" % name))

source = os.path.join(scratch, "layout.c")
with open(source, "w") as out:
    out.write('#include "gyre.h"\n#include <stddef.h>\nconst unsigned table[] = {\n')
    out.writelines("    %s,\n" % expression for _, expression in rows)
    out.write("};\n")


def numbers(*command):
    """Compiles to assembly and reads the table out of it: nothing needs to run."""
    text = subprocess.run([*command, "-std=c99", "-O0", "-S", "-o", "-", "-I",
                           os.path.join(root, "capi"), source],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    start = re.search(r"^table:", text, flags=re.M).end()
    found = re.findall(r"^\s*\.(?:long|int32|int|word)\s+(\d+)", text[start:], flags=re.M)
    assert len(found) >= len(rows), "cannot read the compiler's assembly"
    return [int(n) for n in found[:len(rows)]]


native = numbers(*compiler.split())
wasm = None
for clang in ["clang", "clang-14", "clang-15", "clang-16", "clang-17", "clang-18", "clang-19"]:
    target = [clang, "--target=wasm32-unknown-emscripten", "-ffreestanding"]
    if shutil.which(clang) and subprocess.run(
            target + ["-x", "c", "-S", "-o", os.devnull, os.devnull],
            stderr=subprocess.DEVNULL).returncode == 0:
        wasm = numbers(*target)
        break

golden = os.path.join(root, "tests", "capi", "layout.txt")
if "--update" in sys.argv:
    assert wasm, "the table needs a clang that knows wasm32"
    with open(golden, "w") as out:
        out.write("# written by tests/capi/layout.py --update; name, 64-bit, wasm32\n")
        out.writelines("%s %d %d\n" % (r[0], n, w) for r, n, w in zip(rows, native, wasm))

wanted = {}
for line in open(golden):
    if not line.startswith("#"):
        name, a, b = line.split()
        wanted[name] = (int(a), int(b))

bad = 0
for i, (name, _) in enumerate(rows):
    if name not in wanted:
        print(name, "is not in layout.txt: run this with --update")
    elif native[i] != wanted[name][0] or (wasm and wasm[i] != wanted[name][1]):
        print(name, "moved: it is", native[i], wasm and wasm[i], "and was", *wanted[name])
    elif wanted[name][0] != wanted[name][1] and name.split(".")[0] not in two_pointers:
        print(name, "differs between 64-bit and wasm32: pair each pointer with a double")
    else:
        continue
    bad += 1
for name in wanted.keys() - {row[0] for row in rows}:
    print(name, "is gone")
    bad += 1
for name, _ in rows:
    if (name in wanted and "." not in name and name + ".size" in wanted
            and wanted[name + ".size"][0]):
        print(name, "does not start with size")
        bad += 1

# The Rust declarations name the same fields in the same order, of the same sizes.
ffi = os.path.join(root, "capi", "rust", "gyre-sys", "src", "lib.rs")
said = []  # lines of a program that prints each offset and size
for name, body in re.findall(r"^abi_struct!\([^{]*?^    (\w+) \{(.*?)\}\);",
                             open(ffi).read(), flags=re.S | re.M):
    fields = re.findall(r"^\s*(?:r#)?(\w+):", body, flags=re.M)
    if fields != [row[0].split(".")[1] for row in rows if row[0].startswith(name + ".")]:
        print("ffi.rs:", name, "has other fields than gyre.h")
        bad += 1
    said.append("let s = ffi::%s::default(); let at = &s as *const _ as usize;" % name)
    said += ['println!("%s.%s {}", &s.r#%s as *const _ as usize - at);' % (name, f, f)
             for f in fields]
    said.append('println!("%s {}", std::mem::size_of_val(&s));' % name)
if shutil.which(rustc):
    source = os.path.join(scratch, "layout.rs")
    program = os.path.join(scratch, "layout-rust")
    with open(source, "w") as out:
        out.write('#![allow(dead_code)]\n#[path = "%s"]\nmod ffi;\nfn main() {\n%s\n}\n'
                  % (ffi, "\n".join(said)))
    subprocess.run([rustc, "--edition", "2021", "-o", program, source], check=True)
    c = {row[0]: str(n) for row, n in zip(rows, native)}
    for line in subprocess.run([program], check=True, stdout=subprocess.PIPE,
                               text=True).stdout.splitlines():
        name, number = line.split()
        if c.get(name) != number:
            print("ffi.rs:", name, "is", number, "and in C", c.get(name))
            bad += 1
else:
    print("no", rustc)
print(len(rows), "offsets and sizes,", "64-bit and wasm32" if wasm else "64-bit only: no clang")
sys.exit(1 if bad else 0)

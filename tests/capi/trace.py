#!/usr/bin/env python3
"""One C program over gyre.h, built natively and by Emscripten, prints the same trace hash.

trace.py <native program> <source root> <scratch directory> [zlib sources]
Without emcc, node or zlib's sources only the native half runs, and the test says so. What is
compiled for wasm is compiled again where ninja finds that it has changed.
"""
import glob
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "checks"))
import by_ninja  # noqa: E402

native, root, scratch = sys.argv[1:4]
zlib = sys.argv[4] if len(sys.argv) > 4 else ""
os.makedirs(scratch, exist_ok=True)


def output(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, **options)
    print(done.stdout, end="", flush=True)
    if done.returncode != 0:
        sys.exit(1)
    return done.stdout


mine = output(native)
if not zlib:  # tools/setup unpacks the distribution's sources of zlib there
    found = sorted(glob.glob(os.path.join(root, "subprojects", "zlib*", "zlib.h")))
    zlib = os.path.dirname(found[0]) if found else ""
for what, there in [("emcc", shutil.which("em++")), ("node", shutil.which("node")),
                    ("the sources of zlib in subprojects/", zlib)]:
    if not there:
        print("no " + what + ": the wasm half is left out")
        sys.exit(0)

env = dict(os.environ)
debian = "/usr/share/nodejs"  # emcc's own scripts need Debian's modules
if os.path.isdir(debian):
    env["NODE_PATH"] = debian
program = os.path.join(scratch, "trace.wasm.js")
sources = [os.path.join(zlib, name + ".c") for name in
           ["adler32", "crc32", "deflate", "infback", "inffast", "inflate", "inftrees", "trees",
            "zutil"]]
objects = []


def compile_to_wasm(compiler, source, *options):
    """One of the objects."""
    objects.append(os.path.join(scratch, os.path.basename(source) + ".o"))
    subprocess.run([sys.executable, by_ninja.__file__, os.path.join(scratch, "trace-kept"),
                    compiler, "-O1", "-ffp-contract=off", *options, "-I" + zlib, "-c", source,
                    "-o", objects[-1]], env=env, check=True)


for source in sources + [os.path.join(root, "tests", "capi", "trace.c")]:
    compile_to_wasm("emcc", source, "-w")
compile_to_wasm("em++", os.path.join(root, "capi", "gyre.cpp"), "-std=c++20", "-fno-exceptions",
                "-fno-rtti", "-msimd128", "-I" + os.path.join(root, "include"))
subprocess.run(["em++", "-O1", "-fno-exceptions", "-fno-rtti", *objects,
                "-sALLOW_MEMORY_GROWTH=1", "-sSINGLE_FILE=1", "-o", program], env=env, check=True)
theirs = output("node", program, env=env)
if mine != theirs:
    print("native and wasm differ")
    sys.exit(1)
print("native and wasm agree")

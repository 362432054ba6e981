#!/usr/bin/env python3
"""Builds one language's example over libgyre, runs it, and checks what it says. For Rust and Go
also what their wrappers promise beyond it: wrapper.rs beside this, gyre_test.go.

examples.py c|manual|rust|go <source root> <directory of libgyre.so> <scratch directory> <compiler>
Exit 0: well. 77: the compiler is not here (Meson counts it as skipped).
"""
import os
import re
import shutil
import subprocess
import sys

from go_settings import settings

language, root, lib, scratch, compiler = sys.argv[1:6]
capi = os.path.join(root, "capi")
os.makedirs(scratch, exist_ok=True)
env = dict(os.environ, LD_LIBRARY_PATH=lib, LIBRARY_PATH=lib)
program = os.path.join(scratch, "example-" + language)


def run(*command, **options):
    print("+", " ".join(command), flush=True)
    return subprocess.run(command, check=True, timeout=300, **{"env": env, **options})


def build_c(source):
    run(*compiler.split(), "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I" + capi,
        source, "-L" + lib, "-lgyre", "-o", program)


def their_module():
    """Another module requires ours."""
    where = os.path.join(scratch, "go-theirs")
    shutil.rmtree(where, ignore_errors=True)
    os.makedirs(where)
    with open(os.path.join(where, "go.mod"), "w") as out:
        out.write("module theirs.example/a\n\ngo 1.19\n\nrequire gyre.example/gyre v0.1.0\n\n"
                  "replace gyre.example/gyre => %s\n" % os.path.join(capi, "go"))
    shutil.copy(os.path.join(capi, "go", "examples", "tune", "main.go"), where)
    run(compiler, "build", "-o", os.path.join(scratch, "go-theirs-program"), ".", cwd=where)


def crates():
    """The crates with the library compiled in: their tests, those of the documentation, and no
    warning of what else is here."""
    nowhere = os.path.join(scratch, "no-packages")
    env.pop("GYRE_LIB_DIR", None)
    env.update(PKG_CONFIG_LIBDIR=nowhere, PKG_CONFIG_PATH=nowhere,
               CXX="clang++" if shutil.which("clang++") else "c++",
               CARGO_TARGET_DIR=os.path.join(scratch, "cargo"), RUSTFLAGS="-D warnings",
               RUSTDOCFLAGS="-D warnings")
    cargo = ["cargo", "--offline", "--quiet"]
    where = os.path.join(capi, "rust")
    run(*cargo, "test", "--features", "bundled", cwd=where)
    run(*cargo, "doc", "--no-deps", "--features", "bundled", cwd=where)
    if shutil.which("cargo-clippy"):  # links nothing: the library is not compiled for it once more
        run(*cargo, "clippy", "--all-targets", "--features", "bundled", "--", "-D", "warnings",
            cwd=where, env={**env, "GYRE_LIB_DIR": lib})


if not shutil.which(compiler.split()[0]):
    print("no", compiler)
    sys.exit(77)

if language == "c":
    build_c(os.path.join(capi, "examples", "tuner.c"))
    said = run(program, stdout=subprocess.PIPE, text=True).stdout
    print(said)
    assert re.match(r"read: level 1, none costs 2.*\nwrite: level 9, zlib costs 2", said), said
    build_c(os.path.join(capi, "examples", "tune.c"))
elif language == "manual":  # the example at the top of gyre.h, as it stands there
    source = os.path.join(scratch, "manual.c")
    with open(os.path.join(capi, "gyre.h")) as header:
        comment = header.read().split("*/")[0]
    lines = [line[7:] for line in comment.splitlines()
             if line.startswith(" *     ") or line == " *"]
    text = "\n".join(lines)
    with open(source, "w") as out:
        out.write(text[text.index("#include <gyre.h>"):text.index("cc -std=c99")])
    build_c(source)
elif language == "rust":
    rust = os.path.join(capi, "rust")
    rlib = os.path.join(scratch, "libgyre.rlib")
    flags = ["--edition", "2021", "-D", "warnings", "-O"]
    sys_rlib = os.path.join(scratch, "libgyre_sys.rlib")
    run(compiler, *flags, "--crate-type", "rlib", "--crate-name", "gyre_sys", "-o", sys_rlib,
        os.path.join(rust, "gyre-sys", "src", "lib.rs"))
    flags += ["--extern", "gyre_sys=" + sys_rlib, "-L", "dependency=" + scratch]
    run(compiler, *flags, "--crate-type", "rlib", "--crate-name", "gyre", "-o", rlib,
        os.path.join(rust, "src", "lib.rs"))
    run(compiler, *flags, "--extern", "gyre=" + rlib, "-L", "native=" + lib, "-l", "gyre",
        "-o", program, os.path.join(rust, "examples", "tune.rs"))
    wrapper = os.path.join(scratch, "wrapper")
    run(compiler, *flags, "--extern", "gyre=" + rlib, "-L", "native=" + lib, "-l", "gyre",
        "-o", wrapper, os.path.join(root, "tests", "capi", "wrapper.rs"))
    said = run(wrapper, stdout=subprocess.PIPE, text=True).stdout
    print(said)
    assert re.fullmatch(r"(.*: true\n){8}", said), "the wrapper does not keep a promise"
    if shutil.which("cargo"):
        crates()
elif language == "go":
    env.update(settings(capi, lib, os.path.abspath(scratch)))
    their_module()
    # With the race detector, and with every store of a Go pointer into C's memory looked at.
    version = subprocess.run([compiler, "env", "GOVERSION"], env=env, check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    new = tuple(int(n) for n in re.findall(r"\d+", version)[:2]) >= (1, 21)
    checks = {"GOEXPERIMENT": "cgocheck2"} if new else {"GODEBUG": "cgocheck=2"}
    # With these vet, too, so that what both read is compiled once.
    run(compiler, "vet", "-race", "./...", cwd=os.path.join(capi, "go"), env={**env, **checks})
    # -count=1: of libgyre go does not know that it is another, and its cache has results, too.
    run(compiler, "test", "-count=1", "-race", "./...", cwd=os.path.join(capi, "go"),
        env={**env, **checks})
    run(compiler, "build", "-o", program, "./examples/tune", cwd=os.path.join(capi, "go"))

env.update(GODEBUG="cgocheck=1")
output = run(program, stdout=subprocess.PIPE, text=True).stdout
print(output)

if language == "manual":
    said = re.fullmatch(r"ship ran (\d+) times and earned (-?[\d.]+) a tick\n", output)
    assert said, "unexpected output"
    assert 450 <= int(said[1]) <= 501 and float(said[2]) > 4.5, "it did not learn"
    sys.exit(0)
learned, default, ticks = re.search(r"learned ([\d.]+) default ([\d.]+) over (\d+) ticks",
                                    output).groups()
assert float(learned) > 1.2 * float(default), "what was learned is no better than the default"
assert float(learned) > 10.5 and 950 <= int(ticks) <= 1050, "it did not find the best settings"
loops, ticks, errors = re.search(r"(\d+) loops (\d+) ticks (\d+) errors", output).groups()
assert int(loops) == 120 and int(ticks) >= 2000 and int(errors) == 0, "the 120 loops are not well"
if language != "c":
    assert "a panic is an error: true" in output, "a panic was not a failed tick"
if language == "go":
    assert "ticks took time: true" in output, "durations are not measured"
if language == "rust":
    assert "its text is kept: true" in output, "the panic's text was lost"

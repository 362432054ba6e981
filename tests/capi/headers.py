#!/usr/bin/env python3
"""gyre.h and each of its sections compile alone, twice in one file, as C99, C11 and C++, without a
warning; and gyre.h includes every section.

headers.py <source root> <C compiler> <C++ compiler>
"""
import glob
import os
import re
import subprocess
import sys

root, c, cpp = sys.argv[1:4]
capi = os.path.join(root, "capi")
sections = sorted(glob.glob(os.path.join(capi, "gyre", "*.h")))
strict = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only", "-I" + capi]
languages = [[*c.split(), "-std=c99", "-x", "c"], [*c.split(), "-std=c11", "-x", "c"],
             [*cpp.split(), "-std=c++11", "-x", "c++"]]

bad = 0
for header in [os.path.join(capi, "gyre.h"), *sections]:
    name = os.path.relpath(header, capi)
    for language in languages:
        done = subprocess.run([*language, *strict, "-"], text=True, stderr=subprocess.PIPE,
                              input='#include "%s"\n' % name * 2 + "extern int nothing;\n")
        if done.returncode != 0:
            print(" ".join(language), name, done.stderr[:2000], sep="\n")
            bad += 1
with open(os.path.join(capi, "gyre.h")) as header:
    included = re.findall(r'^#include "(gyre/\w+\.h)"', header.read(), flags=re.M)
known = [os.path.relpath(section, capi) for section in sections]
if sorted(included) != known:
    print("gyre.h includes", sorted(included), "of", known)
    bad += 1
print(len(sections) + 1, "headers in", len(languages), "languages")
sys.exit(1 if bad or len(sections) < 8 else 0)

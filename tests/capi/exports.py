#!/usr/bin/env python3
"""The names that libgyre.so exports are the functions that gyre.h and its sections declare, no more
and no fewer.

exports.py <source root> <libgyre.so>
"""
import glob
import os
import re
import shutil
import subprocess
import sys

root, library = sys.argv[1:3]
sections = "".join(open(name).read()
                   for name in glob.glob(os.path.join(root, "capi", "gyre", "*.h")))
declared = set(re.findall(r"^GYRE_API [\w* ]+?\*?(\w+)\(", sections, flags=re.M))
if not shutil.which("nm"):
    print("no nm")
    sys.exit(77)
lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                       stdout=subprocess.PIPE, text=True).stdout.splitlines()
exported = {line.split()[-1].split("@")[0] for line in lines if line.split()[-2] != "A"}
print(len(declared), "declared,", len(exported), "exported")
print("declared and not exported:", sorted(declared - exported))
print("exported and not declared:", sorted(exported - declared))
sys.exit(0 if declared == exported and len(declared) > 40 else 1)

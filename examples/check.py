#!/usr/bin/env python3
"""check.py <program> <its source>: runs it and compares what it prints with the lines that its
source gives under `// Prints:`."""
import difflib
import re
import subprocess
import sys

program, source = sys.argv[1:]
with open(source, encoding='utf-8') as file:
    block = re.search(r'^// Prints:\n((?://.*\n)+)', file.read(), re.M)
if not block:
    sys.exit(f'{source} has no lines under "// Prints:"')
wanted = [re.sub(r'^//( {3})?', '', line) for line in block.group(1).splitlines()]
done = subprocess.run([program], capture_output=True, text=True, timeout=60)
printed = done.stdout.rstrip('\n').splitlines()
if done.returncode != 0 or printed != wanted:
    print('\n'.join(difflib.unified_diff(wanted, printed, 'wanted', 'printed', lineterm='')))
    sys.exit(f'{program} ended with {done.returncode}: {done.stderr}')

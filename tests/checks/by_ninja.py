#!/usr/bin/env python3
"""Runs a compiler as it is told to, unless ninja finds that neither the command nor anything that
it reads has changed since this made the same file: then that is put there again. For tests of what
compiles the engine without a build system that would know.

usage: by_ninja.py <folder to keep> <compiler> <argument>...  with -o and a file among them
"""
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

RULE = """builddir = {folder}
rule compile
  command = {command}
  depfile = $out.d
  deps = gcc
  rspfile = $out.reads
  rspfile_content = {reads}
build {out}: compile {inputs}
"""


def quoted(text):
    return text.replace('$', '$$').replace('\n', ' ')


def path(text):
    """As a file of ninja has it."""
    return re.sub(r'([$ :])', r'$\1', str(text))


def reads(command):
    """The compiler, and each file that its arguments name; headers it says itself."""
    words = [part for word in command[1:] for part in re.split('[,=]', word)]
    return [os.path.realpath(shutil.which(command[0])),
            *(word for word in words if os.path.isfile(word))]


def as_old_as_their_bytes(folder, record):
    """Gives each file there the time at which it first had these bytes, for what was unpacked anew.
    @param record a file to remember that in"""
    known = json.loads(record.read_text()) if record.exists() else {}
    found = {}
    for file in sorted(path for path in folder.rglob('*') if path.is_file()):
        name, digest = str(file.relative_to(folder)), hashlib.sha256(file.read_bytes()).hexdigest()
        was, at = known.get(name, ('', 0))
        found[name] = digest, at if was == digest else time.time_ns()
        os.utime(file, ns=(found[name][1],) * 2)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(found))


def run(folder, command, **more):
    """What subprocess.run says of it; its output is there where it failed.
    @param folder for files that -o names alike, only one"""
    command = [str(word) for word in command]
    at = command.index('-o') + 1
    out = pathlib.Path(command[at])
    if not shutil.which('ninja') or not shutil.which(command[0]):
        return subprocess.run(command, **more)
    folder = pathlib.Path(folder).resolve() / f'{out.name}.kept'
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / out.name
    inputs = reads(command[:at - 1] + command[at + 1:])
    command[at] = str(made)
    command += ['-MD', '-MF', f'{made}.d', '-MQ', str(made)]
    # The folder and the names of inputs are part of what ninja compares, as the command is.
    (folder / 'build.ninja').write_text(RULE.format(
        folder=path(folder), command=quoted(shlex.join(command)), out=path(made),
        reads=quoted(' '.join([os.getcwd(), *inputs])), inputs=' '.join(map(path, inputs))))
    done = subprocess.run(['ninja', '-f', folder / 'build.ninja'], **more)
    if done.returncode == 0:
        shutil.copy(made, out)
    return done


if __name__ == '__main__':
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    done = run(sys.argv[1], sys.argv[2:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
               text=True)
    if done.returncode != 0:
        sys.exit(done.stdout)

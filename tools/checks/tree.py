"""What the checks share: the tracked files of the tree, and how findings are told."""
import pathlib
import re
import subprocess
import sys

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.M)


def root():
    """The tree to check: the first argument, else the one that this file lies in."""
    if len(sys.argv) > 1:
        return pathlib.Path(sys.argv[1]).resolve()
    return pathlib.Path(__file__).resolve().parents[2]


def files(top):
    """Paths relative to `top` of every file that git tracks or would track; all files without git.

    Files not added yet count, so that a check fails before the commit and not after it.
    """
    if (top / '.git').exists():
        listed = subprocess.run(
            ['git', '-C', str(top), 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
            capture_output=True, check=True).stdout.decode().split('\0')
        names = sorted(set(name for name in listed if name))
    else:
        names = sorted(str(p.relative_to(top)) for p in top.rglob('*') if p.is_file())
        names = [n for n in names if not re.match(r'build|.*node_modules/|.*target/', n)]
    return [name for name in names if (top / name).is_file() and not (top / name).is_symlink()]


def links(top):
    """Paths relative to `top` of every symbolic link that git tracks or would track; all without
    git."""
    if not (top / '.git').exists():
        return sorted(str(p.relative_to(top)) for p in top.rglob('*') if p.is_symlink())
    listed = subprocess.run(
        ['git', '-C', str(top), 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
        capture_output=True, check=True).stdout.decode().split('\0')
    return [name for name in sorted(set(listed)) if name and (top / name).is_symlink()]


def text(top, name):
    """The file's text, or None where it is not text."""
    data = (top / name).read_bytes()
    if b'\0' in data[:8192]:
        return None
    return data.decode('utf-8', errors='replace')


def headers(top):
    """Paths relative to include/gyre/ of every public header."""
    base = top / 'include' / 'gyre'
    return sorted(p.relative_to(base).as_posix() for p in base.rglob('*.hpp'))


def report(what, findings):
    """Prints what was found and ends the program: 0 when there was nothing."""
    for finding in findings:
        print(finding)
    print(f'{what}: {len(findings)} finding{"s" * (len(findings) != 1)}')
    sys.exit(1 if findings else 0)

"""What go is told by each test that builds Go over libgyre, so that all share one cache."""
import hashlib
import os
import pathlib
import shutil
import subprocess


def outside(capi, libs):
    """A name of what a build reads outside of the module: the headers, and what the library has."""
    library = pathlib.Path(libs) / 'libgyre.so'
    said = library.read_bytes()
    if shutil.which('nm'):
        listed = subprocess.run(['nm', '-D', '--defined-only', library], check=True,
                                stdout=subprocess.PIPE).stdout
        said = b'\n'.join(sorted(line.split(b' ', 1)[1] for line in listed.splitlines()))
    digest = hashlib.sha256(said)
    for header in sorted(pathlib.Path(capi).glob('**/*.h')):
        digest.update(header.read_bytes())
    return digest.hexdigest()[:16]


def settings(capi, libs, scratch):
    """The environment in which go finds libgyre as pkg-config would say it, were it installed.
    @param scratch where the cache is"""
    packages = os.path.join(scratch, 'go-packages')
    os.makedirs(packages, exist_ok=True)
    written = os.path.join(packages, f'{os.getpid()}.new')
    with open(written, 'w', encoding='utf-8') as out:
        out.write('Name: libgyre\nDescription: of the build\nVersion: 0\n'
                  f'Cflags: -I{capi}\nLibs: -L{libs} -lgyre\n')
    os.replace(written, os.path.join(packages, 'libgyre.pc'))
    # LIBRARY_PATH: pkg-config leaves its -L out then. Of what a package reads outside of its folder
    # go's cache does not know: a folder that is not there, of another name, has it built again.
    return {'CGO_ENABLED': '1', 'PKG_CONFIG_PATH': packages, 'GOFLAGS': '-mod=mod',
            'GOPROXY': 'off', 'GOTOOLCHAIN': 'local', 'GOCACHE': os.path.join(scratch, 'go-cache'),
            'LD_LIBRARY_PATH': str(libs), 'LIBRARY_PATH': str(libs),
            'CGO_LDFLAGS': f'-O2 -g -L{os.path.join(scratch, "none-" + outside(capi, libs))}'}

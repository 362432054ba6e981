"""What pip asks to build the Python package: a wheel with the library inside, for this kind of
machine and any Python 3. CXX names the compiler (c++), CXXFLAGS adds to what it is told."""
import base64
import hashlib
import os
import pathlib
import re
import shlex
import subprocess
import sys
import sysconfig
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LINUX = ['-Wl,--version-script=' + str(ROOT / 'capi' / 'gyre.map'), '-Wl,-z,nodelete',
         '-static-libstdc++', '-static-libgcc']  # what a user's machine may lack
METADATA = '''Metadata-Version: 2.1
Name: gyre
Version: {version}
Summary: Supervised, measured loops that tune their own settings
License: MIT
Requires-Python: >=3.8
Description-Content-Type: text/markdown

{readme}'''
WHEEL = '''Wheel-Version: 1.0
Generator: gyre
Root-Is-Purelib: false
Tag: {tag}
'''


def version():
    text = (ROOT / 'include/gyre/core/version.hpp').read_text(encoding='utf-8')
    return re.search(r'version_text = "([\d.]+)', text)[1]


def library():
    """The bytes of libgyre.so, compiled here."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, 'libgyre.so')
        command = [*shlex.split(os.environ.get('CXX', 'c++')), '-std=c++20', '-O2', '-fPIC',
                   '-shared', '-fvisibility=hidden', '-ffp-contract=off',
                   *shlex.split(os.environ.get('CXXFLAGS', '')), '-I' + str(ROOT / 'include'),
                   '-I' + str(ROOT / 'capi'), str(ROOT / 'capi' / 'gyre.cpp'), '-o', out,
                   *(LINUX if sys.platform == 'linux' else []), '-lz', '-pthread']
        try:
            subprocess.run(command, check=True)
        except FileNotFoundError:
            sys.exit(f'gyre is compiled for this machine, and there is no {command[0]}')
        return pathlib.Path(out).read_bytes()


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    tag = 'py3-none-' + re.sub(r'[-.]', '_', sysconfig.get_platform())
    info = f'gyre-{version()}.dist-info'
    readme = (ROOT / 'README.md').read_text(encoding='utf-8')
    files = {f'gyre/{path.name}': path.read_bytes()
             for path in sorted((HERE / 'gyre').iterdir()) if path.suffix in ('.py', '.typed')}
    files['gyre/py.typed'] = b''
    files['gyre/libgyre.so'] = library()
    files[f'{info}/METADATA'] = METADATA.format(version=version(), readme=readme).encode()
    files[f'{info}/WHEEL'] = WHEEL.format(tag=tag).encode()
    files[f'{info}/LICENSE'] = (ROOT / 'LICENSE').read_bytes()
    record = ''.join(f'{name},sha256={digest(data)},{len(data)}\n' for name, data in files.items())
    files[f'{info}/RECORD'] = f'{record}{info}/RECORD,,\n'.encode()
    name = f'gyre-{version()}-{tag}.whl'
    with zipfile.ZipFile(os.path.join(wheel_directory, name), 'w') as wheel:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path)  # of 1980: the same files are the same wheel
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            wheel.writestr(entry, data)
    return name


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()


def build_sdist(sdist_directory, config_settings=None):
    """The source as tools/dist packs it, with what marks it as a Python package."""
    sys.path.insert(0, str(ROOT / 'tools' / 'checks'))
    import tree
    import tarfile
    import io
    top, name = f'gyre-{version()}', f'gyre-{version()}.tar.gz'
    with tarfile.open(os.path.join(sdist_directory, name), 'w:gz') as tar:
        for path in tree.files(ROOT):
            tar.add(ROOT / path, f'{top}/{path}')
        data = METADATA.format(version=version(), readme='').encode()
        entry = tarfile.TarInfo(f'{top}/PKG-INFO')
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))
    return name

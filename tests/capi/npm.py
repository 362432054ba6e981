#!/usr/bin/env python3
"""Method: use. The npm package as `npm pack` packs it, in a project of its own: the TypeScript
program of README.md has no error of types, nor has one over columns. The former runs in Node and
prints what README.md says; bundled by esbuild, with the module as a file beside the bundle, it
prints the same.

usage: npm.py <source root> <gyre.wasm> <folder to work in>
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

# A schema's columns have its types, and no others.
TYPED = '''import { load } from 'gyre';
const gyre = await load();
const columns = { seen: { type: 'f32', count: 2 }, reward: 'f64', end: 'u8' } as const;
const replay = gyre.replay({ columns });
replay.push({ seen: [1, 2], reward: 1, end: 0 });
const { slots, weights } = replay.draw(1);
const seen: Float32Array = replay.column('seen', slots);
const reward: Float64Array = replay.read(slots).reward;
const action: Uint32Array = gyre.dqn({ inputs: 2, actions: 2 }).act(seen);
const one: number = gyre.learner({ states: 2, actions: 2 }).greedy(1);
// @ts-expect-error
replay.push({ seen: [1, 2], reward: 1 });
// @ts-expect-error
replay.column('other', slots);
// @ts-expect-error
const wrong: Float32Array = replay.column('end', slots);
// @ts-expect-error
gyre.tiles({ axes: [{ low: 0, high: 1 }], actions: 2 });
// @ts-expect-error
gyre.replay({ columns: { seen: 'f16' } });
console.log(weights, reward, action, one, wrong);
'''
root, wasm, work = [pathlib.Path(path).resolve() for path in sys.argv[1:4]]
page = root / 'web-demo'
theirs = work / 'theirs'


def run(*command, folder=work):
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        sys.exit(f'{" ".join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout


def check(said):
    if said != expected:
        sys.exit(f'the program printed {said!r}, README.md says {expected!r}')


shutil.rmtree(work, ignore_errors=True)
theirs.mkdir(parents=True)
readme = (root / 'README.md').read_text(encoding='utf-8')
program, expected = re.search(r'^```ts\n(.*?)^```\n+```text\n(.*?)^```', readme,
                              re.S | re.M).groups()

run('node', page / 'tools' / 'npm.mjs', '--wasm', wasm, '--out', work / 'npm')
run('npm', 'pack', '--silent', work / 'npm')
packed, = work.glob('*.tgz')
with tarfile.open(packed) as tar:
    names = {name.removeprefix('package/') for name in tar.getnames()}
    tar.extractall(work / 'unpacked')
if not {'index.js', 'gyre.wasm', 'package.json', 'types/npm.d.ts', 'LICENSE',
        'README.md'} <= names:
    sys.exit(f'packed is {sorted(names)}')
(theirs / 'node_modules').mkdir()
(work / 'unpacked' / 'package').rename(theirs / 'node_modules' / 'gyre')

(theirs / 'main.ts').write_text(program)
(theirs / 'typed.ts').write_text(TYPED)
run('node', page / 'node_modules' / 'typescript' / 'bin' / 'tsc', 'main.ts', 'typed.ts', '--noEmit',
    '--strict', '--ignoreConfig', '--target', 'es2022', '--module', 'esnext',
    '--moduleResolution', 'bundler', '--lib', 'es2023,dom', '--types', '', folder=theirs)
esbuild = [page / 'node_modules' / '.bin' / 'esbuild', '--format=esm', '--target=es2022']
run(*esbuild, 'main.ts', '--outfile=main.mjs', folder=theirs)
check(run('node', 'main.mjs', folder=theirs))

bundled = program.replace("import { load } from 'gyre';",
                          "import { load } from 'gyre';\nimport wasm from 'gyre/gyre.wasm';")
(theirs / 'bundled.ts').write_text(
    bundled.replace('load()', 'load(new URL(wasm, import.meta.url))'))
run(*esbuild, 'bundled.ts', '--bundle', '--loader:.wasm=file', '--outfile=out/bundle.mjs',
    folder=theirs)
shutil.rmtree(theirs / 'node_modules')
check(run('node', 'bundle.mjs', folder=theirs / 'out'))
print(f'{packed.name}: {packed.stat().st_size:,} bytes, runs in Node, alone and bundled')

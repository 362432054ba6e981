// npm.mjs - makes the folder that `npm pack` packs: node npm.mjs --wasm <gyre.wasm> --out <folder>
// Room: page, tools. Threads: one. Of wasm/: its loader as one ES module, its types, the module.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import esbuild from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({ options: { wasm: { type: 'string' }, out: { type: 'string' } } });
const out = resolve(values.out);
const source = join(root, '..', 'wasm');
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

await esbuild.build({
  entryPoints: [join(source, 'npm.ts')], bundle: true, format: 'esm', target: 'es2022', charset: 'utf8', outfile: join(out, 'index.js'),
  banner: { js: '// Generated from wasm/npm.ts by web-demo/tools/npm.mjs.' }, logLevel: 'warning',
});
execFileSync(process.execPath, [
  join(root, 'node_modules', 'typescript', 'bin', 'tsc'), join(source, 'npm.ts'), '--ignoreConfig', '--declaration', '--emitDeclarationOnly',
  '--rewriteRelativeImportExtensions', '--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler', '--lib',
  'es2023,dom', '--types', '', '--strict', '--skipLibCheck', '--outDir', join(out, 'types'),
], { stdio: 'inherit' });
const types = join(out, 'types');
for (const name of readdirSync(types)) {
  const text = readFileSync(join(types, name), 'utf8');
  writeFileSync(join(types, name), text.replace(/(from|import\() ?'(\.\/\w+)\.ts'/g, "$1 '$2.js'"));
}
copyFileSync(join(source, 'package.json'), join(out, 'package.json'));
for (const name of ['LICENSE', 'README.md']) copyFileSync(join(root, '..', name), join(out, name));
copyFileSync(resolve(values.wasm), join(out, 'gyre.wasm'));

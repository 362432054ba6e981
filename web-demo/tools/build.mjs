// build.mjs - makes the one file: npm run build -- --wasm <gyre.wasm> --out <page.html> [--loader <index.js>]
// Room: page, tools. Threads: one. The same input gives the same bytes.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import esbuild from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: { wasm: { type: 'string' }, out: { type: 'string' }, loader: { type: 'string' } },
});
/** A path as the caller meant it: npm runs this in web-demo/, wherever it was called. */
const given = (path) => resolve(process.env.INIT_CWD ?? process.cwd(), path);
const out = values.out ? given(values.out) : join(root, 'gyre.html');
const read = (path) => readFileSync(join(root, path), 'utf8');
const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const common = {
  bundle: true, minify: true, write: false, metafile: true, legalComments: 'none', charset: 'utf8', absWorkingDir: root,
  format: 'iife', target: ['chrome100', 'firefox100', 'safari16.4'], jsx: 'automatic', jsxImportSource: 'preact', logLevel: 'warning',
};

const terms = (name) => read(`node_modules/${name}/${readdirSync(join(root, 'node_modules', name)).find((f) => /^licen[cs]e(\.md)?$/i.test(f))}`).trim();

/** The licences of every package that is in the bundle, then of what is in the module. */
function notices(inputs) {
  const names = new Set();
  for (const path of inputs) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (found) names.add(found[1]);
  }
  const parts = [`gyre\n\n${readFileSync(join(root, '../LICENSE'), 'utf8').trim()}`];
  for (const name of [...names].sort()) {
    const about = JSON.parse(read(`node_modules/${name}/package.json`));
    parts.push(`${name} ${about.version}, ${about.license}\n\n${terms(name)}`);
  }
  parts.push(read('src/notices.txt').trim());
  return parts.join(`\n\n${'-'.repeat(72)}\n\n`) + '\n';
}

if (values.loader) {
  const loader = await esbuild.build({ entryPoints: [join(root, '../wasm/index.ts')], bundle: true, format: 'esm', target: 'es2022', write: false, charset: 'utf8' });
  mkdirSync(dirname(given(values.loader)), { recursive: true });
  writeFileSync(given(values.loader), `// Generated from wasm/index.ts by web-demo/tools/build.mjs.\n${loader.outputFiles[0].text}`);
}

/** Of the loader, what the page never calls: tuners, networks, tiles and replay by themselves, columns, the list of what other modules export. */
const uncalled = {
  'columns.ts': 'export const chosen = () => null, endsOf = chosen, loaded = chosen, same = chosen, saved = chosen;',
  'dqn.ts': 'export class Dqn {} export const dqn = () => null;',
  'exports.ts': 'export const EXPORTS = [];',
  'replay.ts': 'export class Replay {} export const replay = () => null;',
  'tiles.ts': 'export class Tiles {} export const tiles = () => null;',
  'tuner.ts': 'export class Tuner {} export const learned = () => null, report = learned;',
};
const without = {
  name: 'without',
  setup(build) {
    build.onResolve({ filter: /^\.\/\w+\.ts$/ }, ({ path, importer }) => {
      if (!/\/wasm\/\w+\.ts$/.test(importer) || !Object.hasOwn(uncalled, path.slice(2))) return undefined;
      return { path: path.slice(2), namespace: 'uncalled' };
    });
    build.onLoad({ filter: /./, namespace: 'uncalled' }, ({ path }) => ({ contents: uncalled[path] }));
  },
};
const worker = await esbuild.build({ ...common, plugins: [without], entryPoints: [join(root, 'src', 'worker', 'worker.ts')] });
const scan = await esbuild.build({ ...common, entryPoints: ['src/main.tsx'], minify: false });
const text = notices([...Object.keys(scan.metafile.inputs), ...Object.keys(worker.metafile.inputs)]);
const main = await esbuild.build({
  ...common,
  entryPoints: ['src/main.tsx'],
  define: { GYRE_WORKER: JSON.stringify(worker.outputFiles[0].text), GYRE_NOTICES: JSON.stringify(text) },
});
const program = main.outputFiles[0].text.trim();
const boot = await esbuild.build({ ...common, entryPoints: ['src/boot.ts'] });
const script = boot.outputFiles[0].text.trim();
if (/<\/script/i.test(script)) throw new Error('the script would end itself');
/** Without the legend, which is the page's own. */
const ofCharts = read('node_modules/uplot/dist/uPlot.min.css').replace(/\.u-(title|legend|inline|series)[^{}]*\{[^}]*\}/g, '');
const css = await esbuild.transform(`${ofCharts}\n${read('src/page.css')}`, { loader: 'css', minify: true, charset: 'utf8' });
const style = css.code.trim();

/** As a .lzma file that says its size: 15 % smaller than by gzip, and Python, which Meson needs, packs it. */
function packed(bytes) {
  const program = `import lzma, sys
data = sys.stdin.buffer.read()
out = lzma.compress(data, lzma.FORMAT_ALONE, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20,
  "lc": 3, "lp": 0, "pb": 0, "nice_len": 273, "mf": lzma.MF_BT4, "depth": 1000}])
sys.stdout.buffer.write(out[:5] + len(data).to_bytes(8, "little") + out[13:])`;
  const { status, stdout } = spawnSync('python3', ['-c', program], { input: bytes, maxBuffer: 1 << 26, stdio: ['pipe', 'pipe', 'inherit'] });
  if (status !== 0) throw new Error('python3 did not pack the module');
  return stdout;
}

const wasm = values.wasm ? packed(readFileSync(given(values.wasm))).toString('base64') : '';
const csp = [
  "default-src 'none'",
  `script-src ${hash(script)} ${hash(program)} 'wasm-unsafe-eval'`,
  `style-src ${hash(style)}`,
  'worker-src blob:',
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
const parts = { CSP: csp, STYLE: style, WASM: wasm, PROGRAM: packed(Buffer.from(program)).toString('base64'), SCRIPT: script };
const html = read('src/page.html').replace(/%(CSP|STYLE|WASM|PROGRAM|SCRIPT)%/g, (_, key) => parts[key]);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, html);
const kb = (n) => `${(n / 1024).toFixed(0)} KiB`;
console.log(`${out}: ${kb(html.length)}, ${kb(gzipSync(html, { level: 9 }).length)} gzip (program ${kb(program.length)}, ${kb((parts.PROGRAM.length * 3) / 4)} packed, module ${kb((wasm.length * 3) / 4)} packed)`);

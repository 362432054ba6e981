// test.mjs - runs the page's tests: npm test -- [--jobs <files at a time>] [--page <page.html>] [--wasm <gyre.wasm>] [--run <run.jsonl> | --demo <gyre-demo>] [--strained <program>] [--without <file>] [file …]
// Room: page, tools. Threads: one file after the other unless told; most of the time a test waits for the page's engine.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const tests = resolve(dirname(fileURLToPath(import.meta.url)), '../tests');
const { values, positionals } = parseArgs({ allowPositionals: true, options: { jobs: { type: 'string', default: '1' }, page: { type: 'string' }, wasm: { type: 'string' }, run: { type: 'string' }, demo: { type: 'string' }, strained: { type: 'string' }, without: { type: 'string' } } });
const asked = (f) => positionals.length === 0 || positionals.some((p) => f.startsWith(p));
const left = (f) => values.without !== undefined && f.startsWith(values.without);
const files = readdirSync(tests).filter((f) => f.endsWith('.test.mjs') && asked(f) && !left(f));
if (files.length === 0) {
  console.error(`no file of ${tests} begins with ${positionals.join(' or ')}`);
  process.exit(1);
}
const env = { ...process.env };
if (values.demo) env.GYRE_DEMO = resolve(process.env.INIT_CWD ?? '.', values.demo);
if (values.page) env.GYRE_PAGE = resolve(process.env.INIT_CWD ?? '.', values.page);
if (values.run) env.GYRE_RUN = resolve(process.env.INIT_CWD ?? '.', values.run);
if (values.wasm) env.GYRE_WASM = resolve(process.env.INIT_CWD ?? '.', values.wasm);
// A run of the native demo, made for these tests. Status 2: a machine without text to ship.
const folder = mkdtempSync(join(tmpdir(), 'gyre-run-'));
if (values.demo && !values.run) {
  const tree = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
  const { status } = spawnSync(resolve(process.env.INIT_CWD ?? '.', values.demo), ['--seconds', '4', '--out', folder, '--tree', tree], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status === 0) env.GYRE_RUN = join(folder, 'run.jsonl');
  else if (status !== 2) process.exit(1);
}
if (values.strained) {
  const { status, stdout } = spawnSync(resolve(process.env.INIT_CWD ?? '.', values.strained), { stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) process.exit(1);
  env.GYRE_STRAINED = join(folder, 'strained.jsonl');
  writeFileSync(env.GYRE_STRAINED, stdout);
}
/** Runs one file; what it says is said at its end, in one piece. */
const run = (file) =>
  new Promise((done) => {
    const child = spawn(process.execPath, ['--test', join(tests, file)], { stdio: ['ignore', 'pipe', 'pipe'], env });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => said.push(bytes));
    child.on('close', (status) => {
      const text = Buffer.concat(said).toString();
      process.stdout.write(text);
      if (status !== 0) failed.push([file, text]);
      done();
    });
  });
const failed = []; // [file, what it said]
// Those that take longest begin first, so that none is left alone at the end.
const LONGEST = ['sources', 'looks', 'hostile', 'recorded'].map((name) => `${name}.test.mjs`);
const waiting = [...LONGEST.filter((f) => files.includes(f)), ...files.filter((f) => !LONGEST.includes(f)).sort()];
const work = async () => {
  for (let file = waiting.shift(); file; file = waiting.shift()) await run(file);
};
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
rmSync(folder, { recursive: true });
// Which tests, and why, once more where whoever sees the last lines only will find it.
for (const [file, text] of failed) console.error([`failed: ${file}`, ...text.matchAll(/^ *not ok .*|^ *error: (?:[^|].*|\|-\n(?:(?! *code:).*\n){1,12})/gm)].join('\n'));
process.exit(failed.length === 0 ? 0 : 1);

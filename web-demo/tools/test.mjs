// test.mjs - runs the page's tests: npm test -- [--page <page.html>] [--wasm <gyre.wasm>] [--run <run.jsonl> | --demo <gyre-demo>] [--strained <program>] [--without <file>] [file …]
// Room: page, tools. Threads: one file after the other, because `live` measures time.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const tests = resolve(dirname(fileURLToPath(import.meta.url)), '../tests');
const { values, positionals } = parseArgs({ allowPositionals: true, options: { page: { type: 'string' }, wasm: { type: 'string' }, run: { type: 'string' }, demo: { type: 'string' }, strained: { type: 'string' }, without: { type: 'string' } } });
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
let failed = 0;
for (const file of files.sort()) {
  const { status } = spawnSync(process.execPath, ['--test', join(tests, file)], { stdio: 'inherit', env });
  if (status !== 0) failed += 1;
}
rmSync(folder, { recursive: true });
process.exit(failed === 0 ? 0 : 1);

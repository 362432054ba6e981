// test.mjs - runs the page's tests: npm test -- [--page <page.html>] [--wasm <gyre.wasm>] [--run <run.jsonl>] [file …]
// Room: page, tools. Threads: one file after the other, because they measure time.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const tests = resolve(dirname(fileURLToPath(import.meta.url)), '../tests');
const { values, positionals } = parseArgs({ allowPositionals: true, options: { page: { type: 'string' }, wasm: { type: 'string' }, run: { type: 'string' } } });
const env = { ...process.env };
if (values.page) env.GYRE_PAGE = resolve(process.env.INIT_CWD ?? '.', values.page);
if (values.run) env.GYRE_RUN = resolve(process.env.INIT_CWD ?? '.', values.run);
if (values.wasm) env.GYRE_WASM = resolve(process.env.INIT_CWD ?? '.', values.wasm);
const files = readdirSync(tests).filter((f) => f.endsWith('.test.mjs') && (positionals.length === 0 || positionals.some((p) => f.startsWith(p))));
let failed = 0;
for (const file of files.sort()) {
  const { status } = spawnSync(process.execPath, ['--test', join(tests, file)], { stdio: 'inherit', env });
  if (status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);

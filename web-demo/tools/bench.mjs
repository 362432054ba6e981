// bench.mjs - what the page costs a visitor, as JSON: node tools/bench.mjs --page <page.html> --out <bench.json> [--seconds <of the heap, 600>]
// Room: page, tools. Threads: one. For a quiet machine: frames and times are those of Chromium without a screen.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { snapshot } from '../tests/fixture.mjs';

const given = (path) => resolve(process.env.INIT_CWD ?? '.', path);
const { values } = parseArgs({ options: { page: { type: 'string' }, out: { type: 'string' }, seconds: { type: 'string', default: '600' } } });
const STARTS = 5;
const FRAMES_MS = 3000;
const LOOPS = 10_000;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--js-flags=--expose-gc', '--enable-precise-memory-info'],
});

/** A page in a fresh profile. */
async function open() {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    const look = () => (document.querySelector('.u-wrap canvas') ? (window.firstChart = performance.now()) : requestAnimationFrame(look));
    look();
  });
  await page.goto(pathToFileURL(given(values.page)).href);
  await page.waitForFunction(() => window.firstChart !== undefined);
  return page;
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
/** Frames a second, while `step` is done in each of them. */
const frames = (page, step) =>
  page.evaluate(async ([ms, source]) => {
    const each = new Function(source);
    const from = performance.now();
    let n = 0;
    for (; performance.now() - from < ms; n += 1) {
      each();
      await new Promise(requestAnimationFrame);
    }
    return (n * 1000) / (performance.now() - from);
  }, [FRAMES_MS, step]);

/** Bytes that are reachable. */
const heap = (page) => page.evaluate(() => (window.gc(), performance.memory.usedJSHeapSize));

function manyLoops() {
  const folder = mkdtempSync(join(tmpdir(), 'gyre-bench-'));
  const snap = snapshot(40);
  snap.loops = Array.from({ length: LOOPS }, (_, k) => ({ ...snap.loops[10], id: k + 1, name: `worker-${String(k).padStart(5, '0')}`, cycles: (k * 7919) % 10007 }));
  writeFileSync(join(folder, 'many.jsonl'), `{"gyre":"0.1.0","format":1,"seed":"1"}\n${JSON.stringify(snap)}\n`);
  return folder;
}

const starts = [];
let page;
for (let i = 0; i < STARTS; i += 1) {
  await page?.context().close();
  page = await open();
  starts.push(await page.evaluate(() => window.firstChart));
}
await page.waitForTimeout(5000);
const few = await frames(page, '');
const folder = manyLoops();
await page.setInputFiles('#file', join(folder, 'many.jsonl'));
await page.waitForSelector('#back', { timeout: 120000 });
await page.click('#tab-loops');
await page.waitForSelector('#loop-table.many');
const many = await frames(page, "document.querySelector('.scroll.tall').scrollTop += 200");
rmSync(folder, { recursive: true });
await page.context().close();

page = await open();
await page.waitForTimeout(30_000); // until what is bounded is nearly full, or at least warm
const before = await heap(page);
await page.waitForTimeout(Number(values.seconds) * 1000);
const growth = (await heap(page)) - before;
await browser.close();

const result = {
  page_gzip_kib: gzipSync(readFileSync(given(values.page)), { level: 9 }).length / 1024,
  first_chart_ms: median(starts), frames_per_s_120_loops: few, frames_per_s_10000_loops: many,
  heap_growth_mb: growth / 1e6, heap_seconds: Number(values.seconds), conditions: `Chromium ${browser.version()}, without a screen`,
};
if (values.out) writeFileSync(given(values.out), `${JSON.stringify(result, null, 2)}\n`);
console.log(JSON.stringify(result, null, 2));

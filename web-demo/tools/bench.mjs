// bench.mjs - what the page costs a visitor, as JSON: node tools/bench.mjs --page <page.html> --out <bench.json> [--seconds <of the heap, 600>]
// Room: page, tools. Threads: one. For a quiet machine: frames and times are those of Chromium without a screen.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { tab, TABS, theme, THEMES, violations } from '../tests/browser.mjs';
import { snapshot } from '../tests/fixture.mjs';

const given = (path) => resolve(process.env.INIT_CWD ?? '.', path);
const { values } = parseArgs({ options: { page: { type: 'string' }, out: { type: 'string' }, seconds: { type: 'string', default: '600' } } });
const STARTS = 5;
const FRAMES_MS = 3000;
const LOOPS = 10_000;
const SNAPSHOTS = 16; // at four a second, of which those are played that come while frames are counted
const WARM_MS = 30_000; // until what is bounded is nearly full, or at least warm
/** What each figure may be: at least, at most. */
const WANTED = {
  page_gzip_kib: [0, 250], first_chart_ms: [0, 800], frames_per_s_120_loops: [55, Infinity], frames_per_s_10000_loops: [50, Infinity],
  frames_per_s_10000_loops_playing: [50, Infinity], snapshots_while_playing: [6, Infinity], heap_growth_mb: [-Infinity, 5], requests: [0, 0], console_messages: [0, 0], axe_violations: [0, 0],
};

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
const said = [];
const asked = [];

/** A page in a fresh profile. */
async function open() {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const url = pathToFileURL(given(values.page)).href;
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => said.push(`error: ${error.message}`));
  page.on('request', (request) => request.url() !== url && !/^(blob|data):/.test(request.url()) && asked.push(request.url()));
  await page.addInitScript(() => {
    const look = () => (document.querySelector('.u-wrap canvas') ? (window.firstChart = performance.now()) : requestAnimationFrame(look));
    look();
  });
  await page.goto(url);
  await page.waitForFunction(() => window.firstChart !== undefined);
  return page;
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
/** Frames a second while the page is left alone, or its table of loops is scrolled on in each; and how many snapshots were drawn then. */
const frames = (page, scrolled) =>
  page.evaluate(async ([ms, selector]) => {
    const box = selector && document.querySelector(selector);
    const main = document.querySelector('main');
    const from = performance.now();
    let [n, snapshots, seq] = [0, 0, main.dataset.seq];
    for (; performance.now() - from < ms; n += 1) {
      if (box) box.scrollTop += 200;
      await new Promise(requestAnimationFrame);
      if (main.dataset.seq !== seq) [snapshots, seq] = [snapshots + 1, main.dataset.seq];
    }
    return [(n * 1000) / (performance.now() - from), snapshots];
  }, [FRAMES_MS, scrolled]);

/** What can be reached: bytes of the heap with what its buffers hold, and nodes of the document with those that are kept out of it. */
async function reachable(page) {
  const session = await page.context().newCDPSession(page);
  for (let i = 0; i < 3; i += 1) await session.send('HeapProfiler.collectGarbage');
  const { usedSize, backingStorageSize = 0 } = await session.send('Runtime.getHeapUsage');
  const { nodes } = await session.send('Memory.getDOMCounters');
  await session.detach();
  return [usedSize + backingStorageSize, nodes];
}

/** A run in which every loop changes from one snapshot to the next. */
function manyLoops() {
  const folder = mkdtempSync(join(tmpdir(), 'gyre-bench-'));
  const file = openSync(join(folder, 'many.jsonl'), 'w');
  writeSync(file, '{"gyre":"0.1.0","format":1,"seed":"1"}\n');
  for (let i = 0; i < SNAPSHOTS; i += 1) {
    const snap = snapshot(40 + i);
    const base = snap.loops[10];
    snap.loops = Array.from({ length: LOOPS }, (_, k) => ({
      ...base, id: k + 1, name: `worker-${String(k).padStart(5, '0')}`, cycles: ((k * 7919) % 10007) + i, latency: { ...base.latency, p99_ms: 3.4 + ((k + i) % 97) / 97 },
    }));
    writeSync(file, `${JSON.stringify(snap)}\n`);
  }
  closeSync(file);
  return folder;
}

/** What axe finds on all tabs, in the drawer and in the palette, in both themes at three widths. */
async function findings(page) {
  await tab(page, 'loops');
  await page.click('[data-loop=ship-001] .row-name');
  const found = await violations(page);
  await page.fill('input[type=search]', 'ship-00'); // all rows are alike, and take long
  for (const width of [360, 1440, 2560]) {
    await page.setViewportSize({ width, height: 900 });
    for (const look of THEMES) {
      await theme(page, look);
      for (const name of TABS) {
        await tab(page, name);
        found.push(...(await violations(page)));
      }
      await page.keyboard.press('Control+k');
      await page.keyboard.type('loop');
      await page.waitForSelector('#palette-list [aria-selected=true]');
      found.push(...(await violations(page)));
      await page.keyboard.press('Escape');
    }
  }
  await tab(page, 'loops');
  await page.fill('input[type=search]', '');
  return found;
}

const starts = [];
let page;
for (let i = 0; i < STARTS; i += 1) {
  await page?.context().close();
  page = await open();
  starts.push(await page.evaluate(() => window.firstChart));
}
await page.waitForSelector('[data-figure=active] .sub:has-text("of 124")', { timeout: 60_000 });
await page.waitForTimeout(5000);
const [few] = await frames(page, '');
const found = await findings(page);
await page.setViewportSize({ width: 1440, height: 900 });
const folder = manyLoops();
await page.setInputFiles('#file', join(folder, 'many.jsonl'));
await page.waitForSelector('#back', { timeout: 300_000 });
await page.click('#tab-loops');
await page.waitForSelector('#loop-table.many');
await page.waitForFunction(() => document.querySelector('#play').textContent.includes('Play'), null, { timeout: 60_000 }); // it has come to its end
const [many] = await frames(page, '.scroll.tall');
await page.click('#play');
await page.waitForFunction(() => document.querySelector('#play').textContent.includes('Pause'));
await page.locator('.scroll.tall').evaluate((box) => (box.scrollTop = 0));
const [playing, snapshots] = await frames(page, '.scroll.tall');
rmSync(folder, { recursive: true });
await page.context().close();

page = await open();
await page.waitForTimeout(WARM_MS);
const [heap, nodes] = await reachable(page);
await page.waitForTimeout(Number(values.seconds) * 1000);
const [heapThen, nodesThen] = await reachable(page);
const version = browser.version();
await browser.close();

const figures = {
  page_gzip_kib: gzipSync(readFileSync(given(values.page)), { level: 9 }).length / 1024,
  first_chart_ms: median(starts), frames_per_s_120_loops: few, frames_per_s_10000_loops: many,
  frames_per_s_10000_loops_playing: playing, snapshots_while_playing: snapshots,
  heap_growth_mb: (heapThen - heap) / 1e6, nodes_growth: nodesThen - nodes,
  requests: asked.length, console_messages: said.length, axe_violations: found.length,
};
const result = {
  ...figures, heap_mb: heap / 1e6, heap_seconds: Number(values.seconds), said, asked, found,
  missed: Object.entries(WANTED).filter(([name, [least, most]]) => !(figures[name] >= least && figures[name] <= most)).map(([name, [least, most]]) => `${name} is ${figures[name]}, wanted ${Number.isFinite(least) ? least : 'anything'} to ${Number.isFinite(most) ? most : 'anything'}`),
  conditions: `Chromium ${version}, without a screen`,
};
if (values.out) writeFileSync(given(values.out), `${JSON.stringify(result, null, 2)}\n`);
console.log(JSON.stringify(result, null, 2));

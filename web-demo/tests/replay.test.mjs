// replay.test.mjs - a native run of the society on the virtual clock is opened, scrubbed to each tick, and run again by the page's module.
// Room: page, tests. Method: the demo records it; Chromium from file:// shows it and compares the trace hashes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { figure, open, quit, scratch, scrub, tab } from './browser.mjs';

const SECONDS = 900;
const skip = !process.env.GYRE_DEMO && 'without --demo';
const folder = scratch();
const path = join(folder, 'society.jsonl');
let it;
let page;
let lines;

before(async () => {
  if (skip) return;
  const { status, stderr } = spawnSync(process.env.GYRE_DEMO, ['--society', '--seconds', String(SECONDS), '--seed', '18446744073709551615', '--out', folder], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  lines = readFileSync(path, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  it = await open();
  page = it.page;
  await page.waitForSelector('#status.go', { timeout: 30000 });
});
after(async () => {
  await it?.close();
  await quit();
});

async function openRun(file) {
  await page.setInputFiles('#file', file);
  await page.waitForFunction((name) => document.querySelector('.file')?.textContent.startsWith(name), basename(file));
  await page.click('#play'); // it stands
}
const ran = async () => {
  await page.click('#replay');
  await page.waitForFunction(() => /^Run again/.test(document.querySelector('#again p').textContent), null, { timeout: 60000 });
  return page.locator('#again p').innerText();
};

test('it is run again by the module in the page, to the same trace hash at each snapshot', { skip }, async () => {
  const snaps = lines.slice(1);
  assert.equal(lines[0].society, 1);
  assert.equal(snaps[0].driver, 'virtual');
  assert.ok(snaps.at(-1).totals.ticks > 250, `${snaps.at(-1).totals.ticks} ticks`);
  await openRun(path);
  assert.ok((await ran()).includes(`${snaps.length} snapshots with the same trace hash, at the end ${snaps.at(-1).trace}`));
});

test('each tick of it has a snapshot, and the slider and the steps stand at any', { skip }, async () => {
  const snaps = lines.slice(1);
  snaps.slice(1, -1).forEach((snap, i) => assert.equal(snap.totals.ticks, snaps[i].totals.ticks + 1, `at ${snap.now_ms} ms`));
  await tab(page, 'overview');
  const trace = () => page.locator('[data-figure=trace] .value').textContent();
  for (const i of [snaps.length - 1, 1, 137]) {
    await scrub(page, i);
    assert.equal(await figure(page, 'cycles'), snaps[i].totals.ticks);
    assert.equal(await trace(), snaps[i].trace);
  }
  await page.click('#step');
  await page.waitForSelector('.strip.time[data-shown="138"]');
  assert.equal(await figure(page, 'cycles'), snaps[138].totals.ticks);
  assert.equal(await trace(), snaps[138].trace);
});

test('a run that did otherwise is told, with the first snapshot that differs', { skip }, async () => {
  const other = structuredClone(lines);
  for (const snap of other.slice(42)) snap.trace = snap.trace.replace(/.$/, (c) => (c === '0' ? '1' : '0'));
  const file = join(folder, 'other.jsonl');
  writeFileSync(file, other.map((l) => JSON.stringify(l)).join('\n') + '\n');
  await openRun(file);
  assert.match(await ran(), /differs first at snapshot 42 of \d+: trace [0-9a-f]{16} instead of/);
  await page.waitForSelector('#again.bad');
});

test('a run that does not say what ran is not offered to be run again', { skip }, async () => {
  const file = join(folder, 'plain.jsonl');
  writeFileSync(file, lines.map(({ society, ...l }) => JSON.stringify(l)).join('\n') + '\n');
  await page.setInputFiles('#file', file);
  await page.waitForFunction(() => document.querySelector('.file')?.textContent.startsWith('plain.jsonl'));
  assert.equal(await page.locator('#again').count(), 0);
});

test('it said nothing and asked for nothing', { skip }, () => {
  assert.deepEqual(it.said, []);
  assert.deepEqual(it.requests(), []);
});

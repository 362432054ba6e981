// state.test.mjs - the state of the page's engine is saved to a file, and a fresh page goes on from it; a wrong one changes nothing.
// Room: page, tests. Method: Chromium from file://; what the second engine's snapshots and memory say, against the first's.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { open, PAGE, scratch, segment, tab, visit, warm } from './browser.mjs';

const folder = scratch();
let it;
let page;
let saved;

visit((opened) => ([it, page] = [opened, opened.page]), { url: `${pathToFileURL(PAGE).href}#overview?seed=77` });

const loop = (where, name) => where.evaluate((n) => window.told.snap.loops.find((l) => l.name === n), name);
async function recalled(where, text) {
  await tab(where, 'memory');
  await where.fill('#recall [name=text]', text);
  await where.click('#recall button');
  await where.waitForSelector('#record-table tbody tr');
  return where.$$eval('#record-table tbody tr', (list) => list.map((tr) => [...tr.cells].map((c) => c.textContent)));
}

test('it holds the records, the seed, and what was changed', async () => {
  await segment(page, 'link', 'slow');
  await page.selectOption('#pace', '2');
  for (const [name, button] of [['ship-003', '#pause-loop'], ['ship-004', '.actions .button:has-text("Half as often")']]) {
    await tab(page, 'loops');
    await page.click(`[data-loop=${name}] .row-name`);
    await page.click(`.drawer ${button}`);
  }
  await page.waitForFunction(() => window.told.snap.loops.find((l) => l.name === 'ship-003').state === 'paused' && window.told.snap.loops.find((l) => l.name === 'ship-004').configured_ms > 2000);
  const { remembered } = await page.evaluate(() => window.told.snap.memory);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save-state')]);
  assert.equal(download.suggestedFilename(), 'gyre-state.json');
  saved = JSON.parse(readFileSync(await download.path(), 'utf8'));
  assert.deepEqual([saved.gyre_state, saved.seed, saved.link, saved.speed], [1, 77, 'slow', 2]);
  assert.deepEqual(saved.loops.map((l) => [l.name, l.paused, l.interval_ms > 2000]), [['ship-003', true, false], ['ship-004', false, true]]);
  assert.ok(saved.records.length > 0.5 * remembered, `${saved.records.length} of ${remembered}; equal ones are merged`);
});

test('a fresh page goes on from it', async () => {
  const path = join(folder, 'state.json');
  writeFileSync(path, JSON.stringify(saved));
  const other = await open();
  await warm(other.page);
  await other.page.setInputFiles('#file', path);
  await other.page.waitForFunction(() => window.told.snap.seed === '77' && window.told.snap.totals.loops === 124, null, { timeout: 60000 });
  const snap = await other.page.evaluate(() => window.told.snap);
  assert.ok(snap.memory.remembered >= saved.records.length, `${snap.memory.remembered} of ${saved.records.length}`);
  assert.equal((await loop(other.page, 'ship-003')).state, 'paused');
  assert.ok(Math.abs((await loop(other.page, 'ship-004')).configured_ms - saved.loops[1].interval_ms) < 0.01);
  const job = await other.page.evaluate(() => window.told.rows.at(-1).job);
  assert.deepEqual([job.linkMode, job.speed], ['slow', 2]);
  const before = saved.records.findLast((r) => r.source === 'ship-003');
  const [[when, from, , text]] = await recalled(other.page, 'ship-003 sent');
  assert.deepEqual([when.slice(0, 19), from, text.replace(/ \(\d+ times\)$/, '')], [new Date(before.wall_ms).toISOString().slice(0, 19).replace('T', ' '), 'ship-003', before.text]);
  assert.match(await other.page.locator('#earlier').innerText(), /Kept of the run before/);
  assert.deepEqual(other.said, []);
  await other.close();
});

for (const [name, text, words] of [
  ['cut.json', () => JSON.stringify(saved).slice(0, -40), /not whole/],
  ['wrong.json', () => JSON.stringify({ ...saved, speed: 1e9 }), /speed is not as it is to be/],
  ['future.json', () => JSON.stringify({ ...saved, gyre_state: 2 }), /gyre_state is not/],
]) {
  test(`a wrong state is refused in words, and the engine goes on: ${name}`, async () => {
    const path = join(folder, name);
    writeFileSync(path, text());
    await page.setInputFiles('#file', path);
    await page.waitForSelector('#refused');
    assert.match(await page.locator('#refused').innerText(), words);
    await page.click('#refused .button');
    const ticks = await page.evaluate(() => window.told.snap.totals.ticks);
    await page.waitForFunction((n) => window.told.snap.totals.ticks > n, ticks);
  });
}

test('it said nothing and asked for nothing', () => {
  assert.deepEqual(it.said, []);
  assert.deepEqual(it.requests().filter((url) => url !== pathToFileURL(PAGE).href), []);
});

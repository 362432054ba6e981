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
let then; // the snapshot that it was saved with
let newest; // what was recalled then

visit((opened) => ([it, page] = [opened, opened.page]), { url: `${pathToFileURL(PAGE).href}#overview?seed=77` });

const loop = (where, name) => where.evaluate((n) => window.told.snap.loops.find((l) => l.name === n), name);
async function recalled(where, text) {
  await tab(where, 'memory');
  await where.fill('#recall [name=text]', text);
  await where.click('#recall button');
  await where.waitForSelector('#record-table tbody tr');
  return where.$$eval('#record-table tbody tr', (list) => list.map((tr) => [...tr.cells].map((c) => c.textContent)));
}

test('it holds what was learned and remembered, the seed, and what was changed', async () => {
  await segment(page, 'link', 'slow');
  await page.selectOption('#pace', '2');
  for (const [name, button] of [['ship-003', '#pause-loop'], ['ship-004', '.actions .button:has-text("Half as often")']]) {
    await tab(page, 'loops');
    await page.click(`[data-loop=${name}] .row-name`);
    await page.click(`.drawer ${button}`);
  }
  await page.waitForFunction(() => window.told.snap.loops.find((l) => l.name === 'ship-003').state === 'paused' && window.told.snap.loops.find((l) => l.name === 'ship-004').configured_ms > 2000);
  await page.click('#run'); // stopped, so that what is saved is what is shown
  await page.waitForFunction(() => !window.told.snap.running);
  then = await page.evaluate(() => window.told.snap);
  [newest] = await recalled(page, 'ship-003 sent');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save-state')]);
  assert.equal(download.suggestedFilename(), 'gyre-state.json');
  saved = JSON.parse(readFileSync(await download.path(), 'utf8'));
  assert.deepEqual([saved.gyre_state, saved.seed, saved.link, saved.speed], [2, 77, 'slow', 2]);
  assert.deepEqual(saved.loops.map((l) => [l.name, l.paused, l.interval_ms > 2000]), [['ship-003', true, false], ['ship-004', false, true]]);
  assert.ok(saved.engine.length > 1000);
  await page.click('#run');
});

test('a fresh page goes on from it', async () => {
  const path = join(folder, 'state.json');
  writeFileSync(path, JSON.stringify(saved));
  const other = await open();
  await warm(other.page);
  await other.page.setInputFiles('#file', path);
  await other.page.waitForFunction(() => window.told.snap.seed === '77' && window.told.snap.totals.loops === 124, null, { timeout: 60000 });
  const snap = await other.page.evaluate(() => window.told.snap);
  const [was, is] = [then.learners, snap.learners].map((all) => all.find((l) => l.name === 'ship'));
  assert.ok(was.decisions > 100 && is.decisions >= was.decisions, `${is.decisions} decisions after ${was.decisions}`);
  const gained = is.decisions - was.decisions;
  const visits = (l) => l.visits.flat();
  visits(was).forEach((n, i) => assert.ok(visits(is)[i] >= n && visits(is)[i] <= n + gained, `cell ${i}: ${visits(is)[i]} visits after ${n}`));
  for (const figure of ['remembered', 'merged', 'consolidated']) assert.ok(snap.memory[figure] >= then.memory[figure], figure);
  assert.equal((await loop(other.page, 'ship-003')).state, 'paused');
  assert.ok(Math.abs((await loop(other.page, 'ship-004')).configured_ms - saved.loops[1].interval_ms) < 0.01);
  const job = await other.page.evaluate(() => window.told.rows.at(-1).job);
  assert.deepEqual([job.linkMode, job.speed], ['slow', 2]);
  assert.deepEqual((await recalled(other.page, 'ship-003 sent'))[0], newest); // it is paused, so that there is none since
  assert.match(await other.page.locator('#earlier').innerText(), /Kept of the run before/);
  assert.deepEqual(other.said, []);
  await other.close();
});

for (const [name, text, words] of [
  ['cut.json', () => JSON.stringify(saved).slice(0, -40), /not whole/],
  ['engine.json', () => JSON.stringify({ ...saved, engine: saved.engine.replace(/.(.{100})$/, (c, rest) => (c[0] === 'A' ? 'B' : 'A') + rest) }), /a saved state is damaged/],
  ['foreign.json', () => JSON.stringify({ ...saved, engine: btoa('something else') }), /no saved state of an engine/],
  ['text.json', () => JSON.stringify({ ...saved, engine: '§' }), /not in base64/],
  ['wrong.json', () => JSON.stringify({ ...saved, speed: 1e9 }), /speed is not as it is to be/],
  ['future.json', () => JSON.stringify({ ...saved, gyre_state: 3 }), /gyre_state is not/],
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

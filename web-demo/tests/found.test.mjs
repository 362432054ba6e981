// found.test.mjs - the memory is searched, the drawer has histograms, and recommendations are followed and taken back.
// Room: page, tests. Method: Chromium from file:// with the module, and against a process of the demo; compared with the snapshots.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { open, scratch, tab, visit } from './browser.mjs';
import { run, snapshot } from './fixture.mjs';
import { launch } from './process.mjs';

const folder = scratch();
let it;
let page;

visit((opened) => ([it, page] = [opened, opened.page]));
after(() => rmSync(folder, { recursive: true, force: true }));

async function find(where, text) {
  await tab(where, 'memory');
  await where.fill('#recall [name=text]', text);
  await where.click('#recall button');
  await where.waitForFunction(() => /record|Not found/.test(document.querySelector('#recall [role=status]').textContent));
  return where.$$eval('#record-table tbody tr', (list) => list.map((tr) => [...tr.cells].map((c) => c.textContent)));
}

test('the memory of the module is searched, and finds the newest records with that text', async () => {
  const rows = await find(page, 'SHIP-01');
  assert.ok(rows.length > 3 && rows.length <= 50, `${rows.length} rows`);
  for (const [when, from, tier, text] of rows) {
    assert.match(from, /^ship-01\d$/);
    assert.ok(text.startsWith(`${from} sent 65536 bytes`), text);
    assert.match(`${when} ${tier}`, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC short$/);
  }
  const times = rows.map(([when]) => when);
  assert.deepEqual(times, [...times].sort().reverse(), 'newest first');
});

test('what nobody remembered is not found, and that is said', async () => {
  await page.fill('#recall [name=text]', 'no such text');
  await page.click('#recall button');
  await page.waitForFunction(() => document.querySelector('#recall [role=status]').textContent === '0 records');
  assert.equal(await page.locator('#record-table').count(), 0);
  assert.match(await page.locator('#panel-memory').innerText(), /No record has that in its text/);
});

test('a recommendation says its numbers, is followed and taken back', async () => {
  await tab(page, 'symbiosis');
  const first = page.locator('.advice li:has-text("boost awareness")').first();
  const said = await first.innerText();
  assert.match(said, /Weight 0\.70, confidence 1\.00, declared\. awareness: [\d,]+ cycles, health \d+ %, vitality [\d.]+, p95/);
  await first.locator('.button').click();
  await page.waitForFunction(() => window.told.snap.loops.find((l) => l.name === 'awareness').configured_ms === 250);
  await page.locator('.advice li:has-text("boost awareness") .button:has-text("Back to every 500 ms")').first().click();
  await page.waitForFunction(() => window.told.snap.loops.find((l) => l.name === 'awareness').configured_ms === 500);
  assert.match(await page.locator('.advice').innerText(), /Weights 0\.70 × 0\.60 × 0\.40 = 0\.168/);
  // What was changed of an engine is nothing to be taken back of the next.
  const [before] = await Promise.all([page.waitForEvent('download'), page.click('#save-state')]);
  await page.locator('.advice li:has-text("boost awareness") .button').first().click();
  await page.waitForSelector('.advice li:has-text("boost awareness") .button:has-text("Back to every 500 ms")');
  await page.setInputFiles('#file', await before.path());
  await page.waitForSelector('.advice li:has-text("boost awareness") .button:has-text("instead of 500")');
});

test('declared and learned edges are apart; a recording’s recommendations and memory say what cannot be done', async () => {
  const lines = run(8).trim().split('\n').map((line) => JSON.parse(line));
  for (const snap of lines.slice(1)) {
    const [edge] = snap.symbiosis.edges;
    snap.symbiosis.edges.push({ ...edge, from: snap.loops[7].name, to: edge.from, weight: 0.83, confidence: 0.42, declared: false });
    snap.symbiosis.nodes.push({ ...snap.symbiosis.nodes[0], id: snap.loops[7].id, name: snap.loops[7].name });
    snap.symbiosis.recommendations = ['boost awareness: it helps curiosity (weight 0.70)'];
  }
  const path = join(folder, 'learned.jsonl');
  writeFileSync(path, lines.map((l) => JSON.stringify(l)).join('\n') + '\n');
  await page.setInputFiles('#file', path);
  await page.waitForSelector('.strip.time[aria-label="Recorded run"]');
  await tab(page, 'symbiosis');
  assert.equal(await page.locator('#edge-table tbody tr').count(), snapshot(1).symbiosis.edges.length);
  assert.deepEqual(await page.$$eval('#learned-table tbody tr', (list) => list.map((tr) => [...tr.cells].map((c) => c.textContent))), [['ship-004', 'awareness', '+ synergy', '0.83', '0.42']]);
  assert.equal(await page.locator('.edge[data-declared=false]').count(), 1);
  assert.match(await page.locator('#panel-symbiosis').innerText(), /cannot be told to run more or less often/);
  assert.equal(await page.locator('.advice .button').count(), 0);
  await tab(page, 'memory');
  assert.match(await page.locator('#recall-why').innerText(), /not the records themselves/);
  assert.equal(await page.locator('#recall').count(), 0);
  await page.click('#back');
});

test('the memory of a process is searched', { skip: !process.env.GYRE_DEMO && 'without --demo' }, async (t) => {
  const demo = await launch(0, folder);
  if (!demo) return t.skip('the demo was built without a server');
  const watched = await open({ url: demo.url });
  await watched.page.waitForFunction(() => Number(document.querySelector('main').dataset.seq) > 4);
  const rows = await find(watched.page, 'over 400 mb/s');
  assert.ok(rows.length === 50 && rows.every(([, , , text]) => text.includes('over 400 MB/s')), JSON.stringify(rows.slice(0, 3)));
  demo.child.removeAllListeners('exit');
  demo.child.kill('SIGKILL');
  await watched.page.waitForSelector('#recall-why');
  assert.match(await watched.page.locator('#recall-why').innerText(), /not connected/);
  await watched.close();
});

test('it said nothing and asked for nothing', () => {
  assert.deepEqual(it.said, []);
  assert.deepEqual(it.requests(), []);
});

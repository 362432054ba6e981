// size.test.mjs - a run of 10,000 loops and a graph of 2,000 are shown in a small part of the document, sorted, filtered and moved.
// Room: page, tests. Method: Chromium from file:// with a made-up run; nodes counted, CPU time of the page's thread measured.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cpuOf, scratch, tab, visit } from './browser.mjs';
import { snapshot } from './fixture.mjs';

const LOOPS = 10_000;
const NODES = 2_000;
let it;
let page;

/** A run of one snapshot, of so many loops and so large a graph. */
function many() {
  const snap = snapshot(40);
  const [base] = snap.loops.slice(10);
  snap.loops = Array.from({ length: LOOPS }, (_, k) => ({
    ...base, id: k + 1, name: `worker-${String(k).padStart(5, '0')}`, cycles: (k * 7919) % 10007, state: k % 50 ? 'waiting' : 'gated',
    latency: { ...base.latency, p99_ms: 1 + ((k * 31) % 997) / 50 },
  }));
  snap.symbiosis.nodes = snap.loops.slice(0, NODES).map((l) => ({ id: l.id, name: l.name, cycles: 1, health: 1, p95_ms: 2, vitality: 0.9 }));
  snap.symbiosis.edges = snap.symbiosis.nodes.slice(1).map((n, k) => ({ from: ((k * 13) % (k + 1)) + 1, to: n.id, weight: 0.6, confidence: 1, declared: true, kind: 'synergy' }));
  const path = join(scratch(), 'many.jsonl');
  writeFileSync(path, `{"gyre":"0.1.0","format":1,"seed":"1"}\n${JSON.stringify(snap)}\n`);
  return path;
}
visit((opened) => ([it, page] = [opened, opened.page]), {
  ready: async (p) => {
    await p.waitForSelector('#status.go', { timeout: 30000 });
    await p.setInputFiles('#file', many());
    await p.waitForSelector('#back', { timeout: 60000 });
  },
});

const cpu = (does) => cpuOf(page, does);
const first = () => page.locator('#loop-table tbody tr[data-loop]').first();

test('the table of 10,000 loops is there at once, with a few hundred rows in the document', async (t) => {
  const took = await cpu(async () => {
    await tab(page, 'loops');
    await first().waitFor();
  });
  t.diagnostic(`${took.toFixed(2)} s of CPU`);
  assert.ok(took < 4, `${took} s`);
  assert.ok((await page.evaluate(() => document.querySelectorAll('*').length)) < 3000);
  assert.equal(await page.locator('#loop-table').getAttribute('aria-rowcount'), String(LOOPS + 1));
});

test('it is sorted and filtered as a whole', async (t) => {
  const took = await cpu(async () => {
    await page.click('.sort:has-text("Cycles")');
    await page.waitForFunction(() => document.querySelector('[data-field=cycles]').textContent === '10,006');
  });
  t.diagnostic(`sorted in ${took.toFixed(2)} s of CPU`);
  assert.ok(took < 2, `${took} s`);
  await page.fill('input[type=search]', 'worker-0999');
  await page.waitForFunction(() => document.querySelectorAll('#loop-table tbody tr[data-loop]').length === 10);
  await page.fill('input[type=search]', '');
});

test('its end is reached by scrolling, and every row on the way is where it belongs', async (t) => {
  const frame = page.locator('.scroll.tall');
  let rows = 0;
  const took = await cpu(async () => {
    for (const part of [0.25, 0.5, 1]) {
      const seen = await frame.evaluate(async (f, to) => {
        f.scrollTop = f.scrollHeight * to;
        for (let i = 0; i < 3; i += 1) await new Promise(requestAnimationFrame);
        const box = f.getBoundingClientRect();
        const list = [...f.querySelectorAll('tbody tr[data-loop]')].filter((r) => r.getBoundingClientRect().top >= box.top && r.getBoundingClientRect().bottom <= box.top + f.clientHeight + 2);
        return { first: Number(list[0].getAttribute('aria-rowindex')), count: list.length, at: f.scrollTop, last: list.at(-1).getAttribute('aria-rowindex') };
      }, part);
      rows = seen.last;
      assert.ok(seen.count > 12, `${seen.count} rows are seen`);
      if (part < 1) assert.ok(Math.abs(seen.first - 2 - seen.at / 27) < 4, JSON.stringify(seen));
    }
  });
  t.diagnostic(`${took.toFixed(2)} s of CPU for three leaps`);
  assert.equal(Number(rows), LOOPS + 1);
  await page.keyboard.press('Escape');
  await page.click('.sort:has-text("Cycles")');
  await page.click('.sort:has-text("Cycles")');
});

test('a graph of 2,000 loops is one canvas that settles without holding the page, and can be moved', async (t) => {
  const took = await cpu(async () => {
    await tab(page, 'symbiosis');
    await page.waitForSelector('.graph-host canvas');
  });
  t.diagnostic(`${took.toFixed(2)} s of CPU until it was seen`);
  assert.ok(took < 3, `${took} s`);
  assert.ok((await page.evaluate(() => document.querySelectorAll('*').length)) < 4000);
  const picture = () => page.$eval('.graph-host canvas', (c) => c.toDataURL());
  await page.waitForSelector('.graph-box[data-settled=true]', { timeout: 60000 });
  const whole = await picture();
  await page.click('.actions .button[aria-label="Nearer"]');
  const near = await picture();
  assert.ok(near !== whole, 'nearer');
  const box = await page.locator('.graph-host').boundingBox();
  await page.mouse.move(box.x + 8, box.y + 8);
  await page.mouse.down();
  await page.mouse.move(box.x + 90, box.y + 40, { steps: 4 });
  await page.mouse.up();
  assert.ok((await picture()) !== near, 'moved');
  await page.click('.actions .button:has-text("Whole graph")');
  assert.ok((await picture()) === whole, 'as it was');
});

test('it said nothing and asked for nothing', () => {
  assert.deepEqual(it.said, []);
  assert.deepEqual(it.requests(), []);
});

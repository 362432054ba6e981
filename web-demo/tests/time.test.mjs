// time.test.mjs - all that is kept can be seen: zoom, looking back, playing; and what a visitor has set stays set.
// Room: page, tests. Method: Chromium from file://; the mouse on the charts, shown figures against the snapshots the worker sent.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { advise, figure, open, passes, scratch, scrub, tab, visit, warm } from './browser.mjs';
import { run, snapshot } from './fixture.mjs';

let it;
let page;

visit((opened) => ([it, page] = [opened, opened.page]), {
  ready: async (p) => {
    await p.evaluate(() => {
      window.all = window.told.rows.map(({ now, ticks }) => [now, ticks]);
      window.engineWorker.addEventListener('message', ({ data }) => data.snap && window.all.push([data.snap.now_ms, data.snap.totals.ticks]));
    });
    await warm(p);
    await p.waitForFunction(() => window.told.snap.now_ms > 8000);
  },
});

const over = () => page.locator('#panel-overview .u-over').first();
/** The labels of a chart's axis of time, in seconds, as they are drawn: read from what the table of numbers has. */
const spanOf = async () => {
  const texts = await page.$$eval('#ticks-table tbody td:first-child', (list) => list.map((td) => td.textContent));
  const seconds = texts.map((t) => t.split(':').reduce((sum, part) => sum * 60 + Number(part), 0));
  return [Math.min(...seconds), Math.max(...seconds)];
};
const drag = async (from, to) => {
  const box = await over().boundingBox();
  await page.mouse.move(box.x + box.width * from, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to, box.y + box.height / 2, { steps: 6 });
  await page.mouse.up();
};

test('a drag shows that time only, in all charts, and stays while time goes on; a double click shows all', async () => {
  const [, newest] = await spanOf();
  await drag(0.2, 0.45);
  await page.waitForSelector('#unzoom');
  const [from, to] = await spanOf();
  assert.ok(to < newest - 0.5 && to - from < 8, `${from} to ${to} of ${newest}`);
  await passes(page, 1500);
  assert.deepEqual(await spanOf(), [from, to], 'it stays');
  await over().dblclick({ position: { x: 60, y: 40 } });
  assert.equal(await page.locator('#unzoom').count(), 0);
  await page.waitForFunction(() => document.querySelector('#status.go'));
  assert.ok((await spanOf())[1] > newest);
});

test('the crosshair is on all charts at one time', async () => {
  const box = await over().boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
  await page.waitForFunction(() => {
    const lines = [...document.querySelectorAll('#panel-overview .u-cursor-x')].map((c) => Number(/translate\(([\d.]+)px/.exec(c.style.transform)?.[1] ?? -1) / c.parentElement.clientWidth);
    return lines.length > 4 && lines.every((x) => Math.abs(x - lines[0]) < 0.02 && x > 0.2);
  });
  await page.mouse.move(5, 5);
});

test('a click and the slider show the figures of a moment that has passed, while the engine goes on', async () => {
  const box = await over().boundingBox();
  await page.mouse.click(box.x + box.width * 0.3, box.y + 40);
  await page.waitForSelector('.strip.time.back[data-shown]:not([data-shown=""])');
  assert.match(await page.locator('#status').innerText(), /Looking back/);
  await scrub(page, 5);
  const [, ticks] = await page.evaluate(() => window.all[5]);
  assert.equal(await figure(page, 'cycles'), ticks);
  const before = await page.evaluate(() => window.told.snap.totals.ticks);
  await passes(page, 1000);
  assert.equal(await figure(page, 'cycles'), ticks, 'what is shown stands');
  assert.ok((await page.evaluate(() => window.told.snap.totals.ticks)) > before, 'the engine goes on');
  await page.click('#newest');
  await page.waitForFunction((n) => Number(document.querySelector('[data-figure=cycles] .value').textContent.replaceAll(',', '')) > n, before);
});

test('what was kept is saved as a recording with the figures that were told', async () => {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
  const lines = readFileSync(await download.path(), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  assert.equal(lines[0].format, 1);
  const all = await page.evaluate(() => window.all);
  assert.deepEqual(lines.slice(1, 9).map((s) => [s.now_ms, s.totals.ticks]), all.slice(0, 8));
});

test('filter, order and the open loop stay while other tabs are shown', async () => {
  await tab(page, 'loops');
  await page.fill('input[type=search]', 'ship-01');
  await page.click('.sort:has-text("Cycles")');
  await page.click('[data-loop=ship-012] [data-field=state]');
  await tab(page, 'memory');
  await tab(page, 'loops');
  assert.equal(await page.inputValue('input[type=search]'), 'ship-01');
  assert.equal(await page.locator('#loop-table tbody tr').count(), 10);
  assert.equal(await page.locator('th[aria-sort=descending]').innerText().then((t) => t.startsWith('Cycles')), true);
  assert.equal(await page.locator('.drawer h2').innerText(), 'ship-012');
});

test('a loop is paused, resumed and made faster from its drawer, and its figures are those of the snapshot', async () => {
  const told = (name) => page.evaluate((n) => window.told.snap.loops.find((l) => l.name === n), name);
  await page.click('#pause-loop');
  await page.waitForFunction(() => window.told.snap.loops.find((l) => l.name === 'ship-012').state === 'paused');
  await page.waitForSelector('[data-figure=loop-state] .paused');
  const { cycles } = await told('ship-012');
  await passes(page, 2500);
  assert.equal((await told('ship-012')).cycles, cycles, 'it rests');
  assert.equal(await figure(page, 'loop-cycles'), cycles);
  await page.click('#pause-loop');
  await page.waitForFunction((n) => window.told.snap.loops.find((l) => l.name === 'ship-012').cycles > n, cycles);
  const { configured_ms: ms } = await told('ship-012');
  await page.click('.drawer .button:has-text("Twice as often")');
  await page.waitForFunction((half) => Math.abs(window.told.snap.loops.find((l) => l.name === 'ship-012').configured_ms - half) < 1, ms / 2);
  await page.click('#close-loop');
  assert.equal(await page.locator('.drawer').count(), 0);
  await page.fill('input[type=search]', '');
});

for (const [what, factor] of [['boost', 0.5], ['throttle', 2]]) {
  test(`a ${what} that is recommended can be done and undone`, async () => {
    const name = 'ship-030';
    const { follow, undo } = await advise(page, what, name);
    const is = (ms) => page.waitForFunction(([n, wanted]) => window.told.snap.loops.find((l) => l.name === n).configured_ms === wanted, [name, ms]);
    const before = await page.evaluate((n) => window.told.snap.loops.find((l) => l.name === n).configured_ms, name);
    await follow();
    await is(before * factor);
    await undo();
    await is(before);
    await follow(); // and again
    await is(before * factor);
    await undo();
    await is(before);
    await page.evaluate(() => (window.advised = []));
  });
}

test('a file that is dropped is opened, played at any speed, and seen as a whole', async () => {
  await tab(page, 'overview');
  const text = run(80);
  await page.evaluate((content) => {
    const data = new DataTransfer();
    data.items.add(new File([content], 'dropped.jsonl'));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }, text);
  await page.waitForSelector('.strip.time[aria-label="Recorded run"]');
  assert.match(await page.locator('.file').innerText(), /dropped\.jsonl · seed 1 · 80 snapshots/);
  assert.deepEqual(await spanOf().then(([from, to]) => [from <= 5, to]), [true, 20], 'all of it is drawn');
  await page.selectOption('#speed', '100');
  await page.waitForFunction(() => document.querySelector('#scrub').value === '79' && document.querySelector('#play').textContent.includes('Play'), null, { timeout: 15000 });
  await page.selectOption('#speed', '1');
  await page.selectOption('#span', '60');
  await scrub(page, 39);
  assert.equal(await figure(page, 'cycles'), snapshot(40).totals.ticks);
  await page.click('#back');
});

test('an hour between two snapshots is not waited for', async () => {
  const lines = run(3).trim().split('\n');
  lines[3] = lines[3].replace('"now_ms":750', '"now_ms":3600750');
  const path = join(scratch(), 'gap.jsonl');
  writeFileSync(path, lines.join('\n') + '\n');
  await page.setInputFiles('#file', path);
  await page.waitForSelector('.strip.time[data-shown="2"]', { timeout: 15000 });
  await page.click('#back');
});

test('it said nothing and asked for nothing', () => {
  assert.deepEqual(it.said, []);
  assert.deepEqual(it.requests(), []);
});

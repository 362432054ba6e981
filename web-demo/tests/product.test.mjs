// product.test.mjs - addresses that bring a view back, events, commands by keys, and files of what is shown.
// Room: page, tests. Method: Chromium from file://; what is saved is read again and compared with the snapshots.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { figure, open, PAGE, passes, scratch, scrub, segment, tab, visit } from './browser.mjs';
import { run } from './fixture.mjs';

let it;
let page;

visit((opened) => ([it, page] = [opened, opened.page]));

const saved = async (does) => {
  const [download] = await Promise.all([page.waitForEvent('download'), does()]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
};

test('the address brings tab, loop, filter, order, time, kinds and theme back', async () => {
  await tab(page, 'loops');
  await page.fill('input[type=search]', 'ship-00');
  await page.click('.sort:has-text("p95")');
  await page.click('[data-loop=ship-007] [data-field=state]');
  await page.locator('label:has(input[name=theme][value=dark])').click();
  await page.waitForFunction(() => /^#loops\?/.test(location.hash) && location.hash.includes('theme=dark'));
  const link = await page.evaluate(() => location.hash);
  assert.equal(link, '#loops?loop=ship-007&filter=ship-00&sort=-p95&theme=dark');
  const other = await it.page.context().newPage();
  await other.goto(`${pathToFileURL(PAGE).href}${link}&from=1.00&to=3.50&kinds=gate+failure`);
  await other.waitForSelector('.drawer h2');
  assert.equal(await other.locator('.drawer h2').innerText(), 'ship-007');
  assert.equal(await other.inputValue('input[type=search]'), 'ship-00');
  assert.match(await other.locator('th[aria-sort=descending]').innerText(), /^p95/);
  assert.equal(await other.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await other.waitForSelector('#unzoom');
  await other.click('#tab-events');
  assert.deepEqual(await other.$$eval('input[name=kind]:checked', (list) => list.map((i) => i.value)), ['failure', 'gate']);
  await other.close();
  await page.fill('input[type=search]', '');
  await page.click('#close-loop');
});

test('an address with nonsense in it is an ordinary page', async () => {
  const other = await page.context().newPage();
  const said = [];
  other.on('console', (m) => said.push(m.text()));
  other.on('pageerror', (e) => said.push(e.message));
  await other.goto(`${pathToFileURL(PAGE).href}#loops?sort=-nothing&from=x&to=1e999&kinds=%00&theme=pink&span=-1&seed=1e99&loop=${'<b>'.repeat(400)}`);
  await other.waitForSelector('#loop-table tbody tr[data-loop]', { timeout: 30000 });
  assert.match(await other.locator('.drawer').innerText(), /There is no loop of this name/);
  assert.deepEqual(said, []);
  await other.close();
});

test('a seed in the address is the engine’s', async () => {
  const other = await page.context().newPage();
  await other.goto(`${pathToFileURL(PAGE).href}#overview?seed=77`);
  await other.waitForFunction(() => /Seed77/.test(document.querySelector('#build')?.textContent ?? ''), null, { timeout: 30000 });
  await other.close();
});

test('failures of a loop are events, found by kind and text, and a row shows that moment', async () => {
  await tab(page, 'overview');
  await page.selectOption('#break-loop', 'ship-007');
  await segment(page, 'fault', 'throw');
  await page.waitForFunction(() => window.told.rows.at(-1).victim.errors >= 2, null, { timeout: 30000 });
  await segment(page, 'fault', 'none');
  await tab(page, 'events');
  await page.waitForSelector('#event-table [data-kind=failure]');
  await page.fill('#find-event', 'ship-007');
  for (const kind of ['stuck', 'gate', 'tuning', 'control', 'timeout', 'breaker', 'throttle']) await page.uncheck(`input[name=kind][value=${kind}]`);
  const rows = await page.$$eval('#event-table tbody tr', (list) => list.map((tr) => [...tr.cells].map((c) => c.textContent)));
  assert.ok(rows.length >= 1 && rows.every(([, kind, loop, text]) => kind === 'failure' && loop === 'ship-007' && /^failed.*: .*broken on purpose/.test(text)), JSON.stringify(rows));
  await page.click('#event-table tbody tr:last-child .row-name');
  await page.waitForSelector('.strip.time.back:not([data-shown=""])'); // what was kept is read again by a worker
  assert.match(await page.locator('.when').innerText(), new RegExp(`^${rows.at(-1)[0].split('.')[0]}`));
  const marks = await page.evaluate(async () => {
    document.querySelector('#tab-overview').click();
    await new Promise((done) => setTimeout(done, 300));
    const probe = document.createElement('i');
    probe.style.color = 'var(--bad)';
    document.body.append(probe);
    const [r, g, b] = getComputedStyle(probe).color.match(/\d+/g).map(Number);
    probe.remove();
    const c = document.querySelector('#panel-overview .u-wrap canvas');
    const data = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
    let n = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] === r && data[i + 1] === g && data[i + 2] === b) n += 1;
    return n;
  });
  assert.ok(marks >= 7, `${marks} pixels of marks`); // one has 2 x 7, and the line of the moment may be over half of it
  await page.click('#newest');
  await tab(page, 'events');
  await page.fill('#find-event', '');
  for (const kind of ['stuck', 'gate', 'tuning', 'control', 'timeout', 'breaker', 'throttle']) await page.check(`input[name=kind][value=${kind}]`);
});

test('a recording’s events are those of its snapshots, up to the moment that is shown', async () => {
  const lines = run(8).trim().split('\n').map((line) => JSON.parse(line));
  lines[4].loops[20].state = 'stuck';
  lines[5].loops[30].timeouts = 2;
  for (const line of lines.slice(6)) Object.assign(line.loops[30], { timeouts: 2, gate: 'cpu' });
  const path = join(scratch(), 'events.jsonl');
  writeFileSync(path, lines.map((line) => JSON.stringify(line)).join('\n') + '\n');
  await page.setInputFiles('#file', path);
  await page.waitForSelector('#back');
  await scrub(page, 7);
  const list = () => page.$$eval('#event-table tbody tr', (all) => all.map((tr) => [...tr.cells].slice(1).map((c) => c.textContent).join(' ')).reverse());
  assert.deepEqual(await list(), ['stuck ship-017 is stuck', 'stuck ship-017 is no longer stuck', 'timeout ship-027 timed out 2 times', 'gate ship-027 held back by the gate cpu']);
  await scrub(page, 3);
  assert.deepEqual(await list(), ['stuck ship-017 is stuck']);
  await page.click('#back');
});

test('the palette finds tabs, loops and commands by keys', async () => {
  const run = async (typed, down = 0) => {
    await page.keyboard.press('Control+k');
    await page.waitForSelector('dialog[open] #palette:focus');
    await page.keyboard.type(typed);
    await page.waitForSelector('#palette-list [aria-selected=true]');
    for (let i = 0; i < down; i += 1) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
  };
  await run('memory');
  await page.waitForSelector('#panel-memory:not([hidden])');
  await run('loop ship 019');
  assert.equal(await page.locator('.drawer h2').innerText(), 'ship-019');
  await run('go to', 3);
  await page.waitForSelector('#panel-symbiosis:not([hidden])');
  await run('stop eng');
  await page.waitForFunction(() => document.querySelector('#status').textContent.includes('Stopped'));
  await run('start eng');
  await page.waitForSelector('#status.go');
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('dialog[open]').count(), 0);
});

test('the table of loops as CSV is what the table shows', async () => {
  await tab(page, 'loops');
  await page.click('#run');
  await page.waitForFunction(() => document.querySelector('#status').textContent.includes('Stopped'));
  await stands();
  const { name, bytes } = await saved(() => page.click('#csv'));
  assert.equal(name, 'loops.csv');
  const [head, ...rows] = bytes.toString().trim().split('\r\n').map((line) => line.split(','));
  const snap = await page.evaluate(() => window.told.snap);
  assert.equal(rows.length, snap.loops.length);
  const shown = await page.$$eval('#loop-table tbody tr', (list) => list.map((tr) => tr.dataset.loop));
  for (const row of rows) {
    const of = Object.fromEntries(head.map((h, k) => [h, row[k]]));
    const loop = snap.loops.find((l) => l.name === of.loop);
    assert.equal(Number(of.cycles), loop.cycles);
    assert.equal(Number(of.p95), loop.latency.p95_ms);
  }
  assert.deepEqual(rows.map(([loop]) => loop).toSorted(), shown.toSorted());
  await page.click('#run');
});
/** The engine has stopped, and its last snapshot has been drawn. */
const stands = () => page.waitForFunction(() => !window.told.snap.running && Number(document.querySelector('main').dataset.seq) === window.told.snap.seq);

test('the figures of the charts as CSV and their picture as PNG are saved', async () => {
  await tab(page, 'overview');
  await passes(page, 500);
  const command = (typed) => async () => {
    await page.keyboard.press('Control+k');
    await page.keyboard.type(typed);
    await page.keyboard.press('Enter');
  };
  const csv = await saved(command('as CSV'));
  const [head, ...rows] = csv.bytes.toString().trim().split('\r\n').map((line) => line.split(','));
  assert.ok(head.includes('ticks') && head.includes('knob/ship/level'));
  const told = await page.evaluate(() => window.told.rows.map((r) => r.ticks));
  assert.ok(rows.length > 20 && rows.filter((r) => told.includes(Number(r[head.indexOf('ticks')]))).length > 20);
  const png = await saved(command('as PNG'));
  assert.equal(png.name, 'charts.png');
  assert.deepEqual([...png.bytes.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
  assert.ok(png.bytes.length > 20_000 && (await figure(page, 'cycles')) > 0);
});

test('it said nothing and asked for nothing', () => {
  assert.deepEqual(it.said, []);
  assert.deepEqual(it.requests(), []);
});

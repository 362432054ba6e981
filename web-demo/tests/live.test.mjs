// live.test.mjs - the page with its own engine: what it shows moves, is true, stops, and heals.
// Room: page, tests. Method: Chromium from file://; shown figures against the snapshots the worker sent.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cpuSeconds, figure, number, open, quit, segment, tab, warm } from './browser.mjs';

const WINDOW = 5000;
let it;
let page;

before(async () => {
  it = await open();
  page = it.page;
  await warm(page);
});
after(async () => {
  await it?.close();
  await quit();
});

const sleep = (ms) => page.waitForTimeout(ms);

/** A figure and the time at the instant at which the page changes it. */
const atChange = (name) =>
  page.evaluate(
    (figureName) =>
      new Promise((done) => {
        const node = document.querySelector(`[data-figure="${figureName}"] .value`);
        const watch = new MutationObserver(() => {
          watch.disconnect();
          done({ value: Number(node.textContent.replace(/,/g, '')), at: performance.now() });
        });
        watch.observe(node, { childList: true, characterData: true, subtree: true });
      }),
    name,
  );

test('cycles and deliveries rise at 120 a second', async () => {
  const delivered = await figure(page, 'delivered');
  const from = await atChange('cycles');
  await sleep(WINDOW);
  const to = await atChange('cycles');
  const rate = ((to.value - from.value) * 1000) / (to.at - from.at);
  assert.ok(Math.abs(rate - 120) <= 6, `${rate.toFixed(1)} cycles a second`);
  assert.ok((await figure(page, 'delivered')) - delivered > 400);
  assert.ok(Math.abs((await figure(page, 'rate')) - 120) <= 6, 'the rate shown');
});

test('the worker takes at most 35 % of a core', async () => {
  for (const mode of ['auto', 'fast']) {
    await segment(page, 'link', mode);
    const [cpu, at] = [cpuSeconds('DedicatedWorker'), performance.now()];
    await sleep(WINDOW);
    const share = ((cpuSeconds('DedicatedWorker') - cpu) * 1000) / (performance.now() - at);
    assert.ok(share > 0.01 && share <= 0.35, `${mode}: ${(share * 100).toFixed(1)} %`);
  }
});

test('every loop has ordered percentiles, and at least 100 rows change', async () => {
  await tab(page, 'loops');
  const rows = () =>
    page.$$eval('#loop-table tbody tr', (list) =>
      list.map((tr) => {
        const of = (field) => tr.querySelector(`[data-field=${field}]`).textContent.replace(/,/g, '');
        return { name: tr.dataset.loop, p: ['p50', 'p95', 'p99'].map((f) => Number(of(f))), text: tr.textContent };
      }),
    );
  const first = await rows();
  await sleep(WINDOW);
  const second = await rows();
  assert.equal(second.length, 124);
  for (const row of second) assert.ok(row.p[0] <= row.p[1] && row.p[1] <= row.p[2], `${row.name}: ${row.p}`);
  const changed = second.filter((row, i) => row.text !== first[i].text).length;
  assert.ok(changed >= 100, `${changed} rows changed`);
});

test('the table of settings changes and the replay buffer grows', async () => {
  await tab(page, 'qlearning');
  const cells = () => page.$$eval('[data-cell]', (list) => list.map((c) => c.dataset.q));
  const [first, size] = [await cells(), await figure(page, 'added')];
  await sleep(WINDOW);
  const second = await cells();
  assert.equal(second.length, 60);
  assert.ok(second.filter((q, i) => q !== first[i]).length >= 2);
  assert.ok((await figure(page, 'added')) > size);
});

test('the graph is the society, and the gauge shows the score of the snapshot', async () => {
  await tab(page, 'symbiosis');
  await sleep(600);
  const nodes = await page.$$eval('[data-node]', (list) => list.map((n) => n.dataset.node).sort());
  for (const name of ['awareness', 'curiosity', 'emotional_decay', 'memory_consolidation']) assert.ok(nodes.includes(name), name);
  assert.equal(await page.locator('.edge[data-declared="true"]').count(), 5);
  const seen = await page.evaluate(async () => {
    // the gauge is drawn from the newest snapshot before the next one comes
    const start = window.told.count;
    while (window.told.count === start) await new Promise((r) => setTimeout(r, 5));
    await new Promise((r) => setTimeout(r, 100));
    return [Number(document.querySelector('.gauge').dataset.score), window.told.snap.symbiosis.score, document.querySelector('.gauge-value').textContent];
  });
  assert.equal(seen[0], seen[1]);
  assert.equal(seen[2], seen[1].toFixed(2));
});

test('memory blocks rise, and are smaller than what went in', async () => {
  await tab(page, 'memory');
  const blocks = await figure(page, 'compressions');
  await sleep(WINDOW);
  assert.ok((await figure(page, 'compressions')) > blocks);
  const m = await page.evaluate(() => window.told.snap.memory);
  assert.ok(m.raw_bytes > m.stored_bytes && m.stored_bytes > 0);
  assert.equal(m.remembered, m.in_ring + m.in_blocks + m.archived + m.evicted + m.merged);
});

/** A hash of everything that can be seen, canvases included. */
const picture = () =>
  page.evaluate(async () => {
    const all = document.body.innerHTML + [...document.querySelectorAll('canvas')].map((c) => c.toDataURL()).join();
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(all));
    return [...new Uint8Array(hash)].map((b) => b.toString(16).padStart(2, '0')).join('');
  });

test('with auto-refresh off the engine goes on and the page does not', async () => {
  for (const name of ['overview', 'loops']) {
    await tab(page, name);
    await sleep(300);
    await page.click('#refresh');
    await sleep(400);
    const [shown, seq] = [await picture(), await page.evaluate(() => window.told.snap.totals.ticks)];
    await sleep(2000);
    assert.equal(await picture(), shown, name);
    assert.ok((await page.evaluate(() => window.told.snap.totals.ticks)) - seq > 150);
    await page.click('#refresh');
    await sleep(600);
    assert.notEqual(await picture(), shown, name);
  }
});

test('after Stop nothing changes for 2 s, and Start goes on where it stood', async () => {
  for (const name of ['overview', 'symbiosis', 'memory']) {
    await tab(page, name);
    await page.click('#run');
    await sleep(700);
    const [shown, count] = [await picture(), await page.evaluate(() => window.told.count)];
    await sleep(2000);
    assert.equal(await picture(), shown, name);
    assert.equal(await page.evaluate(() => window.told.count), count);
    const ticks = await page.evaluate(() => window.told.snap.totals.ticks);
    await page.click('#run');
    await page.waitForFunction((n) => window.told.snap.totals.ticks > n, ticks);
  }
});

test('a change of the link: the reward falls, the knob moves, the reward climbs past the dotted line', async () => {
  await tab(page, 'overview');
  await sleep(2000);
  const before = await page.evaluate(() => window.told.jobs.at(-1));
  await segment(page, 'link', 'slow');
  const t0 = await page.evaluate(() => performance.now());
  await page.waitForFunction(
    ([start, level]) => {
      const late = window.told.jobs.filter((j) => j.at > start + 500 && j.link === 3 && j.score !== null);
      const newest = late.slice(-4);
      return newest.length === 4 && newest.every((j) => j.level !== level && j.score > j.fixed.score && j.reward > j.fixed.reward * 0.95);
    },
    [t0, before.level],
    { timeout: 10000 },
  );
  const after = await page.evaluate((start) => window.told.jobs.filter((j) => j.at > start && j.link === 3), t0);
  assert.ok(Math.min(...after.map((j) => j.reward ?? Infinity)) < before.reward / 2, 'the reward fell');
  await segment(page, 'link', 'fast');
  await page.waitForFunction((level) => window.told.jobs.at(-1).link === 400 && window.told.jobs.at(-1).level === level, before.level, { timeout: 10000 });
});

test('the heat map shows two different best settings', async () => {
  await tab(page, 'qlearning');
  const best = await page.$$eval('.heat-cell.top', (list) => list.map((c) => c.dataset.cell.split(',')));
  assert.ok(best.length >= 2);
  assert.ok(new Set(best.map(([, action]) => action)).size >= 2, JSON.stringify(best));
});

test('a loop that throws backs off while its neighbours keep their p99', async () => {
  await tab(page, 'overview');
  const p99 = () =>
    page.evaluate(() => {
      const list = window.told.snap.loops.filter((l) => l.group === 'ship' && l.name !== 'ship-007').map((l) => l.window.p99_ms).filter((v) => v !== null);
      return list.sort((a, b) => a - b)[list.length >> 1];
    });
  const quiet = await p99();
  await page.selectOption('#break-loop', 'ship-007');
  await segment(page, 'fault', 'throw');
  await page.waitForFunction(() => window.told.snap.loops.find((l) => l.name === 'ship-007').streak >= 2, null, { timeout: 15000 });
  const row = await page.evaluate(() => window.told.snap.loops.find((l) => l.name === 'ship-007'));
  assert.equal(row.state, 'backing_off');
  assert.match(row.last_error, /broken on purpose/);
  assert.ok((await p99()) <= quiet * 1.5 + 1, `${quiet} then ${await p99()} ms`);
  await segment(page, 'fault', 'none');
  await page.waitForFunction(() => window.told.snap.loops.find((l) => l.name === 'ship-007').streak === 0, null, { timeout: 15000 });
});

test('a loop that is slow is timed out while the rate stays', async () => {
  await segment(page, 'fault', 'slow');
  await page.waitForFunction(() => window.told.snap.loops.find((l) => l.name === 'ship-007').timeouts >= 1, null, { timeout: 15000 });
  const rate = number(await page.locator('[data-figure="rate"]').first().innerText());
  assert.ok(Math.abs(rate - 120) <= 6, `${rate}`);
  await segment(page, 'fault', 'none');
});

test('it said nothing and asked for nothing', () => {
  assert.deepEqual(it.said, []);
  assert.deepEqual(it.requests(), []);
});

// many.test.mjs - a process of 10,000 loops: what happens is told of all of them, and what was is looked at without holding the page.
// Room: page, tests. Method: the page's own classes in Node; Chromium against a server of made-up snapshots, what the
// page's thread parses counted.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cpuOf, open, quit, scrub, tab } from './browser.mjs';
import { snapshot } from './fixture.mjs';
import { compiled } from './module.mjs';
import { META, said, stranger } from './stranger.mjs';

const LOOPS = 10_000;
const MOMENTS = 3;
const NEXT_MS = 1100; // of so many loops one in 2 s is kept
let enough = false;
let sent = 0;
let server;
let page;
let it;

/** The i-th of a run in which every loop goes on. */
function many(i) {
  const snap = { ...snapshot(40), seq: i + 1, now_ms: 10_000 + 5_000 * i };
  const [base] = snap.loops.slice(10);
  snap.loops = Array.from({ length: LOOPS }, (_, k) => ({
    ...base, id: k + 1, name: `worker-${String(k).padStart(5, '0')}`, cycles: k + 10 * i, errors: 3 + i, latency: { ...base.latency, p99_ms: 1 + ((k * 31 + i) % 997) / 50 },
  }));
  Object.assign(snap.totals, { ticks: 1000 * i, loops: LOOPS });
  Object.assign(snap.symbiosis, { nodes: [], edges: [] });
  return snap;
}

before(async () => {
  server = await stranger((say) => {
    say(said('meta', META));
    const next = () => {
      say(said('snapshot', many(sent)));
      sent += 1;
      if (!enough) setTimeout(next, NEXT_MS);
    };
    next();
  });
  it = await open({ url: `${server.url}#loops` });
  page = it.page;
  await page.waitForFunction((n) => Number(document.querySelector('#scrub')?.max) >= n - 1, MOMENTS, { timeout: 60000 });
  enough = true;
  await page.waitForFunction((n) => Number(document.querySelector('main').dataset.seq) === n, sent, { timeout: 60000 });
});
after(async () => {
  enough = true;
  await it?.close();
  server?.close();
  await quit();
});

test('a moment that was kept is read by a worker, not by the page’s thread', async (t) => {
  assert.equal(await page.locator('#loop-table').getAttribute('aria-rowcount'), String(LOOPS + 1));
  await page.evaluate(() => {
    window.parsed = 0;
    const parse = JSON.parse;
    JSON.parse = (text, ...rest) => {
      window.parsed += String(text).length;
      return parse(text, ...rest);
    };
  });
  const rounds = 6;
  const taken = await cpuOf(page, async () => {
    for (let i = 0; i < rounds; i += 1) await scrub(page, i % MOMENTS);
  });
  t.diagnostic(`${((taken / rounds) * 1000).toFixed(0)} ms of CPU a moment`);
  await tab(page, 'loops');
  const seen = new Set();
  for (const i of [2, 0, 1]) {
    await scrub(page, i);
    const at = Number(await page.locator('main').getAttribute('data-seq')) - 1;
    assert.equal(await page.locator('[data-loop=worker-00007] [data-field=cycles]').innerText(), String(7 + 10 * at));
    seen.add(at);
  }
  assert.equal(seen.size, MOMENTS);
  assert.ok((await page.evaluate(() => window.parsed)) < 10_000, 'the page’s thread has parsed it');
});

test('ticks a second are told of snapshots that are seconds apart', async () => {
  await page.click('#newest');
  await tab(page, 'overview');
  assert.equal(await page.locator('.chart:has(#work-table) .legend b').first().innerText(), '200.0');
  const { History } = await compiled(join('..', 'src', 'history.ts'));
  const history = new History();
  for (const [t, ticks] of [[0, 0], [1, 10], [2, 30], [12, 1030], [12.2, 1050]]) history.push({ t, ticks });
  assert.deepEqual([2, 12, 12.2].map((at) => history.rate('ticks', 2, at)), [15, 100, 100]);
  assert.equal(history.rate('ticks', 2, 0), null);
});

test('where no loop acts on another a sentence says so, instead of an empty graph', async () => {
  await tab(page, 'symbiosis');
  assert.match(await page.locator('#no-graph').innerText(), /no edge was declared, and none was learned yet/);
  assert.equal(await page.locator('.graph-box').count(), 0);
});

test('what befalls very many at one moment hides no other kind, and how many more there were is said', async () => {
  const { Watcher } = await compiled(join('..', 'src', 'events.ts'));
  const [a, b] = [many(0), many(1)];
  b.loops[9000].breaker_open = true;
  const watcher = new Watcher();
  watcher.see(a);
  const events = watcher.see(b);
  assert.equal(events.filter((e) => e.kind === 'failure' && e.of !== '').length, 50);
  assert.deepEqual(events.filter((e) => e.kind !== 'failure').map((e) => [e.kind, e.of]), [['breaker', 'worker-09000']]);
  assert.equal(events.find((e) => e.kind === 'failure' && e.of === '').text, `and ${LOOPS - 50} more at this moment`);
});

test('it complained of nothing', () => assert.deepEqual(it.said, []));

// clock.test.mjs - the clock of the running module: held, on by one tick, from a tenth of real time to as fast as it can.
// Room: page, tests. Method: Chromium from file://; the engine's time by its snapshots against the real time of the same run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figure, segment, tab, visit } from './browser.mjs';

let it;
let page;

visit((opened) => ([it, page] = [opened, opened.page]));

const told = () => page.evaluate(() => ({ now: window.told.snap.now_ms, ticks: window.told.snap.totals.ticks, missed: window.told.snap.totals.missed, job: window.told.rows.at(-1).job }));
/** Until `count` more snapshots have come. */
async function reports(count) {
  const from = await page.evaluate(() => window.told.count);
  await page.waitForFunction((to) => window.told.count >= to, from + count, { timeout: 60000 });
}
/** Asks for a speed. @returns ms of the engine's time in each real one, over twelve snapshots; and the first and last of these */
async function pace(factor) {
  await page.selectOption('#pace', String(factor));
  await page.waitForFunction((f) => window.told.rows.at(-1).job.speed === f, factor);
  await reports(1);
  const [from, began] = [await told(), Date.now()];
  await reports(12);
  const to = await told();
  return { rate: (to.now - from.now) / (Date.now() - began), from, to };
}

test('held, neither time nor ticks move; each step is the next tick', async () => {
  await page.click('#hold');
  await page.waitForFunction(() => window.told.rows.at(-1).job.held && document.querySelector('#hold').textContent.includes('Go on'));
  const first = await told();
  await reports(3);
  const second = await told();
  assert.deepEqual([second.now, second.ticks], [first.now, first.ticks]);
  for (let i = 0; i < 5; i += 1) {
    const before = await told();
    await page.click('#tick');
    await page.waitForFunction((n) => window.told.snap.totals.ticks > n, before.ticks);
    const after = await told();
    assert.ok(after.ticks - before.ticks <= 4 && after.now >= before.now && after.now - before.now < 200, `${before.ticks} to ${after.ticks} ticks in ${after.now - before.now} ms`);
  }
  await tab(page, 'overview');
  await page.waitForFunction(() => document.querySelector('main').dataset.seq === String(window.told.snap.seq));
  assert.equal(await figure(page, 'cycles'), (await told()).ticks);
  assert.ok((await page.locator('#clock .note').innerText()) === 'held');
  await page.click('#hold');
  await page.waitForFunction((n) => window.told.snap.now_ms > n + 500, (await told()).now);
});

test('it goes at a tenth, as real time, and many times as fast; at full speed no tick is missed', async (t) => {
  const { rate: slow } = await pace(0.1);
  const { rate: real } = await pace(1);
  const { rate: fast, from: before, to: after } = await pace(100);
  t.diagnostic(`×0.1: ${slow.toFixed(3)}, ×1: ${real.toFixed(2)}, ×100: ${fast.toFixed(1)}`);
  assert.ok(slow > 0.05 && slow < 0.2, `${slow}`);
  assert.ok(real > 0.5 && real < 2, `${real}`);
  assert.ok(fast > 1.3 * real && fast <= 110, `${fast}`); // how much faster is the machine's business
  assert.equal(after.missed, before.missed);
  assert.ok(after.ticks - before.ticks > 60 * ((after.now - before.now) / 1000), 'ticks keep up with the clock');
});

test('what is said of the clock moves nothing: as fast as asked for, not as fast, held, stopped', async () => {
  const says = (words) => page.waitForFunction((w) => document.querySelector('#clock .note').textContent.startsWith(w), words);
  const top = () => page.locator('#panel-overview').evaluate((panel) => panel.getBoundingClientRect().top);
  await tab(page, 'overview');
  const tops = [];
  for (const [does, words] of [
    [() => page.selectOption('#pace', '0.1'), 'goes at'], [() => page.selectOption('#pace', '100'), 'at most'], [() => page.click('#hold'), 'held'],
    [() => page.click('#hold'), 'at most'], [() => page.click('#run'), 'stopped'], [() => page.click('#run'), 'at most'], [() => page.selectOption('#pace', '1'), ''],
  ]) {
    await does();
    await says(words);
    tops.push(await top());
  }
  assert.equal(new Set(tops).size, 1, String(tops));
});

test('a loop that is slow times out by the engine’s time, whatever its speed', async () => {
  await page.selectOption('#pace', '10');
  await tab(page, 'overview');
  await segment(page, 'fault', 'slow');
  await page.waitForFunction(() => window.told.rows.at(-1).victim.timeouts >= 1, null, { timeout: 30000 });
  await segment(page, 'fault', 'none');
  await page.selectOption('#pace', '1');
});

test('a stopped engine goes on from where its clock stood', async () => {
  await page.click('#run');
  await page.waitForFunction(() => document.querySelector('#status').textContent.includes('Stopped') && !window.told.snap.running); // its last snapshot has come
  const stood = (await told()).now;
  await page.waitForTimeout(1200); // what its clock must not see
  await page.click('#run');
  await page.waitForFunction(() => window.told.snap.running);
  assert.ok((await told()).now < stood + 1100, 'the pause is no part of its time');
});

test('it said nothing and asked for nothing', () => {
  assert.deepEqual(it.said, []);
  assert.deepEqual(it.requests(), []);
});

// lab.test.mjs - a learner of the module learns in front of the visitor: in a grid and with a pole on a cart.
// Room: page, tests. Method: the lab's own classes over the module in Node, against shortest paths; then the page, which must show the same after as many steps.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { figure, open, quit, segment, tab, warm } from './browser.mjs';
import { compiled, loader, ofPage } from './module.mjs';

let it;
let page;
let gyre;
let Lab;
let Grid;

before(async () => {
  gyre = await (await loader()).Gyre.load(ofPage);
  globalThis.postMessage ??= () => undefined;
  ({ Lab } = await compiled(join('..', 'src', 'worker', 'lab.ts')));
  ({ Grid } = await compiled(join('..', 'src', 'worlds.ts')));
});
after(async () => {
  await it?.close();
  await quit();
});

function learned(world, seed, steps) {
  const lab = new Lab(gyre, world, seed);
  for (let i = 0; i < steps; i += 1) lab.step();
  const view = lab.view(0);
  lab.destroy();
  return view;
}

/** Steps from start to goal, pits avoided; found without learning. */
function shortest(grid) {
  let [front, far] = [[grid.start], 0];
  const seen = new Set(front);
  while (front.length > 0) {
    if (front.some((c) => grid.cells[c] === 'G')) return far;
    front = front.flatMap((c) => [0, 1, 2, 3].map((a) => grid.to(c, a))).filter((c) => grid.cells[c] !== 'X' && !seen.has(c) && seen.add(c));
    far += 1;
  }
  return Infinity;
}

for (const world of ['rooms', 'cliff']) {
  test(`${world}: the greedy path becomes a shortest one, by nine seeds of ten`, (t) => {
    const far = shortest(new Grid(world));
    const paths = Array.from({ length: 10 }, (_, i) => {
      const { grid } = learned(world, i + 1, 20_000);
      return grid.cells[grid.path.at(-1)] === 'G' ? grid.path.length - 1 : Infinity;
    });
    t.diagnostic(`shortest ${far}; ${paths}`);
    assert.ok(far > 10 && paths.filter((n) => n === far).length >= 9, `${paths}`);
    const early = learned(world, 1, 100).grid;
    assert.notEqual(early.cells[early.path.at(-1)], 'G', 'it does not know from the start');
  });
}

test('the pole stands for ever longer, by four seeds of five several times as long as at first', (t) => {
  const mean = (all) => all.reduce((a, b) => a + b, 0) / all.length;
  const lasted = Array.from({ length: 5 }, (_, i) => [learned('cartpole', i + 1, 1_000), learned('cartpole', i + 1, 100_000)].map(({ returns }) => mean(returns.slice(-50))));
  t.diagnostic(lasted.map(([a, b]) => `${a.toFixed(0)} to ${b.toFixed(0)}`).join(', '));
  assert.ok(lasted.filter(([first, last]) => last > 4 * first || last > 120).length >= 4, JSON.stringify(lasted));
});

test('the same seed makes the same steps, another one others', () => {
  for (const world of ['rooms', 'cartpole']) {
    assert.deepEqual(learned(world, 5, 3000), learned(world, 5, 3000));
    assert.notDeepEqual(learned(world, 5, 3000).values, learned(world, 6, 3000).values);
  }
});

test('a wall that is put in its way makes another path', () => {
  const lab = new Lab(gyre, 'cliff', 1);
  for (let i = 0; i < 20_000; i += 1) lab.step();
  lab.world.change(24 + 5);
  const far = shortest(lab.world);
  for (let i = 0; i < 40_000; i += 1) lab.step();
  const { grid } = lab.view(0);
  assert.deepEqual([grid.cells[grid.path.at(-1)], grid.path.length - 1, far], ['G', 15, 15]);
  lab.destroy();
});

test('the page shows the very values after as many steps, whatever way they were made', async () => {
  it = await open();
  page = it.page;
  await warm(page);
  await tab(page, 'qlearning');
  await page.fill('#lab-seed', '9');
  await page.press('#lab-seed', 'Enter');
  await page.waitForFunction(() => document.querySelector('[data-figure=lab-steps] .value').textContent === '0');
  await page.click('#lab-step');
  await page.waitForFunction(() => document.querySelector('[data-figure=lab-steps] .value').textContent === '1');
  for (const n of ['1,001', '2,001', '3,001']) {
    await page.click('#lab-many');
    await page.waitForFunction((want) => document.querySelector('[data-figure=lab-steps] .value').textContent === want, n);
  }
  const want = learned('rooms', 9, 3001);
  const cells = await page.$$eval('.lab-cell', (list) => list.map((g) => [Number(g.dataset.best), g.dataset.value]));
  assert.deepEqual(cells, want.best.map((b, i) => [b, want.values[i] === null ? '' : String(want.values[i])]));
  assert.equal(await figure(page, 'lab-episodes'), want.episodes);
});

test('it goes as fast as asked for, pauses, and a click changes the world', async () => {
  const steps = () => figure(page, 'lab-steps');
  await page.selectOption('#lab-rate', '1000000');
  await page.click('#lab-go');
  await page.waitForFunction(() => Number(document.querySelector('[data-figure=lab-steps] .value').textContent.replaceAll(',', '')) > 30000, null, { timeout: 60000 });
  await page.waitForFunction(() => document.querySelector('[data-figure=lab-path] .value').textContent !== 'not yet');
  assert.equal(await figure(page, 'lab-path'), shortest(new Grid('rooms')));
  await page.click('#lab-go');
  await page.waitForTimeout(300);
  const stood = await steps();
  await page.waitForTimeout(500);
  assert.equal(await steps(), stood);
  await page.click('[data-cell-at="11"]');
  await page.waitForSelector('[data-cell-at="11"][data-kind="#"]');
  await page.focus('[data-cell-at="11"]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-cell-at="11"][data-kind="X"]');
  await segment(page, 'world', 'cartpole');
  await page.waitForSelector('.lab-grid[data-lasted]');
  await page.click('#lab-many');
  await page.waitForFunction(() => document.querySelector('[data-figure=lab-steps] .value').textContent === '1,000');
  assert.equal(await figure(page, 'lab-episodes'), learned('cartpole', 9, 1000).episodes);
});

test('it said nothing and asked for nothing', () => {
  assert.deepEqual(it.said, []);
  assert.deepEqual(it.requests(), []);
});

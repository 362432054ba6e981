// looks.test.mjs - every tab in both themes and at both ends of width: accessible, in its bounds, usable by keys.
// Room: page, tests. Method: axe-core in the page; measured boxes; keys.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { open, quit, tab, TABS, theme, THEMES, warm } from './browser.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let it;
let page;

before(async () => {
  it = await open();
  page = it.page;
  await warm(page);
  await page.evaluate(axe);
});
after(async () => {
  await it?.close();
  await quit();
});

for (const look of THEMES) {
  for (const name of TABS) {
    test(`axe finds nothing: ${name}, ${look}`, async () => {
      await theme(page, look);
      await tab(page, name);
      await page.waitForTimeout(500);
      const found = await page.evaluate(async () => {
        const result = await window.axe.run(document, { resultTypes: ['violations'] });
        return result.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.failureSummary}`).join(' | ')}`);
      });
      assert.deepEqual(found, []);
    });
  }
}

for (const width of [360, 1440]) {
  test(`nothing is wider than a window of ${width} px`, async () => {
    await page.setViewportSize({ width, height: 800 });
    for (const name of TABS) {
      await tab(page, name);
      await page.waitForTimeout(350);
      const seen = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      assert.ok(seen[0] <= seen[1], `${name}: ${seen[0]} in ${seen[1]}`);
    }
  });
}

test('every canvas is an image with a name and a table', async () => {
  await page.setViewportSize({ width: 1440, height: 900 });
  for (const name of TABS) {
    await tab(page, name);
    await page.waitForTimeout(350);
    const list = await page.$$eval('canvas', (all) =>
      all.map((c) => [c.getAttribute('role'), c.getAttribute('aria-label'), document.getElementById(c.getAttribute('aria-details'))?.tagName, c.width * c.height > 0]),
    );
    for (const [role, label, table, drawn] of list) {
      assert.equal(role, 'img');
      assert.ok(label);
      assert.equal(table, 'TABLE', `${name}: ${label}`);
      assert.ok(drawn);
    }
  }
});

test('the tabs follow the arrow keys, and a chart reads out its values', async () => {
  await tab(page, 'overview');
  await page.focus('#tab-overview');
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'tab-loops');
  await page.keyboard.press('End');
  assert.equal(await page.locator('#tab-memory').getAttribute('aria-selected'), 'true');
  await page.keyboard.press('Home');
  await page.locator('.plot').first().focus();
  await page.keyboard.press('ArrowLeft');
  assert.match(await page.locator('output').first().innerText(), /learned .*%/);
});

test('a refresh moves nothing', async () => {
  for (const name of TABS) {
    await tab(page, name);
    await page.waitForTimeout(1200);
    const moved = await page.evaluate(
      () =>
        new Promise((done) => {
          let sum = 0;
          const watch = new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
          });
          watch.observe({ type: 'layout-shift' });
          setTimeout(() => (watch.disconnect(), done(sum)), 1500);
        }),
    );
    assert.ok(moved < 0.002, `${name}: ${moved}`);
  }
});

test('it said nothing and asked for nothing', () => {
  assert.deepEqual(it.said, []);
  assert.deepEqual(it.requests(), []);
});

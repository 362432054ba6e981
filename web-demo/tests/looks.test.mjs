// looks.test.mjs - every tab in both themes and at both ends of width: in its bounds, usable by keys, accessible where it is not at its ease.
// Room: page, tests. Method: axe-core in the page; measured boxes; keys.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { open, PAGE, passes, scratch, segment, tab, TABS, theme, THEMES, violations, visit } from './browser.mjs';
import { run } from './fixture.mjs';

let it;
let page;

visit((opened) => ([it, page] = [opened, opened.page]));

test('no tile cuts off what it says, at any width', async () => {
  for (const width of [360, 768, 1440, 2560]) {
    await page.setViewportSize({ width, height: 900 });
    for (const name of TABS) {
      await tab(page, name);
      const cut = await page.$$eval('.tile > *', (list) => list.filter((e) => e.scrollWidth > e.clientWidth).map((e) => `${e.textContent}: ${e.clientWidth} of ${e.scrollWidth} px`));
      assert.deepEqual(cut, [], `${name}, ${width} px`);
    }
  }
});

test('axe finds nothing where the page is not at its ease', async () => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await tab(page, 'overview');
  for (const look of THEMES) {
    await theme(page, look);
    await segment(page, 'fault', 'throw');
    await page.waitForFunction(() => window.told.rows.at(-1).victim.state === 'backing_off', null, { timeout: 20000 });
    await page.click('#run');
    await page.click('#licences summary');
    assert.deepEqual(await violations(page), [], `stopped, ${look}`);
    await page.click('#licences summary');
    await page.click('#run');
    await segment(page, 'fault', 'none');
    const folder = scratch();
    writeFileSync(join(folder, 'run.jsonl'), run(12));
    await page.setInputFiles('#file', join(folder, 'run.jsonl'));
    await page.waitForSelector('#back');
    assert.deepEqual(await violations(page), [], `recorded, ${look}`);
    await page.click('#back');
    writeFileSync(join(folder, 'wrong.jsonl'), 'hello');
    await page.setInputFiles('#file', join(folder, 'wrong.jsonl'));
    await page.waitForSelector('#refused');
    assert.deepEqual(await violations(page), [], `refused, ${look}`);
    await page.click('#refused .button');
  }
});

test('axe finds nothing where loops are held back', { skip: !process.env.GYRE_STRAINED && 'without --strained' }, async () => {
  await page.setInputFiles('#file', process.env.GYRE_STRAINED);
  await page.waitForSelector('#back');
  await page.waitForSelector('.strip.time[data-shown="1"]', { timeout: 60000 }); // it has played to its end
  for (const width of [1440, 360]) {
    await page.setViewportSize({ width, height: 900 });
    for (const look of THEMES) {
      await theme(page, look);
      for (const name of ['overview', 'loops']) {
        await tab(page, name);
        await page.waitForFunction((n) => document.querySelectorAll('.why').length === n, name === 'loops' ? 5 : 0);
        assert.deepEqual(await violations(page), [], `${name}, ${look}, ${width} px`);
        const seen = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
        assert.ok(seen[0] <= seen[1], `${name}: ${seen[0]} in ${seen[1]}`);
      }
    }
  }
  await page.click('#back');
});

test('without an engine the page says so, and still opens a recorded run', async () => {
  const folder = scratch();
  const file = join(folder, 'page.html');
  writeFileSync(file, readFileSync(PAGE, 'utf8').replace(/(<script id="engine" type="text\/plain">)[^<]*/, '$1'));
  const bare = await open({ file });
  await bare.page.waitForSelector('.empty.bad');
  assert.match(await bare.page.locator('.empty.bad').innerText(), /did not start[\s\S]*built without its engine/);
  assert.deepEqual(await violations(bare.page), []);
  writeFileSync(join(folder, 'run.jsonl'), run(12));
  await bare.page.setInputFiles('#file', join(folder, 'run.jsonl'));
  await bare.page.waitForSelector('#back');
  assert.deepEqual(bare.said, []);
  await bare.close();
});

for (const width of [360, 768, 1440, 2560]) {
  test(`nothing is wider than a window of ${width} px`, async () => {
    await page.setViewportSize({ width, height: 800 });
    for (const name of TABS) {
      await tab(page, name);
      await passes(page, 300);
      const seen = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      assert.ok(seen[0] <= seen[1], `${name}: ${seen[0]} in ${seen[1]}`);
    }
  });
}

test('2,560 px are used, and at 768 px the bar stays as high when the theme changes', async () => {
  await tab(page, 'overview');
  await page.setViewportSize({ width: 2560, height: 1200 });
  const used = await page.evaluate(() => [...document.querySelectorAll('#panel-overview .panel')].reduce((most, p) => Math.max(most, p.getBoundingClientRect().right), 0));
  assert.ok(used > 2400, `${used} px`);
  await page.setViewportSize({ width: 768, height: 900 });
  const heights = [];
  for (const look of ['auto', ...THEMES]) {
    await theme(page, look);
    heights.push(await page.locator('.bar').evaluate((b) => b.getBoundingClientRect().height));
  }
  assert.equal(new Set(heights).size, 1, String(heights));
});

test('what can be pressed or typed in has a border of at least 3:1, in both themes', async () => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await tab(page, 'loops');
  for (const look of THEMES) {
    await theme(page, look);
    await page.waitForTimeout(300); // the switch moves
    const low = await page.evaluate(() => {
      const rgb = (text) => text.match(/[\d.]+/g).slice(0, 3).map(Number);
      const light = (text) => {
        const [r, g, b] = rgb(text).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
      const behind = getComputedStyle(document.querySelector('.panel')).backgroundColor;
      const found = [...document.querySelectorAll('.button:not(:disabled), select, input[type=search], .segment-row')].map((e) => [e.id || e.className, ratio(getComputedStyle(e).borderTopColor, behind)]);
      found.push(['track', ratio(getComputedStyle(document.querySelector('.track')).backgroundColor, behind)]);
      return found.filter(([, r]) => r < 3);
    });
    assert.deepEqual(low, [], look);
  }
});

test('in forced colours the switch, the legends and the ramp can be seen', async () => {
  await page.emulateMedia({ forcedColors: 'active' });
  await theme(page, 'light');
  await tab(page, 'qlearning');
  const shown = await page.evaluate(() => {
    const style = (selector) => getComputedStyle(document.querySelector(selector));
    return {
      thumb: style('.thumb').backgroundColor !== style('.track').backgroundColor, border: style('.track').borderTopWidth,
      ramp: style('.ramp').backgroundImage.includes('gradient'), swatch: style('.swatch').forcedColorAdjust,
    };
  });
  assert.deepEqual(shown, { thumb: true, border: '1px', ramp: true, swatch: 'none' });
  await page.emulateMedia({ forcedColors: 'none' });
});

test('on paper the page is light and every loop is there', async () => {
  await theme(page, 'dark');
  await tab(page, 'loops');
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'light' && document.querySelectorAll('#loop-table tbody tr').length >= 124);
  const seen = await page.evaluate(() => {
    const rows = [...document.querySelectorAll('#loop-table tbody tr')];
    const frame = document.querySelector('.scroll.tall');
    return { rows: rows.length, whole: frame.scrollHeight <= frame.clientHeight + 1, controls: getComputedStyle(document.querySelector('.controls')).display, ink: getComputedStyle(document.body).color };
  });
  assert.deepEqual({ ...seen, ink: '' }, { rows: 124, whole: true, controls: 'none', ink: '' });
  assert.match(seen.ink, /rgb\((\d|[1-5]\d), /, 'dark letters');
  await page.evaluate(() => dispatchEvent(new Event('afterprint')));
  await page.emulateMedia({ media: null });
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
});

test('at 360 px five columns of a loop are seen without scrolling', async () => {
  await page.setViewportSize({ width: 360, height: 800 });
  await tab(page, 'overview');
  await tab(page, 'loops');
  const seen = await page.evaluate(() => {
    const right = document.querySelector('.scroll.tall').getBoundingClientRect().right;
    return [...document.querySelectorAll('#loop-table tbody tr:first-child > *')].filter((c) => c.getBoundingClientRect().right <= right + 1).length;
  });
  assert.ok(seen >= 5, `${seen} columns`);
});

test('at 360 px the table of loops scrolls in its own frame, by keys too, and the names stay', async () => {
  await page.setViewportSize({ width: 360, height: 800 });
  await tab(page, 'loops');
  const frame = page.getByRole('region', { name: 'All loops, scrollable' });
  await frame.focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => document.activeElement.scrollLeft > 0);
  const left = await frame.evaluate((f) => {
    f.scrollTo(f.scrollWidth, 300);
    return f.scrollLeft;
  });
  await passes(page, 600); // a refresh leaves it where it is
  assert.equal(await frame.evaluate((f) => f.scrollLeft), left);
  const seen = await frame.evaluate((f) => {
    f.scrollTo(f.scrollWidth, 300); // a figure that has grown by a digit makes its column wider
    const box = (e) => e.getBoundingClientRect();
    const row = [...f.querySelectorAll('tbody tr')].find((r) => box(r).top > box(f).top + 60);
    const corner = f.querySelector('thead th');
    const at = (e) => document.elementFromPoint(box(e).left + 10, box(e).top + 8);
    return {
      left: f.scrollLeft, page: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      name: box(row.cells[0]).left - box(f).left, last: box(f).right - box([...row.cells].at(-1)).right,
      uncovered: [corner, row.cells[0]].every((e) => e.contains(at(e))),
    };
  });
  assert.ok(seen.left > 300 && seen.page <= 0, JSON.stringify(seen));
  assert.ok(Math.abs(seen.name) < 2 && Math.abs(seen.last) < 2 && seen.uncovered, JSON.stringify(seen));
});

test('every canvas is an image with a name and a table', async () => {
  await page.setViewportSize({ width: 1440, height: 900 });
  for (const name of TABS) {
    await tab(page, name);
    await passes(page, 300);
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
  assert.equal(await page.locator('#tab-events').getAttribute('aria-selected'), 'true');
  await page.keyboard.press('Home');
  await page.locator('.plot').first().focus();
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction(() => /learned .*%/.test(document.querySelector('output').innerText));
});

test('it said nothing and asked for nothing', () => {
  assert.deepEqual(it.said, []);
  assert.deepEqual(it.requests(), []);
});

// sources.test.mjs - what holds for the module, a recorded file and a process alike: accessible everywhere, still under a hand, silent.
// Room: page, tests. Method: Chromium; axe-core on all tabs, drawer and palette in both themes at three widths; a hand that
// holds something while snapshots come; console messages and requests of all of that.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { open, quit, scratch, tab, TABS, theme, THEMES, violations, warm } from './browser.mjs';
import { run } from './fixture.mjs';
import { launch } from './process.mjs';

const folder = scratch();
let demo;
after(async () => {
  demo?.child.removeAllListeners('exit');
  demo?.child.kill('SIGKILL');
  await quit();
  rmSync(folder, { recursive: true, force: true });
});

/** Until `count` more snapshots have been drawn. A recording that has come to its end begins again. */
async function drawn(page, count) {
  const seq = () => page.locator('main').getAttribute('data-seq');
  for (let k = 0; k < count; k += 1) {
    const now = await seq();
    await page.waitForFunction((then) => {
      const play = document.querySelector('.strip.back #play');
      if (play?.textContent.includes('Play')) play.click();
      return document.querySelector('main').dataset.seq !== then;
    }, now);
  }
}

const SOURCES = {
  'the module': async () => {
    const it = await open();
    await warm(it.page);
    return it;
  },
  'a file': async () => {
    const it = await open();
    const [head, ...snaps] = run(120).trim().split('\n');
    writeFileSync(join(folder, 'run.jsonl'), [head, ...snaps.slice(60)].join('\n') + '\n'); // when every state has been seen
    await it.page.setInputFiles('#file', join(folder, 'run.jsonl'));
    await it.page.waitForSelector('#back', { timeout: 60000 });
    return it;
  },
  'a process': async () => {
    demo = await launch(0, folder);
    if (!demo) return null;
    const it = await open({ url: demo.url });
    await it.page.waitForFunction(() => Number(document.querySelector('main').dataset.seq) > 4);
    return it;
  },
};

/** No canvas is empty: one that was not drawn has one colour. */
const painted = (page) =>
  page.waitForFunction(() =>
    [...document.querySelectorAll('canvas')].every((c) => {
      const data = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer);
      return new Set(data.filter((_v, i) => i % 7 === 0)).size > 4;
    }),
  );

/** The table of loops is looked at as a whole once: its rows are alike, and all of them take axe six times as long as all the rest. */
async function accessible(page) {
  await tab(page, 'loops');
  await page.click('[data-loop=ship-001] .row-name');
  assert.deepEqual(await violations(page), [], 'all loops');
  await page.fill('input[type=search]', 'ship-00');
  for (const width of [1440, 2560, 360]) {
    await page.setViewportSize({ width, height: 900 });
    for (const look of THEMES) {
      await theme(page, look);
      for (const name of TABS) {
        await tab(page, name);
        await painted(page);
        assert.deepEqual(await violations(page), [], `${name}, ${look}, ${width} px`);
      }
      await page.keyboard.press('Control+k');
      await page.keyboard.type('loop');
      await page.waitForSelector('#palette-list [aria-selected=true]');
      assert.deepEqual(await violations(page), [], `palette, ${look}, ${width} px`);
      await page.keyboard.press('Escape');
    }
  }
  await tab(page, 'loops');
  await page.fill('input[type=search]', '');
  await page.click('#close-loop');
}

/** What moved of itself on a tab while `count` snapshots came, as a share of what is seen. */
async function shifted(page, count) {
  await page.evaluate(() => {
    window.moved = 0;
    window.watch = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.moved += entry.value;
    });
    window.watch.observe({ type: 'layout-shift' });
  });
  await drawn(page, count);
  return page.evaluate(() => (window.watch.disconnect(), window.moved));
}

async function held(page) {
  // The module's loops have been on either link by then: what is seen first is a new row.
  if (await page.locator('#clock').count()) await page.waitForFunction(() => window.told.snap.now_ms > 12000);
  await page.setViewportSize({ width: 1440, height: 900 });
  for (const name of TABS) {
    await tab(page, name);
    if (name === 'events') await page.hover('#event-table'); // new rows come on top, unless a hand is there
    await drawn(page, 1);
    const moved = await shifted(page, 3);
    assert.ok(moved < 0.002, `${name}: ${moved}`);
  }
  // The table of loops: scrolled, a row under the pointer, one with the focus, a name selected.
  await tab(page, 'loops');
  await page.evaluate(() => {
    const box = document.querySelector('.scroll.tall');
    box.scrollTop = 300;
    const [name, focused] = ['ship-012', 'ship-015'].map((n) => document.querySelector(`[data-loop=${n}] .row-name`));
    focused.focus({ preventScroll: true });
    getSelection().selectAllChildren(name);
    window.held = { box, focused, name };
  });
  await drawn(page, 3);
  const table = await page.evaluate(() => [window.held.box.scrollTop, document.activeElement === window.held.focused, window.held.name.isConnected, `${getSelection()}`]);
  assert.deepEqual(table, [300, true, true, 'ship-012']);
  // Half a word in the filter, the caret in its middle.
  await page.fill('input[type=search]', 'ship-01');
  await page.evaluate(() => document.activeElement.setSelectionRange(2, 4));
  await drawn(page, 3);
  assert.deepEqual(await page.evaluate(() => [document.activeElement.value, document.activeElement.selectionStart, document.activeElement.selectionEnd]), ['ship-01', 2, 4]);
  await page.fill('input[type=search]', '');
  // A stretch of time that is being dragged over: neither it nor the lines under it move until it is let go.
  await tab(page, 'overview');
  await page.click('#build summary');
  await drawn(page, 1);
  const chart = page.locator('#panel-overview .u-over').first();
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 5 });
  await page.waitForFunction((width) => Math.abs(parseFloat(document.querySelector('#panel-overview .u-select').style.width) - width) < 3, box.width * 0.3);
  const under = () => chart.evaluate((over) => [over.querySelector('.u-select').style.cssText, over.parentElement.querySelector('canvas').toDataURL(), document.querySelector('#build').open]);
  const before = await under();
  await drawn(page, 3);
  assert.ok(JSON.stringify(await under()) === JSON.stringify(before), 'what is dragged over moved');
  await page.mouse.up();
  await page.waitForSelector('#unzoom');
  await page.click('#unzoom');
}

for (const [name, opens] of Object.entries(SOURCES)) {
  test(name, { skip: name === 'a process' && !process.env.GYRE_DEMO && 'without --demo' }, async (t) => {
    const it = await opens();
    if (!it) return t.skip('the demo was built without a server');
    await t.test('axe finds nothing on any tab, in drawer and palette, in both themes, at 360, 1440 and 2560 px', () => accessible(it.page));
    await t.test('a refresh moves nothing that a hand holds', () => held(it.page));
    await t.test('it said nothing, and asked its own origin alone', () => {
      assert.deepEqual(it.said, []);
      assert.deepEqual(it.requests().filter((url) => !demo || new URL(url).origin !== new URL(demo.url).origin), []);
    });
    await it.close();
  });
}

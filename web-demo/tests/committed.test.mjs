// committed.test.mjs - web-demo/gyre.html, the page that the README links: it opens, runs, and is of this version.
// Room: page, tests. Method: Chromium from file://.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { figure, open, quit, tab, TABS } from './browser.mjs';

after(quit);

test('the committed page runs', async () => {
  const { page, said, requests } = await open({ file: new URL('../gyre.html', import.meta.url).pathname });
  await page.waitForSelector('#status.go', { timeout: 30000 });
  await page.waitForFunction(() => window.told.snap?.totals.loops === 124, null, { timeout: 30000 });
  const cycles = await figure(page, 'cycles');
  for (const name of TABS) {
    await tab(page, name);
    await page.waitForSelector(`#panel-${name} .panel`);
  }
  await tab(page, 'overview');
  await page.waitForTimeout(1000);
  assert.ok((await figure(page, 'cycles')) > cycles);
  const version = /version: '([^']+)'/.exec(readFileSync(new URL('../../meson.build', import.meta.url), 'utf8'))[1];
  assert.match(await page.locator('footer').innerText(), new RegExp(`gyre ${version.replaceAll('.', '\\.')},`));
  assert.deepEqual(said, []);
  assert.deepEqual(requests(), []);
});

// recorded.test.mjs - a recorded run is opened, scrubbed, played and left again; a wrong file is refused in words.
// Room: page, tests. Method: Chromium from file:// with a made-up run.jsonl.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { figure, open, quit, scratch, tab, TABS, warm } from './browser.mjs';
import { run, snapshot } from './fixture.mjs';

const folder = scratch();
const write = (name, text) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
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

const scrub = (to) =>
  page.locator('#scrub').evaluate((input, value) => {
    input.value = value;
    input.dispatchEvent(new Event('input', { bubbles: true }));
  }, to);

test('a recorded run is shown where the slider stands, on every tab', async () => {
  await page.setInputFiles('#file', write('run.jsonl', run(80)));
  await page.waitForSelector('#scrub');
  await scrub(39);
  assert.equal(await figure(page, 'cycles'), snapshot(40).totals.ticks);
  for (const name of TABS) {
    await tab(page, name);
    await page.waitForTimeout(250);
  }
  assert.equal(await figure(page, 'processed'), snapshot(40).memory.remembered);
  await tab(page, 'overview');
  await scrub(0);
  assert.equal(await figure(page, 'cycles'), snapshot(1).totals.ticks);
});

test('it plays on by itself and stops at its end', async () => {
  await scrub(76);
  await page.click('#play');
  await page.waitForFunction(() => document.querySelector('#scrub').value === '79' && document.querySelector('#play').textContent.includes('Play'), null, { timeout: 5000 });
});

test('the engine rests meanwhile and goes on afterwards', async () => {
  const ticks = await page.evaluate(() => window.told.snap.totals.ticks);
  await page.waitForTimeout(600);
  assert.equal(await page.evaluate(() => window.told.snap.totals.ticks), ticks);
  await page.click('#back');
  await page.waitForFunction((n) => window.told.snap.totals.ticks > n, ticks);
  assert.equal(await page.locator('#scrub').count(), 0);
});

test('a torn last line is dropped and said', async () => {
  await page.setInputFiles('#file', write('torn.jsonl', run(5).slice(0, -200)));
  await page.waitForSelector('#scrub');
  assert.match(await page.locator('.file').innerText(), /4 snapshots · last line torn/);
  await page.click('#back');
});

for (const [name, text, words] of [
  ['empty.jsonl', '', /empty/],
  ['other.jsonl', '{"a":1}\n', /not a recorded run/],
  ['future.jsonl', '{"gyre":"9.0.0","format":2}\n', /Format 2/],
  ['broken.jsonl', '{"gyre":"0.1.0","format":1}\n{"totals":{}}\n{"x":1}\n', /Line 2 is not a snapshot/],
  ['headonly.jsonl', '{"gyre":"0.1.0","format":1}\n', /no snapshot/],
  ['text.jsonl', 'hello\n', /Line 1 is not JSON/],
]) {
  test(`a wrong file is refused in words: ${name}`, async () => {
    await page.setInputFiles('#file', write(name, text));
    await page.waitForSelector('.strip.bad');
    assert.match(await page.locator('.strip.bad').innerText(), words);
    await page.click('.strip.bad .button');
    assert.equal(await page.locator('#status').innerText(), '● Running');
  });
}

test('it said nothing and asked for nothing', () => {
  assert.deepEqual(it.said, []);
  assert.deepEqual(it.requests(), []);
});

// contract.test.mjs - one contract for the three sources: the module in the page, a recorded file, a live process.
// Room: page, tests. Method: Chromium; each figure against the engine's own snapshot of that number (figures.mjs), which for the
// process a second client has. What either source recorded is opened again, and every tab has the same words.
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { open, quit, scratch, scrub, tab, TABS, warm } from './browser.mjs';
import { contract, spreads } from './figures.mjs';
import { launch, listen } from './process.mjs';

const folder = scratch();
const skip = !process.env.GYRE_DEMO && 'without --demo';
let demo;

before(async () => {
  if (!skip) demo = await launch(0, folder);
});
after(async () => {
  demo?.child.removeAllListeners('exit');
  demo?.child.kill('SIGKILL');
  await quit();
  rmSync(folder, { recursive: true, force: true });
});

/** Saves what the page has recorded, opens that, and goes to the snapshot `seq`. @returns that line of the file */
async function asFile(page, seq) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
  const snaps = readFileSync(await download.path(), 'utf8').trim().split('\n').slice(1).map((line) => JSON.parse(line));
  await page.setInputFiles('#file', await download.path());
  await page.waitForSelector('.strip.time[aria-label="Recorded run"]');
  const at = snaps.findIndex((s) => s.seq === seq);
  await scrub(page, at);
  return snaps[at];
}

/** The words of each tab but for what is the source's own: what the demo's job knows, charts of what was kept, the rate, orders. */
async function words(page) {
  const out = {};
  for (const name of TABS.filter((t) => t !== 'events' && t !== 'overview')) {
    await tab(page, name);
    out[name] = await page.$eval(`#panel-${name}`, (panel) => {
      const copy = panel.cloneNode(true);
      for (const e of copy.querySelectorAll('.panel:has(#orders), .chart, .advice .button, .advice ~ .note, .panel:has(#recall), .panel:has(#recall-why), .panel:has(#lab-controls)')) e.remove();
      return copy.textContent.replace(/[\d,.–]+ \/ s/g, '').replace(/society at 1\/\d+ of its intervals/, '');
    });
  }
  return out;
}

function same(words, before) {
  for (const [name, text] of Object.entries(before)) {
    const at = [...text].findIndex((c, i) => c !== words[name][i]);
    assert.ok(words[name] === text, `${name}: “${words[name].slice(at - 40, at + 60)}” was “${text.slice(at - 40, at + 60)}”`);
  }
}

test('the module: each figure is that of its worker’s snapshot; recorded and opened, every word is the same', async () => {
  const { page, said, close } = await open();
  await warm(page);
  await page.click('#run'); // stands still
  await page.waitForFunction(() => !window.told.snap.running && window.told.snap.seq === Number(document.querySelector('main').dataset.seq));
  const snap = await page.evaluate(() => window.told.snap);
  await contract(page, snap);
  const before = await words(page);
  for (const name of ['ship-001', 'awareness']) await spreads(page, snap.loops.find((l) => l.name === name));
  assert.equal((await asFile(page, snap.seq)).trace, snap.trace);
  await spreads(page, snap.loops.find((l) => l.name === 'ship-001'), { bars: false });
  await contract(page, snap);
  same(await words(page), before);
  assert.deepEqual(said, []);
  await close();
});

test('the process: each figure is that of what its server tells another client; recorded and opened, every word is the same', { skip }, async (t) => {
  if (!demo) return t.skip('the demo was built without a server');
  const second = listen(new URL(demo.url));
  const { page, close } = await open({ url: demo.url });
  await page.waitForFunction(() => Number(document.querySelector('main').dataset.seq) > 8);
  await page.click('#refresh'); // stands still
  const seq = Number(await page.locator('main').getAttribute('data-seq'));
  const snap = await second.snapshot(seq);
  await contract(page, snap);
  const before = await words(page);
  assert.ok(isDeepStrictEqual(await asFile(page, seq), snap));
  await contract(page, snap);
  same(await words(page), before);
  await page.click('#back');
  await page.click('#refresh');
  await page.click('#run'); // its engine stands
  const stopped = async () => {
    const now = await page.locator('main').getAttribute('data-seq');
    return [...second.kept.values()].find((s) => s.seq === Number(now) && !s.running);
  };
  let last;
  for (const end = Date.now() + 10000; !last && Date.now() < end; ) last = await stopped();
  assert.ok(last, 'the engine stands');
  for (const name of ['ship-001', 'awareness']) await spreads(page, last.loops.find((l) => l.name === name), { goes: true });
  second.stop();
  await close();
});

// hostile.test.mjs - recordings that are wrong, huge or meant to harm are refused or shown, with a sentence, and never freeze the page.
// Room: page, tests. Method: fault. Chromium from file://; the longest time for which the page's thread was kept is measured.
import assert from 'node:assert/strict';
import { closeSync, openSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import esbuild from 'esbuild';
import { figure, scratch, scrub, tab, TABS, visit, warm } from './browser.mjs';
import { run, snapshot } from './fixture.mjs';
import { changed, WRONG } from './wrong.mjs';

const HEAD = '{"gyre":"0.1.0","format":1,"seed":"1"}\n';
const folder = scratch();
const write = (name, text) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
let it;
let page;
let checked;

before(async () => {
  const out = join(folder, 'snapshot.mjs');
  await esbuild.build({ entryPoints: [new URL('../src/snapshot.ts', import.meta.url).pathname], bundle: true, format: 'esm', outfile: out });
  ({ checked } = await import(pathToFileURL(out).href));
});
visit((opened) => ([it, page] = [opened, opened.page]), {
  ready: async (p) => {
    await warm(p);
    await p.evaluate(() => {
      window.longest = 0;
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
      }).observe({ entryTypes: ['longtask'] });
    });
  },
});

/** The page answers, and its thread was never kept for long since it was asked last. */
async function alive() {
  const longest = await page.evaluate(() => [window.longest, (window.longest = 0)][0]);
  assert.ok(longest < 2000, `the page stood still for ${longest} ms`);
}

async function opened(path) {
  await page.setInputFiles('#file', path);
  await page.waitForSelector('.strip.time[aria-label="Recorded run"]', { timeout: 120000 });
}
async function refused(path, words) {
  await page.setInputFiles('#file', path);
  await page.waitForSelector('#refused', { timeout: 60000 });
  assert.match(await page.locator('#refused').innerText(), words);
  await page.click('#refused .button');
  assert.equal(await page.locator('#status').innerText(), '● Running');
  await alive();
}

for (const [path, value, words] of WRONG) {
  test(`a snapshot is refused by its field: ${path} is ${JSON.stringify(value)?.slice(0, 20) ?? 'missing'}`, () =>
    refused(write('field.jsonl', `${HEAD}${changed(path, value)}\n`), new RegExp(`Line 2 is not a snapshot: .*${words.source}`)));
}

for (const [name, content, words] of [
  ['nan.jsonl', HEAD + run(1).split('\n')[1].replace('"stuck":0', '"stuck":NaN') + '\n', /Line 2 is not JSON/],
  ['deep.jsonl', HEAD + '['.repeat(2e6) + '\n', /Line 2 is not JSON/],
  ['deep-closed.jsonl', `${HEAD}{"loops":${'['.repeat(1e5)}${']'.repeat(1e5)}}\n`, /Line 2 is not a snapshot/],
  ['deep-head.jsonl', `{"gyre":${'['.repeat(1e5)}${']'.repeat(1e5)},"format":1}\n`, /not a recorded run/],
  ['version.jsonl', HEAD.replace('1,', '"1",'), /Format "1" is not known here; this page reads 1\./],
  ['list.jsonl', `${HEAD}[]\n`, /Line 2 is not a snapshot: gyre is missing/],
  ['bytes.jsonl', Buffer.from([0x1f, 0x8b, 8, 0, 255, 254, 10, 200, 201]), /Line 1 is not text in UTF-8/],
  ['zeros.jsonl', Buffer.alloc(1e6), /Line 1 is not JSON/],
  ['middle.jsonl', run(6).replace(/\n\{"gyre":"0.1.0","format":1,"seq":3/, '\n{"gyre":"0.1.0","format":1,"seq":"x'), /Line 4 is not JSON/],
  ['back.jsonl', run(1) + run(2).split('\n').slice(1).join('\n').replace('"now_ms":250', '"now_ms":249'), /Line 3 goes back in time: now_ms is 249 after 250/],
]) {
  test(`a file is refused in words: ${name}`, () => refused(write(name, content), words));
}

test('a line of over 64 MiB, such as one of 100,000 loops, is refused before it is read', async () => {
  const loop = JSON.stringify(snapshot(40).loops[10]);
  const file = openSync(join(folder, 'wide.jsonl'), 'w');
  writeSync(file, `${HEAD}{"loops":[`);
  for (let i = 0; i < 1000; i += 1) writeSync(file, `${loop},`.repeat(100));
  closeSync(file);
  await refused(join(folder, 'wide.jsonl'), /Line 2 is over 64 MiB; a snapshot of 20,000 loops has 25/);
});

test('names with markup are text', async () => {
  const evil = `"><img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;
  const snap = snapshot(40);
  for (const l of snap.loops) l.name = evil + l.id;
  for (const n of snap.symbiosis.nodes) n.name = evil + n.id;
  Object.assign(snap.loops[4], { group: evil, state: evil, last_error: evil, gate: evil });
  Object.assign(snap.learners[0], { name: evil });
  snap.learners[0].knobs[0].name = snap.learners[0].features[0].name = evil;
  Object.assign(snap, { gyre: evil, seed: evil, driver: evil, trace: evil });
  snap.symbiosis.recommendations = [evil];
  await opened(write(`${'a'.repeat(60)}.jsonl`, HEAD.replace('"1"', JSON.stringify(evil.slice(0, 40))) + JSON.stringify(snap) + '\n'));
  for (const name of TABS) {
    await tab(page, name);
    await page.waitForSelector(`#panel-${name} .panel`);
    assert.equal(await page.locator('img').count(), 0, name);
    assert.equal(await page.locator('script').count(), 4, name); // the module, the program twice, its start
    assert.ok((await page.locator(`#panel-${name}`).innerText()).includes('<img src=x') || ['memory', 'events'].includes(name), name);
  }
  assert.notEqual(await page.title(), 'taken');
  await page.click('#back');
  await tab(page, 'overview');
  await alive();
});

/** Changes every leaf of `value` by `to`, as far as the whole is still a snapshot. */
function extreme(snap, to) {
  const visit = (at) => {
    for (const key of Object.keys(at)) {
      const old = at[key];
      if (typeof old === 'object' && old !== null && !(Array.isArray(old) && to(old) !== undefined)) {
        visit(old);
        continue;
      }
      for (const value of [to(old)].flat(0)) {
        if (value === undefined || key === 'now_ms') continue;
        at[key] = value;
        try {
          checked(snap);
        } catch {
          at[key] = old;
        }
      }
    }
  };
  visit(snap);
  return snap;
}

test('whatever the check lets through can be drawn', async () => {
  const small = () => {
    const snap = snapshot(40);
    snap.loops = snap.loops.slice(0, 8);
    snap.symbiosis.nodes = snap.symbiosis.nodes.slice(0, 8);
    snap.memory.blocks = snap.memory.blocks.slice(0, 3);
    return snap;
  };
  const number = (to) => (v) => (typeof v === 'number' || v === null ? to : undefined);
  const text = (to) => (v) => (typeof v === 'string' ? to : undefined);
  const rules = [
    number(null), number(0), number(1), number(Number.MAX_SAFE_INTEGER), number(1e300), number(-1e300), number(1e-300), number(4e12), number(-1),
    text(''), text('x'.repeat(9000)), text('\u202e\u0000 \ud83d\ude00'), (v) => (Array.isArray(v) ? [] : undefined), (v) => (typeof v === 'boolean' ? !v : undefined),
  ];
  const frames = rules.map((rule, i) => JSON.stringify({ ...extreme(small(), rule), now_ms: 1000 * i }));
  await opened(write('extremes.jsonl', HEAD + frames.join('\n') + '\n'));
  for (let i = 0; i < rules.length; i += 1) {
    await scrub(page, i);
    for (const name of TABS) {
      await tab(page, name);
      await page.waitForSelector(`#panel-${name}:not([hidden])`);
      assert.equal(await page.locator('.empty.bad').count(), 0, `rule ${i}, ${name}: ${it.said}`);
    }
    await alive();
  }
  await page.click('#back');
  await tab(page, 'overview');
});

test('a tab that cannot be drawn says so', async () => {
  await tab(page, 'events'); // all of it is drawn at once; a chart is drawn a little later
  await page.evaluate(() => {
    Object.defineProperty(Intl.NumberFormat.prototype, 'format', { get: () => () => { throw new Error('on purpose'); } });
  });
  await page.waitForSelector('#panel-events .empty.bad');
  assert.match(await page.locator('#panel-events').innerText(), /could not be drawn[\s\S]*fault of the page/);
  assert.doesNotMatch(await page.locator('body').innerText(), /on purpose|undefined|TypeError/);
  await page.reload();
  await tab(page, 'overview');
  await warm(page);
});

const MANY = 1400;
/** About 200 MB of snapshots. */
function huge() {
  const path = join(folder, 'huge.jsonl');
  const file = openSync(path, 'w');
  writeSync(file, HEAD);
  const line = JSON.stringify(snapshot(40));
  for (let i = 1; i <= MANY; i += 1) writeSync(file, line.replace('"now_ms":10000,', `"now_ms":${i * 250},`) + '\n');
  closeSync(file);
  return path;
}

test('a file of 200 MB is read while the page goes on, can be given up, and is shown at any moment', async (t) => {
  const path = huge();
  await page.evaluate(() => (window.longest = 0));
  await page.setInputFiles('#file', path);
  await page.waitForFunction(() => document.querySelector('#reading')?.value > 0.02, null, { timeout: 60000 });
  const cycles = await figure(page, 'cycles');
  await page.waitForFunction((n) => Number(document.querySelector('[data-figure=cycles] .value').textContent.replaceAll(',', '')) > n, cycles);
  await page.click('#cancel');
  await page.waitForSelector('#refused');
  assert.match(await page.locator('#refused').innerText(), /reading it was given up/i);
  assert.equal(await page.locator('#reading').count(), 0);
  await page.click('#refused .button');
  const from = performance.now();
  await opened(path);
  t.diagnostic(`read in ${((performance.now() - from) / 1000).toFixed(1)} s`);
  assert.match(await page.locator('.file').innerText(), /1,400 snapshots/);
  for (const i of [MANY - 1, 7, 700]) {
    await scrub(page, i);
    assert.match(await page.locator('.when').innerText(), new RegExp(`^${Math.floor((i + 1) / 4 / 60)}:${String(Math.floor((i + 1) / 4) % 60).padStart(2, '0')} / 5:50$`));
  }
  await alive();
  await page.click('#back');
});

test('of a file that was changed after it was read nothing more is shown, and that is said', async () => {
  const path = write('later.jsonl', run(12));
  await opened(path);
  await scrub(page, 3);
  const cycles = await figure(page, 'cycles');
  writeFileSync(path, run(12).replaceAll('"waiting"', '["harm"]'));
  utimesSync(path, new Date(), new Date(Date.now() + 60_000)); // a browser compares whole seconds
  await page.locator('#scrub').fill('9');
  await page.waitForSelector('#refused');
  assert.match(await page.locator('#refused').innerText(), /perhaps it was changed, moved or removed meanwhile/);
  assert.equal(await figure(page, 'cycles'), cycles);
  await page.click('#refused .button');
  await page.click('#back');
  await alive();
});

test('an engine that fails after a while can be started again, and what was recorded stays', async () => {
  await page.waitForFunction(() => window.told.count > 8);
  await page.evaluate(() => window.engineWorker.dispatchEvent(new MessageEvent('message', { data: { type: 'error', text: 'there is no memory left for it' } })));
  await page.waitForSelector('#stopped');
  assert.match(await page.locator('#stopped').innerText(), /The engine has stopped\. There is no memory left for it\. What it did until then is still here\./);
  assert.equal(await page.locator('#status').innerText(), '! Failed');
  const cycles = await figure(page, 'cycles');
  assert.ok(cycles > 0, 'its figures still stand there');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#stopped #save')]);
  assert.equal(download.suggestedFilename(), 'run.jsonl');
  await page.click('#restart');
  await page.waitForSelector('#status.go', { timeout: 30000 });
  await page.waitForSelector('#earlier');
  await opened(await download.path());
  await scrub(page, 1e9);
  assert.equal(await figure(page, 'cycles'), cycles, 'what was saved ends where it stopped');
  await page.click('#back');
  await page.click('#earlier .button:has-text("Open it")');
  await page.waitForSelector('.strip.time[aria-label="Recorded run"]');
  await scrub(page, 1e9);
  assert.equal(await figure(page, 'cycles'), cycles);
  await page.click('#back');
  await page.click('#earlier .button:has-text("Forget it")');
  assert.equal(await page.locator('#earlier').count(), 0);
});

test('it said nothing and asked for nothing', () => {
  assert.deepEqual(it.said, []);
  assert.deepEqual(it.requests(), []);
});

// recorded.test.mjs - a recorded run is opened, scrubbed, played and left again; a wrong file is refused in words.
// Room: page, tests. Method: Chromium from file:// with a made-up run.jsonl, and with one the module recorded.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { replayed, tuned } from './beliefs.mjs';
import { figure, number, open, scratch, scrub as scrubOn, still, tab, TABS, visit } from './browser.mjs';
import { run, snapshot } from './fixture.mjs';
import { bytes, loader, Q_LEARNING, record, recorded } from './module.mjs';

const folder = scratch();
const write = (name, text) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
let it;
let page;

visit((opened) => ([it, page] = [opened, opened.page]));

const scrub = (to) => scrubOn(page, to);
/** Opens a file, and waits until it has been read. */
async function openRun(path) {
  await page.setInputFiles('#file', path);
  await page.waitForSelector('.strip.time[aria-label="Recorded run"]');
}

test('a recorded run is shown where the slider stands, on every tab', async () => {
  await openRun(write('run.jsonl', run(80)));
  await scrub(39);
  assert.equal(await figure(page, 'cycles'), snapshot(40).totals.ticks);
  for (const name of TABS) {
    await tab(page, name);
    await still(page);
  }
  await tab(page, 'memory');
  assert.equal(await figure(page, 'processed'), snapshot(40).memory.remembered);
  await tab(page, 'qlearning');
  await tuned(page, snapshot(40).learners[0]);
  await tab(page, 'overview');
  await scrub(0);
  assert.equal(await figure(page, 'cycles'), snapshot(1).totals.ticks);
});

test('it plays on by itself and stops at its end', async () => {
  await scrub(76);
  await page.click('#play');
  await page.waitForFunction(() => document.querySelector('#scrub').value === '79' && document.querySelector('#play').textContent.includes('Play'), null, { timeout: 20000 });
});

// Whoever waited for the closed file's snapshot waited for ever, and nothing was shown again after it.
test('a run that is left while a snapshot of it is on its way leaves the next one whole', async () => {
  await page.evaluate(() => {
    const slider = document.querySelector('#scrub');
    slider.value = '40';
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    document.querySelector('#back').click();
  });
  await openRun(join(folder, 'run.jsonl'));
  await scrub(79);
  assert.equal(await figure(page, 'cycles'), snapshot(80).totals.ticks);
});

test('the engine rests meanwhile and goes on afterwards', async () => {
  const ticks = await page.evaluate(() => window.told.snap.totals.ticks);
  await page.waitForTimeout(1000);
  assert.equal(await page.evaluate(() => window.told.snap.totals.ticks), ticks);
  await page.click('#back');
  await page.waitForFunction((n) => window.told.snap.totals.ticks > n, ticks);
  assert.equal(await page.locator('.strip.time[aria-label="Recorded run"]').count(), 0);
});

const lost = () => page.locator('[data-figure=lost] .value').innerText();

/** The loops' states on the page, each line of them. */
const states = () => page.$$eval('#loop-table [data-field=state]', (list) => list.map((td) => td.innerText.replaceAll('\u00a0', ' ')));

/** What the page is to say of a loop that gates of cpu and memory may hold back. */
function held(l) {
  const marks = { waiting: '○', running: '●', backing_off: '↻', gated: '⊘', stuck: '!', stopped: '■' };
  const gates = l.gates.filter((g) => !g.open);
  assert.equal(l.state === 'gated', gates.length > 0);
  const why = gates.map((g) => ` ${g.name} ${g.value.toFixed(1)} %\ncloses above ${g.closes_above} %, opens under ${g.opens_under} %`);
  return [`${marks[l.state]} ${l.state.replace('_', ' ')}`, ...why].join('');
}

/** Opens `text`, goes to its end, and compares each tab with the last snapshot. */
async function shows(path, last) {
  await openRun(path);
  await scrub(1e9);
  await tab(page, 'overview');
  assert.equal(await figure(page, 'cycles'), last.totals.ticks);
  assert.equal(await figure(page, 'delivered'), last.bus.delivered);
  await tab(page, 'loops');
  const cycles = await page.$$eval('#loop-table tbody tr', (list) => list.map((tr) => tr.querySelector('[data-field=cycles]').textContent));
  assert.deepEqual(cycles.map(number), last.loops.map((l) => l.cycles));
  assert.deepEqual(await states(), last.loops.map(held));
  await tab(page, 'qlearning');
  const cells = await page.$$eval('[data-cell]', (list) => list.filter((c) => c.dataset.q !== '').length);
  const [learner] = last.learners;
  assert.equal(cells, learner.visits.filter((n) => n > 0).length);
  await (learner.tunes ? tuned : replayed)(page, learner);
  await tab(page, 'symbiosis');
  assert.equal(Number(await page.locator('.gauge').getAttribute('data-score')), last.symbiosis.score);
  assert.equal(await page.locator('.edge').count(), last.symbiosis.edges.length);
  await tab(page, 'memory');
  assert.equal(await figure(page, 'compressions'), last.memory.compressions);
  assert.equal(await page.locator('#block-table tbody tr').count(), last.memory.blocks.length);
  await page.click('#back');
  await tab(page, 'overview');
}

test('a run that the module recorded is shown on every tab', async () => {
  const frames = record(await (await loader()).Gyre.load(bytes), 12);
  assert.equal(frames.filter((f) => JSON.parse(f).loops.some((l) => l.gate === 'memory')).length, 24);
  const last = JSON.parse(frames.at(-1));
  assert.ok(last.learners[0].tunes && last.learners[0].tuning.failures > 0);
  await shows(write('real.jsonl', recorded(frames)), last);
});

test('values that have names are shown by them: in the table of loops, the drawer, the heat map, the beliefs', async () => {
  const frames = record(await (await loader()).Gyre.load(bytes), 12);
  const last = JSON.parse(frames.at(-1));
  const loop = last.loops.find((l) => l.name === 'named');
  const learner = last.learners[loop.learner];
  const [codecs, depths, requests] = [['zlib', 'none'], ['flat', 'deep'], ['read', 'write']];
  assert.deepEqual([learner.knobs[0].names, learner.knobs[1].names, learner.features[0].names], [codecs, depths, requests]);
  await openRun(write('names.jsonl', recorded(frames)));
  await scrub(1e9);
  await tab(page, 'loops');
  const set = loop.knobs.map((k, i) => [codecs[k.value], depths[[1, 4].indexOf(k.value)]][i]);
  assert.equal(await page.locator('[data-loop=named] [data-field=knobs]').innerText(), set.join(' · '));
  await page.click('[data-loop=named] .row-name');
  const drawer = await page.locator('.drawer').innerText();
  assert.ok(drawer.includes(`codec to ${set[0]}, depth to ${set[1]} where ${requests[loop.state_index]}`), drawer);
  await page.click('#close-loop');
  await tab(page, 'qlearning');
  await page.selectOption('#panel-qlearning .search select', 'named');
  const rows = await page.$$eval('#belief-table tbody tr', (list) => list.map((tr) => [...tr.cells].slice(0, 3).map((c) => c.textContent)));
  assert.deepEqual(rows, [0, 1].map((state) => {
    const { best } = learner.reports[state];
    return [requests[state], codecs[best >> 1], depths[best & 1]];
  }));
  assert.deepEqual(rows.map((r) => r.slice(1)), [['zlib', 'deep'], ['none', 'deep']], 'and that is what earns most');
  const map = await page.locator('#panel-qlearning table:has([data-cell])').innerText();
  for (const name of [...codecs, ...depths, ...requests]) assert.ok(map.includes(name), `${name} is in the heat map`);
  await page.selectOption('#panel-qlearning .search select', 'ship');
  await page.click('#back');
  await tab(page, 'overview');
});

test('a run of Q-learners is shown with their replay', async () => {
  const frames = record(await (await loader()).Gyre.load(bytes), 12, Q_LEARNING);
  const last = JSON.parse(frames.at(-1));
  assert.ok(last.learners[0].tunes === false && last.learners[0].replay.size > 0);
  await shows(write('replay.jsonl', recorded(frames)), last);
});

test('at every moment of a run on the virtual clock the trace hash is the one of its snapshot, step by step too', async () => {
  const frames = record(await (await loader()).Gyre.load(bytes), 6);
  const traces = frames.map((f) => JSON.parse(f).trace);
  await openRun(write('virtual.jsonl', recorded(frames)));
  const trace = () => page.locator('[data-figure=trace] .value').textContent();
  for (const i of [traces.length - 1, 0, 11]) {
    await scrub(i);
    assert.equal(await trace(), traces[i]);
  }
  for (const [button, i] of [['#step', 12], ['#step', 13], ['#step-back', 12]]) {
    await page.click(button);
    await page.waitForSelector(`.strip.time[data-shown="${i}"]`);
    assert.equal(await trace(), traces[i]);
  }
  assert.equal(new Set(traces).size, traces.length);
  await page.click('#back');
});

/** The run of another program: its learner has a name, knobs and features of its own. */
const foreign = () =>
  run(20).replaceAll('"ship"', '"pool"').replaceAll('ship-', 'worker-').replaceAll('"mb_per_s"', '"load_percent"').replaceAll('"level"', '"batch"').replaceAll('"block_kib"', '"wait_ms"');

test('a run of another program is not called the demo’s: its own learner, knobs, features and units are shown', async () => {
  await openRun(write('foreign.jsonl', foreign()));
  await scrub(19);
  const text = await page.locator('#panel-overview').innerText();
  assert.doesNotMatch(text, /pieces of text|Link speed|Break a loop|Try it|MB\/s|KiB a tick/);
  assert.match(text, /What pool earns[\s\S]*120 loops that learn by it/);
  for (const [title, unit] of [['Knob: batch', 'batch'], ['Knob: wait', 'ms'], ['Seen: load', '%']]) assert.ok(text.includes(title), `${title} ${unit}`);
  assert.match(text, /124 loops, of which 120 learn by 1 learner/);
  const drawn = await page.$$eval('#panel-overview .u-wrap canvas', (all) => all.map((c) => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size));
  assert.ok(drawn.length >= 6 && drawn.every((n) => n > 4), String(drawn));
  const [first] = await page.locator('#panel-overview .chart .legend b').allInnerTexts();
  assert.ok(number(first) > 0, `the reward is drawn: ${first}`);
  for (const name of TABS) {
    await tab(page, name);
    assert.doesNotMatch(await page.locator(`#panel-${name}`).innerText(), /ship|society at/i, name);
  }
  await page.click('#back');
  await tab(page, 'overview');
});

test('a run without learners shows what it has', async () => {
  const lines = run(8).trim().split('\n').map((line) => JSON.parse(line));
  for (const snap of lines.slice(1)) {
    snap.learners = [];
    for (const l of snap.loops) Object.assign(l, { learner: -1, knobs: [], features: [] });
  }
  await openRun(write('plain.jsonl', lines.map((l) => JSON.stringify(l)).join('\n') + '\n'));
  assert.match(await page.locator('#panel-overview').innerText(), /124 loops, of which 0 learn by 0 learners/);
  await tab(page, 'qlearning');
  assert.match(await page.locator('#panel-qlearning').innerText(), /Nothing learns here/);
  await page.click('#back');
  await tab(page, 'overview');
});

test('what holds loops back and what was lost is said', { skip: !process.env.GYRE_STRAINED && 'without --strained' }, async () => {
  const [slow, tired] = readFileSync(process.env.GYRE_STRAINED, 'utf8').trim().split('\n').slice(1).map((line) => JSON.parse(line));
  await openRun(process.env.GYRE_STRAINED);
  for (const [i, { totals }] of [slow, tired].entries()) {
    await scrub(i);
    assert.deepEqual((await lost()).split(' / ').map(number), [totals.shed, totals.gaps, totals.lost_threads]);
  }
  assert.ok(tired.totals.shed > 1000 && tired.totals.gaps === 1 && slow.totals.lost_threads === 1);
  await tab(page, 'loops');
  await scrub(0);
  assert.deepEqual(await states(), ['● running']);
  assert.equal(await page.locator('[data-field=shed]').count(), 0, 'nothing was shed');
  await scrub(1);
  const closed = 'closes above 90 %, opens under 80 %\nqueue 1,230\ncloses above 1,000, opens under 500';
  assert.deepEqual((await states()).slice(0, 4), [
    `⊘ gated memory 91.3 %\n${closed}`, '⊘ gated mode “normal”\nopens in another mode', '↻ backing off\nbreaker open: one try now and then', '↻ backing off',
  ]);
  const shed = await page.$$eval('[data-field=shed]', (list) => list.map((td) => td.textContent));
  assert.deepEqual(shed.map(number), tired.loops.map((l) => l.shed));
  for (const name of TABS) {
    await tab(page, name);
    await still(page);
  }
  await page.click('#back');
  await tab(page, 'overview');
});

test('a run of an earlier version, without these fields, is shown', async () => {
  const frames = record(await (await loader()).Gyre.load(bytes), 2, Q_LEARNING).map((text) => {
    const snap = JSON.parse(text);
    for (const name of ['shed', 'gaps', 'lost_threads']) delete snap.totals[name];
    for (const l of snap.loops) {
      delete l.shed;
      delete l.breaker_open;
      l.gates = l.gates.map(({ name, open }) => ({ name, open }));
    }
    delete snap.loops[0].gates;
    for (const l of snap.learners) for (const name of ['tunes', 'reports', 'tuning']) delete l[name];
    return snap;
  });
  await openRun(write('old.jsonl', recorded(frames.map((snap) => JSON.stringify(snap)))));
  await scrub(1e9);
  assert.equal(await lost(), '– / – / –');
  await tab(page, 'loops');
  assert.equal((await states())[frames.at(-1).loops.findIndex((l) => l.name === 'careful')], '⊘ gated memory');
  await tab(page, 'qlearning');
  await replayed(page, frames.at(-1).learners[0]);
  await page.click('#back');
  await tab(page, 'overview');
});

test('the run that the demo recorded is shown on every tab', { skip: !process.env.GYRE_RUN && 'without --run or --demo' }, async () => {
  const lines = readFileSync(process.env.GYRE_RUN, 'utf8').trim().split('\n');
  await shows(process.env.GYRE_RUN, JSON.parse(lines.at(-1)));
});

test('a torn last line is dropped and said', async () => {
  await openRun(write('torn.jsonl', run(5).slice(0, -200)));
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
    await page.waitForSelector('#refused');
    assert.match(await page.locator('#refused').innerText(), words);
    await page.click('#refused .button');
    assert.equal(await page.locator('#status').innerText(), '● Running');
  });
}

test('it said nothing and asked for nothing', () => {
  assert.deepEqual(it.said, []);
  assert.deepEqual(it.requests(), []);
});

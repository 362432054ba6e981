// served.test.mjs - the page watches and steers the demo in another process, which is killed and comes back.
// Room: page, tests. Method: Chromium against real processes of the demo; what it shows is compared with what
// the same server tells a second client of the same snapshot.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tuned } from './beliefs.mjs';
import { figure, number, open, PAGE, quit, scratch, tab, TABS, theme, THEMES } from './browser.mjs';

const TREE = fileURLToPath(new URL('../..', import.meta.url));
const SHOWN_LOST_MS = 3000;
const SHOWN_BACK_MS = 5000;
const folder = scratch();
const skip = !process.env.GYRE_DEMO && 'without --demo';
let demo;
let it;
let page;
let address;
let second;

/** A process of the demo, once it has told its address; null where the demo was built without a server. */
function launch(port) {
  const child = spawn(process.env.GYRE_DEMO, ['--live', String(port), '--page', PAGE, '--out', folder, '--tree', TREE], { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((done, fail) => {
    let said = '';
    const hear = (bytes) => {
      said += bytes;
      const found = /http:\/\/\S+/.exec(said);
      if (found) done({ child, url: found[0] });
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', (status) => (/cpp-httplib|less than 512 KiB/.test(said) ? done(null) : fail(new Error(`${status}: ${said}`))));
  });
}

/** A second client of the same rate: snapshots by number, until it is stopped. */
function listen({ origin, searchParams }) {
  const kept = new Map();
  const stop = new AbortController();
  const run = async () => {
    const answer = await fetch(`${origin}/v1/stream?hz=4`, { headers: { Authorization: `Bearer ${searchParams.get('token')}` }, signal: stop.signal });
    let text = '';
    for await (const bytes of answer.body.pipeThrough(new TextDecoderStream())) {
      text += bytes;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const [, data] = /^event: snapshot\ndata: (.*)$/s.exec(text.slice(0, end)) ?? [];
        if (data) kept.set(JSON.parse(data).seq, JSON.parse(data));
        text = text.slice(end + 2);
      }
    }
  };
  return { kept, stop: () => stop.abort(), ended: run().catch(() => undefined) };
}

before(async () => {
  if (skip) return;
  demo = await launch(0);
  if (!demo) return;
  address = new URL(demo.url);
  second = listen(address);
  it = await open({ url: demo.url });
  page = it.page;
  await page.waitForFunction(() => document.querySelector('main').dataset.seq);
});
after(async () => {
  second?.stop();
  demo?.child.kill('SIGKILL');
  await it?.close();
  await quit();
  rmSync(folder, { recursive: true, force: true });
});
const served = (name, f) => test(name, { skip }, (t) => (demo ? f(t) : t.skip('the demo was built without a server')));

served('it says whom it shows, and the token is in no address', async () => {
  assert.equal(new URL(page.url()).search, '');
  const whom = await page.locator('#whom').innerText();
  for (const part of ['the demo', `process ${demo.child.pid}`, 'takes orders']) assert.ok(whom.includes(part), whom);
  assert.equal(await page.locator('#status').innerText(), '● Running');
});

served('every tab shows the figures of the very snapshot', async () => {
  await page.waitForFunction(() => Number(document.querySelector('main').dataset.seq) > 4);
  await page.click('#refresh'); // stands still
  const seq = Number(await page.locator('main').getAttribute('data-seq'));
  const end = Date.now() + 10000;
  while (!second.kept.has(seq) && Date.now() < end) await new Promise((done) => setTimeout(done, 20));
  const snap = second.kept.get(seq);
  assert.ok(snap, `snapshot ${seq} was sent to this page alone`);
  await tab(page, 'overview');
  assert.equal(await figure(page, 'cycles'), snap.totals.ticks);
  assert.equal(await figure(page, 'active'), snap.totals.active);
  assert.equal(await figure(page, 'delivered'), snap.bus.delivered);
  assert.equal(await figure(page, 'published'), snap.bus.published);
  await tab(page, 'loops');
  const rows = await page.$$eval('#loop-table tbody tr', (list) => list.map((tr) => [tr.dataset.loop, tr.querySelector('[data-field=cycles]').textContent, tr.querySelector('[data-field=state]').textContent]));
  assert.deepEqual(rows.map(([name, cycles]) => [name, number(cycles)]), snap.loops.map((l) => [l.name, l.cycles]));
  for (const [i, [, , state]] of rows.entries()) assert.ok(state.includes(snap.loops[i].state.replace('_', ' ')), state);
  await tab(page, 'qlearning');
  await tuned(page, snap.learners[0]);
  await tab(page, 'symbiosis');
  assert.equal(Number(await page.locator('.gauge').getAttribute('data-score')), snap.symbiosis.score);
  assert.equal(await page.locator('.edge').count(), snap.symbiosis.edges.length);
  await tab(page, 'memory');
  assert.equal(await figure(page, 'processed'), snap.memory.remembered);
  assert.equal(await page.locator('#block-table tbody tr').count(), snap.memory.blocks.length);
  await page.click('#refresh');
});

/** Until the engine's own snapshot holds. */
async function engine(holds) {
  const end = Date.now() + 10000;
  for (;;) {
    const newest = [...second.kept.values()].at(-1);
    if (newest && holds(newest)) return newest;
    assert.ok(Date.now() < end, 'the engine did not change');
    await new Promise((done) => setTimeout(done, 50));
  }
}

async function order(pattern, action, value) {
  await page.fill('#orders [name=pattern]', pattern);
  await page.selectOption('#orders [name=action]', action);
  if (value !== undefined) await page.fill('#orders [name=value]', value);
  await page.click('#orders button');
}
const loop = (snap, name) => snap.loops.find((l) => l.name === name);

served('orders change the engine, and its answer is said', async () => {
  await tab(page, 'loops');
  await order('ship-00?', 'pause');
  await engine((s) => loop(s, 'ship-001').state === 'paused' && loop(s, 'ship-010').state !== 'paused');
  assert.equal(await page.locator('#answer').innerText(), 'pause ship-00?: 9 loops');
  await page.waitForFunction(() => document.querySelector('[data-loop=ship-001] [data-field=state]').textContent.includes('paused'));
  await order('ship-00?', 'resume');
  await engine((s) => loop(s, 'ship-001').state !== 'paused');
  await order('ship-003', 'throttle', '2');
  await engine((s) => loop(s, 'ship-003').interval_ms === 400);
  await order('ship-003', 'throttle', '1');
  await order('ship-004', 'interval', '300');
  await engine((s) => loop(s, 'ship-003').interval_ms === 200 && loop(s, 'ship-004').configured_ms === 300);
  await order('nobody', 'pause');
  await page.waitForFunction(() => document.querySelector('#answer').textContent.includes('nobody'));
  await page.click('[data-loop=ship-005] .row-name'); // a loop by itself
  await page.click('#pause-loop');
  await engine((s) => loop(s, 'ship-005').state === 'paused');
  await page.waitForFunction(() => document.querySelector('#pause-loop').textContent === 'Resume');
  await page.click('#pause-loop');
  await engine((s) => loop(s, 'ship-005').state !== 'paused');
  await page.click('#close-loop');
  await page.click('#run');
  await engine((s) => !s.running);
  await page.waitForFunction(() => document.querySelector('#status').textContent.includes('Stopped'));
  await page.click('#run');
  await engine((s) => s.running);
});

served('each tab is without a finding of axe, in both themes', async () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(axe);
  for (const look of THEMES) {
    await theme(page, look);
    for (const name of TABS) {
      await tab(page, name);
      const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
      assert.deepEqual(found.violations.map((v) => `${name}, ${look}: ${v.id}: ${v.nodes[0].html}`), []);
    }
  }
});

served('a killed process is told within 3 s, what was shown stays, a new one is found within 5 s', async () => {
  await tab(page, 'loops');
  await page.fill('#orders [name=pattern]', 'ship-1*');
  await page.fill('input[placeholder^=Filter]', 'ship-02');
  const rows = await page.locator('#loop-table tbody tr').count();
  const killed = Date.now();
  demo.child.removeAllListeners('exit');
  demo.child.kill('SIGKILL');
  await page.waitForSelector('#lost', { timeout: SHOWN_LOST_MS });
  assert.ok(Date.now() - killed < SHOWN_LOST_MS);
  assert.equal(await page.locator('#status').innerText(), '! Lost');
  assert.equal(await page.locator('#loop-table tbody tr').count(), rows);
  const before = demo.child.pid;
  demo = await launch(Number(address.port));
  const ready = Date.now();
  await page.waitForFunction((pid) => document.querySelector('#whom')?.textContent.includes(`process ${pid}`), demo.child.pid, { timeout: SHOWN_BACK_MS });
  assert.ok(Date.now() - ready < SHOWN_BACK_MS && demo.child.pid !== before);
  await page.waitForFunction(() => Number(document.querySelector('main').dataset.seq) < 60 && document.querySelector('#status').textContent.includes('Running'));
  assert.equal(await page.inputValue('#orders [name=pattern]'), 'ship-1*');
  assert.equal(await page.inputValue('input[placeholder^=Filter]'), 'ship-02');
  assert.equal(await page.locator('#tab-loops').getAttribute('aria-selected'), 'true');
});

served('without the cookie the page is not given', async () => {
  const answer = await fetch(`${address.origin}/`);
  assert.equal(answer.status, 401);
});

served('it asked its own origin alone, and complained of nothing but the lost connection', () => {
  assert.deepEqual(it.requests().filter((url) => new URL(url).origin !== address.origin), []);
  const lost = /ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE)|status of 404/;
  assert.deepEqual(it.said.filter((line) => !lost.test(line)), []);
});

// served.test.mjs - the page watches and steers the demo in another process, which is killed and comes back.
// Room: page, tests. Method: Chromium against real processes of the demo; what it shows is compared with what
// the same server tells a second client of the same snapshot.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { after, before, test } from 'node:test';
import { advise, open, quit, scratch, tab } from './browser.mjs';
import { contract } from './figures.mjs';
import { launch, listen } from './process.mjs';

const SHOWN_LOST_MS = 3000;
const SHOWN_BACK_MS = 5000;
const folder = scratch();
const skip = !process.env.GYRE_DEMO && 'without --demo';
let demo;
let it;
let page;
let address;
let second;

before(async () => {
  if (skip) return;
  demo = await launch(0, folder);
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
  for (const part of ['the demo', `process ${demo.child.pid} on ${hostname()}`, 'takes orders']) assert.ok(whom.includes(part), whom);
  const since = Date.parse(await page.evaluate(() => /served since (.+)/.exec(document.querySelector('#whom').innerText)[1]));
  assert.ok(since <= Date.now() && since > Date.now() - 60000 * 10, whom);
  assert.equal(await page.locator('#status').innerText(), '● Running');
});

served('every tab shows the figures of the very snapshot', async () => {
  await page.waitForFunction(() => Number(document.querySelector('main').dataset.seq) > 4);
  await page.click('#refresh'); // stands still
  const seq = Number(await page.locator('main').getAttribute('data-seq'));
  const snap = await second.snapshot(seq);
  await contract(page, snap);
  await page.click('#refresh');
});

/** Until the engine's own snapshot holds. */
async function engine(holds) {
  const end = Date.now() + 30000;
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

served('each other order is seen in what the engine does', async () => {
  await tab(page, 'loops');
  const shows = (name, state) => page.waitForFunction(([n, s]) => document.querySelector(`[data-loop=${n}] [data-field=state]`).textContent.includes(s), [name, state]);
  await order('ship-006', 'stop');
  await engine((s) => loop(s, 'ship-006').state === 'paused');
  await shows('ship-006', 'paused');
  await order('ship-006', 'trigger'); // and that is refused in words
  await page.waitForFunction(() => document.querySelector('#answer.bad-text')?.textContent.includes('ship-006'));
  await order('ship-006', 'resume');
  await order('ship-006', 'interval', '60000');
  let before = await engine((s) => loop(s, 'ship-006').configured_ms === 60000 && loop(s, 'ship-006').state === 'waiting');
  const rests = async () => {
    const { cycles } = loop(before, 'ship-006');
    before = await engine((s) => s.now_ms > before.now_ms + 1000);
    return loop(before, 'ship-006').cycles === cycles;
  };
  while (!(await rests()));
  const ran = async () => (before = await engine((s) => loop(s, 'ship-006').cycles === loop(before, 'ship-006').cycles + 1));
  await order('ship-006', 'trigger');
  await ran();
  await page.click('[data-loop=ship-006] .row-name');
  await page.click('#trigger-loop');
  await ran();
  await page.waitForFunction((n) => document.querySelector('[data-figure=loop-cycles] .value').textContent === String(n), loop(before, 'ship-006').cycles);
  for (const [button, ms] of [['Twice as often', 30000], ['Half as often', 60000]]) {
    await page.click(`.drawer .button:has-text("${button}")`);
    await engine((s) => loop(s, 'ship-006').configured_ms === ms);
    await page.waitForFunction((text) => document.querySelector('[data-figure=loop-interval] .value').textContent === text, ms.toLocaleString('en-US'));
  }
  await page.click('#close-loop');
  await order('ship-006', 'interval', '200');
  await engine((s) => loop(s, 'ship-006').configured_ms === 200);
});

served('what tunes is told to rest, to watch, and to tune again', async () => {
  const learner = (s) => s.learners[loop(s, 'ship-001').learner];
  const ship = (s) => s.loops.filter((l) => l.group === 'ship');
  /** Until two snapshots a second and more apart hold. */
  const over = async (holds) => {
    const from = [...second.kept.values()].at(-1);
    let last = from;
    await engine((s) => {
      if (s.now_ms < last.now_ms + 1000) return false;
      const good = holds(last, s);
      last = s;
      return good;
    });
  };
  await order('ship-*', 'frozen'); // a tick that ran meanwhile may still be learned from
  await over((a, b) => b.totals.ticks > a.totals.ticks + 20 && learner(b).observations === learner(a).observations);
  await order('ship-*', 'observe');
  await over((a, b) => learner(b).observations > learner(a).observations && ship(b).every((l, i) => l.action_index === 0 || l.cycles === ship(a)[i].cycles));
  await order('ship-*', 'tune');
  await over((a, b) => learner(b).observations > learner(a).observations && ship(b).some((l) => l.action_index !== 0));
});

served('a timeout that is ordered is kept', async () => {
  const { timeouts } = loop([...second.kept.values()].at(-1), 'ship-008');
  await order('ship-008', 'timeout', '0.01'); // its ticks take up to 4 ms
  await engine((s) => loop(s, 'ship-008').timeouts > timeouts);
  await page.waitForSelector('[data-loop=ship-008] [data-field=timeouts]:not(:text-is("0"))');
  await order('ship-008', 'timeout', '5000');
});

for (const [what, factor] of [['boost', 0.5], ['throttle', 2]]) {
  served(`a ${what} that is recommended changes the engine, and is taken back`, async () => {
    const name = 'ship-030';
    const { follow, undo } = await advise(page, what, name);
    const { configured_ms: before } = loop([...second.kept.values()].at(-1), name);
    await follow();
    await engine((s) => loop(s, name).configured_ms === before * factor);
    await page.waitForFunction(() => document.querySelector('#answer').textContent.startsWith('reconfigure ship-030'));
    await undo();
    await engine((s) => loop(s, name).configured_ms === before);
    await page.evaluate(() => (window.advised = []));
  });
}

served('while nothing comes it says so, and keeps what it has; then it goes on without losing what a hand has set', async () => {
  await tab(page, 'overview');
  const box = await page.locator('#panel-overview .u-over').first().boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2, { steps: 6 });
  await page.mouse.up();
  await page.waitForSelector('#unzoom');
  await tab(page, 'loops');
  await page.click('[data-loop=ship-003] .row-name');
  await page.locator('.scroll.tall').evaluate((f) => (f.scrollTop = 600));
  await page.waitForFunction(() => /loop=ship-003&from=[\d.]+&to=/.test(location.hash)); // it is written a little later
  const held = () => page.evaluate(() => ({
    loop: document.querySelector('.drawer h2').innerText, top: document.querySelector('.scroll.tall').scrollTop,
    address: location.hash, rows: document.querySelectorAll('#loop-table tbody tr').length, zoomed: document.querySelector('#unzoom') !== null,
  }));
  const before = await held();
  assert.ok(before.zoomed && before.loop === 'ship-003' && before.top === 600, JSON.stringify(before));
  const seq = () => page.evaluate(() => Number(document.querySelector('main').dataset.seq));
  const pid = demo.child.pid;
  demo.child.kill('SIGSTOP');
  try {
    await page.waitForSelector('#lost', { timeout: 30000 });
    assert.match(await page.locator('#lost').innerText(), /what is shown is of before that/);
    assert.deepEqual(await held(), before);
  } finally {
    demo.child.kill('SIGCONT');
  }
  const last = await seq();
  await page.waitForFunction((n) => document.querySelector('#lost') === null && Number(document.querySelector('main').dataset.seq) > n, last);
  assert.deepEqual(await held(), before);
  assert.match(await page.locator('#whom').innerText(), new RegExp(`process ${pid} `));
  await page.click('#close-loop');
});

served('a killed process is told within 3 s, what was shown stays, a new one is found within 5 s', async () => {
  await tab(page, 'loops');
  await page.fill('#orders [name=pattern]', 'ship-1*');
  await page.fill('input[placeholder^=Filter]', 'ship-02');
  await page.click('[data-loop=ship-021] .row-name');
  const rows = await page.locator('#loop-table tbody tr').count();
  const killed = Date.now();
  demo.child.removeAllListeners('exit');
  demo.child.kill('SIGKILL');
  await page.waitForSelector('#lost', { timeout: SHOWN_LOST_MS });
  assert.ok(Date.now() - killed < SHOWN_LOST_MS);
  assert.equal(await page.locator('#status').innerText(), '! Lost');
  assert.equal(await page.locator('#loop-table tbody tr').count(), rows);
  const before = demo.child.pid;
  demo = await launch(Number(address.port), folder);
  const ready = Date.now();
  await page.waitForFunction((pid) => document.querySelector('#whom')?.textContent.includes(`process ${pid}`), demo.child.pid, { timeout: SHOWN_BACK_MS });
  assert.ok(Date.now() - ready < SHOWN_BACK_MS && demo.child.pid !== before);
  await page.waitForFunction(() => Number(document.querySelector('main').dataset.seq) < 60 && document.querySelector('#status').textContent.includes('Running'));
  assert.equal(await page.inputValue('#orders [name=pattern]'), 'ship-1*');
  assert.equal(await page.inputValue('input[placeholder^=Filter]'), 'ship-02');
  assert.equal(await page.locator('.drawer h2').innerText(), 'ship-021');
  assert.equal(await page.locator('#tab-loops').getAttribute('aria-selected'), 'true');
});

served('without the cookie the page is not given', async () => {
  const answer = await fetch(`${address.origin}/`);
  assert.equal(answer.status, 401);
});

served('it asked its own origin alone, and complained of nothing but the lost connection', () => {
  assert.deepEqual(it.requests().filter((url) => new URL(url).origin !== address.origin), []);
  const lost = /ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE)|status of 40[49]/;
  assert.deepEqual(it.said.filter((line) => !lost.test(line)), []);
});

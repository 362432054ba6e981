// strange.test.mjs - a process that sends what is wrong, huge or meant to harm is refused as strictly as a file, or shown, and never freezes the page.
// Room: page, tests. Method: fault. Chromium against a server that says whatever it is told to; the longest time for which the
// page's thread was kept is measured.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { open, quit, tab, TABS } from './browser.mjs';
import { snapshot } from './fixture.mjs';
import { META, said, stranger } from './stranger.mjs';
import { changed, WRONG } from './wrong.mjs';

let server;
let it;
let page;
let say;
let answer = '{}';
/** What a stream begins with; a number is the status instead. */
let begins;
/** The snapshot of the next connection. */
let seq = 40;
const good = () => said('meta', META) + said('snapshot', { ...snapshot(40), seq: (seq += 1), now_ms: seq * 250 });

before(async () => {
  begins = (speak) => speak(good());
  server = await stranger((speak, n, hush) => {
    say = speak;
    return begins(speak, n, hush);
  }, { answers: () => answer });
  it = await open({ url: server.url });
  page = it.page;
  await going();
  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
    }).observe({ entryTypes: ['longtask'] });
  });
});
after(async () => {
  await it?.close();
  server?.close();
  await quit();
});

const going = () => page.waitForFunction((n) => Number(document.querySelector('main').dataset.seq) >= n && document.querySelector('#lost, #stopped') === null && document.querySelector('#status').textContent.includes('Running'), seq, { timeout: 20000 });
async function alive() {
  const longest = await page.evaluate(() => [window.longest, (window.longest = 0)][0]);
  assert.ok(longest < 2000, `the page stood still for ${longest} ms`);
}

/** The server says `text()`, the page a sentence with `words`; then it connects again, and goes on. */
async function refused(text, words) {
  const was = seq;
  const before = begins;
  begins = (speak) => { // where much is long on its way, the page may give the connection up: it is said again
    speak(good());
    speak(text());
  };
  say(text());
  await page.waitForSelector('#stopped', { timeout: 60000 });
  begins = before;
  assert.match(await page.locator('#stopped').innerText(), new RegExp(`No more is shown\\. What the server sent cannot be shown: ${words.source}`));
  const shown = Number(await page.locator('main').getAttribute('data-seq'));
  assert.ok(shown === was || shown === seq, `what was shown stays: ${shown}, not ${was} or, connected again, ${seq}`);
  await alive();
  await page.click('#restart');
  await going();
}
const one = (text) => said('snapshot', text);
const change = (of) => said('change', { base: seq, to: { ...snapshot(41), loops: { of: 124, at: [0], ...of } } });

for (const [path, value, words] of WRONG) {
  test(`a snapshot is refused by its field: ${path} is ${JSON.stringify(value)?.slice(0, 20) ?? 'missing'}`, () =>
    refused(() => one(changed(path, value)), new RegExp(`.*${words.source.replace(/\\\.$/, '')}`)));
}

for (const [name, text, words] of [
  ['no JSON', () => one('nope'), /it is not JSON/],
  ['NaN', () => one(changed('totals.stuck', 0).replace('"stuck":0', '"stuck":NaN')), /it is not JSON/],
  ['deep', () => one('['.repeat(2e6)), /it is not JSON/],
  ['deep and closed', () => one(`{"loops":${'['.repeat(1e5)}${']'.repeat(1e5)}}`), /(it is not a snapshot|.* is missing)/],
  ['a list', () => one('[]'), /gyre is missing/],
  ['null', () => one('null'), /it is null; it is to be an object/],
  ['back in time', () => one({ ...snapshot(1), seq: seq + 1 }), /it goes back in time: now_ms is 250 after \d+/],
  ['a change of nothing', () => said('change', 'null'), /it sent what changed since snapshot undefined, and this page has \d+/],
  ['a change to nothing', () => said('change', { base: seq }), /it sent changes of loops that are not there/],
  ['a change of no loops', () => said('change', { base: seq, to: snapshot(41) }), /it sent changes of loops that are not there/],
  ['a change of more loops than there are', () => change({ at: Array(1e6).fill(0) }), /it sent changes of loops that are not there/],
  ['a deep change', () => said('change', JSON.stringify({ base: seq, to: { ...snapshot(41), loops: 0 } }).replace('"loops":0', `"loops":{"of":124,"at":[0],"x":${'{"x":'.repeat(5e4)}1${'}'.repeat(5e4)}}`)), /.+/],
  ['no meta', () => said('meta', 'null'), /it does not say whom it serves/],
  ['a meta that is no JSON', () => said('meta', '{'), /it does not say whom it serves/],
  ['a meta of another format', () => said('meta', { ...META, format: 2 }), /it does not say whom it serves/],
  ['a meta with an object for a name', () => said('meta', { ...META, host: {} }), /it does not say whom it serves/],
  ['a meta of no time', () => said('meta', { ...META, since_ms: 1e300 }), /it does not say whom it serves/],
]) {
  test(`what is sent is refused in words: ${name}`, () => refused(text, words));
}

test('a snapshot of over 64 MiB, such as one of 100,000 loops, is refused before it is read', async () => {
  const huge = said('meta', META) + one(`{"loops":[${`${JSON.stringify(snapshot(40).loops[10])},`.repeat(100_000)}`);
  begins = (speak) => speak(huge); // again, should it be so long on its way that it was given up
  say(said('bye', {}));
  await page.waitForSelector('#stopped', { timeout: 120000 });
  assert.match(await page.locator('#stopped').innerText(), /a snapshot has over 64 MiB/);
  await alive();
  begins = (speak) => speak(good());
  await page.click('#restart');
  await going();
});

test('snapshots that come faster than they can be read are not heaped up, and it goes on', async () => {
  await page.evaluate(() => {
    let left = 40; // a worker that does not come to these
    window.Worker.prototype.postMessage = function (...message) {
      if (--left < 0) Object.getPrototypeOf(window.Worker.prototype).postMessage.apply(this, message);
    };
  });
  say(Array.from({ length: 41 }, () => one({ ...snapshot(40), seq: (seq += 1), now_ms: seq * 250 })).join(''));
  await page.waitForSelector('#lost', { timeout: 60000 });
  assert.match(await page.locator('#lost').innerText(), /It sends faster than this page reads, at .* what is shown is of before that/);
  await going();
  await alive();
});

test('it says that an address has another token, or no room, not that nobody answers', async () => {
  for (const [status, words] of [[401, /has another token: open the address that it told/], [503, /it has as many clients as it takes/i]]) {
    begins = () => status;
    say(said('bye', {}));
    await page.waitForFunction((source) => new RegExp(source, 'i').test(document.querySelector('#lost')?.textContent ?? ''), words.source, { timeout: 60000 });
    begins = (speak) => speak(good());
    await going();
  }
});

test('a snapshot that is longer on its way than a server is silent comes at last', async () => {
  let tries = 0;
  begins = (speak, _n, hush) => {
    hush(); // no beat can come in the middle of it
    tries += 1;
    const whole = good();
    speak(whole.slice(0, 20000));
    setTimeout(() => speak(whole.slice(20000)), 4000);
  };
  say(said('bye', {}));
  await page.waitForSelector('#lost:has-text("nothing came")', { timeout: 60000 });
  await page.waitForFunction(() => document.querySelector('#lost') === null && document.querySelector('#status').textContent.includes('Running'), null, { timeout: 60000 });
  assert.ok(tries >= 2, 'the first time it was given up');
  begins = (speak) => speak(good());
  say(said('bye', {}));
  await page.waitForSelector('#lost');
  await going();
});

test('what it answers to an order, and to a search, is taken as text or as nothing', async () => {
  await tab(page, 'loops');
  const ordered = async (text, words) => {
    answer = text;
    await page.click('#orders button');
    await page.waitForFunction((want) => document.querySelector('#answer').textContent === want, words);
  };
  for (const text of ['{"done":{"a":1},"loops":{}}', '[]', 'null', '"text"']) {
    await ordered('{"done":"pause *","loops":2}', 'pause *: 2 loops');
    await ordered(text, 'the server answered 200');
  }
  await ordered('{"done":"<b>x</b>","loops":"many"}', '<b>x</b>: NaN loops');
  await tab(page, 'memory');
  for (const text of ['{"a":1}', '[{"text":1}]', 'nope', `[${'{},'.repeat(1e5)}{}]`]) {
    answer = text;
    await page.click('#recall button');
    await page.waitForSelector('#recall .bad-text:has-text("Not found: what was found is not a list of records.")');
  }
  await alive();
});

test('names with markup are text', async () => {
  const evil = `"><img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;
  begins = (speak) => {
    const snap = { ...snapshot(40), seq: (seq += 1), now_ms: seq * 250, gyre: evil, driver: evil, trace: evil };
    for (const l of snap.loops) l.name = evil + l.id;
    for (const n of snap.symbiosis.nodes) n.name = evil + n.id;
    Object.assign(snap.loops[4], { group: evil, state: evil, last_error: evil, gate: evil });
    snap.symbiosis.recommendations = [evil];
    speak(said('meta', { ...META, host: evil, program: evil, engine: evil }) + said('snapshot', snap));
  };
  say(said('bye', {}));
  await page.waitForFunction(() => document.querySelector('#whom')?.textContent.includes('<img src=x'), null, { timeout: 60000 });
  await going();
  for (const name of TABS) {
    await tab(page, name);
    await page.waitForSelector(`#panel-${name} .panel`);
    assert.equal(await page.locator('img').count(), 0, name);
  }
  assert.notEqual(await page.title(), 'taken');
  await alive();
});

test('it complained of nothing but the connection', () => {
  assert.deepEqual(it.said.filter((line) => !/ERR_|status of (401|503)/.test(line)), []);
  assert.deepEqual(it.requests().filter((url) => !url.startsWith(server.url)), []);
});

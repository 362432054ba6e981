// loader.test.mjs - wasm/index.ts over the real module in Node: every wrapper once, with what it must refuse.
// Room: wasm, tests. Method: call and compare; a virtual engine for what must repeat.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { snapshot } from './fixture.mjs';
import { bytes, carried, compiled, fields, loader, ofPage, record, unpack } from './module.mjs';

let api;
let gyre;

before(async () => {
  api = await loader();
  gyre = await api.Gyre.load(bytes);
});

test('the page carries the module that was built for it; what that does not export says so', async () => {
  assert.ok(ofPage.equals(carried()));
  const names = WebAssembly.Module.exports(new WebAssembly.Module(ofPage)).map((e) => e.name);
  const asked = readFileSync(new URL('../calls.txt', import.meta.url), 'utf8').trim().split('\n');
  assert.deepEqual(names.filter((n) => n.startsWith('gyre_')).sort(), asked.sort());
  const small = await api.Gyre.load(ofPage);
  assert.equal(small.version, gyre.version);
  assert.throws(() => small.linear(1, 2, 2), (e) => e.status === api.Status.ABI && /does not export gyre_linear/.test(e.message));
});

test('what is packed comes out as it was, whatever it is; what is cut off is noticed', () => {
  const program = 'import lzma, sys; d = sys.stdin.buffer.read(); o = lzma.compress(d, lzma.FORMAT_ALONE); sys.stdout.buffer.write(o[:5] + len(d).to_bytes(8, "little") + o[13:])';
  const pack = (data) => spawnSync('python3', ['-c', program], { input: data, maxBuffer: 1 << 26 }).stdout;
  let seed = 1;
  const noise = Buffer.from(Uint8Array.from({ length: 70_000 }, () => (seed = (seed * 48271) % 2147483647) >> 8));
  const text = readFileSync(new URL('../package-lock.json', import.meta.url));
  for (const data of [Buffer.alloc(0), Buffer.from('a'), Buffer.alloc(300_000, 'ab'), noise, text, Buffer.concat([noise, text, noise, text])]) {
    const packed = pack(data);
    assert.ok(Buffer.from(unpack(packed)).equals(data), `${data.length} bytes`);
    if (data.length > 1000) assert.throws(() => unpack(packed.subarray(0, packed.length >> 1)), RangeError);
  }
});

test('the module exports what the loader names, and wants two imports at most', () => {
  const module = new WebAssembly.Module(bytes);
  const names = WebAssembly.Module.exports(module).map((e) => e.name);
  for (const name of api.EXPORTS) assert.ok(names.includes(name), name);
  for (const need of WebAssembly.Module.imports(module)) assert.match(need.name, /^(emscripten_notify_memory_growth|proc_exit)$/);
});

test('something else is refused in words', async () => {
  const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
  await assert.rejects(api.Gyre.load(empty), /does not export/);
});

test('deflate there and back, over the growth of the memory', () => {
  const data = new Uint8Array(3_000_000).map((_, i) => (i * i) >> 9);
  const packed = gyre.compress(data, 6);
  assert.ok(packed.length < data.length);
  assert.deepEqual(gyre.decompress(packed, data.length), data);
  assert.throws(() => gyre.decompress(packed.slice(0, 50), data.length), (e) => e.status === api.Status.CORRUPT);
});

const loop = (name) => ({ name, intervalMs: 50, jitter: null, knobs: { level: [0, 1, 3, 6, 9] }, stateless: true, explore: { from: 0.3 } });

/** Runs a virtual engine with one loop whose best level is 6. */
function run(seed) {
  const engine = gyre.engine({ driver: 'virtual', seed });
  engine.addLoop(loop('ship'));
  engine.start();
  for (let to = 0; to <= 20000; to += 50) {
    do {
      engine.advanceTo(to);
      for (const tick of engine.acquire()) {
        const level = tick.knob('level');
        tick.reward(10 - (level - 6) ** 2);
        tick.complete();
      }
    } while (engine.now < to);
  }
  const out = { hash: engine.traceHash(), snap: JSON.parse(engine.snapshot()) };
  engine.destroy();
  return out;
}

test('external ticks learn, and the same seed gives the same trace', () => {
  const [a, b, c] = [run(1n), run(1n), run(2n)];
  assert.equal(a.hash, b.hash);
  assert.notEqual(a.hash, c.hash);
  assert.match(a.hash, /^[0-9a-f]{16}$/);
  const row = a.snap.loops[0];
  assert.ok(row.cycles >= 390);
  const q = a.snap.learners[0].q;
  assert.equal(q.indexOf(Math.max(...q)), 3, `${q}`);
});

test('a host engine: failed ticks, late ones, messages, memory, gates, change', () => {
  const engine = gyre.engine({ driver: 'host' });
  const a = engine.addLoop({ ...loop('a'), timeoutMs: 500, gates: [{ kind: 'cpu' }, { kind: 'mode' }] });
  engine.addLoop({ ...loop('b'), paused: true });
  const inbox = engine.subscribe('shop.>', { capacity: 8, overflow: 'drop_oldest' });
  engine.start();
  let now = 0;
  const next = () => {
    for (;;) {
      engine.poll((now += 10));
      const ticks = engine.acquire();
      if (ticks.length > 0) return ticks[0];
    }
  };
  const first = next();
  assert.equal(first.info().loop, a);
  assert.throws(() => first.knob('nonsense'), (e) => e instanceof api.GyreError && e.status === api.Status.NOT_FOUND);
  assert.equal(first.complete(), true);
  assert.equal(first.complete(), false, 'a second time it is stale');
  assert.equal(next().complete({ failed: 'on purpose' }), true);
  const late = next();
  engine.poll((now += 1000));
  assert.equal(late.complete(), false, 'it had timed out');
  const row = JSON.parse(engine.snapshot()).loops.find((l) => l.name === 'a');
  assert.deepEqual([row.errors, row.timeouts, row.streak], [2, 1, 3]);

  engine.publish('shop.orders.new', '{"id":7}');
  engine.poll((now += 10));
  const message = inbox.poll();
  assert.equal(message.topic, 'shop.orders.new');
  assert.equal(new TextDecoder().decode(message.payload), '{"id":7}');
  assert.equal(inbox.poll(), null);
  inbox.close();
  assert.throws(() => inbox.poll(), (e) => e.status === api.Status.STALE);
  assert.throws(() => engine.publish('a..b'), (e) => e.status === api.Status.ARG);

  for (let i = 0; i < 60; i += 1) engine.remember({ text: `record ${i} æøå`, source: 'a', tags: ['t'], wallMs: 1000 + i });
  const found = JSON.parse(engine.recall({ tag: 't', limit: 3 }));
  assert.deepEqual(found.map((r) => r.text), ['record 59 æøå', 'record 58 æøå', 'record 57 æøå']);

  engine.supply({ cpuPercent: 95 });
  engine.poll((now += 6000));
  engine.acquire().forEach((t) => t.complete());
  engine.poll((now += 200));
  assert.equal(engine.acquire().length, 0, 'the gate is closed');
  engine.supply({ cpuPercent: 10 });
  engine.reconfigure(a, { intervalMs: 20 });
  next().complete();
  assert.throws(() => engine.addLoop(loop('a')), (e) => e.status === api.Status.EXISTS);
  assert.throws(() => engine.addLoop({ ...loop('c'), intervalMs: 0 }), (e) => e.status === api.Status.ARG && e.message.length > 5);
  assert.deepEqual(engine.stop(100), []);
  engine.destroy();
  assert.throws(() => engine.start(), (e) => e.status === api.Status.STALE);
});

test('what means nothing is refused in words, and nothing has changed', () => {
  const engine = gyre.engine({ driver: 'host' });
  const refused = (call, text) => assert.throws(call, (e) => e instanceof api.GyreError && e.status === api.Status.ARG && text.test(e.message));
  refused(() => gyre.engine({ driver: 'nonsense' }), /driver is "nonsense": one of host, virtual/);
  refused(() => gyre.engine({ driver: 'host', seed: -1n }), /seed is -1/);
  refused(() => gyre.engine({ driver: 'host', memoryRing: 8.5 }), /memory_ring is 8.5/);
  refused(() => engine.subscribe('a', { overflow: 'nonsense' }), /overflow is "nonsense"/);
  refused(() => engine.subscribe('a', { overflow: 'toString' }), /overflow/);
  refused(() => engine.subscribe('a', { capacity: 1.5 }), /capacity is 1.5/);
  refused(() => engine.subscribe('a', { capacity: -1 }), /capacity is -1/);
  refused(() => engine.subscribe('a\0b'), /NUL/);
  refused(() => engine.publish('a\0b'), /NUL/);
  refused(() => engine.publish('a\nb'), /byte 10/);
  refused(() => engine.addLoop(loop('a\0b')), /NUL/);
  refused(() => engine.addLoop({ ...loop('a'), gates: [{ kind: 'nonsense' }] }), /gate/);
  refused(() => engine.addLoop({ ...loop('a'), knobs: { level: [1, 1] } }), /twice/);
  refused(() => engine.addLoop({ ...loop('a'), explore: { from: 0.1, over: 2.7 } }), /explore_over is 2.7/);
  refused(() => engine.remember({ text: 'a', tags: ['b\0c'] }), /NUL/);
  refused(() => engine.connect('a\0', 'b', 0.5), /NUL/);
  refused(() => engine.supply({ cpuPercent: Infinity }), /a reading is inf/);
  refused(() => engine.supply({ latencyMs: -2 }), /a reading is -2/);
  refused(() => engine.poll(1, 0.5), /maxTicks is 0.5/);
  const snap = JSON.parse(engine.snapshot());
  assert.deepEqual([snap.loops.length, snap.bus.published, snap.bus.subscriptions, snap.memory.remembered], [0, 0, 0, 0]);
  engine.destroy();
});

// The loader once kept each topic, tag and user in the module's memory: 144 MiB after two million.
test('topics, tags and users leave nothing behind in the module', () => {
  const engine = gyre.engine({ driver: 'host', memoryBytes: 65536 });
  const long = (what, i) => `${what} ${i} ${'x'.repeat(1000)}`;
  const some = (from, to) => {
    for (let i = from; i < to; i += 1) {
      engine.publish(`topic.${i}.${'x'.repeat(200)}`, 'x');
      engine.remember({ text: 'x', user: long('user', i), source: long('source', i), tags: [long('tag', i), long('another', i)], wallMs: 1 });
      engine.poll(i);
    }
  };
  some(0, 2000);
  const before = gyre.residentBytes;
  some(2000, 12000); // 42 MB of names
  assert.equal(gyre.residentBytes, before);
  engine.destroy();
});

test('the names of knobs are kept while they are few', () => {
  const engine = gyre.engine({ driver: 'virtual' });
  const names = Array.from({ length: 6 }, (_, i) => `knob ${i}`);
  engine.addLoop({ name: 'a', intervalMs: 10, jitter: null, stateless: true, knobs: Object.fromEntries(names.map((n) => [n, [3]])) });
  engine.advanceTo(5);
  const [tick] = engine.acquire();
  for (let i = 0; i < 2000; i += 1) {
    assert.equal(tick.knob(names[i % 6]), 3);
    assert.throws(() => tick.knob(`no knob ${i}`), (e) => e.status === api.Status.NOT_FOUND);
  }
  engine.destroy();
});

test('the society has four loops and five declared edges', () => {
  const engine = gyre.engine({ driver: 'virtual' });
  engine.addSociety(20);
  engine.start();
  engine.advanceTo(10000);
  const snap = JSON.parse(engine.snapshot());
  assert.equal(snap.loops.length, 4);
  assert.equal(snap.symbiosis.edges.filter((e) => e.declared).length, 5);
  assert.ok(engine.score >= 0 && engine.score <= 1);
  engine.destroy();
});

// The module may say more than the page reads, since fields are only added; it may not say less.
test('the fields of the made-up snapshot, and those the page reads, are those of a real one', () => {
  const real = fields(JSON.parse(record(gyre, 12).at(-1)));
  const made = fields(snapshot(40));
  for (const name of [...made]) if (name.startsWith('.learners[].limits[].')) real.add(name); // this run has none
  assert.deepEqual([...made].filter((name) => !real.has(name)), [], 'only in tests/fixture.mjs');
  const names = (paths) => new Set([...paths].map((path) => path.slice(path.lastIndexOf('.') + 1)));
  const source = readFileSync(new URL('../src/snapshot.ts', import.meta.url), 'utf8').split(/^const latency|^export type/m)[1];
  const notHere = ['committed', 'durable', 'file_bytes']; // without a store
  const notMade = ['names', 'value_name'];
  const declared = [...source.matchAll(/^  +(\w+): |[{,] (\w+): (?=\w)/gm)].map((m) => m[1] ?? m[2]).filter((name) => !notHere.includes(name));
  assert.ok(declared.length > 100, `${declared.length} fields read from src/snapshot.ts`);
  assert.deepEqual(declared.filter((name) => !names(real).has(name)), [], 'read by the page, not in a real snapshot');
  assert.deepEqual(declared.filter((name) => !names(made).has(name) && !notMade.includes(name)), [], 'read by the page, not in tests/fixture.mjs');
});

test('the page passes over the decisions in a line of a recorded run', async () => {
  const [{ checked }, line] = [await compiled('../src/snapshot.ts'), JSON.parse(JSON.stringify(snapshot(3)))];
  const decisions = [{ name: 'ship', states: 1, actions: 2, first: 0, state: [0], action: [1], propensity: [0.5], reward: [7] }];
  assert.deepEqual(checked({ ...line, decisions }), checked(line));
});

test('a log tells what another policy earns, and a loop its own', () => {
  const log = [[0, 0, 0.5, 1], [0, 1, 0.5, 3], [0, 1, 0.25, 5], [0, 0, 0.75, 1], [9, 0, 1, 0]]
    .map(([state, action, propensity, reward]) => ({ state, action, propensity, reward }));
  const told = api.whatIf(gyre, log, 1, 2, 1); // as tests/capi/what_if.cpp has it
  assert.deepEqual([told.rows, told.refused, told.fewest], [4, 1, 2]);
  assert.ok(Math.abs(told.ips.value - 26 / 4) < 1e-9 && Math.abs(told.selfNormalised.value - 26 / 6) < 1e-9 && told.asSeen.value === 4);
  assert.deepEqual([told.supported, told.changed, told.doublyRobust.high, told.ips.low], [false, false, Infinity, -Infinity]);
  assert.deepEqual(api.whatIf(gyre, log, 1, 2, [0, 1]), told);
  const status = (call, wanted, text) => assert.throws(call, (e) => e.status === api.Status[wanted] && text.test(e.message));
  status(() => api.whatIf(gyre, log, 1, 2, 2), 'ARG', /always is 2/);
  status(() => api.whatIf(gyre, log, 1, 2, [1]), 'ARG', /2, one for each action/);
  status(() => api.whatIf(gyre, log, 65536, 2, 1), 'BUDGET', /65,?536/);
  status(() => api.whatIf(gyre, [{ ...log[0], state: 0.5 }], 1, 2, 1), 'ARG', /state is 0.5/);

  const engine = gyre.engine({ driver: 'virtual', seed: 3n });
  const loop = engine.addLoop({ name: 'a', intervalMs: 10, knobs: { level: [0, 3, 6] }, tuning: { atRandom: 0.5 } });
  engine.start();
  for (let i = 0; i < 600; i += 1) {
    engine.advanceTo(i * 10);
    for (const tick of engine.acquire()) {
      tick.reward(tick.knob('level') + ((i * 7919) % 101) / 100);
      tick.complete();
    }
  }
  const six = api.loopWhatIf(gyre, loop, { level: 6 });
  assert.ok(six.supported && six.rows > 500 && six.doublyRobust.low < 6.5 && 6.5 < six.doublyRobust.high, JSON.stringify(six));
  status(() => api.loopWhatIf(gyre, loop, { level: 5 }), 'ARG', /5/);
  engine.destroy();
});

test('a tuner by itself has the draws that it has natively, learns, saves, refuses in words', () => {
  const options = {
    knobs: { level: [0, 1, 3, 6, 9], codec: ['zlib', 'none', 'other'] },
    features: { link: [10, 100], request: ['read', 'write'] },
    seed: 7n,
  };
  const tuner = gyre.tuner(options);
  const worth = (state, action) => 10 - 0.1 * (action - 2 * state) * (action - 2 * state);
  let [sum, odds] = [0, 0];
  for (let i = 0; i < 300; i += 1) { // as tests/capi/tuner.cpp does
    const { action, propensity } = tuner.choose(i % 6);
    tuner.observe(i % 6, action, worth(i % 6, action) + ((i * 7919) % 101) / 50);
    sum += action * (i + 1);
    odds += propensity;
  }
  assert.deepEqual([sum, odds], [233116, 135.29395269594576]);
  assert.equal(tuner.state([50, 1]), 3);
  assert.deepEqual(tuner.values(10), [6, 1]);
  const known = tuner.report(2);
  assert.ok(known.low < known.estimate && known.estimate < known.high && Number.isNaN(known.baseline));
  const { states, actions, observations, refused, cellsTried } = tuner.learned();
  assert.deepEqual([states, actions, observations, refused], [6, 15, 300, 0]);
  assert.ok(cellsTried > 20);
  const other = gyre.tuner(options);
  const saved = tuner.save();
  other.load(saved);
  for (let i = 0; i < 20; i += 1) assert.deepEqual(other.choose(i % 6, [3]), tuner.choose(i % 6, [3]));
  const status = (call, wanted, text) => assert.throws(call, (e) => e.status === api.Status[wanted] && text.test(e.message));
  status(() => other.load(saved.slice(0, 99)), 'CORRUPT', /damaged/);
  status(() => other.observe(6, 0, 1), 'ARG', /./);
  status(() => other.observe(0, 0, NaN), 'ARG', /./);
  status(() => other.state([1]), 'ARG', /./);
  other.mode = 'frozen';
  status(() => other.observeFailure(0, 0), 'STATE', /./);
  assert.equal(other.choose(0).propensity, 1);
  tuner.destroy();
  other.destroy();
  status(() => tuner.choose(0), 'STALE', /./);
  status(() => gyre.tuner({ knobs: { k: ['a', 'a'] } }), 'EXISTS', /k/);
  status(() => gyre.tuner({ knobs: { k: ['a', 'b'] }, tuning: { forbidden: [{ k: 'c' }] } }), 'ARG', /"c" is no name of knob "k"/);
  assert.deepEqual(gyre.linear(1, 4, 4), [1, 2, 3, 4]);
  assert.equal(gyre.geometric(1, 4096, 13)[5], 32);
  status(() => gyre.geometric(0, 1, 3), 'ARG', /./);
});

test('a learner by itself learns a walk, says what it learned, refuses in words', () => {
  const learner = gyre.learner({ states: 5, actions: 2, discount: 0.9, learningRate: 0.5, explore: { from: 0.5, to: 0.1, over: 500 }, every: 2, warmup: 8, seed: 3n });
  let state = 2;
  for (let i = 0; i < 3000; i += 1) { // to the right is the end that pays
    const action = learner.choose(state);
    const next = Math.max(0, state + (action === 1 ? 1 : -1));
    learner.observe({ state, action, next, reward: next === 4 ? 1 : 0, terminated: next === 4 });
    state = next === 4 ? 2 : next;
  }
  const q = learner.q();
  assert.equal(q.length, 10);
  for (const s of [0, 1, 2, 3]) assert.ok(q[2 * s + 1] > q[2 * s], `${q}`);
  assert.ok(Math.abs(q[7] - 1) < 0.01 && Math.abs(q[5] - 0.9) < 0.02, `${q}`);
  const { states, actions, decisions, observations, qValues, exploration, replayAdded } = learner.metrics();
  assert.deepEqual([states, actions, decisions, observations, qValues, exploration, replayAdded], [5, 2, 3000, 3000, 8, 0.1, 3000]);
  const status = (call, wanted) => assert.throws(call, (e) => e.status === api.Status[wanted] && e.message.length > 2);
  status(() => learner.choose(5), 'ARG');
  status(() => learner.observe({ state: 0, action: 2, next: 0, reward: 1 }), 'ARG');
  status(() => gyre.learner({ states: 70_000, actions: 2 }), 'ARG');
  learner.destroy();
  status(() => learner.q(), 'STALE');
});

test('rewards come later than their ticks, and limits are kept', () => {
  const engine = gyre.engine({ driver: 'virtual', seed: 1n });
  const loop = engine.addLoop({ name: 'later', intervalMs: 10, jitter: null, knobs: { level: [0, 1, 3, 6, 9] } });
  engine.start();
  let last = -1;
  for (let i = 0; i < 400; i += 1) {
    engine.advanceTo(engine.now + 10);
    for (const tick of engine.acquire()) {
      last = tick.knob('level');
      tick.limit('p99_ms', 10 * last + (i * 7919) % 10, 75);
      const ticket = tick.rewardLater();
      tick.complete();
      engine.reward(loop, ticket, last + ((i * 7919) % 101) / 50);
      if (i === 9) assert.throws(() => engine.reward(loop, ticket, 1), (e) => e.status === api.Status.STALE);
    }
  }
  assert.equal(last, 6);
  const { lateTwice, heldLimits } = engine.learned(loop);
  assert.ok(lateTwice === 1 && heldLimits > 0);
  assert.equal(engine.report(loop, 0).avoided, 1);
  assert.equal(JSON.parse(engine.snapshot()).learners[0].limits[0].name, 'p99_ms');
  engine.destroy();
});

test('a loop keeps to its rails, and says what it learned', () => {
  const engine = gyre.engine({ driver: 'virtual', seed: 1n });
  const tuned = engine.addLoop({
    name: 'tuned', intervalMs: 10, jitter: null,
    knobs: { level: { values: [0, 3, 9], names: ['off', 'low', 'high'], ordered: true }, codec: ['zlib', 'none'] },
    features: { request: ['read', 'write'] },
    tuning: { baseline: { level: 'low', codec: 'zlib' }, budget: 0.5, forbidden: [{ level: 'high', codec: 'none' }], mode: 'observe' },
  });
  engine.start();
  let ticks = 0;
  const run = (end) => {
    while (engine.now < end) {
      engine.advanceTo(engine.now + 10);
      for (const tick of engine.acquire()) {
        const write = ticks % 2;
        tick.feature('request', write);
        const [level, codec] = [tick.knob('level'), tick.knob('codec')];
        assert.ok(level !== 9 || codec !== 1, 'ruled out');
        tick.cost(20 + (level - (write ? 9 : 0)) ** 2 / 10 + (codec === write ? 2 : 0) + ((ticks * 7919) % 101) / 100);
        tick.complete();
        ticks += 1;
      }
    }
  };
  run(1000);
  assert.equal(engine.learned(tuned).cellsTried, 2, 'the baseline in two states');
  engine.reconfigure(tuned, { mode: 'tune' });
  run(9000);
  assert.deepEqual([0, 1].map((state) => engine.values(tuned, engine.report(tuned, state).best)), [[0, 1], [9, 0]]);
  const read = engine.report(tuned, 0);
  assert.ok(read.baseline < read.low && read.estimate < -20 && read.estimate > -21.5, JSON.stringify(read));
  const learner = JSON.parse(engine.snapshot()).learners[0];
  assert.deepEqual(learner.knobs.map((k) => k.names), [['off', 'low', 'high'], ['zlib', 'none']]);
  assert.deepEqual(learner.features[0].names, ['read', 'write']);
  assert.throws(() => engine.report(tuned, 2), (e) => e.status === api.Status.ARG);
  assert.throws(() => engine.reconfigure(tuned, { mode: 'x' }), /one of tune, observe, frozen/);
  engine.destroy();
});

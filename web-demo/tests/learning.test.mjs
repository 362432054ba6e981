// learning.test.mjs - replay buffers and learners by themselves, through wasm/index.ts.
// Room: wasm, tests. Method: golden; the same calls, and the same numbers, as in tests/capi: what is saved has the bits that
// it has natively. Model; a replay buffer's rows are those of a list. What must be refused is.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { bytes, loader } from './module.mjs';

let api;
let gyre;

before(async () => {
  api = await loader();
  gyre = await api.Gyre.load(bytes);
});

const range = (n, f) => Array.from({ length: n }, (_, i) => f(i));
const refused = (call, status, text = /./) => assert.throws(call, (e) => e instanceof api.GyreError && e.status === api.Status[status] && text.test(e.message));

/** CRC-32C, bit by bit. */
function crc32c(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

const SMALL = { inputs: 2, actions: 3, hidden: [8, 6], batch: 16, warmup: 16, capacity: 300 };
const STEPS = 500;
/** As tests/capi/dqn.cpp has them. */
const steps = {
  seen: Float32Array.from({ length: 2 * STEPS }, (_, i) => (((i >> 1) * 7 + (i % 2) * 3) % 11) - 5),
  next: Float32Array.from({ length: 2 * STEPS }, (_, i) => (((i >> 1) * 7 + 7 + (i % 2) * 3) % 11) - 5),
  actions: Uint32Array.from({ length: STEPS }, (_, i) => i % 3),
  rewards: Float64Array.from({ length: STEPS }, (_, i) => (i % 3) - ((i * 7) % 11) / 8),
  terminated: range(STEPS, (i) => i % 13 === 12),
  truncated: range(STEPS, (i) => i % 13 !== 12 && i % 17 === 16),
};

test('what a dqn has learned in the module has the bits that it has natively, and goes on from there', () => {
  const dqn = gyre.dqn(SMALL);
  dqn.observe(steps);
  const saved = dqn.save();
  assert.equal(crc32c(saved.subarray(0, -4)), 0x621d4ce6);
  assert.equal(new DataView(saved.buffer).getUint32(saved.length - 4, true), 0x621d4ce6);
  const { observations, episodes, replaySize, parameters } = dqn.metrics();
  assert.deepEqual([observations, episodes, replaySize], [500, steps.terminated.concat(steps.truncated).filter(Boolean).length, 300]);
  assert.ok(parameters > 60);

  const other = gyre.dqn(SMALL);
  other.load(saved);
  const into = new Uint32Array(8);
  for (const each of [dqn, other]) {
    each.observe({ seen: [1, 2], actions: [1], rewards: [0.5], next: [2, 3] });
    each.train(3);
    assert.equal(each.act(steps.seen.subarray(0, 16), into), into);
    assert.ok(into.every((action) => action < 3));
  }
  assert.deepEqual(other.save(), dqn.save());
  const worth = dqn.worth([1, 2, 3, 4]);
  assert.ok(worth instanceof Float32Array && worth.length === 6 && worth.every(Number.isFinite));
  assert.deepEqual(dqn.worth([3, 4], new Float32Array(3)), worth.slice(3));
  assert.deepEqual(dqn.act([]), new Uint32Array(0));

  const before = dqn.save();
  refused(() => dqn.act([1]), 'ARG', /1 numbers: not rows of 2/);
  refused(() => dqn.act([1, NaN]), 'ARG');
  refused(() => dqn.act([1, 2, 3, 4], new Uint32Array(1)), 'ARG', /room for 1 numbers, not 2/);
  refused(() => dqn.observe({ ...steps, rewards: [1] }), 'ARG', /rewards has 1 numbers, not 500/);
  refused(() => dqn.observe({ ...steps, truncated: [true] }), 'ARG', /truncated has 1 numbers, not 500/);
  refused(() => dqn.observe({ seen: [1, 2], actions: [1.5], rewards: [0], next: [1, 2] }), 'ARG', /actions\[0\] is 1.5/);
  refused(() => dqn.observe({ seen: [1, 2], actions: [3], rewards: [0], next: [1, 2] }), 'ARG');
  refused(() => dqn.observe({ seen: [1, 2], actions: [1], rewards: [0], next: [1, 2], terminated: [1], truncated: [1] }), 'ARG');
  refused(() => other.load(saved.slice(0, 99)), 'CORRUPT');
  refused(() => gyre.dqn({ ...SMALL, inputs: 3 }).load(saved), 'FORMAT');
  refused(() => gyre.dqn({ ...SMALL, hidden: [1] }), 'ARG', /hidden/);
  refused(() => gyre.dqn(SMALL).train(), 'STATE');
  assert.deepEqual(dqn.save(), before, 'nothing has changed');
  dqn.destroy();
  refused(() => dqn.train(), 'STALE');
  other.destroy();
});

test('a learner over tiles learns where to go, has the bits that it has natively, and goes on from there', () => {
  const options = { axes: [{ low: 0, high: 1, cuts: 4 }, { low: -1, high: 1, cuts: 4 }], actions: 2, tilings: 4, weights: 1024, lambda: 0.5, discount: 0.125, explore: { from: 0.25 }, seed: 9n };
  const tiles = gyre.tiles(options);
  const at = (i) => [((i * 7) % 32) / 32, ((i * 5) % 16) / 8 - 1];
  for (let i = 0; i < 600; i += 1) { // as tests/capi/learning_bits.cpp does: action 1 pays in the right half
    const seen = at(i);
    const actions = tiles.choose(seen);
    tiles.observe({ seen, actions, rewards: [(actions[0] === 1) === (seen[0] >= 0.5) ? 1 : 0], next: at(i + 1), terminated: [i % 8 === 7] });
  }
  const saved = tiles.save();
  assert.equal(crc32c(saved), 0xdade0888);
  const places = range(32, at).flat();
  assert.deepEqual([...tiles.greedy(places)], range(32, (i) => Number(at(i)[0] >= 0.5)));
  const other = gyre.tiles(options);
  other.load(saved);
  for (let i = 0; i < 50; i += 1) assert.deepEqual(other.choose(places), tiles.choose(places));
  refused(() => tiles.greedy([0.5]), 'ARG', /rows of 2/);
  refused(() => tiles.choose([0.5, Infinity]), 'ARG');
  refused(() => tiles.observe({ seen: at(1), actions: [2], rewards: [0], next: at(2) }), 'ARG');
  refused(() => other.load(saved.slice(0, 40)), 'CORRUPT');
  refused(() => gyre.tiles({ ...options, method: 'dyna_q' }), 'ARG');
  refused(() => gyre.tiles({ ...options, axes: [] }), 'ARG');
  tiles.destroy();
  refused(() => tiles.save(), 'STALE');
  other.destroy();
});

test('a learner takes batches, knows its greedy actions, and goes on from what was saved', () => {
  const options = { states: 6, actions: 2, discount: 0.9, learningRate: 0.5, explore: { from: 0.5 }, method: 'q_lambda', lambda: 0, seed: 3n };
  const learner = gyre.learner(options);
  const states = range(300, (i) => i % 6);
  const actions = learner.choose(states);
  assert.ok(actions instanceof Uint32Array && actions.length === 300 && actions.some((a) => a === 0) && actions.some((a) => a === 1));
  const batch = { states, actions, rewards: range(300, (i) => (actions[i] === i % 2 ? 1 : 0)), next: states, terminated: range(300, () => 1) };
  learner.observeMany(batch);
  learner.train();
  assert.deepEqual(learner.greedy(range(6, (i) => i)), Uint32Array.of(0, 1, 0, 1, 0, 1));
  assert.equal(learner.greedy(3), 1);
  assert.deepEqual([learner.metrics().decisions, learner.metrics().observations], [300, 300], 'greedy() counts none');
  const other = gyre.learner(options);
  other.load(learner.save());
  assert.deepEqual(other.q(), learner.q());
  for (const each of [learner, other]) each.observe({ state: 1, action: 0, reward: 2, next: 2, truncated: true });
  for (let i = 0; i < 50; i += 1) assert.equal(other.choose(i % 6), learner.choose(i % 6));
  const before = learner.save();
  refused(() => learner.observeMany({ ...batch, next: [1] }), 'ARG', /next has 1 numbers, not 300/);
  refused(() => learner.observeMany({ ...batch, actions: range(300, (i) => (i === 299 ? 2 : 0)) }), 'ARG');
  refused(() => learner.greedy([0, 6]), 'ARG');
  refused(() => learner.load(before.slice(0, 30)), 'CORRUPT');
  refused(() => gyre.learner({ ...options, states: 5 }).load(before), 'FORMAT');
  assert.deepEqual(learner.save(), before, 'nothing has changed');
  learner.destroy();
  other.destroy();
});

const COLUMNS = { seen: { type: 'f32', count: 4 }, reward: 'f64', terminated: 'u8', truncated: 'u8' };
const PRIORITIZED = { columns: COLUMNS, capacity: 50, prioritized: true, countSamples: true, seed: 5n };
/** As tests/capi/learning_bits.cpp numbers them. */
const rows = (from, n) => ({
  seen: range(4 * n, (i) => from + (i >> 2)), reward: range(n, (i) => from + i),
  terminated: range(n, (i) => Number((from + i) % 7 === 6)), truncated: range(n, (i) => Number((from + i) % 10 === 9)),
});

test('a replay buffer has the bits that it has natively, and goes on draw for draw', () => {
  const replay = gyre.replay(PRIORITIZED);
  assert.equal(replay.rowSize, 32);
  for (let i = 0; i < 70; i += 1) {
    replay.push(rows(i, 1));
    const drawn = replay.draw(8);
    assert.equal(replay.update(drawn, [1, 2, 3, 4, 5, 6, 7, 8]), 0);
  }
  const saved = replay.save();
  assert.equal(crc32c(saved), 0xb487aecf);
  const other = gyre.replay(PRIORITIZED);
  other.load(saved);
  for (let i = 0; i < 20; i += 1) {
    assert.deepEqual(other.draw(8), replay.draw(8));
    for (const each of [replay, other]) each.push(rows(100 + i, 1));
  }
  const small = gyre.replay({ ...PRIORITIZED, capacity: 20 });
  small.load(saved);
  assert.equal(small.column('reward', [19])[0], 69, 'the newest');
  refused(() => other.load(saved.slice(0, 99)), 'CORRUPT');
  refused(() => gyre.replay({ columns: { reward: 'f32' } }).load(saved), 'FORMAT');
  for (const each of [replay, other, small]) {
    each.check();
    each.destroy();
  }
});

test('what is pushed as columns is drawn, read, cut into episodes and added up as a list would be', () => {
  const replay = gyre.replay(PRIORITIZED);
  replay.push(rows(0, 30));
  replay.push(rows(30, 40)); // 20..69 are there, row i in slot i % 50
  const { slots, generations, weights, probabilities } = replay.draw(12);
  const number = (slot) => (slot < 20 ? slot + 50 : slot);
  const { seen, reward, terminated } = replay.read(slots);
  assert.ok(seen instanceof Float32Array && reward instanceof Float64Array && terminated instanceof Uint8Array);
  slots.forEach((slot, k) => {
    const row = number(slot);
    assert.deepEqual([reward[k], terminated[k], ...seen.subarray(4 * k, 4 * k + 4)], [row, Number(row % 7 === 6), row, row, row, row]);
    assert.ok(weights[k] > 0 && weights[k] <= 1 && probabilities[k] > 0 && probabilities[k] < 1);
  });
  const into = { seen: new Float32Array(48), reward: new Float64Array(12), terminated: new Uint8Array(12), truncated: new Uint8Array(12) };
  assert.equal(replay.read(slots, into).seen, into.seen);
  assert.deepEqual(into.seen, seen);

  const all = replay.sample(50, { into: { seen: new Float32Array(200), reward: new Float64Array(50), terminated: new Uint8Array(50), truncated: new Uint8Array(50) } });
  assert.deepEqual([...all.reward].sort((a, b) => a - b), range(50, (i) => i + 20), 'each once');
  all.reward.forEach((row, k) => assert.deepEqual([all.seen[4 * k + 3], all.terminated[k], all.truncated[k]], [row, Number(row % 7 === 6), Number(row % 10 === 9)]));
  assert.equal(replay.sample(60, { replace: true }).reward.length, 60);
  refused(() => replay.sample(60), 'STATE');

  const ends = (row) => row % 7 === 6 || row % 10 === 9;
  const { firsts, counts } = replay.drawRuns(40);
  firsts.forEach((slot, k) => { // whole episodes
    const [first, last] = [number(slot), number(slot) + counts[k] - 1];
    assert.ok((first === 20 || ends(first - 1)) && ends(last) && !range(counts[k] - 1, (i) => ends(first + i)).includes(true), `${first}..${last}`);
  });
  assert.ok(replay.drawRuns(40, 3).counts.every((n) => n >= 1 && n <= 3));
  const { rewards, bootstraps, lasts, steps: taken } = replay.nStep([21, 25], 3, 0.5);
  assert.deepEqual([...rewards], [21 + 11 + 23 / 4, 25 + 13 + 27 / 4]);
  assert.deepEqual([[...bootstraps], [...lasts], [...taken]], [[0.125, 0], [23, 27], [3, 3]]);

  const asked = slots.filter((slot, i) => slots.indexOf(slot) === i);
  const was = replay.about(asked);
  assert.deepEqual([...was.ages], [...asked].map((slot) => 69 - number(slot)));
  assert.ok(was.drawn.every((n) => n >= 1));
  const places = { slots, generations };
  generations[5] -= 1; // as if it had been replaced
  assert.equal(replay.update(places, range(12, (i) => (i === 3 ? NaN : 40))), 2);
  const { rows: held, staleUpdates, episodes, totalAdded, greatestPriority, utilization } = replay.metrics();
  assert.deepEqual([held, staleUpdates, totalAdded, utilization], [50, 1, 70, 1]);
  assert.ok(episodes > 5 && greatestPriority > 9);
  replay.resize(5);
  assert.deepEqual([...replay.column('reward', [0, 1, 2, 3, 4])], [65, 66, 67, 68, 69]);
  replay.push(rows(71, 1));
  replay.endEpisode();
  assert.equal(replay.drawRuns(20).firsts.length, 20);
  replay.check();
  replay.destroy();
});

test('columns of each type come out as they went in; what cannot be is refused, and nothing has changed', () => {
  const types = { u8: [0, 255], i8: [-128, 127], u16: [0, 65535], i16: [-32768, 32767], u32: [0, 2 ** 32 - 1], i32: [-(2 ** 31), 2 ** 31 - 1], f32: [0.5, -3], f64: [0.1, 1e300] };
  const replay = gyre.replay({ columns: Object.fromEntries(Object.keys(types).map((name) => [name, name])), budgetBytes: 100_000 });
  replay.push(types);
  const { capacity } = replay.metrics();
  assert.ok(capacity > 1000 && capacity < 3200, `${capacity}`);
  const read = replay.read([0, 1]);
  for (const [name, list] of Object.entries(types)) assert.deepEqual([...read[name]], list);
  refused(() => replay.push({ ...types, u8: [0, 256] }), 'ARG', /u8\[1\] is 256: a whole number from 0 to under 256/);
  refused(() => replay.push({ ...types, i16: [0, 0.5] }), 'ARG', /i16\[1\] is 0.5/);
  refused(() => replay.push({ ...types, f32: [1] }), 'ARG', /f32 has 1 numbers, not 2/);
  refused(() => replay.push({ u8: [1] }), 'ARG', /column i8 is missing/);
  refused(() => replay.column('x', [0]), 'ARG', /no column x: one of u8, i8/);
  refused(() => replay.column('u8', [2]), 'ARG');
  refused(() => replay.read([0, 1], { ...read, f64: new Float64Array(1) }), 'ARG', /room for 1 numbers, not 2/);
  refused(() => replay.draw(1.5), 'ARG', /count is 1.5/);
  refused(() => replay.update(replay.draw(1), [1]), 'STATE');
  refused(() => replay.nStep([0], 2, 0.9), 'STATE');
  assert.equal(replay.metrics().rows, 2);
  refused(() => gyre.replay({ columns: { reward: 'i32' } }), 'ARG', /reward, the reward, is 1 i32/);
  refused(() => gyre.replay({ columns: { r: { type: 'f32', count: 2, role: 'reward' } } }), 'ARG', /r, the reward, is 2 f32/);
  refused(() => gyre.replay({ columns: { a: { type: 'f32', count: 0 } } }), 'ARG', /count of a is 0/);
  refused(() => gyre.replay({ columns: { a: { type: 'f32', role: 'x' } } }), 'ARG', /one of plain, reward/);
  refused(() => gyre.replay({ columns: { a: 'f32' }, alpha: 2 }), 'ARG', /alpha/);
  replay.destroy();
  refused(() => replay.metrics(), 'STALE');
});

// What a call takes of the module's memory is given back.
test('an engine goes on from what another saved; what is damaged changes nothing', () => {
  const engines = [0, 1].map(() => gyre.engine({ driver: 'virtual', seed: 3n }));
  const [first, second] = engines;
  const ship = { name: 'ship', intervalMs: 50, jitter: null, knobs: { level: [0, 1, 3, 6, 9] }, stateless: true };
  const go = (engine, to) => {
    do {
      engine.advanceTo(to);
      for (const tick of engine.acquire()) {
        tick.reward(tick.knob('level'));
        tick.complete();
      }
    } while (engine.now < to);
  };
  first.addLoop(ship);
  first.remember({ text: 'a river', wallMs: 1 });
  go(first, 5000);
  const saved = first.save();
  assert.equal(second.load(saved), 1, 'there is no such loop yet');
  second.addLoop(ship);
  assert.equal(second.load(saved), 0);
  assert.deepEqual(second.save(), saved);
  refused(() => second.load(saved.slice(0, -1)), 'CORRUPT', /a saved state is damaged/);
  assert.deepEqual(second.save(), saved);
  assert.match(second.recall({ text: 'river' }), /a river/);
  for (const engine of engines) engine.destroy();
});

test('ten thousand calls leave nothing behind in the module', () => {
  const replay = gyre.replay({ columns: COLUMNS, capacity: 100 });
  const dqn = gyre.dqn(SMALL);
  const some = (n) => {
    for (let i = 0; i < n; i += 1) {
      replay.push(rows(i, 10));
      replay.read(replay.draw(10).slots);
      dqn.act(steps.seen);
    }
  };
  some(100);
  const before = gyre.residentBytes;
  some(2_900);
  assert.equal(gyre.residentBytes, before);
  replay.destroy();
  dqn.destroy();
});

test('a number that 32 bits would make another is refused, and no memory but its own is written', () => {
  const learner = gyre.learner({ states: 4, actions: 2 });
  const tuner = gyre.tuner({ knobs: { level: [1, 2] }, features: { link: [100] } });
  const replay = gyre.replay({ columns: { at: 'f64', many: { type: 'f64', count: 7 } }, capacity: 16 });
  for (const wrong of [1.5, -1, NaN, 2 ** 32, undefined]) {
    const text = new RegExp(`state is ${wrong}`);
    refused(() => learner.choose(wrong ?? NaN), 'ARG', /state is/);
    refused(() => tuner.choose(wrong), 'ARG', text);
    refused(() => tuner.observe(wrong, 0, 1), 'ARG', text);
    refused(() => tuner.observeFailure(wrong, 0), 'ARG', text);
    refused(() => tuner.report(wrong), 'ARG', text);
    refused(() => tuner.choose(0, [wrong]), 'ARG', /notNow is/);
    refused(() => tuner.values(wrong), 'ARG', /action is/);
    refused(() => replay.resize(wrong), 'ARG', /capacity is/);
    refused(() => gyre.decompress(new Uint8Array(100), wrong), 'ARG', /rawSize is/);
  }
  assert.deepEqual([learner.metrics().decisions, tuner.learned().decisions, replay.metrics().capacity], [0, 0, 16]);
  replay.push({ at: [1], many: [1, 2, 3, 4, 5, 6, 7] });
  refused(() => replay.sample(2 ** 26, { replace: true }), 'NOMEM', /no memory for 4294967296 bytes/);
  refused(() => gyre.decompress(new Uint8Array(100), 2 ** 32 - 50), 'NOMEM');
  for (const each of [learner, tuner, replay]) each.destroy();
});

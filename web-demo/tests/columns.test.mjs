// columns.test.mjs - the lists of a snapshot go from a worker to the page as columns: whole, only what changed, and nothing else.
// Room: page, tests. Method: model; what the page reads against the snapshots themselves, over messages that structuredClone moves as workers do.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { snapshot } from './fixture.mjs';
import { bytes as built, compiled, loader, record } from './module.mjs';

let Packer;
let Unpacker;
let checked;

before(async () => {
  ({ Packer, Unpacker } = await compiled(join('..', 'src', 'columns.ts')));
  ({ checked } = await compiled(join('..', 'src', 'snapshot.ts')));
});

/** A worker's end and the page's. `across` gives what the page has, and the bytes and names of what was moved. */
function pair() {
  const [packer, unpacker] = [new Packer(), new Unpacker()];
  return (snap, at) => {
    const { snap: sent, moved } = packer.pack(snap, at);
    const bytes = moved.reduce((sum, b) => sum + b.byteLength, 0);
    const here = structuredClone(sent, { transfer: moved });
    return { seen: unpacker.unpack(here), bytes, columns: sent.loops.columns.map(([name]) => name), words: sent.loops.words };
  };
}

/** What can be read of `seen`, which gives its fields when they are asked for, by the names of `like`. */
function read(seen, like) {
  if (Array.isArray(like)) return Array.isArray(seen) ? seen.map((s, i) => read(s, like[i] ?? {})) : seen;
  if (typeof like !== 'object' || like === null || typeof seen !== 'object' || seen === null) return seen;
  return Object.fromEntries(Object.keys(like).map((key) => [key, read(seen[key], like[key])]));
}
const same = (seen, snap) => assert.deepEqual(read(seen, snap), snap);

test('every field of what the module writes arrives, and none is left behind', async () => {
  const { Gyre } = await loader();
  const across = pair();
  const kept = [];
  for (const text of record(await Gyre.load(built), 12)) {
    const snap = checked(JSON.parse(text));
    const { seen } = across(snap);
    same(seen, snap);
    kept.push([seen, snap]);
  }
  assert.ok(kept.length === 48 && kept[47][1].loops.some((l) => l.gates.length === 2) && kept[47][1].loops.some((l) => l.knobs[0]?.value_name));
  for (const [seen, snap] of kept) same(seen, snap); // those before stay as they were
});

test('what a row lacks, null, no number and longer or shorter lists arrive as they are', () => {
  const across = pair();
  const first = snapshot(40);
  const odd = snapshot(40);
  delete odd.loops[3].gates;
  delete odd.loops[3].breaker_open;
  odd.loops[4].gates = [];
  odd.loops[5] = { ...odd.loops[5], reward: null, gate: 'cpu', last_error: '<b>ä', knobs: [{ name: 'k', value: null, value_name: 'none' }], vitality: 0 };
  odd.loops[6].features = Array.from({ length: 5 }, (_, k) => ({ name: `f${k}`, value: k / 3, bucket: k }));
  odd.symbiosis.edges[0] = { ...odd.symbiosis.edges[0], from: 'awareness', to: 7, confidence: null };
  for (const snap of [first, odd, first, odd, { ...odd, loops: odd.loops.slice(1) }, { ...odd, loops: [] }, first]) same(across(snap).seen, snap);
});

test('only what changed is sent: of 10,000 loops a few bytes for a few, nothing for none', (t) => {
  const across = pair();
  const first = snapshot(40);
  first.loops = Array.from({ length: 10_000 }, (_, k) => ({ ...first.loops[10], id: k + 1, name: `worker-${k}`, cycles: k }));
  const whole = across(first);
  const none = across({ ...first });
  assert.deepEqual([none.columns, none.bytes, none.words], [[], 0, []]);
  same(none.seen, first);
  const at = [3, 5000, 9999];
  const then = { ...first, loops: first.loops.map((l, i) => (at.includes(i) ? { ...l, cycles: l.cycles + 1, last_error: 'new', latency: { ...l.latency, p99_ms: 77 } } : l)) };
  const few = across(then, at);
  assert.deepEqual([few.columns, few.words], [['cycles', 'last_error', 'latency.p99_ms'], ['new']]);
  same(few.seen, then);
  assert.equal(whole.seen.loops[3].cycles, 3, 'the one before stands');
  t.diagnostic(`${whole.bytes} bytes whole, ${few.bytes} of 3 loops`);
  assert.ok(few.bytes === 3 * 3 * 12 && whole.bytes > 1e6);
});

test('texts that are new each time do not fill the memory', () => {
  const across = pair();
  const snap = snapshot(40);
  const base = snap.loops[10];
  let anew = 0;
  for (let i = 0; i < 27; i += 1) {
    snap.loops = Array.from({ length: 10_000 }, (_, k) => ({ ...base, id: k, name: `l${k}`, last_error: `error ${i} of ${k}` }));
    const { seen, words } = across(snap);
    if (i > 0 && words.length > 10_000) anew += 1;
    assert.deepEqual([seen.loops[9999].last_error, seen.loops[0].name], [`error ${i} of 9999`, 'l0']);
  }
  assert.ok(anew === 1, `begun anew ${anew} times`);
});

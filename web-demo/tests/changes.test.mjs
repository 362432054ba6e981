// changes.test.mjs - what a process sends of many loops: one whole snapshot, then the loops that changed, as columns.
// Room: page, tests. Method: the worker's own class in Node, with made-up changes that are written as serve_changes.hpp writes them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { snapshot } from './fixture.mjs';
import { compiled } from './module.mjs';

const LOOPS = 10_000;
let Rows;
let first;

before(async () => {
  ({ Rows } = await compiled(join('..', 'src', 'worker', 'changes.ts')));
  first = snapshot(40);
  const [base] = first.loops.slice(10);
  first.loops = Array.from({ length: LOOPS }, (_, k) => ({ ...base, id: k + 1, name: `worker-${k}`, cycles: k, events_dropped: 3 }));
});

/** `next` told as a change of `base`: the rows `at`, column by column. */
function change(base, next, at) {
  const column = (get) => at.map((i) => get(next.loops[i]));
  const columns = { of: next.loops.length, at };
  for (const [key, value] of Object.entries(next.loops[0])) {
    if (['id', 'name', 'group'].includes(key)) continue;
    const nested = typeof value === 'object' && value !== null && !Array.isArray(value);
    columns[key] = nested ? Object.fromEntries(Object.keys(value).map((part) => [part, column((l) => l[key][part])])) : column((l) => l[key]);
  }
  return JSON.stringify({ base: base.seq, to: { ...next, loops: columns } });
}
const next = (from, at) => ({ ...from, seq: from.seq + 1, loops: from.loops.map((l, i) => (at.includes(i) ? { ...l, cycles: l.cycles + 1, state: 'stuck', latency: { ...l.latency, p99_ms: 77 } } : l)) });

test('each snapshot is made whole again, and a recording has all that was sent', (t) => {
  const rows = new Rows();
  rows.whole(JSON.stringify(first));
  let [now, most] = [first, 0];
  for (const at of [[3], [], [0, 5000, 9999], Array.from({ length: 100 }, (_, i) => i * 7)]) {
    const then = next(now, at);
    const sent = change(now, then, at);
    most = Math.max(most, sent.length);
    const { snap, at: where } = rows.change(sent);
    assert.deepEqual([where, snap.loops.map((l) => [l.name, l.cycles, l.latency.p99_ms])], [at, at.map((i) => [`worker-${i}`, then.loops[i].cycles, 77])]);
    assert.equal(rows.loops.length, LOOPS);
    assert.deepEqual(JSON.parse(rows.line()), then);
    now = then;
  }
  t.diagnostic(`${JSON.stringify(now).length} bytes whole, ${most} of 100 changes`);
  assert.ok(most * 50 < JSON.stringify(now).length);
});

test('a change of another snapshot, of loops that are not there, or with nonsense in it is refused', () => {
  const then = next(first, [3]);
  for (const [sent, words] of [
    [change({ seq: first.seq - 1 }, then, [3]), /since snapshot 39, and this page has 40/],
    [change(first, then, [3]).replace(`"of":${LOOPS}`, '"of":9'), /loops that are not there/],
    [change(first, then, [3]).replace('"at":[3]', '"at":[-1]'), /loops that are not there/],
    [change(first, then, [3]).replace(/"cycles":\[\d+\]/, '"cycles":["x"]'), /loops\[0\]\.cycles is “x”/],
    [change(first, then, [3]).replace(/"cycles":\[\d+\]/, '"cycles":[]'), /loops\[0\]\.cycles is missing/],
  ]) {
    const rows = new Rows();
    rows.whole(JSON.stringify(first));
    assert.throws(() => rows.change(sent), words);
  }
});

// wrong.mjs - snapshots with one field that cannot be: a file of them is refused, and so is a process that sends one.
// Room: page, tests. Threads: one.
import { snapshot } from './fixture.mjs';

/** A field, what it is made, undefined for missing, and how the page says what is wrong with that. */
export const WRONG = [
  ['bus.dropped_by', undefined, /bus\.dropped_by is missing; it is to be an object\./],
  ['learners.0.states', 1e9, /learners\[0\] is an object; it is to be a learner whose q and visits have states × actions numbers\./],
  ['now_ms', 1e300, /now_ms is 1e\+300; it is to be milliseconds from 0 to 4000000000000\./],
  ['totals.ticks', 'many', /totals\.ticks is “many”; it is to be a whole number/],
  ['totals.loops', -1, /totals\.loops is -1/],
  ['loops.3.latency', null, /loops\[3\]\.latency is null; it is to be an object/],
  ['loops.3.name', 'x'.repeat(20000), /loops\[3\]\.name is “x{40}…”; it is to be a text of at most 10000 characters/],
  ['loops', Array(100_000).fill(0), /loops is a list of 100,000; it is to be at most 20,000 of them/],
  ['learners.0.q', Array(2_000_000).fill(0), /q is a list of 2,000,000; it is to be at most 1,000,000 of them/],
  ['learners.0.reports.0.best', 99, /a learner whose reports name its states and actions/],
  ['symbiosis.edges.0.kind', 'love', /kind is “love”; it is to be synergy, conflict or neutral/],
  ['format', 2, /format is 2; it is to be 1/],
];

/** A snapshot in which `path` is `value`; undefined removes it. */
export function changed(path, value) {
  const snap = snapshot(40);
  const keys = path.split('.');
  const last = keys.pop();
  const at = keys.reduce((inner, key) => inner[key], snap);
  if (value === undefined) delete at[last];
  else at[last] = value;
  return JSON.stringify(snap);
}

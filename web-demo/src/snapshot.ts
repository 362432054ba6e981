// snapshot.ts - the engine's snapshot: a schema with bounds for each field, the types made of it, and the check.
// Room: page. Threads: plain values and pure functions; the check runs in the workers, the page takes only types.
import * as v from 'valibot';
import { Refused } from './refused.ts';

/** What one snapshot may have at most: more would be drawn for seconds, or fill the memory. */
export const MOST = {
  loops: 20_000, learners: 1_000, cells: 1_000_000, reports: 64, knobs: 32, values: 4_096, edges: 100_000, advice: 10_000, blocks: 1_000, text: 10_000,
} as const;
/** 126 years: a clock that says more is none. */
const LONGEST_MS = 4e12;
const COUNT = 'a whole number from 0 to 2^53';

const text = v.pipe(v.string('a text'), v.maxLength(MOST.text, `a text of at most ${MOST.text} characters`));
const yes = v.boolean('true or false');
const real = v.number('a number');
/** A number, or null where nothing is known: JSON has no NaN. */
const num = v.nullable(v.number('a number or null'));
const share = v.nullable(v.pipe(v.number('a number from 0 to 1, or null'), v.minValue(0, 'from 0 to 1'), v.maxValue(1, 'from 0 to 1')));
const count = v.pipe(v.number(COUNT), v.safeInteger(COUNT), v.minValue(0, COUNT));
const counted = v.nullable(count);
const index = v.pipe(v.number(COUNT), v.safeInteger(COUNT), v.minValue(-1, 'a whole number from -1'));
const lasting = (unit: string, most: number) => {
  const right = `${unit} from 0 to ${most}`;
  return v.pipe(v.number(right), v.minValue(0, right), v.maxValue(most, right));
};
const time = lasting('milliseconds', LONGEST_MS);
/** At most so many, counted before any of them is looked at. */
function list<T extends v.GenericSchema>(of: T, most: number) {
  return v.pipe(v.custom<unknown[]>(Array.isArray, 'a list'), v.maxLength(most, `at most ${most.toLocaleString('en-US')} of them`), v.array(of));
}
const object = <T extends v.ObjectEntries>(entries: T) => v.object(entries, 'an object');

const latency = object({
  count: counted, min_ms: num, avg_ms: num, p50_ms: num, p95_ms: num, p99_ms: num, p999_ms: num, max_ms: num,
});

/** As of the last tick that asked it; recordings of earlier versions lack its figures. */
const gate = object({
  name: text,
  open: yes,
  value: v.exactOptional(num),
  closes_above: v.exactOptional(num),
  opens_under: v.exactOptional(num),
});

/** What is optional here and in the totals is not in recordings of earlier versions. */
const loop = object({
  id: count,
  name: text,
  group: text,
  state: text,
  cycles: count,
  errors: count,
  timeouts: count,
  cancelled: count,
  gated: count,
  missed: count,
  shed: v.exactOptional(count),
  error_rate: num,
  streak: count,
  interval_ms: num,
  configured_ms: num,
  throttle: num,
  running: yes,
  gate: v.nullable(text),
  breaker_open: v.exactOptional(yes),
  last_error: v.nullable(text),
  dropped: count,
  vitality: num,
  health: num,
  latency,
  window: latency,
  late: latency,
  learner: index,
  state_index: count,
  action_index: count,
  reward: num,
  gates: v.exactOptional(list(gate, MOST.knobs)),
  knobs: list(object({ name: text, value: num, value_name: v.exactOptional(text) }), MOST.knobs),
  features: list(object({ name: text, value: num, bucket: count }), MOST.knobs),
});

/** What a tuner knows of one state; earnings are in the unit of the reward. `baseline` is null without one. */
const report = object({
  observations: count,
  best: count,
  estimate: num,
  low: num,
  high: num,
  probability: share,
  trying: share,
  baseline: num,
  noise: num,
  /** The observation, counted from 1, or 0 for never. */
  last_change: count,
  /** Settings that break a limit. */
  avoided: v.exactOptional(count),
});

/** A figure that is to stay under a bound; `at_best` is what the best setting makes of it, of each state reported. */
const limit = object({
  name: text,
  at_most: num,
  observations: count,
  broken: count,
  at_best: list(num, MOST.reports),
});

/** A tuner's figures beside those that every learner has. */
const tuning = object({
  failures: count,
  changes: count,
  last_change: count,
  held_by_budget: count,
  held_by_steps: count,
  held_by_forbid: v.exactOptional(count),
  held_by_limits: v.exactOptional(count),
  sharing: num,
  lost: num,
  may_lose: num,
  bytes: count,
});

/** Recordings of earlier versions lack what is optional: each of their learners is a Q-learner. */
const learner = v.pipe(
  object({
    name: text,
    tunes: v.exactOptional(yes),
    /** Of the first 64 states; empty for a Q-learner. */
    reports: v.exactOptional(list(report, MOST.reports)),
    tuning: v.exactOptional(tuning),
    limits: v.exactOptional(list(limit, MOST.knobs)),
    /** Rewards that come later than their ticks. */
    late: v.exactOptional(object({ open: count, late: count, twice: count, never: count })),
    states: count,
    actions: count,
    q_values: count,
    decisions: count,
    observations: count,
    updates: count,
    exploration: num,
    discount: num,
    learning_rate: num,
    mean_reward: num,
    replay: object({
      size: count,
      capacity: count,
      utilization: num,
      total_added: count,
      total_sampled: count,
    }),
    features: list(object({ name: text, edges: list(real, MOST.values), names: v.exactOptional(list(text, MOST.values)) }), MOST.knobs),
    knobs: list(object({ name: text, values: list(real, MOST.values), names: v.exactOptional(list(text, MOST.values)) }), MOST.knobs),
    q: list(num, MOST.cells),
    visits: list(count, MOST.cells),
  }),
  v.check((l) => l.q.length === l.states * l.actions && l.visits.length === l.q.length, 'a learner whose q and visits have states × actions numbers'),
  v.check((l) => l.actions === product(l.knobs.map((k) => k.values.length)), 'a learner whose actions are the combinations of its knobs’ values'),
  v.check((l) => l.states === product(l.features.map((f) => f.edges.length + 1)), 'a learner whose states are the combinations of its features’ ranges'),
  v.check((l) => (l.reports ?? []).every((r) => r.best < l.actions) && (l.reports ?? []).length <= l.states, 'a learner whose reports name its states and actions'),
);
const product = (sizes: number[]) => sizes.reduce((a, b) => a * b, 1);

const end = v.union([count, text], 'a loop’s id or name');
const edge = object({
  from: end,
  to: end,
  weight: real,
  confidence: num,
  declared: yes,
  kind: v.picklist(['synergy', 'conflict', 'neutral'], 'synergy, conflict or neutral'),
});

const node = object({
  id: count,
  name: text,
  cycles: count,
  health: num,
  p95_ms: num,
  vitality: num,
});

const block = object({
  /** Wall time, or the engine's clock where that is virtual. */
  at_ms: lasting('milliseconds since 1970', 8.64e15),
  count,
  raw_bytes: count,
  stored_bytes: count,
  ratio: num,
});

const totals = object({
  loops: count,
  active: count,
  ticks: count,
  errors: count,
  timeouts: count,
  cancelled: count,
  gated: count,
  missed: count,
  shed: v.exactOptional(count),
  lost_threads: v.exactOptional(count),
  gaps: v.exactOptional(count),
  error_rate: num,
  avg_ms: num,
  p50_ms: num,
  p95_ms: num,
  p99_ms: num,
  late_p50_ms: num,
  late_p99_ms: num,
  stuck: count,
});

const bus = object({
  published: count,
  unrouted: count,
  rejected: count,
  matched: count,
  delivered: count,
  dropped: count,
  dropped_by: object({ newest: count, oldest: count, replaced: count, rate: count, closed: count, blocked: count }),
  expired: count,
  dead_lettered: count,
  pending: count,
  p50_ms: num,
  p99_ms: num,
  health: num,
  subscriptions: count,
});

const memory = object({
  remembered: count,
  in_ring: count,
  in_blocks: count,
  archived: count,
  pruned: count,
  evicted: count,
  merged: count,
  hidden: count,
  consolidated: count,
  compressions: count,
  raw_bytes: count,
  stored_bytes: count,
  saved_percent: num,
  resident_bytes: count,
  budget_bytes: count,
  blocks: list(block, MOST.blocks),
  block_count: count,
});

const snapshot = object({
  gyre: text,
  format: v.literal(1, '1, the format that this page reads'),
  seq: count,
  now_ms: time,
  uptime_s: lasting('seconds', LONGEST_MS / 1000),
  running: yes,
  seed: text,
  driver: text,
  shards: count,
  totals,
  process: object({ cpu_percent: num, resident_bytes: num }),
  gates: object({ cpu_percent: num, memory_percent: num, mode: text }),
  loops: list(loop, MOST.loops),
  learners: list(learner, MOST.learners),
  bus,
  symbiosis: object({
    score: num,
    nodes: list(node, MOST.loops),
    edges: list(edge, MOST.edges),
    density: num,
    components: count,
    cycles: count,
    synergies: count,
    conflicts: count,
    recommendations: list(text, MOST.advice),
  }),
  memory,
  store: v.nullable(object({ committed: count, durable: count, file_bytes: count })),
  trace: text,
});

export type Num = number | null;
export type Snapshot = v.InferOutput<typeof snapshot>;
export type LoopRow = v.InferOutput<typeof loop>;
export type Latency = v.InferOutput<typeof latency>;
export type Gate = v.InferOutput<typeof gate>;
export type Learner = v.InferOutput<typeof learner>;
export type StateReport = v.InferOutput<typeof report>;
export type Edge = v.InferOutput<typeof edge>;
export type GraphNode = v.InferOutput<typeof node>;
export type Block = v.InferOutput<typeof block>;

/** A value in a few words. */
function said(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return `a list of ${value.length.toLocaleString('en-US')}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? `“${value.length > 40 ? `${value.slice(0, 40)}…` : value}”` : String(value);
}

/** The snapshot that `value` is, without what the page does not know. Throws Refused: the field, what it is, what is right. */
export function checked(value: unknown): Snapshot {
  const result = v.safeParse(snapshot, value, { abortEarly: true, abortPipeEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('').slice(1);
  throw new Refused(`${path || 'it'} is ${said(issue.input)}; it is to be ${issue.message}`);
}

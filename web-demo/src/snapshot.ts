// snapshot.ts - the types of the engine's snapshot JSON, and the check that a text really is one.
// Room: page. Threads: plain values, used by the page and by the worker.

export type Num = number | null;

export interface Latency {
  count: Num;
  min_ms: Num;
  avg_ms: Num;
  p50_ms: Num;
  p95_ms: Num;
  p99_ms: Num;
  p999_ms: Num;
  max_ms: Num;
}

/** A gate as of the last tick that asked it; recordings of earlier versions lack its figures. */
export interface Gate {
  name: string;
  open: boolean;
  value?: Num;
  closes_above?: Num;
  opens_under?: Num;
}

/** What is marked `?` here and in the totals is not in recordings of earlier versions. */
export interface LoopRow {
  id: number;
  name: string;
  group: string;
  state: string;
  cycles: number;
  errors: number;
  timeouts: number;
  cancelled: number;
  gated: number;
  missed: number;
  shed?: number;
  error_rate: Num;
  streak: number;
  interval_ms: Num;
  configured_ms: Num;
  throttle: Num;
  running: boolean;
  gate: string | null;
  breaker_open?: boolean;
  last_error: string | null;
  dropped: number;
  vitality: Num;
  health: Num;
  latency: Latency;
  window: Latency;
  late: Latency;
  learner: number;
  state_index: number;
  action_index: number;
  reward: Num;
  gates?: Gate[];
  knobs: { name: string; value: Num }[];
  features: { name: string; value: Num; bucket: number }[];
}

/** What a tuner knows of one state; earnings are in the unit of the reward. */
export interface StateReport {
  observations: number;
  best: number;
  estimate: Num;
  low: Num;
  high: Num;
  probability: Num;
  trying: Num;
  /** Null without one. */
  baseline: Num;
  noise: Num;
  /** The observation, counted from 1, or 0 for never. */
  last_change: number;
}

/** A tuner's figures beside those that every learner has. */
export interface Tuning {
  failures: number;
  changes: number;
  last_change: number;
  held_by_budget: number;
  held_by_steps: number;
  sharing: Num;
  lost: Num;
  may_lose: Num;
  bytes: number;
}

/** Recordings of earlier versions lack what is marked `?`: each of their learners is a Q-learner. */
export interface Learner {
  name: string;
  tunes?: boolean;
  /** Of the first 64 states; empty for a Q-learner. */
  reports?: StateReport[];
  tuning?: Tuning;
  states: number;
  actions: number;
  q_values: number;
  decisions: number;
  observations: number;
  updates: number;
  exploration: Num;
  discount: Num;
  learning_rate: Num;
  mean_reward: Num;
  replay: {
    size: number;
    capacity: number;
    utilization: Num;
    total_added: number;
    total_sampled: number;
  };
  features: { name: string; edges: number[] }[];
  knobs: { name: string; values: number[] }[];
  q: Num[];
  visits: number[];
}

export interface Edge {
  from: number | string;
  to: number | string;
  weight: number;
  confidence: Num;
  declared: boolean;
  kind: string;
}

export interface GraphNode {
  id: number | string;
  name: string;
  cycles: number;
  health: Num;
  p95_ms: Num;
  vitality: Num;
}

export interface Block {
  at_ms: number;
  count: number;
  raw_bytes: number;
  stored_bytes: number;
  ratio: Num;
}

export interface Snapshot {
  gyre: string;
  format: number;
  seq: number;
  now_ms: number;
  uptime_s: number;
  running: boolean;
  seed: string;
  driver: string;
  shards: number;
  totals: {
    loops: number;
    active: number;
    ticks: number;
    errors: number;
    timeouts: number;
    cancelled: number;
    gated: number;
    missed: number;
    shed?: number;
    lost_threads?: number;
    gaps?: number;
    error_rate: Num;
    avg_ms: Num;
    p50_ms: Num;
    p95_ms: Num;
    p99_ms: Num;
    late_p50_ms: Num;
    late_p99_ms: Num;
    stuck: number;
  };
  process: { cpu_percent: Num; resident_bytes: Num };
  gates: { cpu_percent: Num; memory_percent: Num; mode: string };
  loops: LoopRow[];
  learners: Learner[];
  bus: {
    published: number;
    unrouted: number;
    rejected: number;
    matched: number;
    delivered: number;
    dropped: number;
    dropped_by: {
      newest: number;
      oldest: number;
      replaced: number;
      rate: number;
      closed: number;
      blocked: number;
    };
    expired: number;
    dead_lettered: number;
    pending: number;
    p50_ms: Num;
    p99_ms: Num;
    health: Num;
    subscriptions: number;
  };
  symbiosis: {
    score: Num;
    nodes: GraphNode[];
    edges: Edge[];
    density: Num;
    components: number;
    cycles: number;
    synergies: number;
    conflicts: number;
    recommendations: string[];
  };
  memory: {
    remembered: number;
    in_ring: number;
    in_blocks: number;
    archived: number;
    pruned: number;
    evicted: number;
    merged: number;
    hidden: number;
    consolidated: number;
    compressions: number;
    raw_bytes: number;
    stored_bytes: number;
    saved_percent: Num;
    resident_bytes: number;
    budget_bytes: number;
    blocks: Block[];
    block_count: number;
  };
  store: { committed: number; durable: number; file_bytes: number } | null;
  trace: string;
}

/** Throws with words a visitor can act on when `value` is not a snapshot this page can draw. */
export function asSnapshot(value: unknown): Snapshot {
  const it = value as Partial<Snapshot> | null;
  if (typeof it !== 'object' || it === null) throw new Error('a snapshot must be a JSON object');
  for (const key of ['totals', 'loops', 'learners', 'bus', 'symbiosis', 'memory'] as const) {
    if (typeof it[key] !== 'object' || it[key] === null) {
      throw new Error(`the snapshot has no "${key}"`);
    }
  }
  return it as Snapshot;
}

// history.ts - the last two minutes of figures, one row for each snapshot, as columns for the charts.
// Room: page. Threads: the page's main thread.
import { stillTried } from './learned.ts';
import type { Job } from './protocol.ts';
import type { LoopRow, Snapshot } from './snapshot.ts';

export const COLUMNS = [
  't', 'ticks', 'link', 'reward', 'fixedReward', 'score', 'fixedScore', 'level', 'block', 'busy',
  'p50', 'p95', 'p99', 'errors', 'symbiosis', 'replay', 'raw', 'stored', 'exploration',
] as const;
export type Column = (typeof COLUMNS)[number];
export type Row = Record<Column, number | null>;

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  return values[values.length >> 1] ?? null;
}

function mean(values: number[]): number | null {
  return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;
}

/** The loops that share the first learner: those whose knobs and reward the charts show. */
export function tuned(snap: Snapshot): LoopRow[] {
  return snap.loops.filter((l) => l.learner === 0 && l.knobs.length > 0);
}

function numbers(values: (number | null | undefined)[]): number[] {
  return values.filter((v): v is number => typeof v === 'number' && Number.isFinite(v));
}

/** A recorded run has no job rows: the same figures are read from its loops. */
export function toRow(snap: Snapshot, job: Job | null): Row {
  const loops = tuned(snap);
  const knob = (name: string) =>
    median(numbers(loops.map((l) => l.knobs.find((k) => k.name === name)?.value)));
  const link = median(
    numbers(loops.map((l) => l.features.find((f) => f.name === 'mb_per_s')?.value)),
  );
  const learner = snap.learners[0];
  return {
    t: snap.now_ms / 1000,
    ticks: snap.totals.ticks,
    link: job ? job.link : link,
    reward: job ? job.reward : (learner?.mean_reward ?? mean(numbers(loops.map((l) => l.reward)))),
    fixedReward: job?.fixed?.reward ?? null,
    score: job ? job.score : null,
    fixedScore: job?.fixed?.score ?? null,
    level: job ? job.level : knob('level'),
    block: job ? job.blockKib : knob('block_kib'),
    busy: job ? job.busy : (snap.process.cpu_percent ?? 0) / 100,
    p50: snap.totals.p50_ms,
    p95: snap.totals.p95_ms,
    p99: snap.totals.p99_ms,
    errors: snap.totals.errors + snap.totals.timeouts,
    symbiosis: snap.symbiosis.score,
    replay: learner?.replay.size ?? null,
    raw: snap.memory.raw_bytes,
    stored: snap.memory.stored_bytes,
    exploration: learner ? stillTried(learner) : null,
  };
}

/** Keeps the newest `capacity` rows. */
export class History {
  constructor(
    private readonly capacity = 480,
    private rows: Row[] = [],
  ) {}

  push(row: Row): void {
    this.rows.push(row);
    if (this.rows.length > this.capacity) this.rows.splice(0, this.rows.length - this.capacity);
  }
  clear(): void {
    this.rows = [];
  }
  get last(): Row | undefined {
    return this.rows[this.rows.length - 1];
  }
  get length(): number {
    return this.rows.length;
  }
  /** Rows not older than `seconds` before the newest. */
  window(seconds: number): Row[] {
    const end = this.last?.t ?? 0;
    return this.rows.filter((r) => (r.t ?? 0) >= end - seconds);
  }
  /** Finished ticks a second over the last `seconds`; null before there are two rows. */
  rate(seconds: number): number | null {
    const rows = this.window(seconds);
    const first = rows[0];
    const end = rows[rows.length - 1];
    if (!first || !end || (end.t ?? 0) - (first.t ?? 0) < 0.5) return null;
    return ((end.ticks ?? 0) - (first.ticks ?? 0)) / ((end.t ?? 0) - (first.t ?? 0));
  }
}

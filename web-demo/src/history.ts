// history.ts - figures over time, one row for each snapshot: made in the workers, kept as columns for the charts.
// Room: page. Threads: plain values; a History belongs to one thread.
import { stillTried } from './learned.ts';
import type { Job } from './protocol.ts';
import type { LoopRow, Num, Snapshot } from './snapshot.ts';

/** A figure by its name: `t` (seconds), those of toRow, the `ticks/s` and `failed/s` that a History adds, and `reward/…`, `trying/…`, `replay/…` of a learner, `knob/…/…`, `feature/…/…`. */
export type Row = Record<string, number | null>;

const RATE_S = 2;
const LEARNERS = 8; // of which there are columns: more charts nobody reads

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  return values[values.length >> 1] ?? null;
}

const numbers = (values: (Num | undefined)[]): number[] => values.filter((v): v is number => typeof v === 'number' && Number.isFinite(v));
const mean = (values: number[]): number | null => (values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length);
const most = (values: number[]): number | null => (values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b)));

/** The loops that learn by the learner of this index. */
export const loopsOf = (snap: Snapshot, learner: number): LoopRow[] => snap.loops.filter((l) => l.learner === learner && l.knobs.length > 0);

/** What the learners choose, see and earn: medians and means over the loops of each. */
function learned(snap: Snapshot, row: Row): void {
  for (const [i, learner] of snap.learners.slice(0, LEARNERS).entries()) {
    const loops = loopsOf(snap, i);
    row[`reward/${learner.name}`] = mean(numbers(loops.map((l) => l.reward)));
    row[`trying/${learner.name}`] = stillTried(learner);
    row[`replay/${learner.name}`] = learner.replay.size;
    for (const { name } of learner.knobs) row[`knob/${learner.name}/${name}`] = median(numbers(loops.map((l) => l.knobs.find((k) => k.name === name)?.value)));
    for (const { name } of learner.features) row[`feature/${learner.name}/${name}`] = median(numbers(loops.map((l) => l.features.find((f) => f.name === name)?.value)));
  }
}

export function toRow(snap: Snapshot, job: Job | null): Row {
  const { totals, bus, memory } = snap;
  // Of the newest ticks of each loop: percentiles since the start hardly move any more.
  const recent = snap.loops.filter((l) => (l.window.count ?? 0) > 0).map((l) => l.window);
  const row: Row = {
    t: snap.now_ms / 1000,
    ticks: totals.ticks,
    errors: totals.errors,
    timeouts: totals.timeouts,
    cancelled: totals.cancelled,
    gated: totals.gated,
    missed: totals.missed,
    shed: totals.shed ?? 0,
    stuck: totals.stuck,
    delivered: bus.delivered,
    dropped: bus.dropped,
    p50: median(numbers(recent.map((w) => w.p50_ms))),
    p95: median(numbers(recent.map((w) => w.p95_ms))),
    worst: most(numbers(recent.map((w) => w.max_ms))),
    symbiosis: snap.symbiosis.score,
    resident: memory.resident_bytes,
    budget: memory.budget_bytes,
    'records/ring': memory.in_ring,
    'records/blocks': memory.in_blocks,
    'records/archive': memory.archived,
    cpu: snap.process.cpu_percent,
  };
  learned(snap, row);
  if (job) {
    Object.assign(row, {
      link: job.link, earned: job.reward, score: job.score, fixed: job.fixed?.reward ?? null, fixedShare: job.fixed?.share ?? null,
      random: job.random, randomShare: job.randomShare, busy: job.busy,
    });
  }
  return row;
}

/** Keeps rows as columns; above `capacity` the older half is thinned, so that the start is never lost. */
export class History {
  private columns = new Map<string, (number | null)[]>();
  /** Seconds, rising. */
  readonly times: number[] = [];

  constructor(private readonly capacity = 4096) {}

  get length(): number {
    return this.times.length;
  }

  push(row: Row): void {
    const { t, ...figures } = row;
    const failed = ['errors', 'timeouts', 'cancelled'].reduce((sum, name) => sum + (figures[name] ?? 0), 0);
    if (this.length > 0 && (t ?? 0) < (this.times[this.length - 1] as number)) this.clear(); // an engine that began again
    for (const name of Object.keys(figures)) if (!this.columns.has(name)) this.columns.set(name, new Array<null>(this.length).fill(null));
    this.times.push(t ?? 0);
    for (const [name, column] of this.columns) column.push(figures[name] ?? null);
    this.derive(failed);
    if (this.length > this.capacity) this.thin();
  }

  /** What grew since RATE_S ago, a second. */
  private derive(failed: number): void {
    this.set('failed', failed);
    for (const name of ['ticks', 'failed']) this.set(`${name}/s`, this.rate(name, RATE_S));
  }

  private set(name: string, value: number | null): void {
    let column = this.columns.get(name);
    if (!column) this.columns.set(name, (column = new Array<null>(this.length).fill(null)));
    column[this.length - 1] = value;
  }

  private clear(): void {
    this.times.length = 0;
    this.columns = new Map();
  }

  private thin(): void {
    const half = this.length >> 1;
    for (const column of [this.times, ...this.columns.values()]) {
      let to = 0;
      column.forEach((value, i) => {
        if (i >= half || i % 2 === 0) column[to++] = value as number;
      });
      column.length = to;
    }
  }

  /** The index of the first row not before `seconds`. */
  private from(seconds: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.times[middle] as number) < seconds) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  names(): string[] {
    return [...this.columns.keys()];
  }

  /** The rows from `from` to `to` seconds, and one more at either end so that lines reach the edge: times, then the columns named. */
  window(from: number, to: number, names: string[]): (number | null)[][] {
    const first = Math.max(0, this.from(from) - 1);
    const last = Math.min(this.length, this.from(to + 1e-9) + 1);
    return [this.times.slice(first, last), ...names.map((name) => this.columns.get(name)?.slice(first, last) ?? new Array<null>(last - first).fill(null))];
  }

  /** What `name` grew by a second over the last `seconds` until `at`, or since a row before where they are further apart; null before there is half a second to tell from. */
  rate(name: string, seconds: number, at = this.times[this.length - 1] ?? 0): number | null {
    const column = this.columns.get(name);
    const last = this.from(at + 1e-9) - 1;
    const first = Math.min(this.from(at - seconds), Math.max(0, this.from((this.times[last] ?? 0) - 0.5 + 1e-9) - 1));
    const [a, b] = [column?.[first], column?.[last]];
    const passed = (this.times[last] ?? 0) - (this.times[first] ?? 0);
    return passed < 0.5 || a === null || b === null || a === undefined || b === undefined ? null : (b - a) / passed;
  }
}

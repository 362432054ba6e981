// source.ts - where snapshots come from: what every source can be asked, and what it tells the page.
// Room: page. Threads: the page's main thread; what is behind a source (a worker, a file, a process) is its own business.
import type { Happening } from './events.ts';
import type { Row } from './history.ts';
import type { Fault, Job, LinkMode } from './protocol.ts';
import type { Found } from './records.ts';
import type { Snapshot } from './snapshot.ts';

/** The most records that are asked for at one time. */
export const MOST_FOUND = 50;

/** `module`: the engine in this page. `file`: a recorded run. `live`: a process that serves this page. */
export type Kind = 'module' | 'file' | 'live';

/**
 * `starting` until the first snapshot; `going`; `lost`: no longer heard of, and it will be tried again;
 * `failed`: over, `why` says the reason in a sentence and `restart` may help.
 */
export type Phase = 'starting' | 'going' | 'lost' | 'failed';

/** What a source tells. All snapshots have been checked (snapshot.ts), in a worker. */
export interface Listener {
  /** `row` is what the charts show of it, `events` what happened since the one before, `job` what the demo's job says beside it. */
  snapshot(snap: Snapshot, row: Row, events: Happening[], job: Job | null): void;
  phase(phase: Phase, why: string): void;
}

/** An order; a source does those that `can` names, and ignores the rest. */
export type Order =
  | { type: 'run'; on: boolean }
  | { type: 'link'; mode: LinkMode }
  | { type: 'fault'; loop: string; kind: Fault }
  /** The engine's clock: so many times as fast as the real one; held; while it is held, on by one tick. */
  | { type: 'speed'; factor: number }
  | { type: 'hold'; on: boolean }
  | { type: 'step' }
  /** To the loop of this name. */
  | { type: 'pause' | 'resume' | 'trigger'; loop: string }
  | { type: 'interval'; loop: string; ms: number };

/** How many ticks lie in a bucket, and its upper end: what is over that of the bucket before. */
export type Bucket = [upToMs: number, ticks: number];
/** The buckets of one loop in which a tick lies, from below, by the names that a snapshot has. */
export type LoopTimes = Record<'latency' | 'window' | 'late', Bucket[]>;

export interface Source {
  readonly kind: Kind;
  /** What it is, in a line: the file's name, the process and its host. */
  readonly about: string;
  readonly can: ReadonlySet<Order['type']>;
  order(order: Order): void;
  /** The newest records whose text has `text` in it, at most MOST_FOUND. Rejects with Refused. */
  recall(text: string): Promise<Found[]>;
  /** The buckets of the loop of this name now; null where there is no such loop, or nobody answers. */
  buckets(loop: string): Promise<LoopTimes | null>;
  /** Begins again after `failed`; what was recorded stays. */
  restart(): void;
  close(): void;
}

/** Makes a source, which tells `listener` from then on. */
export type Opens = (listener: Listener) => Source;

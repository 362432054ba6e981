// options.ts - what callers say of engines, loops, subscriptions and records, and what they get.
// Room: wasm. Threads: plain values.

export interface EngineOptions {
  /** `host`: you call poll(now). `virtual`: you call advanceTo(t), and everything repeats. */
  driver: 'host' | 'virtual';
  seed?: bigint;
  windowMs?: number;
  memoryBytes?: number;
  memoryRing?: number;
}

export type Gate =
  | { kind: 'cpu' | 'memory'; closeAt?: number; openAt?: number }
  | { kind: 'latency'; closeAt: number }
  | { kind: 'mode'; mode?: string };

export interface LoopOptions {
  name: string;
  intervalMs: number;
  timeoutMs?: number;
  /** ± fraction of the interval, at most 0.5; null: none. */
  jitter?: number | null;
  backoffMs?: number;
  backoffCapMs?: number;
  /** Loops of a group share one learner. */
  group?: string;
  /** Name to values: what the loop may set on itself. */
  knobs?: Record<string, readonly number[]>;
  /** Name to ascending bucket edges: what it sees. */
  features?: Record<string, readonly number[]>;
  gates?: Gate[];
  discount?: number;
  learningRate?: number;
  sampleAverage?: boolean;
  explore?: { from: number; to?: number; over?: number };
  replayCapacity?: number;
  priority?: number;
  paused?: boolean;
  deferrable?: boolean;
  stateless?: boolean;
}

export interface SubscriptionOptions {
  capacity?: number;
  overflow?: 'drop_newest' | 'drop_oldest' | 'keep_latest' | 'block';
  priority?: number;
  ratePerS?: number;
}

export interface Message {
  topic: string;
  payload: Uint8Array;
  atMs: number;
  sequence: bigint;
}

export interface Recollection {
  text: string;
  wallMs?: number;
  user?: string;
  role?: string;
  source?: string;
  tags?: readonly string[];
  importance?: number;
}

export interface Query {
  text?: string;
  tag?: string;
  user?: string;
  source?: string;
  fromWallMs?: number;
  toWallMs?: number;
  limit?: number;
}

// protocol.ts - the messages between the page and the worker that holds the engine.
// Room: page. Threads: types only; both sides import them.

/** What one loop was told to do badly. */
export type Fault = 'none' | 'slow' | 'throw';
/** `auto` changes between the two speeds every 2.5 s. */
export type LinkMode = 'fast' | 'slow' | 'auto';

export const LINK_FAST = 400;
export const LINK_SLOW = 3;

/** What the job knows beside the engine's snapshot: one row for each snapshot. */
export interface Job {
  linkMode: LinkMode;
  /** MB/s of the modelled link now. */
  link: number;
  /** Mean reward of the last second's ticks at this link speed, MB/s; null when none finished. */
  reward: number | null;
  /** Reward as a share of what the best setting at that link speed earns; 1 is the best. */
  score: number | null;
  /** The one setting that is best over both speeds, and what it earns; null until measured. */
  fixed: { level: number; blockKib: number; score: number; reward: number } | null;
  /** The best setting at the link speed of now. */
  best: { level: number; blockKib: number; reward: number } | null;
  /** What the settings taken are worth over settings taken at random, by what was measured of each beside the ticks. */
  gain: number | null;
  /** Median knob values of the same ticks. */
  level: number | null;
  blockKib: number | null;
  /** Share of one core that the worker used since the last snapshot, 0..1. */
  busy: number;
  /** Bytes that the module's memory takes. */
  memoryBytes: number;
  /** The loop that is broken now. */
  fault: { loop: string; kind: Fault };
  /** Calibration: measured pieces, and how many make the first round. */
  calibrated: number;
  calibrateFirst: number;
}

export type ToWorker =
  | { type: 'init'; wasm: ArrayBuffer; text: string; seed: number }
  | { type: 'run'; on: boolean }
  | { type: 'link'; mode: LinkMode }
  | { type: 'fault'; loop: string; kind: Fault };

export type FromWorker =
  | { type: 'ready'; societyFactor: number }
  | { type: 'snapshot'; json: string; job: Job }
  | { type: 'error'; text: string };

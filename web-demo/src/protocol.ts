// protocol.ts - the messages between the page and its workers: the one that holds the engine, and the one that reads a file.
// Room: page. Threads: types only; both sides import them.
import type { Carried } from './columns.ts';
import type { Happening } from './events.ts';
import type { Row } from './history.ts';
import type { Found } from './records.ts';
import type { LoopTimes, Order } from './source.ts';
import type { GridName } from './worlds.ts';

/** What one loop was told to do badly. */
export type Fault = 'none' | 'slow' | 'throw';
/** `auto` changes between the two speeds every 5 s. */
export type LinkMode = 'fast' | 'slow' | 'auto';

export const LINK_FAST = 400;
export const LINK_SLOW = 3;

/** One setting, and what it earns at the link speed of now, MB/s: measured beside the ticks on the same pieces. */
export interface Setting {
  level: number;
  blockKib: number;
  reward: number;
  /** Of what the best setting at this link speed earns. */
  share: number;
}

/** What the job knows beside the engine's snapshot: one row for each snapshot. */
export interface Job {
  linkMode: LinkMode;
  /** MB/s of the modelled link now. */
  link: number;
  /** Mean reward of the last second's ticks at this link speed, MB/s; null when none finished. */
  reward: number | null;
  /** Reward as a share of what the best setting at that link speed earns; 1 is the best. */
  score: number | null;
  /** The one setting that is best over both speeds; null until measured. */
  fixed: Setting | null;
  /** The best setting at the link speed of now. */
  best: Setting | null;
  /** What settings taken at random earn at this link speed, MB/s, and as a share of the best. */
  random: number | null;
  randomShare: number | null;
  /** What the settings taken are worth over settings taken at random, by what was measured of each beside the ticks. */
  gain: number | null;
  /** Median knob values of the same ticks. */
  level: number | null;
  blockKib: number | null;
  /** Share of the time since the last snapshot that the worker spent in its turns, 0..1: by the clock, since a page cannot ask for CPU time. */
  busy: number;
  /** How fast the engine's clock was told to go, how fast it goes, and whether it is held. */
  speed: number;
  pace: number;
  held: boolean;
  /** Bytes that the module's memory takes. */
  memoryBytes: number;
  /** The loop that is broken now. */
  fault: { loop: string; kind: Fault };
  /** Calibration: measured pieces, and how many make the first round. */
  calibrated: number;
  calibrateFirst: number;
}

export type ToWorker =
  | { type: 'init'; packed: Uint8Array; text: string; seed: number }
  | { type: 'recall'; id: number; text: string }
  | { type: 'buckets'; id: number; loop: string }
  /** Asks for the engine's state, or begins anew from one. */
  | { type: 'save' }
  | { type: 'restore'; json: string }
  | Order;

export type FromWorker =
  | { type: 'ready'; societyFactor: number }
  /** `events`: since the one before. `kept` is the snapshot as it was written: a line of a recording. */
  | { type: 'snapshot'; snap: Carried; row: Row; events: Happening[]; job: Job; kept: Blob }
  | { type: 'answer'; id: number; answer: Found[] | LoopTimes | null }
  | { type: 'saved'; state: Blob }
  /** `wrong`: why not; empty: it has begun anew. */
  | { type: 'restored'; wrong: string; link: LinkMode; records: number }
  | { type: 'error'; text: string };

/** Where a learner is watched: worlds.ts. */
export type WorldName = GridName | 'cartpole';

/** What a learner does and knows in its world. */
export interface LabView {
  world: WorldName;
  seed: number;
  steps: number;
  episodes: number;
  /** Steps a second that it goes. */
  rate: number;
  exploration: number;
  /** Sums of rewards of the newest episodes. */
  returns: number[];
  /** Steps of this episode. */
  lasted: number;
  /** Of each state the best action of those tried, -1 for none, its worth, and how often the state was seen. */
  best: number[];
  values: (number | null)[];
  visits: number[];
  grid?: { cells: string; width: number; at: number; path: number[] };
  pole?: { x: number; angle: number };
}

export type ToLab = { type: 'lab' } & (
  /** Begins anew. */
  | { do: 'open'; packed: Uint8Array; world: WorldName; seed: number; rate: number }
  /** Steps a second; 0: it stands. */
  | { do: 'rate'; rate: number }
  | { do: 'steps'; count: number }
  /** Floor, wall, pit by turns. */
  | { do: 'change'; cell: number }
);
export type FromLab = { type: 'lab'; view: LabView } | { type: 'lab-error' };

/** The first line of a recorded run. */
export interface Head {
  gyre: string;
  seed: string;
  /** It is the society alone at one so-many-th of its intervals, on the virtual clock from 0: it can be run again. Else null. */
  society: number | null;
}

/** How far a recording has been run again, and what came of it. */
export interface Replay {
  /** Snapshots that had the same trace hash, of so many. */
  same: number;
  of: number;
  /** The hashes at the last that was compared. */
  here: string;
  there: string;
  /** Of the module that ran it. */
  version: string;
  over?: boolean;
}

export type ToReader =
  | { type: 'read'; file: Blob }
  /** A snapshot: of the file, or that of `line`. */
  | { type: 'at'; index: number; line?: Blob }
  /** Runs it again by this module. */
  | { type: 'replay'; packed: Uint8Array }
  /** Checks a snapshot, what changed in it, or records that were found, of a process. */
  | { type: 'check'; json: string; change: boolean }
  | { type: 'records'; json: string };

export type FromReader =
  /** More rows, what happened in them, and how much of the file has been read, 0..1. */
  | { type: 'rows'; rows: Row[]; events: Happening[]; done: number }
  | { type: 'read'; head: Head; torn: boolean }
  | { type: 'at'; index: number; snap: Carried }
  | { type: 'replayed'; state: Replay }
  /** `events`: since the one before. `kept`: a line of a recording. */
  | { type: 'checked'; snap: Carried; row: Row; events: Happening[]; kept: Blob | null }
  /** Null: they are none. */
  | { type: 'records'; found: Found[] | null }
  | { type: 'refused'; text: string };

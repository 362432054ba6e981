// options.ts - what callers say of engines, loops, subscriptions and records, and what they get.
// Room: wasm. Threads: plain values.
import type { Schema } from './replay.ts';

export interface EngineOptions {
  /** `host`: you call poll(now). `virtual`: you call stepTo(t), and everything repeats. */
  driver: 'host' | 'virtual';
  /** Of all randomness; 0: 1 where it is `virtual`, else drawn anew, and the snapshot has it. */
  seed?: bigint;
  windowMs?: number;
  memoryBytes?: number;
  memoryRing?: number;
}

export type Gate =
  | { kind: 'cpu' | 'memory'; closeAt?: number; openAt?: number }
  | { kind: 'latency'; closeAt: number }
  | { kind: 'mode'; mode?: string };

/**
 * What may be set: numbers, which have an order, or names, which have none and whose values are 0, 1, 2 ...; with
 * `ordered` where it is otherwise. A wrong order costs tries, not the result.
 */
export type Knob =
  | readonly number[]
  | readonly string[]
  | { values?: readonly number[]; names?: readonly string[]; ordered?: boolean };

/** What is seen: ascending edges of buckets, or names, each a bucket, of which the index is seen. */
export type Feature =
  | readonly number[]
  | readonly string[]
  | { edges?: readonly number[]; names?: readonly string[]; ordered?: boolean };

/** A value for some knobs, by name; of a knob of names the name will do. */
export type Setting = Record<string, number | string>;

export type TuningMode = 'tune' | 'observe' | 'frozen';

/** Guard rails of tuning. There is nothing to set for it to work. */
export interface Tuning {
  /** What runs today, a value for each knob. */
  baseline?: Setting;
  /** 0..1: the part of what the baseline would have earned that trying others may cost; default 0.05. */
  budget?: number;
  /** What is never tried, each of whatever the knobs are that it does not name. */
  forbidden?: readonly Setting[];
  /** A knob with order moves at most to the next value from tick to tick. */
  oneStep?: boolean;
  /** 0..1: the part of choices that take any action, so that whatIf() can tell of each. */
  atRandom?: number;
  /** `observe`: the baseline acts, and it learns. `frozen`: the best that is known acts. Default: `tune`. */
  mode?: TuningMode;
}

/** What a tuner chooses among and for. */
export interface TunerOptions {
  knobs: Record<string, Knob>;
  features?: Record<string, Feature>;
  tuning?: Tuning;
  seed?: bigint;
}

/** A tuner in numbers. */
export interface Learned {
  states: number;
  actions: number;
  /** Of states x actions, observed at least once. */
  cellsTried: number;
  decisions: number;
  observations: number;
  failures: number;
  refused: number;
  /** Times that what was known of a state was found out of date; the observation of the last, from 1. */
  changes: number;
  lastChange: number;
  /** Choices that became the baseline, a value between, another that is not ruled out, another within the limits. */
  heldBudget: number;
  heldStep: number;
  heldForbidden: number;
  heldLimits: number;
  meanReward: number;
  /** 0..1: how likely it is that states are alike. */
  sharing: number;
  /** What the baseline would have earned more, and what that may be at most now. */
  lost: number;
  mayLose: number;
  bytes: number;
  /** Of a loop: tickets whose reward may still come, rewards after that, a second time, tickets without one. */
  lateOpen: number;
  lateAfter: number;
  lateTwice: number;
  lateNever: number;
}

/** What a tuner knows of one state. */
export interface Report {
  observations: number;
  /** The action of most worth, what a tick of it earns on average, and the 95 % interval of that. */
  best: number;
  estimate: number;
  low: number;
  high: number;
  /** That `best` is the best. */
  probability: number;
  /** 0..1: how many of the next ticks try something else. */
  trying: number;
  /** What the baseline earns; NaN without one, before the first reward. */
  baseline: number;
  /** Standard deviation of one tick's reward around its mean. */
  noise: number;
  lastChange: number;
  /** Settings that break a limit. */
  avoided: number;
}

export type Method = 'q' | 'double_q' | 'sarsa' | 'expected_sarsa' | 'q_lambda' | 'dyna_q' | 'sweeping' |
  'differential_q';
/** How it tries what it does not hold to be best; of the last two the numbers are parts of the worths' spread. */
export interface Exploration {
  from: number;
  to?: number;
  over?: number;
  how?: 'linear' | 'exponential' | 'by_visits' | 'boltzmann' | 'bonus';
}

/** How a loop or a learner over states learns. What is left out has its default, as gyre_learner_options says. */
export interface Learning {
  discount?: number;
  learningRate?: number;
  /** A step is max(learningRate, 1/n). */
  sampleAverage?: boolean;
  /** ... or max(learningRate, n^-stepPower). */
  stepPower?: number;
  explore?: Exploration;
  /** How it learns; default `sweeping` where it is sequential; else a learner by itself `q`. */
  method?: Method;
  /** Of `q_lambda`. */
  lambda?: number;
  /** Of `dyna_q` and `sweeping`: cells updated a tick. */
  planning?: number;
  /** What was never tried is worth the most that can be. */
  optimistic?: boolean;
  /** An action changes what is found next: of a loop Q-learning, with a discount of 0.95. */
  sequential?: boolean;
}

/** A Q-learner by itself. */
export interface LearnerOptions extends Learning {
  states: number;
  actions: number;
  replayCapacity?: number;
  /** Rows a training, observations between two and before the first. */
  batch?: number;
  every?: number;
  warmup?: number;
  seed?: bigint;
}

/** What happened. */
export interface Transition {
  state: number;
  action: number;
  reward: number;
  next: number;
  /** Nothing follows. */
  terminated?: boolean;
  /** It was cut off here, and would have gone on. */
  truncated?: boolean;
}

/** What a learner learned from. */
export interface LearnerMetrics {
  states: number;
  actions: number;
  qValues: number;
  decisions: number;
  observations: number;
  updates: number;
  replaySize: number;
  replayCapacity: number;
  replayAdded: number;
  replaySampled: number;
  exploration: number;
  discount: number;
  learningRate: number;
  meanReward: number;
}

/** A learner by a network. What is left out has its default, as gyre_dqn_options says. */
export interface DqnOptions {
  /** Numbers of an observation. */
  inputs: number;
  actions: number;
  /** Units of each hidden layer, at most four. */
  hidden?: readonly number[];
  discount?: number;
  learningRate?: number;
  /** Of the way from the target to the network, a batch. */
  targetRate?: number;
  /** Of its priorities: rows are drawn with this power of their error; what weights take back, and over how many batches. */
  alpha?: number;
  beta?: number;
  betaOver?: number;
  /** Errors beyond it, in rewards, pull no harder. */
  corner?: number;
  /** Part of actions at random: from, to, over how many decisions. */
  explore?: { from?: number; to?: number; over?: number };
  /** Rows a training, observations between two, rows before the first and at most. */
  batch?: number;
  every?: number;
  warmup?: number;
  capacity?: number;
  /** Rewards added up before the network is asked. */
  steps?: number;
  /** No double Q-learning; not dueling. */
  single?: boolean;
  plain?: boolean;
  seed?: bigint;
}

/** What a dqn learned from. */
export interface DqnMetrics {
  inputs: number;
  actions: number;
  parameters: number;
  decisions: number;
  observations: number;
  episodes: number;
  /** Batches. */
  updates: number;
  replaySize: number;
  replayCapacity: number;
  replayAdded: number;
  replaySampled: number;
  bytes: number;
  exploration: number;
  beta: number;
  meanReward: number;
  /** Size of a row's, in rewards, over recent batches. */
  meanError: number;
  meanWorth: number;
}

/** A learner over tiles. What is left out has its default, as gyre_tiles_options says. */
export interface TilesOptions {
  /** What is seen, 1 to 32 numbers: where each begins and ends, and into how many tiles it is cut. */
  axes: readonly { low: number; high: number; cuts: number }[];
  actions: number;
  /** Grids, 1 to 64. */
  tilings?: number;
  /** Numbers that are learned; more tiles share them. */
  weights?: number;
  discount?: number;
  learningRate?: number;
  lambda?: number;
  method?: 'sarsa' | 'q';
  /** Not `by_visits`, not `bonus`. */
  explore?: Exploration;
  seed?: bigint;
}

/** A replay buffer. What is left out has its default, as gyre_replay_options says. */
export interface ReplayOptions<S extends Schema> {
  /** The fields of a row. */
  columns: S;
  /** Rows ... */
  capacity?: number;
  /** ... or as many as fit, bookkeeping included. */
  budgetBytes?: number;
  /** Draw by priority, (|error| + epsilon)^alpha. */
  prioritized?: boolean;
  /** Count for each row how often it was drawn. */
  countSamples?: boolean;
  /** Divide weights by the greatest that any row could have, not by the greatest of the batch. */
  weightsByAll?: boolean;
  /** Nothing is drawn before so many rows are there. */
  minSize?: number;
  alpha?: number;
  /** Weights are (rows x probability)^-beta; what that has become after so many batches. */
  beta?: number;
  betaEnd?: number;
  betaSteps?: number;
  epsilon?: number;
  seed?: bigint;
}

/** What a replay buffer holds and did. */
export interface ReplayMetrics {
  rowSize: number;
  rows: number;
  capacity: number;
  totalAdded: number;
  totalSampled: number;
  utilization: number;
  /** Refused since the row was replaced meanwhile. */
  staleUpdates: number;
  /** Held whole. */
  episodes: number;
  /** Of rows as they were drawn, in newer rows. */
  meanAge: number;
  beta: number;
  totalPriority: number;
  greatestPriority: number;
}

export interface LoopOptions extends Learning {
  name: string;
  intervalMs: number;
  timeoutMs?: number;
  /** ± fraction of the interval, at most 0.5; null: none. */
  jitter?: number | null;
  backoffMs?: number;
  backoffCapMs?: number;
  /** Loops of a group share one learner. */
  group?: string;
  /** What the loop may set on itself. */
  knobs?: Record<string, Knob>;
  /** What it sees. */
  features?: Record<string, Feature>;
  /** Guard rails of its tuner. */
  tuning?: Tuning;
  gates?: Gate[];
  replayCapacity?: number;
  priority?: number;
  paused?: boolean;
  deferrable?: boolean;
  stateless?: boolean;
  /** Instead of features: the error streak, the last duration by the median, the CPU load. */
  engineFeatures?: boolean;
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

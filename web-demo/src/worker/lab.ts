// lab.ts - a learner of the module in a small world: as many steps a second as asked for, and what it knows, ten times a second.
// Room: page. Threads: a worker of its own; the page hears of it through messages only.
import { Gyre, type Learner } from '../../../wasm/index.ts';
import type { FromLab, LabView, ToLab, WorldName } from '../protocol.ts';
import { CartPole, Grid, type World } from '../worlds.ts';
import { unpack } from '../lzma.ts';
import { random } from './texts.ts';

const TURN_MS = 16;
const WORK_MS = 12; // of a turn, at most
const REPORT_MS = 100;
const KEPT = 200; // returns of the newest episodes

/** What is learned with; how much is tried at random falls from the first number to the second over so many steps. */
const HOW = {
  grid: { discount: 0.98, learningRate: 0.5, explore: { from: 0.4, to: 0.05, over: 10_000 }, batch: 16, every: 4, warmup: 64 },
  pole: { discount: 0.99, learningRate: 0.1, explore: { from: 0.5, to: 0.01, over: 20_000 }, batch: 16, every: 2, warmup: 64 },
} as const;

/** A learner in a world. The same seed makes the same steps. */
export class Lab {
  readonly world: World;
  private readonly learner: Learner;
  private readonly next: () => number;
  private readonly visits: Uint32Array;
  private lasted = 0;
  private sum = 0;
  steps = 0;
  episodes = 0;
  readonly returns: number[] = [];

  constructor(gyre: Gyre, readonly name: WorldName, readonly seed: number) {
    this.world = name === 'cartpole' ? new CartPole() : new Grid(name);
    const { states, actions } = this.world;
    this.learner = gyre.learner({ states, actions, seed: BigInt(seed), ...(name === 'cartpole' ? HOW.pole : HOW.grid) });
    this.next = random(seed);
    this.visits = new Uint32Array(states * actions);
    this.world.reset(this.next);
  }

  step(): void {
    const { world } = this;
    const state = world.state;
    const action = this.learner.choose(state);
    const { next, reward, terminated } = world.step(action);
    this.lasted += 1;
    const truncated = !terminated && this.lasted >= world.longest;
    this.learner.observe({ state, action, reward, next, terminated, truncated });
    (this.visits[state * world.actions + action] as number) += 1;
    this.steps += 1;
    this.sum += reward;
    if (!terminated && !truncated) return;
    this.returns.push(this.sum);
    if (this.returns.length > KEPT) this.returns.shift();
    this.episodes += 1;
    [this.lasted, this.sum] = [0, 0];
    world.reset(this.next);
  }

  view(rate: number): LabView {
    const q = this.learner.q();
    const { actions, states } = this.world;
    const best = Array.from({ length: states }, (_, s) => {
      let top = -1;
      for (let a = 0; a < actions; a += 1) {
        const i = s * actions + a;
        if (this.visits[i] && (top < 0 || (q[i] as number) > (q[s * actions + top] as number))) top = a;
      }
      return top;
    });
    const view: LabView = {
      world: this.name, seed: this.seed, steps: this.steps, episodes: this.episodes, rate, exploration: this.learner.metrics().exploration, returns: [...this.returns], lasted: this.lasted,
      best, values: best.map((a, s) => (a < 0 ? null : (q[s * actions + a] as number))),
      visits: best.map((_, s) => this.visits.subarray(s * actions, (s + 1) * actions).reduce((a, b) => a + b, 0)),
    };
    if (this.world instanceof Grid) view.grid = { cells: this.world.cells.join(''), width: this.world.width, at: this.world.state, path: this.path(this.world, best) };
    else if (this.world instanceof CartPole) view.pole = { x: this.world.at[0], angle: this.world.at[2] };
    return view;
  }

  /** The cells that the best actions lead through from the start, until the goal, a pit, or where they turn round. */
  private path(grid: Grid, best: number[]): number[] {
    const out = [grid.start];
    while (out.length <= grid.states) {
      const at = out[out.length - 1] as number;
      const action = best[at] as number;
      const to = action < 0 ? at : grid.to(at, action);
      if (out.includes(to)) break;
      out.push(to);
      if (grid.cells[to] !== '.') break;
    }
    return out;
  }
  destroy(): void {
    this.learner.destroy();
  }
}

const send = (message: FromLab) => postMessage(message);
let gyre: Gyre | null = null;
let lab: Lab | null = null;
let rate = 0; // steps a second that are asked for
let owed = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let looked = 0;
let told = { at: 0, steps: 0 };

function tell(): void {
  if (!lab) return;
  const now = performance.now();
  const went = rate > 0 && now > told.at ? ((lab.steps - told.steps) * 1000) / (now - told.at) : 0;
  send({ type: 'lab', view: lab.view(went) });
  told = { at: now, steps: lab.steps };
}

function turn(): void {
  const start = performance.now();
  owed += ((start - looked) * rate) / 1000;
  looked = start;
  while (lab && owed >= 1 && performance.now() - start < WORK_MS) {
    const some = Math.min(owed, 50); // of which each takes a few microseconds
    for (let i = 1; i <= some; i += 1) lab.step();
    owed -= Math.floor(some);
  }
  owed = Math.min(owed, rate * (TURN_MS / 1000)); // what could not be done in time is not caught up with
  if (start - told.at >= REPORT_MS) tell();
  timer = setTimeout(turn, TURN_MS);
}

function go(to: number): void {
  clearTimeout(timer);
  [rate, owed, looked] = [to, 0, performance.now()];
  tell();
  if (rate > 0) turn();
}

async function open(message: Extract<ToLab, { do: 'open' }>): Promise<void> {
  gyre ??= await Gyre.load(unpack(message.packed).buffer);
  lab?.destroy();
  lab = new Lab(gyre, message.world, message.seed);
  told = { at: performance.now(), steps: 0 };
  go(message.rate);
}

async function obey(message: ToLab): Promise<void> {
  if (message.do === 'open') await open(message);
  else if (message.do === 'rate') go(message.rate);
  else if (message.do === 'steps') {
    for (let i = 0; i < message.count; i += 1) lab?.step();
    tell();
  } else if (lab?.world instanceof Grid) {
    lab.world.change(message.cell);
    tell();
  }
}

let last = Promise.resolve();

/** In the order in which they came: what is told while a world is being opened is for that one. */
export function onLab(message: ToLab): void {
  last = last.then(() => obey(message)).catch(() => send({ type: 'lab-error' }));
}

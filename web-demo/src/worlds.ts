// worlds.ts - the worlds in which a learner is watched: grids, and a pole on a cart; what a step does in them.
// Room: page. Threads: plain values; a world belongs to one thread.

/** What an action led to. */
export interface Outcome {
  next: number;
  reward: number;
  terminated: boolean;
}

export interface World {
  readonly states: number;
  readonly actions: number;
  /** An episode ends after so many steps, if not before. */
  readonly longest: number;
  /** Where the agent is. */
  readonly state: number;
  /** Back to the start; `random` gives numbers from 0 to 1. */
  reset(random: () => number): void;
  step(action: number): Outcome;
}

export const MOVES = [[0, -1], [1, 0], [0, 1], [-1, 0]] as const; // up, right, down, left
export type Cell = '.' | '#' | 'X' | 'S' | 'G';

/** `.` floor, `#` wall, `X` a pit, `S` start, `G` goal. */
export const MAPS = {
  rooms: ['S..#......', '...#..X...', '......#...', '##.####.##', '...#..#...', '.X....#.X.', '...#.....G'],
  cliff: ['............', '............', '............', 'SXXXXXXXXXXG'],
} as const;
export type GridName = keyof typeof MAPS;

const STEP = -1;
const PIT = -100;

/** Each step costs 1; a wall keeps the agent where it is; a pit costs 100 and leads back to the start; the goal ends it. */
export class Grid implements World {
  readonly cells: Cell[];
  readonly width: number;
  readonly actions = 4;
  readonly longest = 500;
  state: number;

  constructor(name: GridName) {
    this.cells = [...MAPS[name].join('')] as Cell[];
    this.width = MAPS[name][0].length;
    this.state = this.start;
  }

  get states(): number {
    return this.cells.length;
  }
  get start(): number {
    return this.cells.indexOf('S');
  }
  reset(): void {
    this.state = this.start;
  }
  /** Where an action leads to from a cell, pits apart. */
  to(cell: number, action: number): number {
    const [dx, dy] = MOVES[action] as readonly [number, number];
    const [x, y] = [(cell % this.width) + dx, Math.floor(cell / this.width) + dy];
    const next = y * this.width + x;
    return x < 0 || x >= this.width || y < 0 || next >= this.cells.length || this.cells[next] === '#' ? cell : next;
  }
  step(action: number): Outcome {
    const next = this.to(this.state, action);
    const pit = this.cells[next] === 'X';
    this.state = pit ? this.start : next;
    return { next: this.state, reward: pit ? PIT : STEP, terminated: this.cells[next] === 'G' };
  }
  /** Floor becomes wall, wall a pit, a pit floor; start and goal stay. */
  change(cell: number): void {
    const now = this.cells[cell];
    if (now === undefined || now === 'S' || now === 'G') return;
    this.cells[cell] = now === '.' ? '#' : now === '#' ? 'X' : '.';
    if (cell === this.state) this.reset();
  }
}

/** How many ranges each of place, speed, angle and its speed has. */
const RANGES = [3, 3, 8, 6] as const;
const MOST = [2.4, 1.5, 0.2095, 1.8] as const;

/** Barto, Sutton and Anderson's pole on a cart, with the figures of 1983: 1 for each step that it stands, at most 500. */
export class CartPole implements World {
  readonly states = RANGES.reduce((a, b) => a * b, 1);
  readonly actions = 2;
  readonly longest = 500;
  /** Metres, metres a second, radians, radians a second. */
  at: [number, number, number, number] = [0, 0, 0, 0];

  get state(): number {
    return this.at.reduce((state, v, i) => {
      const [n, most] = [RANGES[i] as number, MOST[i] as number];
      return state * n + Math.min(n - 1, Math.max(0, Math.floor(((v + most) / (2 * most)) * n)));
    }, 0);
  }
  reset(random: () => number): void {
    this.at = [0, 0, 0, 0].map(() => 0.1 * random() - 0.05) as CartPole['at'];
  }
  step(action: number): Outcome {
    const [x, v, angle, w] = this.at;
    const [cart, pole, half, push, seconds] = [1, 0.1, 0.5, action === 1 ? 10 : -10, 0.02];
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const pushed = (push + pole * half * w * w * sin) / (cart + pole);
    const turn = (9.8 * sin - cos * pushed) / (half * (4 / 3 - (pole * cos * cos) / (cart + pole)));
    const speedUp = pushed - (pole * half * turn * cos) / (cart + pole);
    this.at = [x + seconds * v, v + seconds * speedUp, angle + seconds * w, w + seconds * turn];
    const fell = Math.abs(this.at[0]) > MOST[0] || Math.abs(this.at[2]) > MOST[2];
    return { next: this.state, reward: 1, terminated: fell };
  }
}

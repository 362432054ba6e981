// replay.ts - a replay buffer by itself: rows of columns, drawn uniformly, by priority, as runs and episodes.
// Room: wasm. Threads: those of the module: one.
import {
  columns, fits, loaded, orNone, refuse, roomy, rowsOf, same, saved, widthOf, zeros, type ArrayOf, type Columns,
  type Numbers, type NumberType,
} from './columns.ts';
import { REPLAY_COLUMN, REPLAY_METRICS, REPLAY_OPTIONS } from './layouts.ts';
import { pick, whole, word, type Memory, type Pointer } from './memory.ts';
import type { ReplayMetrics, ReplayOptions } from './options.ts';

const ROLES = { plain: 0, reward: 1, terminated: 2, truncated: 3 };

/** A field of a row: its type; with how many of it, and what it is, where its name does not say that. */
export type Column = NumberType | { type: NumberType; count?: number; role?: keyof typeof ROLES };
/** The fields of a row. Those named reward, terminated and truncated make n-step returns and episodes. */
export type Schema = Record<string, Column>;
type TypeOf<C extends Column> = C extends NumberType ? C : C extends { type: infer T extends NumberType } ? T : never;
/** Columns as they come out: rows one after the other. */
export type Drawn<S extends Schema> = { [Name in keyof S]: ArrayOf<TypeOf<S[Name]>> };
/** Columns as they go in; of one row a number will do. */
export type Rows<S extends Schema> = { [Name in keyof S]: Numbers | number };

/** Places of rows: a slot and a generation name a row while it is held. */
export interface Places {
  slots: Uint32Array;
  generations: Uint32Array;
}
/** ... as they were drawn; weights are 0..1. */
export interface DrawnPlaces extends Places {
  weights: Float32Array;
  probabilities: Float32Array;
}

interface Field {
  name: string;
  type: NumberType;
  count: number;
  offset: number;
  role: number;
}

/** The fields as C lays them out: each at a multiple of its number's size. */
function laidOut(schema: Schema): { fields: Field[]; size: number } {
  let [end, widest] = [0, 1];
  const fields = Object.entries(schema).map(([name, given]) => {
    const { type, count = 1, role }: Exclude<Column, string> = typeof given === 'string' ? { type: given } : given;
    const width = widthOf(type);
    widest = Math.max(widest, width);
    const offset = Math.ceil(end / width) * width;
    end = offset + width * Number(whole(`count of ${name}`, count, 1, 65_537));
    const kind = role ?? (Object.hasOwn(ROLES, name) ? (name as keyof typeof ROLES) : 'plain');
    if (kind === 'reward' && (type[0] !== 'f' || count !== 1)) throw refuse(`${name}, the reward, is ${count} ${type}: one f32 or f64 expected`);
    return { name, type, count, offset, role: pick('role', ROLES, kind) };
  });
  return { fields, size: Math.ceil(end / widest) * widest };
}

/**
 * A circular buffer of rows; all its memory is allocated at once.
 *
 *     const replay = gyre.replay({
 *       columns: { seen: { type: 'f32', count: 4 }, action: 'u8', reward: 'f32', terminated: 'u8' }, prioritized: true,
 *     });
 *     replay.push({ seen, action: 1, reward: 0.5, terminated: 0 });
 *     const drawn = replay.draw(32);
 *     const { seen, reward } = replay.read(drawn.slots);
 *     replay.update(drawn, errors);
 */
export class Replay<S extends Schema = Schema> {
  constructor(
    private readonly gyre: Memory,
    /** The buffer's id. */
    readonly id: number,
    private readonly fields: readonly Field[],
    /** Bytes of a row. */
    readonly rowSize: number,
  ) {}

  /** Appends rows, given as columns; the oldest make room. An episode ends with a row that says so. */
  push(rows: Rows<S>): void {
    const { gyre, fields, rowSize } = this;
    let count = -1;
    const lists = fields.map((f) => {
      const given = rows[f.name];
      const list = typeof given === 'number' ? [given] : given;
      if (list === undefined) throw refuse(`column ${f.name} is missing`);
      if (count < 0) count = rowsOf(f.name, list.length, f.count);
      same(f.name, list.length, count * f.count);
      return fits(f.type, f.name, list);
    });
    if (count < 1) return;
    columns(gyre, (c) => {
      const at = c.room('u8', count * rowSize);
      gyre.bytes.fill(0, at, at + count * rowSize);
      fields.forEach((f, i) => each(c, f, at, count, rowSize, (here, from, k) => (here[k] = (lists[i] as Numbers)[from] as number)));
      gyre.resetError();
      gyre.check(gyre.call.gyre_replay_push(this.id, at, count));
    });
  }
  /** The newest row ends its episode, though it does not say so. */
  endEpisode(): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_replay_end_episode(this.id));
  }
  /** Draws rows uniformly, none twice unless `replace`. @throws GyreError: there are fewer */
  sample(count: number, how: { replace?: boolean; into?: Drawn<S> } = {}): Drawn<S> {
    const { gyre, fields, rowSize } = this;
    const n = word('count', count);
    this.roomFor(how.into, n);
    return columns(gyre, (c) => {
      const at = c.room('u8', n * rowSize);
      gyre.resetError();
      gyre.check(gyre.call.gyre_replay_sample(this.id, at, n, how.replace ? 1 : 0));
      const out: Record<string, ArrayOf<NumberType>> = {};
      for (const f of fields) {
        const to = how.into?.[f.name] ?? zeros(f.type, n * f.count);
        each(c, f, at, n, rowSize, (here, place, k) => (to[place] = here[k] as number));
        out[f.name] = to;
      }
      return out as Drawn<S>;
    });
  }
  /**
   * Draws the places of rows: by priority, each from a stratum of its own; uniformly, none twice unless `replace`,
   * without priorities or with `uniform`.
   */
  draw(count: number, how: { uniform?: boolean; replace?: boolean } = {}): DrawnPlaces {
    const { gyre } = this;
    const n = word('count', count);
    const flags = (how.replace ? 1 : 0) | (how.uniform ? 2 : 0);
    return columns(gyre, (c) => {
      const [slots, generations, weights, odds] = [c.room('u32', n), c.room('u32', n), c.room('f32', n), c.room('f32', n)];
      gyre.resetError();
      gyre.check(gyre.call.gyre_replay_draw(this.id, slots, generations, weights, odds, n, flags));
      return {
        slots: c.take('u32', slots, n), generations: c.take('u32', generations, n), weights: c.take('f32', weights, n),
        probabilities: c.take('f32', odds, n),
      };
    });
  }
  /**
   * Draws runs of rows that follow each other: the slot of each first row, and how many. Up to `length` rows, the end of
   * the episode or the newest row; 0: whole episodes, each equally likely. The i-th is in slot (first + i) % capacity.
   */
  drawRuns(count: number, length = 0): { firsts: Uint32Array; counts: Uint32Array } {
    const { gyre } = this;
    const n = word('count', count);
    return columns(gyre, (c) => {
      const [firsts, counts] = [c.room('u32', n), c.room('u32', n)];
      gyre.resetError();
      gyre.check(gyre.call.gyre_replay_draw_runs(this.id, firsts, counts, n, word('length', length)));
      return { firsts: c.take('u32', firsts, n), counts: c.take('u32', counts, n) };
    });
  }
  /** One column of the rows in those slots. A row replaced meanwhile gives what is there now. */
  column<Name extends keyof S & string>(name: Name, slots: Numbers, into?: Drawn<S>[Name]): Drawn<S>[Name] {
    const { gyre, fields } = this;
    const index = fields.findIndex((f) => f.name === name);
    const f = fields[index];
    if (f === undefined) throw refuse(`there is no column ${name}: one of ${fields.map((x) => x.name).join(', ')} expected`);
    roomy(into, slots.length * f.count);
    return columns(gyre, (c) => {
      const [from, at] = [c.put('u32', 'slots', slots), c.room(f.type, slots.length * f.count)];
      gyre.resetError();
      gyre.check(gyre.call.gyre_replay_read(this.id, from, slots.length, index, at));
      return c.take(f.type, at, slots.length * f.count, into) as Drawn<S>[Name];
    });
  }
  /** Every column of the rows in those slots. */
  read(slots: Numbers, into?: Drawn<S>): Drawn<S> {
    this.roomFor(into, slots.length);
    return Object.fromEntries(this.fields.map((f) => [f.name, this.column(f.name, slots, into?.[f.name])])) as Drawn<S>;
  }
  /**
   * Sets the priorities of rows by their errors. Those of rows that were replaced meanwhile, and errors that are not
   * finite, are refused. @returns how many that were. @throws GyreError: the buffer has no priorities
   */
  update(drawn: Places, errors: Numbers): number {
    const { gyre } = this;
    const n = drawn.slots.length;
    same('generations', drawn.generations.length, n);
    same('errors', errors.length, n);
    return columns(gyre, (c) => {
      const [slots, generations] = [c.put('u32', 'slots', drawn.slots), c.put('u32', 'generations', drawn.generations)];
      const at = c.put('f32', 'errors', errors);
      gyre.resetError();
      gyre.check(gyre.call.gyre_replay_update(this.id, slots, generations, at, n, gyre.outWord));
      return gyre.u32(gyre.outWord);
    });
  }
  /**
   * What came of up to `n` steps from each of those rows, none beyond its episode or the newest row: rewards
   * r0 + gamma r1 + ..., bootstraps gamma^steps, 0 where the last row is terminated; that row's slot; how many steps.
   */
  nStep(
    slots: Numbers, n: number, gamma: number,
  ): { rewards: Float64Array; bootstraps: Float64Array; lasts: Uint32Array; steps: Uint32Array } {
    const { gyre } = this;
    const m = slots.length;
    return columns(gyre, (c) => {
      const at = c.put('u32', 'slots', slots);
      const [rewards, bootstraps, lasts, steps] = [c.room('f64', m), c.room('f64', m), c.room('u32', m), c.room('u32', m)];
      gyre.resetError();
      gyre.check(gyre.call.gyre_replay_n_step(this.id, at, m, word('n', n), gamma, rewards, bootstraps, lasts, steps));
      return {
        rewards: c.take('f64', rewards, m), bootstraps: c.take('f64', bootstraps, m), lasts: c.take('u32', lasts, m),
        steps: c.take('u32', steps, m),
      };
    });
  }
  /** Of each of those rows: how many are newer, how often it was drawn (with `countSamples`), its priority. */
  about(slots: Numbers): { ages: Uint32Array; drawn: Uint32Array; priorities: Float32Array } {
    const { gyre } = this;
    const n = slots.length;
    return columns(gyre, (c) => {
      const at = c.put('u32', 'slots', slots);
      const [ages, drawn, priorities] = [c.room('u32', n), c.room('u32', n), c.room('f32', n)];
      gyre.resetError();
      gyre.check(gyre.call.gyre_replay_rows_read(this.id, at, n, ages, drawn, priorities));
      return { ages: c.take('u32', ages, n), drawn: c.take('u32', drawn, n), priorities: c.take('f32', priorities, n) };
    });
  }
  /** Keeps the newest rows that fit, oldest in slot 0; generations are new. */
  resize(capacity: number): void {
    this.gyre.check(this.gyre.call.gyre_replay_resize(this.id, word('capacity', capacity), this.gyre.resetError()));
  }
  /** Everything: rows, priorities, the position of the draws. */
  save(): Uint8Array {
    return saved(this.gyre, (...room) => this.gyre.call.gyre_replay_save(this.id, ...room));
  }
  /** Replaces everything by what save() gave, of the same columns; with the same options it goes on draw for draw. */
  load(bytes: Uint8Array): void {
    loaded(this.gyre, bytes, (...given) => this.gyre.call.gyre_replay_load(this.id, ...given));
  }
  /** @throws GyreError: its parts do not agree. Takes a while. */
  check(): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_replay_check(this.id));
  }
  /** What it holds and did. */
  metrics(): ReplayMetrics {
    const { gyre } = this;
    gyre.resetError();
    const at = gyre.struct(REPLAY_METRICS, {});
    gyre.check(gyre.call.gyre_replay_metrics_read(this.id, at));
    return gyre.fields(REPLAY_METRICS, at) as unknown as ReplayMetrics;
  }
  /** Frees it. */
  destroy(): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_replay_destroy(this.id));
  }

  /** ARG: one of the arrays is missing or too short. */
  private roomFor(into: Drawn<S> | undefined, rows: number): void {
    if (into !== undefined) for (const f of this.fields) roomy(into[f.name] ?? [], rows * f.count);
  }
}

/** Every number of a field in rows at `at`: where it lies in a view of them, and its place in a column by itself. */
function each(
  c: Columns, f: Field, at: Pointer, rows: number, rowSize: number,
  move: (here: ArrayOf<NumberType>, place: number, index: number) => void,
): void {
  const [width, here] = [widthOf(f.type), c.see(f.type, at, (rows * rowSize) / widthOf(f.type))];
  for (let row = 0; row < rows; row += 1) {
    const from = (row * rowSize + f.offset) / width;
    for (let k = 0; k < f.count; k += 1) move(here, row * f.count + k, from + k);
  }
}

export function replay<S extends Schema>(gyre: Memory, o: ReplayOptions<S>): Replay<S> {
  const { fields, size } = laidOut(o.columns);
  return gyre.holding((hold) => {
    const rows = hold(gyre.alloc(Math.max(8, fields.length * REPLAY_COLUMN.size)));
    fields.forEach((f, i) => {
      const row = { offset: f.offset, bytes: f.count * widthOf(f.type), role: f.role };
      gyre.struct(REPLAY_COLUMN, row, rows + i * REPLAY_COLUMN.size);
    });
    const values = {
      row_size: size,
      capacity: o.capacity ?? 0,
      budget_bytes: o.budgetBytes ?? 0,
      seed: o.seed ?? 0n,
      columns: rows,
      column_count: fields.length,
      flags: (o.prioritized ? 1 : 0) | (o.countSamples ? 2 : 0) | (o.weightsByAll ? 4 : 0),
      min_size: o.minSize ?? 0,
      alpha: orNone(o.alpha),
      beta: orNone(o.beta),
      beta_end: o.betaEnd ?? 0,
      beta_steps: o.betaSteps ?? 0,
      epsilon: orNone(o.epsilon),
    };
    const at = gyre.struct(REPLAY_OPTIONS, values);
    gyre.check(gyre.call.gyre_replay_create(at, gyre.outWord, gyre.resetError()));
    return new Replay<S>(gyre, gyre.u32(gyre.outWord), fields, size);
  });
}

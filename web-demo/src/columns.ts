// columns.ts - carries a snapshot's lists from a worker to the page as columns of numbers: of each only what has changed.
// Room: page. Threads: a Sender belongs to a worker, its Receiver to the page; between them all messages, in their order.
import type { Snapshot } from './snapshot.ts';

/** What a row is made of: numbers, words (texts, true and false, and where either is allowed numbers), parts, and lists of parts. */
interface Shape {
  numbers: string;
  words?: string;
  parts?: Record<string, Shape>;
  lists?: Record<string, Shape>;
}

const times: Shape = { numbers: 'count min_ms avg_ms p50_ms p95_ms p99_ms p999_ms max_ms' };
const LOOP: Shape = {
  numbers: 'id cycles errors timeouts cancelled gated missed shed error_rate streak interval_ms configured_ms throttle dropped vitality health learner state_index action_index reward',
  words: 'name group state running gate breaker_open last_error',
  parts: { latency: times, window: times, late: times },
  lists: {
    gates: { numbers: 'value closes_above opens_under', words: 'name open' },
    knobs: { numbers: 'value', words: 'name value_name' },
    features: { numbers: 'value bucket', words: 'name' },
  },
};
const NODE: Shape = { numbers: 'id cycles health p95_ms vitality', words: 'name' };
const EDGE: Shape = { numbers: 'weight confidence', words: 'from to declared kind' };

type Word = string | number | boolean | null;
/**
 * A column's name; where its values are to be put, null for everywhere; and the values. A word is its place among the
 * words, what a row lacks is NaN, and null -Infinity, since JSON has neither.
 */
type Column = [name: string, at: Uint32Array<ArrayBuffer> | null, values: Float64Array<ArrayBuffer>];

/** What one message says of the rows. What it does not name is as it was. */
interface Sent {
  length: number;
  /** Nothing of before counts. */
  anew: boolean;
  columns: Column[];
  /** More words, after those of before. */
  words: Word[];
}

const names = (list = '') => list.split(' ').filter(Boolean);
type Owner = Record<string, unknown> | null | undefined;
/** The field `name` of each. */
const each = (owners: readonly Owner[], name: string) => owners.map((o) => o?.[name] as Owner);

/** So many different words are kept: a text that is new each time must not fill the memory. */
const MOST_WORDS = 250_000;

class Sender<Row> {
  private last = new Map<string, Float64Array<ArrayBuffer>>();
  private words = new Map<unknown, number>();
  private length = 0;

  constructor(private readonly shape: Shape) {}

  /** What is to be told of these rows: only those at `at` can have changed; null: any. */
  send(rows: readonly Row[], at: readonly number[] | null): Sent {
    const anew = rows.length !== this.length || this.words.size > MOST_WORDS;
    if (anew) [this.last, this.words, this.length, at] = [new Map(), new Map(), rows.length, null];
    const known = this.words.size;
    const columns: Column[] = [];
    const put = (owners: readonly Owner[], path: string, name: string, coded: boolean) => {
      const column = this.changes(owners, at, path, name, coded);
      if (column) columns.push(column);
    };
    const walk = (shape: Shape, before: string, owners: readonly Owner[]) => {
      for (const name of names(shape.numbers)) put(owners, before, name, false);
      for (const name of names(shape.words)) put(owners, before, name, true);
      for (const [name, part] of Object.entries(shape.parts ?? {})) walk(part, `${before}${name}.`, each(owners, name));
      for (const [name, part] of Object.entries(shape.lists ?? {})) {
        const [path, lists] = [`${before}${name}.`, each(owners, name)];
        put(lists, path, 'length', false);
        const most = lists.reduce((n, list) => Math.max(n, Number(list?.['length'] ?? 0)), 0);
        for (let k = 0; k < most || this.last.has(`${path}${k}.${names(part.numbers)[0]}`); k += 1) walk(part, `${path}${k}.`, each(lists, String(k)));
      }
    };
    walk(this.shape, '', (at ? at.map((i) => rows[i]) : rows) as Owner[]);
    return { length: rows.length, anew, columns, words: [...this.words.keys()].slice(known) as Word[] };
  }

  /** Of the column `path` and `name`: what differs from before in `owners`, which are the rows at `at`. */
  private changes(owners: readonly Owner[], at: readonly number[] | null, path: string, name: string, coded: boolean): Column | null {
    const last = this.last.get(path + name) ?? new Float64Array(this.length).fill(NaN);
    const places = new Uint32Array(owners.length);
    let changed = 0;
    for (let k = 0; k < owners.length; k += 1) {
      const i = at ? (at[k] as number) : k;
      const value = this.number(owners[k]?.[name], coded);
      if (Object.is(value, last[i])) continue;
      last[i] = value;
      places[changed] = i;
      changed += 1;
    }
    if (changed === 0) return null;
    this.last.set(path + name, last);
    if (changed * 2 > this.length) return [path + name, null, last.slice()];
    const to = places.slice(0, changed);
    return [path + name, to, Float64Array.from(to, (i) => last[i] as number)];
  }

  private number(value: unknown, coded: boolean): number {
    if (value === undefined) return NaN;
    if (!coded) return value === null ? -Infinity : (value as number);
    const code = this.words.get(value);
    if (code !== undefined) return code;
    this.words.set(value, this.words.size);
    return this.words.size - 1;
  }
}

interface Table {
  columns: ReadonlyMap<string, Float64Array>;
  words: readonly Word[];
}
/** One row of a table: its values are read from the columns when somebody asks for them. */
type View = new (table: Table, i: number) => { table: Table; i: number };

/** The class of the rows of this shape, whose columns have `before` in front of their names. */
function view(shape: Shape, before = ''): View {
  class Row {
    constructor(readonly table: Table, readonly i: number) {}
  }
  const getter = (name: string, get: (this: Row) => unknown) => Object.defineProperty(Row.prototype, name, { get, enumerable: true });
  const at = ({ table, i }: Row, column: string) => table.columns.get(column)?.[i] ?? NaN;
  for (const name of names(shape.numbers)) {
    const column = before + name;
    getter(name, function () {
      const value = at(this, column);
      return value === -Infinity ? null : Number.isNaN(value) ? undefined : value;
    });
  }
  for (const name of names(shape.words)) {
    const column = before + name;
    getter(name, function () { return this.table.words[at(this, column)]; });
  }
  for (const [name, part] of Object.entries(shape.parts ?? {})) {
    const Part = view(part, `${before}${name}.`);
    getter(name, function () { return new Part(this.table, this.i); });
  }
  for (const [name, part] of Object.entries(shape.lists ?? {})) {
    const [column, parts]: [string, View[]] = [`${before}${name}.length`, []];
    const make = (k: number) => (parts[k] ??= view(part, `${before}${name}.${k}.`));
    getter(name, function () {
      const length = at(this, column);
      return Number.isNaN(length) ? undefined : Array.from({ length }, (_, k) => new (make(k))(this.table, this.i));
    });
  }
  return Row;
}

class Receiver<Row> {
  private columns = new Map<string, Float64Array>();
  private words: Word[] = [];
  private readonly Row: View;

  constructor(shape: Shape) {
    this.Row = view(shape);
  }

  /** The rows as they are now; those that it gave before stay as they are. */
  take({ length, anew, columns, words }: Sent): Row[] {
    if (anew) [this.columns, this.words] = [new Map(), []];
    const now = new Map(this.columns);
    for (const [name, at, values] of columns) {
      const column = at ? (now.get(name)?.slice() ?? new Float64Array(length).fill(NaN)) : values;
      at?.forEach((i, k) => (column[i] = values[k] as number));
      now.set(name, column);
    }
    this.columns = now;
    this.words.push(...words);
    const table: Table = { columns: now, words: this.words };
    return Array.from({ length }, (_, i) => new this.Row(table, i) as Row);
  }
}

/** A snapshot on its way to the page. */
export type Carried = Omit<Snapshot, 'loops' | 'symbiosis'> & { loops: Sent; symbiosis: Omit<Snapshot['symbiosis'], 'nodes' | 'edges'> & { nodes: Sent; edges: Sent } };

/** The worker's end. */
export class Packer {
  private readonly loops = new Sender<Snapshot['loops'][number]>(LOOP);
  private readonly nodes = new Sender<Snapshot['symbiosis']['nodes'][number]>(NODE);
  private readonly edges = new Sender<Snapshot['symbiosis']['edges'][number]>(EDGE);

  /** What is sent of it, and the memory that goes with that. Of its loops only those at `at` can have changed; null: any. */
  pack(snap: Snapshot, at: readonly number[] | null = null): { snap: Carried; moved: ArrayBuffer[] } {
    const { nodes, edges, ...symbiosis } = snap.symbiosis;
    const sent = { loops: this.loops.send(snap.loops, at), nodes: this.nodes.send(nodes, null), edges: this.edges.send(edges, null) };
    const moved = Object.values(sent).flatMap(({ columns }) => columns.flatMap(([, places, values]) => (places ? [places.buffer, values.buffer] : [values.buffer])));
    return { snap: { ...snap, loops: sent.loops, symbiosis: { ...symbiosis, nodes: sent.nodes, edges: sent.edges } }, moved };
  }
}

/** The page's end. */
export class Unpacker {
  private readonly loops = new Receiver<Snapshot['loops'][number]>(LOOP);
  private readonly nodes = new Receiver<Snapshot['symbiosis']['nodes'][number]>(NODE);
  private readonly edges = new Receiver<Snapshot['symbiosis']['edges'][number]>(EDGE);

  /** The snapshot; those before stay as they were. */
  unpack({ loops, symbiosis, ...rest }: Carried): Snapshot {
    return { ...rest, loops: this.loops.take(loops), symbiosis: { ...symbiosis, nodes: this.nodes.take(symbiosis.nodes), edges: this.edges.take(symbiosis.edges) } };
  }
}

// index.ts - gyre.wasm as typed classes: the module's only loader, for browsers, workers and Node.
// Room: wasm. Threads: one module belongs to one JavaScript thread; nothing here is shared.
//
// The module is standalone: no generated JavaScript stands between this file and capi/gyre.h. It
// cannot call back, so loops are *external*: acquire the due ticks, run them, complete them.
//
//     const gyre = await Gyre.load(await readFile('gyre.wasm'));
//     const engine = gyre.engine({ driver: 'host', seed: 1n });
//     engine.addLoop({ name: 'ship', intervalMs: 20, knobs: { level: [0, 1, 3, 6, 9] } });
//     engine.start();
//     engine.poll(performance.now() - t0);
//     for (const tick of engine.acquire()) {
//       tick.reward(ship(tick.knob('level')));
//       tick.complete();
//     }

/** The status numbers of gyre.h; they never change. */
export const Status = {
  OK: 0, ARG: -1, STATE: -2, NOMEM: -3, STALE: -4, KIND: -5, NOT_FOUND: -6, EXISTS: -7, BUFFER: -8,
  TIMEOUT: -9, REENTRANT: -10, CANCELLED: -11, OVERFLOW: -12, BUDGET: -13, BREAKER_OPEN: -14, IO: -15,
  CORRUPT: -16, FORMAT: -17, UNSUPPORTED: -18, ABI: -19, CALLBACK: -20, FORKED: -23, INTERNAL: -99,
} as const;

/** A call that did not return GYRE_OK. Nothing has changed in the module. */
export class GyreError extends Error {
  override readonly name = 'GyreError';
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
  }
}

/** An address in the module's memory. */
export type Pointer = number;
type Call = (...args: number[]) => number;

/** The exports that this file uses; a test compares the names with the module's own list. */
export const EXPORTS = [
  'gyre_alloc', 'gyre_free', 'gyre_version_string', 'gyre_status_name', 'gyre_engine_create', 'gyre_engine_destroy',
  'gyre_engine_start', 'gyre_engine_stop', 'gyre_engine_poll', 'gyre_engine_advance_to', 'gyre_engine_now',
  'gyre_engine_supply', 'gyre_loop_create', 'gyre_loop_remove', 'gyre_loop_pause', 'gyre_loop_resume',
  'gyre_loop_trigger', 'gyre_loop_reconfigure', 'gyre_tick_acquire', 'gyre_tick_complete', 'gyre_tick_knob',
  'gyre_tick_feature', 'gyre_tick_reward', 'gyre_tick_vitality', 'gyre_tick_info_read', 'gyre_bus_publish',
  'gyre_bus_subscribe', 'gyre_bus_poll', 'gyre_memory_remember', 'gyre_memory_recall', 'gyre_memory_consolidate',
  'gyre_compress', 'gyre_decompress', 'gyre_graph_connect', 'gyre_graph_score', 'gyre_society_add',
  'gyre_snapshot_json', 'gyre_trace_hash',
] as const;
type Exported = (typeof EXPORTS)[number];

// ---- C structs on wasm32 --------------------------------------------------------------------------

type Kind = 'u32' | 'i32' | 'ptr' | 'f64' | 'u64';
interface Layout {
  size: number;
  at: Record<string, [number, Kind]>;
}

/** Offsets as a C compiler for wasm32 places them: each field at a multiple of its own size. */
function layout(fields: [string, Kind][]): Layout {
  const at: Layout['at'] = {};
  let end = 0;
  let widest = 4;
  for (const [name, kind] of fields) {
    const width = kind === 'f64' || kind === 'u64' ? 8 : 4;
    widest = Math.max(widest, width);
    end = Math.ceil(end / width) * width;
    at[name] = [end, kind];
    end += width;
  }
  return { size: Math.ceil(end / widest) * widest, at };
}

const ENGINE_OPTIONS = layout([
  ['size', 'u32'], ['api_version', 'u32'], ['driver', 'i32'], ['shards', 'u32'], ['store', 'ptr'], ['seed', 'u64'],
  ['window_ms', 'f64'], ['memory_bytes', 'f64'], ['memory_ring', 'u32'], ['reserved', 'u32'],
]);
const POLL_RESULT = layout([['size', 'u32'], ['more', 'u32'], ['ticks', 'u64'], ['next_due_ms', 'f64']]);
const READING = layout([
  ['size', 'u32'], ['reserved', 'u32'], ['mode', 'ptr'], ['cpu_percent', 'f64'], ['memory_percent', 'f64'],
  ['latency_ms', 'f64'],
]);
const KNOB = layout([['size', 'u32'], ['count', 'u32'], ['name', 'ptr'], ['values', 'ptr']]);
const GATE = layout([['size', 'u32'], ['kind', 'i32'], ['mode', 'ptr'], ['close_at', 'f64'], ['open_at', 'f64']]);
const LOOP_OPTIONS = layout([
  ['size', 'u32'], ['flags', 'u32'], ['name', 'ptr'], ['interval_ms', 'f64'], ['tick', 'ptr'], ['timeout_ms', 'f64'],
  ['user', 'ptr'], ['jitter', 'f64'], ['destroy', 'ptr'], ['backoff_ms', 'f64'], ['group', 'ptr'],
  ['backoff_cap_ms', 'f64'], ['knobs', 'ptr'], ['discount', 'f64'], ['features', 'ptr'], ['learning_rate', 'f64'],
  ['gates', 'ptr'], ['explore_from', 'f64'], ['explore_to', 'f64'], ['explore_over', 'f64'], ['knob_count', 'u32'],
  ['feature_count', 'u32'], ['gate_count', 'u32'], ['missed', 'i32'], ['burst', 'u32'], ['priority', 'i32'],
  ['replay_capacity', 'u32'], ['sample_average', 'u32'], ['parent', 'ptr'],
]);
const LOOP_CHANGE = layout([
  ['size', 'u32'], ['reserved', 'u32'], ['interval_ms', 'f64'], ['timeout_ms', 'f64'], ['jitter', 'f64'],
]);
const COMPLETION = layout([['size', 'u32'], ['failed', 'u32'], ['text', 'ptr'], ['took_ms', 'f64']]);
const TICK_INFO = layout([
  ['size', 'u32'], ['loop', 'u32'], ['number', 'u64'], ['missed', 'u64'], ['due_ms', 'f64'], ['elapsed_ms', 'f64'],
  ['cpu_ms', 'f64'], ['calls', 'u32'], ['reserved', 'u32'],
]);
const MESSAGE = layout([
  ['size', 'u32'], ['payload_size', 'u32'], ['topic', 'ptr'], ['at_ms', 'f64'], ['payload', 'ptr'], ['ttl_ms', 'f64'],
  ['correlation', 'u64'], ['sequence', 'u64'], ['source', 'u32'], ['topic_size', 'u32'],
]);
const SUBSCRIPTION_OPTIONS = layout([
  ['size', 'u32'], ['capacity', 'u32'], ['on_message', 'ptr'], ['rate_per_s', 'f64'], ['user', 'ptr'],
  ['retry_delay_ms', 'f64'], ['destroy', 'ptr'], ['retries', 'f64'], ['overflow', 'i32'], ['priority', 'i32'],
]);
const RECORD = layout([
  ['size', 'u32'], ['tag_count', 'u32'], ['text', 'ptr'], ['wall_ms', 'f64'], ['user', 'ptr'], ['importance', 'f64'],
  ['role', 'ptr'], ['source', 'ptr'], ['tags', 'ptr'],
]);
const QUERY = layout([
  ['size', 'u32'], ['limit', 'u32'], ['text', 'ptr'], ['from_wall_ms', 'f64'], ['tag', 'ptr'], ['to_wall_ms', 'f64'],
  ['user', 'ptr'], ['source', 'ptr'],
]);
const ERROR_SIZE = 256;

// ---- Options --------------------------------------------------------------------------------------

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

// ---- The module -----------------------------------------------------------------------------------

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** One instance of the module. Everything made from it lives in its memory. */
export class Gyre {
  private readonly names = new Map<string, Pointer>();
  private readonly scratch: Pointer;
  private readonly error: Pointer;
  private readonly word: Pointer;
  private view_: DataView;
  private bytes_: Uint8Array;
  private out = { at: 0, cap: 0 };

  private constructor(
    private readonly fn: Record<Exported, Call>,
    private readonly memory: WebAssembly.Memory,
  ) {
    this.view_ = new DataView(memory.buffer);
    this.bytes_ = new Uint8Array(memory.buffer);
    this.scratch = this.alloc(512);
    this.error = this.alloc(ERROR_SIZE);
    this.word = this.alloc(16);
  }

  /** Compiles and starts a module. Throws when it is not gyre.wasm. */
  static async load(source: BufferSource | WebAssembly.Module): Promise<Gyre> {
    const module = source instanceof WebAssembly.Module ? source : await WebAssembly.compile(source);
    const imports: Record<string, Record<string, Call>> = {
      env: { emscripten_notify_memory_growth: () => 0 }, // the views below notice by themselves
      wasi_snapshot_preview1: {
        proc_exit: (code) => {
          throw new GyreError(Status.INTERNAL, `the module ended with ${code}`);
        },
      },
    };
    for (const need of WebAssembly.Module.imports(module)) {
      if (!imports[need.module]?.[need.name]) {
        throw new GyreError(Status.ABI, `the module wants ${need.module}.${need.name}, which a standalone gyre.wasm does not`);
      }
    }
    const { exports } = await WebAssembly.instantiate(module, imports);
    const fn = exports as unknown as Record<Exported, Call> & { memory: WebAssembly.Memory; _initialize?: () => void };
    for (const name of EXPORTS) {
      if (typeof fn[name] !== 'function') throw new GyreError(Status.ABI, `the module does not export ${name}`);
    }
    fn._initialize?.();
    return new Gyre(fn, fn.memory);
  }

  /** The library's version, "0.1.0". */
  get version(): string {
    return this.read(this.fn.gyre_version_string());
  }

  /** Makes an engine, stopped. @throws GyreError */
  engine(options: EngineOptions): Engine {
    const o = this.struct(ENGINE_OPTIONS, {
      driver: options.driver === 'virtual' ? 2 : 1,
      seed: options.seed ?? 0n,
      window_ms: options.windowMs ?? 0,
      memory_bytes: options.memoryBytes ?? 0,
      memory_ring: options.memoryRing ?? 0,
    });
    this.check(this.fn.gyre_engine_create(o, this.word, this.resetError()));
    return new Engine(this, this.u32(this.word));
  }

  /** Bytes in the module's memory; give them back with free(). */
  alloc(size: number): Pointer {
    const at = this.fn.gyre_alloc(size);
    if (at === 0) throw new GyreError(Status.NOMEM, `no memory for ${size} bytes`);
    return at;
  }

  free(at: Pointer): void {
    this.fn.gyre_free(at);
  }

  /** The module's memory as it is now: growth makes older views empty, so ask again after every call. */
  get bytes(): Uint8Array {
    if (this.bytes_.buffer !== this.memory.buffer) {
      this.bytes_ = new Uint8Array(this.memory.buffer);
      this.view_ = new DataView(this.memory.buffer);
    }
    return this.bytes_;
  }

  /** Bytes that the module's memory takes. */
  get residentBytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** Raw deflate inside the module's memory. @returns how many bytes came out. @throws GyreError */
  compressAt(from: Pointer, size: number, level: number, to: Pointer, cap: number): number {
    this.check(this.fn.gyre_compress(from, size, level, to, cap, this.word, this.resetError()));
    return this.u32(this.word);
  }

  /** Raw deflate of `data`. @param level 0..9 */
  compress(data: Uint8Array, level = 6): Uint8Array {
    const cap = data.length + (data.length >> 8) + 64;
    const at = this.alloc(data.length + cap);
    try {
      this.bytes.set(data, at);
      const n = this.compressAt(at, data.length, level, at + data.length, cap);
      return this.bytes.slice(at + data.length, at + data.length + n);
    } finally {
      this.free(at);
    }
  }

  /** Undoes compress(); `rawSize` bytes come out. @throws GyreError */
  decompress(data: Uint8Array, rawSize: number): Uint8Array {
    const at = this.alloc(data.length + rawSize);
    try {
      this.bytes.set(data, at);
      this.check(this.fn.gyre_decompress(at, data.length, at + data.length, rawSize, this.resetError()));
      return this.bytes.slice(at + data.length, at + data.length + rawSize);
    } finally {
      this.free(at);
    }
  }

  // ---- for the classes below ----

  /** @internal */
  get call(): Record<Exported, Call> {
    return this.fn;
  }
  /** @internal */
  get outWord(): Pointer {
    return this.word;
  }
  /** @internal A name as a C string that stays: names are few and used again. */
  name(value: string): Pointer {
    let at = this.names.get(value);
    if (at === undefined) {
      at = this.put(value);
      this.names.set(value, at);
    }
    return at;
  }
  /** @internal A C string to be freed. */
  put(value: string): Pointer {
    const coded = utf8.encode(value);
    const at = this.alloc(coded.length + 1);
    this.bytes.set(coded, at);
    this.bytes[at + coded.length] = 0;
    return at;
  }
  /** @internal */
  read(at: Pointer): string {
    const bytes = this.bytes;
    return text.decode(bytes.subarray(at, bytes.indexOf(0, at)));
  }
  /** @internal */
  get view(): DataView {
    return this.bytes && this.view_;
  }
  /** @internal */
  u32(at: Pointer): number {
    return this.view.getUint32(at, true);
  }
  /** @internal */
  f64(at: Pointer): number {
    return this.view.getFloat64(at, true);
  }
  /** @internal Fills a struct at `at` (by default the scratch place, one struct at a time). */
  struct(shape: Layout, values: Record<string, number | bigint>, at = this.scratch): Pointer {
    this.bytes.fill(0, at, at + shape.size);
    const view = this.view;
    view.setUint32(at, shape.size, true);
    for (const [key, value] of Object.entries(values)) {
      const [offset, kind] = shape.at[key] as [number, Kind];
      if (kind === 'f64') view.setFloat64(at + offset, Number(value), true);
      else if (kind === 'u64') view.setBigUint64(at + offset, BigInt(value), true);
      else if (kind === 'i32') view.setInt32(at + offset, Number(value), true);
      else view.setUint32(at + offset, Number(value), true);
    }
    return at;
  }
  /** @internal */
  resetError(): Pointer {
    this.view.setUint32(this.error, ERROR_SIZE, true);
    this.view.setInt32(this.error + 4, 0, true);
    return this.error;
  }
  /** @internal Throws the text of the last resetError() place, or the status's name. */
  check(status: number): void {
    if (status === Status.OK) return;
    const told = this.view.getInt32(this.error + 4, true) === status;
    throw new GyreError(status, told ? this.read(this.error + 8) : this.read(this.fn.gyre_status_name(status)));
  }
  /** @internal Calls until the text fits; the place is kept and grows by half. */
  grown(fill: (buf: Pointer, cap: number, needed: Pointer) => number): { at: Pointer; size: number } {
    for (;;) {
      const status = fill(this.out.at, this.out.cap, this.word);
      const needed = this.u32(this.word);
      if (status === Status.OK) return { at: this.out.at, size: needed };
      if (status !== Status.BUFFER) this.check(status);
      this.free(this.out.at);
      this.out = { at: 0, cap: 0 };
      const cap = needed + (needed >> 1) + 64;
      this.out = { at: this.alloc(cap), cap };
    }
  }
  /** @internal */
  decode(at: Pointer, size: number): string {
    return text.decode(this.bytes.subarray(at, at + size));
  }
}

/** One run of a loop: read the knobs, do the work, say what it earned, complete(). */
export class Tick {
  constructor(
    private readonly gyre: Gyre,
    /** The tick's id. */
    readonly id: number,
  ) {}

  /** Which loop it runs for, which of its ticks it is, how many before it were missed. */
  info(): { loop: number; number: number; missed: number; dueMs: number } {
    const { gyre } = this;
    gyre.resetError();
    const at = gyre.struct(TICK_INFO, {});
    gyre.check(gyre.call.gyre_tick_info_read(this.id, at));
    const view = gyre.view;
    const of = (field: string) => at + (TICK_INFO.at[field] as [number, Kind])[0];
    return {
      loop: view.getUint32(of('loop'), true),
      number: Number(view.getBigUint64(of('number'), true)),
      missed: Number(view.getBigUint64(of('missed'), true)),
      dueMs: view.getFloat64(of('due_ms'), true),
    };
  }

  /** What the tick sees; before the first knob(). */
  feature(name: string, value: number): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_tick_feature(this.id, this.gyre.name(name), value));
  }
  /** The value to use. @throws GyreError: no such knob, or the tick was given up. */
  knob(name: string): number {
    const { gyre } = this;
    gyre.resetError();
    gyre.check(gyre.call.gyre_tick_knob(this.id, gyre.name(name), gyre.outWord));
    return gyre.f64(gyre.outWord);
  }
  reward(value: number): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_tick_reward(this.id, value));
  }
  vitality(value: number): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_tick_vitality(this.id, value));
  }
  /** Hands it back. @returns false when it had timed out before. */
  complete(how: { failed?: string; tookMs?: number } = {}): boolean {
    const { gyre } = this;
    gyre.resetError();
    const why = how.failed === undefined ? 0 : gyre.put(how.failed);
    const c = gyre.struct(COMPLETION, { failed: why ? 1 : 0, text: why, took_ms: how.tookMs ?? 0 });
    const status = gyre.call.gyre_tick_complete(this.id, c);
    if (why) gyre.free(why);
    if (status === Status.STALE) return false;
    gyre.check(status);
    return true;
  }
}

/** A set of loops with its clock, bus and memory. */
export class Engine {
  constructor(
    private readonly gyre: Gyre,
    /** The engine's id. */
    readonly id: number,
  ) {}

  start(): void {
    this.gyre.check(this.gyre.call.gyre_engine_start(this.id, this.gyre.resetError()));
  }

  /** Stops; returns the names of loops whose ticks were not handed back in time. */
  stop(deadlineMs = 0): string[] {
    const { gyre } = this;
    const cap = 16384;
    const at = gyre.alloc(cap);
    try {
      const status = gyre.call.gyre_engine_stop(this.id, deadlineMs, at, cap, gyre.outWord, gyre.resetError());
      if (status === Status.TIMEOUT) return gyre.read(at).split('\n').filter((n) => n !== '');
      gyre.check(status);
      return [];
    } finally {
      gyre.free(at);
    }
  }

  /** Frees it and everything in it. */
  destroy(): void {
    this.gyre.check(this.gyre.call.gyre_engine_destroy(this.id, this.gyre.resetError()));
  }

  /** Host driver: runs what is due at `nowMs`. @returns when to call next; null: nothing is planned. */
  poll(nowMs: number, maxTicks = 0): number | null {
    const { gyre } = this;
    const r = gyre.struct(POLL_RESULT, {});
    gyre.check(gyre.call.gyre_engine_poll(this.id, nowMs, maxTicks, r, gyre.resetError()));
    const next = gyre.f64(r + (POLL_RESULT.at.next_due_ms as [number, Kind])[0]);
    if (gyre.u32(r + 4) !== 0) return nowMs;
    return next < 0 ? null : next;
  }

  /** Virtual driver: runs everything due up to `toMs`; stops where external ticks are due. */
  advanceTo(toMs: number): void {
    this.gyre.check(this.gyre.call.gyre_engine_advance_to(this.id, toMs, this.gyre.resetError()));
  }

  get now(): number {
    this.gyre.check(this.gyre.call.gyre_engine_now(this.id, this.gyre.outWord));
    return this.gyre.f64(this.gyre.outWord);
  }

  /** Tells the gates what was measured; what is left out is not known. */
  supply(reading: { cpuPercent?: number; memoryPercent?: number; latencyMs?: number; mode?: string }): void {
    const { gyre } = this;
    const r = gyre.struct(READING, {
      mode: reading.mode === undefined ? 0 : gyre.name(reading.mode),
      cpu_percent: reading.cpuPercent ?? -1,
      memory_percent: reading.memoryPercent ?? -1,
      latency_ms: reading.latencyMs ?? -1,
    });
    gyre.check(gyre.call.gyre_engine_supply(this.id, r, gyre.resetError()));
  }

  /** Adds an external loop. @returns its id. @throws GyreError */
  addLoop(o: LoopOptions): number {
    const { gyre } = this;
    const held: Pointer[] = [];
    const hold = (at: Pointer) => (held.push(at), at);
    const table = (entries: Record<string, readonly number[]>): Pointer => {
      const list = Object.entries(entries);
      const rows = hold(gyre.alloc(Math.max(1, list.length) * KNOB.size)); // gyre_feature has the same layout
      list.forEach(([name, values], i) => {
        const at = hold(gyre.alloc(Math.max(8, values.length * 8)));
        values.forEach((v, k) => gyre.view.setFloat64(at + k * 8, v, true));
        gyre.struct(KNOB, { count: values.length, name: gyre.name(name), values: at }, rows + i * KNOB.size);
      });
      return rows;
    };
    const gates = o.gates ?? [];
    try {
      let gatesAt = 0;
      if (gates.length > 0) {
        gatesAt = hold(gyre.alloc(gates.length * GATE.size));
        gates.forEach((g, i) =>
          gyre.struct(GATE, {
            kind: { cpu: 1, memory: 2, latency: 3, mode: 4 }[g.kind],
            mode: g.kind === 'mode' && g.mode !== undefined ? gyre.name(g.mode) : 0,
            close_at: g.kind === 'mode' ? 0 : (g.closeAt ?? 0),
            open_at: g.kind === 'cpu' || g.kind === 'memory' ? (g.openAt ?? 0) : 0,
          }, gatesAt + i * GATE.size),
        );
      }
      const knobs = o.knobs ? table(o.knobs) : 0;
      const features = o.features ? table(o.features) : 0;
      const name = hold(gyre.put(o.name));
      const at = gyre.struct(LOOP_OPTIONS, {
        flags: 2 | (o.paused ? 1 : 0) | (o.deferrable ? 4 : 0) | (o.stateless ? 8 : 0),
        name,
        interval_ms: o.intervalMs,
        timeout_ms: o.timeoutMs ?? 0,
        jitter: o.jitter === null ? -1 : (o.jitter ?? 0),
        backoff_ms: o.backoffMs ?? 0,
        backoff_cap_ms: o.backoffCapMs ?? 0,
        group: o.group === undefined ? 0 : gyre.name(o.group),
        knobs,
        knob_count: Object.keys(o.knobs ?? {}).length,
        features,
        feature_count: Object.keys(o.features ?? {}).length,
        gates: gatesAt,
        gate_count: gates.length,
        discount: o.discount ?? 0,
        learning_rate: o.learningRate ?? 0,
        sample_average: o.sampleAverage ? 1 : 0,
        explore_from: o.explore ? o.explore.from || -1 : 0,
        explore_to: o.explore?.to !== undefined ? o.explore.to || -1 : 0,
        explore_over: o.explore?.over ?? 0,
        replay_capacity: o.replayCapacity ?? 0,
        priority: o.priority ?? 0,
      });
      gyre.check(gyre.call.gyre_loop_create(this.id, at, gyre.outWord, gyre.resetError()));
      return gyre.u32(gyre.outWord);
    } finally {
      held.forEach((h) => gyre.free(h));
    }
  }

  removeLoop(loop: number): void {
    this.gyre.check(this.gyre.call.gyre_loop_remove(loop, this.gyre.resetError()));
  }
  pause(loop: number): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_loop_pause(loop));
  }
  resume(loop: number): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_loop_resume(loop));
  }
  trigger(loop: number): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_loop_trigger(loop));
  }
  /** Changes what is given, before the loop's next tick. */
  reconfigure(loop: number, change: { intervalMs?: number; timeoutMs?: number; jitter?: number | null }): void {
    const { gyre } = this;
    const c = gyre.struct(LOOP_CHANGE, {
      interval_ms: change.intervalMs ?? 0,
      timeout_ms: change.timeoutMs ?? 0,
      jitter: change.jitter === null ? -1 : (change.jitter ?? 0),
    });
    gyre.check(gyre.call.gyre_loop_reconfigure(loop, c, gyre.resetError()));
  }

  /** The external ticks that are due, at most `most`; each must be completed. */
  acquire(most = 64): Tick[] {
    const { gyre } = this;
    const at = gyre.alloc(most * 4);
    try {
      gyre.check(gyre.call.gyre_tick_acquire(this.id, at, most, gyre.outWord, gyre.resetError()));
      const n = gyre.u32(gyre.outWord);
      return Array.from({ length: n }, (_, i) => new Tick(gyre, gyre.u32(at + i * 4)));
    } finally {
      gyre.free(at);
    }
  }

  publish(topic: string, payload: string | Uint8Array = ''): void {
    const { gyre } = this;
    const data = typeof payload === 'string' ? utf8.encode(payload) : payload;
    const at = gyre.alloc(data.length + 1);
    try {
      gyre.bytes.set(data, at);
      gyre.check(gyre.call.gyre_bus_publish(this.id, gyre.name(topic), at, data.length, 0, gyre.resetError()));
    } finally {
      gyre.free(at);
    }
  }

  /** A polled subscription; `*` is one token, `>` at the end one or more. */
  subscribe(pattern: string, o: SubscriptionOptions = {}): Subscription {
    const { gyre } = this;
    const at = gyre.struct(SUBSCRIPTION_OPTIONS, {
      capacity: o.capacity ?? 0,
      rate_per_s: o.ratePerS ?? 0,
      priority: o.priority ?? 0,
      overflow: { drop_newest: 0, drop_oldest: 1, keep_latest: 2, block: 3 }[o.overflow ?? 'drop_newest'],
    });
    gyre.check(gyre.call.gyre_bus_subscribe(this.id, gyre.name(pattern), at, gyre.outWord, gyre.resetError()));
    return new Subscription(gyre, gyre.u32(gyre.outWord));
  }

  remember(r: Recollection): void {
    const { gyre } = this;
    const held: Pointer[] = [];
    const hold = (at: Pointer) => (held.push(at), at);
    try {
      let tags = 0;
      if (r.tags && r.tags.length > 0) {
        tags = hold(gyre.alloc(r.tags.length * 4));
        r.tags.forEach((tag, i) => {
          const name = gyre.name(tag);
          gyre.view.setUint32(tags + i * 4, name, true);
        });
      }
      const body = hold(gyre.put(r.text));
      const at = gyre.struct(RECORD, {
        text: body,
        wall_ms: r.wallMs ?? Date.now(),
        user: r.user === undefined ? 0 : gyre.name(r.user),
        role: r.role === undefined ? 0 : gyre.name(r.role),
        source: r.source === undefined ? 0 : gyre.name(r.source),
        importance: r.importance === undefined ? 0 : r.importance || -1,
        tags,
        tag_count: r.tags?.length ?? 0,
      });
      gyre.check(gyre.call.gyre_memory_remember(this.id, at, gyre.resetError()));
    } finally {
      held.forEach((h) => gyre.free(h));
    }
  }

  /** Newest first, as the JSON text of gyre_memory_recall. */
  recall(q: Query = {}): string {
    const { gyre } = this;
    const held: Pointer[] = [];
    const word = (s: string | undefined) => {
      if (s === undefined) return 0;
      const at = gyre.put(s);
      held.push(at);
      return at;
    };
    try {
      const values = {
        limit: q.limit ?? 0, text: word(q.text), tag: word(q.tag), user: word(q.user), source: word(q.source),
        from_wall_ms: q.fromWallMs ?? 0, to_wall_ms: q.toWallMs ?? 0,
      };
      const { at, size } = gyre.grown((buf, cap, needed) =>
        gyre.call.gyre_memory_recall(this.id, gyre.struct(QUERY, values), buf, cap, needed, gyre.resetError()),
      );
      return gyre.decode(at, size - 1);
    } finally {
      held.forEach((h) => gyre.free(h));
    }
  }

  consolidate(): void {
    this.gyre.check(this.gyre.call.gyre_memory_consolidate(this.id, this.gyre.resetError()));
  }

  /** Declares what one loop does for another, -1..1. */
  connect(from: string, to: string, weight: number): void {
    const { gyre } = this;
    gyre.check(gyre.call.gyre_graph_connect(this.id, gyre.name(from), gyre.name(to), weight, gyre.resetError()));
  }

  get score(): number {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_graph_score(this.id, this.gyre.outWord));
    return this.gyre.f64(this.gyre.outWord);
  }

  /** Adds awareness, emotional_decay, memory_consolidation and curiosity at 1/divisor of their intervals. */
  addSociety(divisor = 1): void {
    this.gyre.check(this.gyre.call.gyre_society_add(this.id, divisor, this.gyre.resetError()));
  }

  /** Everything observable now, as JSON text; docs/formats.md names its fields. */
  snapshot(): string {
    const { gyre } = this;
    const { at, size } = gyre.grown((buf, cap, needed) =>
      gyre.call.gyre_snapshot_json(this.id, buf, cap, needed, gyre.resetError()),
    );
    return gyre.decode(at, size - 1); // without the NUL
  }

  /** 16 hex digits over every finished tick. */
  traceHash(): string {
    const { gyre } = this;
    const { at, size } = gyre.grown((buf, cap, needed) => {
      gyre.resetError();
      return gyre.call.gyre_trace_hash(this.id, buf, cap, needed);
    });
    return gyre.decode(at, size - 1);
  }
}

/** A polled subscription. */
export class Subscription {
  constructor(
    private readonly gyre: Gyre,
    /** The subscription's id. */
    readonly id: number,
  ) {}

  /** The next message; null: none waits. */
  poll(): Message | null {
    const { gyre } = this;
    const at = (field: string) => (MESSAGE.at[field] as [number, Kind])[0];
    let record: Pointer = 0;
    try {
      gyre.grown((buf, cap, needed) => {
        gyre.resetError();
        record = gyre.struct(MESSAGE, {});
        return gyre.call.gyre_bus_poll(this.id, record, buf, cap, needed);
      });
    } catch (error) {
      if (error instanceof GyreError && error.status === Status.NOT_FOUND) return null;
      throw error;
    }
    const [topic, payload] = [gyre.u32(record + at('topic')), gyre.u32(record + at('payload'))];
    const size = gyre.u32(record + at('payload_size'));
    return {
      topic: gyre.decode(topic, gyre.u32(record + at('topic_size'))),
      payload: gyre.bytes.slice(payload, payload + size),
      atMs: gyre.f64(record + at('at_ms')),
      sequence: gyre.view.getBigUint64(record + at('sequence'), true),
    };
  }

  /** Takes and throws away what waits, at most `most`; returns how many. */
  drain(most = 1024): number {
    let n = 0;
    while (n < most && this.poll() !== null) n += 1;
    return n;
  }
}

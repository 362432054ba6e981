// engine.ts - a set of loops with its clock, bus and memory, over the module's functions.
// Room: wasm. Threads: those of the module: one.
import {
  GATE, LOOP_CHANGE, LOOP_OPTIONS, POLL_RESULT, QUERY, READING, RECORD, SUBSCRIPTION_OPTIONS, type Kind,
} from './layouts.ts';
import { pick, utf8, whole, word, type Memory, type Pointer } from './memory.ts';
import type {
  Gate, Learned, LoopOptions, Query, Recollection, Report, SubscriptionOptions, TuningMode,
} from './options.ts';
import { Status } from './status.ts';
import { Subscription } from './subscription.ts';
import { Tick } from './tick.ts';
import { learned, report } from './tuner.ts';
import { declare, learning, modeOf, rails } from './tuning.ts';

const OVERFLOW = { drop_newest: 0, drop_oldest: 1, keep_latest: 2, block: 3 };

/** A set of loops with its clock, bus and memory. */
export class Engine {
  constructor(
    private readonly gyre: Memory,
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
    const most = word('maxTicks', maxTicks);
    const r = gyre.struct(POLL_RESULT, {});
    gyre.check(gyre.call.gyre_engine_poll(this.id, nowMs, most, r, gyre.resetError()));
    const next = gyre.f64(r + (POLL_RESULT.at.next_due_ms as [number, Kind])[0]);
    if (gyre.u32(r + 4) !== 0) return nowMs;
    return next < 0 ? null : next;
  }

  /**
   * Virtual driver: moves the clock to where a tick is due, `toMs` at most: acquire and complete what there is, and
   * call it again until `now` is there.
   */
  stepTo(toMs: number): void {
    this.gyre.check(this.gyre.call.gyre_engine_step_to(this.id, toMs, 0, this.gyre.resetError()));
  }

  /** Virtual driver: moves the clock to `toMs`; of a loop's ticks that are due up to then one waits, the others were missed. */
  advanceTo(toMs: number): void {
    this.gyre.check(this.gyre.call.gyre_engine_advance_to(this.id, toMs, this.gyre.resetError()));
  }

  get now(): number {
    this.gyre.check(this.gyre.call.gyre_engine_now(this.id, this.gyre.outWord));
    return this.gyre.f64(this.gyre.outWord);
  }

  /** Tells the gates what was measured; what is left out is not known. latencyMs has no effect: a latency gate sees the recent p99 of its own loop. */
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
    return gyre.holding((hold) => {
      const text = (value: string | undefined) => (value === undefined ? 0 : hold(gyre.put(value)));
      const values = {
        flags: 2 | (o.paused ? 1 : 0) | (o.deferrable ? 4 : 0) | (o.stateless ? 8 : 0) | (o.sequential ? 32 : 0) |
          (o.engineFeatures ? 64 : 0),
        name: text(o.name),
        interval_ms: o.intervalMs,
        timeout_ms: o.timeoutMs ?? 0,
        jitter: o.jitter === null ? -1 : (o.jitter ?? 0),
        backoff_ms: o.backoffMs ?? 0,
        backoff_cap_ms: o.backoffCapMs ?? 0,
        group: text(o.group),
        knobs: declare(gyre, o.knobs ?? {}, hold),
        knob_count: Object.keys(o.knobs ?? {}).length,
        features: declare(gyre, o.features ?? {}, hold),
        feature_count: Object.keys(o.features ?? {}).length,
        gates: this.gates(o.gates ?? [], hold),
        gate_count: o.gates?.length ?? 0,
        ...learning(o),
        replay_capacity: o.replayCapacity ?? 0,
        priority: o.priority ?? 0,
        tuning: rails(gyre, o.tuning, o.knobs ?? {}, hold),
      };
      const at = gyre.struct(LOOP_OPTIONS, values);
      gyre.check(gyre.call.gyre_loop_create(this.id, at, gyre.outWord, gyre.resetError()));
      return gyre.u32(gyre.outWord);
    });
  }

  /** Gates as an array of gyre_gate; 0 when there are none. */
  private gates(list: readonly Gate[], hold: (at: Pointer) => Pointer): Pointer {
    const { gyre } = this;
    if (list.length === 0) return 0;
    const rows = hold(gyre.alloc(list.length * GATE.size));
    list.forEach((g, i) => {
      const values = {
        kind: pick('a gate', { cpu: 1, memory: 2, latency: 3, mode: 4 }, g.kind),
        mode: g.kind === 'mode' && g.mode !== undefined ? hold(gyre.put(g.mode)) : 0,
        close_at: g.kind === 'mode' ? 0 : (g.closeAt ?? 0),
        open_at: g.kind === 'cpu' || g.kind === 'memory' ? (g.openAt ?? 0) : 0,
      };
      gyre.struct(GATE, values, rows + i * GATE.size);
    });
    return rows;
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
  /** Changes what is given, before the loop's next tick; `mode` is of its tuner, which a group shares. */
  reconfigure(
    loop: number,
    change: { intervalMs?: number; timeoutMs?: number; jitter?: number | null; mode?: TuningMode; atRandom?: number },
  ): void {
    const { gyre } = this;
    const c = gyre.struct(LOOP_CHANGE, {
      interval_ms: change.intervalMs ?? 0,
      timeout_ms: change.timeoutMs ?? 0,
      jitter: change.jitter === null ? -1 : (change.jitter ?? 0),
      mode: change.mode === undefined ? 0 : modeOf(change.mode),
      at_random: change.atRandom === undefined ? 0 : change.atRandom || -1,
    });
    gyre.check(gyre.call.gyre_loop_reconfigure(loop, c, gyre.resetError()));
  }
  /** What a loop's tuner did and knows as a whole. @throws GyreError: it has no knobs, or learns otherwise. */
  learned(loop: number): Learned {
    return learned(this.gyre, (at) => this.gyre.call.gyre_loop_learned(loop, at));
  }
  /** What it knows of one of its first 64 states. */
  report(loop: number, state: number): Report {
    return report(this.gyre, (at) => this.gyre.call.gyre_loop_report(loop, word('state', state), at));
  }
  /** What the tick of a ticket earned, of Tick.rewardLater(). @throws GyreError: it has had its reward, or was given up */
  reward(loop: number, ticket: number, value: number): void {
    this.gyre.check(this.gyre.call.gyre_loop_reward(loop, word('ticket', ticket), value, this.gyre.resetError()));
  }
  /** The value that each knob of a loop has in an action, in declared order; of names their index. */
  values(loop: number, action: number): number[] {
    return this.gyre.numbers((out, cap, needed) => this.gyre.call.gyre_loop_values(loop, word('action', action), out, cap, needed));
  }

  /** What a loop's percentiles are made of: for each bucket in which a tick lies, its upper end in ms and how many do. */
  histogram(loop: number, times: 'latency' | 'window' | 'late'): [upToMs: number, count: number][] {
    const which = pick('times', { latency: 0, window: 1, late: 2 }, times);
    const flat = this.gyre.numbers((out, cap, needed) => this.gyre.call.gyre_loop_histogram(loop, which, out, cap, needed));
    return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] as number, flat[2 * i + 1] as number]);
  }

  /** The external ticks that are due, at most `most`; each must be completed. */
  acquire(most = 64): Tick[] {
    const { gyre } = this;
    const at = gyre.alloc(Number(whole('most', most, 0, 2 ** 20)) * 4);
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
    gyre.holding((hold) => {
      const [name, body] = [hold(gyre.put(topic)), hold(gyre.place(data))];
      gyre.check(gyre.call.gyre_bus_publish(this.id, name, body, data.length, 0, gyre.resetError()));
    });
  }

  /** A polled subscription; `*` is one token, `>` at the end one or more. */
  subscribe(pattern: string, o: SubscriptionOptions = {}): Subscription {
    const { gyre } = this;
    return gyre.holding((hold) => {
      const name = hold(gyre.put(pattern));
      const at = gyre.struct(SUBSCRIPTION_OPTIONS, {
        capacity: o.capacity ?? 0,
        rate_per_s: o.ratePerS ?? 0,
        priority: o.priority ?? 0,
        overflow: pick('overflow', OVERFLOW, o.overflow ?? 'drop_newest'),
      });
      gyre.check(gyre.call.gyre_bus_subscribe(this.id, name, at, gyre.outWord, gyre.resetError()));
      return new Subscription(gyre, gyre.u32(gyre.outWord));
    });
  }

  remember(r: Recollection): void {
    const { gyre } = this;
    gyre.holding((hold) => {
      const text = (value: string | undefined) => (value === undefined ? 0 : hold(gyre.put(value)));
      const list = r.tags ?? [];
      const tags = list.length > 0 ? hold(gyre.alloc(list.length * 4)) : 0;
      list.forEach((tag, i) => {
        const at = text(tag);
        gyre.view.setUint32(tags + i * 4, at, true);
      });
      const values = {
        text: text(r.text),
        wall_ms: r.wallMs ?? Date.now(),
        user: text(r.user),
        role: text(r.role),
        source: text(r.source),
        importance: r.importance === undefined ? 0 : r.importance || -1,
        tags,
        tag_count: list.length,
      };
      gyre.check(gyre.call.gyre_memory_remember(this.id, gyre.struct(RECORD, values), gyre.resetError()));
    });
  }

  /** Newest first, as the JSON text of gyre_memory_recall. */
  recall(q: Query = {}): string {
    const { gyre } = this;
    return gyre.holding((hold) => {
      const text = (value: string | undefined) => (value === undefined ? 0 : hold(gyre.put(value)));
      const values = {
        limit: q.limit ?? 0, text: text(q.text), tag: text(q.tag), user: text(q.user), source: text(q.source),
        from_wall_ms: q.fromWallMs ?? 0, to_wall_ms: q.toWallMs ?? 0,
      };
      const { at, size } = gyre.grown((buf, cap, needed) =>
        gyre.call.gyre_memory_recall(this.id, gyre.struct(QUERY, values), buf, cap, needed, gyre.resetError()),
      );
      return gyre.decode(at, size - 1);
    });
  }

  consolidate(): void {
    this.gyre.check(this.gyre.call.gyre_memory_consolidate(this.id, this.gyre.resetError()));
  }

  /** Declares what one loop does for another, -1..1. */
  connect(from: string, to: string, weight: number): void {
    const { gyre } = this;
    gyre.holding((hold) => {
      const [a, b] = [hold(gyre.put(from)), hold(gyre.put(to))];
      gyre.check(gyre.call.gyre_graph_connect(this.id, a, b, weight, gyre.resetError()));
    });
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

  /** All that its loops have learned and that it remembers, as bytes that load() takes, of any machine. */
  save(): Uint8Array {
    const { gyre } = this;
    const { at, size } = gyre.grown((buf, cap, needed) =>
      gyre.call.gyre_engine_save(this.id, buf, cap, needed, gyre.resetError()),
    );
    return gyre.bytes.slice(at, at + size);
  }
  /**
   * Takes that in place of its own. Learners go by the names of their loops or groups, which are added first; with
   * the same options and seed each goes on bit for bit. @returns how many no loop here can go on with.
   */
  load(bytes: Uint8Array): number {
    const { gyre } = this;
    return gyre.holding((hold) => {
      const at = hold(gyre.place(bytes));
      gyre.check(gyre.call.gyre_engine_load(this.id, at, bytes.length, gyre.outWord, gyre.resetError()));
      return gyre.u32(gyre.outWord);
    });
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

// tuner.ts - a tuner by itself, for those who bring their own loop.
// Room: wasm. Threads: those of the module: one.
import { loaded, saved } from './columns.ts';
import { STATE_REPORT, TUNING_METRICS } from './layouts.ts';
import { word, type Memory } from './memory.ts';
import type { Learned, Report, TuningMode } from './options.ts';
import { modeOf } from './tuning.ts';

/**
 * Finds what earns most in each state, in few noisy tries. A *state* is a bucket for each feature, an *action* a value
 * for each knob, both numbered mixed radix, the first declared counting most.
 *
 *     const tuner = gyre.tuner({ knobs: { level: [0, 6, 9], codec: ['zlib', 'none'] }, features: { link: [100] } });
 *     const state = tuner.state([40]);
 *     const { action } = tuner.choose(state);
 *     tuner.observe(state, action, ship(...tuner.values(action)));
 */
export class Tuner {
  constructor(
    private readonly gyre: Memory,
    /** The tuner's id. */
    readonly id: number,
  ) {}

  /** The state in which each feature has the value that was seen, in declared order. */
  state(seen: readonly number[]): number {
    const { gyre } = this;
    return gyre.holding((hold) => {
      const at = hold(gyre.alloc(Math.max(8, seen.length * 8)));
      seen.forEach((v, i) => gyre.view.setFloat64(at + i * 8, v, true));
      gyre.resetError();
      gyre.check(gyre.call.gyre_tuner_state(this.id, at, seen.length, gyre.outWord));
      return gyre.u32(gyre.outWord);
    });
  }
  /** The value that each knob has in an action, in declared order; of names their index. */
  values(action: number): number[] {
    return this.gyre.numbers((out, cap, needed) => this.gyre.call.gyre_tuner_values(this.id, word('action', action), out, cap, needed));
  }
  /** Chooses an action; those in `notNow` are left out, unless nothing else is left. */
  choose(state: number, notNow: readonly number[] = []): { action: number; propensity: number } {
    const { gyre } = this;
    return gyre.holding((hold) => {
      const at = notNow.length > 0 ? hold(gyre.alloc(notNow.length * 4)) : 0;
      notNow.forEach((a, i) => gyre.view.setUint32(at + i * 4, word('notNow', a), true));
      gyre.resetError();
      const odds = gyre.outWord + 8;
      gyre.check(gyre.call.gyre_tuner_choose(this.id, word('state', state), at, notNow.length, gyre.outWord, odds));
      return { action: gyre.u32(gyre.outWord), propensity: gyre.f64(odds) };
    });
  }
  /** Learns what an action earned, also one that choose() did not give. */
  observe(state: number, action: number, reward: number): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_tuner_observe(this.id, word('state', state), word('action', action), reward));
  }
  /** Learns that an action failed: worth less than the worst reward so far. */
  observeFailure(state: number, action: number): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_tuner_observe_failure(this.id, word('state', state), word('action', action)));
  }
  /** What another figure was, and what it may be at most: settings that break the limit with confidence are avoided. */
  limit(state: number, action: number, name: string, value: number, atMost: number): void {
    const { gyre } = this;
    gyre.resetError();
    gyre.check(gyre.call.gyre_tuner_limit(this.id, word('state', state), word('action', action), gyre.name(name), value, atMost));
  }
  set mode(mode: TuningMode) {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_tuner_set_mode(this.id, modeOf(mode)));
  }
  /** All that it has learned, as bytes that load() takes, of any machine. */
  save(): Uint8Array {
    return saved(this.gyre, (...room) => this.gyre.call.gyre_tuner_save(this.id, ...room));
  }
  /** Replaces what it has learned; with the same options it goes on draw for draw. */
  load(bytes: Uint8Array): void {
    loaded(this.gyre, bytes, (...given) => this.gyre.call.gyre_tuner_load(this.id, ...given));
  }
  /** What it did and knows as a whole. */
  learned(): Learned {
    return learned(this.gyre, (at) => this.gyre.call.gyre_tuner_metrics_read(this.id, at));
  }
  /** What it knows of one state. */
  report(state: number): Report {
    return report(this.gyre, (at) => this.gyre.call.gyre_tuner_report(this.id, word('state', state), at));
  }
  /** Frees it. */
  destroy(): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_tuner_destroy(this.id));
  }
}

export function learned(gyre: Memory, read: (at: number) => number): Learned {
  gyre.resetError();
  const at = gyre.struct(TUNING_METRICS, {});
  gyre.check(read(at));
  return gyre.fields(TUNING_METRICS, at) as unknown as Learned;
}
export function report(gyre: Memory, read: (at: number) => number): Report {
  gyre.resetError();
  const at = gyre.struct(STATE_REPORT, {});
  gyre.check(read(at));
  return gyre.fields(STATE_REPORT, at) as unknown as Report;
}

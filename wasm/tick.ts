// tick.ts - one run of an external loop.
// Room: wasm. Threads: those of the module: one.
import { COMPLETION, TICK_INFO, type Kind } from './layouts.ts';
import type { Memory } from './memory.ts';
import { Status } from './status.ts';

/** One run of a loop: read the knobs, do the work, say what it earned, complete(). */
export class Tick {
  constructor(
    private readonly gyre: Memory,
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
  /** Rules out for this tick what has this value; before the first knob(). */
  forbid(knob: string, value: number): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_tick_forbid(this.id, this.gyre.name(knob), value));
  }
  /** Someone else has set this knob: the reward is learned of that. */
  used(knob: string, value: number): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_tick_used(this.id, this.gyre.name(knob), value));
  }
  /** The reward comes later, by engine.reward() with this ticket. */
  rewardLater(): number {
    const { gyre } = this;
    gyre.resetError();
    gyre.check(gyre.call.gyre_tick_reward_later(this.id, gyre.outWord));
    return gyre.u32(gyre.outWord);
  }
  /** A goal beside the reward: this tick's figure of that name, and what it may be at most. */
  limit(name: string, value: number, atMost: number): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_tick_limit(this.id, this.gyre.name(name), value, atMost));
  }
  /** What it cost: a reward of -`value`. */
  cost(value: number): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_tick_cost(this.id, value));
  }
  /** With `sequential`: nothing is earned after this tick (terminated), or it was cut off here (truncated). */
  terminated(): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_tick_terminated(this.id));
  }
  truncated(): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_tick_truncated(this.id));
  }
  vitality(value: number): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_tick_vitality(this.id, value));
  }
  /** Hands it back. @returns false when it had timed out before. */
  complete(how: { failed?: string; tookMs?: number } = {}): boolean {
    const { gyre } = this;
    gyre.resetError();
    const why = how.failed === undefined ? 0 : gyre.put(how.failed.replaceAll('\0', '\ufffd'));
    const c = gyre.struct(COMPLETION, { failed: why ? 1 : 0, text: why, took_ms: how.tookMs ?? 0 });
    const status = gyre.call.gyre_tick_complete(this.id, c);
    if (why) gyre.free(why);
    if (status === Status.STALE) return false;
    gyre.check(status);
    return true;
  }
}

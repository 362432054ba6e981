// clock.ts - the engine's time: as fast as asked for, held, or at rest with the engine.
// Room: page. Threads: the worker.

/** The furthest step of the engine's time, in ms, where it goes faster than the real one. */
const STEP_MS = 20;
/** What the engine may fall behind by, in ms of its time, before it is given up: then it goes as fast as it can. */
const MOST_BEHIND_MS = 100;
const PACE_MS = 1000;

export class Clock {
  /** The engine's time in ms. */
  now = 0;
  held = false;
  private factor = 1;
  private resting = false;
  private wanted = 0; // where `now` is to be
  private looked = 0; // performance.now() then
  private since = { real: 0, engine: 0 };
  private pace = 1;

  /** Starts at 0. */
  begin(): void {
    [this.now, this.wanted, this.looked] = [0, 0, performance.now()];
    this.since = { real: this.looked, engine: 0 };
    this.held = false;
  }

  /** Moves on to what is wanted now, in steps where that is faster than real time. */
  step(): number {
    this.look();
    this.now = this.factor > 1 ? Math.min(this.wanted, this.now + STEP_MS) : this.wanted;
    return this.now;
  }
  get behind(): boolean {
    return this.wanted > this.now;
  }
  giveUp(): void {
    if (this.factor > 1) this.wanted = Math.min(this.wanted, this.now + MOST_BEHIND_MS);
  }
  /** Real ms until the engine's `next`. */
  wait(next: number): number {
    return this.behind ? 0 : (next - this.now) / this.factor - (performance.now() - this.looked);
  }
  /** While it is held: forward to `next`. */
  to(next: number): void {
    this.now = this.wanted = Math.max(this.now, next);
  }

  speed(factor: number): void {
    this.look();
    this.wanted = this.now;
    [this.factor, this.pace] = [factor, factor];
    this.since = { real: this.looked, engine: this.now };
  }
  hold(on: boolean): void {
    this.look();
    this.held = on;
    this.wanted = this.now;
  }
  /** The engine is stopped, and its time with it. */
  rest(on: boolean): void {
    this.look();
    this.resting = on;
  }

  /** What is asked for, and how many ms of the engine's time a real one had in about the last second. */
  said(): { speed: number; pace: number; held: boolean } {
    const real = performance.now();
    if (real - this.since.real >= PACE_MS) {
      this.pace = (this.now - this.since.engine) / (real - this.since.real);
      this.since = { real, engine: this.now };
    }
    return { speed: this.factor, pace: this.pace, held: this.held };
  }

  private look(): void {
    const real = performance.now();
    if (!this.held && !this.resting) this.wanted += (real - this.looked) * this.factor;
    this.looked = real;
  }
}

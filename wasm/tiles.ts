// tiles.ts - a learner that sees numbers, not states: SARSA(lambda) or Q(lambda) over tile coding.
// Room: wasm. Threads: those of the module: one.
import { chosen, columns, loaded, observed, orNone, saved, type Numbers, type Steps } from './columns.ts';
import { TILES_OPTIONS } from './layouts.ts';
import type { Memory } from './memory.ts';
import type { TilesOptions } from './options.ts';
import { method } from './tuning.ts';

/**
 * A learner over tiles. Rows of a number for each axis come one after the other.
 *
 *     const tiles = gyre.tiles({ axes: [{ low: 0, high: 100, cuts: 8 }], actions: 3 });
 *     const [action] = tiles.choose(seen);
 *     tiles.observe({ seen, actions: [action], rewards: [reward], next });
 */
export class Tiles {
  constructor(
    private readonly gyre: Memory,
    /** The learner's id. */
    readonly id: number,
    readonly axes: number,
  ) {}

  /** An action for each row, exploring. @throws GyreError: a number is not finite */
  choose(seen: Numbers, into?: Uint32Array): Uint32Array {
    const { gyre } = this;
    return chosen(gyre, 'f32', this.axes, seen, into, (at, out, count) => gyre.call.gyre_tiles_choose(this.id, at, out, count));
  }
  /** The action of most worth for each row; no decision is counted. */
  greedy(seen: Numbers, into?: Uint32Array): Uint32Array {
    const { gyre } = this;
    return chosen(gyre, 'f32', this.axes, seen, into, (at, out, count) => gyre.call.gyre_tiles_greedy(this.id, at, out, count));
  }
  /** Learns from steps, in the order in which they came; from none when one is refused. */
  observe(steps: Steps): void {
    observed(this.gyre, this.axes, steps, (...at) => this.gyre.call.gyre_tiles_observe(this.id, ...at));
  }
  /** All that it has learned, as bytes that load() takes, of any machine. */
  save(): Uint8Array {
    return saved(this.gyre, (...room) => this.gyre.call.gyre_tiles_save(this.id, ...room));
  }
  /** Replaces what it has learned; with the same options it goes on as the other did, bit for bit. */
  load(bytes: Uint8Array): void {
    loaded(this.gyre, bytes, (...given) => this.gyre.call.gyre_tiles_load(this.id, ...given));
  }
  /** Frees it. */
  destroy(): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_tiles_destroy(this.id));
  }
}

export function tiles(gyre: Memory, o: TilesOptions): Tiles {
  return columns(gyre, (c) => {
    const values = {
      axis_count: o.axes.length,
      lows: c.put('f64', 'low', o.axes.map((a) => a.low)),
      highs: c.put('f64', 'high', o.axes.map((a) => a.high)),
      cuts: c.put('u32', 'cuts', o.axes.map((a) => a.cuts)),
      actions: o.actions,
      tilings: o.tilings ?? 0,
      weights: o.weights ?? 0,
      discount: orNone(o.discount),
      learning_rate: o.learningRate ?? 0,
      lambda: orNone(o.lambda),
      ...method(o),
      seed: o.seed ?? 0n,
    };
    const at = gyre.struct(TILES_OPTIONS, values);
    gyre.check(gyre.call.gyre_tiles_create(at, gyre.outWord, gyre.resetError()));
    return new Tiles(gyre, gyre.u32(gyre.outWord), o.axes.length);
  });
}

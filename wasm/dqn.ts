// dqn.ts - Q-learning by a small network, by itself: for states that are numbers.
// Room: wasm. Threads: those of the module: one.
import { chosen, columns, loaded, observed, orNone, roomy, rowsOf, saved, type Numbers, type Steps } from './columns.ts';
import { DQN_METRICS, DQN_OPTIONS } from './layouts.ts';
import { word, type Memory } from './memory.ts';
import type { DqnMetrics, DqnOptions } from './options.ts';

/**
 * Double, dueling, n-step, prioritized Q-learning of a network. Observations come one after the other, in any unit.
 *
 *     const dqn = gyre.dqn({ inputs: 2, actions: 3 });
 *     const [action] = dqn.act(seen);
 *     dqn.observe({ seen, actions: [action], rewards: [reward], next, terminated: [over] });
 */
export class Dqn {
  constructor(
    private readonly gyre: Memory,
    /** The learner's id. */
    readonly id: number,
    readonly inputs: number,
    readonly actions: number,
  ) {}

  /** An action for each observation, exploring. @throws GyreError: a number is not finite */
  act(seen: Numbers, into?: Uint32Array): Uint32Array {
    const { gyre } = this;
    return chosen(gyre, 'f32', this.inputs, seen, into, (at, out, count) => gyre.call.gyre_dqn_act(this.id, at, out, count));
  }
  /** What each action is held to be worth in each observation, row by row. */
  worth(seen: Numbers, into?: Float32Array): Float32Array {
    const { gyre } = this;
    const count = rowsOf('what is seen', seen.length, this.inputs);
    roomy(into, count * this.actions);
    return columns(gyre, (c) => {
      const [at, out] = [c.put('f32', 'seen', seen), c.room('f32', count * this.actions)];
      gyre.resetError();
      if (count > 0) gyre.check(gyre.call.gyre_dqn_worth(this.id, at, out, count));
      return c.take('f32', out, count * this.actions, into);
    });
  }
  /** Learns from steps, in the order in which they came; from none when one is refused. */
  observe(steps: Steps): void {
    observed(this.gyre, this.inputs, steps, (...at) => this.gyre.call.gyre_dqn_observe(this.id, ...at));
  }
  /** Trains on so many batches beyond those that are due. @throws GyreError: no step is complete */
  train(batches = 1): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_dqn_train(this.id, word('batches', batches)));
  }
  /** All that it has learned, with its replay, as bytes that load() takes, of any machine. */
  save(): Uint8Array {
    return saved(this.gyre, (...room) => this.gyre.call.gyre_dqn_save(this.id, ...room));
  }
  /** Replaces what it has learned; with the same options it goes on as the other did, bit for bit. */
  load(bytes: Uint8Array): void {
    loaded(this.gyre, bytes, (...given) => this.gyre.call.gyre_dqn_load(this.id, ...given));
  }
  /** What it learned from. */
  metrics(): DqnMetrics {
    const { gyre } = this;
    gyre.resetError();
    const at = gyre.struct(DQN_METRICS, {});
    gyre.check(gyre.call.gyre_dqn_metrics_read(this.id, at));
    return gyre.fields(DQN_METRICS, at) as unknown as DqnMetrics;
  }
  /** Frees it. */
  destroy(): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_dqn_destroy(this.id));
  }
}

export function dqn(gyre: Memory, o: DqnOptions): Dqn {
  return columns(gyre, (c) => {
    const hidden = o.hidden ?? [];
    const values = {
      inputs: o.inputs,
      actions: o.actions,
      layers: hidden.length,
      hidden: hidden.length > 0 ? c.put('u32', 'hidden', hidden) : 0,
      discount: orNone(o.discount),
      learning_rate: o.learningRate ?? 0,
      target_rate: o.targetRate ?? 0,
      alpha: orNone(o.alpha),
      beta: orNone(o.beta),
      beta_over: o.betaOver ?? 0,
      corner: o.corner ?? 0,
      explore_from: orNone(o.explore?.from),
      explore_to: orNone(o.explore?.to),
      explore_over: o.explore?.over ?? 0,
      seed: o.seed ?? 0n,
      batch: o.batch ?? 0,
      every: o.every ?? 0,
      warmup: o.warmup ?? 0,
      capacity: o.capacity ?? 0,
      steps: o.steps ?? 0,
      flags: (o.single ? 1 : 0) | (o.plain ? 2 : 0),
    };
    const at = gyre.struct(DQN_OPTIONS, values);
    gyre.check(gyre.call.gyre_dqn_create(at, gyre.outWord, gyre.resetError()));
    return new Dqn(gyre, gyre.u32(gyre.outWord), o.inputs, o.actions);
  });
}

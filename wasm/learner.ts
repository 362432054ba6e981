// learner.ts - a tabular learner by itself, for those whose actions change what they find next.
// Room: wasm. Threads: those of the module: one.
import { chosen, endsOf, loaded, same, saved, type Ends, type Numbers } from './columns.ts';
import { LEARNER_METRICS, TRANSITION } from './layouts.ts';
import { word, type Call, type Memory, type Pointer } from './memory.ts';
import type { LearnerMetrics, Transition } from './options.ts';

/** Transitions as columns. */
export interface Transitions extends Ends {
  states: Numbers;
  actions: Numbers;
  rewards: Numbers;
  next: Numbers;
}

/**
 * Q-learning over states x actions, trained from its own replay buffer.
 *
 *     const learner = gyre.learner({ states: 48, actions: 4, discount: 0.95 });
 *     const action = learner.choose(state);
 *     learner.observe({ state, action, reward, next });
 */
export class Learner {
  private readonly at: Pointer;

  constructor(
    private readonly gyre: Memory,
    /** The learner's id. */
    readonly id: number,
  ) {
    this.at = gyre.alloc(8);
  }

  /** Chooses an action, exploring; for many states one each. @throws GyreError: no such state */
  choose(state: number): number;
  choose(states: Numbers, into?: Uint32Array): Uint32Array;
  choose(states: Numbers | number, into?: Uint32Array): Uint32Array | number {
    return this.of(this.gyre.call.gyre_learner_choose, states, into);
  }
  /** The action of most worth; for many states one each. No decision is counted. */
  greedy(state: number): number;
  greedy(states: Numbers, into?: Uint32Array): Uint32Array;
  greedy(states: Numbers | number, into?: Uint32Array): Uint32Array | number {
    return this.of(this.gyre.call.gyre_learner_greedy, states, into);
  }
  private of(call: Call, states: Numbers | number, into?: Uint32Array): Uint32Array | number {
    const { gyre, at } = this;
    if (typeof states !== 'number') return chosen(gyre, 'u32', 1, states, into, (...at) => call(this.id, ...at));
    gyre.resetError();
    gyre.view.setUint32(at, word('state', states), true);
    gyre.check(call(this.id, at, at + 4, 1));
    return gyre.u32(at + 4);
  }
  /** Learns from what happened. */
  observe(t: Transition): void {
    const { gyre } = this;
    gyre.resetError();
    const at = gyre.struct(TRANSITION, {
      state: t.state, action: t.action, next: t.next, reward: t.reward, flags: (t.terminated ? 1 : 0) | (t.truncated ? 2 : 0),
    });
    gyre.check(gyre.call.gyre_learner_observe(this.id, at, 1));
  }
  /** ... from many transitions, in order; from none when one is refused. */
  observeMany(t: Transitions): void {
    const { gyre } = this;
    const count = t.states.length;
    for (const name of ['actions', 'rewards', 'next'] as const) same(name, t[name].length, count);
    const ends = endsOf(t, count);
    gyre.holding((hold) => {
      const at = hold(gyre.alloc(Math.max(8, count * TRANSITION.size)));
      for (let i = 0; i < count; i += 1) {
        const [state, action, next, reward] = [t.states[i], t.actions[i], t.next[i], t.rewards[i]] as [number, number, number, number];
        gyre.struct(TRANSITION, { state, action, next, reward, flags: ends[i] as number }, at + i * TRANSITION.size);
      }
      gyre.resetError();
      if (count > 0) gyre.check(gyre.call.gyre_learner_observe(this.id, at, count));
    });
  }
  /** Learns once more from what was observed: a batch of its replay, or by planning. */
  train(): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_learner_train(this.id));
  }
  /** All that it has learned, as bytes that load() takes, of any machine. */
  save(): Uint8Array {
    return saved(this.gyre, (...room) => this.gyre.call.gyre_learner_save(this.id, ...room));
  }
  /** Replaces what it has learned; with the same options it goes on as the other did, bit for bit. */
  load(bytes: Uint8Array): void {
    loaded(this.gyre, bytes, (...given) => this.gyre.call.gyre_learner_load(this.id, ...given));
  }
  /** The table, row by row: states x actions. */
  q(): Float32Array {
    const { gyre } = this;
    gyre.resetError();
    const { at, size } = gyre.grown((buf, cap, needed) => gyre.call.gyre_learner_q(this.id, buf, cap >> 2, needed), 4);
    return new Float32Array(gyre.bytes.slice(at, at + size * 4).buffer);
  }
  /** What it learned from. */
  metrics(): LearnerMetrics {
    const { gyre } = this;
    gyre.resetError();
    const at = gyre.struct(LEARNER_METRICS, {});
    gyre.check(gyre.call.gyre_learner_metrics_read(this.id, at));
    return gyre.fields(LEARNER_METRICS, at) as unknown as LearnerMetrics;
  }
  /** Frees it. */
  destroy(): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_learner_destroy(this.id));
    this.gyre.free(this.at);
  }
}

// learner.ts - a tabular learner by itself, for those whose actions change what they find next.
// Room: wasm. Threads: those of the module: one.
import { LEARNER_METRICS, TRANSITION } from './layouts.ts';
import type { Memory, Pointer } from './memory.ts';
import type { LearnerMetrics, Transition } from './options.ts';

/**
 * Q-learning over states x actions, trained from its own replay buffer.
 *
 *     const learner = gyre.learner({ states: 48, actions: 4, discount: 0.95 });
 *     const action = learner.choose(state);
 *     learner.observe({ state, action, reward, next });
 */
export class Learner {
  private readonly word: Pointer;

  constructor(
    private readonly gyre: Memory,
    /** The learner's id. */
    readonly id: number,
  ) {
    this.word = gyre.alloc(8);
  }

  /** Chooses an action, exploring. @throws GyreError: no such state */
  choose(state: number): number {
    const { gyre, word } = this;
    gyre.resetError();
    gyre.view.setUint32(word, state, true);
    gyre.check(gyre.call.gyre_learner_choose(this.id, word, word + 4, 1));
    return gyre.u32(word + 4);
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
    this.gyre.free(this.word);
  }
}

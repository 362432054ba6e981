// what_if.ts - what another policy would have earned, from a log of decisions or a loop's own.
// Room: wasm. Threads: those of the module: one.
import { DECISIONS, SETTING, WHAT_IF_RESULT } from './layouts.ts';
import { whole, word, type Memory, type Pointer } from './memory.ts';
import { GyreError, Status } from './status.ts';

/** One choice as it was logged. */
export interface Decision {
  state: number;
  action: number;
  /** How likely the action was, as Tuner.choose() said. */
  propensity: number;
  reward: number;
}
/** An estimate of the mean reward of a tick, with its 95 % interval, which has no end where the log does not support it. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}
/** Four estimates of one thing. The first three need propensities, and of a tuner's log mostly `atRandom`; the last needs none, and work that does not change. */
export interface WhatIf {
  ips: Estimate;
  selfNormalised: Estimate;
  doublyRobust: Estimate;
  asSeen: Estimate;
  /** Rows that the log is worth for this policy, and of the state that has least of it. */
  matching: number;
  weakest: number;
  /** Rows of what the policy does, in the state that has fewest. */
  fewest: number;
  rows: number;
  /** Not finite, a propensity not in 0..1 or 0, an index out of range. */
  refused: number;
  /** The log tells enough of this policy, so that the first three have an end. */
  supported: boolean;
  /** A setting has earned otherwise at other times: `asSeen` has no end. */
  changed: boolean;
}

/**
 * What another policy would have earned in the states that were logged: one action always, or the probability of each
 * action in each state, row by row.
 *
 *     log.push({ state, action, propensity, reward }); // of const { action, propensity } = tuner.choose(state)
 *     const { doublyRobust, supported } = whatIf(gyre, log, 2, 15, 4);
 */
export function whatIf(gyre: Memory, log: readonly Decision[], states: number, actions: number, policy: number | readonly number[]): WhatIf {
  const cells = Number(whole('states', states, 1, 65_537)) * Number(whole('actions', actions, 1, 65_537));
  const always = typeof policy === 'number' ? policy : 0;
  if (typeof policy !== 'number' && policy.length !== cells) {
    throw new GyreError(Status.ARG, `policy has ${policy.length} probabilities: ${cells}, one for each action of each state, expected`);
  }
  return gyre.holding((hold) => {
    const numbers = (of: readonly number[]) => {
      const at = hold(gyre.alloc(Math.max(8, of.length * 8)));
      of.forEach((v, i) => gyre.view.setFloat64(at + i * 8, v, true));
      return at;
    };
    const indices = (what: string, of: readonly number[]) => {
      const at = hold(gyre.alloc(Math.max(4, of.length * 4)));
      of.forEach((v, i) => gyre.view.setUint32(at + i * 4, word(what, v), true));
      return at;
    };
    const columns = {
      rows: log.length,
      states,
      actions,
      state: indices('state', log.map((d) => d.state)),
      action: indices('action', log.map((d) => d.action)),
      propensity: numbers(log.map((d) => d.propensity)),
      reward: numbers(log.map((d) => d.reward)),
    };
    const probabilities = typeof policy === 'number' ? 0 : numbers(policy);
    const from = gyre.struct(DECISIONS, columns, hold(gyre.alloc(DECISIONS.size)));
    return told(gyre, (to) => gyre.call.gyre_what_if(from, probabilities, word('always', always), to, gyre.resetError()));
  });
}

/** What a loop would have earned by one setting, a value for each knob (of names its index), in the states of its last 1,024 decisions. */
export function loopWhatIf(gyre: Memory, loop: number, always: Record<string, number>): WhatIf {
  return gyre.holding((hold) => {
    const list = Object.entries(always);
    const at = hold(gyre.alloc(Math.max(1, list.length) * SETTING.size));
    list.forEach(([knob, value], i) => {
      const row = { knob: hold(gyre.put(knob)), value };
      gyre.struct(SETTING, row, at + i * SETTING.size);
    });
    return told(gyre, (to) => gyre.call.gyre_loop_what_if(loop, at, list.length, to, gyre.resetError()));
  });
}

function told(gyre: Memory, read: (to: Pointer) => number): WhatIf {
  const at = gyre.struct(WHAT_IF_RESULT, {});
  gyre.check(read(at));
  const r = gyre.fields(WHAT_IF_RESULT, at) as Record<string, number>;
  const of = (name: string): Estimate => ({ value: r[name]!, low: r[`${name}Low`]!, high: r[`${name}High`]! });
  return {
    ips: of('ips'), selfNormalised: of('normalised'), doublyRobust: of('robust'), asSeen: of('asSeen'),
    matching: r.matching!, weakest: r.weakest!, fewest: r.fewest!, rows: r.rows!, refused: r.refused!,
    supported: r.supported === 1, changed: r.changed === 1,
  };
}

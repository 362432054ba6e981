// tuning.ts - knobs, features and rails as a caller declares them, written into the module's memory.
// Room: wasm. Threads: those of the module: one.
import { KNOB, SETTING, TUNING } from './layouts.ts';
import { pick, type Memory, type Pointer } from './memory.ts';
import type { Exploration, Feature, Knob, Learning, Method, Setting, Tuning, TuningMode } from './options.ts';
import { GyreError, Status } from './status.ts';

type Hold = (at: Pointer) => Pointer;
interface Declared {
  numbers: readonly number[];
  names: readonly string[];
  ordered: boolean | undefined;
}

/** GYRE_TUNING_... */
export function modeOf(mode: TuningMode): number {
  return pick('mode', { tune: 1, observe: 2, frozen: 3 }, mode);
}

const METHODS = {
  q: 1, double_q: 2, sarsa: 3, expected_sarsa: 4, q_lambda: 5, dyna_q: 6, sweeping: 7, differential_q: 8,
};
const EXPLORE = { linear: 1, exponential: 2, by_visits: 3, boltzmann: 4, bonus: 5 };

/** How it learns and explores, as fields that all learners have. */
export function method(o: { explore?: Exploration; method?: Method }): Record<string, number> {
  const { explore } = o;
  return {
    explore_from: explore ? explore.from || -1 : 0,
    explore_to: explore?.to !== undefined ? explore.to || -1 : 0,
    explore_over: explore?.over ?? 0,
    explore_how: explore?.how ? pick('how', EXPLORE, explore.how) : 0,
    method: o.method ? pick('method', METHODS, o.method) : 0,
  };
}

/** ... that loops and learners over states have in common. */
export function learning(o: Learning): Record<string, number> {
  return {
    ...method(o),
    discount: o.discount ?? 0,
    learning_rate: o.learningRate ?? 0,
    sample_average: o.sampleAverage ? 1 : 0,
    step_power: o.stepPower ?? 0,
    lambda: o.lambda === 0 ? -1 : (o.lambda ?? 0),
    planning: o.planning ?? 0,
    optimistic: o.optimistic ? 1 : 0,
  };
}

function declared(given: Knob | Feature): Declared {
  if ('length' in given) {
    const named = typeof given[0] === 'string';
    return { numbers: named ? [] : (given as number[]), names: named ? (given as string[]) : [], ordered: undefined };
  }
  const numbers = 'values' in given ? given.values : 'edges' in given ? given.edges : undefined;
  return { numbers: numbers ?? [], names: given.names ?? [], ordered: given.ordered };
}

/** Knobs, or features, as an array of gyre_knob; 0 when there are none. */
export function declare(gyre: Memory, entries: Record<string, Knob | Feature>, hold: Hold): Pointer {
  const list = Object.entries(entries);
  if (list.length === 0) return 0;
  const rows = hold(gyre.alloc(list.length * KNOB.size));
  list.forEach(([name, given], i) => {
    const { numbers, names, ordered } = declared(given);
    const values = numbers.length > 0 ? hold(gyre.alloc(numbers.length * 8)) : 0;
    numbers.forEach((v, k) => gyre.view.setFloat64(values + k * 8, v, true));
    const texts = names.length > 0 ? hold(gyre.alloc(names.length * 4)) : 0;
    names.forEach((text, k) => {
      const at = hold(gyre.put(text));
      gyre.view.setUint32(texts + k * 4, at, true);
    });
    const row = {
      count: numbers.length || names.length,
      name: hold(gyre.put(name)),
      values,
      names: texts,
      order: ordered === undefined ? 0 : ordered ? 1 : 2,
    };
    gyre.struct(KNOB, row, rows + i * KNOB.size);
  });
  return rows;
}

/** Rails as a gyre_tuning; 0 when there are none. */
export function rails(gyre: Memory, t: Tuning | undefined, knobs: Record<string, Knob>, hold: Hold): Pointer {
  if (t === undefined) return 0;
  const number = (knob: string, value: number | string) => {
    if (typeof value === 'number') return value;
    const at = Object.hasOwn(knobs, knob) ? declared(knobs[knob] as Knob).names.indexOf(value) : -1;
    if (at < 0) throw new GyreError(Status.ARG, `tuning: ${JSON.stringify(value)} is no name of knob ${JSON.stringify(knob)}`);
    const { numbers } = declared(knobs[knob] as Knob);
    return numbers[at] ?? at;
  };
  const settings = (rules: readonly Setting[]) => {
    const list = rules.flatMap((rule, i) => Object.entries(rule).map(([knob, value]) => ({ rule: i, knob, value })));
    const at = list.length > 0 ? hold(gyre.alloc(list.length * SETTING.size)) : 0;
    list.forEach(({ rule, knob, value }, i) => {
      const row = { rule, knob: hold(gyre.put(knob)), value: number(knob, value) };
      gyre.struct(SETTING, row, at + i * SETTING.size);
    });
    return { at, count: list.length };
  };
  const baseline = settings(t.baseline ? [t.baseline] : []);
  const forbidden = settings(t.forbidden ?? []);
  const values = {
    mode: t.mode === undefined ? 0 : modeOf(t.mode),
    baseline: baseline.at,
    baseline_count: baseline.count,
    budget: t.budget === undefined ? 0 : t.budget || -1,
    forbidden: forbidden.at,
    forbidden_count: forbidden.count,
    at_random: t.atRandom ?? 0,
    one_step: t.oneStep ? 1 : 0,
  };
  return gyre.struct(TUNING, values, hold(gyre.alloc(TUNING.size)));
}

// keep.ts - the state of the page's engine as a text that can be opened again: what gyre.h gives out of an engine.
// Room: page. Threads: the worker.
//
// Not in it: what the loops' tuner has learned, since gyre.h saves tuners that stand by themselves and not those of
// an engine's loops; counters; and how often equal records were merged.
import * as v from 'valibot';
import { Refused } from '../refused.ts';

export const FORMAT = 1;
const text = (most: number) => v.pipe(v.string(), v.maxLength(most));
const within = (low: number, high: number) => v.pipe(v.number(), v.minValue(low), v.maxValue(high));

const schema = v.object({
  gyre_state: v.literal(FORMAT),
  gyre: text(40),
  seed: v.pipe(within(1, 0xffffffff), v.integer()),
  link: v.picklist(['fast', 'slow', 'auto']),
  speed: within(0.1, 100),
  /** Those that are paused, or whose interval was changed; else that is null. */
  loops: v.pipe(v.array(v.object({ name: text(200), interval_ms: v.nullable(within(0.001, 4e12)), paused: v.boolean() })), v.maxLength(1000)),
  /** The oldest first. */
  records: v.pipe(
    v.array(v.object({ text: text(1_000_000), wall_ms: within(-8e15, 8e15), user: text(1000), role: text(1000), source: text(1000), tags: v.pipe(v.array(text(1000)), v.maxLength(64)), importance: within(0, 1) })),
    v.maxLength(500_000),
  ),
});
export type State = v.InferOutput<typeof schema>;

/** Throws Refused: what is wrong, as part of a sentence. */
export function stateOf(json: string): State {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Refused('it is not whole: its text is not JSON');
  }
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new Refused(`it is no state of this page's engine: ${(issue.path ?? []).map(({ key }) => String(key)).join('.') || 'all of it'} is not as it is to be`);
}

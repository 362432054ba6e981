// keep.ts - the state of the page's engine as a text that can be opened again: what gyre_engine_save gives out of it,
// which is what was learned and what is remembered, and the page's own settings. Not in it: figures and the graph.
// Room: page. Threads: the worker.
import * as v from 'valibot';
import { Refused } from '../refused.ts';

export const FORMAT = 2;
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
  /** In base64. The module checks it. */
  engine: text(64e6),
});
export type State = v.InferOutput<typeof schema>;

const STEP = 0x8000; // as many arguments as a call takes everywhere
export function toText(bytes: Uint8Array): string {
  let out = '';
  for (let at = 0; at < bytes.length; at += STEP) out += String.fromCharCode(...bytes.subarray(at, at + STEP));
  return btoa(out);
}
/** Throws Refused. */
export function toBytes(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    throw new Refused('its engine is not in base64');
  }
}

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

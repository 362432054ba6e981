// records.ts - what an engine's memory gives back: the records that were found, and the check.
// Room: page. Threads: pure functions.
import * as v from 'valibot';
import { Refused } from './refused.ts';

/** The most that are asked for at one time. */
export const MOST_FOUND = 50;

const text = v.pipe(v.string(), v.maxLength(1_000_000));
const list = v.pipe(
  v.array(v.object({ wall_ms: v.pipe(v.number(), v.minValue(-8e15), v.maxValue(8e15)), text, source: text, tags: v.array(text), count: v.number(), tier: text })),
  v.maxLength(MOST_FOUND),
);
export type Found = v.InferOutput<typeof list>[number];

/** The records that `json` is. Throws Refused. */
export function records(json: string): Found[] {
  const result = v.safeParse(list, JSON.parse(json), { abortEarly: true });
  if (!result.success) throw new Refused('what was found is not a list of records');
  return result.output;
}

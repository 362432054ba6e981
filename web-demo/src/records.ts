// records.ts - what an engine's memory gives back: the records that were found, and the check.
// Room: page. Threads: pure functions; the check runs in the workers.
import * as v from 'valibot';
import { MOST_FOUND } from './source.ts';

const text = v.pipe(v.string(), v.maxLength(1_000_000));
const list = v.pipe(
  v.array(v.object({ wall_ms: v.pipe(v.number(), v.minValue(-8e15), v.maxValue(8e15)), text, source: text, tags: v.array(text), count: v.number(), tier: text })),
  v.maxLength(MOST_FOUND),
);
export type Found = v.InferOutput<typeof list>[number];

/** The records that `json` is; null where it is something else. */
export function records(json: string): Found[] | null {
  try {
    const result = v.safeParse(list, JSON.parse(json), { abortEarly: true });
    return result.success ? result.output : null;
  } catch {
    return null;
  }
}

// kept.ts - snapshots that can be shown again: those of a recorded file, and those that the page keeps while an engine runs.
// Room: page. Threads: the page's main thread; a line of a recording is read again by a worker.
import { Unpacker } from './columns.ts';
import type { FromReader } from './protocol.ts';
import { Refused } from './refused.ts';
import type { Snapshot } from './snapshot.ts';
import { begin } from './sources/begin.ts';

export interface Kept {
  /** The time of each in seconds, rising. */
  readonly times: readonly number[];
  /** Rejects with a sentence where it cannot be read any more. Null: it was closed meanwhile. */
  at(index: number): Promise<Snapshot | null>;
  /** All of them as a run.jsonl. */
  file(): Blob;
}

/** The newest of `kept` that is not after `seconds`. */
export function nearest(kept: Kept, seconds: number): number {
  let [low, high] = [0, kept.times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((kept.times[middle] as number) <= seconds) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

let worker: Worker | null = null;
let arrived = new Unpacker();
let lines = 0;
/** Who waits for a line, by its number. */
const asked = new Map<number, [(snap: Snapshot) => void, (why: Refused) => void]>();

function over(why: string): void {
  worker?.terminate();
  for (const [, fail] of asked.values()) fail(new Refused(why));
  asked.clear();
  [worker, arrived] = [null, new Unpacker()];
}

function hear(message: FromReader): void {
  if (message.type === 'refused') over(message.text);
  if (message.type !== 'at') return;
  const snap = arrived.unpack(message.snap); // each of them, in their order
  asked.get(message.index)?.[0](snap);
  asked.delete(message.index);
}

/** The snapshot of a line that was checked when it came. Of 10,000 loops it has 9 MB, which the page's thread is not to parse. */
function again(line: Blob): Promise<Snapshot> {
  worker ??= begin(hear, over);
  worker.postMessage({ type: 'at', index: (lines += 1), line });
  return new Promise((done, fail) => asked.set(lines, [done, fail]));
}

/** Bytes that a page keeps of a running engine. They lie in blobs, outside of the heap; then every other of the older half goes. */
const BUDGET = 64 * 1024 * 1024;

export class Recorder implements Kept {
  readonly times: number[] = [];
  private blobs: Blob[] = [];
  private bytes = 0;
  private head = '';

  constructor(private readonly budget = BUDGET) {}

  push(snap: Snapshot, line: Blob): void {
    this.head = JSON.stringify({ gyre: snap.gyre, format: 1, seed: snap.seed });
    this.times.push(snap.now_ms / 1000);
    this.blobs.push(line);
    this.bytes += line.size;
    if (this.bytes > this.budget) this.thin();
  }

  private thin(): void {
    const half = this.blobs.length >> 1;
    const stays = (_: unknown, i: number) => i >= half || i % 2 === 0;
    this.times.splice(0, Infinity, ...this.times.filter(stays));
    this.blobs = this.blobs.filter(stays);
    this.bytes = this.blobs.reduce((sum, b) => sum + b.size, 0);
  }

  at(index: number): Promise<Snapshot> {
    return again(this.blobs[index] as Blob);
  }

  file(): Blob {
    return new Blob([`${this.head}\n`, ...this.blobs.flatMap((b) => [b, '\n'])], { type: 'application/x-ndjson' });
  }
}

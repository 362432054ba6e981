// kept.ts - snapshots that can be shown again: those of a recorded file, and those that the page keeps while an engine runs.
// Room: page. Threads: the page's main thread.
import type { Snapshot } from './snapshot.ts';

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

  /** They were checked when they came. */
  async at(index: number): Promise<Snapshot> {
    return JSON.parse(await (this.blobs[index] as Blob).text()) as Snapshot;
  }

  file(): Blob {
    return new Blob([`${this.head}\n`, ...this.blobs.flatMap((b) => [b, '\n'])], { type: 'application/x-ndjson' });
  }
}

// file.ts - the source that was recorded: a run.jsonl, read and checked as a stream by a worker, which then reads single snapshots again.
// Room: page. Threads: the page's main thread; the worker is reached through messages only.
import { signal } from '@preact/signals';
import { Unpacker } from '../columns.ts';
import { MOST_EVENTS, type Happening } from '../events.ts';
import { History } from '../history.ts';
import type { Kept } from '../kept.ts';
import type { FromReader, Head, Replay, ToReader } from '../protocol.ts';
import { Refused } from '../refused.ts';
import type { Snapshot } from '../snapshot.ts';
import { begin } from './begin.ts';

const MOST = 250_000; // rows; the reader's own bound

export class Recording implements Kept {
  readonly history = new History(MOST);
  readonly events: Happening[] = [];
  head: Head = { gyre: '', seed: '', society: null };
  /** Of the last time it was run again. */
  readonly replayed = signal<Replay | null>(null);
  /** The last line was cut off. */
  torn = false;
  private readonly worker: Worker;
  private readonly arrived = new Unpacker();
  private readonly asked = new Map<number, (snap: Snapshot | null) => void>();
  private ready: (() => void) | null = null;
  private fail: (why: Refused) => void = () => undefined;

  private constructor(readonly name: string, private readonly from: Blob, private readonly progress: (done: number) => void) {
    this.worker = begin<FromReader>((m) => this.hear(m), () => this.fail(new Refused('the browser ran out of memory while reading it')));
  }

  /** Reads all of it. Rejects with Refused and a sentence, and then, or when `cancel` is aborted, nothing is left. */
  static async open(name: string, from: Blob, progress: (done: number) => void, cancel: AbortSignal): Promise<Recording> {
    const it = new Recording(name, from, progress);
    try {
      await new Promise<void>((ready, fail) => {
        it.ready = ready;
        it.fail = fail;
        cancel.addEventListener('abort', () => fail(new Refused('reading it was given up')));
        it.post({ type: 'read', file: from });
      });
      return it;
    } catch (error) {
      it.close();
      throw error;
    }
  }

  get times(): readonly number[] {
    return this.history.times;
  }

  at(index: number): Promise<Snapshot | null> {
    return new Promise((done, fail) => {
      this.fail = fail;
      this.asked.set(index, done);
      this.post({ type: 'at', index });
    });
  }

  /** Runs it again by the module that is packed here; `replayed` says what comes of it. Only where `head.society` is not null. */
  replay(packed: Uint8Array): void {
    this.post({ type: 'replay', packed });
  }

  file(): Blob {
    return this.from;
  }

  close(): void {
    this.worker.terminate();
    for (const done of this.asked.values()) done(null);
  }

  private post(message: ToReader): void {
    this.worker.postMessage(message);
  }

  private hear(message: FromReader): void {
    if (message.type === 'rows') {
      for (const row of message.rows) this.history.push(row);
      this.events.push(...message.events);
      if (this.events.length > MOST_EVENTS) this.events.splice(0, this.events.length - MOST_EVENTS);
      this.progress(message.done);
    } else if (message.type === 'read') {
      this.head = message.head;
      this.torn = message.torn;
      this.ready?.();
    } else if (message.type === 'at') {
      const snap = this.arrived.unpack(message.snap); // each of them, in their order
      this.asked.get(message.index)?.(snap);
      this.asked.delete(message.index);
    } else if (message.type === 'replayed') {
      this.replayed.value = message.state;
    } else if (message.type === 'refused') this.fail(new Refused(message.text));
  }
}

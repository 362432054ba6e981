// module.ts - the source that is inside the page: the engine as WebAssembly in a worker, which runs the demo's job.
// Room: page. Threads: the page's main thread; the worker is reached through messages only.
import { signal } from '@preact/signals';
import { Unpacker } from '../columns.ts';
import { Recorder } from '../kept.ts';
import type { FromWorker, ToWorker } from '../protocol.ts';
import type { Found } from '../records.ts';
import { save } from '../save.ts';
import type { Listener, LoopTimes, Order, Source } from '../source.ts';
import { begin } from './begin.ts';

/** The society runs at one so-many-th of its intervals. */
export const societyFactor = signal(20);

/** The module as the page carries it; null where it was built without. */
export function packedModule(): Uint8Array | null {
  const text = document.getElementById('engine')?.textContent?.trim() ?? '';
  return text === '' ? null : Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

export class ModuleSource implements Source {
  readonly kind = 'module';
  readonly about = 'the engine in this page';
  readonly can: ReadonlySet<Order['type']> = new Set(['run', 'link', 'speed', 'hold', 'step', 'fault', 'pause', 'resume', 'trigger', 'interval'] as const);
  /** What was seen since the last start. */
  kept = new Recorder();
  private worker: Worker | null = null;
  private readonly arrived = new Unpacker();
  private readonly asked = new Map<number, (answer: never) => void>();
  private questions = 0;

  /** `packed` is the module as the page carries it, `text` what the loops ship. */
  constructor(private readonly listener: Listener, private readonly packed: Uint8Array, private readonly text: string, private readonly seed: number,
    private readonly restored: (how: Extract<FromWorker, { type: 'restored' }>) => void) {
    this.restart();
  }

  restart(): void {
    this.close();
    this.kept = new Recorder();
    this.listener.phase('starting', '');
    this.worker = begin<FromWorker>((message) => this.hear(message), (why) => this.fail(why));
    this.post({ type: 'init', packed: this.packed, text: this.text, seed: this.seed });
  }

  order(order: Order): void {
    this.post(order);
  }

  recall(text: string): Promise<Found[]> {
    return this.ask((id) => ({ type: 'recall', id, text }));
  }
  buckets(loop: string): Promise<LoopTimes | null> {
    return this.ask((id) => ({ type: 'buckets', id, loop }));
  }

  /** What the engine can go on from: worker/keep.ts says what that is. */
  save(): void {
    this.post({ type: 'save' });
  }
  /** Begins anew from that; `restored` says what came of it. */
  restore(json: string): void {
    this.post({ type: 'restore', json });
  }

  close(): void {
    this.worker?.terminate();
    this.worker = null;
  }

  private ask<Answer>(question: (id: number) => ToWorker): Promise<Answer> {
    return new Promise((done) => {
      this.asked.set((this.questions += 1), done);
      this.post(question(this.questions));
    });
  }
  private post(message: ToWorker): void {
    this.worker?.postMessage(message);
  }

  private fail(why: string): void {
    this.close();
    this.listener.phase('failed', why);
  }

  private hear(message: FromWorker): void {
    if (message.type === 'error') this.fail(message.text);
    else if (message.type === 'ready') societyFactor.value = message.societyFactor;
    else if (message.type === 'saved') save('gyre-state.json', message.state);
    else if (message.type === 'restored') {
      if (message.wrong === '') this.kept = new Recorder();
      this.restored(message);
    } else if (message.type === 'answer') {
      this.asked.get(message.id)?.(message.answer as never);
      this.asked.delete(message.id);
    } else {
      const snap = this.arrived.unpack(message.snap);
      this.kept.push(snap, message.kept);
      this.listener.snapshot(snap, message.row, message.events, message.job);
      this.listener.phase('going', '');
    }
  }
}

// live.ts - the source that is another process: its server streams what its engine does, and takes orders where it is allowed.
// Room: page. Threads: the page's main thread; what comes is checked in a worker.
import { signal } from '@preact/signals';
import { Unpacker } from '../columns.ts';
import { Recorder } from '../kept.ts';
import type { FromReader, ToReader } from '../protocol.ts';
import type { Found } from '../records.ts';
import { Refused } from '../refused.ts';
import { MOST_FOUND, type Listener, type Order, type Source } from '../source.ts';
import { begin } from './begin.ts';

/** Whom the page watches, and what it may do there; the server's `meta` event. */
export interface Meta {
  host: string;
  pid: number;
  program: string;
  engine: string;
  since_ms: number;
  control: boolean;
}

const RATE_HZ = 4;
const SILENCE_MS = 2500; // the server says something every second
const RETRY_MS = 1000;

/** Whether a server gave this page, rather than a file or another site. */
export const served = document.documentElement.hasAttribute('data-served');
/** Of the newest connection. */
export const meta = signal<Meta | null>(null);
/** What the server said to the last order, and whether it refused. */
export const answer = signal({ text: '', bad: false });

/** Sends an order; `answer` has then what came of it. */
export async function send(fields: Record<string, string>): Promise<void> {
  try {
    const response = await fetch('/v1/control', { method: 'POST', headers: { 'X-Gyre': '1' }, body: new URLSearchParams(fields) });
    const { error, done, loops } = (await response.json()) as { error?: string; done?: string; loops?: number };
    const text = response.ok ? `${done}: ${loops === 1 ? '1 loop' : `${loops} loops`}` : (error ?? `the server answered ${response.status}`);
    answer.value = { text, bad: !response.ok };
  } catch {
    answer.value = { text: 'the server does not answer', bad: true };
  }
}

/** An order in the server's words. */
function fieldsOf(order: Order): Record<string, string> | null {
  if (order.type === 'run') return { action: order.on ? 'engine_start' : 'engine_stop' };
  if (order.type === 'interval') return { action: 'reconfigure', loop: order.loop, interval_ms: String(order.ms) };
  if (order.type === 'pause' || order.type === 'resume' || order.type === 'trigger') return { action: order.type, loop: order.loop };
  return null;
}

export class LiveSource implements Source {
  readonly kind = 'live';
  /** What was seen of this process. */
  kept = new Recorder();
  private stream: EventSource | null = null;
  private heard = 0;
  private last = ''; // id of the newest event
  private worker: Worker | null = null;
  private readonly arrived = new Unpacker();
  private readonly asked: ((found: Found[] | null) => void)[] = [];

  /** `other` is called when another process, or another run of it, answers than before: its clock began anew. */
  constructor(private readonly listener: Listener, private readonly other: () => void) {
    setInterval(() => {
      if (this.stream !== null && performance.now() - this.heard > SILENCE_MS) this.lose('nothing came for 2.5 s');
    }, 500);
    listener.phase('starting', '');
    this.restart();
  }

  get about(): string {
    const it = meta.value;
    return it ? `${it.program}, process ${it.pid} on ${it.host}` : 'another process';
  }
  get can(): ReadonlySet<Order['type']> {
    return new Set(meta.value?.control ? (['run', 'pause', 'resume', 'trigger', 'interval'] as const) : []);
  }

  /** Connects. */
  restart(): void {
    this.close();
    const stream = new EventSource(`/v1/stream?hz=${RATE_HZ}&rows=changed${this.last ? `&last=${encodeURIComponent(this.last)}` : ''}`);
    this.stream = stream;
    this.heard = performance.now();
    const on = (name: string, hear: (event: MessageEvent<string>) => void) =>
      stream.addEventListener(name, (event) => {
        if (this.stream !== stream) return;
        this.heard = performance.now();
        hear(event as MessageEvent<string>);
      });
    on('meta', ({ data }) => this.meet(JSON.parse(data) as Meta));
    on('snapshot', ({ data }) => this.post({ type: 'check', json: data, change: false }));
    on('change', ({ data }) => this.post({ type: 'check', json: data, change: true }));
    on('event', ({ lastEventId }) => (this.last = lastEventId));
    on('beat', () => undefined);
    on('bye', () => this.lose('the program has ended its server'));
    stream.onerror = () => this.stream === stream && this.lose('the connection broke');
  }

  order(order: Order): void {
    const fields = fieldsOf(order);
    if (fields) void send(fields); // the next snapshot says how it is
  }

  async recall(text: string): Promise<Found[]> {
    const response = await fetch(`/v1/recall?${new URLSearchParams({ text, limit: String(MOST_FOUND) })}`).catch(() => null);
    if (!response?.ok) throw new Refused(response ? `the server answered ${response.status}` : 'the server does not answer');
    const json = await response.text();
    const found = await new Promise<Found[] | null>((done) => {
      this.asked.push(done);
      this.post({ type: 'records', json });
    });
    if (!found) throw new Refused('what was found is not a list of records');
    return found;
  }

  close(): void {
    this.stream?.close();
    this.stream = null;
  }

  private meet(now: Meta): void {
    const before = meta.value;
    meta.value = now;
    if (before === null || (before.since_ms === now.since_ms && before.pid === now.pid)) return;
    this.worker?.terminate(); // what it still has is the other's
    [this.worker, this.kept] = [null, new Recorder()];
    this.other();
  }

  private post(message: ToReader): void {
    this.worker ??= begin<FromReader>((m) => this.hear(m), (why) => this.refuse(why));
    this.worker.postMessage(message);
  }

  private hear(message: FromReader): void {
    if (message.type === 'records') this.asked.shift()?.(message.found);
    else if (message.type === 'refused') this.refuse(message.text);
    else if (message.type === 'checked') {
      const snap = this.arrived.unpack(message.snap);
      if (message.kept) this.kept.push(snap, message.kept);
      this.listener.snapshot(snap, message.row, message.events, null);
      if (this.stream) this.listener.phase('going', '');
    }
  }

  private refuse(why: string): void {
    this.close();
    this.worker?.terminate();
    this.worker = null;
    this.listener.phase('failed', `what the server sent cannot be shown: ${why}; page and program may be of different versions`);
  }

  private lose(why: string): void {
    this.close();
    const at = new Date().toLocaleTimeString();
    this.listener.phase('lost', `${why}, at ${at}; what is shown is of before that, and it is tried again every second`);
    setTimeout(() => this.restart(), RETRY_MS);
  }
}

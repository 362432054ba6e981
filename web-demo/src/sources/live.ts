// live.ts - the source that is another process: its server streams what its engine does, and takes orders where it is allowed.
// Room: page. Threads: the page's main thread; what comes is checked in a worker.
import { signal } from '@preact/signals';
import { Unpacker } from '../columns.ts';
import { Recorder } from '../kept.ts';
import type { FromReader, ToReader } from '../protocol.ts';
import type { Found } from '../records.ts';
import { Refused } from '../refused.ts';
import { MOST_FOUND, type Bucket, type Listener, type LoopTimes, type Order, type Source } from '../source.ts';
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
const LONGEST_SILENCE_MS = 20_000; // while a snapshot comes, which may be large and the way to here narrow, nothing else does
const RETRY_MS = 1000;
const MOST_TEXT = 64 * 1024 * 1024; // as of a line of a file
const MOST_BEHIND = 40; // snapshots that came and were not yet checked
const MOST_BUCKETS = 1473;

/** Whether a server gave this page, rather than a file or another site. */
export const served = document.documentElement.hasAttribute('data-served');
/** Of the newest connection. */
export const meta = signal<Meta | null>(null);
/** What the server said to the last order, and whether it refused. */
export const answer = signal({ text: '', bad: false });

/** What a server says of itself; null where that is something else. */
function metaOf(json: string): Meta | null {
  try {
    const it = JSON.parse(json) as Meta & { format: number };
    const texts = [it.host, it.program, it.engine].every((text) => typeof text === 'string' && text.length < 1000);
    return texts && it.format === 1 && [it.pid, it.since_ms].every(Number.isSafeInteger) && Math.abs(it.since_ms) <= 8.64e15 && typeof it.control === 'boolean' ? it : null;
  } catch {
    return null;
  }
}

/** Sends an order; `answer` has then what came of it. */
export async function send(fields: Record<string, string>): Promise<void> {
  try {
    const response = await fetch('/v1/control', { method: 'POST', headers: { 'X-Gyre': '1' }, body: new URLSearchParams(fields) });
    const { error, done, loops } = ((await response.json()) ?? {}) as Record<string, unknown>;
    const told = response.ok ? typeof done === 'string' && `${done}: ${loops === 1 ? '1 loop' : `${Number(loops)} loops`}` : typeof error === 'string' && error;
    answer.value = { text: told || `the server answered ${response.status}`, bad: !response.ok };
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

/** What of it is buckets. */
function timesOf(it: Record<string, unknown>): LoopTimes {
  const list = (of: unknown) => (Array.isArray(of) ? of : []).slice(0, MOST_BUCKETS).filter((b): b is Bucket => Array.isArray(b) && b[0] > 0 && b[1] > 0);
  return { latency: list(it['latency']), window: list(it['window']), late: list(it['late']) };
}

export class LiveSource implements Source {
  readonly kind = 'live';
  /** What was seen of this process. */
  kept = new Recorder();
  private stream: EventSource | null = null;
  private heard = 0;
  /** Nothing came for so long: it is lost. Longer after each time that it was too short for a snapshot. */
  private patience = SILENCE_MS;
  private behind = 0;
  private last = ''; // id of the newest event
  private worker: Worker | null = null;
  private readonly arrived = new Unpacker();
  private readonly asked: ((found: Found[] | null) => void)[] = [];

  /** `other` is called when another process, or another run of it, answers than before: its clock began anew. */
  constructor(private readonly listener: Listener, private readonly other: () => void) {
    setInterval(() => {
      if (this.stream === null || performance.now() - this.heard <= this.patience) return;
      this.lose(`nothing came for ${this.patience / 1000} s`);
      this.patience = Math.min(this.patience * 2, LONGEST_SILENCE_MS);
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
    const address = `/v1/stream?hz=${RATE_HZ}&rows=changed${this.last ? `&last=${encodeURIComponent(this.last)}` : ''}`;
    const stream = new EventSource(address);
    this.stream = stream;
    this.heard = performance.now();
    const on = (name: string, hear: (event: MessageEvent<string>) => void) =>
      stream.addEventListener(name, (event) => {
        if (this.stream !== stream) return;
        this.heard = performance.now();
        hear(event as MessageEvent<string>);
      });
    on('meta', ({ data }) => this.meet(metaOf(data)));
    on('snapshot', ({ data }) => this.check(data, false));
    on('change', ({ data }) => this.check(data, true));
    on('event', ({ lastEventId }) => (this.last = lastEventId));
    on('beat', () => undefined);
    on('bye', () => this.lose('the program has ended its server'));
    stream.onerror = () => {
      if (this.stream !== stream) return;
      this.lose('the connection broke');
      void this.explain(address);
    };
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

  async buckets(loop: string): Promise<LoopTimes | null> {
    try {
      const response = await fetch(`/v1/histogram?${new URLSearchParams({ loop })}`);
      return response.ok ? timesOf(await response.json()) : null;
    } catch {
      return null;
    }
  }

  close(): void {
    this.stream?.close();
    this.stream = null;
  }

  private meet(now: Meta | null): void {
    if (now === null) return this.refuse('it does not say whom it serves');
    const before = meta.value;
    meta.value = now;
    if (before === null || (before.since_ms === now.since_ms && before.pid === now.pid)) return;
    this.end(); // what it still has is the other's
    this.kept = new Recorder();
    this.other();
  }

  private check(json: string, change: boolean): void {
    if (json.length > MOST_TEXT) return this.refuse('a snapshot has over 64 MiB');
    if (this.behind >= MOST_BEHIND) {
      this.end();
      return this.lose('it sends faster than this page reads');
    }
    this.behind += 1;
    this.post({ type: 'check', json, change });
  }

  /** The next one begins with a whole snapshot. */
  private end(): void {
    this.worker?.terminate();
    [this.worker, this.behind] = [null, 0];
    for (const done of this.asked.splice(0)) done(null);
  }

  /** A browser does not tell why it has no stream: another request is told. */
  private async explain(address: string): Promise<void> {
    const response = await fetch(address).catch(() => null);
    void response?.body?.cancel();
    const why = { 401: 'another process answers, which has another token: open the address that it told', 503: 'it has as many clients as it takes' }[response?.status ?? 0];
    if (why && this.stream === null) this.tell(why);
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
      this.behind -= 1;
      this.patience = SILENCE_MS;
      if (this.stream) this.listener.phase('going', '');
    }
  }

  private refuse(why: string): void {
    this.close();
    this.end();
    this.listener.phase('failed', `what the server sent cannot be shown: ${why}; page and program may be of different versions`);
  }

  private tell(why: string): void {
    this.listener.phase('lost', `${why}, at ${new Date().toLocaleTimeString()}; what is shown is of before that, and it is tried again every second`);
  }

  private lose(why: string): void {
    this.close();
    this.tell(why);
    setTimeout(() => this.restart(), RETRY_MS);
  }
}

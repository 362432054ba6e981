// state.ts - what the page shows now, and where it comes from: the engine in the worker, or a recorded run.
// Room: page. Threads: the page's main thread; the worker is reached through messages only.
import { computed, signal } from '@preact/signals';
import { History, type Row, toRow } from './history.ts';
import type { Fault, FromWorker, Job, LinkMode, ToWorker } from './protocol.ts';
import { asSnapshot, type Snapshot } from './snapshot.ts';

export interface Frame {
  snap: Snapshot;
  job: Job | null;
  /** Ticks a second over the last 5 s. */
  rate: number | null;
}

export interface Recording {
  name: string;
  seed: string;
  version: string;
  frames: Snapshot[];
  /** What the charts show of each snapshot. */
  rows: Row[];
  torn: boolean;
}

export type Phase = 'starting' | 'live' | 'failed';

export const phase = signal<Phase>('starting');
export const failure = signal('');
export const frame = signal<Frame | null>(null);
export const running = signal(true);
export const refresh = signal(true);
export const linkMode = signal<LinkMode>('fast');
export const fault = signal<{ loop: string; kind: Fault }>({ loop: '', kind: 'none' });
export const recording = signal<Recording | null>(null);
export const recordError = signal('');
export const position = signal(0);
export const playing = signal(false);
export const societyFactor = signal(20);
/** Why the last change of what runs happened; read out by assistive technology. */
export const notice = signal('');

export const live = computed(() => recording.value === null);

/** The rows behind the charts; read it after `frame`, which changes with it. */
export let history = new History();
let liveHistory = history;
let pending: { snap: Snapshot; job: Job } | null = null;
let lastLive: Frame | null = null;
let worker: Worker | null = null;

const post = (message: ToWorker, transfer: Transferable[] = []): void =>
  worker?.postMessage(message, transfer);

function show(snap: Snapshot, job: Job | null): void {
  frame.value = { snap, job, rate: history.rate(5) };
}

function onMessage(message: FromWorker): void {
  if (message.type === 'error') {
    failure.value = message.text;
    phase.value = 'failed';
    return;
  }
  if (message.type === 'ready') {
    societyFactor.value = message.societyFactor;
    phase.value = 'live';
    return;
  }
  const snap = asSnapshot(JSON.parse(message.json));
  liveHistory.push(toRow(snap, message.job)); // kept while the page stands still: the charts have no hole
  pending = { snap, job: message.job };
  if (recording.value === null && refresh.value && !document.hidden) flush();
}

function flush(): void {
  if (pending === null) return;
  history = liveHistory;
  show(pending.snap, pending.job);
  lastLive = frame.value;
  pending = null;
}

/** Starts the engine in its worker. `script` is the worker's source, `wasm` the module's bytes. */
export function boot(script: string, wasm: ArrayBuffer, text: string, seed: number): void {
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  worker = new Worker(url);
  worker.onmessage = (event: MessageEvent<FromWorker>) => {
    try {
      onMessage(event.data);
    } catch (error) {
      fail(error);
    }
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail(event.message);
  };
  post({ type: 'init', wasm, text, seed }, [wasm]);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && recording.value === null && refresh.value) flush();
  });
}

export function fail(why: unknown): void {
  failure.value = why instanceof Error ? why.message : String(why);
  phase.value = 'failed';
}

export function setRunning(on: boolean): void {
  running.value = on;
  post({ type: 'run', on });
  notice.value = on ? 'Engine started' : 'Engine stopped';
}

export function setRefresh(on: boolean): void {
  refresh.value = on;
  if (on && recording.value === null) flush();
  notice.value = on ? 'Auto-refresh on' : 'Auto-refresh off; the engine goes on';
}

export function setLink(mode: LinkMode): void {
  linkMode.value = mode;
  post({ type: 'link', mode });
}

export function setFault(loop: string, kind: Fault): void {
  fault.value = { loop, kind };
  post({ type: 'fault', loop, kind });
  notice.value =
    kind === 'none' ? `${loop} works again` : `${loop} is now ${kind === 'slow' ? 'slow' : 'failing'}`;
}

/** Reads the text of a run.jsonl; throws with the line that is wrong. */
export function parseRecording(name: string, text: string): Recording {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const first = lines[0];
  if (first === undefined) throw new Error('The file is empty; expected JSON lines.');
  let head: { gyre?: string; format?: number; seed?: string | number };
  try {
    head = JSON.parse(first) as typeof head;
  } catch {
    throw new Error('Line 1 is not JSON; expected {"gyre": …, "format": 1, …}.');
  }
  if (typeof head !== 'object' || head === null || !head.gyre || head.format === undefined) {
    throw new Error('Line 1 does not say {"gyre": …, "format": 1}: this is not a recorded run.');
  }
  if (head.format !== 1) throw new Error(`Format ${head.format} is not known here; this page reads 1.`);
  const frames: Snapshot[] = [];
  let torn = false;
  for (let i = 1; i < lines.length; i += 1) {
    try {
      frames.push(asSnapshot(JSON.parse(lines[i] as string)));
    } catch (error) {
      if (i === lines.length - 1 && frames.length > 0) {
        torn = true; // the run was cut while it wrote: what is before stands
        break;
      }
      const why = error instanceof SyntaxError ? 'it is not JSON' : (error as Error).message;
      throw new Error(`Line ${i + 1} is not a snapshot: ${why}.`);
    }
  }
  if (frames.length === 0) throw new Error('The file has a first line but no snapshot after it.');
  return { name, seed: String(head.seed ?? ''), version: String(head.gyre), frames, rows: frames.map((f) => toRow(f, null)), torn };
}

/** Shows the i-th snapshot of the open recording, with the charts up to it. */
export function seek(index: number): void {
  const run = recording.value;
  if (run === null) return;
  const at = Math.min(Math.max(0, Math.round(index)), run.frames.length - 1);
  position.value = at;
  history = new History(run.rows.length, run.rows.slice(0, at + 1));
  show(run.frames[at] as Snapshot, null);
}

let player: ReturnType<typeof setInterval> | undefined;

export function setPlaying(on: boolean): void {
  playing.value = on;
  clearInterval(player);
  if (!on) return;
  const run = recording.value;
  if (run !== null && position.value >= run.frames.length - 1) seek(0);
  player = setInterval(() => {
    const last = (recording.value?.frames.length ?? 1) - 1;
    if (position.value >= last) setPlaying(false);
    else seek(position.value + 1);
  }, 250);
}

/** Opens a recorded run; the engine in the page rests meanwhile. */
export async function openRecording(file: File): Promise<void> {
  recordError.value = '';
  try {
    const run = parseRecording(file.name, await file.text());
    post({ type: 'run', on: false });
    liveHistory = recording.value === null ? history : liveHistory;
    recording.value = run;
    seek(0);
    setPlaying(true);
    notice.value = `Opened ${run.name}: ${run.frames.length} snapshots`;
  } catch (error) {
    recordError.value = `${file.name}: ${(error as Error).message}`;
  }
}

export function closeRecording(): void {
  setPlaying(false);
  recording.value = null;
  recordError.value = '';
  history = liveHistory;
  frame.value = lastLive;
  if (refresh.value) flush();
  post({ type: 'run', on: running.value });
  notice.value = 'Back to the live engine';
}

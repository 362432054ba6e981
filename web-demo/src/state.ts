// state.ts - what the page shows now: the newest of its source, or one of the snapshots that were kept or recorded.
// Room: page. Threads: the page's main thread.
import { computed, signal } from '@preact/signals';
import { MOST_EVENTS, type Happening } from './events.ts';
import { brief, clock, int } from './format.ts';
import { History, type Row } from './history.ts';
import { nearest, type Kept } from './kept.ts';
import type { Fault, Job, LinkMode } from './protocol.ts';
import type { Found } from './records.ts';
import { Refused } from './refused.ts';
import type { Snapshot } from './snapshot.ts';
import { Recording } from './sources/file.ts';
import type { LiveSource } from './sources/live.ts';
import type { ModuleSource } from './sources/module.ts';
import type { LoopTimes, Opens, Order, Phase, Source } from './source.ts';

export interface Frame {
  snap: Snapshot;
  job: Job | null;
  /** Ticks a second over the last 5 s; null where that is not known. */
  rate: number | null;
}

export const phase = signal<Phase>('starting');
export const failure = signal('');
export const frame = signal<Frame | null>(null);
export const running = signal(true);
export const refresh = signal(true);
export const linkMode = signal<LinkMode>('auto');
export const fault = signal<{ loop: string; kind: Fault }>({ loop: '', kind: 'none' });
/** The recorded run that is open. */
export const recording = signal<Recording | null>(null);
export const recordError = signal('');
/** The file that is being read, and how much of it has been, 0..1. */
export const reading = signal<{ name: string; done: number } | null>(null);
/** Which of the kept snapshots is shown; null: the newest there is. */
export const position = signal<number | null>(null);
/** Which of them `frame` is: it follows `position` as soon as that has been read. */
export const shown = signal<number | null>(null);
export const playing = signal(false);
export const speed = signal(1);
/** What was kept of an engine that failed and was started again. */
export const earlier = signal<{ file: Blob; about: string } | null>(null);
/** Why the last change of what runs happened; read out by assistive technology. */
export const notice = signal('');
/** The part of time that the charts show: a stretch in seconds, or this much before what is shown. */
export const stretch = signal<readonly [number, number] | null>(null);
export const span = signal(60);
/** The name of the loop whose drawer is open; empty: none. */
export const openLoop = signal('');

export const live = computed(() => recording.value === null);

let source: Source | null = null;
let ownHistory = new History();
let ownEvents: Happening[] = [];
let pending: { snap: Snapshot; job: Job | null } | null = null;
let lastOwn: Frame | null = null;

/** The rows behind the charts; read it after `frame`, which changes with it. */
export const history = (): History => recording.value?.history ?? ownHistory;
/** What happened, oldest first; read it after `frame` as well. */
export const events = (): Happening[] => recording.value?.events ?? ownEvents;
/** What can be shown again; null where nothing is kept. */
export const kept = (): Kept | null => recording.value ?? (source === null || source.kind === 'file' ? null : (source as ModuleSource | LiveSource).kept);
export const can = (what: Order['type']): boolean => live.value && phase.value === 'going' && (source?.can.has(what) ?? false);
/** Records of the engine itself; rejects with Refused where it cannot be asked. */
export const recall = (text: string): Promise<Found[]> => source?.recall(text) ?? Promise.reject(new Refused('there is no engine to ask'));
/** Tells `take` the buckets of this loop; at once null where what is shown is of before. */
export function buckets(loop: string, take: (of: LoopTimes | null) => void): void {
  const newest = () => following() && openLoop.value === loop;
  if (newest() && source) void source.buckets(loop).then((of) => take(newest() ? of : null));
  else take(null);
}
export const about = (): string => source?.about ?? '';

function show(snap: Snapshot, job: Job | null): void {
  const rate = snap.running || !live.value ? history().rate('ticks', 5, snap.now_ms / 1000) : 0;
  frame.value = { snap, job, rate };
}

const following = () => recording.value === null && position.value === null && refresh.value && !document.hidden;

function flush(): void {
  if (pending === null) return;
  show(pending.snap, pending.job);
  lastOwn = frame.value;
  pending = null;
}

function onPhase(next: Phase, why: string): void {
  phase.value = next;
  failure.value = why;
  if (next === 'failed') notice.value = source?.kind === 'live' ? why : `The engine has stopped: ${why}`;
}

/** Takes what `opens` makes as the page's own source. */
export function connect(opens: Opens): void {
  source = opens({
    snapshot(snap: Snapshot, row: Row, events: Happening[], job: Job | null) {
      ownEvents.push(...events);
      if (ownEvents.length > MOST_EVENTS) ownEvents.splice(0, ownEvents.length - MOST_EVENTS);
      ownHistory.push(row); // kept while the page stands still: the charts have no hole
      pending = { snap, job };
      if (source?.kind === 'live') running.value = snap.running;
      if (following()) flush();
    },
    phase: onPhase,
  });
  document.addEventListener('visibilitychange', () => following() && flush());
}

/** Another engine answers than before: what was drawn of the old one is no part of its past. */
export function forget(): void {
  [ownHistory, ownEvents] = [new History(), []];
  [pending, lastOwn] = [null, null];
  if (recording.value === null) [position.value, shown.value, stretch.value] = [null, null, null];
  notice.value = 'Another process answers';
}

export function fail(why: string): void {
  onPhase('failed', why);
}

/** Starts the engine again after it failed; what was kept of it can still be opened and saved. */
export function restart(): void {
  keepEarlier();
  anew('auto');
  source?.restart();
}

function keepEarlier(): void {
  const old = kept();
  if (!old || old.times.length === 0) return;
  earlier.value = { file: old.file(), about: `${int(old.times.length)} snapshots, ${clock(old.times[old.times.length - 1])}` };
}

function anew(link: LinkMode): void {
  setPlaying(false);
  [ownHistory, ownEvents] = [new History(), []];
  [pending, lastOwn, frame.value, position.value, shown.value, stretch.value] = [null, null, null, null, null, null];
  [running.value, fault.value, linkMode.value] = [true, { loop: '', kind: 'none' }, link];
}

/** The engine in the page: what it can go on from is saved, or opened. */
const own = (): ModuleSource | null => (source?.kind === 'module' ? (source as ModuleSource) : null);
export const saveState = (): void => own()?.save();

/** The engine has begun anew from a state, or says what is wrong with that. */
export function restored({ wrong, link, records }: { wrong: string; link: LinkMode; records: number }): void {
  if (wrong) {
    recordError.value = `The state: ${wrong}.`;
    return;
  }
  anew(link);
  notice.value = `The engine goes on from a state: what was learned, and ${int(records)} records`;
}

const isState = async (file: Blob): Promise<boolean> => (await file.slice(0, 40).text().catch(() => '')).startsWith('{"gyre_state":');

/** Goes on from a state that was saved; what was seen until now can still be opened. */
async function openState(name: string, file: Blob): Promise<void> {
  if (file.size > MOST_STATE) recordError.value = `${name}: a state of more than ${MOST_STATE / 1e6} MB.`;
  else if (!own()) recordError.value = `${name}: a state is for the engine in the page, and this page shows another.`;
  else {
    closeRecording();
    keepEarlier();
    own()?.restore(await file.text());
  }
}

export function setRunning(on: boolean): void {
  source?.order({ type: 'run', on });
  if (source?.kind === 'live') return; // its snapshots say what came of it
  running.value = on;
  notice.value = on ? 'Engine started' : 'Engine stopped';
}

export function setRefresh(on: boolean): void {
  refresh.value = on;
  if (following()) flush();
  notice.value = on ? 'Auto-refresh on' : 'Auto-refresh off; the engine goes on';
}

/** Of the engine in the page: how fast its clock goes, whether it is held, and on by one tick. */
export const setClock = (what: Extract<Order, { type: 'speed' | 'hold' | 'step' }>): void => source?.order(what);

export function setLink(mode: LinkMode): void {
  linkMode.value = mode;
  source?.order({ type: 'link', mode });
}

export function setFault(loop: string, kind: Fault): void {
  fault.value = { loop, kind };
  source?.order({ type: 'fault', loop, kind });
  notice.value = kind === 'none' ? `${loop} works again` : `${loop} is now ${kind === 'slow' ? 'slow' : 'failing'}`;
}

/** Tells one loop; an interval is in ms. */
export function orderLoop(type: 'pause' | 'resume' | 'trigger' | 'interval', loop: string, ms = 0): void {
  source?.order(type === 'interval' ? { type, loop, ms } : { type, loop });
  notice.value = `${loop}: ${type === 'interval' ? `interval ${brief(ms)} ms` : type}`;
}

let wanted: number | null = null;
let fetching = false;

/** Shows what was wanted last; a slow file is asked for one snapshot at a time. */
async function fetchWanted(): Promise<void> {
  if (fetching) return;
  fetching = true;
  try {
    while (wanted !== null) {
      const [index, from] = [wanted, kept()];
      wanted = null;
      const snap = await from?.at(index);
      if (!snap || from !== kept() || position.value === null) continue;
      show(snap, null);
      shown.value = index;
    }
  } catch (error) {
    recordError.value = words(error);
    setPlaying(false);
  } finally {
    fetching = false;
  }
}

const words = (error: unknown): string => {
  const text = error instanceof Refused ? error.message : 'something in the page failed while it was read';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
};

/** Shows the i-th of what was kept. */
export function seek(index: number): void {
  const last = (kept()?.times.length ?? 0) - 1;
  if (last < 0) return;
  position.value = Math.min(Math.max(0, Math.round(index)), last);
  wanted = position.value;
  void fetchWanted();
}

/** Shows what was at `seconds`. */
export function seekTime(seconds: number): void {
  const from = kept();
  if (from) seek(nearest(from, seconds));
}

/** Shows the newest again. */
export function toNewest(): void {
  setPlaying(false);
  wanted = null;
  [position.value, shown.value] = [null, null];
  pending ??= lastOwn;
  if (following()) flush();
}

const MOST_STATE = 200e6; // bytes
const STEP_MS = 100;
const LONGEST_WAIT_S = 2; // between two snapshots: what is further apart nobody waits for
let player: ReturnType<typeof setInterval> | undefined;

export function setPlaying(on: boolean): void {
  playing.value = on;
  clearInterval(player);
  const from = kept();
  if (!on || from === null) return;
  const last = from.times.length - 1;
  if ((position.value ?? last) >= last) seek(0);
  let at = from.times[position.value ?? 0] ?? 0;
  player = setInterval(() => {
    const now = position.value ?? 0;
    if (now >= from.times.length - 1) return setPlaying(false);
    at += (STEP_MS / 1000) * speed.value;
    const following = from.times[now + 1] as number;
    if (following - at > LONGEST_WAIT_S * speed.value) at = following;
    const next = nearest(from, at);
    if (next !== now) seek(next);
  }, STEP_MS);
}

/** The engine in the page rests while a recorded run is shown; another process goes on. */
function rest(on: boolean): void {
  if (source?.kind === 'module') source.order({ type: 'run', on });
}

let cancelReading: AbortController | null = null;

/** Gives up reading the file. */
export const cancel = (): void => cancelReading?.abort();

/** Opens a recorded run; the engine in the page rests meanwhile. What was shown stays until all of it has been read. */
export async function openRecording(name: string, file: Blob): Promise<void> {
  if (await isState(file)) return openState(name, file);
  cancel();
  const mine = new AbortController();
  cancelReading = mine;
  recordError.value = '';
  reading.value = { name, done: 0 };
  try {
    const run = await Recording.open(name, file, (done) => mine.signal.aborted || (reading.value = { name, done }), mine.signal);
    const first = await run.at(0);
    if (first === null) return;
    closeRecording();
    rest(false);
    recording.value = run;
    [stretch.value, span.value, position.value, shown.value] = [null, Infinity, 0, 0];
    show(first, null);
    setPlaying(true);
    notice.value = `Opened ${run.name}: ${run.times.length} snapshots`;
  } catch (error) {
    if (cancelReading === mine) recordError.value = `${name}: ${words(error)}`;
  } finally {
    if (cancelReading === mine) reading.value = null;
  }
}

export function closeRecording(): void {
  setPlaying(false);
  recordError.value = '';
  const run = recording.value;
  if (run === null) return;
  [wanted, position.value, shown.value, stretch.value, span.value] = [null, null, null, null, 60];
  recording.value = null;
  run.close();
  frame.value = lastOwn;
  if (following()) flush();
  rest(running.value);
  notice.value = 'Back to the live engine';
}

/** The seconds from and to which all charts are drawn. */
export function drawn(): readonly [number, number] {
  if (stretch.value) return stretch.value;
  const times = history().times;
  const [first, last] = [times[0] ?? 0, times[times.length - 1] ?? 0];
  if (span.value === Infinity) return [first, Math.max(last, first + 10)];
  const end = (position.value !== null && kept()?.times[position.value]) || last;
  return [Math.max(0, end - span.value), Math.max(end, 10)];
}

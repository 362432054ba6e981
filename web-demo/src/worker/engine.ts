// engine.ts - holds the engine and drives it: polls it, runs its external ticks, reports four times a second.
// Room: page. Threads: the worker; the page hears of it through messages only.
import { Gyre, GyreError } from '../../../wasm/index.ts';
import { Packer } from '../columns.ts';
import { Watcher } from '../events.ts';
import { toRow } from '../history.ts';
import type { FromWorker, ToWorker } from '../protocol.ts';
import { records } from '../records.ts';
import { Refused } from '../refused.ts';
import { checked, type Snapshot } from '../snapshot.ts';
import { Clock } from './clock.ts';
import { stateOf } from './keep.ts';
import { INTERVAL_MS, LOOPS, SOCIETY, World } from './job.ts';
import { unpack } from '../lzma.ts';
import { pieces } from './texts.ts';

const REPORT_MS = 250;
const FIRST_MS = 4; // of a turn, for the first round of measurements
const MEASURE_MS = 100; // between two measurements of a fixed setting, once each has been measured
const TURN_MS = 30; // of work, before the page is listened to again
const MOST_TRIES = 100; // times that the engine plans something which is no tick

let world: World | null = null;
let begun: { gyre: Gyre; texts: Uint8Array; seed: number } | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
const clock = new Clock();
let running = false;
let busyMs = 0;
let reportedAt = 0; // on performance.now(), as the next
let measuredAt = 0;
let ids = new Map<string, number>(); // of the loops, by their names

const packer = new Packer();
let watcher = new Watcher();

const send = (message: FromWorker, moved: ArrayBuffer[] = []) => postMessage(message, { transfer: moved });

/** Why it can do no more, without JavaScript's words. */
function words(error: unknown): string {
  if (error instanceof GyreError) return error.message;
  if (error instanceof Refused) return `it wrote a snapshot that the page does not take: ${error.message}`;
  if (error instanceof WebAssembly.RuntimeError) return 'its WebAssembly module came to an end that it did not foresee';
  if (error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError) return 'this browser cannot run its WebAssembly module';
  return error instanceof RangeError ? 'there is no memory left for it' : 'the page’s own program around it failed';
}

function fail(error: unknown): void {
  running = false;
  clearTimeout(timer);
  send({ type: 'error', text: words(error) });
}

function report(w: World): void {
  const passed = performance.now() - reportedAt;
  const text = w.snapshot();
  const snap = checked(JSON.parse(text));
  ids = new Map(snap.loops.map((l) => [l.name, l.id]));
  const job = { ...w.report(clock.now, Math.min(1, busyMs / passed)), ...clock.said() };
  const packed = packer.pack(snap);
  send({ type: 'snapshot', snap: packed.snap, row: toRow(snap, job), events: watcher.see(snap), job, kept: new Blob([text]) }, packed.moved);
  reportedAt = performance.now();
  busyMs = 0;
}

/** What is due until the clock's now, a step of its time after the other: the faster it goes the more of them. */
function work(w: World): number {
  const until = performance.now() + TURN_MS;
  let next = 0;
  do {
    const at = clock.step();
    while (w.added < LOOPS && at >= (w.added * INTERVAL_MS) / LOOPS) w.addNext();
    next = w.turn(at);
  } while (clock.behind && performance.now() < until);
  clock.giveUp(); // what could not be done in time is not caught up with
  return next;
}

function measure(w: World): void {
  if (!w.calibrated) {
    const until = performance.now() + FIRST_MS;
    while (!w.calibrated && performance.now() < until) w.calibrate();
  } else if (performance.now() - measuredAt >= MEASURE_MS) {
    w.calibrate();
    measuredAt = performance.now();
  }
}

function turn(): void {
  if (world === null || !running) return;
  try {
    const start = performance.now();
    const next = clock.held ? Infinity : work(world);
    measure(world);
    if (start - reportedAt >= REPORT_MS) report(world);
    busyMs += performance.now() - start;
    timer = setTimeout(turn, Math.min(20, Math.max(0, clock.wait(next))));
  } catch (error) {
    fail(error);
  }
}

/** While the clock is held: on to where the next tick is due, and that is run, with what else is due then. */
function one(w: World): void {
  if (!clock.held || !running) return;
  const ticks = () => (JSON.parse(w.snapshot()) as Snapshot).totals.ticks;
  const before = ticks();
  for (let tries = 0; tries < MOST_TRIES && ticks() === before; tries += 1) {
    clock.to(w.turn(clock.now));
    w.turn(clock.now);
  }
  report(w);
}

function run(on: boolean): void {
  if (world === null || on === running) return;
  running = on;
  if (on) {
    clock.rest(false);
    world.start();
    turn();
    return;
  }
  clearTimeout(timer);
  world.turn(clock.step());
  clock.rest(true);
  world.stop();
  report(world);
}

async function init(message: Extract<ToWorker, { type: 'init' }>): Promise<void> {
  const gyre = await Gyre.load(unpack(message.packed).buffer);
  clock.begin();
  begun = { gyre, texts: pieces(message.text), seed: message.seed };
  world = new World(gyre, begun.texts, begun.seed);
  running = true;
  send({ type: 'ready', societyFactor: SOCIETY });
  turn();
}

/** Begins anew with what `json` says; what is wrong with it is said, and changes nothing. */
function restore(json: string): void {
  if (begun === null) return;
  try {
    const state = stateOf(json);
    const next = new World(begun.gyre, begun.texts, state.seed, state);
    world?.destroy();
    world = next;
    begun.seed = state.seed;
    watcher = new Watcher();
    clock.begin();
    clock.speed(state.speed);
    const { in_ring, in_blocks } = (JSON.parse(world.snapshot()) as Snapshot).memory;
    send({ type: 'restored', wrong: '', link: state.link, records: in_ring + in_blocks });
    clock.rest(false);
    if (!running) setTimeout(turn);
    running = true; // a World is started as it is made
  } catch (error) {
    if (!(error instanceof Refused || error instanceof GyreError)) throw error;
    send({ type: 'restored', wrong: error.message, link: 'auto', records: 0 });
  }
}

export function onEngine(message: ToWorker): void {
  try {
    if (message.type === 'init') init(message).catch(fail);
    else if (message.type === 'run') run(message.on);
    else if (message.type === 'link') world?.setLink(message.mode, clock.now);
    else if (message.type === 'fault') world?.setFault(message.loop, message.kind);
    else if (message.type === 'speed') clock.speed(message.factor);
    else if (message.type === 'hold') clock.hold(message.on);
    else if (message.type === 'step') world && one(world);
    else if (message.type === 'save') world && begun && send({ type: 'saved', state: new Blob([JSON.stringify(world.state(begun.seed, clock.said().speed))], { type: 'application/json' }) });
    else if (message.type === 'restore') restore(message.json);
    else if (message.type === 'recall') send({ type: 'answer', id: message.id, answer: records(world?.recall(message.text) ?? '[]') ?? [] });
    else if (message.type === 'buckets') send({ type: 'answer', id: message.id, answer: world?.buckets(ids.get(message.loop)) ?? null });
    else world?.tell(message, ids.get(message.loop));
  } catch (error) {
    fail(error);
  }
}

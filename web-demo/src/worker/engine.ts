// engine.ts - holds the engine and drives it: polls it, runs its external ticks, reports four times a second.
// Room: page. Threads: the worker; the page hears of it through messages only.
import { Gyre, GyreError } from '../../../wasm/index.ts';
import { toRow } from '../history.ts';
import type { FromWorker, ToWorker } from '../protocol.ts';
import { Refused } from '../refused.ts';
import { checked } from '../snapshot.ts';
import { INTERVAL_MS, LOOPS, SOCIETY, World } from './job.ts';
import { unpack } from './lzma.ts';
import { pieces } from './texts.ts';

const REPORT_MS = 250;
const FIRST_MS = 4; // of a turn, for the first round of measurements
const MEASURE_MS = 100; // between two measurements of a fixed setting, once each has been measured

let world: World | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let epoch = 0; // the engine's 0 on performance.now(); moves on while the engine rests, so that its clock stands
let restSince = 0;
let running = false;
let busyMs = 0;
let reportedAt = -REPORT_MS; // at once, for the first time
let measuredAt = 0;
let ids = new Map<string, number>(); // of the loops, by their names

const send = (message: FromWorker) => postMessage(message);
const now = () => performance.now() - epoch;

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

function report(w: World, at: number): void {
  const busy = at > reportedAt ? busyMs / (at - reportedAt) : 0;
  const text = w.snapshot();
  const snap = checked(JSON.parse(text));
  ids = new Map(snap.loops.map((l) => [l.name, l.id]));
  const job = w.report(at, Math.min(1, busy));
  send({ type: 'snapshot', snap, row: toRow(snap, job), job, kept: new Blob([text]) });
  reportedAt = at;
  busyMs = 0;
}

function turn(): void {
  if (world === null || !running) return;
  try {
    const start = performance.now();
    const at = now();
    while (world.added < LOOPS && at >= (world.added * INTERVAL_MS) / LOOPS) world.addNext();
    const next = world.turn(at);
    if (!world.calibrated) {
      const until = performance.now() + FIRST_MS;
      while (!world.calibrated && performance.now() < until) world.calibrate();
    } else if (at - measuredAt >= MEASURE_MS) {
      world.calibrate();
      measuredAt = at;
    }
    if (at - reportedAt >= REPORT_MS) report(world, at);
    busyMs += performance.now() - start;
    timer = setTimeout(turn, Math.min(20, Math.max(0, next - now())));
  } catch (error) {
    fail(error);
  }
}

function run(on: boolean): void {
  if (world === null || on === running) return;
  running = on;
  if (on) {
    epoch += performance.now() - restSince;
    world.start();
    turn();
    return;
  }
  clearTimeout(timer);
  restSince = performance.now();
  world.turn(now());
  world.stop();
  report(world, now());
}

async function init(message: Extract<ToWorker, { type: 'init' }>): Promise<void> {
  const gyre = await Gyre.load(unpack(message.packed).buffer);
  epoch = performance.now();
  world = new World(gyre, pieces(message.text), message.seed);
  running = true;
  send({ type: 'ready', societyFactor: SOCIETY });
  turn();
}

export function onEngine(message: ToWorker): void {
  try {
    if (message.type === 'init') init(message).catch(fail);
    else if (message.type === 'run') run(message.on);
    else if (message.type === 'link') world?.setLink(message.mode, now());
    else if (message.type === 'fault') world?.setFault(message.loop, message.kind);
    else if (message.type === 'recall') send({ type: 'recalled', id: message.id, json: world?.recall(message.text) ?? '[]' });
    else world?.tell(message, ids.get(message.loop));
  } catch (error) {
    fail(error);
  }
}

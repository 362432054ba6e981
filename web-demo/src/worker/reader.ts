// reader.ts - reads a recorded run as a stream: every line is checked, its figures and its place are kept, nothing else is.
// Room: page. Threads: a worker of its own, ended when the page closes the recording or its reading is given up.
import { Packer } from '../columns.ts';
import { Watcher, type Happening } from '../events.ts';
import { toRow, type Row } from '../history.ts';
import type { FromReader, Head, ToReader } from '../protocol.ts';
import { records } from '../records.ts';
import { Refused } from '../refused.ts';
import { checked, type Snapshot } from '../snapshot.ts';
import { Rows } from './changes.ts';
import { replay } from './replay.ts';

const MIB = 1024 * 1024;
/** Bounds of what is read; a run of 120 loops has 0.15 MB a snapshot. */
const MOST_LINE = 64 * MIB;
const MOST_SNAPSHOTS = 250_000;
const SAY_MS = 100;
const MANY = 1000; // loops; of more, a snapshot is kept each KEEP_MS
const KEEP_MS = 2000;

const packer = new Packer();

const send = (message: FromReader, moved: ArrayBuffer[] = []) => postMessage(message, { transfer: moved });

let file: Blob | null = null;
let about: Head | null = null;
/** Where each snapshot lies in the file. */
const places: [number, number][] = [];
let rows: Row[] = [];
let events: Happening[] = [];
const watcher = new Watcher();
let lastTime = -1;

function json(bytes: Uint8Array<ArrayBuffer>, what: string): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Refused(`${what} is not text in UTF-8`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(`${what} is not JSON`);
  }
}

function head(bytes: Uint8Array<ArrayBuffer>): Head {
  const it = json(bytes, 'line 1');
  const { gyre, format, seed, society } = (typeof it === 'object' && it !== null ? it : {}) as Record<string, unknown>;
  if (typeof gyre !== 'string' || format === undefined) throw new Refused('line 1 does not say {"gyre": …, "format": 1}: this is not a recorded run');
  if (format !== 1) throw new Refused(`format ${String(JSON.stringify(format)).slice(0, 40)} is not known here; this page reads 1`);
  const said = typeof seed === 'string' || typeof seed === 'number' ? String(seed).slice(0, 40) : '';
  const again = typeof society === 'number' && society >= 0.001 && society <= 1000 && /^\d{1,20}$/.test(said) && BigInt(said) < 2n ** 64n;
  return { gyre: gyre.slice(0, 40), seed: said, society: again ? society : null };
}

function snapshotOf(bytes: Uint8Array<ArrayBuffer>, line: number): Snapshot {
  const value = json(bytes, `line ${line}`);
  try {
    return checked(value);
  } catch (error) {
    throw error instanceof Refused ? new Refused(`line ${line} is not a snapshot: ${error.message}`) : error;
  }
}

/** Splits the stream at its line ends. Yields each line that is not blank: its bytes, its place, and its number from 1. */
async function* lines(from: Blob): AsyncGenerator<{ bytes: Uint8Array<ArrayBuffer>; at: number; line: number }> {
  const stream = from.stream().getReader();
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let [size, at, line] = [0, 0, 1];
  const taken = () => {
    const bytes = new Uint8Array(size);
    let to = 0;
    for (const part of parts) {
      bytes.set(part, to);
      to += part.length;
    }
    parts = [];
    return bytes;
  };
  const blank = (bytes: Uint8Array) => bytes.every((b) => b === 32 || b === 9 || b === 13);
  const keep = (part: Uint8Array<ArrayBuffer>) => {
    size += part.length;
    if (size > MOST_LINE) throw new Refused(`line ${line} is over ${MOST_LINE / MIB} MiB; a snapshot of 20,000 loops has 25`);
    parts.push(part);
  };
  for (;;) {
    const { done, value } = await stream.read();
    if (done) break;
    let start = 0;
    for (let stop = value.indexOf(10); stop >= 0; stop = value.indexOf(10, start)) {
      keep(value.subarray(start, stop));
      start = stop + 1;
      const length = size + 1;
      const bytes = taken();
      if (!blank(bytes)) yield { bytes, at, line };
      [size, at, line] = [0, at + length, line + 1];
    }
    keep(value.slice(start));
  }
  const bytes = taken();
  if (!blank(bytes)) yield { bytes, at, line };
}

function take(snap: Snapshot, at: number, length: number, line: number): void {
  if (snap.now_ms < lastTime) throw new Refused(`line ${line} goes back in time: now_ms is ${snap.now_ms} after ${lastTime}`);
  if (places.length === MOST_SNAPSHOTS) throw new Refused(`it has more than ${MOST_SNAPSHOTS.toLocaleString('en-US')} snapshots`);
  lastTime = snap.now_ms;
  places.push([at, at + length]);
  rows.push(toRow(snap, null));
  events.push(...watcher.see(snap));
}

async function read(from: Blob): Promise<void> {
  file = from;
  let torn: Refused | null = null;
  let told = performance.now();
  const tell = (done: number) => {
    send({ type: 'rows', rows, events, done });
    [rows, events] = [[], []];
    told = performance.now();
  };
  for await (const { bytes, at, line } of lines(from)) {
    if (torn) throw torn; // it was not the last line
    if (about === null) {
      about = head(bytes);
      continue;
    }
    try {
      take(snapshotOf(bytes, line), at, bytes.length, line);
    } catch (error) {
      // The run may have been cut while it wrote: what is before stands.
      if (places.length === 0 || !(error instanceof Refused)) throw error;
      torn = error;
    }
    if (performance.now() - told > SAY_MS) tell(at / from.size);
  }
  if (about === null) throw new Refused('the file is empty; expected are JSON lines');
  if (places.length === 0) throw new Refused('the file has a first line but no snapshot after it');
  tell(1);
  send({ type: 'read', head: about, torn: torn !== null });
}

/** It was checked when the file was read, which takes three times as long as this; of a file that was changed since, the browser gives nothing. */
async function again(index: number, line = (file as Blob).slice(...(places[index] as [number, number]))): Promise<Snapshot> {
  return JSON.parse(await line.text()) as Snapshot;
}

async function answer(message: Exclude<ToReader, { type: 'read' }>): Promise<void> {
  if (message.type === 'check') check(message.json, message.change);
  else if (message.type === 'records') send({ type: 'records', found: records(message.json) });
  else if (message.type === 'at') {
    const { snap, moved } = packer.pack(await again(message.index, message.line));
    send({ type: 'at', index: message.index, snap }, moved);
  }
  else await replay(message.packed, about as Head, places.length, again, (state) => send({ type: 'replayed', state }));
}

const live = new Rows();
let keptAt = -Infinity;

function taken(json: string, change: boolean): { snap: Snapshot; at: number[] | null } {
  try {
    return change ? live.change(json) : { snap: live.whole(json), at: null };
  } catch (error) {
    throw error instanceof RangeError || error instanceof TypeError ? new Refused('it is not a snapshot') : error;
  }
}

/** What a process sent. Of many loops only some snapshots are kept: each is written as a whole. */
function check(json: string, change: boolean): void {
  const { snap: sent, at } = taken(json, change);
  if (sent.now_ms < lastTime) throw new Refused(`it goes back in time: now_ms is ${sent.now_ms} after ${lastTime}`);
  lastTime = sent.now_ms;
  const all = { ...sent, loops: live.loops };
  const { snap, moved } = packer.pack(all, at);
  const keep = live.loops.length <= MANY || performance.now() - keptAt >= KEEP_MS;
  if (keep) keptAt = performance.now();
  send({ type: 'checked', snap, row: toRow(all, null), events: watcher.see(all), kept: keep ? new Blob([live.line()]) : null }, moved);
}

const fail = (error: unknown) =>
  send({ type: 'refused', text: error instanceof Refused ? error.message : error instanceof SyntaxError ? 'it is not JSON' : 'the browser could not read it; perhaps it was changed, moved or removed meanwhile' });

export function onReader(message: ToReader): void {
  (message.type === 'read' ? read(message.file) : answer(message)).catch(fail);
}

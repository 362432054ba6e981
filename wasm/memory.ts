// memory.ts - the module's memory as JavaScript sees it: views, strings, structs, errors.
// Room: wasm. Threads: those of the module: one.
import { type Exported } from './exports.ts';
import { ERROR_SIZE, type Kind, type Layout } from './layouts.ts';
import { GyreError, Status } from './status.ts';

/** An address in the module's memory. */
export type Pointer = number;
export type Call = (...args: number[]) => number;

export const utf8 = new TextEncoder();
const text = new TextDecoder();

/** Names that are kept in the module's memory: at most 64 KiB of them, since a name is short. */
const NAMES = 256;

/** `value`, if that is a whole number from `least` to under `end`. ARG: it is another. */
export function whole(what: string, value: number | bigint, least: number, end: number): number | bigint {
  const fits = (typeof value === 'bigint' || Number.isInteger(value)) && value >= least && value < end;
  if (!fits) throw new GyreError(Status.ARG, `${what} is ${value}: a whole number from ${least} to under ${end} expected`);
  return value;
}

/** `value`, if that is a whole number of 32 bits: what goes to the module as it is would be cut to them. ARG: it is another. */
export const word = (what: string, value: number): number => Number(whole(what, value, 0, 2 ** 32));

/** The number of one of the names in `list`. ARG: it is none of them. */
export function pick<Name extends string>(what: string, list: Record<Name, number>, name: Name): number {
  if (!Object.hasOwn(list, name)) {
    throw new GyreError(Status.ARG, `${what} is ${JSON.stringify(name)}: one of ${Object.keys(list).join(', ')} expected`);
  }
  return list[name];
}

/** What each class of the loader writes its calls into and reads their results from. */
export class Memory {
  private readonly names = new Map<string, Pointer>();
  private readonly scratch: Pointer;
  private readonly error: Pointer;
  protected readonly word: Pointer;
  private view_: DataView;
  private bytes_: Uint8Array;
  private out = { at: 0, cap: 0 };

  protected constructor(
    protected readonly fn: Record<Exported, Call>,
    private readonly memory: WebAssembly.Memory,
  ) {
    this.view_ = new DataView(memory.buffer);
    this.bytes_ = new Uint8Array(memory.buffer);
    this.scratch = this.alloc(512);
    this.error = this.alloc(ERROR_SIZE);
    this.word = this.alloc(16);
  }

  /** Bytes in the module's memory; give them back with free(). */
  alloc(size: number): Pointer {
    const at = size >= 0 && size < 2 ** 32 ? this.fn.gyre_alloc(size) : 0; // else it would be cut to 32 bits
    if (at === 0) throw new GyreError(Status.NOMEM, `no memory for ${size} bytes`);
    return at;
  }

  free(at: Pointer): void {
    this.fn.gyre_free(at);
  }

  /** The module's memory as it is now: growth makes older views empty, so ask again after every call. */
  get bytes(): Uint8Array {
    if (this.bytes_.buffer !== this.memory.buffer) {
      this.bytes_ = new Uint8Array(this.memory.buffer);
      this.view_ = new DataView(this.memory.buffer);
    }
    return this.bytes_;
  }

  /** Bytes that the module's memory takes. */
  get residentBytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** @internal */
  get call(): Record<Exported, Call> {
    return this.fn;
  }
  /** @internal */
  get outWord(): Pointer {
    return this.word;
  }
  /** @internal A name as a C string that stays until NAMES others were used since: names of knobs are
   *  few and used again. At most half of that many in one call. */
  name(value: string): Pointer {
    let at = this.names.get(value);
    if (at !== undefined && this.names.size < NAMES) return at;
    if (at === undefined) at = this.put(value);
    this.names.delete(value);
    this.names.set(value, at); // as the newest
    if (this.names.size > NAMES) {
      const [oldest, place] = this.names.entries().next().value as [string, Pointer];
      this.names.delete(oldest);
      this.free(place);
    }
    return at;
  }
  /** @internal A C string to be freed. ARG: C would end it at its first NUL. */
  put(value: string): Pointer {
    if (value.includes('\0')) throw new GyreError(Status.ARG, `the text ${JSON.stringify(value)} contains NUL`);
    return this.place(utf8.encode(value), 1);
  }
  /** @internal Bytes, and as many zeros, to be freed. */
  place(data: Uint8Array, zeros = 0): Pointer {
    const at = this.alloc(Math.max(1, data.length + zeros));
    this.bytes.set(data, at);
    this.bytes.fill(0, at + data.length, at + data.length + zeros);
    return at;
  }
  /** @internal Calls with a place for what is put during the call, and frees that. */
  holding<T>(call: (hold: (at: Pointer) => Pointer) => T): T {
    const held: Pointer[] = [];
    try {
      return call((at) => (held.push(at), at));
    } finally {
      held.forEach((at) => this.free(at));
    }
  }
  /** @internal */
  read(at: Pointer): string {
    const bytes = this.bytes;
    return text.decode(bytes.subarray(at, bytes.indexOf(0, at)));
  }
  /** @internal */
  get view(): DataView {
    return this.bytes && this.view_;
  }
  /** @internal */
  u32(at: Pointer): number {
    return this.view.getUint32(at, true);
  }
  /** @internal */
  f64(at: Pointer): number {
    return this.view.getFloat64(at, true);
  }
  /** @internal Fills a struct at `at` (by default the scratch place, one struct at a time). */
  struct(shape: Layout, values: Record<string, number | bigint>, at = this.scratch): Pointer {
    this.bytes.fill(0, at, at + shape.size);
    const view = this.view;
    view.setUint32(at, shape.size, true);
    for (const [key, value] of Object.entries(values)) {
      const [offset, kind] = shape.at[key] as [number, Kind];
      if (kind === 'f64') view.setFloat64(at + offset, Number(value), true);
      else if (kind === 'u64') view.setBigUint64(at + offset, BigInt(whole(key, value, 0, 2 ** 64)), true);
      else if (kind === 'i32') view.setInt32(at + offset, Number(whole(key, value, -(2 ** 31), 2 ** 31)), true);
      else view.setUint32(at + offset, Number(whole(key, value, 0, 2 ** 32)), true);
    }
    return at;
  }
  /** @internal The fields of a struct that a call has filled, as `lastChange` for `last_change`. */
  fields(shape: Layout, at: Pointer): Record<string, number> {
    const view = this.view;
    const out: Record<string, number> = {};
    for (const [key, [offset, kind]] of Object.entries(shape.at)) {
      const name = key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
      if (kind === 'f64') out[name] = view.getFloat64(at + offset, true);
      else if (kind === 'u64') out[name] = Number(view.getBigUint64(at + offset, true));
      else out[name] = view.getUint32(at + offset, true);
    }
    delete out.size;
    delete out.reserved;
    return out;
  }
  /** @internal Numbers that a call writes and counts, however many. */
  numbers(fill: (out: Pointer, cap: number, needed: Pointer) => number): number[] {
    this.resetError();
    const { at, size } = this.grown((buf, cap, needed) => fill(buf, cap >> 3, needed), 8);
    return Array.from({ length: size }, (_, i) => this.f64(at + i * 8));
  }
  /** @internal */
  resetError(): Pointer {
    this.view.setUint32(this.error, ERROR_SIZE, true);
    this.view.setInt32(this.error + 4, 0, true);
    return this.error;
  }
  /** @internal Throws the text of the last resetError() place, or the status's name. */
  check(status: number): void {
    if (status === Status.OK) return;
    const told = this.view.getInt32(this.error + 4, true) === status;
    throw new GyreError(status, told ? this.read(this.error + 8) : this.read(this.fn.gyre_status_name(status)));
  }
  /** @internal Calls until what comes fits, in units of so many bytes; the place is kept and grows by half. */
  grown(fill: (buf: Pointer, cap: number, needed: Pointer) => number, unit = 1): { at: Pointer; size: number } {
    for (;;) {
      const status = fill(this.out.at, this.out.cap, this.word);
      const needed = this.u32(this.word);
      if (status === Status.OK) return { at: this.out.at, size: needed };
      if (status !== Status.BUFFER) this.check(status);
      this.free(this.out.at);
      this.out = { at: 0, cap: 0 };
      const cap = (needed + (needed >> 1) + 64) * unit;
      this.out = { at: this.alloc(cap), cap };
    }
  }
  /** @internal */
  decode(at: Pointer, size: number): string {
    return text.decode(this.bytes.subarray(at, at + size));
  }
}

// columns.ts - columns of numbers on their way into the module's memory and out of it.
// Room: wasm. Threads: those of the module: one.
import { whole, type Memory, type Pointer } from './memory.ts';
import { GyreError, Status } from './status.ts';

const ARRAYS = {
  u8: Uint8Array, i8: Int8Array, u16: Uint16Array, i16: Int16Array, u32: Uint32Array, i32: Int32Array, f32: Float32Array,
  f64: Float64Array,
};
interface Arrays {
  u8: Uint8Array;
  i8: Int8Array;
  u16: Uint16Array;
  i16: Int16Array;
  u32: Uint32Array;
  i32: Int32Array;
  f32: Float32Array;
  f64: Float64Array;
}
/** A number as a typed array has it: unsigned, whole, or with a point, and its bits. */
export type NumberType = keyof Arrays;
export type ArrayOf<T extends NumberType> = Arrays[T];
/** A typed array or another list of numbers. */
export type Numbers = ArrayLike<number>;

/** Bytes of one. */
export const widthOf = (type: NumberType) => ARRAYS[type].BYTES_PER_ELEMENT;

/** So many zeros. */
export const zeros = <T extends NumberType>(type: T, count: number) => new ARRAYS[type](count) as ArrayOf<T>;

export const refuse = (why: string) => new GyreError(Status.ARG, why);

/** `n`, the numbers that lie in a list of rows, `each` to a row: so many rows. ARG: no whole number of them. */
export function rowsOf(what: string, n: number, each: number): number {
  if (n % each !== 0) throw refuse(`${what} has ${n} numbers: not rows of ${each}`);
  return n / each;
}

/** ARG: not as many. */
export function same(what: string, n: number, wanted: number): void {
  if (n !== wanted) throw refuse(`${what} has ${n} numbers, not ${wanted}`);
}

/** 0 is what C takes for the default. */
export const orNone = (value: number | undefined) => (value === undefined ? 0 : value === 0 ? -1 : value);

/** The columns of one call; what they take is freed after it. */
export class Columns {
  constructor(
    private readonly gyre: Memory,
    private readonly hold: (at: Pointer) => Pointer,
  ) {}

  /** Room for so many numbers. Growth of the memory makes older views empty, so see() it after the call. */
  room(type: NumberType, count: number): Pointer {
    return this.hold(this.gyre.alloc(Math.max(8, count * widthOf(type))));
  }
  /** They, as they lie in the module until its next call. */
  see<T extends NumberType>(type: T, at: Pointer, count: number): ArrayOf<T> {
    return new ARRAYS[type](this.gyre.bytes.buffer as ArrayBuffer, at, count) as ArrayOf<T>;
  }
  /** Numbers for a call to read. ARG: not of the type. */
  put(type: NumberType, what: string, values: Numbers): Pointer {
    const at = this.room(type, values.length);
    this.see(type, at, values.length).set(fits(type, what, values));
    return at;
  }
  /** What a call has written, copied into `into`, by default a new array. ARG: no room there. */
  take<T extends NumberType>(type: T, at: Pointer, count: number, into?: ArrayOf<T>): ArrayOf<T> {
    if (into === undefined) return this.see(type, at, count).slice() as ArrayOf<T>;
    into.set(this.see(type, at, count));
    return into;
  }
}

/** `values`, each of the type. ARG: one is not. */
export function fits(type: NumberType, what: string, values: Numbers): Numbers {
  if (type[0] === 'f' || values instanceof ARRAYS[type]) return values;
  const bits = 8 * widthOf(type);
  const [least, end] = type[0] === 'u' ? [0, 2 ** bits] : [-(2 ** (bits - 1)), 2 ** (bits - 1)];
  for (let i = 0; i < values.length; i += 1) whole(`${what}[${i}]`, values[i] as number, least, end);
  return values;
}

/** ARG: `into`, where it is given, has no room for so many. Asked before the call, so that nothing has changed. */
export function roomy(into: Numbers | undefined, count: number): void {
  if (into !== undefined && into.length < count) throw refuse(`there is room for ${into.length} numbers, not ${count}`);
}

/** Calls with columns. */
export function columns<T>(gyre: Memory, call: (c: Columns) => T): T {
  return gyre.holding((hold) => call(new Columns(gyre, hold)));
}

/** Whole numbers, one a row of `given`, that a call writes: as its actions for observations. */
export function chosen(
  gyre: Memory, type: 'u32' | 'f32', each: number, given: Numbers, into: Uint32Array | undefined,
  call: (given: Pointer, out: Pointer, count: number) => number,
): Uint32Array {
  const count = rowsOf('what is seen', given.length, each);
  roomy(into, count);
  return columns(gyre, (c) => {
    const [at, out] = [c.put(type, 'what is seen', given), c.room('u32', count)];
    gyre.resetError();
    if (count > 0) gyre.check(call(at, out, count));
    return c.take('u32', out, count, into);
  });
}

/** How episodes ended, a column each; left out: none did. */
export interface Ends {
  /** Nothing follows. */
  terminated?: ArrayLike<boolean | number>;
  /** It was cut off here, and would have gone on. */
  truncated?: ArrayLike<boolean | number>;
}

/** GYRE_TRANSITION_... of each of `count` steps. */
export function endsOf(o: Ends, count: number): Uint32Array {
  for (const name of ['terminated', 'truncated'] as const) same(name, o[name]?.length ?? count, count);
  return Uint32Array.from({ length: count }, (_, i) => (o.terminated?.[i] ? 1 : 0) | (o.truncated?.[i] ? 2 : 0));
}

/** Steps as columns: observations one after the other, `next` what truly came, also where it was cut off there. */
export interface Steps extends Ends {
  seen: Numbers;
  actions: Numbers;
  rewards: Numbers;
  next: Numbers;
}

/** Steps whose observations have `each` numbers, handed to a call. */
export function observed(
  gyre: Memory, each: number, s: Steps,
  call: (seen: Pointer, actions: Pointer, rewards: Pointer, next: Pointer, flags: Pointer, count: number) => number,
): void {
  const count = s.actions.length;
  same('seen', s.seen.length, count * each);
  same('next', s.next.length, count * each);
  same('rewards', s.rewards.length, count);
  const flags = endsOf(s, count);
  if (count === 0) return;
  columns(gyre, (c) => {
    const seen = c.put('f32', 'seen', s.seen);
    const actions = c.put('u32', 'actions', s.actions);
    const rewards = c.put('f64', 'rewards', s.rewards);
    const next = c.put('f32', 'next', s.next);
    const ends = c.put('u32', 'flags', flags);
    gyre.resetError();
    gyre.check(call(seen, actions, rewards, next, ends, count));
  });
}

/** What a call saves, as bytes. */
export function saved(gyre: Memory, call: (buf: Pointer, cap: number, needed: Pointer) => number): Uint8Array {
  gyre.resetError();
  const { at, size } = gyre.grown(call);
  return gyre.bytes.slice(at, at + size);
}

/** Hands saved bytes to a call. */
export function loaded(gyre: Memory, bytes: Uint8Array, call: (at: Pointer, size: number, err: Pointer) => number): void {
  gyre.holding((hold) => {
    const at = hold(gyre.place(bytes));
    gyre.check(call(at, bytes.length, gyre.resetError()));
  });
}

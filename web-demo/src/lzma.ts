// lzma.ts - unpacks what was packed as LZMA, as the public LZMA specification describes it: a browser has no unpacker for that.
// Room: page. Threads: pure functions.

// A chance of 11 bits for each decision, all in one array; where those of each kind begin.
const MATCH = 0;
const REP = 192;
const REP_G0 = 204;
const REP_G1 = 216;
const REP_G2 = 228;
const REP0_LONG = 240;
const SLOT = 432;
const SPECIAL = 688;
const ALIGN = 803;
const LENGTH = 819;
const REP_LENGTH = LENGTH + 514;
const LITERAL = REP_LENGTH + 514;
const HEADER = 13; // properties, size of the dictionary, size of what comes out

/** Reads single bits, each by the chance that it had so far. */
class Bits {
  private range = 0xffffffff;
  private code = 0;
  readonly chances: Uint16Array;

  constructor(private readonly input: Uint8Array, private at: number, count: number) {
    this.chances = new Uint16Array(count).fill(1024);
    for (let i = 0; i < 5; i += 1) this.code = ((this.code << 8) | this.byte()) >>> 0;
  }

  private byte(): number {
    const value = this.input[this.at++];
    if (value === undefined) throw new RangeError('packed data end too early');
    return value;
  }

  private refill(): void {
    if (this.range >= 0x1000000) return;
    this.range = (this.range << 8) >>> 0;
    this.code = ((this.code << 8) | this.byte()) >>> 0;
  }

  bit(index: number): 0 | 1 {
    const chance = this.chances[index] as number;
    const bound = (this.range >>> 11) * chance;
    if (this.code < bound) {
      this.range = bound;
      this.chances[index] = chance + ((2048 - chance) >> 5);
      this.refill();
      return 0;
    }
    this.range -= bound;
    this.code -= bound;
    this.chances[index] = chance - (chance >> 5);
    this.refill();
    return 1;
  }

  /** `count` bits, each as likely as not. */
  direct(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i += 1) {
      this.range >>>= 1;
      const one = this.code >= this.range ? 1 : 0;
      if (one) this.code -= this.range;
      value = value * 2 + one;
      this.refill();
    }
    return value;
  }

  /** A number of `count` bits, the highest first. */
  tree(from: number, count: number): number {
    let node = 1;
    for (let i = 0; i < count; i += 1) node = node * 2 + this.bit(from + node);
    return node - (1 << count);
  }

  /** The same, the lowest first. */
  reverse(from: number, count: number): number {
    let [node, value] = [1, 0];
    for (let i = 0; i < count; i += 1) {
      const one = this.bit(from + node);
      node = node * 2 + one;
      value |= one << i;
    }
    return value;
  }

  length(from: number, part: number): number {
    if (this.bit(from) === 0) return 2 + this.tree(from + 2 + part * 8, 3);
    if (this.bit(from + 1) === 0) return 10 + this.tree(from + 130 + part * 8, 3);
    return 18 + this.tree(from + 258, 8);
  }

  /** How far back a match of this length lies, less one. */
  distance(length: number): number {
    const slot = this.tree(SLOT + Math.min(length - 2, 3) * 64, 6);
    if (slot < 4) return slot;
    const count = (slot >> 1) - 1;
    const high = (2 | (slot & 1)) * 2 ** count;
    if (slot < 14) return high + this.reverse(SPECIAL + high - slot, count);
    return high + this.direct(count - 4) * 16 + this.reverse(ALIGN, 4);
  }
}

/** A byte that is no match: after a match, by the byte that the match would have gone on with. */
function literal(bits: Bits, from: number, after: number | null): number {
  let symbol = 1;
  if (after !== null) {
    let rest = after;
    while (symbol < 256) {
      const expected = (rest >> 7) & 1;
      rest <<= 1;
      const one = bits.bit(from + ((1 + expected) << 8) + symbol);
      symbol = symbol * 2 + one;
      if (one !== expected) break;
    }
  }
  while (symbol < 256) symbol = symbol * 2 + bits.bit(from + symbol);
  return symbol & 255;
}

/** What `input`, a .lzma file that says its size, holds. Throws RangeError where it is damaged in a way that is seen. */
export function unpack(input: Uint8Array): Uint8Array<ArrayBuffer> {
  const properties = input[0] ?? 0;
  const lc = properties % 9;
  const lp = Math.floor(properties / 9) % 5;
  const parts = (1 << Math.floor(properties / 45)) - 1;
  const out = new Uint8Array(new DataView(input.buffer, input.byteOffset).getUint32(5, true));
  const bits = new Bits(input, HEADER, LITERAL + (0x300 << (lc + lp)));
  const last = [0, 0, 0, 0];
  let [at, state] = [0, 0];
  while (at < out.length) {
    const part = at & parts;
    if (bits.bit(MATCH + state * 16 + part) === 0) {
      const before = at > 0 ? (out[at - 1] as number) : 0;
      const context = ((at & ((1 << lp) - 1)) << lc) + (before >> (8 - lc));
      out[at] = literal(bits, LITERAL + 0x300 * context, state >= 7 ? (out[at - (last[0] as number) - 1] ?? 0) : null);
      at += 1;
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    let length: number;
    if (bits.bit(REP + state) === 0) {
      length = bits.length(LENGTH, part);
      last.unshift(bits.distance(length));
      last.length = 4;
      state = state < 7 ? 7 : 10;
    } else if (bits.bit(REP_G0 + state) === 0) {
      length = bits.bit(REP0_LONG + state * 16 + part) === 0 ? 1 : bits.length(REP_LENGTH, part);
      state = length === 1 ? (state < 7 ? 9 : 11) : state < 7 ? 8 : 11;
    } else {
      const which = bits.bit(REP_G1 + state) === 0 ? 1 : 2 + bits.bit(REP_G2 + state);
      last.unshift(...last.splice(which, 1));
      length = bits.length(REP_LENGTH, part);
      state = state < 7 ? 8 : 11;
    }
    const back = (last[0] as number) + 1;
    if (back > at) throw new RangeError('packed data point before their beginning');
    for (const end = Math.min(out.length, at + length); at < end; at += 1) out[at] = out[at - back] as number;
  }
  return out;
}

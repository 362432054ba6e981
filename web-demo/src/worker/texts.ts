// texts.ts - the texts that the loops ship: what the page carries, and logs and tables made from a seed.
// Room: page. Threads: the worker.

const PATHS = ['/api/orders', '/api/orders/items', '/login', '/static/app.css', '/search', '/health', '/cart/checkout', '/img/logo'];
const AGENTS = ['Mozilla/5.0 (X11; Linux x86_64)', 'curl/7.88.1', 'Mozilla/5.0 (Macintosh)', 'okhttp/4.12'];
const UNITS = ['billing', 'search', 'mail', 'gateway', 'store', 'auth'];

/** Plain 32-bit generator (mulberry32): the same text in every browser. */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** About `size` characters: access log, JSON events and a table of numbers by turns. */
export function made(size: number, seed: number): string {
  const next = random(seed);
  const pick = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)] as T;
  const n = (most: number) => Math.floor(next() * most);
  const out: string[] = [];
  let length = 0;
  let second = 0;
  while (length < size) {
    second += n(3);
    const at = new Date(1.7e12 + second * 1000).toISOString();
    const kind = Math.floor(length / 16384) % 3; // runs of one kind, as files are
    const line =
      kind === 0
        ? `10.${n(4)}.${n(250)}.${n(250)} - - [${at}] "GET ${pick(PATHS)}/${n(9000)} HTTP/1.1" ${pick([200, 200, 200, 304, 404, 500])} ${n(40000)} "${pick(AGENTS)}"`
        : kind === 1
          ? JSON.stringify({ at, unit: pick(UNITS), level: pick(['info', 'info', 'warn']), id: n(2 ** 31).toString(16), took_ms: n(900) / 10, ok: next() > 0.1 })
          : `${second},${n(100000)},${(next() * 90).toFixed(4)},${(next() * 180).toFixed(4)},${pick(UNITS)},${n(2)}`;
    out.push(line);
    length += line.length + 1;
  }
  return out.join('\n');
}

export const PIECE = 65536;
export const PIECES = 8;

/** Eight pieces of 64 KiB: half of what the page carries, half made. */
export function pieces(carried: string): Uint8Array {
  const all = new Uint8Array(PIECE * PIECES);
  const page = new TextEncoder().encode(carried);
  const logs = new TextEncoder().encode(made(PIECE * PIECES, 7));
  for (let i = 0; i < PIECES; i += 1) {
    const from = (i >> 1) * PIECE;
    const real = page.subarray(from, from + PIECE);
    const source = i % 2 === 0 && real.length === PIECE ? real : logs.subarray(i * PIECE, (i + 1) * PIECE);
    all.set(source, i * PIECE);
  }
  return all;
}

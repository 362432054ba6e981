// format.ts - numbers to text: fixed digits for a unit, so that columns line up and nothing jumps.
// Room: page. Threads: pure functions.
import type { Num } from './snapshot.ts';

export const NONE = '–';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const digits = [0, 1, 2, 3].map(
  (n) => new Intl.NumberFormat('en-US', { minimumFractionDigits: n, maximumFractionDigits: n }),
);

const has = (v: Num | undefined): v is number => typeof v === 'number' && Number.isFinite(v);

export function int(v: Num | undefined): string {
  return has(v) ? whole.format(v) : NONE;
}

export function fixed(v: Num | undefined, n: 0 | 1 | 2 | 3): string {
  return has(v) ? (digits[n] as Intl.NumberFormat).format(v).replace('-', '−') : NONE;
}

/** Three significant places: 0.123, 1.23, 12.3, 123. */
export function sig(v: Num | undefined): string {
  if (!has(v)) return NONE;
  const size = Math.abs(v);
  return fixed(v, size < 1 ? 3 : size < 10 ? 2 : size < 100 ? 1 : 0);
}

const three = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });

/** At most three significant places, without zeros at the end: 91.2, 80, 0.5. */
export function brief(v: Num | undefined): string {
  return has(v) ? three.format(v).replace('-', '−') : NONE;
}

/** A knob's value, by its name where it has one. */
export const setTo = (knob: { value: Num; value_name?: string }): string => knob.value_name ?? brief(knob.value);

/** To 10 µs; what is less and yet not nothing says so. */
export function ms(v: Num | undefined): string {
  return has(v) && v > 0 && v < 0.005 ? '<0.01' : fixed(v, 2);
}

export function percent(fraction: Num | undefined, n: 0 | 1 | 2 = 1): string {
  return has(fraction) ? fixed(fraction * 100, n) : NONE;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Bytes as [number, unit]. */
export function bytes(v: Num | undefined): [string, string] {
  if (!has(v)) return [NONE, ''];
  let n = v;
  let unit = 0;
  while (Math.abs(n) >= 1024 && unit < UNITS.length - 1) {
    n /= 1024;
    unit += 1;
  }
  return [fixed(n, unit === 0 ? 0 : 1), UNITS[unit] as string];
}

export function bytesText(v: Num | undefined): string {
  return bytes(v).join(' ');
}

/** Seconds as h:mm:ss or m:ss, with tenths when asked. */
export function clock(seconds: Num | undefined, tenths = false): string {
  if (!has(seconds)) return NONE;
  if (tenths) return `${clock(seconds)}.${Math.floor(Math.max(0, seconds) * 10) % 10}`;
  const s = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600);
  const m = Math.floor((s % 3600) / 60);
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

/** A name as words: memory_consolidation as memory consolidation. */
export function words(name: string): string {
  return name.replaceAll('_', ' ');
}

/** `1 snapshot`, `2 snapshots`. */
export function count(v: Num | undefined, one: string, many = `${one}s`): string {
  return `${int(v)} ${v === 1 ? one : many}`;
}

/** What a name says of its unit, as most names do that have one: block_kib is block, in KiB. */
const SUFFIXES: [RegExp, string][] = [
  [/_?mb_per_s$/, 'MB/s'], [/_?per_s$/, '/ s'], [/_percent$/, '%'], [/_(?:kib)$/, 'KiB'], [/_(?:mib)$/, 'MiB'], [/_kb$/, 'KB'], [/_mb$/, 'MB'],
  [/_bytes$/, 'B'], [/_ms$/, 'ms'], [/_us$/, 'µs'], [/_s$/, 's'], [/_hz$/, 'Hz'],
];

/** A name as words, and the unit that stands at its end; without one that is ''. */
export function named(name: string): { label: string; unit: string } {
  for (const [end, unit] of SUFFIXES) {
    if (end.test(name)) return { label: words(name.replace(end, '')) || words(name), unit };
  }
  return { label: words(name), unit: '' };
}

const ENOUGH = 100;

/** A p99 in ms; of fewer than 100 ticks it is hardly more than their highest, and says so. */
export function p99(l: { count: Num; p99_ms: Num }): string {
  return has(l.p99_ms) && (l.count ?? 0) < ENOUGH ? `~${ms(l.p99_ms)}` : ms(l.p99_ms);
}

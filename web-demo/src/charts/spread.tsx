// spread.tsx - how durations are spread: the engine's buckets as a histogram with the percentiles in it, on a logarithmic scale.
// Room: page. Threads: the page's main thread.
import { count, ms } from '../format.ts';
import type { Latency } from '../snapshot.ts';
import type { Bucket } from '../source.ts';

const [WIDTH, HEIGHT, TOP, NAME] = [340, 74, 14, 24];
const PERCENTILES: [keyof Latency, string][] = [
  ['min_ms', 'least'], ['p50_ms', 'p50'], ['p95_ms', 'p95'], ['p99_ms', 'p99'], ['p999_ms', 'p99.9'], ['max_ms', 'most'],
];
const LEAST_MS = 0.001; // what is less, and 0, is drawn as this much
const [NS, OCTAVE] = [1e-6, 32]; // an octave has so many buckets, counted from 1 ns
const BAR = 6; // of WIDTH, at least

/** The buckets, so many in one that a bar can be seen: its ends in ms, and the ticks in it. */
function bars(buckets: readonly Bucket[], [low, high]: Span): [from: number, to: number, ticks: number][] {
  const each = Math.ceil((BAR / WIDTH) * OCTAVE * Math.log2(high / low));
  const place = (ms: number) => Math.ceil(Math.round(OCTAVE * Math.log2(ms / NS)) / each);
  const sums = new Map<number, number>();
  for (const [upTo, ticks] of buckets) {
    const at = place(Math.max(LEAST_MS, upTo));
    sums.set(at, (sums.get(at) ?? 0) + ticks);
  }
  const end = (at: number) => NS * 2 ** ((at * each) / OCTAVE);
  return [...sums].map(([at, ticks]) => [end(at - 1), end(at), ticks]);
}

type Span = [low: number, high: number];

/** One histogram, or where there are no buckets the percentiles alone. `span` is the scale's, which neighbours have in common. */
function Spread({ title, of: l, buckets, span }: { title: string; of: Latency; buckets: readonly Bucket[]; span: Span }) {
  const [low, high] = span;
  const x = (v: number) => Math.min(WIDTH, Math.max(0, (WIDTH * Math.log(Math.max(v, LEAST_MS) / low)) / Math.log(high / low)));
  const all = bars(buckets, span);
  const most = Math.max(...all.map(([, , ticks]) => ticks));
  const words = PERCENTILES.map(([key, name]) => `${name} ${ms(l[key])}`).join(', ');
  return (
    <figure class="spread" data-spread={title}>
      <figcaption>{title} <span class="unit">{count(l.count, 'tick')}</span></figcaption>
      {l.p50_ms === null ? <p class="note">{l.count ? 'Only counted.' : 'No tick yet.'}</p> : (
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${title} in ms: ${words}`}>
          {all.map(([from, to, ticks]) => {
            const h = Math.max(1, (HEIGHT - TOP - 12) * (ticks / most));
            return <rect key={from} class="spread-bar" data-ticks={ticks} x={x(from)} y={HEIGHT - 12 - h} width={Math.max(1, x(to) - x(from))} height={h}><title>{count(ticks, 'tick')} of {ms(from)} to {ms(to)} ms</title></rect>;
          })}
          <path class="lab-axis" d={`M0 ${HEIGHT - 12}H${WIDTH}`} />
          {PERCENTILES.slice(1, 4).map(([key, name], i) => {
            const at = x(l[key] as number);
            const next = PERCENTILES[i + 2];
            const room = i === 2 || !next || x(l[next[0]] as number) - at > NAME; // else the next name says where both are
            return <g key={name}><path class={`spread-mark m${i + 1}`} d={`M${at} ${TOP - 3}V${HEIGHT - 12}`} />{room && <text x={Math.min(Math.max(at, NAME / 2), WIDTH - NAME / 2)} y={9} text-anchor="middle">{name}</text>}</g>;
          })}
          <text x="0" y={HEIGHT - 1}>{ms(low)}</text>
          <text x={WIDTH} y={HEIGHT - 1} text-anchor="end">{ms(high)} ms</text>
        </svg>
      )}
    </figure>
  );
}

export function Spreads({ columns }: { columns: readonly [string, Latency, readonly Bucket[]][] }) {
  const values = columns.flatMap(([, l]) => [l.min_ms, l.max_ms]).filter((v): v is number => v !== null).map((v) => Math.max(v, LEAST_MS));
  const [low, high] = [Math.min(...values, 10), Math.max(...values, LEAST_MS * 2)];
  return <>{columns.map(([title, l, buckets]) => <Spread key={title} title={title} of={l} buckets={buckets} span={[low, Math.max(high, low * 1.1)]} />)}</>;
}

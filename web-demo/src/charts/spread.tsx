// spread.tsx - how durations are spread: a histogram between the percentiles that a snapshot has, on a logarithmic scale.
// Room: page. Threads: the page's main thread.
import { count, ms, percent } from '../format.ts';
import type { Latency } from '../snapshot.ts';

const [WIDTH, HEIGHT, TOP, NAME] = [340, 74, 14, 24];
/** The share of the ticks under each of the percentiles. */
const SHARES: [keyof Latency, string, number][] = [
  ['min_ms', 'least', 0], ['p50_ms', 'p50', 0.5], ['p95_ms', 'p95', 0.95], ['p99_ms', 'p99', 0.99], ['p999_ms', 'p99.9', 0.999], ['max_ms', 'most', 1],
];
const LEAST_MS = 0.001; // what is less, and 0, is drawn as this much

interface Bin {
  from: number;
  to: number;
  /** Of all ticks. */
  share: number;
}

/** The ticks between one percentile and the next; those that are equal are one. */
export function bins(l: Latency): Bin[] {
  const out: Bin[] = [];
  let under = 0;
  let from: number | null = null;
  for (const [key, , share] of SHARES) {
    const to = l[key];
    if (to === null) return [];
    const last = out[out.length - 1];
    if (from !== null && to > from) {
      out.push({ from, to, share: share - under });
      [from, under] = [to, share];
    } else if (last) {
      last.share += share - under; // two percentiles are one
      under = share;
    }
    from ??= to;
  }
  return out;
}

/** One histogram: the area of a bar is its share of the ticks. `span` is the scale's, which neighbours have in common. */
function Spread({ title, of: l, span: [low, high] }: { title: string; of: Latency; span: [number, number] }) {
  const all = bins(l);
  const x = (v: number) => (WIDTH * Math.log(Math.max(v, LEAST_MS) / low)) / Math.log(high / low);
  const width = (b: Bin) => Math.max(1, x(b.to) - x(b.from));
  const most = Math.max(...all.map((b) => b.share / width(b)), 0);
  const words = SHARES.map(([key, name]) => `${name} ${ms(l[key])}`).join(', ');
  return (
    <figure class="spread" data-spread={title}>
      <figcaption>{title} <span class="unit">{count(l.count, 'tick')}</span></figcaption>
      {all.length === 0 ? <p class="note">{(l.count ?? 0) === 0 ? 'No tick yet.' : `All took ${ms(l.p50_ms)} ms.`}</p> : (
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${title} in ms: ${words}`}>
          {all.map((b) => {
            const h = (HEIGHT - TOP - 12) * (b.share / width(b) / most);
            return <rect key={b.from} class="spread-bar" data-share={b.share.toFixed(4)} x={x(b.from)} y={HEIGHT - 12 - h} width={width(b)} height={Math.max(1, h)}><title>{percent(b.share)} % took {ms(b.from)} to {ms(b.to)} ms</title></rect>;
          })}
          {SHARES.slice(1, 4).map(([key, name], i) => {
            const at = x(l[key] as number);
            const next = SHARES[i + 2];
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

export function Spreads({ columns }: { columns: [string, Latency][] }) {
  const values = columns.flatMap(([, l]) => [l.min_ms, l.max_ms]).filter((v): v is number => v !== null).map((v) => Math.max(v, LEAST_MS));
  const [low, high] = [Math.min(...values, 10), Math.max(...values, LEAST_MS * 2)];
  return <>{columns.map(([title, l]) => <Spread key={title} title={title} of={l} span={[low, Math.max(high, low * 1.1)]} />)}</>;
}

// percentiles.tsx - p50, p95 and p99 of each loop, one thin column a loop on a logarithmic scale.
// Room: page. Threads: the page's main thread.
import { useState } from 'preact/hooks';
import { ms, NONE, p99 } from '../format.ts';
import type { LoopRow } from '../snapshot.ts';
import { openLoop } from '../state.ts';
import { colour } from '../theme.ts';
import { Canvas, type Pen } from './canvas.tsx';

const [LEFT, RIGHT, TOP, BOTTOM] = [44, 8, 8, 22];

const STEPS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000, 30000, 100000];

/** The steps around all values: a scale that seldom changes. */
function span(values: number[]): [number, number] {
  if (values.length === 0) return [0.1, 10];
  const [least, most] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const low = STEPS.findLast((s) => s <= least) ?? 0.001;
  const high = STEPS.find((s) => s >= most && s > low) ?? 100000;
  return [low, high];
}

/** The lines of the scale with their numbers. */
function grid({ ctx, width }: Pen, steps: number[], y: (v: number) => number) {
  ctx.strokeStyle = colour('--grid');
  ctx.fillStyle = colour('--muted');
  ctx.lineWidth = 1;
  ctx.textAlign = 'right';
  ctx.textBaseline = 'middle';
  for (const v of steps) {
    const line = Math.round(y(v)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(LEFT, line);
    ctx.lineTo(width - RIGHT, line);
    ctx.stroke();
    ctx.fillText(String(v), LEFT - 6, line);
  }
}

interface Marks {
  ctx: CanvasRenderingContext2D;
  /** Half the width of a mark. */
  r: number;
  y: (v: number) => number;
  /** Of p50, p95, p99, and of what joins them. */
  colours: [string, string, string, string];
}

/** One loop's column: from its p50 to its p99, each with a mark of its own. */
function column({ ctx, r, y, colours: [c50, c95, c99, bar] }: Marks, { p50_ms: p50, p95_ms: p95, p99_ms: p99 }: LoopRow['latency'], x: number) {
  if (p50 === null || p95 === null || p99 === null) return;
  ctx.strokeStyle = bar;
  ctx.beginPath();
  ctx.moveTo(x, y(p50));
  ctx.lineTo(x, y(p99));
  ctx.stroke();
  ctx.fillStyle = c50;
  ctx.beginPath();
  ctx.arc(x, y(p50), r, 0, 7);
  ctx.fill();
  ctx.fillStyle = c95;
  ctx.fillRect(x - r, y(p95) - r, 2 * r, 2 * r);
  ctx.fillStyle = c99;
  ctx.beginPath();
  ctx.moveTo(x, y(p99) - r * 1.5);
  ctx.lineTo(x + r * 1.4, y(p99) + r);
  ctx.lineTo(x - r * 1.4, y(p99) + r);
  ctx.fill();
}

/** Of so many each has a column that can be told from the next. */
const MOST = 400;

/** The loops with the highest p99, in their order. */
function slowest(loops: LoopRow[]): LoopRow[] {
  if (loops.length <= MOST) return loops;
  const times = Float64Array.from(loops, (l) => l.latency.p99_ms ?? 0);
  const least = times.slice().sort()[loops.length - MOST] as number;
  return loops.filter((_, i) => (times[i] as number) >= least).slice(0, MOST);
}

export function Percentiles({ loops: all }: { loops: LoopRow[] }) {
  const loops = slowest(all);
  const [at, setAt] = useState<number | null>(null);
  const values = loops.flatMap((l) => [l.latency.p50_ms, l.latency.p99_ms]).filter((v): v is number => v !== null && v > 0);
  const [low, high] = span(values);

  const draw = (pen: Pen) => {
    const { ctx, width, height } = pen;
    const [w, h] = [width - LEFT - RIGHT, height - TOP - BOTTOM];
    const y = (v: number) => TOP + h - (h * Math.log(Math.max(v, low) / low)) / Math.log(high / low);
    grid(pen, STEPS.filter((step) => step >= low && step <= high), y);
    const step = w / Math.max(1, loops.length);
    const r = Math.min(2.5, Math.max(1.2, step / 3));
    const colours = ['--series-1', '--series-2', '--series-3', '--line-strong'].map(colour) as Marks['colours'];
    loops.forEach((l, i) => {
      const x = LEFT + (i + 0.5) * step;
      if (i === at) {
        ctx.fillStyle = colour('--hover');
        ctx.fillRect(x - step / 2 - 1, TOP, step + 2, h);
      }
      column({ ctx, r, y, colours }, l.latency, x);
    });
    ctx.fillStyle = colour('--muted');
    ctx.textBaseline = 'alphabetic';
    ctx.textAlign = 'left';
    ctx.fillText(loops[0]?.name ?? '', LEFT, height - 5);
    ctx.textAlign = 'right';
    ctx.fillText(loops[loops.length - 1]?.name ?? '', LEFT + w, height - 5);
  };

  const one = at === null ? undefined : loops[at];
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && one) openLoop.value = one.name;
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -1e6, End: 1e6 }[event.key];
    if (by === undefined || loops.length === 0) return;
    event.preventDefault();
    setAt(Math.min(loops.length - 1, Math.max(0, (at ?? -1) + by)));
  };
  return (
    <div class="chart">
      <ul class="legend">
        <li><span class="mark m1" aria-hidden="true">●</span>p50 <b>{ms(one?.latency.p50_ms)}</b></li>
        <li><span class="mark m2" aria-hidden="true">■</span>p95 <b>{ms(one?.latency.p95_ms)}</b></li>
        <li><span class="mark m3" aria-hidden="true">▲</span>p99 <b>{one ? p99(one.latency) : NONE}</b> <span class="unit">ms</span></li>
        <li class="legend-name" aria-live="polite">{one?.name ?? loops.length < all.length ? `the ${MOST} slowest; point at one` : 'point at a loop'}</li>
      </ul>
      <div class="plot" tabIndex={0} role="group" aria-label="Duration by loop; arrow keys read one loop after the other, Enter opens it"
        onClick={() => one && (openLoop.value = one.name)} onKeyDown={onKey} onBlur={() => setAt(null)}>
        <Canvas label={`Duration percentiles of ${loops.length} loops in milliseconds`} details="loop-table" height={200} draw={draw}
          onPointer={(x, width) => {
            const i = x === null ? -1 : Math.floor(((x - LEFT) / (width - LEFT - RIGHT)) * loops.length);
            setAt(i >= 0 && i < loops.length ? i : null);
          }} />
      </div>
    </div>
  );
}

// line.tsx - a chart of columns of the history: a plot, a legend that reads out, keys, and a table.
// Room: page. Threads: the page's main thread.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import { clock } from '../format.ts';
import { drawn, frame, history, stretch, toNewest } from '../state.ts';
import { dark } from '../theme.ts';
import { options, plotIn, type Data, type LineChartProps, type Series } from './plot.ts';

const TABLE_ROWS = 12;

function Swatch({ series }: { series: Series }) {
  return (
    <svg class="swatch" width="18" height="8" aria-hidden="true">
      <line x1="0" y1="4" x2="18" y2="4" stroke={`var(${series.color})`} stroke-width={series.width ?? 2}
        stroke-dasharray={series.dash?.join(' ') ?? 'none'} />
    </svg>
  );
}

/** The value of the i-th series in a row. */
const read = (p: LineChartProps, data: Data, i: number, row: number) => p.text(data[i + 1]?.[row] ?? null);

function Legend({ chart: p, data, row }: { chart: LineChartProps; data: Data; row: number }) {
  return (
    <ul class="legend" aria-hidden="true">
      {p.series.map((s, i) => (
        <li key={s.key}>
          <Swatch series={s} />
          {s.label} <b>{read(p, data, i, row)}</b> <span class="unit">{p.unit}</span>
        </li>
      ))}
      {!p.compact && <li class="legend-time">{clock(data[0]?.[row] ?? null)}</li>}
    </ul>
  );
}

/** At most some twelve of the rows as a table. */
function Numbers({ chart: p, data }: { chart: LineChartProps; data: Data }) {
  const times = data[0] as number[];
  const step = Math.max(1, Math.ceil(times.length / TABLE_ROWS));
  const sample = times.map((_t, i) => i).filter((i) => (times.length - 1 - i) % step === 0).reverse();
  return (
    <details class="numbers">
      <summary>Numbers<span class="sr"> of {p.name}</span></summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={`${p.name}, as a table`}>
        <table id={`${p.id}-table`} class="data">
          <caption class="sr">{p.name}, newest first</caption>
          <thead>
            <tr>
              <th scope="col" class="n">Time</th>
              {p.series.map((s) => <th scope="col" class="n" key={s.key}>{s.label} <span class="unit">{p.unit}</span></th>)}
            </tr>
          </thead>
          <tbody>
            {sample.map((row) => (
              <tr key={row}>
                <td class="n">{clock(times[row])}</td>
                {p.series.map((s, i) => <td class="n" key={s.key}>{read(p, data, i, row)}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** The columns of what is drawn; a logarithmic axis has no place for what is not over 0. */
function columns(p: LineChartProps): Data {
  const [from, to] = drawn();
  const data = history().window(from, to, [...p.series.map((s) => s.key), ...(p.bands ? [p.bands.key] : [])]);
  if (!p.log) return data;
  return data.map((column, i) => (i === 0 || i > p.series.length ? column : column.map((v) => (v !== null && v <= 0 ? null : v))));
}

/** Arrows and page keys move the cursor and read the values; Escape shows the newest of all. */
function onKey(event: KeyboardEvent, u: uPlot | null, times: number[], at: number | null): number | null {
  const last = times.length - 1;
  const moves: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -1e9, End: 1e9 };
  if (!u || last < 0) return null;
  if (event.key === 'Escape') {
    u.setCursor({ left: -10, top: -10 });
    stretch.value = null;
    toNewest();
    return null;
  }
  const by = moves[event.key];
  if (by === undefined) return null;
  event.preventDefault();
  const next = Math.min(last, Math.max(0, (at ?? last) + by));
  u.setCursor({ left: u.valToPos(times[next] ?? 0, 'x'), top: 10 });
  return next;
}

export function LineChart(p: LineChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const held = useRef(false);
  const data = useRef<Data>([[]]);
  const [at, setAt] = useState<number | null>(null);
  const [said, setSaid] = useState('');
  if (!held.current) data.current = columns(p);
  const now = data.current;
  const times = now[0] as number[];
  const shown = () => now.slice(0, p.series.length + 1) as uPlot.AlignedData;

  useLayoutEffect(() => {
    const u = plotIn(host.current as HTMLDivElement, options(p, data, setAt), shown());
    u.ctx.canvas.setAttribute('role', 'img');
    u.ctx.canvas.setAttribute('aria-label', p.name);
    u.ctx.canvas.setAttribute('aria-details', `${p.id}-table`);
    plot.current = u;
    return () => {
      u.destroy();
      plot.current = null;
    };
  }, [dark.value, p.id, p.height, p.log, p.unit, p.series.map((s) => s.key).join()]);
  useLayoutEffect(() => {
    if (!held.current) plot.current?.setData(shown());
  });

  const moment = (frame.value?.snap.now_ms ?? 0) / 1000 + 1e-9;
  // Without a pointer the figures are those of the snapshot that is shown, where it is in the stretch: what came after it is drawn, too.
  const row = at !== null && at < times.length ? at : (times.findLastIndex((t) => t <= moment) + times.length) % times.length;
  const hold = () => {
    held.current = true; // what is dragged over stands still
    addEventListener('pointerup', () => (held.current = false), { once: true });
  };
  return (
    <div class="chart">
      <Legend chart={p} data={now} row={row} />
      <div ref={host} class="plot" style={{ height: `${p.height}px` }} tabIndex={0} role="group" onPointerDown={hold}
        aria-label={`${p.name}; arrow keys read values`}
        title="Drag: show that time only. Click: the figures of that moment. Double click: all, and the newest."
        onKeyDown={(event) => {
          const next = onKey(event, plot.current, times, at);
          if (next !== null) setSaid(`${clock(times[next])}: ${p.series.map((s, i) => `${s.label} ${read(p, now, i, next)} ${p.unit}`).join(', ')}`);
        }}
        onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })} />
      <output class="sr">{said}</output>
      <Numbers chart={p} data={now} />
    </div>
  );
}

// line.tsx - a chart of history columns over the last minute: uPlot with a legend that reads out, keys, and a table.
// Room: page. Threads: the page's main thread.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { clock } from '../format.ts';
import type { Column, Row } from '../history.ts';
import { LINK_SLOW } from '../protocol.ts';
import { history } from '../state.ts';
import { colour, dark } from '../theme.ts';

export interface Series {
  key: Column;
  label: string;
  color: string; // custom property
  dash?: number[];
  width?: number;
  stepped?: boolean;
  fill?: boolean;
}

export interface LineChartProps {
  id: string;
  name: string;
  series: Series[];
  unit: string;
  text: (v: number | null) => string;
  /** A label of the axis; by default the plain number. */
  tick?: (v: number) => string;
  height: number;
  log?: 2 | 10;
  splits?: number[];
  range?: [number, number];
  /** Shades the time when the link was slow. */
  bands?: boolean;
  compact?: boolean;
}

export const SECONDS = 60;

const plain = (v: number) => Number(v.toPrecision(4)).toLocaleString('en-US');

/** 1, 3, 10, 30 … between two numbers. */
function thirds(low: number, high: number): number[] {
  const out: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e += 1) {
    for (const m of [1, 3]) if (m * 10 ** e >= low && m * 10 ** e <= high) out.push(m * 10 ** e);
  }
  return out;
}

function Swatch({ series }: { series: Series }) {
  return (
    <svg class="swatch" width="18" height="8" aria-hidden="true">
      <line
        x1="0" y1="4" x2="18" y2="4"
        stroke={`var(${series.color})`}
        stroke-width={series.width ?? 2}
        stroke-dasharray={series.dash?.join(' ') ?? 'none'}
      />
    </svg>
  );
}

/** A series as uPlot draws it. */
function stroke(s: Series): uPlot.Series {
  const out: uPlot.Series = {
    label: s.label,
    stroke: colour(s.color),
    width: s.width ?? 2,
    points: { show: false },
    spanGaps: true,
  };
  if (s.dash) out.dash = s.dash;
  if (s.fill) out.fill = colour(s.color) + '22';
  if (s.stepped && uPlot.paths.stepped) out.paths = uPlot.paths.stepped({ align: 1 });
  return out;
}

/** Shades the time in which the link was slow. */
function drawBands(u: uPlot, list: Row[]): void {
  u.ctx.fillStyle = colour('--band');
  for (let i = 0; i + 1 < list.length; i += 1) {
    const [a, b] = [list[i] as Row, list[i + 1] as Row];
    if (a.link === null || a.link > LINK_SLOW) continue;
    const left = Math.max(u.bbox.left, Math.round(u.valToPos(a.t ?? 0, 'x', true)));
    const right = Math.round(u.valToPos(b.t ?? 0, 'x', true));
    if (right > left) u.ctx.fillRect(left, u.bbox.top, right - left, u.bbox.height);
  }
}

function options(p: LineChartProps, width: number, rows: { current: Row[] }, onCursor: (i: number | null) => void): uPlot.Options {
  const grid = { stroke: colour('--grid'), width: 1 };
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { stroke: colour('--muted'), font, grid, ticks: { show: false } };
  const y: uPlot.Axis = {
    ...axis,
    size: 44,
    gap: 6,
    values: (_u, splits) => splits.map((v) => (p.tick ?? plain)(v)),
    filter: (_u, splits) => splits,
  };
  if (p.splits) y.splits = () => p.splits as number[];
  else if (p.log) y.splits = (_u, _axis, low, high) => thirds(low, high);
  const scale: uPlot.Scale = p.log ? { distr: 3, log: p.log } : {};
  if (p.range) scale.range = p.range;
  return {
    width,
    height: p.height,
    legend: { show: false },
    padding: [8, 14, 0, 0],
    cursor: {
      sync: { key: 'gyre' },
      drag: { x: false, y: false },
      points: { size: 7 },
      y: false,
    },
    scales: {
      x: {
        time: false,
        range: (u) => { // uPlot's own maximum is twice the only point's
          const max = u.data[0][u.data[0].length - 1] ?? 0;
          return [Math.max(0, max - SECONDS), Math.max(max, 10)];
        },
      },
      y: scale,
    },
    axes: [
      {
        ...axis,
        size: 24,
        gap: 4,
        space: 64,
        incrs: [1, 5, 10, 15, 30, 60, 120, 300],
        values: (_u, splits) => splits.map((v) => clock(v)),
      },
      y,
    ],
    series: [
      {},
      ...p.series.map(stroke),
    ],
    hooks: {
      drawClear: [
        (u) => {
          if (p.bands) drawBands(u, rows.current);
        },
      ],
      setCursor: [(u) => onCursor(u.cursor.idx ?? null)],
    },
  };
}

/** Makes the plot in `host`, again when its look changes, and gives it the newest data. */
function usePlot(
  p: LineChartProps,
  host: { current: HTMLDivElement | null },
  plot: { current: uPlot | null },
  rows: { current: Row[] },
  data: uPlot.AlignedData,
  onCursor: (i: number | null) => void,
): void {
  const theme = dark.value;

  useLayoutEffect(() => {
    const box = host.current as HTMLDivElement;
    const u = new uPlot(options(p, Math.max(120, box.clientWidth), rows, onCursor), data, box);
    u.ctx.canvas.setAttribute('role', 'img');
    u.ctx.canvas.setAttribute('aria-label', p.name);
    u.ctx.canvas.setAttribute('aria-details', `${p.id}-table`);
    plot.current = u;
    const watch = new ResizeObserver(() => {
      const width = Math.max(120, box.clientWidth);
      if (width !== u.width) u.setSize({ width, height: p.height });
    });
    watch.observe(box);
    return () => {
      watch.disconnect();
      u.destroy();
      plot.current = null;
    };
  }, [theme, p.id, p.height, p.series.map((s) => s.key).join()]);
  useLayoutEffect(() => {
    plot.current?.setData(data);
  });
}

const reading = (p: LineChartProps, r: Row | undefined, s: Series) => p.text(r ? r[s.key] : null);

/** A dozen of the rows as a table, the newest first. */
function Numbers({ chart: p, rows }: { chart: LineChartProps; rows: Row[] }) {
  const step = Math.max(1, Math.ceil(rows.length / 12));
  const sample = rows.filter((_r, i) => (rows.length - 1 - i) % step === 0).reverse();
  return (
    <details class="numbers">
      <summary>Numbers<span class="sr"> of {p.name}</span></summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={`${p.name}, as a table`}>
        <table id={`${p.id}-table`} class="data">
          <caption class="sr">{p.name}, newest first</caption>
          <thead>
            <tr>
              <th scope="col" class="n">Time</th>
              {p.series.map((s) => (
                <th scope="col" class="n" key={s.key}>{s.label} <span class="unit">{p.unit}</span></th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sample.map((r, i) => (
              <tr key={i}>
                <td class="n">{clock(r.t)}</td>
                {p.series.map((s) => <td class="n" key={s.key}>{reading(p, r, s)}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

export function LineChart(p: LineChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const rows = useRef<Row[]>([]);
  const [at, setAt] = useState<number | null>(null);
  const [said, setSaid] = useState('');
  rows.current = history.window(SECONDS);
  const data = [
    rows.current.map((r) => r.t ?? 0),
    ...p.series.map((s) =>
      rows.current.map((r) => (p.log && r[s.key] !== null && (r[s.key] as number) <= 0 ? null : r[s.key])),
    ),
  ] as uPlot.AlignedData;
  usePlot(p, host, plot, rows, data, setAt);

  const index = at !== null && at < rows.current.length ? at : rows.current.length - 1;
  const row = rows.current[index];
  const read = (r: Row | undefined, s: Series) => reading(p, r, s);

  const onKey = (event: KeyboardEvent) => {
    const u = plot.current;
    const last = rows.current.length - 1;
    const moves: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -1e9, End: 1e9 };
    if (!u || last < 0) return;
    if (event.key === 'Escape') {
      u.setCursor({ left: -10, top: -10 });
      return;
    }
    const by = moves[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const next = Math.min(last, Math.max(0, (at ?? last) + by));
    const to = rows.current[next] as Row;
    u.setCursor({ left: u.valToPos(to.t ?? 0, 'x'), top: 10 });
    setSaid(`${clock(to.t)}: ${p.series.map((s) => `${s.label} ${read(to, s)} ${p.unit}`).join(', ')}`);
  };

  return (
    <div class="chart">
      <ul class="legend" aria-hidden="true">
        {p.series.map((s) => (
          <li key={s.key}>
            <Swatch series={s} />
            {s.label} <b>{read(row, s)}</b> <span class="unit">{p.unit}</span>
          </li>
        ))}
        {!p.compact && <li class="legend-time">{clock(row?.t ?? null)}</li>}
      </ul>
      <div
        ref={host}
        class="plot"
        style={{ height: `${p.height}px` }}
        tabIndex={0}
        role="group"
        aria-label={`${p.name}; arrow keys read values`}
        onKeyDown={onKey}
        onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })}
      />
      <output class="sr">{said}</output>
      <Numbers chart={p} rows={rows.current} />
    </div>
  );
}

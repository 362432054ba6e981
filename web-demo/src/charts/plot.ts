// plot.ts - how a chart of history is drawn: uPlot's options, dragging, marks, and keeping it as wide as its box.
// Room: page. Threads: the page's main thread.
import uPlot from 'uplot';
import { clock } from '../format.ts';
import { drawn, events, frame, position, seekTime, stretch, toNewest } from '../state.ts';
import { colour } from '../theme.ts';
import { kinds } from '../view.ts';

export interface Series {
  /** A column of the history. */
  key: string;
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
  /** Of the values; empty where they have none. */
  unit: string;
  /** What stands along the axis; by default the unit. */
  axis?: string;
  text: (v: number | null) => string;
  /** A label of the axis; by default the plain number. */
  tick?: (v: number) => string;
  height: number;
  log?: 2 | 10;
  splits?: number[] | undefined;
  range?: [number, number];
  /** Shades the time in which the column `key` is at most `most`. */
  bands?: { key: string; most: number };
  compact?: boolean;
}

/** What is drawn: times, one column for each series, and the one of the bands. */
export type Data = (number | null)[][];

const plain = (v: number) => Number(v.toPrecision(4)).toLocaleString('en-US');
/** Seconds between two labels: up to years, so that no span asks for thousands of them. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400, ...[1, 2, 5].flatMap((m) => [5, 6, 7, 8, 9].map((e) => m * 10 ** e))].sort((a, b) => a - b);

/** 1, 3, 10, 30 … between two numbers. */
function thirds(low: number, high: number): number[] {
  const out: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e += 1) {
    for (const m of [1, 3]) if (m * 10 ** e >= low && m * 10 ** e <= high) out.push(m * 10 ** e);
  }
  return out;
}

/** Powers of 2 between two numbers, at most some six of them. */
function doubles(low: number, high: number): number[] {
  const [from, to] = [Math.ceil(Math.log2(low)), Math.floor(Math.log2(high))];
  const step = Math.max(1, Math.ceil((to - from) / 6));
  return Array.from({ length: Math.max(0, Math.floor((to - from) / step) + 1) }, (_, i) => 2 ** (from + i * step));
}

/** Marks where the band's column is low. */
function shade(u: uPlot, [times, ...columns]: Data, most: number) {
  const band = columns[columns.length - 1] ?? [];
  const right = u.bbox.left + u.bbox.width;
  u.ctx.fillStyle = colour('--band');
  for (let i = 0; times && i + 1 < times.length; i += 1) {
    const value = band[i] ?? null;
    if (value === null || value > most) continue;
    const from = Math.max(u.bbox.left, Math.round(u.valToPos(times[i] ?? 0, 'x', true)));
    const to = Math.min(right, Math.round(u.valToPos(times[i + 1] ?? 0, 'x', true)));
    if (to > from) u.ctx.fillRect(from, u.bbox.top, to - from, u.bbox.height);
  }
}

/** A line at the moment whose figures are shown, where that is not the newest. */
function moment(u: uPlot) {
  const now = frame.value;
  if (position.value === null || !now) return;
  const x = Math.round(u.valToPos(now.snap.now_ms / 1000, 'x', true)) + 0.5;
  if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) return;
  u.ctx.strokeStyle = colour('--ink');
  u.ctx.lineWidth = devicePixelRatio;
  u.ctx.beginPath();
  u.ctx.moveTo(x, u.bbox.top);
  u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
  u.ctx.stroke();
}

/** A notch at the top for each event of the kinds chosen, at most one a pixel. */
function marks(u: uPlot) {
  const [from, to] = drawn();
  const { left, top } = u.bbox;
  u.ctx.fillStyle = colour('--bad');
  let last = -1;
  for (const e of events()) {
    if (e.t < from || e.t > to || !kinds.value.includes(e.kind)) continue;
    const x = Math.round(u.valToPos(e.t, 'x', true));
    if (x > last && x >= left) u.ctx.fillRect(x - devicePixelRatio, top, 2 * devicePixelRatio, 7 * devicePixelRatio);
    last = Math.max(last, x);
  }
}

function line(s: Series): uPlot.Series {
  const out: uPlot.Series = { label: s.label, stroke: colour(s.color), width: s.width ?? 2, points: { show: false }, spanGaps: true };
  if (s.dash) out.dash = s.dash;
  if (s.fill) out.fill = colour(s.color) + '22';
  if (s.stepped && uPlot.paths.stepped) out.paths = uPlot.paths.stepped({ align: 1 });
  return out;
}

/** A drag shows that stretch of time, a click the figures of that moment, a double click the newest of both. */
const pointed: Pick<uPlot.Cursor, 'drag' | 'bind'> = {
  drag: { x: true, y: false, setScale: false, dist: 6 },
  bind: {
    dblclick: () => () => {
      stretch.value = null;
      toNewest();
      return null;
    },
  },
};

function clicks(u: uPlot) {
  let down = 0;
  u.over.addEventListener('pointerdown', (event) => (down = event.clientX));
  u.over.addEventListener('click', (event) => {
    if (event.detail === 1 && Math.abs(event.clientX - down) < 6) seekTime(u.posToVal(event.clientX - u.over.getBoundingClientRect().left, 'x'));
  });
}

function zoom(u: uPlot) {
  const { left, width } = u.select;
  if (width < 6) return;
  const [from, to] = [u.posToVal(left, 'x'), u.posToVal(left + width, 'x')];
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  if (to - from >= 0.5) stretch.value = [Math.max(0, from), to];
}

function axes(p: LineChartProps): [uPlot.Axis, uPlot.Axis] {
  const grid = { stroke: colour('--grid'), width: 1 };
  const family = getComputedStyle(document.body).fontFamily;
  const font = `11px ${family}`;
  const axis = { stroke: colour('--muted'), font, labelFont: font, labelGap: 0, labelSize: 15, grid, ticks: { show: false } };
  const y: uPlot.Axis = {
    ...axis,
    label: p.axis ?? p.unit,
    size: p.tick && !p.range ? 58 : 44,
    gap: 6,
    values: (_u, splits) => splits.map((v) => (p.tick ?? plain)(v)),
    filter: (_u, splits) => splits,
  };
  if (p.splits) y.splits = () => p.splits as number[];
  else if (p.log === 2) y.splits = (_u, _axis, low, high) => doubles(low, high);
  else if (p.log) y.splits = (_u, _axis, low, high) => thirds(low, high);
  return [{ ...axis, label: 'engine time, h:mm:ss', size: 22, gap: 4, space: 64, incrs: STEPS, values: (_u, splits) => splits.map((v) => clock(v)) }, y];
}

/** `data` is what is drawn at any time; `onCursor` gets the index under the pointer. */
export function options(p: LineChartProps, data: { current: Data }, onCursor: (i: number | null) => void): uPlot.Options {
  const scale: uPlot.Scale = p.log ? { distr: 3, log: p.log } : {};
  if (p.range) scale.range = p.range;
  return {
    width: 0, // that of the box
    height: p.height,
    legend: { show: false },
    padding: [8, 14, 0, 0],
    cursor: { sync: { key: 'gyre' }, points: { size: 7 }, y: false, ...pointed },
    scales: { x: { time: false, range: () => [...drawn()] as [number, number] }, y: scale },
    axes: axes(p),
    series: [{}, ...p.series.map(line)],
    hooks: {
      drawClear: p.bands ? [(u) => shade(u, data.current, (p.bands as { most: number }).most)] : [],
      ready: [clicks],
      draw: [marks, moment],
      setCursor: [(u) => onCursor(u.cursor.idx ?? null)],
      setSelect: [zoom],
    },
  };
}

/** A plot as wide as its box, whatever becomes of that. */
export function plotIn(box: HTMLElement, from: uPlot.Options, data: uPlot.AlignedData): uPlot {
  const width = () => Math.max(120, box.clientWidth);
  const u = new uPlot({ ...from, width: width() }, data, box);
  const watch = new ResizeObserver(() => {
    if (width() !== u.width) u.setSize({ width: width(), height: from.height });
  });
  watch.observe(box);
  (u.hooks.destroy ??= []).push(() => watch.disconnect());
  return u;
}

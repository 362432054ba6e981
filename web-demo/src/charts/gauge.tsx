// gauge.tsx - a half circle from 0 to 1 with the marks 0.3, 0.7 and 0.9.
// Room: page. Threads: the page's main thread.
import { fixed } from '../format.ts';
import type { Num } from '../snapshot.ts';

const MARKS = [0.3, 0.7, 0.9];
const ZONES: [number, number, string, string][] = [
  [0, 0.3, '--zone-1', 'failing'],
  [0.3, 0.7, '--zone-2', 'strained'],
  [0.7, 0.9, '--zone-3', 'good'],
  [0.9, 1, '--zone-4', 'thriving'],
];
const [CX, CY, R] = [120, 116, 92];

function point(v: number, r: number): [number, number] {
  const angle = Math.PI * (1 - v);
  return [CX + r * Math.cos(angle), CY - r * Math.sin(angle)];
}

function arc(from: number, to: number): string {
  const [x0, y0] = point(from, R);
  const [x1, y1] = point(to, R);
  return `M${x0.toFixed(2)} ${y0.toFixed(2)}A${R} ${R} 0 0 1 ${x1.toFixed(2)} ${y1.toFixed(2)}`;
}

/** The word for a score. */
export function zone(score: Num): string {
  if (score === null) return 'unknown';
  return (ZONES.find(([, to]) => score < to) ?? (ZONES[3] as (typeof ZONES)[3]))[3];
}

export function Gauge({ value }: { value: Num }) {
  const v = Math.min(1, Math.max(0, value ?? 0));
  const [nx, ny] = point(v, R - 16);
  const text = fixed(value, 2);
  return (
    <svg class="gauge" viewBox="0 0 240 160" role="img" aria-label={`Symbiosis score ${text} of 1: ${zone(value)}`} data-score={value ?? ''}>
      {ZONES.map(([from, to, color]) => (
        <path key={from} d={arc(from + (from ? 0.004 : 0), to - (to < 1 ? 0.004 : 0))} fill="none" stroke={`var(${color})`} stroke-width="12" />
      ))}
      {MARKS.map((m) => {
        const [x0, y0] = point(m, R - 9);
        const [x1, y1] = point(m, R + 9);
        const [tx, ty] = point(m, R + 20);
        return (
          <g key={m}>
            <line x1={x0} y1={y0} x2={x1} y2={y1} class="gauge-mark" />
            <text x={tx} y={ty + 4} class="gauge-label" text-anchor="middle">{m}</text>
          </g>
        );
      })}
      <text x={CX - R} y={CY + 20} class="gauge-label" text-anchor="middle">0</text>
      <text x={CX + R} y={CY + 20} class="gauge-label" text-anchor="middle">1</text>
      <line x1={CX} y1={CY} x2={nx} y2={ny} class="gauge-needle" />
      <circle cx={CX} cy={CY} r="5" class="gauge-hub" />
      <text x={CX} y={CY + 36} class="gauge-value" text-anchor="middle">{text}</text>
    </svg>
  );
}

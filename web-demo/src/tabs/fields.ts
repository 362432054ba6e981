// fields.ts - the columns of the table of loops: how each is shown, sorted and found.
// Room: page. Threads: pure functions.
import { brief, int, ms, NONE, p99, percent, setTo, sig } from '../format.ts';
import type { Order } from '../view.ts';
import type { LoopRow } from '../snapshot.ts';

export interface Field {
  id: string;
  label: string;
  unit?: string;
  text: (l: LoopRow) => string;
  sort: (l: LoopRow) => number | string;
  /** Left out while it is 0 for every loop. */
  rare?: boolean;
}

export const STATES = ['stuck', 'backing_off', 'gated', 'paused', 'running', 'waiting', 'stopped'];

export const FIELDS: Field[] = [
  { id: 'cycles', label: 'Cycles', text: (l) => int(l.cycles), sort: (l) => l.cycles },
  { id: 'errors', label: 'Errors', rare: true, text: (l) => int(l.errors), sort: (l) => l.errors },
  { id: 'timeouts', label: 'Timeouts', rare: true, text: (l) => int(l.timeouts), sort: (l) => l.timeouts },
  { id: 'rate', label: 'Error rate', unit: '%', rare: true, text: (l) => percent(l.error_rate), sort: (l) => l.error_rate ?? 0 },
  { id: 'streak', label: 'In a row', rare: true, text: (l) => int(l.streak), sort: (l) => l.streak },
  { id: 'gated', label: 'Gated', rare: true, text: (l) => int(l.gated), sort: (l) => l.gated },
  { id: 'missed', label: 'Missed', rare: true, text: (l) => int(l.missed), sort: (l) => l.missed },
  { id: 'shed', label: 'Shed', rare: true, text: (l) => int(l.shed), sort: (l) => l.shed ?? 0 },
  { id: 'interval', label: 'Interval', unit: 'ms', text: (l) => brief(l.interval_ms), sort: (l) => l.interval_ms ?? 0 },
  { id: 'avg', label: 'Mean', unit: 'ms', text: (l) => ms(l.latency.avg_ms), sort: (l) => l.latency.avg_ms ?? 0 },
  { id: 'p50', label: 'p50', unit: 'ms', text: (l) => ms(l.latency.p50_ms), sort: (l) => l.latency.p50_ms ?? 0 },
  { id: 'p95', label: 'p95', unit: 'ms', text: (l) => ms(l.latency.p95_ms), sort: (l) => l.latency.p95_ms ?? 0 },
  { id: 'p99', label: 'p99', unit: 'ms', text: (l) => p99(l.latency), sort: (l) => l.latency.p99_ms ?? 0 },
  { id: 'max', label: 'Max', unit: 'ms', text: (l) => ms(l.latency.max_ms), sort: (l) => l.latency.max_ms ?? 0 },
  { id: 'late', label: 'Late p99', unit: 'ms', text: (l) => p99(l.late), sort: (l) => l.late.p99_ms ?? 0 },
  { id: 'reward', label: 'Reward', unit: 'own unit', text: (l) => sig(l.reward), sort: (l) => l.reward ?? 0 },
  { id: 'knobs', label: 'Knobs', unit: 'as named', text: (l) => l.knobs.map(setTo).join(' · ') || NONE, sort: (l) => l.knobs[0]?.value ?? -1 },
  { id: 'vitality', label: 'Vitality', unit: '0 to 1', text: (l) => brief(l.vitality), sort: (l) => l.vitality ?? 0 },
];

/** What a narrow window shows first; the others are to the right of them. */
const FIRST = ['cycles', 'p99', 'reward', 'knobs', 'errors', 'streak'];
const NARROW_PX = 620;

/** Those that say something of any of the loops. */
export function telling(loops: LoopRow[]): Field[] {
  const fields = FIELDS.filter((f) => !f.rare || loops.some((l) => Number(f.sort(l)) !== 0));
  const rank = (f: Field) => (FIRST.includes(f.id) ? FIRST.indexOf(f.id) : FIRST.length);
  return innerWidth < NARROW_PX ? fields.sort((a, b) => rank(a) - rank(b)) : fields;
}

export function compare(order: NonNullable<Order>): (a: LoopRow, b: LoopRow) => number {
  const key = order.id === 'name' ? (l: LoopRow) => l.name
    : order.id === 'state' ? (l: LoopRow) => STATES.indexOf(l.state)
    : (FIELDS.find((f) => f.id === order.id) ?? (FIELDS[0] as Field)).sort;
  const sign = order.down ? -1 : 1;
  return (a, b) => {
    const [x, y] = [key(a), key(b)];
    return sign * (x < y ? -1 : x > y ? 1 : 0);
  };
}

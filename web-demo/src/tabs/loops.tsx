// loops.tsx - every loop as a row with its latency, and the percentiles of all of them at once.
// Room: page. Threads: the page's main thread.
import { useRef, useState } from 'preact/hooks';
import { Percentiles } from '../charts/percentiles.tsx';
import { brief, fixed, int, ms, NONE, percent, sig } from '../format.ts';
import type { Gate, LoopRow } from '../snapshot.ts';
import type { Frame } from '../state.ts';
import { Panel, StateTag, Tile, Tiles } from '../ui/parts.tsx';

interface Field {
  id: string;
  label: string;
  unit?: string;
  text: (l: LoopRow) => string;
  sort: (l: LoopRow) => number | string;
}

const STATES = ['stuck', 'backing_off', 'gated', 'paused', 'running', 'waiting', 'stopped'];

const FIELDS: Field[] = [
  { id: 'cycles', label: 'Cycles', text: (l) => int(l.cycles), sort: (l) => l.cycles },
  { id: 'errors', label: 'Errors', text: (l) => int(l.errors), sort: (l) => l.errors },
  { id: 'timeouts', label: 'Timeouts', text: (l) => int(l.timeouts), sort: (l) => l.timeouts },
  { id: 'rate', label: 'Error rate', unit: '%', text: (l) => percent(l.error_rate), sort: (l) => l.error_rate ?? 0 },
  { id: 'streak', label: 'Streak', text: (l) => int(l.streak), sort: (l) => l.streak },
  { id: 'gated', label: 'Gated', text: (l) => int(l.gated), sort: (l) => l.gated },
  { id: 'shed', label: 'Shed', text: (l) => int(l.shed), sort: (l) => l.shed ?? 0 },
  { id: 'interval', label: 'Interval', unit: 'ms', text: (l) => int(l.interval_ms), sort: (l) => l.interval_ms ?? 0 },
  { id: 'avg', label: 'Mean', unit: 'ms', text: (l) => ms(l.latency.avg_ms), sort: (l) => l.latency.avg_ms ?? 0 },
  { id: 'p50', label: 'p50', unit: 'ms', text: (l) => ms(l.latency.p50_ms), sort: (l) => l.latency.p50_ms ?? 0 },
  { id: 'p95', label: 'p95', unit: 'ms', text: (l) => ms(l.latency.p95_ms), sort: (l) => l.latency.p95_ms ?? 0 },
  { id: 'p99', label: 'p99', unit: 'ms', text: (l) => ms(l.latency.p99_ms), sort: (l) => l.latency.p99_ms ?? 0 },
  { id: 'max', label: 'Max', unit: 'ms', text: (l) => ms(l.latency.max_ms), sort: (l) => l.latency.max_ms ?? 0 },
  { id: 'late', label: 'Late p99', unit: 'ms', text: (l) => ms(l.late.p99_ms), sort: (l) => l.late.p99_ms ?? 0 },
  { id: 'reward', label: 'Reward', text: (l) => sig(l.reward), sort: (l) => l.reward ?? 0 },
  { id: 'knobs', label: 'Knobs', text: (l) => l.knobs.map((k) => fixed(k.value, 0)).join(' · ') || NONE, sort: (l) => l.knobs[0]?.value ?? -1 },
  { id: 'vitality', label: 'Vitality', text: (l) => fixed(l.vitality, 2), sort: (l) => l.vitality ?? 0 },
];

/** Of the gates that come with the engine. */
const UNITS: Record<string, string> = { cpu: '\u00a0%', memory: '\u00a0%', stall: '\u00a0%', latency: '\u00a0ms' };

/** A closed gate as [what it saw, its limits]. */
function shut(g: Gate, mode: string): [string, string] {
  if (g.closes_above === undefined) return [g.name, ''];
  if (g.name === 'mode' && g.closes_above === 0.5) return [`mode “${mode}”`, 'opens in another mode'];
  const text = (v: Gate['value']) => `${brief(v)}${UNITS[g.name] ?? ''}`;
  return [`${g.name} ${text(g.value)}`, `closes above ${text(g.closes_above)}, opens under ${text(g.opens_under)}`];
}

/** The state, and what holds the loop back in words. */
function State({ loop, mode }: { loop: LoopRow; mode: string }) {
  const named = loop.gate ? [{ name: loop.gate, open: false }] : [];
  const closed = (loop.gates ?? named).filter((g) => !g.open).map((g) => shut(g, mode));
  return (
    <>
      <StateTag state={loop.state} />
      {closed.map(([saw, limits], i) => (
        <span key={saw}>{i === 0 && ' '}<span class={i === 0 ? 'unit' : 'why'}>{saw}</span>{limits && <span class="why">{limits}</span>}</span>
      ))}
      {loop.breaker_open && <span class="why">breaker open: one try now and then</span>}
    </>
  );
}

type Order = { id: string; down: boolean } | null;

function compare(order: NonNullable<Order>): (a: LoopRow, b: LoopRow) => number {
  const key = order.id === 'name' ? (l: LoopRow) => l.name
    : order.id === 'state' ? (l: LoopRow) => STATES.indexOf(l.state)
    : (FIELDS.find((f) => f.id === order.id) as Field).sort;
  const sign = order.down ? -1 : 1;
  return (a, b) => {
    const [x, y] = [key(a), key(b)];
    return sign * (x < y ? -1 : x > y ? 1 : 0);
  };
}

/** What all loops come to. */
function Sums({ frame }: { frame: Frame }) {
  const t = frame.snap.totals;
  const shed = t.shed ?? 0;
  const count = (state: string) => frame.snap.loops.filter((l) => l.state === state).length;
  return (
    <Tiles>
      <Tile label="Loops" value={int(t.loops)} sub={`${int(t.active)} active, ${int(t.stuck)} stuck`} />
      <Tile label="Cycles" value={int(t.ticks)} sub={`${fixed(frame.rate, 1)} / s`} />
      <Tile label="Backing off" value={int(count('backing_off'))} sub={`${int(t.errors)} errors`} />
      <Tile label="Timeouts" value={int(t.timeouts)} sub={`${int(t.cancelled)} cancelled`} />
      <Tile label="Gated" value={int(t.gated)} sub={shed > 0 ? `${int(shed)} shed, ${int(t.missed)} missed` : `${int(t.missed)} missed ticks`} />
      <Tile label="Latency p50" value={ms(t.p50_ms)} unit="ms" sub={`mean ${ms(t.avg_ms)} ms`} />
      <Tile label="Latency p95" value={ms(t.p95_ms)} unit="ms" sub={`p99 ${ms(t.p99_ms)} ms`} />
      <Tile label="Lateness p50" value={ms(t.late_p50_ms)} unit="ms" sub={`p99 ${ms(t.late_p99_ms)} ms`} />
    </Tiles>
  );
}

export function Loops({ frame }: { frame: Frame }) {
  const loops = frame.snap.loops;
  const [query, setQuery] = useState('');
  const [order, setOrder] = useState<Order>(null);
  // Rows that change places at every snapshot cannot be read: a sorted table settles for 2 s.
  const ranks = useRef<{ key: string; at: number; rank: Map<string, number> }>({ key: '', at: 0, rank: new Map() });
  let rows = loops.filter((l) => `${l.name} ${l.group} ${l.state}`.toLowerCase().includes(query.toLowerCase()));
  if (order) {
    const key = `${order.id}${order.down}`;
    const old = ranks.current;
    if (old.key !== key || Math.abs(frame.snap.now_ms - old.at) > 2000) {
      const sorted = [...loops].sort(compare(order));
      ranks.current = { key, at: frame.snap.now_ms, rank: new Map(sorted.map((l, i) => [l.name, i])) };
    }
    const rank = ranks.current.rank;
    rows = [...rows].sort((a, b) => (rank.get(a.name) ?? 0) - (rank.get(b.name) ?? 0));
  }
  const head = (id: string, label: string, unit: string | undefined, numeric: boolean) => {
    const on = order?.id === id;
    return (
      <th key={id} scope="col" class={numeric ? 'n' : ''} aria-sort={on ? (order.down ? 'descending' : 'ascending') : 'none'}>
        <button type="button" class="sort" onClick={() => setOrder(!on ? { id, down: numeric } : order.down === numeric ? { id, down: !numeric } : null)}>
          {label}<span class="sort-mark" aria-hidden="true">{on ? (order.down ? '▼' : '▲') : ''}</span>
          <span class="unit">{unit ?? '\u00a0'}</span>
        </button>
      </th>
    );
  };
  const fields = FIELDS.filter((f) => f.id !== 'shed' || (frame.snap.totals.shed ?? 0) > 0);
  return (
    <>
      <Sums frame={frame} />
      <div class="grid">
        <Panel class="span-12" title="Latency percentiles by loop" side={<span class="side-note">ms, logarithmic</span>}>
          <Percentiles loops={loops} />
        </Panel>
        <Panel class="span-12" title="All loops" side={
          <label class="search"><span class="sr">Filter loops by name, group or state</span>
            <input type="search" placeholder="Filter by name, group, state" value={query}
              onInput={(e) => setQuery((e.currentTarget as HTMLInputElement).value)} />
          </label>}>
          <div class="scroll tall" tabIndex={0} role="region" aria-label="All loops, scrollable">
            <table class="data sticky" id="loop-table">
              <caption class="sr">Loops with their counters and latency</caption>
              <thead>
                <tr>{head('name', 'Loop', undefined, false)}{head('state', 'State', undefined, false)}{fields.map((f) => head(f.id, f.label, f.unit, true))}</tr>
              </thead>
              <tbody>
                {rows.map((l) => (
                  <tr key={l.name} data-loop={l.name} title={l.last_error ?? ''}>
                    <th scope="row">{l.name}</th>
                    <td data-field="state"><State loop={l} mode={frame.snap.gates.mode} /></td>
                    {fields.map((f) => <td key={f.id} class="n" data-field={f.id}>{f.text(l)}</td>)}
                  </tr>
                ))}
                {rows.length === 0 && <tr><td colSpan={fields.length + 2} class="empty-row">No loop matches “{query}”.</td></tr>}
              </tbody>
            </table>
          </div>
        </Panel>
      </div>
    </>
  );
}

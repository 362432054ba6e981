// loops.tsx - every loop as a row with its latency, the percentiles of all of them at once, and one of them in its drawer.
// Room: page. Threads: the page's main thread.
import { useMemo, useRef } from 'preact/hooks';
import { Percentiles } from '../charts/percentiles.tsx';
import { count, fixed, int, ms } from '../format.ts';
import type { LoopRow } from '../snapshot.ts';
import { openLoop, type Frame } from '../state.ts';
import { Orders } from '../ui/live.tsx';
import { Panel, Tile, Tiles } from '../ui/parts.tsx';
import { ALL, useVirtual } from '../ui/virtual.ts';
import { saveCsv } from '../export.ts';
import { order, query } from '../view.ts';
import { Drawer } from './drawer.tsx';
import { compare, telling, type Field } from './fields.ts';
import { State } from './held.tsx';

interface HeadProps {
  id: string;
  label: string;
  unit?: string | undefined;
  numeric?: boolean;
}

/** Sorts by its column, then the other way round, then not at all. */
function Head({ id, label, unit, numeric = false }: HeadProps) {
  const now = order.value;
  const on = now?.id === id;
  const next = !on ? { id, down: numeric } : now.down === numeric ? { id, down: !numeric } : null;
  return (
    <th scope="col" class={numeric ? 'n' : ''} aria-sort={on ? (now.down ? 'descending' : 'ascending') : 'none'}>
      <button type="button" class="sort" onClick={() => (order.value = next)}>
        {label}<span class="sort-mark" aria-hidden="true">{on ? (now.down ? '▼' : '▲') : ''}</span>
        <span class="unit">{unit ?? '\u00a0'}</span>
      </button>
    </th>
  );
}

/** The order of a while ago. */
interface Ranks {
  key: string;
  at: number;
  rank: Map<string, number>;
}

/** The loops that match, in the order asked for. Rows that change places at every snapshot cannot be read: a sorted table settles for 2 s. */
function rowsOf(frame: Frame, kept: Ranks): LoopRow[] {
  const { loops } = frame.snap;
  const words = query.value.toLowerCase();
  const rows = words === '' ? loops : loops.filter((l) => `${l.name} ${l.group} ${l.state}`.toLowerCase().includes(words));
  const by = order.value;
  if (!by) return rows;
  const key = `${by.id}${by.down}`;
  if (kept.key !== key || Math.abs(frame.snap.now_ms - kept.at) > 2000) {
    const sorted = [...loops].sort(compare(by));
    Object.assign(kept, { key, at: frame.snap.now_ms, rank: new Map(sorted.map((l, i) => [l.name, i])) });
  }
  return [...rows].sort((a, b) => (kept.rank.get(a.name) ?? 0) - (kept.rank.get(b.name) ?? 0));
}

function Gap({ height, columns }: { height: number; columns: number }) {
  return height > 0 ? <tr class="gap" aria-hidden="true"><td colSpan={columns} style={{ height: `${height}px` }} /></tr> : null;
}

function Row({ loop: l, index, fields, mode }: { loop: LoopRow; index: number; fields: Field[]; mode: string }) {
  return (
    <tr data-loop={l.name} aria-rowindex={index + 2} class={openLoop.value === l.name ? 'chosen' : ''} title={l.last_error ?? ''}
      onClick={() => (openLoop.value = l.name)}>
      <th scope="row"><button type="button" class="row-name" aria-expanded={openLoop.value === l.name}>{l.name}</button></th>
      <td data-field="state"><State loop={l} mode={mode} /></td>
      {fields.map((f) => <td key={f.id} class="n" data-field={f.id}>{f.text(l)}</td>)}
    </tr>
  );
}

function Table({ frame, fields }: { frame: Frame; fields: Field[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const ranks = useRef<Ranks>({ key: '', at: 0, rank: new Map() });
  const rows = useMemo(() => rowsOf(frame, ranks.current), [frame, query.value, order.value]);
  const seen = useVirtual(rows.length, () => scroller.current);
  const columns = fields.length + 2;
  return (
    <div class="scroll tall" tabIndex={0} role="region" aria-label="All loops, scrollable" ref={scroller}>
      <table class={rows.length > ALL ? 'data sticky many' : 'data sticky'} id="loop-table" aria-rowcount={rows.length + 1}>
        <caption class="sr">Loops with their counters and latency</caption>
        <thead>
          <tr>
            <Head id="name" label="Loop" />
            <Head id="state" label="State" />
            {fields.map((f) => <Head key={f.id} id={f.id} label={f.label} unit={f.unit} numeric />)}
          </tr>
        </thead>
        <tbody>
          <Gap height={seen.before} columns={columns} />
          {rows.slice(seen.from, seen.to).map((loop, i) => <Row key={loop.name} loop={loop} index={seen.from + i} fields={fields} mode={frame.snap.gates.mode} />)}
          <Gap height={seen.after} columns={columns} />
          {rows.length === 0 && <tr><td colSpan={columns} class="empty-row">{query.value ? `No loop matches “${query.value}”.` : 'This engine has no loop.'}</td></tr>}
        </tbody>
      </table>
    </div>
  );
}

function Headline({ frame }: { frame: Frame }) {
  const { totals: t, loops } = frame.snap;
  const backing = loops.filter((l) => l.state === 'backing_off').length;
  const shed = t.shed ?? 0;
  return (
    <Tiles>
      <Tile label="Loops" value={int(t.loops)} sub={`${int(t.active)} active, ${int(t.stuck)} stuck`} />
      <Tile label="Cycles" value={int(t.ticks)} sub={`${fixed(frame.rate, 1)} / s`} />
      <Tile label="Backing off" value={int(backing)} sub={count(t.errors, 'error')} />
      <Tile label="Timeouts" value={int(t.timeouts)} sub={`${int(t.cancelled)} cancelled`} />
      <Tile label="Gated" value={int(t.gated)} sub={shed > 0 ? `${int(shed)} shed, ${int(t.missed)} missed` : count(t.missed, 'missed tick')} />
      <Tile label="Duration p50" value={ms(t.p50_ms)} unit="ms" sub={`mean ${ms(t.avg_ms)} ms`} />
      <Tile label="Duration p95" value={ms(t.p95_ms)} unit="ms" sub={`p99 ${ms(t.p99_ms)} ms`} />
      <Tile label="Lateness p50" value={ms(t.late_p50_ms)} unit="ms" sub={`p99 ${ms(t.late_p99_ms)} ms`} />
    </Tiles>
  );
}

export function Loops({ frame }: { frame: Frame }) {
  const { loops } = frame.snap;
  const fields = telling(loops);
  return (
    <>
      <Headline frame={frame} />
      <div class="grid">
        <Panel class="span-12" title="Duration by loop" side={<span class="side-note">percentiles since the start, logarithmic</span>}>
          <Percentiles loops={loops} />
        </Panel>
        <Orders />
        <Drawer frame={frame} />
        <Panel class="span-12" title="All loops" side={
          <span class="actions"><button type="button" id="csv" class="button" onClick={() => saveCsv('loops', [['loop', 'group', 'state', ...fields.map((f) => f.id)], ...rowsOf(frame, { key: '', at: 0, rank: new Map() }).map((l) => [l.name, l.group, l.state, ...fields.map((f) => f.sort(l))])])}>CSV</button>
          <label class="search"><span class="sr">Filter loops by name, group or state</span>
            <input type="search" placeholder="Filter by name, group, state" value={query.value}
              onInput={(e) => (query.value = (e.currentTarget as HTMLInputElement).value)} />
          </label></span>}>
          <Table frame={frame} fields={fields} />
          <p class="note">~ p99 of fewer than 100 ticks. Errors, timeouts and what else is 0 for every loop have no column. A row opens the loop.</p>
        </Panel>
      </div>
    </>
  );
}

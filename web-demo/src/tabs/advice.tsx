// advice.tsx - the recommendations with the numbers behind them; what can be done is done, and undone, where the source can.
// Room: page. Threads: the page's main thread.
import { signal } from '@preact/signals';
import { nodeOf } from '../charts/graph.tsx';
import { brief, fixed, int, ms, percent, words } from '../format.ts';
import type { LoopRow, Snapshot } from '../snapshot.ts';
import { can, orderLoop } from '../state.ts';
import { Panel } from '../ui/parts.tsx';

const SHOWN = 8;

/** The intervals of loops that were changed from here, as they were before. */
const before = signal<Record<string, number>>({});

/** What the engine's sentence says: the loop that is to run more or less often, and for whom. */
function read(text: string): { what: 'boost' | 'throttle'; from: string; to: string } | null {
  const [, what, from, to] = /^(boost|throttle) ([^:]+): it (?:helps|hurts) (.+) \(weight -?[\d.]+\)$/.exec(text) ?? [];
  return what && from && to ? { what: what as 'boost', from, to } : null;
}

function set(name: string, to: number, keep: number | undefined): void {
  const { [name]: _old, ...others } = before.value;
  before.value = keep === undefined ? others : { ...others, [name]: keep };
  orderLoop('interval', name, to);
}

function Change({ loop, what }: { loop: LoopRow; what: 'boost' | 'throttle' }) {
  const was = before.value[loop.name];
  const now = loop.configured_ms as number;
  const to = what === 'boost' ? now / 2 : now * 2;
  return was === undefined || was === now // of an engine before
    ? <button type="button" class="button small" onClick={() => set(loop.name, to, now)}>Run it every {brief(to)} ms instead of {brief(now)}</button>
    : <button type="button" class="button small" onClick={() => set(loop.name, was, undefined)}>Back to every {brief(was)} ms</button>;
}

/** Weight and confidence of the edge, and how either loop does. */
function Numbers({ snap, from, to }: { snap: Snapshot; from: string; to: string }) {
  const edge = snap.symbiosis.edges.find((e) => nodeOf(snap, e.from)?.name === from && nodeOf(snap, e.to)?.name === to);
  const line = (name: string) => {
    const node = nodeOf(snap, name);
    return node ? `${words(name)}: ${int(node.cycles)} cycles, health ${percent(node.health, 0)} %, vitality ${fixed(node.vitality, 2)}, p95 ${ms(node.p95_ms)} ms` : words(name);
  };
  return (
    <span class="note">
      {edge && `Weight ${fixed(edge.weight, 2)}, confidence ${fixed(edge.confidence, 2)}, ${edge.declared ? 'declared' : 'learned'}. `}
      {line(from)}. {line(to)}.
    </span>
  );
}

function Advised({ text, snap }: { text: string; snap: Snapshot }) {
  const it = read(text);
  const loop = it && snap.loops.find((l) => l.name === it.from);
  const ring = /^cycle: (.+);/.exec(text)?.[1]?.split(' -> ') ?? [];
  const weights = ring.slice(1).map((to, i) => snap.symbiosis.edges.find((e) => nodeOf(snap, e.from)?.name === ring[i] && nodeOf(snap, e.to)?.name === to)?.weight);
  const gain = weights.reduce<number>((product, w) => product * (w ?? Number.NaN), 1);
  return (
    <li>
      <span class="advice-text">{text.replaceAll(' -> ', ' → ')}</span>
      {it && <Numbers snap={snap} from={it.from} to={it.to} />}
      {weights.length > 0 && <span class="note">Weights {weights.map((w) => fixed(w, 2)).join(' × ')} = {fixed(gain, 3)}: so much of a change comes back.</span>}
      {it && loop && can('interval') && loop.configured_ms !== null && <Change loop={loop} what={it.what} />}
    </li>
  );
}

export function Advice({ snap }: { snap: Snapshot }) {
  const { recommendations: all } = snap.symbiosis;
  return (
    <Panel class="span-6" title="Recommendations">
      {all.length === 0
        ? <p class="prose">None: nothing in the graph asks for a change.</p>
        : <ul class="advice">{all.slice(0, SHOWN).map((text, i) => <Advised key={i} text={text} snap={snap} />)}</ul>}
      {all.length > SHOWN && <p class="note">and {all.length - SHOWN} more</p>}
      {all.some(read) && !can('interval') && <p class="note">What is shown here cannot be told to run more or less often.</p>}
    </Panel>
  );
}

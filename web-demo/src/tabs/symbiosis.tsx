// symbiosis.tsx - how the loops do together: the score, the graph, its figures, and advice in words.
// Room: page. Threads: the page's main thread.
import { signal } from '@preact/signals';
import { Gauge, zone } from '../charts/gauge.tsx';
import { Graph, nodeOf } from '../charts/graph.tsx';
import { LineChart } from '../charts/line.tsx';
import { brief, fixed, int, ms, percent, words } from '../format.ts';
import type { Snapshot } from '../snapshot.ts';
import { societyFactor } from '../sources/module.ts';
import { can, orderLoop, type Frame } from '../state.ts';
import { Figures, Panel } from '../ui/parts.tsx';

const SIGN: Record<string, string> = { synergy: '+', conflict: '−', neutral: '·' };

function Edges({ snap }: { snap: Snapshot }) {
  const { edges } = snap.symbiosis;
  return (
    <Panel class="span-6" title="Edges">
      <div class="scroll short" tabIndex={0} role="region" aria-label="Edges of the graph, scrollable">
        <table class="data" id="edge-table">
          <thead>
            <tr><th scope="col">From</th><th scope="col">To</th><th scope="col">Kind</th><th scope="col" class="n">Weight</th><th scope="col" class="n">Confidence</th><th scope="col">Origin</th></tr>
          </thead>
          <tbody>
            {edges.slice(0, 100).map((e, i) => (
              <tr key={i}>
                <th scope="row">{words(nodeOf(snap, e.from)?.name ?? String(e.from))}</th>
                <td>{words(nodeOf(snap, e.to)?.name ?? String(e.to))}</td>
                <td><span class={`kind ${e.kind}`}><span aria-hidden="true">{SIGN[e.kind] ?? ''}</span> {e.kind}</span></td>
                <td class="n">{fixed(e.weight, 2)}</td>
                <td class="n">{fixed(e.confidence, 2)}</td>
                <td>{e.declared ? 'declared' : 'learned'}</td>
              </tr>
            ))}
            {edges.length === 0 && <tr><td class="empty-row" colSpan={6}>No edge yet</td></tr>}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** The intervals of loops that were boosted from here, as they were before. */
const boosted = signal<Record<string, number>>({});

/** A recommendation; to boost a loop is to let it run more often, which can be done and undone where the source can. */
function Advice({ text, snap }: { text: string; snap: Snapshot }) {
  const name = /^boost ([^:]+):/.exec(text)?.[1];
  const loop = snap.loops.find((l) => l.name === name);
  const before = loop && boosted.value[loop.name];
  const to = (ms: number, keep: number | undefined) => {
    if (!loop) return;
    const { [loop.name]: _old, ...others } = boosted.value;
    boosted.value = keep === undefined ? others : { ...others, [loop.name]: keep };
    orderLoop('interval', loop.name, ms);
  };
  return (
    <li>
      <span class="advice-text">{text.replaceAll(' -> ', ' → ')}</span>
      {loop && can('interval') && loop.configured_ms !== null && (before === undefined
        ? <button type="button" class="button small" onClick={() => to((loop.configured_ms as number) / 2, loop.configured_ms as number)}>Run it every {brief(loop.configured_ms / 2)} ms instead of {brief(loop.configured_ms)}</button>
        : <button type="button" class="button small" onClick={() => to(before, undefined)}>Back to every {brief(before)} ms</button>)}
    </li>
  );
}

export function Symbiosis({ frame }: { frame: Frame }) {
  const s = frame.snap.symbiosis;
  const declared = s.edges.filter((e) => e.declared).length;
  const linked = new Set(s.edges.flatMap((e) => [nodeOf(frame.snap, e.from)?.name, nodeOf(frame.snap, e.to)?.name]));
  const nodes = s.nodes.filter((n) => linked.has(n.name));
  return (
    <div class="grid top">
      <Panel class="span-4" title="Score" hint="The mean vitality of the loops; where a loop reports none, its health.">
        <Gauge value={s.score} />
        <p class="zone-word">{zone(s.score)}</p>
        <Figures rows={[
          ['Loops in the graph', int(s.nodes.length), '', 'nodes'],
          ['Edges', int(s.edges.length), '', 'edges'],
          ['Declared / learned', `${int(declared)} / ${int(s.edges.length - declared)}`],
          ['Density', fixed(s.density, 3), '', 'density'],
          ['Components', int(s.components), '', 'components'],
          ['Cycles', int(s.cycles)],
          ['Synergies', int(s.synergies), '', 'synergies'],
          ['Conflicts', int(s.conflicts), '', 'conflicts'],
        ]} />
      </Panel>
      <Panel class="span-8" title="Graph" side={frame.job ? <span class="side-note">society at 1/{societyFactor.value} of its intervals</span> : undefined}
        hint="Arrows: which loop acts on which, how strongly; solid synergy, dashed conflict, dotted neutral. Ring: health; its number: vitality, %.">
        <Graph snap={frame.snap} />
      </Panel>
      <Panel class="span-4" title="Recommendations">
        {s.recommendations.length === 0
          ? <p class="prose">None: nothing in the graph asks for a change.</p>
          : <ul class="advice">{s.recommendations.slice(0, 8).map((text, i) => <Advice key={i} text={text} snap={frame.snap} />)}</ul>}
        {s.recommendations.length > 8 && <p class="note">and {s.recommendations.length - 8} more</p>}
      </Panel>
      <Panel class="span-8" title="Score over time">
        <LineChart id="symbiosis" name="Symbiosis score" unit="" axis="score, 0 to 1" height={150} text={(v) => fixed(v, 2)} range={[0, 1.05]} splits={[0, 0.3, 0.7, 0.9]} compact
          series={[{ key: 'symbiosis', label: 'score', color: '--series-3', fill: true }]} />
      </Panel>
      <Edges snap={frame.snap} />
      <Panel class="span-6" title="Linked loops">
        <div class="scroll short" tabIndex={0} role="region" aria-label="Linked loops, scrollable">
          <table class="data">
            <thead>
              <tr><th scope="col">Loop</th><th scope="col" class="n">Cycles</th><th scope="col" class="n">Health <span class="unit">%</span></th><th scope="col" class="n">Vitality</th><th scope="col" class="n">p95 <span class="unit">ms</span></th></tr>
            </thead>
            <tbody>
              {nodes.slice(0, 100).map((n) => (
                <tr key={n.name}>
                  <th scope="row">{words(n.name)}</th>
                  <td class="n">{int(n.cycles)}</td>
                  <td class="n">{percent(n.health)}</td>
                  <td class="n">{fixed(n.vitality, 2)}</td>
                  <td class="n">{ms(n.p95_ms)}</td>
                </tr>
              ))}
              {nodes.length === 0 && <tr><td class="empty-row" colSpan={5}>No loop has an edge yet</td></tr>}
            </tbody>
          </table>
        </div>
      </Panel>
    </div>
  );
}

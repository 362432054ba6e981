// symbiosis.tsx - how the loops do together: the score, the graph, its figures, and advice in words.
// Room: page. Threads: the page's main thread.
import { Gauge, zone } from '../charts/gauge.tsx';
import { Graph, nodeOf } from '../charts/graph.tsx';
import { LineChart } from '../charts/line.tsx';
import { fixed, int, ms, percent, words } from '../format.ts';
import type { Snapshot } from '../snapshot.ts';
import { societyFactor } from '../sources/module.ts';
import type { Frame } from '../state.ts';
import { Figures, Panel } from '../ui/parts.tsx';
import { Advice } from './advice.tsx';
import { Parts } from './parts.tsx';

const SIGN: Record<string, string> = { synergy: '+', conflict: '−', neutral: '·' };

/** What was declared, or what was learned from how the loops vary together. */
function Edges({ snap, declared }: { snap: Snapshot; declared: boolean }) {
  const edges = snap.symbiosis.edges.filter((e) => e.declared === declared);
  const name = declared ? 'Declared edges' : 'Learned edges';
  return (
    <Panel class="span-6" title={name} side={<span class="side-note">{declared ? 'what the program says' : 'from how loops vary together'}</span>}>
      <div class="scroll short" tabIndex={0} role="region" aria-label={`${name}, scrollable`}>
        <table class="data" id={declared ? 'edge-table' : 'learned-table'}>
          <thead>
            <tr><th scope="col">From</th><th scope="col">To</th><th scope="col">Kind</th><th scope="col" class="n">Weight</th><th scope="col" class="n">Confidence</th></tr>
          </thead>
          <tbody>
            {edges.slice(0, 100).map((e, i) => (
              <tr key={i}>
                <th scope="row">{words(nodeOf(snap, e.from)?.name ?? String(e.from))}</th>
                <td>{words(nodeOf(snap, e.to)?.name ?? String(e.to))}</td>
                <td><span class={`kind ${e.kind}`}><span aria-hidden="true">{SIGN[e.kind] ?? ''}</span> {e.kind}</span></td>
                <td class="n">{fixed(e.weight, 2)}</td>
                <td class="n">{fixed(e.confidence, 2)}</td>
              </tr>
            ))}
            {edges.length === 0 && <tr><td class="empty-row" colSpan={5}>{declared ? 'None was declared' : 'None was learned yet'}</td></tr>}
          </tbody>
        </table>
      </div>
    </Panel>
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
        hint="Arrows: which loop acts on which, how strongly; solid synergy, dashed conflict, dotted neutral; thin and pale: learned, not declared. Ring: health; its number: vitality, %.">
        <Graph snap={frame.snap} />
      </Panel>
      <Parts snap={frame.snap} />
      <Panel class="span-8" title="Score over time">
        <LineChart id="symbiosis" name="Symbiosis score" unit="" axis="score, 0 to 1" height={150} text={(v) => fixed(v, 2)} range={[0, 1.05]} splits={[0, 0.3, 0.7, 0.9]} compact
          series={[{ key: 'symbiosis', label: 'score', color: '--series-3', fill: true }]} />
      </Panel>
      <Edges snap={frame.snap} declared />
      <Edges snap={frame.snap} declared={false} />
      <Advice snap={frame.snap} />
      <Panel class="span-6" title="Linked loops">
        <div class="scroll short" tabIndex={0} role="region" aria-label="Linked loops, scrollable">
          <table class="data" id="linked-table">
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

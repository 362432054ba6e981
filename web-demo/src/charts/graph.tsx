// graph.tsx - the symbiosis graph: laid out by d3-force, drawn as SVG.
// Room: page. Threads: the page's main thread.
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type Simulation, type SimulationLinkDatum, type SimulationNodeDatum } from 'd3-force';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { fixed, int, percent, words } from '../format.ts';
import type { Edge, GraphNode, Snapshot } from '../snapshot.ts';
import { stillness } from '../theme.ts';

/** The drawing's own units: narrow windows get a narrow drawing, so that its letters stay readable. */
const size = (): [number, number] => (innerWidth < 620 ? [340, 330] : [760, 400]);
const [SIDE, TOP, BOTTOM] = [64, 40, 40]; // room for the names

interface Dot extends SimulationNodeDatum {
  id: string;
  name: string;
}
type Tie = SimulationLinkDatum<Dot>;

/** An edge end is a node id or a name; both are found. */
export function nodeOf(snap: Snapshot, end: number | string): GraphNode | undefined {
  return snap.symbiosis.nodes.find((n) => n.id === end || n.name === end);
}

/** Nodes with an edge first; of the rest at most `rest`, the least healthy first. */
export function visible(snap: Snapshot, rest: number): { tied: GraphNode[]; loose: GraphNode[]; hidden: number } {
  const ends = new Set<string>();
  for (const e of snap.symbiosis.edges) {
    for (const end of [e.from, e.to]) {
      const node = nodeOf(snap, end);
      if (node) ends.add(node.name);
    }
  }
  const tied = snap.symbiosis.nodes.filter((n) => ends.has(n.name));
  const others = snap.symbiosis.nodes.filter((n) => !ends.has(n.name));
  return { tied, loose: others.slice(0, rest), hidden: Math.max(0, others.length - rest) };
}

function start(names: string[], edges: [string, string][], [W, H]: [number, number]): Simulation<Dot, Tie> {
  const narrow = W < 500;
  const dots: Dot[] = names.map((name, i) => ({
    id: name,
    name,
    x: W / 2 + 120 * Math.cos((i * 2 * Math.PI) / names.length), // a fixed start: the same picture each time
    y: H / 2 + 90 * Math.sin((i * 2 * Math.PI) / names.length),
  }));
  const ties: Tie[] = edges.map(([source, target]) => ({ source, target }));
  return forceSimulation(dots)
    .force('link', forceLink<Dot, Tie>(ties).id((d) => d.id).distance(narrow ? 130 : 190).strength(0.4))
    .force('charge', forceManyBody().strength(narrow ? -600 : -1100))
    .force('collide', forceCollide(46))
    .force('x', forceX(W / 2).strength(0.03))
    .force('y', forceY(H / 2).strength(0.14))
    .stop();
}

const clamp = (v: number, lo: number, hi: number) => Math.min(hi, Math.max(lo, v));

/** Where each dot is drawn: a settled graph fills its frame, one that still moves is only kept in it. */
function places(dots: Dot[], [W, H]: [number, number], fill: boolean): Map<string, readonly [number, number]> {
  const of = (pick: (d: Dot) => number, low: number, high: number) => {
    const values = dots.map(pick);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    if (!fill || most - least < 1) return (d: Dot) => clamp(pick(d), low, high);
    return (d: Dot) => low + ((pick(d) - least) / (most - least)) * (high - low);
  };
  const x = of((d) => d.x ?? 0, SIDE, W - SIDE);
  const y = of((d) => d.y ?? 0, TOP, H - BOTTOM);
  return new Map(dots.map((d) => [d.name, [x(d), y(d)] as const]));
}

type Places = ReturnType<typeof places>;

/** An edge: a bent arrow from `a` to `b` with its weight. */
function Arrow({ edge, a, b, at }: { edge: Edge; a: string; b: string; at: Places }) {
  const [p, q] = [at.get(a), at.get(b)];
  if (!p || !q) return null;
  const [dx, dy] = [q[0] - p[0], q[1] - p[1]];
  const len = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / len, dy / len];
  const [x0, y0, x1, y1] = [p[0] + ux * 20, p[1] + uy * 20, q[0] - ux * 22, q[1] - uy * 22];
  const bend = Math.min(36, len / 6);
  const [mx, my] = [(x0 + x1) / 2 - uy * bend, (y0 + y1) / 2 + ux * bend];
  const [lx, ly] = [0.25 * x0 + 0.5 * mx + 0.25 * x1, 0.25 * y0 + 0.5 * my + 0.25 * y1]; // on the curve
  return (
    <g class={`edge ${edge.kind}`} data-declared={String(edge.declared)}>
      <path d={`M${x0.toFixed(1)} ${y0.toFixed(1)}Q${mx.toFixed(1)} ${my.toFixed(1)} ${x1.toFixed(1)} ${y1.toFixed(1)}`}
        stroke-width={1 + 2.5 * Math.abs(edge.weight)} stroke-dasharray={edge.kind === 'conflict' ? '7 4' : edge.kind === 'neutral' ? '2 4' : 'none'}
        marker-end={`url(#arrow-${edge.kind})`} fill="none" />
      <text x={lx} y={ly + 4} text-anchor="middle">{edge.weight > 0 ? '+' : ''}{fixed(edge.weight, 1)}</text>
    </g>
  );
}

/** A node: its health as a ring around its vitality. The name goes above in the upper half. */
function Ring({ node: n, place: p, upper }: { node: GraphNode; place: readonly [number, number] | undefined; upper: number }) {
  if (!p) return null;
  const health = n.health ?? 1;
  const ring = 2 * Math.PI * 15;
  return (
    <g class="node" data-node={n.name} transform={`translate(${p[0].toFixed(1)} ${p[1].toFixed(1)})`}>
      <circle r="15" class="node-base" />
      <circle r="15" class="node-health" stroke-dasharray={`${(ring * health).toFixed(1)} ${ring.toFixed(1)}`} transform="rotate(-90)" />
      <text y="4" text-anchor="middle" class="node-mark">{percent(n.vitality ?? health, 0)}</text>
      <text y={p[1] < upper ? -23 : 32} text-anchor="middle" class="node-name">{words(n.name)}</text>
    </g>
  );
}

export function Graph({ snap }: { snap: Snapshot }) {
  const { tied, loose, hidden } = visible(snap, 160);
  const edges = snap.symbiosis.edges
    .map((e) => ({ edge: e, a: nodeOf(snap, e.from)?.name, b: nodeOf(snap, e.to)?.name }))
    .filter((x): x is { edge: Edge; a: string; b: string } => x.a !== undefined && x.b !== undefined);
  const shape = tied.map((n) => n.name).join('|') + '#' + edges.map((e) => `${e.a}>${e.b}`).join('|');
  const [W, H] = size();
  const [, redraw] = useState(0);
  const frame = useRef(0);
  // A small graph is settled before it is drawn: nothing moves. A large one would block: it settles in view.
  const small = tied.length <= 60;
  const sim = useMemo(
    () => start(tied.map((n) => n.name), edges.map((e) => [e.a, e.b]), [W, H]).tick(small ? 300 : 0),
    [shape, W],
  );
  useEffect(() => {
    if (small) return;
    const advance = () => {
      sim.tick(stillness.matches ? 300 : 4);
      redraw((n) => n + 1);
      if (sim.alpha() > sim.alphaMin() && !stillness.matches) frame.current = requestAnimationFrame(advance);
    };
    frame.current = requestAnimationFrame(advance);
    return () => cancelAnimationFrame(frame.current);
  }, [sim]);

  const at = places(sim.nodes(), [W, H], small);
  return (
    <figure class="graph-box">
      <svg class="graph" viewBox={`0 0 ${W} ${H}`} role="img" aria-details="edge-table"
        aria-label={`Graph of ${tied.length} linked loops and ${edges.length} edges`}>
        <defs>
          {['synergy', 'conflict', 'neutral'].map((kind) => (
            <marker key={kind} id={`arrow-${kind}`} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="11" markerHeight="11" markerUnits="userSpaceOnUse" orient="auto-start-reverse">
              <path d="M0 0L8 4L0 8Z" class={`arrow ${kind}`} />
            </marker>
          ))}
        </defs>
        {edges.map((tie) => <Arrow key={`${tie.a}>${tie.b}`} {...tie} at={at} />)}
        {tied.map((n) => <Ring key={n.name} node={n} place={at.get(n.name)} upper={H / 2} />)}
      </svg>
      {loose.length > 0 && (
        <div class="loose">
          <p class="note">{int(loose.length + hidden)} loops without an edge, one square each; filled: healthy, hollow: errors in its record</p>
          <div class="dots" role="img" aria-label={`${loose.length} loops without an edge, ${loose.filter((n) => (n.health ?? 1) < 0.98).length} of them with errors`}>
            {loose.map((n) => (
              <span key={n.name} class={(n.health ?? 1) < 0.98 ? 'dot bad' : 'dot'} title={`${n.name}: health ${percent(n.health, 0)} %`} />
            ))}
          </div>
        </div>
      )}
    </figure>
  );
}

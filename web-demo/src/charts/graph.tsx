// graph.tsx - the symbiosis graph: laid out by d3-force, zoomed and dragged, drawn as SVG or, of many loops, on a canvas.
// Room: page. Threads: the page's main thread.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { fixed, int, percent, words } from '../format.ts';
import type { Edge, GraphNode, Snapshot } from '../snapshot.ts';
import { colour, dark, stillness } from '../theme.ts';
import { Canvas, type Pen } from './canvas.tsx';
import { layout, movable, places, size, type Moves, type Place, type Sim } from './layout.ts';

/** Above so many loops a canvas draws what as SVG would be thousands of nodes. */
const CANVAS = 100;

const indices = new WeakMap<Snapshot, Map<number | string, GraphNode>>();

/** An edge end is a node id or a name; both are found. */
export function nodeOf(snap: Snapshot, end: number | string): GraphNode | undefined {
  let index = indices.get(snap);
  if (!index) {
    index = new Map<number | string, GraphNode>();
    for (const n of snap.symbiosis.nodes) index.set(n.id, n).set(n.name, n);
    indices.set(snap, index);
  }
  return index.get(end);
}

/** Nodes with an edge first; of the rest at most `rest`. */
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

function Arrow({ edge, from: p, to: q }: { edge: Edge; from: Place; to: Place }) {
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
        stroke-width={(edge.declared ? 1 : 0.6) + (edge.declared ? 2.5 : 1) * Math.abs(edge.weight)} stroke-dasharray={edge.kind === 'conflict' ? '7 4' : edge.kind === 'neutral' ? '2 4' : 'none'}
        marker-end={`url(#arrow-${edge.kind})`} fill="none" />
      <text x={lx} y={ly + 4} text-anchor="middle">{edge.weight > 0 ? '+' : ''}{fixed(edge.weight, 1)}</text>
    </g>
  );
}

/** A loop with its health around it and its name over or under it. */
function Loop({ node: n, at: p, under }: { node: GraphNode; at: Place; under: boolean }) {
  const health = n.health ?? 1;
  const ring = 2 * Math.PI * 15;
  return (
    <g class="node" data-node={n.name} transform={`translate(${p[0].toFixed(1)} ${p[1].toFixed(1)})`}>
      <circle r="15" class="node-base" />
      <circle r="15" class="node-health" stroke-dasharray={`${(ring * health).toFixed(1)} ${ring.toFixed(1)}`} transform="rotate(-90)" />
      <text y="4" text-anchor="middle" class="node-mark">{percent(n.vitality ?? health, 0)}</text>
      <text y={under ? 32 : -23} text-anchor="middle" class="node-name">{words(n.name)}</text>
    </g>
  );
}

interface Drawn {
  tied: GraphNode[];
  edges: { edge: Edge; a: string; b: string }[];
  at: Map<string, Place>;
}

const KINDS: Record<string, string> = { synergy: '--series-1', conflict: '--series-2', neutral: '--muted' };

/** Many loops: dots and lines, names where there is room for them. */
function paint({ ctx, width, height }: Pen, { tied, edges, at }: Drawn, { x, y, k }: Moves, [W, H]: [number, number]) {
  const unit = Math.min(width / W, height / H);
  ctx.translate((width - W * unit) / 2, (height - H * unit) / 2);
  ctx.scale(unit, unit);
  ctx.translate(x, y);
  ctx.scale(k, k);
  ctx.lineWidth = 0.7 / k;
  for (const kind of Object.keys(KINDS)) {
    ctx.strokeStyle = colour(KINDS[kind] as string);
    ctx.beginPath();
    for (const { edge, a, b } of edges) {
      const [p, q] = [at.get(a), at.get(b)];
      if (edge.kind !== kind || !p || !q) continue;
      ctx.moveTo(p[0], p[1]);
      ctx.lineTo(q[0], q[1]);
    }
    ctx.stroke();
  }
  const [fine, poor, ink] = ['--series-4', '--bad', '--ink'].map(colour) as [string, string, string];
  const r = Math.max(1.5, Math.min(4, 5 / Math.sqrt(k)));
  for (const n of tied) {
    const p = at.get(n.name) as Place;
    ctx.fillStyle = (n.health ?? 1) < 0.98 ? poor : fine;
    ctx.fillRect(p[0] - r, p[1] - r, 2 * r, 2 * r);
  }
  if (k < 3) return;
  ctx.fillStyle = ink;
  ctx.font = `${10 / k}px ${getComputedStyle(document.body).fontFamily}`;
  for (const n of tied) {
    const p = at.get(n.name) as Place;
    ctx.fillText(n.name.slice(0, 40), p[0] + r * 1.4, p[1] + r);
  }
}

function Svg({ tied, edges, at, moves, box: [W, H] }: Drawn & { moves: Moves; box: [number, number] }) {
  return (
    <svg class="graph" viewBox={`0 0 ${W} ${H}`} role="img" aria-details="edge-table"
      aria-label={`Graph of ${tied.length} linked loops and ${edges.length} edges`}>
      <defs>
        {Object.keys(KINDS).map((kind) => (
          <marker key={kind} id={`arrow-${kind}`} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="11" markerHeight="11" markerUnits="userSpaceOnUse" orient="auto-start-reverse">
            <path d="M0 0L8 4L0 8Z" class={`arrow ${kind}`} />
          </marker>
        ))}
      </defs>
      <g transform={`translate(${moves.x} ${moves.y}) scale(${moves.k})`}>
        {edges.map(({ edge, a, b }) => {
          const [p, q] = [at.get(a), at.get(b)];
          return p && q && <Arrow key={`${a}>${b}`} edge={edge} from={p} to={q} />;
        })}
        {tied.map((n) => {
          const p = at.get(n.name);
          return p && <Loop key={n.name} node={n} at={p} under={p[1] >= H / 2} />;
        })}
      </g>
    </svg>
  );
}

function Loose({ loose, hidden }: { loose: GraphNode[]; hidden: number }) {
  const ill = loose.filter((n) => (n.health ?? 1) < 0.98).length;
  return (
    <div class="loose">
      <p class="note">{int(loose.length + hidden)} loops without an edge, one square each{hidden > 0 && `, of which ${int(loose.length)} are drawn`}; filled: healthy, hollow: errors in its record</p>
      <div class="dots" role="img" aria-label={`${loose.length} loops without an edge, ${ill} of them with errors`}>
        {loose.map((n) => (
          <span key={n.name} class={(n.health ?? 1) < 0.98 ? 'dot bad' : 'dot'} title={`${n.name}: health ${percent(n.health, 0)} %`} />
        ))}
      </div>
    </div>
  );
}

/** Lets a layout that is not settled yet go on, a few milliseconds a frame; a visitor who wants no motion sees its end only. */
function useSettling(sim: Sim, redraw: () => void) {
  useEffect(() => {
    let frame = 0;
    const advance = () => {
      const until = performance.now() + 8;
      while (sim.alpha() > sim.alphaMin() && performance.now() < until) sim.tick();
      const done = sim.alpha() <= sim.alphaMin();
      if (done || !stillness.matches) redraw();
      if (!done) frame = requestAnimationFrame(advance);
    };
    if (sim.alpha() > sim.alphaMin()) frame = requestAnimationFrame(advance);
    return () => cancelAnimationFrame(frame);
  }, [sim]);
}

function Linked({ snap, tied }: { snap: Snapshot; tied: GraphNode[] }) {
  const edges = snap.symbiosis.edges
    .map((e) => ({ edge: e, a: nodeOf(snap, e.from)?.name, b: nodeOf(snap, e.to)?.name }))
    .filter((x): x is { edge: Edge; a: string; b: string } => x.a !== undefined && x.b !== undefined);
  const many = tied.length > CANVAS;
  const shape = tied.map((n) => n.name).join('|') + '#' + edges.map((e) => `${e.a}>${e.b}`).join('|');
  const box = size(many);
  const [, count] = useState(0);
  const redraw = () => count((n) => n + 1);
  const sim = useMemo(() => layout(tied.map((n) => n.name), edges.map((e) => [e.a, e.b]), box, many), [shape, box[0]]);
  useSettling(sim, redraw);
  const host = useRef<HTMLDivElement>(null);
  const moves = useRef<Moves>({ x: 0, y: 0, k: 1 });
  const places_ = places(sim, box);
  const steer = useRef<ReturnType<typeof movable> | undefined>(undefined);
  useLayoutEffect(() => {
    steer.current = movable(host.current as HTMLElement, sim, box, moves.current, (to) => {
      moves.current = to;
      redraw();
    });
    return () => steer.current?.stop();
  }, [sim, many, dark.value]);
  const drawn: Drawn = { tied, edges, at: places_ };
  return (
    <figure class="graph-box" data-settled={sim.alpha() <= sim.alphaMin()}>
      <div ref={host} class="graph-host">
        {many
          ? <Canvas label={`Graph of ${tied.length} linked loops and ${edges.length} edges`} details="edge-table" height={420} draw={(pen) => paint(pen, drawn, moves.current, box)} />
          : <Svg {...drawn} moves={moves.current} box={box} />}
      </div>
      <div class="actions">
        <button type="button" class="button" aria-label="Nearer" onClick={() => steer.current?.zoom(1.5)}>+</button>
        <button type="button" class="button" aria-label="Farther" onClick={() => steer.current?.zoom(1 / 1.5)}>−</button>
        <button type="button" class="button" onClick={() => steer.current?.reset()}>Whole graph</button>
        <span class="note">Drag a loop or the ground; Ctrl and the wheel zoom.</span>
      </div>
    </figure>
  );
}

export function Graph({ snap }: { snap: Snapshot }) {
  const { tied, loose, hidden } = visible(snap, 160);
  return (
    <>
      {tied.length > 0 ? <Linked snap={snap} tied={tied} /> : <p class="prose" id="no-graph">Nothing says that one of these loops acts on another: no edge was declared, and none was learned yet.</p>}
      {loose.length > 0 && <Loose loose={loose} hidden={hidden} />}
    </>
  );
}

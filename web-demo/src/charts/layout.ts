// layout.ts - where the loops of the graph lie: forces, what a hand has moved, and how near it is looked at.
// Room: page. Threads: the page's main thread.
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type Simulation, type SimulationLinkDatum, type SimulationNodeDatum } from 'd3-force';

export interface Dot extends SimulationNodeDatum {
  id: string;
}
type Tie = SimulationLinkDatum<Dot>;
export type Sim = Simulation<Dot, Tie>;
export type Place = readonly [number, number];
/** How the drawing is moved and magnified. */
export interface Moves {
  x: number;
  y: number;
  k: number;
}

/** The drawing's own units: narrow windows get a narrow drawing, so that its letters stay readable. */
export const size = (many: boolean): [number, number] => (innerWidth < 620 ? [340, 330] : many ? [1000, 560] : [760, 400]);
const [SIDE, TOP, BOTTOM] = [64, 40, 40]; // room for the names
const SETTLED = 60; // so many are laid out before they are drawn: nothing moves

/** Always from the same start: the same graph is drawn alike. */
export function layout(names: string[], edges: [string, string][], [W, H]: [number, number], many: boolean): Sim {
  const narrow = W < 500;
  const dots: Dot[] = names.map((id, i) => ({
    id,
    x: W / 2 + W * 0.16 * Math.cos((i * 2 * Math.PI) / names.length),
    y: H / 2 + H * 0.22 * Math.sin((i * 2 * Math.PI) / names.length),
  }));
  const ties: Tie[] = edges.map(([source, target]) => ({ source, target }));
  const link = forceLink<Dot, Tie>(ties).id((d) => d.id);
  const charge = forceManyBody();
  if (many) {
    link.distance(20);
    charge.strength(-14).distanceMax(200);
  } else {
    link.distance(narrow ? 130 : 190).strength(0.4);
    charge.strength(narrow ? -600 : -1100);
  }
  const sim = forceSimulation(dots)
    .force('link', link)
    .force('charge', charge)
    .force('x', forceX(W / 2).strength(many ? 0.05 : 0.03))
    .force('y', forceY(H / 2).strength(many ? 0.09 : 0.14))
    .stop();
  if (!many) sim.force('collide', forceCollide(46));
  return names.length <= SETTLED ? sim.tick(300) : sim;
}

const clamp = (v: number, low: number, high: number) => Math.min(high, Math.max(low, v));

/** Where each dot is drawn: the graph fills its frame; what a hand has placed stays where that was. */
export function places(sim: Sim, [W, H]: [number, number]): Map<string, Place> {
  const dots = sim.nodes();
  const free = dots.filter((d) => d.fx === undefined || d.fx === null);
  const of = (pick: (d: Dot) => number, low: number, high: number) => {
    let [least, most] = [Infinity, -Infinity];
    for (const d of free) [least, most] = [Math.min(least, pick(d)), Math.max(most, pick(d))];
    if (most - least < 1) return (d: Dot) => clamp(pick(d), low, high);
    return (d: Dot) => low + ((pick(d) - least) / (most - least)) * (high - low);
  };
  const x = of((d) => d.x ?? 0, SIDE, W - SIDE);
  const y = of((d) => d.y ?? 0, TOP, H - BOTTOM);
  return new Map(dots.map((d) => [d.id, d.fx === undefined || d.fx === null ? [x(d), y(d)] : [d.fx, d.fy ?? 0]] as const));
}

const NEAR = 18; // pixels within which a dot is taken
const CLOSEST = 20;

/** The dot nearest to a point of the drawing, within `reach` of it. */
function dotAt(sim: Sim, box: [number, number], [x, y]: Place, reach: number): Dot | undefined {
  let [best, least] = ['', reach];
  for (const [id, at] of places(sim, box)) {
    const far = Math.hypot(at[0] - x, at[1] - y);
    if (far < least) [best, least] = [id, far];
  }
  return best === '' ? undefined : sim.nodes().find((d) => d.id === best);
}

/** Lets a hand move dots and the whole in `host`; `moved` is told where the whole is now. `at` is where it was left. */
export function movable(host: HTMLElement, sim: Sim, box: [number, number], at: Moves, moved: (to: Moves) => void) {
  const [W, H] = box;
  let now = at;
  let taken: Dot | 'ground' | null = null;
  const unit = () => Math.min(host.clientWidth / W, host.clientHeight / H) || 1;
  /** Where the pointer is, in units of the frame. */
  const framed = (event: MouseEvent): Place => {
    const to = host.getBoundingClientRect();
    return [(event.clientX - to.left - (to.width - W * unit()) / 2) / unit(), (event.clientY - to.top - (to.height - H * unit()) / 2) / unit()];
  };
  const inside = ([x, y]: Place): Place => [(x - now.x) / now.k, (y - now.y) / now.k];
  const go = (to: Moves) => moved((now = to));
  /** Magnifies so that `still` stays where it is. */
  const zoom = (by: number, [x, y]: Place = [W / 2, H / 2]) => {
    const k = clamp(now.k * by, 0.5, CLOSEST);
    go({ k, x: x - ((x - now.x) * k) / now.k, y: y - ((y - now.y) * k) / now.k });
  };
  const ends = new AbortController();
  const on = <K extends keyof HTMLElementEventMap>(name: K, does: (event: HTMLElementEventMap[K]) => void) => host.addEventListener(name, does, { signal: ends.signal, passive: false });
  on('pointerdown', (event) => {
    if (event.button !== 0) return;
    taken = dotAt(sim, box, inside(framed(event)), NEAR / unit() / now.k) ?? (event.pointerType === 'touch' ? null : 'ground');
    if (taken) host.setPointerCapture(event.pointerId);
  });
  on('pointermove', (event) => {
    if (taken === 'ground') go({ ...now, x: now.x + event.movementX / unit(), y: now.y + event.movementY / unit() });
    else if (taken) {
      [taken.fx, taken.fy] = inside(framed(event));
      go(now);
    }
  });
  on('pointerup', () => (taken = null));
  on('pointercancel', () => (taken = null));
  on('wheel', (event) => {
    if (!event.ctrlKey) return; // without it the page scrolls
    event.preventDefault();
    zoom(2 ** (-event.deltaY / 200), framed(event));
  });
  return {
    zoom,
    reset: () => {
      for (const d of sim.nodes()) [d.fx, d.fy] = [null, null];
      go({ x: 0, y: 0, k: 1 });
    },
    stop: () => ends.abort(),
  };
}

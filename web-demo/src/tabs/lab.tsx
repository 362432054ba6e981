// lab.tsx - a learner of the page's module that learns before one's eyes: in a grid whose cells can be changed, or holding up a pole.
// Room: page. Threads: the page's main thread.
import { int, sig } from '../format.ts';
import type { LabView, WorldName } from '../protocol.ts';
import { changeLab, goLab, lab, labGoes, labRate, labSeed, labWorld, labWrong, openLab, setLabRate, stepLab } from '../sources/lab.ts';
import { viridis } from '../theme.ts';
import { Figures, Panel, Segments } from '../ui/parts.tsx';
import { Grid, MAPS } from '../worlds.ts';

const RATES = [4, 15, 60, 1000, 1_000_000];
const PX = 34;
const ARROWS = ['M0 5V-6M-3 -3L0 -6L3 -3', 'M-5 0H6M3 -3L6 0L3 3', 'M0 -5V6M-3 3L0 6L3 3', 'M5 0H-6M-3 -3L-6 0L-3 3'];
const WAY = ['up', 'right', 'down', 'left', ''];
const KIND: Record<string, string> = { '.': 'floor', '#': 'wall', X: 'pit', S: 'start', G: 'goal' };

/** Before the first step. */
function fresh(world: 'rooms' | 'cliff'): LabView {
  const grid = new Grid(world);
  const all = <T,>(v: T) => Array.from({ length: grid.states }, () => v);
  return {
    world, seed: 0, steps: 0, episodes: 0, rate: 0, exploration: 0, returns: [], lasted: 0, best: all(-1), values: all(null), visits: all(0),
    grid: { cells: MAPS[world].join(''), width: grid.width, at: grid.start, path: [] },
  };
}

function World({ view }: { view: LabView }) {
  const { cells, width, at, path } = view.grid as NonNullable<LabView['grid']>;
  const known = view.values.filter((v, i): v is number => v !== null && cells[i] !== 'G');
  const [low, high] = [Math.max(Math.min(...known, 0), -120), Math.max(...known, -1)];
  const middle = (i: number) => `${(i % width) * PX + PX / 2} ${Math.floor(i / width) * PX + PX / 2}`;
  return (
    <svg class="lab-grid" viewBox={`0 0 ${width * PX} ${(cells.length / width) * PX}`} role="group" aria-label="Grid: colour is what a cell is worth, the arrow its best action; a cell is changed by a click or Enter">
      {[...cells].map((kind, i) => {
        const [value, best] = [view.values[i] ?? null, view.best[i] ?? -1];
        const [x, y] = [(i % width) * PX, Math.floor(i / width) * PX];
        const share = value === null || high <= low ? null : Math.min(1, Math.max(0, (value - low) / (high - low)));
        const [back, front] = share === null ? ['var(--panel)', 'var(--ink)'] : viridis(share);
        const about = `${KIND[kind]} in row ${Math.floor(i / width) + 1}, column ${(i % width) + 1}${best >= 0 && kind !== 'G' ? `: best ${WAY[best]}, worth ${sig(value)}, seen ${int(view.visits[i])} times` : ''}`;
        const fixed = kind === 'S' || kind === 'G';
        return (
          <g key={i} data-cell-at={i} data-kind={kind} data-best={best} data-value={value ?? ''} class="lab-cell" role={fixed ? 'img' : 'button'} tabindex={fixed ? undefined : 0} aria-label={about}
            onClick={() => !fixed && changeLab(i)} onKeyDown={(e) => { if (!fixed && (e.key === 'Enter' || e.key === ' ')) { e.preventDefault(); changeLab(i); } }}>
            <rect x={x + 0.5} y={y + 0.5} width={PX - 1} height={PX - 1} class={`lab-${KIND[kind]}`} fill={kind === '#' || kind === 'X' ? undefined : back} />
            {best >= 0 && kind !== '#' && kind !== 'X' && kind !== 'G' && <path d={ARROWS[best]} class="lab-arrow" stroke={front} transform={`translate(${x + PX / 2} ${y + PX / 2})`} />}
            {(kind === 'G' || kind === 'X' || kind === 'S') && <text x={x + (kind === 'S' ? 8 : PX / 2)} y={y + (kind === 'S' ? 11 : PX / 2 + 5)} text-anchor="middle" class={`lab-word ${kind}`}>{kind === 'X' ? '✕' : kind}</text>}
            <title>{about}</title>
          </g>
        );
      })}
      {path.length > 1 && <path class="lab-path" d={`M${path.map(middle).join('L')}`} />}
      <circle cx={(at % width) * PX + PX / 2} cy={Math.floor(at / width) * PX + PX / 2} r="9" class="lab-agent" />
    </svg>
  );
}

function Pole({ view }: { view: LabView }) {
  const { x, angle } = view.pole as NonNullable<LabView['pole']>;
  const [cx, top] = [180 + (x / 2.4) * 150, 130];
  return (
    <svg class="lab-grid" viewBox="0 0 360 170" role="img" aria-label={`A cart at ${x.toFixed(2)} m with a pole at ${((angle * 180) / Math.PI).toFixed(1)} degrees, standing for ${view.lasted} steps`} data-lasted={view.lasted}>
      <path d="M10 152H350" class="lab-track" />
      <rect x={cx - 24} y={top} width="48" height="20" rx="3" class="lab-cart" />
      <path d={`M${cx} ${top}L${cx + 100 * Math.sin(angle)} ${top - 100 * Math.cos(angle)}`} class="lab-pole" />
    </svg>
  );
}

/** The sum of rewards of each of the newest episodes. */
function Returns({ of: all, text }: { of: number[]; text: string }) {
  const [low, high] = [Math.min(...all, 0), Math.max(...all, 1)];
  const y = (v: number) => 60 - (56 * (v - low)) / (high - low);
  return (
    <svg class="lab-returns" viewBox="0 0 300 64" preserveAspectRatio="none" role="img" aria-label={text}>
      <path class="lab-axis" d={`M0 ${y(0)}H300`} />
      {all.length > 1 && <path class="lab-line" d={`M${all.map((v, i) => `${((300 * i) / (all.length - 1)).toFixed(1)} ${y(v).toFixed(1)}`).join('L')}`} />}
    </svg>
  );
}

const mean = (all: number[]) => (all.length === 0 ? null : all.reduce((a, b) => a + b, 0) / all.length);

function Controls() {
  const goes = labGoes.value;
  return (
    <div class="orders" id="lab-controls">
      <Segments<WorldName> legend="World" quiet name="world" value={labWorld.value} choices={[['rooms', 'Rooms'], ['cliff', 'Cliff walk'], ['cartpole', 'Pole on a cart']]}
        onChange={(w) => { labWorld.value = w; openLab(labGoes.value); }} />
      <button type="button" id="lab-go" class={goes ? 'button' : 'button primary'} onClick={() => goLab(!goes)}><span aria-hidden="true">{goes ? '‖' : '▶'}</span> {goes ? 'Pause' : 'Learn'}</button>
      <button type="button" id="lab-step" class="button" onClick={() => stepLab(1)}>One step</button>
      <button type="button" id="lab-many" class="button" onClick={() => stepLab(1000)}>1,000 steps</button>
      <label>Speed <select id="lab-rate" value={String(labRate.value)} onChange={(e) => setLabRate(Number(e.currentTarget.value))}>
        {RATES.map((r) => <option key={r} value={String(r)}>{r === 1_000_000 ? 'as fast as it can' : `${int(r)} steps a second`}</option>)}
      </select></label>
      <label>Seed <input id="lab-seed" type="number" min="1" max="4294967295" step="1" value={labSeed.value}
        onChange={(e) => { labSeed.value = Math.min(4294967295, Math.max(1, Math.trunc(Number(e.currentTarget.value)) || 1)); openLab(labGoes.value); }} /></label>
      <button type="button" id="lab-anew" class="button" onClick={() => openLab(labGoes.value)}>Begin anew</button>
    </div>
  );
}

export function Lab() {
  const world = labWorld.value;
  const view = lab.value?.world === world ? lab.value : world === 'cartpole' ? null : fresh(world);
  const recent = view ? mean(view.returns.slice(-50)) : null;
  const unit = world === 'cartpole' ? 'steps that the pole stands, 500 at most' : 'sum of rewards';
  return (
    <Panel class="span-12" title="A learner at work" hint={world === 'cartpole'
      ? 'Q-learning by the module in this page: it pushes the cart left or right, and knows only in which of 432 ranges place, angle and their speeds lie. Each step that the pole stands earns 1.'
      : 'Q-learning by the module in this page. A step costs 1, a pit 100 and leads back to S; G ends it. Colour: what a cell is worth; arrow: its best action so far; line: where these lead. Click a cell: floor, wall, pit.'}>
      <Controls />
      {labWrong.value && <p class="bad-text">It has stopped: {labWrong.value}.</p>}
      <div class="lab">
        <div class="lab-world">{view === null ? <p class="prose">It has not begun.</p> : view.pole ? <Pole view={view} /> : <World view={view} />}</div>
        <div>
          <Figures rows={[
            ['Steps', int(view?.steps), '', 'lab-steps'],
            ['Steps a second', sig(view?.rate)],
            ['Episodes', int(view?.episodes), '', 'lab-episodes'],
            ['Taken at random now', sig((view?.exploration ?? 0) * 100), '%'],
            ['States seen', int(view?.visits.filter((n) => n > 0).length), '', 'lab-seen'],
            ...(view?.grid ? [['Steps from start to goal, by the arrows', view.grid.cells[view.grid.path.at(-1) ?? 0] === 'G' ? int(view.grid.path.length - 1) : 'not yet', '', 'lab-path'] as [string, string, string, string]] : []),
            ['Newest 50 episodes, mean', sig(recent), '', 'lab-mean'],
          ]} />
          <p class="note">Each of the newest {int(view?.returns.length ?? 0)} episodes: {unit}</p>
          <Returns of={view?.returns ?? []} text={`${unit} of the newest episodes; mean of 50: ${sig(recent)}`} />
        </div>
      </div>
    </Panel>
  );
}

// heat.tsx - what each setting is expected to earn, as cells: one row a setting, one column a state; the best of a state is marked.
// Room: page. Threads: the page's main thread.
import { int, named, sig } from '../format.ts';
import { seen, tunes } from '../learned.ts';
import type { Learner } from '../snapshot.ts';
import { viridis } from '../theme.ts';

const MOST = { actions: 64, states: 16 };

/** Digits of a mixed radix index, the first declared the most significant. */
export function digitsOf(index: number, sizes: number[]): number[] {
  const out: number[] = [];
  let rest = index;
  for (let i = sizes.length - 1; i >= 0; i -= 1) {
    out.unshift(rest % (sizes[i] as number));
    rest = Math.floor(rest / (sizes[i] as number));
  }
  return out;
}

function bucketText(edges: number[], bucket: number): string {
  if (edges.length === 0) return 'any';
  if (bucket === 0) return `< ${edges[0]}`;
  if (bucket >= edges.length) return `≥ ${edges[edges.length - 1]}`;
  return `${edges[bucket - 1]} – ${edges[bucket]}`;
}

export function stateText(learner: Learner, state: number): string {
  if (learner.features.length === 0) return 'always';
  const buckets = digitsOf(state, learner.features.map((f) => f.edges.length + 1));
  return learner.features.map((f, i) => f.names?.[buckets[i] as number] ?? bucketText(f.edges, buckets[i] as number)).join(', ');
}

/** The values of a setting, by name where they have any. */
export function actionTexts(learner: Learner, action: number): string[] {
  const at = digitsOf(action, learner.knobs.map((k) => k.values.length));
  return learner.knobs.map((k, i) => k.names?.[at[i] as number] ?? String(k.values[at[i] as number]));
}

export interface Best {
  state: number;
  action: number;
  q: number;
  visits: number;
}

/** The best of the settings that were tried in a state; null where none was. */
function highest(learner: Learner, state: number): number | null {
  let [best, most] = [null as number | null, -Infinity];
  for (let a = 0; a < learner.actions; a += 1) {
    const i = state * learner.actions + a;
    const q = learner.q[i];
    if (!learner.visits[i] || q === null || q === undefined || q <= most) continue;
    [best, most] = [a, q];
  }
  return best;
}

/** For each visited state its best setting: the one that a tuner reports, if it was tried; else the highest. */
export function policy(learner: Learner): Best[] {
  const reported = new Map(seen(learner).map(({ state, report }) => [state, report.best]));
  const out: Best[] = [];
  for (let state = 0; state < learner.states; state += 1) {
    const action = reported.get(state) ?? highest(learner, state);
    if (action === null) continue;
    const i = state * learner.actions + action;
    const [q, visits] = [learner.q[i], learner.visits[i] ?? 0];
    if (visits > 0 && q !== null && q !== undefined) out.push({ state, action, q, visits });
  }
  return out;
}

/** The states that are shown, in order: the most visited. */
function shown(learner: Learner): number[] {
  const total = (s: number) => {
    let n = 0;
    for (let a = 0; a < learner.actions; a += 1) n += learner.visits[s * learner.actions + a] ?? 0;
    return n;
  };
  const states = Array.from({ length: learner.states }, (_, s) => s);
  if (states.length <= MOST.states) return states;
  return states.sort((a, b) => total(b) - total(a)).slice(0, MOST.states).sort((a, b) => a - b);
}

type Span = readonly [number, number];

/** The lowest and the highest value of each of these states. */
function spans(learner: Learner, states: number[]): Map<number, Span> {
  return new Map(
    states.map((s) => {
      let [lo, hi] = [Infinity, -Infinity];
      for (let a = 0; a < learner.actions; a += 1) {
        const i = s * learner.actions + a;
        const q = learner.q[i];
        if (!learner.visits[i] || q === null || q === undefined) continue;
        lo = Math.min(lo, q);
        hi = Math.max(hi, q);
      }
      return [s, [lo, hi] as const];
    }),
  );
}

interface CellProps {
  learner: Learner;
  s: number;
  a: number;
  /** The lowest and the highest value of the state. */
  span: Span | undefined;
  top: boolean;
}

/** What one setting is expected to earn in one state. */
function Cell({ learner, s, a, span, top }: CellProps) {
  const i = s * learner.actions + a;
  const q = learner.q[i] ?? null;
  const visits = learner.visits[i] ?? 0;
  if (visits === 0 || q === null || !span) {
    return <td class="heat-cell untried" data-cell={`${s},${a}`} data-q="" title="not tried"><span class="sr">not tried</span></td>;
  }
  const [lo, hi] = span;
  const [back, front] = viridis(hi > lo ? (q - lo) / (hi - lo) : 1);
  return (
    <td class={top ? 'heat-cell top' : 'heat-cell'} data-cell={`${s},${a}`} data-q={q} data-visits={visits}
      title={`${int(visits)} ${tunes(learner) ? 'ticks observed' : 'updates'}`} style={{ backgroundColor: back, color: front }}>
      {top && <span aria-label="best" role="img">★</span>}{sig(q)}
    </td>
  );
}

export function Heat({ learner }: { learner: Learner }) {
  const states = shown(learner);
  const actions = Array.from({ length: Math.min(learner.actions, MOST.actions) }, (_, a) => a);
  const best = new Map(policy(learner).map((b) => [b.state, b]));
  const span = spans(learner, states);
  const cut = learner.states > states.length || learner.actions > actions.length;
  return (
    <div class="heat-box">
      <div class="scroll" tabIndex={0} role="region" aria-label="Reward expected of each setting in each state">
        <table class="heat" id="heat-table">
          <caption class="sr">Expected rewards, one row a setting, one column a state; each column has its own colour scale</caption>
          <thead>
            <tr>
              <th scope="col" colSpan={learner.knobs.length} class="heat-corner">Setting</th>
              <th scope="colgroup" colSpan={states.length}>{learner.features.map((f) => f.name).join(', ') || 'state'}</th>
            </tr>
            <tr>
              {learner.knobs.map((k) => <th scope="col" class="n" key={k.name}>{named(k.name).label} <span class="unit">{named(k.name).unit}</span></th>)}
              {states.map((s) => <th scope="col" key={s} class="heat-state">{stateText(learner, s)}</th>)}
            </tr>
          </thead>
          <tbody>
            {actions.map((a) => {
              const values = actionTexts(learner, a);
              const opens = a > 0 && values[0] !== actionTexts(learner, a - 1)[0];
              return (
                <tr key={a} class={opens ? 'group' : ''}>
                  {values.map((v, i) => <th scope="row" class="n" key={i}>{v}</th>)}
                  {states.map((s) => <Cell key={s} learner={learner} s={s} a={a} span={span.get(s)} top={best.get(s)?.action === a} />)}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <div class="heat-key">
        <span>{tunes(learner) ? 'reward of a tick' : 'sum of rewards'}: lowest <span class="ramp" aria-hidden="true" /> highest of its column</span>
        <span><span class="key-cell untried" aria-hidden="true" /> not tried</span>
        <span><span aria-hidden="true">★</span> best so far</span>
      </div>
      {cut && <p class="note">Shown: the {states.length} most visited of {int(learner.states)} states, {actions.length} of {int(learner.actions)} settings.</p>}
    </div>
  );
}

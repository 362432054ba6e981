// beliefs.tsx - what a tuner believes of each state, how much it still tries, and what its guard rails did.
// Room: page. Threads: the page's main thread.
import { actionTexts, stateText } from '../charts/heat.tsx';
import { LineChart } from '../charts/line.tsx';
import { bytes, count, int, named, percent, sig, words } from '../format.ts';
import { seen, stillTried } from '../learned.ts';
import type { Learner, StateReport } from '../snapshot.ts';
import { Figures, Panel, Tile, Tiles } from '../ui/parts.tsx';

const MOST_STATES = 16;
const tick = (n: number | undefined) => (n ? `tick ${int(n)}` : 'never');

export function TunerTiles({ learner, users }: { learner: Learner; users: number }) {
  const t = learner.tuning;
  const [memory, unit] = bytes(t?.bytes);
  const held = t && t.held_by_budget + t.held_by_steps + (t.held_by_forbid ?? 0) + (t.held_by_limits ?? 0);
  return (
    <Tiles>
      <Tile label="Table size" name="table" value={int(learner.states * learner.actions)} sub={`${count(learner.states, 'state')} × ${count(learner.actions, 'setting')}`} />
      <Tile label="Cells tried" name="q_values" value={int(learner.q_values)} sub="a setting in a state" />
      <Tile label="Ticks observed" name="observations" value={int(learner.observations)} sub={`${int(t?.failures)} failed`} />
      <Tile label="Still trying" name="trying" value={percent(stillTried(learner))} unit="%" sub="of the next ticks" />
      <Tile label="Changes noticed" name="changes" value={int(t?.changes)} sub={`last: ${tick(t?.last_change)}`} />
      <Tile label="Interventions" name="held" value={int(held)} sub="ticks on guard rails" />
      <Tile label="Mean reward" name="mean_reward" value={sig(learner.mean_reward)} unit="a tick" sub={`${count(users, 'loop')} ${users === 1 ? 'has' : 'share'} it`} />
      <Tile label="Memory" name="memory" value={memory} unit={unit} sub="taken by the tuner" />
    </Tiles>
  );
}

/** A column of the table: its field, its title, the unit in words, and what a report has there. */
type Column = [field: string, title: string, unit: string, text: (r: StateReport) => string];

const COLUMNS: Column[] = [
  ['estimate', 'Earns', 'mean reward of a tick', (r) => sig(r.estimate)],
  ['interval', '95 % interval', 'of that mean', (r) => `${sig(r.low)} to ${sig(r.high)}`],
  ['probability', 'Is the best', 'probability in %', (r) => percent(r.probability)],
  ['trying', 'Tries others', '% of the next ticks', (r) => percent(r.trying)],
  ['baseline', 'Baseline earns', 'mean reward of a tick', (r) => sig(r.baseline)],
  ['noise', 'Ticks differ by', 'standard deviation', (r) => sig(r.noise)],
  ['avoided', 'Avoided', 'settings over a limit', (r) => int(r.avoided)],
  ['observations', 'Observed', 'ticks', (r) => int(r.observations)],
  ['last_change', 'Last change', 'noticed at', (r) => tick(r.last_change)],
];

/** What else than the reward is to stay under a bound, and rewards that come later than their ticks. */
function Goals({ learner }: { learner: Learner }) {
  const limits = learner.limits ?? [];
  const late = learner.late;
  return (
    <>
      {limits.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Limits">
          <table class="data" id="limit-table">
            <thead><tr><th scope="col">Limit</th><th scope="col" class="n">At most</th><th scope="col" class="n">Broken <span class="unit">of the ticks that told it</span></th><th scope="col" class="n">At the best setting <span class="unit">of each state seen</span></th></tr></thead>
            <tbody>
              {limits.map((l) => (
                <tr key={l.name}>
                  <th scope="row">{words(l.name)}</th>
                  <td class="n">{sig(l.at_most)}</td>
                  <td class="n">{int(l.broken)} of {int(l.observations)}</td>
                  <td class="n">{seen(learner).map(({ state }) => sig(l.at_best[state] ?? null)).join(' · ')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {late && late.open + late.late + late.twice + late.never > 0 && (
        <Figures rows={[
          ['Rewards still to come', int(late.open), '', 'late_open'],
          ['Came when they had been given up', int(late.late)],
          ['Came twice', int(late.twice)],
          ['Never came', int(late.never)],
        ]} />
      )}
    </>
  );
}

/** One row for each state that was seen: the best setting, and how sure the tuner is of it. */
export function Beliefs({ learner }: { learner: Learner }) {
  const states = seen(learner);
  const baseline = states.some(({ report }) => report.baseline !== null);
  const columns = COLUMNS.filter(([field]) => (field !== 'baseline' || baseline) && (field !== 'avoided' || states.some(({ report }) => report.avoided)));
  const shown = states.slice(0, MOST_STATES);
  return (
    <Panel class="span-12" title="What is believed of each state"
      side={<span class="side-note">{int(states.length)} of {count(learner.states, 'state')} seen</span>}
      hint="The best setting of each state, what it earns, and how sure that is: earnings are in the reward's own unit. Where several settings earn alike, none is surely the best, and all of them go on being taken.">
      <div class="scroll" tabIndex={0} role="region" aria-label="What is believed of each state">
        <table class="data" id="belief-table">
          <thead>
            <tr>
              <th scope="col">{learner.features.map((f) => f.name).join(', ') || 'state'}</th>
              {learner.knobs.map((k) => <th scope="col" class="n" key={k.name}>{named(k.name).label}<span class="unit below">best value{named(k.name).unit && `, ${named(k.name).unit}`}</span></th>)}
              {columns.map(([field, title, unit]) => <th scope="col" class="n" key={field}>{title}<span class="unit below">{unit}</span></th>)}
            </tr>
          </thead>
          <tbody>
            {shown.map(({ state, report }) => (
              <tr key={state} data-state={state}>
                <th scope="row">{stateText(learner, state)}</th>
                {actionTexts(learner, report.best).map((v, i) => <td class="n" data-field="best" key={i}>{v}</td>)}
                {columns.map(([field, , , text]) => <td class="n" data-field={field} key={field}>{text(report)}</td>)}
              </tr>
            ))}
            {shown.length === 0 && <tr><td class="empty-row" colSpan={1 + learner.knobs.length + columns.length}>Nothing tried yet</td></tr>}
          </tbody>
        </table>
      </div>
      {states.length > shown.length && <p class="note">Shown: the first {MOST_STATES} of them.</p>}
    </Panel>
  );
}

export function Trying({ learner }: { learner: Learner }) {
  return (
    <Panel title="Still trying" side={<span class="side-note">share of the next ticks that take another setting than the best</span>}>
      <LineChart id="explore" name="Share of the next ticks that take another setting than the best" unit="%" axis="% of ticks" height={206} text={(v) => percent(v, 0)} tick={(v) => percent(v, 0)} compact
        range={[0, 1]} series={[{ key: `trying/${learner.name}`, label: 'trying others', color: '--series-4' }]} />
    </Panel>
  );
}

type Figure = [label: string, value: string, unit: string, name: string];

export function Rails({ learner }: { learner: Learner }) {
  const t = learner.tuning;
  const baseline = seen(learner).some(({ report }) => report.baseline !== null);
  const budget: Figure[] = [
    ['Baseline taken for the budget', int(t?.held_by_budget), 'ticks', 'held_by_budget'],
    ['Lost against the baseline, sum of rewards', sig(t?.lost), '', 'lost_reward'],
    ['May be lost by now, sum of rewards', sig(t?.may_lose), '', 'may_lose'],
  ];
  return (
    <Panel title="Guard rails and what is shared" hint="A budget takes the baseline instead of a setting that may lose too much; one step a tick takes the value next to the last one.">
      <Figures rows={[
        ...(baseline ? budget : [['Baseline for a budget', 'none set', '', 'baseline'] as Figure]),
        ['Value between taken, one step a tick', int(t?.held_by_steps), 'ticks', 'held_by_steps'],
        ...(t?.held_by_forbid ? [['Another taken, since the setting is forbidden', int(t.held_by_forbid), 'ticks', 'held_by_forbid'] as Figure] : []),
        ...(t?.held_by_limits ? [['Another taken, since the setting breaks a limit', int(t.held_by_limits), 'ticks', 'held_by_limits'] as Figure] : []),
        ['States are alike and learn together, probability', percent(t?.sharing), '%', 'sharing'],
        ['Decisions', int(learner.decisions), '', 'decisions'],
      ]} />
      <Goals learner={learner} />
    </Panel>
  );
}

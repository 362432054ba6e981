// learning.tsx - what the loops have learned: the table as a heat map, and what a tuner or a Q-learner holds beside it.
// Room: page. Threads: the page's main thread.
import { actionTexts, Heat, policy, stateText } from '../charts/heat.tsx';
import { LineChart } from '../charts/line.tsx';
import { count, fixed, int, named, NONE, percent, sig } from '../format.ts';
import { tunes } from '../learned.ts';
import type { Learner } from '../snapshot.ts';
import { served } from '../sources/live.ts';
import { live, type Frame } from '../state.ts';
import { Figures, Panel, Tile, Tiles } from '../ui/parts.tsx';
import { picked } from '../view.ts';
import { Empty } from '../ui/empty.tsx';
import { Lab } from './lab.tsx';
import { Beliefs, Rails, TunerTiles, Trying } from './beliefs.tsx';

function Policy({ learner }: { learner: Learner }) {
  return (
    <Panel title="Best setting of each state">
      <div class="scroll" tabIndex={0} role="region" aria-label="Best setting of each state">
        <table class="data">
          <thead>
            <tr>
              <th scope="col">{learner.features.map((f) => f.name).join(', ') || 'state'}</th>
              {learner.knobs.map((k) => <th scope="col" class="n" key={k.name}>{named(k.name).label} <span class="unit">{named(k.name).unit}</span></th>)}
              <th scope="col" class="n">Q <span class="unit">sum of rewards</span></th>
              <th scope="col" class="n">Updates</th>
            </tr>
          </thead>
          <tbody>
            {policy(learner).slice(0, 16).map((b) => (
              <tr key={b.state}>
                <th scope="row">{stateText(learner, b.state)}</th>
                {actionTexts(learner, b.action).map((v, i) => <td class="n" key={i}>{v}</td>)}
                <td class="n">{sig(b.q)}</td>
                <td class="n">{int(b.visits)}</td>
              </tr>
            ))}
            {policy(learner).length === 0 && <tr><td class="empty-row" colSpan={learner.knobs.length + 3}>Nothing tried yet</td></tr>}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function QTiles({ learner, users }: { learner: Learner; users: number }) {
  const r = learner.replay;
  return (
    <Tiles>
      <Tile label="Table size" name="table" value={int(learner.states * learner.actions)} sub={`${count(learner.states, 'state')} × ${count(learner.actions, 'setting')}`} />
      <Tile label="Q values" name="q_values" value={int(learner.q_values)} sub="cells tried" />
      <Tile label="Replay size" name="replay" value={int(r.size)} sub={`of ${int(r.capacity)}; ${percent(r.utilization, 0)} %`} />
      <Tile label="Transitions added" name="added" value={int(r.total_added)} sub={`${int(r.total_sampled)} sampled`} />
      <Tile label="Decisions" value={int(learner.decisions)} sub={`${int(learner.observations)} observed`} />
      <Tile label="Updates" value={int(learner.updates)} sub={`learning rate ${fixed(learner.learning_rate, 3)}`} />
      <Tile label="Exploration" value={percent(learner.exploration)} unit="%" sub={`discount ${fixed(learner.discount, 2)}`} />
      <Tile label="Mean reward" value={sig(learner.mean_reward)} sub={`${count(users, 'loop')} ${users === 1 ? 'has' : 'share'} it`} />
    </Tiles>
  );
}

function Replay({ learner }: { learner: Learner }) {
  const r = learner.replay;
  return (
    <Panel title="Replay buffer">
      <div class="meter" role="meter" aria-label="Replay buffer used" aria-valuemin={0} aria-valuemax={r.capacity} aria-valuenow={r.size}>
        <span style={{ width: `${Math.min(100, (100 * r.size) / Math.max(1, r.capacity))}%` }} />
      </div>
      <LineChart id="replay" name="Transitions in the replay buffer" unit="" axis="transitions" height={150} text={int} compact
        series={[{ key: `replay/${learner.name}`, label: 'transitions', color: '--series-1', fill: true }]} />
      <Figures rows={[
        ['Capacity', int(r.capacity)],
        ['Utilization', percent(r.utilization), '%'],
        ['Total added', int(r.total_added)],
        ['Total sampled', int(r.total_sampled)],
        ['Samples per transition', r.total_added > 0 ? fixed(r.total_sampled / r.total_added, 2) : NONE],
      ]} />
    </Panel>
  );
}

function Exploration({ learner }: { learner: Learner }) {
  return (
    <Panel title="Exploration" side={<span class="side-note">share of decisions taken at random</span>}>
      <LineChart id="explore" name="Share of decisions taken at random" unit="%" axis="% of decisions" height={206} text={(v) => percent(v, 0)} tick={(v) => percent(v, 0)} compact
        range={[0, 1]} series={[{ key: `trying/${learner.name}`, label: 'exploration', color: '--series-4' }]} />
    </Panel>
  );
}

/** The index of the learner that is shown, on each tab. */
export const chosen = (learners: Learner[]): number => Math.max(0, learners.findIndex((l) => l.name === picked.value));

export function Pick({ learners }: { learners: Learner[] }) {
  if (learners.length === 1) return <span class="side-note">{learners[0]?.name}</span>;
  return (
    <label class="search"><span class="sr">Learner</span>
      <select value={learners[chosen(learners)]?.name ?? ''} onChange={(e) => (picked.value = (e.currentTarget as HTMLSelectElement).value)}>
        {learners.map((l) => <option key={l.name} value={l.name}>{l.name}</option>)}
      </select>
    </label>
  );
}

export function Learning({ frame }: { frame: Frame }) {
  const learners = frame.snap.learners;
  const learner = learners[chosen(learners)];
  const own = !served && live.value; // the module of this page is what is shown
  if (!learner) return <Empty title="Nothing learns here" text="No loop in this engine has knobs. A loop with knobs gets a learner." />;
  const users = frame.snap.loops.filter((l) => learners[l.learner] === learner).length;
  const tuner = tunes(learner);
  return (
    <>
      {tuner ? <TunerTiles learner={learner} users={users} /> : <QTiles learner={learner} users={users} />}
      <div class="grid">
        {tuner && <Beliefs learner={learner} />}
        <div class="stack span-6">
          <Panel title="State × setting" hint="What a setting is expected to earn in a state. Two columns with different stars: no one setting is best for both."
            side={<Pick learners={learners} />}>
            <Heat learner={learner} />
          </Panel>
          {!tuner && <Policy learner={learner} />}
        </div>
        <div class="stack span-6">
          {tuner ? <><Trying learner={learner} /><Rails learner={learner} /></> : <><Replay learner={learner} /><Exploration learner={learner} /></>}
        </div>
        {own && <Lab />}
      </div>
    </>
  );
}

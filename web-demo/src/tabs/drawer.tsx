// drawer.tsx - one loop: what it does, how long that takes, what holds it back, what it has learned, and what can be done to it.
// Room: page. Threads: the page's main thread.
import { useEffect, useState } from 'preact/hooks';
import { actionTexts, stateText } from '../charts/heat.tsx';
import { Spreads } from '../charts/spread.tsx';
import { brief, clock, count, fixed, int, ms, named, p99, percent, setTo, sig } from '../format.ts';
import { seen } from '../learned.ts';
import type { Latency, LoopRow, Snapshot } from '../snapshot.ts';
import type { Bucket, LoopTimes } from '../source.ts';
import { buckets, can, openLoop, orderLoop, type Frame } from '../state.ts';
import { Figures, Panel } from '../ui/parts.tsx';
import { gateText, State } from './held.tsx';

const PERCENTILES: [string, (l: Latency) => string][] = [
  ['Least', (l) => ms(l.min_ms)], ['Mean', (l) => ms(l.avg_ms)], ['p50', (l) => ms(l.p50_ms)], ['p95', (l) => ms(l.p95_ms)],
  ['p99', p99], ['p99.9', (l) => ms(l.p999_ms)], ['Most', (l) => ms(l.max_ms)],
];

function Times({ loop, seq }: { loop: LoopRow; seq: number }) {
  const [got, take] = useState<LoopTimes | null>(null);
  useEffect(() => buckets(loop.name, take), [loop.name, seq]);
  const columns: [string, Latency, Bucket[]][] = [['Newest ticks', loop.window, got?.window ?? []], ['Since the start', loop.latency, got?.latency ?? []], ['Lateness', loop.late, got?.late ?? []]];
  return (
    <>
    <Spreads columns={columns} />
    {!got && <p class="note">Percentiles alone: bars are drawn of an engine’s newest moment, a recording does not have them.</p>}
    <div class="scroll" tabIndex={0} role="region" aria-label={`Durations of ${loop.name}`}>
      <table class="data" id="drawer-times">
        <thead>
          <tr><th scope="col">Duration <span class="unit">ms</span></th>{columns.map(([title, l]) => <th scope="col" class="n" key={title}>{title}<span class="unit below">{count(l.count, 'tick')}</span></th>)}</tr>
        </thead>
        <tbody>
          {PERCENTILES.map(([title, text]) => <tr key={title}><th scope="row">{title}</th>{columns.map(([name, l]) => <td class="n" key={name}>{text(l)}</td>)}</tr>)}
        </tbody>
      </table>
    </div>
    </>
  );
}

/** What its learner holds of the state that it is in, in words. */
function Learned({ snap, loop }: { snap: Snapshot; loop: LoopRow }) {
  const learner = snap.learners[loop.learner];
  if (!learner) return <p class="prose">It has no knobs, and so nothing to learn.</p>;
  const setting = (action: number) => actionTexts(learner, action).map((v, i) => `${learner.knobs[i]?.name} ${v}`).join(', ');
  const now = seen(learner).find(({ state }) => state === loop.state_index)?.report;
  return (
    <>
      <p class="prose">
        It sets {loop.knobs.map((k) => `${k.name} to ${setTo(k)}`).join(', ') || 'nothing yet'} where {stateText(learner, Math.min(loop.state_index, learner.states - 1))}
        {loop.features.length > 0 && ` (${loop.features.map((f) => `${f.name} ${sig(f.value)}`).join(', ')})`}, and earned {sig(loop.reward)} of late.
        {now && ` Best there is held to be ${setting(now.best)}, earning ${sig(now.estimate)} (${sig(now.low)} to ${sig(now.high)}), ${percent(now.probability, 0)} % sure; ${percent(now.trying, 0)} % of the next ticks try something else.`}
      </p>
      <Figures rows={loop.knobs.map((k) => [named(k.name).label, setTo(k), named(k.name).unit])} />
    </>
  );
}

function Actions({ loop }: { loop: LoopRow }) {
  if (!can('pause')) return <p class="note">What is shown here cannot be told to do anything.</p>;
  const paused = loop.state === 'paused';
  return (
    <div class="actions">
      <button type="button" id="pause-loop" class="button" onClick={() => orderLoop(paused ? 'resume' : 'pause', loop.name)}>{paused ? 'Resume' : 'Pause'}</button>
      <button type="button" id="trigger-loop" class="button" onClick={() => orderLoop('trigger', loop.name)}>Run once now</button>
      <button type="button" class="button" onClick={() => orderLoop('interval', loop.name, (loop.configured_ms ?? 1000) / 2)}>Twice as often</button>
      <button type="button" class="button" onClick={() => orderLoop('interval', loop.name, (loop.configured_ms ?? 1000) * 2)}>Half as often</button>
    </div>
  );
}

export function Drawer({ frame: { snap } }: { frame: Frame }) {
  if (openLoop.value === '') return null;
  const loop = snap.loops.find((l) => l.name === openLoop.value);
  const close = <button type="button" id="close-loop" class="button" onClick={() => (openLoop.value = '')}>Close</button>;
  if (!loop) return <Panel class="span-12 drawer" title={openLoop.value} side={close}><p class="prose">There is no loop of this name at this moment.</p></Panel>;
  return (
    <Panel class="span-12 drawer" title={loop.name} side={close}>
      <div class="grid">
        <div class="span-4 stack">
          <p data-figure="loop-state"><State loop={loop} mode={snap.gates.mode} /></p>
          <Figures rows={[
            ['Group', loop.group || 'none'],
            ['Cycles', int(loop.cycles), '', 'loop-cycles'],
            ['Errors / timeouts / cancelled', `${int(loop.errors)} / ${int(loop.timeouts)} / ${int(loop.cancelled)}`],
            ['Failures in a row', int(loop.streak)],
            ['Missed / gated / shed', `${int(loop.missed)} / ${int(loop.gated)} / ${int(loop.shed)}`],
            ['Interval now', brief(loop.interval_ms), 'ms'],
            ['Interval asked for', brief(loop.configured_ms), 'ms', 'loop-interval'],
            ['Throttle', fixed(loop.throttle, 2)],
            ['Health', percent(loop.health, 0), '%'],
          ]} />
        </div>
        <div class="span-4 stack"><Times key={loop.name} loop={loop} seq={snap.seq} /></div>
        <div class="span-4 stack">
          <Learned snap={snap} loop={loop} />
          {(loop.gates ?? []).map((g) => <p class="note" key={g.name}>{g.open ? 'Open' : 'Closed'}: {gateText(g, snap.gates.mode).filter(Boolean).join('; ')}</p>)}
          <p class="prose">{loop.last_error ? <>Last error: “{loop.last_error}”</> : 'It has not failed.'}</p>
          <Actions loop={loop} />
          <p class="note">As of {clock(snap.now_ms / 1000, true)}.</p>
        </div>
      </div>
    </Panel>
  );
}

// demo.tsx - the panels of the demo's job, shown only where that runs: what its loops earn, and two things to try.
// Room: page. Threads: the page's main thread.
import { signal } from '@preact/signals';
import { LineChart } from '../charts/line.tsx';
import { fixed, int, NONE, p99, percent, sig } from '../format.ts';
import { loopsOf } from '../history.ts';
import { LINK_FAST, LINK_SLOW, type Fault, type LinkMode } from '../protocol.ts';
import type { LoopRow, Snapshot } from '../snapshot.ts';
import { societyFactor } from '../sources/module.ts';
import { can, fault, type Frame, linkMode, setFault, setLink } from '../state.ts';
import { Panel, Segments, StateTag } from '../ui/parts.tsx';

const GROUP = 'ship';
const RECORDED_LINK = `feature/${GROUP}/mb_per_s`;

/** The learner of the demo's job, by what it sees and sets; -1 where it does not run. */
export function demoOf(snap: Snapshot): number {
  return snap.learners.findIndex((l) => l.name === GROUP && l.features.some((f) => f.name === 'mb_per_s') && ['level', 'block_kib'].every((k) => l.knobs.some(({ name }) => name === k)));
}

/** The time in which its link was slow. */
export const slowLink = (frame: Frame) => ({ key: frame.job ? 'link' : RECORDED_LINK, most: LINK_SLOW });

const kib = (v: number | null | undefined) => (v === null || v === undefined ? NONE : `${v} KiB`);

function Story({ frame }: { frame: Frame }) {
  const { job, snap } = frame;
  if (!job) {
    const learner = snap.learners[demoOf(snap)];
    return <p class="story">Mean reward of the newest 100 ticks: <b>{sig(learner?.mean_reward)}</b> MB/s, after {int(learner?.decisions)} decisions.</p>;
  }
  if (!job.fixed || !job.best) {
    return <p class="story">Measuring every fixed setting on the same texts: <b>{int(job.calibrated)}</b> of {int(job.calibrateFirst)} pieces.</p>;
  }
  return (
    <p class="story">
      Link at <b>{job.link}</b> MB/s. Learned: level <b>{job.level ?? NONE}</b>, <b>{kib(job.blockKib)}</b>, earning <b>{sig(job.reward)}</b> MB/s.
      The one setting that is best over both links, level <b>{job.fixed.level}</b> with <b>{kib(job.fixed.blockKib)}</b>, earns <b>{sig(job.fixed.reward)}</b>
      {job.reward !== null && <> (<b>×{fixed(job.reward / job.fixed.reward, 2)}</b>)</>}; settings taken at random <b>{sig(job.random)}</b>.
    </p>
  );
}

function Earned({ frame }: { frame: Frame }) {
  const bands = slowLink(frame);
  return (
    <Panel class="span-8" title="What the loops earn" hint={<Story frame={frame} />}
      side={<span class="side-note">{frame.job && <span class="wide">100 % is the best setting at the link speed of then; </span>}shaded: slow link</span>}>
      {frame.job ? (
        <LineChart id="score" name="Reward as a share of the best setting at this link speed" unit="%" axis="% of the best setting" height={312} bands={bands}
          text={(v) => percent(v, 0)} tick={(v) => percent(v, 0)} range={[0, 1.15]}
          series={[
            { key: 'score', label: 'learned', color: '--series-1', width: 2, fill: true },
            { key: 'fixedShare', label: 'best fixed setting', color: '--series-2', dash: [2, 4], width: 2 },
            { key: 'randomShare', label: 'at random', color: '--series-3', dash: [8, 4], width: 1.5 },
          ]} />
      ) : (
        <LineChart id="reward" name="Mean reward of the loops’ newest ticks" unit="MB/s" height={312} bands={bands} text={sig}
          series={[{ key: `reward/${GROUP}`, label: 'mean reward', color: '--series-1', width: 2, fill: true }]} />
      )}
    </Panel>
  );
}

/** What a recording says of the link, as the live control shows it. */
function recordedLink(snap: Snapshot): LinkMode {
  const seen = loopsOf(snap, demoOf(snap)).map((l) => l.features.find((f) => f.name === 'mb_per_s')?.value ?? LINK_FAST);
  return seen.filter((v) => v > LINK_SLOW).length * 2 >= seen.length ? 'fast' : 'slow';
}

function Link({ frame }: { frame: Frame }) {
  return (
    <Segments<LinkMode> legend="Link speed" name="link" value={frame.job ? linkMode.value : recordedLink(frame.snap)} disabled={!can('link')}
      choices={[['fast', `${LINK_FAST} MB/s`], ['slow', `${LINK_SLOW} MB/s`], ['auto', 'every 5 s']]}
      onChange={setLink} />
  );
}

const chosen = signal('');

/** Median of the p99 of the loops of the same group, of their newest ticks. */
function neighbours(snap: Snapshot, loop: LoopRow): LoopRow['window'] {
  const others = snap.loops.filter((l) => l.group === loop.group && l.name !== loop.name && l.window.p99_ms !== null).map((l) => l.window);
  others.sort((a, b) => (a.p99_ms as number) - (b.p99_ms as number));
  return others[others.length >> 1] ?? loop.window;
}

function Breaker({ snap }: { snap: Snapshot }) {
  const loops = loopsOf(snap, demoOf(snap));
  const now = fault.value;
  const name = now.kind !== 'none' ? now.loop : chosen.value || (loops[6] ?? loops[0])?.name || '';
  const row = snap.loops.find((l) => l.name === name);
  return (
    <div class="breaker">
      <label class="field" for="break-loop">Break a loop</label>
      <select id="break-loop" value={name} disabled={!can('fault') || now.kind !== 'none'}
        onChange={(e) => (chosen.value = (e.currentTarget as HTMLSelectElement).value)}>
        {loops.map((l) => <option key={l.name} value={l.name}>{l.name}</option>)}
      </select>
      <Segments<Fault> legend={`What ${name} does`} quiet name="fault" value={now.kind} disabled={!can('fault') || name === ''}
        choices={[['none', 'works'], ['slow', 'is slow'], ['throw', 'throws']]}
        onChange={(kind) => setFault(name, kind)} />
      <dl class="figures tight" aria-label="The chosen loop and its neighbours">
        <div data-figure="state"><dt>State</dt><dd>{row ? <StateTag state={row.state} /> : NONE}<span class="unit" /></dd></div>
        <div data-figure="streak"><dt>Failures in a row</dt><dd><span class="value">{int(row?.streak)}</span><span class="unit" /></dd></div>
        <div><dt>Errors + timeouts</dt><dd><span class="value">{row ? int(row.errors + row.timeouts) : NONE}</span><span class="unit" /></dd></div>
        <div data-figure="own-p99"><dt>Its newest ticks’ p99</dt><dd><span class="value">{row ? p99(row.window) : NONE}</span><span class="unit">ms</span></dd></div>
        <div data-figure="neighbours"><dt>Its neighbours’ (median)</dt><dd><span class="value">{row ? p99(neighbours(snap, row)) : NONE}</span><span class="unit">ms</span></dd></div>
      </dl>
      <p class="note last-error">{row?.last_error && now.kind !== 'none' ? `“${row.last_error}”` : '~ of fewer than 100 ticks'}</p>
    </div>
  );
}

/** What the loops do, in words. */
export function AboutDemo({ frame }: { frame: Frame }) {
  return (
    <>
      <p class="prose">
        {int(loopsOf(frame.snap, demoOf(frame.snap)).length)} loops ship pieces of text, 64 KiB a tick, over one link. Each picks a compression <b>level</b> and
        a <b>block</b> size, and earns MB of input per second of compressing plus transfer. The compression is done and its time
        measured; the transfer time is modelled: compressed bytes ÷ link speed.
      </p>
      {frame.job && (
        <p class="prose">
          The society of four (awareness, emotional decay, memory consolidation, curiosity) runs at 1/{societyFactor.value} of its
          intervals. Everything on this page happens in this browser: no request leaves it.
        </p>
      )}
    </>
  );
}

export function Demo({ frame }: { frame: Frame }) {
  return (
    <>
      <Earned frame={frame} />
      <Panel class="span-4" title="Try it" hint={can('link')
        ? 'Change the link: the reward falls, the knobs move, and the loops soon take what is best there. One fixed setting, the dotted line, cannot be good on both links.'
        : 'These need the engine of this page, and that it goes on.'}>
        <Link frame={frame} />
        <Breaker snap={frame.snap} />
      </Panel>
    </>
  );
}

// overview.tsx - the engine at a glance, the reward against the best fixed setting, and two things to try.
// Room: page. Threads: the page's main thread.
import { useState } from 'preact/hooks';
import { LineChart } from '../charts/line.tsx';
import { zone } from '../charts/gauge.tsx';
import { bytes, bytesText, clock, fixed, int, ms, NONE, percent, sig } from '../format.ts';
import { toRow, tuned } from '../history.ts';
import { LINK_FAST, LINK_SLOW, type Fault, type LinkMode } from '../protocol.ts';
import type { LoopRow, Snapshot } from '../snapshot.ts';
import { fault, type Frame, linkMode, live, setFault, setLink, societyFactor } from '../state.ts';
import { Figures, Panel, Segments, StateTag, Tile, Tiles } from '../ui/parts.tsx';

function Headline({ frame }: { frame: Frame }) {
  const { snap, job } = frame;
  const t = snap.totals;
  const errors = t.errors + t.timeouts + t.cancelled;
  const [memory, unit] = bytes(job ? job.memoryBytes : snap.process.resident_bytes);
  const busy = job ? job.busy * 100 : snap.process.cpu_percent;
  return (
    <Tiles>
      <Tile label="Cycles" name="cycles" value={int(t.ticks)} sub={<span data-figure="rate">{fixed(frame.rate, 1)} / s</span>} />
      <Tile label="Active loops" name="active" value={int(t.active)} sub={`of ${int(t.loops)}; ${int(t.stuck)} stuck`} />
      <Tile label="Average latency" name="latency" value={ms(t.avg_ms)} unit="ms" sub={`p99 ${ms(t.p99_ms)} ms`} />
      <Tile label="Error rate" name="error_rate" value={percent(t.error_rate, 2)} unit="%" sub={`${int(errors)} failed ticks`} tone={(t.error_rate ?? 0) > 0.05 ? 'bad' : undefined as never} />
      <Tile label="Bus dropped" name="dropped" value={int(snap.bus.dropped)} sub={<span data-figure="delivered">{int(snap.bus.delivered)} delivered</span>} tone={snap.bus.dropped > 0 ? 'warn' : undefined as never} />
      <Tile label="Symbiosis score" name="score" value={fixed(snap.symbiosis.score, 2)} sub={zone(snap.symbiosis.score)} />
      <Tile label="Uptime" name="uptime" value={clock(snap.uptime_s)} sub={`late p99 ${ms(t.late_p99_ms)} ms`} />
      <Tile label={job ? 'Worker busy' : 'CPU, one core'} name="cpu" value={fixed(busy, 1)} unit="%" sub={memory === NONE ? '\u00a0' : `${memory} ${unit} resident`} />
    </Tiles>
  );
}

const kib = (v: number | null | undefined) => (v === null || v === undefined ? NONE : `${v} KiB`);

function Story({ frame }: { frame: Frame }) {
  const { job, snap } = frame;
  if (!job) {
    const learner = snap.learners[0];
    return (
      <p class="story">
        Recorded run: mean reward <b>{sig(learner?.mean_reward)}</b> MB/s over {int(learner?.decisions)} decisions.
      </p>
    );
  }
  if (!job.fixed || !job.best) {
    return <p class="story">Measuring every fixed setting on the same texts: <b>{int(job.calibrated)}</b> of {int(job.calibrateFirst)} pieces.</p>;
  }
  const gain = job.reward !== null ? job.reward / job.fixed.reward : null;
  return (
    <p class="story">
      Link at <b>{job.link}</b> MB/s. Learned: level <b>{job.level ?? NONE}</b>, <b>{kib(job.blockKib)}</b>, earning <b>{sig(job.reward)}</b> MB/s.
      Best fixed setting: level <b>{job.fixed.level}</b>, <b>{kib(job.fixed.blockKib)}</b>, <b>{sig(job.fixed.reward)}</b> MB/s
      {gain !== null && <> (<b>×{fixed(gain, 2)}</b>)</>}.
    </p>
  );
}

function Reward({ frame }: { frame: Frame }) {
  const job = frame.job;
  return (
    <Panel class="span-8" title="What the loops earn" hint={<Story frame={frame} />}
      side={<span class="side-note">{job && <span class="wide">100 % is the best setting at that link speed; </span>}shaded: slow link</span>}>
      {job ? (
        <LineChart id="score" name="Reward as a share of the best setting at this link speed" unit="%" height={312} bands
          text={(v) => percent(v, 0)} tick={(v) => percent(v, 0)} range={[0, 1.15]}
          series={[
            { key: 'score', label: 'learned', color: '--series-1', width: 2, fill: true },
            { key: 'fixedScore', label: 'best fixed setting', color: '--series-2', dash: [2, 4], width: 2 },
          ]} />
      ) : (
        <LineChart id="reward" name="Mean reward of the tuned loops" unit="MB/s" height={290} bands text={sig}
          series={[{ key: 'reward', label: 'mean reward', color: '--series-1', width: 2, fill: true }]} />
      )}
    </Panel>
  );
}

function Link({ snap }: { snap: Snapshot }) {
  const recorded = (toRow(snap, null).link ?? LINK_FAST) > LINK_SLOW ? 'fast' : 'slow';
  return (
    <Segments<LinkMode> legend="Link speed" name="link" value={live.value ? linkMode.value : recorded} disabled={!live.value}
      choices={[['fast', `${LINK_FAST} MB/s`], ['slow', `${LINK_SLOW} MB/s`], ['auto', 'every 2.5 s']]}
      onChange={setLink} />
  );
}

function neighbours(snap: Snapshot, loop: LoopRow): number | null {
  const others = snap.loops.filter((l) => l.group === loop.group && l.name !== loop.name);
  const values = others.map((l) => l.window.p99_ms).filter((v): v is number => v !== null).sort((a, b) => a - b);
  return values[values.length >> 1] ?? null;
}

function Breaker({ snap }: { snap: Snapshot }) {
  const loops = tuned(snap);
  const [name, setName] = useState('');
  const now = fault.value;
  const chosen = now.kind !== 'none' ? now.loop : name || (loops[6] ?? loops[0])?.name || '';
  const row = snap.loops.find((l) => l.name === chosen);
  const others = row ? neighbours(snap, row) : null;
  return (
    <div class="breaker">
      <label class="field" for="break-loop">Break a loop</label>
      <select id="break-loop" value={chosen} disabled={!live.value || now.kind !== 'none'}
        onChange={(e) => setName((e.currentTarget as HTMLSelectElement).value)}>
        {loops.map((l) => <option key={l.name} value={l.name}>{l.name}</option>)}
      </select>
      <Segments<Fault> legend={`What ${chosen} does`} quiet name="fault" value={now.kind} disabled={!live.value || chosen === ''}
        choices={[['none', 'works'], ['slow', 'is slow'], ['throw', 'throws']]}
        onChange={(kind) => setFault(chosen, kind)} />
      <dl class="figures tight" aria-label="The chosen loop and its neighbours">
        <div data-figure="state"><dt>State</dt><dd>{row ? <StateTag state={row.state} /> : NONE}<span class="unit" /></dd></div>
        <div data-figure="streak"><dt>Failures in a row</dt><dd><span class="value">{int(row?.streak)}</span><span class="unit" /></dd></div>
        <div><dt>Errors + timeouts</dt><dd><span class="value">{row ? int(row.errors + row.timeouts) : NONE}</span><span class="unit" /></dd></div>
        <div data-figure="own-p99"><dt>Its p99</dt><dd><span class="value">{ms(row?.window.p99_ms)}</span><span class="unit">ms</span></dd></div>
        <div data-figure="neighbours"><dt>Neighbours’ p99 (median)</dt><dd><span class="value">{ms(others)}</span><span class="unit">ms</span></dd></div>
      </dl>
      <p class="note last-error">{row?.last_error && now.kind !== 'none' ? `“${row.last_error}”` : '\u00a0'}</p>
    </div>
  );
}

function Bus({ snap }: { snap: Snapshot }) {
  const b = snap.bus;
  const d = b.dropped_by;
  return (
    <Panel class="span-4" title="Bus">
      <Figures rows={[
        ['Published', int(b.published), '', 'published'],
        ['Delivered', int(b.delivered), '', 'bus-delivered'],
        ['Pending', int(b.pending)],
        ['Dropped', int(b.dropped)],
        ['Dropped: newest / oldest / replaced', `${int(d.newest)} / ${int(d.oldest)} / ${int(d.replaced)}`],
        ['Dropped: rate / closed / blocked', `${int(d.rate)} / ${int(d.closed)} / ${int(d.blocked)}`],
        ['Expired', int(b.expired)],
        ['Dead letters', int(b.dead_lettered)],
        ['Delivery p50', ms(b.p50_ms), 'ms'],
        ['Delivery p99', ms(b.p99_ms), 'ms'],
        ['Health', fixed(b.health, 2)],
      ]} />
    </Panel>
  );
}

function About({ frame }: { frame: Frame }) {
  const { snap, job } = frame;
  const t = snap.totals;
  return (
    <Panel class="span-4" title="What runs here">
      <p class="prose">
        {int(tuned(snap).length)} loops ship pieces of text, 64 KiB a tick, over one link. Each picks a compression <b>level</b> and
        a <b>block</b> size, and earns MB of input per second of CPU plus transfer. The compression is done and its CPU time
        measured; the transfer time is modelled: compressed bytes ÷ link speed.
      </p>
      {live.value && (
        <p class="prose">
          The society of four (awareness, emotional decay, memory consolidation, curiosity) runs at 1/{societyFactor.value} of its
          intervals. Everything on this page happens in this browser: no request leaves it.
        </p>
      )}
      <Figures rows={[
        ['Engine', snap.gyre],
        ['Driver', snap.driver],
        ['Seed', snap.seed],
        ['Trace hash', snap.trace],
        ['Ticks shed / gaps / threads lost', `${int(t.shed)} / ${int(t.gaps)} / ${int(t.lost_threads)}`, '', 'lost'],
        ['Memory kept', bytesText(snap.memory.resident_bytes)],
        ...(job ? [['Pieces measured', int(job.calibrated)] as [string, string]] : []),
      ]} />
    </Panel>
  );
}

export function Overview({ frame }: { frame: Frame }) {
  const ship = frame.snap.learners[0];
  const knobs = (name: string, otherwise: number[]) => ship?.knobs.find((k) => k.name === name)?.values ?? otherwise;
  return (
    <>
      <Headline frame={frame} />
      <div class="grid">
        <Reward frame={frame} />
        <Panel class="span-4" title="Try it" hint={live.value
          ? 'Change the link: the reward falls, the knobs move, and the loops soon earn more than the best fixed setting, the dotted line.'
          : 'A recorded run is open: these need the live engine.'}>
          <Link snap={frame.snap} />
          <Breaker snap={frame.snap} />
        </Panel>
        {frame.job ? (
          <Panel class="span-4" title="Reward" side={<span class="side-note">logarithmic</span>}>
            <LineChart id="mbps" name="Reward in MB of input per second" unit="MB/s" height={150} bands log={10} text={sig} compact
              series={[
                { key: 'reward', label: 'learned', color: '--series-1' },
                { key: 'fixedReward', label: 'best fixed', color: '--series-2', dash: [2, 4] },
              ]} />
          </Panel>
        ) : (
          <Panel class="span-4" title="Link speed" side={<span class="side-note">logarithmic</span>}>
            <LineChart id="link" name="Speed of the link that the loops saw" unit="MB/s" height={150} bands log={10} text={sig} compact range={[1, 1000]}
              series={[{ key: 'link', label: 'link', color: '--series-1', stepped: true }]} />
          </Panel>
        )}
        <Panel class="span-4" title="Knob: level" side={<span class="side-note">median of the loops</span>}>
          <LineChart id="level" name="Compression level chosen, median of the loops" unit="" height={150} bands compact
            text={(v) => fixed(v, 0)} splits={knobs('level', [0, 1, 3, 6, 9])} range={[-0.6, 9.6]}
            series={[{ key: 'level', label: 'level', color: '--series-3', stepped: true }]} />
        </Panel>
        <Panel class="span-4" title="Knob: block size" side={<span class="side-note">median of the loops</span>}>
          <LineChart id="block" name="Block size chosen, median of the loops" unit="KiB" height={150} bands compact log={2}
            text={(v) => fixed(v, 0)} splits={knobs('block_kib', [4, 16, 64])} range={[3, 90]}
            series={[{ key: 'block', label: 'block', color: '--series-4', stepped: true }]} />
        </Panel>
        <Panel class="span-4" title="Tick latency">
          <LineChart id="ticks" name="Tick latency percentiles of all loops" unit="ms" height={256} text={ms}
            series={[
              { key: 'p50', label: 'p50', color: '--series-1' },
              { key: 'p95', label: 'p95', color: '--series-2', dash: [6, 3] },
              { key: 'p99', label: 'p99', color: '--series-3', dash: [2, 3] },
            ]} />
        </Panel>
        <Bus snap={frame.snap} />
        <About frame={frame} />
      </div>
    </>
  );
}

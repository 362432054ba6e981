// overview.tsx - the engine at a glance: what it did, what its learners earn and choose, and what runs it.
// Room: page. Threads: the page's main thread.
import { LineChart } from '../charts/line.tsx';
import { zone } from '../charts/gauge.tsx';
import { bytes, bytesText, clock, count, fixed, int, ms, named, NONE, percent, sig } from '../format.ts';
import type { Learner, Snapshot } from '../snapshot.ts';
import type { Frame } from '../state.ts';
import { Figures, Panel, Tile, Tiles } from '../ui/parts.tsx';
import { AboutDemo, Demo, demoOf, slowLink } from './demo.tsx';
import { chosen, Pick } from './learning.tsx';

/** What the process takes: a page cannot ask for its CPU time, so it says how long the worker's turns took. */
function Busy({ frame: { job, snap } }: { frame: Frame }) {
  const [memory, unit] = bytes(job ? job.memoryBytes : snap.process.resident_bytes);
  const sub = memory === NONE ? '\u00a0' : `${memory} ${unit} resident`;
  return job
    ? <Tile label="Worker’s time in turns" name="busy" value={fixed(job.busy * 100, 1)} unit="%" sub={sub} />
    : <Tile label="CPU" name="cpu" value={fixed(snap.process.cpu_percent, 1)} unit="% of a core" sub={sub} />;
}

function Headline({ frame }: { frame: Frame }) {
  const { snap } = frame;
  const t = snap.totals;
  const failed = t.errors + t.timeouts + t.cancelled;
  return (
    <Tiles>
      <Tile label="Cycles" name="cycles" value={int(t.ticks)} sub={<span data-figure="rate">{fixed(frame.rate, 1)} / s</span>} />
      <Tile label="Active loops" name="active" value={int(t.active)} sub={`of ${int(t.loops)}; ${int(t.stuck)} stuck`} tone={t.stuck > 0 ? 'bad' : undefined} />
      <Tile label="Mean of all ticks" name="latency" value={ms(t.avg_ms)} unit="ms" sub={`p99 ${ms(t.p99_ms)} ms`} />
      <Tile label="Error rate" name="error_rate" value={percent(t.error_rate, 2)} unit="%" sub={count(failed, 'failed tick')} tone={(t.error_rate ?? 0) > 0.05 ? 'bad' : undefined} />
      <Tile label="Bus dropped" name="dropped" value={int(snap.bus.dropped)} sub={<span data-figure="delivered">{int(snap.bus.delivered)} delivered</span>} tone={snap.bus.dropped > 0 ? 'warn' : undefined} />
      <Tile label="Symbiosis score" name="score" value={fixed(snap.symbiosis.score, 2)} sub={zone(snap.symbiosis.score)} />
      <Tile label="Uptime" name="uptime" value={clock(snap.uptime_s)} sub={`late p99 ${ms(t.late_p99_ms)} ms`} />
      <Busy frame={frame} />
    </Tiles>
  );
}

const COLOURS = ['--series-3', '--series-4', '--series-1', '--series-2'];
const CHARTS = 5; // beside the reward: more than these nobody compares

/** A scale on which each value of a knob has its place: by their logarithms where they grow like that. */
function scaleOf(values: number[]): { log?: 2; range: [number, number] } {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low > 0 && high / low >= 8) return { log: 2, range: [low / 1.3, high * 1.4] };
  const room = (high - low || 1) * 0.08;
  return { range: [low - room, high + room] };
}

/** What the loops of a learner set and see: one chart for each. */
function Choices({ frame, learner }: { frame: Frame; learner: Learner }) {
  const bands = demoOf(frame.snap) < 0 ? {} : { bands: slowLink(frame) };
  const room = Math.max(0, CHARTS - learner.knobs.length);
  return (
    <>
      {learner.knobs.slice(0, CHARTS).map((k, i) => {
        const { label, unit } = named(k.name);
        return (
          <Panel class="span-4" key={k.name} title={`Knob: ${label}`} side={<span class="side-note">median of the loops</span>}>
            <LineChart id={`knob-${i}`} name={`${label} chosen, median of the loops`} unit={unit} axis={unit || label} height={164} compact {...bands} {...scaleOf(k.values)}
              text={(v) => sig(v)} tick={(v) => String(v)} splits={k.values.length <= 8 ? k.values : undefined}
              series={[{ key: `knob/${learner.name}/${k.name}`, label, color: COLOURS[i % 4] as string, stepped: true }]} />
          </Panel>
        );
      })}
      {learner.features.slice(0, room).map((f, i) => {
        const { label, unit } = named(f.name);
        return (
          <Panel class="span-4" key={f.name} title={`Seen: ${label}`} side={<span class="side-note">median of the loops</span>}>
            <LineChart id={`feature-${i}`} name={`${label} seen, median of the loops`} unit={unit} axis={unit || label} height={164} compact {...bands} text={sig}
              series={[{ key: `feature/${learner.name}/${f.name}`, label, color: COLOURS[(i + 2) % 4] as string, stepped: true }]} />
          </Panel>
        );
      })}
    </>
  );
}

/** What is earned, of a program that is not the demo. */
function Earned({ snap, learner, index }: { snap: Snapshot; learner: Learner; index: number }) {
  const users = snap.loops.filter((l) => l.learner === index).length;
  return (
    <Panel class="span-12" title={`What ${learner.name} earns`} side={<Pick learners={snap.learners} />}
      hint={`Mean reward of the newest ticks of the ${count(users, 'loop')} that ${users === 1 ? 'learns' : 'learn'} by it, in the reward’s own unit.`}>
      <LineChart id="reward" name={`Mean reward of the loops of ${learner.name}`} unit="" axis="reward" height={256} text={sig}
        series={[{ key: `reward/${learner.name}`, label: 'mean reward', color: '--series-1', width: 2, fill: true }]} />
    </Panel>
  );
}

function Work() {
  return (
    <Panel class="span-4" title="Ticks">
      <LineChart id="work" name="Ticks finished, and ticks failed, a second" unit="/ s" axis="ticks a second" height={236} text={(v) => fixed(v, 1)}
        series={[
          { key: 'ticks/s', label: 'finished', color: '--series-1', fill: true },
          { key: 'failed/s', label: 'failed', color: '--series-2', dash: [6, 3] },
        ]} />
    </Panel>
  );
}

function Durations() {
  return (
    <Panel class="span-4" title="Tick duration" side={<span class="side-note">of each loop’s newest ticks</span>}>
      <LineChart id="ticks" name="Duration of each loop’s newest ticks" unit="ms" height={236} text={ms} log={10}
        series={[
          { key: 'p50', label: 'p50, median loop', color: '--series-1' },
          { key: 'p95', label: 'p95, median loop', color: '--series-2', dash: [6, 3] },
          { key: 'worst', label: 'longest of all', color: '--series-3', dash: [2, 3] },
        ]} />
    </Panel>
  );
}

function Bus({ snap }: { snap: Snapshot }) {
  const b = snap.bus;
  const why = Object.entries(b.dropped_by).filter(([, n]) => n > 0).map(([name, n]) => `${int(n)} ${name}`).join(', ');
  return (
    <Panel class="span-4" title="Bus">
      <Figures rows={[
        ['Published', int(b.published), '', 'published'],
        ['Delivered', int(b.delivered), '', 'bus-delivered'],
        ['Pending', int(b.pending)],
        ['Dropped', int(b.dropped), '', 'bus-dropped'],
        ...(why ? [['Dropped, by why', why] as [string, string]] : []),
        ['Expired', int(b.expired)],
        ['Dead letters', int(b.dead_lettered)],
        ['Subscriptions', int(b.subscriptions)],
        ['Delivery p50', ms(b.p50_ms), 'ms'],
        ['Delivery p99', ms(b.p99_ms), 'ms'],
        ['Health', fixed(b.health, 2), 'of 1'],
      ]} />
    </Panel>
  );
}

function About({ frame }: { frame: Frame }) {
  const { snap, job } = frame;
  const t = snap.totals;
  const tuned = snap.loops.filter((l) => l.learner >= 0).length;
  return (
    <Panel class="span-8 thin" title="What runs here">
      {demoOf(snap) >= 0
        ? <AboutDemo frame={frame} />
        : <p class="prose">{count(snap.loops.length, 'loop')}, of which {int(tuned)} {tuned === 1 ? 'learns' : 'learn'} by {count(snap.learners.length, 'learner')}.</p>}
      <Figures rows={[
        ['Driver', `${snap.driver}, ${count(snap.shards, 'shard')}`],
        ['Ticks shed / gaps / threads lost', `${int(t.shed)} / ${int(t.gaps)} / ${int(t.lost_threads)}`, '', 'lost'],
        ['Ticks missed / gated', `${int(t.missed)} / ${int(t.gated)}`],
        ['Memory kept', bytesText(snap.memory.resident_bytes)],
        ...(job ? [['Pieces measured', int(job.calibrated)] as [string, string]] : []),
      ]} />
      <details id="build">
        <summary>Version, seed and trace</summary>
        <Figures rows={[['Engine', snap.gyre], ['Seed', snap.seed], ['Trace hash', snap.trace, '', 'trace'], ['Snapshot', int(snap.seq)]]} />
      </details>
    </Panel>
  );
}

export function Overview({ frame }: { frame: Frame }) {
  const { snap } = frame;
  const demo = demoOf(snap);
  const index = demo >= 0 ? demo : chosen(snap.learners);
  const learner = snap.learners[index];
  return (
    <>
      <Headline frame={frame} />
      <div class="grid">
        {demo >= 0 ? <Demo frame={frame} /> : learner && <Earned snap={snap} learner={learner} index={index} />}
        {frame.job && (
          <Panel class="span-4" title="Reward" side={<span class="side-note">logarithmic</span>}>
            <LineChart id="mbps" name="Reward in MB of input per second" unit="MB/s" height={164} bands={slowLink(frame)} log={10} text={sig} compact
              series={[
                { key: 'earned', label: 'learned', color: '--series-1' },
                { key: 'fixed', label: 'best fixed', color: '--series-2', dash: [2, 4] },
                { key: 'random', label: 'random', color: '--series-3', dash: [8, 4] },
              ]} />
          </Panel>
        )}
        {learner && <Choices frame={frame} learner={learner} />}
        <Work />
        <Durations />
        <Bus snap={snap} />
        <About frame={frame} />
      </div>
    </>
  );
}

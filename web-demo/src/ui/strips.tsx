// strips.tsx - the bars under the tabs: time, a file that is being read or was refused, an engine that failed.
// Room: page. Threads: the page's main thread.
import { clock, count, int, percent, sig } from '../format.ts';
import { save } from '../save.ts';
import { served } from '../sources/live.ts';
import { packedModule } from '../sources/module.ts';
import {
  can, cancel, closeRecording, earlier, failure, frame, kept, live, openRecording, phase, playing, position, reading, recordError, recording, restart,
  running, saveState, seek, setClock, setPlaying, shown, span, speed, stretch, toNewest,
} from '../state.ts';

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function Pick(props: { label: string; id: string; value: number; choices: [number, string][]; onPick: (value: number) => void }) {
  return (
    <label class="pick"><span class="sr">{props.label}</span>
      <select id={props.id} value={String(props.value)} onChange={(e) => props.onPick(Number((e.currentTarget as HTMLSelectElement).value))}>
        {props.choices.map(([value, text]) => <option key={value} value={String(value)}>{text}</option>)}
      </select>
    </label>
  );
}

function Save() {
  return <button type="button" id="save" class="button" onClick={() => kept() && save('run.jsonl', (kept() as { file(): Blob }).file())}>Save recording</button>;
}

/** Where in time the page stands, and how much of it the charts show. */
export function Time() {
  const now = frame.value; // and drawn anew with each
  const all = kept();
  const run = recording.value;
  if (!all || all.times.length === 0 || !now) return null;
  const last = all.times.length - 1;
  const at = position.value ?? last;
  const back = position.value !== null;
  const seconds = now.snap.now_ms / 1000;
  return (
    <div class={run || back ? 'strip time back' : 'strip time'} role="region" aria-label={run ? 'Recorded run' : 'Time'} data-shown={shown.value ?? ''}>
      <button type="button" id="play" class="button" onClick={() => setPlaying(!playing.value)}>
        <span aria-hidden="true">{playing.value ? '‖' : '▶'}</span> {playing.value ? 'Pause' : 'Play'}
      </button>
      {[-1, 1].map((by) => (
        <button type="button" key={by} class="button step" id={by < 0 ? 'step-back' : 'step'} aria-label={by < 0 ? 'One snapshot back' : 'One snapshot on'}
          disabled={by < 0 ? at === 0 : at === last} onClick={() => { setPlaying(false); seek(at + by); }}>{by < 0 ? '‹' : '›'}</button>
      ))}
      <label class="scrub"><span class="sr">Position in what was recorded</span>
        <input id="scrub" type="range" min={0} max={last} value={at} aria-valuetext={clock(seconds)}
          onInput={(e) => { setPlaying(false); seek(Number((e.currentTarget as HTMLInputElement).value)); }} />
      </label>
      <span class="when">{clock(seconds)} / {clock(all.times[last])}</span>
      <Pick label="Speed of playing" id="speed" value={speed.value} onPick={(v) => (speed.value = v)} choices={[0.1, 0.5, 1, 2, 10, 100].map((v) => [v, `×${v}`])} />
      <Pick label="Time that the charts show" id="span" value={span.value} onPick={(v) => { span.value = v; stretch.value = null; }}
        choices={[[60, 'last minute'], [600, 'last 10 min'], [3600, 'last hour'], [Infinity, 'all of it']]} />
      {stretch.value && <button type="button" id="unzoom" class="button" onClick={() => (stretch.value = null)}>Whole time</button>}
      {run && <span class="file" title={run.name}>{run.name} · seed {run.head.seed || 'not said'} · {count(all.times.length, 'snapshot')}{run.torn ? ' · last line torn' : ''}</span>}
      {run ? <button type="button" id="back" class="button" onClick={closeRecording}>Back to live</button> : <Save />}
      {!run && <button type="button" id="newest" class="button primary" disabled={!back} onClick={toNewest}>Newest</button>}
    </div>
  );
}

const SPEEDS = [0.1, 0.5, 1, 2, 5, 10, 30, 100];

/** The clock of the engine in this page: another process has its own, and a recording none. */
function EngineClock() {
  const job = frame.value?.job;
  if (!job || !can('speed')) return null;
  const { speed: asked, pace, held } = job;
  return (
    <div class="strip plain" id="clock" role="region" aria-label="The engine’s clock">
      <b>Engine’s clock</b>
      <button type="button" id="hold" class="button" disabled={!running.value} onClick={() => setClock({ type: 'hold', on: !held })}><span aria-hidden="true">{held ? '▶' : '‖'}</span> {held ? 'Go on' : 'Hold'}</button>
      <button type="button" id="tick" class="button" disabled={!held || !running.value} onClick={() => setClock({ type: 'step' })}>Next tick</button>
      <Pick label="Speed of the engine’s clock" id="pace" value={asked} onPick={(factor) => setClock({ type: 'speed', factor })} choices={SPEEDS.map((v) => [v, `×${v}`])} />
      <button type="button" id="save-state" class="button" title="What was learned, its memory, seed, link, speed and what was changed of loops; not its figures" onClick={saveState}>Save state</button>
      <span class="note" data-figure="pace">{held ? 'held' : running.value ? `${pace < 0.8 * asked ? 'at most' : 'goes at'} ×${sig(pace)}` : 'stopped'}</span>
    </div>
  );
}

/** Of a run that can be repeated: whether this page's own module comes to the same. */
function Again() {
  const run = recording.value;
  if (!run || run.head.society === null) return null;
  const state = run.replayed.value;
  const differs = state?.over && state.same < state.of;
  const text = !state
    ? 'It says what ran: the society of four, on the virtual clock. The module in this page can run it again, and compare the trace hash at each snapshot.'
    : !state.over
      ? `Running it again: ${int(state.same)} of ${int(state.of)} snapshots have the same trace hash.`
      : differs
        ? `Run again by the module in this page (${state.version}), it differs first at snapshot ${state.same + 1} of ${int(state.of)}: trace ${state.here} instead of ${state.there}.`
        : `Run again by the module in this page, it is the same: ${count(state.of, 'snapshot')} with the same trace hash, at the end ${state.here}.`;
  const start = () => {
    const packed = packedModule();
    if (packed) run.replay(packed);
  };
  return (
    <div class={differs ? 'strip bad' : 'strip plain'} id="again" role="region" aria-label="Running it again">
      <p role="status">{text}</p>
      <button type="button" id="replay" class="button" disabled={state !== null && !state.over} onClick={start}>Run it again here</button>
    </div>
  );
}

function Reading() {
  const now = reading.value;
  if (!now) return null;
  return (
    <div class="strip" role="region" aria-label="Reading a file">
      <p>Reading and checking {now.name}</p>
      <progress id="reading" aria-label={`Read of ${now.name}`} max={1} value={now.done} />
      <span class="when">{percent(now.done, 0)} %</span>
      <button type="button" id="cancel" class="button" onClick={cancel}>Cancel</button>
    </div>
  );
}

function Stopped() {
  return (
    <div class="strip bad" id="stopped" role="alert">
      <p><b>{served ? 'No more is shown.' : 'The engine has stopped.'}</b> {sentence(failure.value)} What it did until then is still here.</p>
      <button type="button" id="restart" class="button primary" onClick={restart}>{served ? 'Connect again' : 'Start it again'}</button>
      <Save />
    </div>
  );
}

function Earlier() {
  const it = earlier.value;
  if (!it) return null;
  return (
    <div class="strip" id="earlier" role="region" aria-label="The run before">
      <p>Kept of the run before: {it.about}.</p>
      <button type="button" class="button" onClick={() => void openRecording('the run before', it.file)}>Open it</button>
      <button type="button" class="button" onClick={() => save('run.jsonl', it.file)}>Save it</button>
      <button type="button" class="button" onClick={() => (earlier.value = null)}>Forget it</button>
    </div>
  );
}

export function Strips() {
  return (
    <>
      {recordError.value && (
        <div class="strip bad" id="refused" role="alert">
          <p><b>Not opened.</b> {recordError.value}</p>
          <button type="button" class="button" onClick={() => (recordError.value = '')}>Dismiss</button>
        </div>
      )}
      {phase.value === 'lost' && live.value && <div class="strip bad" id="lost" role="alert"><p><b>Not connected.</b> {sentence(failure.value)}</p></div>}
      {phase.value === 'failed' && live.value && frame.value && <Stopped />}
      {live.value && <Earlier />}
      <Reading />
      <div class="clocks"><Time /><EngineClock /></div>
      <Again />
    </>
  );
}

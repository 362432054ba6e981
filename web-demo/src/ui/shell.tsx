// shell.tsx - the frame around the tabs: bar, controls, recorded run, notices.
// Room: page. Threads: the page's main thread.
import { signal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { clock, int } from '../format.ts';
import {
  closeRecording, failure, frame, live, notice, openRecording, phase, playing, position, recordError, recording, refresh,
  running, seek, setPlaying, setRefresh, setRunning,
} from '../state.ts';
import { Learning } from '../tabs/learning.tsx';
import { Loops } from '../tabs/loops.tsx';
import { Memory } from '../tabs/memory.tsx';
import { Overview } from '../tabs/overview.tsx';
import { Symbiosis } from '../tabs/symbiosis.tsx';
import { choice, setTheme, type Choice } from '../theme.ts';
import { Empty } from './empty.tsx';
import { Segments, Switch, Tabs } from './parts.tsx';

// The names are in addresses (page.html#qlearning): they stay.
const TABS = [
  ['overview', 'Overview'], ['loops', 'Loops'], ['qlearning', 'Learning'], ['symbiosis', 'Symbiosis'], ['memory', 'Memory'],
] as [TabId, string][];
type TabId = 'overview' | 'loops' | 'qlearning' | 'symbiosis' | 'memory';
const VIEWS = { overview: Overview, loops: Loops, qlearning: Learning, symbiosis: Symbiosis, memory: Memory };

const fromHash = (): TabId => TABS.find(([id]) => `#${id}` === location.hash)?.[0] ?? 'overview';
const tab = signal<TabId>(fromHash());
addEventListener('hashchange', () => (tab.value = fromHash()));

function pick(id: TabId): void {
  tab.value = id;
  history.replaceState(null, '', `#${id}`);
}

function Mark() {
  return (
    <svg class="logo" width="26" height="26" viewBox="0 0 26 26" aria-hidden="true">
      <path d="M13 2.5A10.5 10.5 0 1 1 2.5 13" />
      <path d="M13 7a6 6 0 1 1-6 6" />
      <circle cx="13" cy="13" r="2" />
    </svg>
  );
}

function Status() {
  const [kind, sign, text] =
    recording.value ? ['rec', '▷', 'Recorded']
    : phase.value === 'failed' ? ['bad', '!', 'Failed']
    : phase.value === 'starting' || !frame.value ? ['wait', '◌', 'Starting']
    : running.value ? ['go', '●', 'Running'] : ['off', '■', 'Stopped'];
  return <span class={`status ${kind}`} id="status"><span aria-hidden="true">{sign}</span> {text}</span>;
}

function Bar() {
  const picker = useRef<HTMLInputElement>(null);
  const ready = phase.value === 'live' && live.value;
  return (
    <header class="bar">
      <div class="brand"><Mark /><h1>gyre</h1><Status /></div>
      <div class="controls">
        <button id="run" type="button" class={running.value ? 'button' : 'button primary'} disabled={!ready} onClick={() => setRunning(!running.value)}>
          <span aria-hidden="true">{running.value ? '■' : '▶'}</span> {running.value ? 'Stop' : 'Start'}
        </button>
        <Switch id="refresh" label="Auto-refresh" on={refresh.value} onChange={setRefresh} disabled={!live.value} />
        <button type="button" class="button" id="open" onClick={() => picker.current?.click()}>Open recorded run…</button>
        <input ref={picker} id="file" type="file" accept=".jsonl,.ndjson,.json,application/json" class="sr" tabIndex={-1} aria-label="Recorded run, run.jsonl"
          onChange={(e) => {
            const input = e.currentTarget as HTMLInputElement;
            const file = input.files?.[0];
            if (file) void openRecording(file);
            input.value = '';
          }} />
        <Segments<Choice> legend="Theme" quiet name="theme" value={choice.value} onChange={setTheme}
          choices={[['auto', 'Auto'], ['light', 'Light'], ['dark', 'Dark']]} />
      </div>
    </header>
  );
}

function Player() {
  const run = recording.value;
  if (recordError.value) {
    return (
      <div class="strip bad" role="alert">
        <p><b>Not opened.</b> {recordError.value}</p>
        <button type="button" class="button" onClick={() => (recordError.value = '')}>Dismiss</button>
      </div>
    );
  }
  if (!run) return null;
  const last = run.frames.length - 1;
  const now = run.frames[position.value];
  return (
    <div class="strip" role="region" aria-label="Recorded run">
      <button type="button" id="play" class="button primary" onClick={() => setPlaying(!playing.value)}>
        <span aria-hidden="true">{playing.value ? '‖' : '▶'}</span> {playing.value ? 'Pause' : 'Play'}
      </button>
      <label class="scrub"><span class="sr">Position in the recorded run</span>
        <input id="scrub" type="range" min={0} max={last} value={position.value} aria-valuetext={clock(now ? now.now_ms / 1000 : null)}
          onInput={(e) => { setPlaying(false); seek(Number((e.currentTarget as HTMLInputElement).value)); }} />
      </label>
      <span class="when">{clock(now ? now.now_ms / 1000 : null)} / {clock((run.frames[last]?.now_ms ?? 0) / 1000)}</span>
      <span class="file" title={run.name}>{run.name} · seed {run.seed} · {int(run.frames.length)} snapshots{run.torn ? ' · last line torn' : ''}</span>
      <button type="button" id="back" class="button" onClick={closeRecording}>Back to live</button>
    </div>
  );
}

function View({ id }: { id: TabId }) {
  if (phase.value === 'failed' && live.value) {
    return <Empty bad title="The engine did not start" text={<>{failure.value.charAt(0).toUpperCase() + failure.value.slice(1)}. A browser with WebAssembly SIMD is needed: Chrome 91, Firefox 89, Safari 16.4 or later. A recorded run can still be opened.</>} />;
  }
  const now = frame.value;
  if (!now) return <Empty title="Starting the engine" text="120 loops and a society of four are being added." />;
  const Tab = VIEWS[id];
  return <Tab frame={now} />;
}

export function Shell({ notices }: { notices: string }) {
  return (
    <>
      <a class="skip" href={`#panel-${tab.value}`} onClick={(e) => { e.preventDefault(); document.getElementById(`panel-${tab.value}`)?.focus(); }}>Skip to the figures</a>
      <Bar />
      <main>
        <Tabs tabs={TABS} value={tab.value} onChange={pick} />
        <Player />
        {TABS.map(([id]) => (
          <div key={id} role="tabpanel" id={`panel-${id}`} aria-labelledby={`tab-${id}`} tabIndex={0} hidden={id !== tab.value}>
            {id === tab.value && <View id={id} />}
          </div>
        ))}
      </main>
      <footer>
        <p>gyre{frame.value ? ` ${frame.value.snap.gyre}` : ''}, MIT. This page is one file: it makes no request and stores nothing but the theme.</p>
        <details id="licences">
          <summary>What is inside, and its licences</summary>
          <div class="scroll notices" tabIndex={0} role="region" aria-label="Licence notices"><pre>{notices}</pre></div>
        </details>
      </footer>
      <p class="sr" aria-live="polite">{notice.value}</p>
    </>
  );
}

// bar.tsx - the page's head: its name, the state of what it shows, and what can be done to that.
// Room: page. Threads: the page's main thread.
import { useEffect, useRef } from 'preact/hooks';
import { can, frame, live, openRecording, phase, position, recording, refresh, running, setRefresh, setRunning } from '../state.ts';
import { choice, setTheme, type Choice } from '../theme.ts';
import { Segments, Switch } from './parts.tsx';

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
    : phase.value === 'lost' ? ['bad', '!', 'Lost']
    : phase.value === 'starting' || !frame.value ? ['wait', '◌', 'Starting']
    : position.value !== null ? ['rec', '▷', 'Looking back']
    : running.value ? ['go', '●', 'Running'] : ['off', '■', 'Stopped'];
  return <span class={`status ${kind}`} id="status"><span aria-hidden="true">{sign}</span> {text}</span>;
}

/** A file that is dropped anywhere on the page is opened, not shown as text. */
function useDrop(): void {
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      void openRecording(file.name, file);
    };
    addEventListener('dragover', over);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('drop', drop);
    };
  }, []);
}

export function Bar() {
  const picker = useRef<HTMLInputElement>(null);
  useDrop();
  return (
    <header class="bar">
      <div class="brand"><Mark /><h1>gyre</h1><Status /></div>
      <div class="controls">
        <button id="run" type="button" class={running.value ? 'button' : 'button primary'} disabled={!can('run')} onClick={() => setRunning(!running.value)}>
          <span aria-hidden="true">{running.value ? '■' : '▶'}</span> {running.value ? 'Stop' : 'Start'}
        </button>
        <Switch id="refresh" label="Auto-refresh" on={refresh.value} onChange={setRefresh} disabled={!live.value} />
        <button type="button" class="button" id="open" onClick={() => picker.current?.click()}>Open recorded run…</button>
        <input ref={picker} id="file" type="file" accept=".jsonl,.ndjson,.json,application/json" class="sr" tabIndex={-1} aria-label="Recorded run, run.jsonl, or saved state"
          onChange={(e) => {
            const input = e.currentTarget as HTMLInputElement;
            const file = input.files?.[0];
            if (file) void openRecording(file.name, file);
            input.value = '';
          }} />
        <Segments<Choice> legend="Theme" quiet name="theme" value={choice.value} onChange={setTheme}
          choices={[['auto', 'Auto'], ['light', 'Light'], ['dark', 'Dark']]} />
      </div>
    </header>
  );
}

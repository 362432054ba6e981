// palette.tsx - Ctrl K: go to a tab or a loop, or do what the bars do, by typing some letters of it.
// Room: page. Threads: the page's main thread.
import { useEffect, useRef, useState } from 'preact/hooks';
import { saveHistory, savePictures } from '../export.ts';
import { save } from '../save.ts';
import { can, frame, kept, notice, openLoop, running, setClock, setRefresh, setRunning, refresh, stretch, toNewest } from '../state.ts';
import { choice, dark, setTheme } from '../theme.ts';
import { address, tab, TABS } from '../view.ts';

const SHOWN = 12;

interface Command {
  text: string;
  does: () => void;
}

function copyLink(): void {
  const link = location.href.split('#')[0] + address();
  navigator.clipboard.writeText(link).then(() => (notice.value = 'Link copied'), () => (notice.value = 'The browser did not let the page copy'));
}

function commands(): Command[] {
  const go = TABS.map(([id, label]) => ({ text: `Go to ${label}`, does: () => (tab.value = id) }));
  const loops = (frame.value?.snap.loops ?? []).map((l) => ({ text: `Open loop ${l.name}`, does: () => { tab.value = 'loops'; openLoop.value = l.name; } }));
  const all = kept();
  return [
    ...go,
    ...(can('run') ? [{ text: running.value ? 'Stop the engine' : 'Start the engine', does: () => setRunning(!running.value) }] : []),
    ...(can('hold') ? [{ text: frame.value?.job?.held ? 'Let the engine’s clock go on' : 'Hold the engine’s clock', does: () => setClock({ type: 'hold', on: !frame.value?.job?.held }) }] : []),
    { text: refresh.value ? 'Auto-refresh off' : 'Auto-refresh on', does: () => setRefresh(!refresh.value) },
    { text: dark.value ? 'Light theme' : 'Dark theme', does: () => setTheme(dark.value ? 'light' : 'dark') },
    ...(choice.value !== 'auto' ? [{ text: 'Theme of the system', does: () => setTheme('auto') }] : []),
    { text: 'Show the whole time, and the newest', does: () => { stretch.value = null; toNewest(); } },
    { text: 'Copy a link to this view', does: copyLink },
    { text: 'Save the figures of the charts as CSV', does: saveHistory },
    { text: 'Save the charts of this tab as PNG', does: savePictures },
    ...(all && all.times.length > 0 ? [{ text: 'Save the recording', does: () => save('run.jsonl', all.file()) }] : []),
    ...loops,
  ];
}

/** Those that have all the words, in any order. */
function matching(typed: string): Command[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return commands().filter(({ text }) => words.every((w) => text.toLowerCase().includes(w))).slice(0, SHOWN);
}

export function Palette() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, type] = useState('');
  const [at, move] = useState(0);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      type('');
      move(0);
      if (!dialog.current?.open) dialog.current?.showModal();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const open = dialog.current?.open ?? false;
  const found = open ? matching(typed) : [];
  const run = (command: Command | undefined) => {
    dialog.current?.close();
    command?.does();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter') run(found[at]);
    else if (event.key === 'ArrowDown') move(Math.min(found.length - 1, at + 1));
    else if (event.key === 'ArrowUp') move(Math.max(0, at - 1));
    else return;
    event.preventDefault();
  };
  return (
    <dialog ref={dialog} class="palette" aria-label="Commands" onClose={() => type('')} onClick={(e) => e.target === e.currentTarget && dialog.current?.close()}>
      <input type="text" id="palette" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant={found[at] ? `command-${at}` : undefined}
        aria-label="Type a command, a tab or a loop" autocomplete="off" placeholder="Type a command, a tab or a loop" value={typed} autofocus
        onInput={(e) => { type((e.currentTarget as HTMLInputElement).value); move(0); }} onKeyDown={onKey} />
      <ul id="palette-list" role="listbox" aria-label="Commands">
        {found.map((c, i) => <li key={c.text} id={`command-${i}`} role="option" aria-selected={i === at} onClick={() => run(c)}>{c.text}</li>)}
        {open && found.length === 0 && <li role="option" aria-selected="false" aria-disabled="true">Nothing is called that.</li>}
      </ul>
    </dialog>
  );
}

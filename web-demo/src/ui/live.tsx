// live.tsx - of another process: whom the page watches, and the form that sends it orders.
// Room: page. Threads: the page's main thread.
import { useState } from 'preact/hooks';
import { answer, meta, send, served } from '../sources/live.ts';
import { live, phase } from '../state.ts';
import { Panel } from './parts.tsx';

/** One line under the tabs. */
export function Whom() {
  const it = meta.value;
  if (!served || !it || !live.value || phase.value === 'lost') return null;
  const since = new Date(it.since_ms);
  return (
    <p class="strip whom" id="whom">
      <b>{it.engine}</b><span>{it.program}, process {it.pid} on {it.host}</span>
      <span>served since {since.toLocaleDateString()} {since.toLocaleTimeString()}</span>
      <span>{it.control ? 'takes orders' : 'to be watched only'}</span>
      <span role="status" id="answer" class={answer.value.bad ? 'bad-text' : ''}>{answer.value.text}</span>
    </p>
  );
}

/** What can be ordered: the server's word, ours, and the field that a value goes into. */
const ACTIONS: [string, string, string][] = [
  ['pause', 'Pause', ''], ['resume', 'Resume', ''], ['stop', 'Stop', ''], ['trigger', 'Trigger', ''],
  ['throttle', 'Throttle by', 'factor'], ['interval', 'Set interval, ms', 'interval_ms'], ['timeout', 'Set timeout, ms', 'timeout_ms'],
  ['tune', 'Tune', ''], ['observe', 'Observe only', ''], ['frozen', 'Freeze the tuner', ''],
];

function fields(action: string, pattern: string, value: string): Record<string, string> {
  if (['tune', 'observe', 'frozen'].includes(action)) return { action: 'reconfigure', pattern, mode: action };
  const key = ACTIONS.find(([id]) => id === action)?.[2] ?? '';
  if (key === '') return { action, pattern };
  return { action: key === 'factor' ? action : 'reconfigure', pattern, [key]: value };
}

/** Orders to loops by name or pattern; only where the server takes any. */
export function Orders() {
  const [pattern, setPattern] = useState('*');
  const [action, setAction] = useState('pause');
  const [value, setValue] = useState('');
  if (!served || !live.value || !meta.value?.control) return null;
  const needs = ACTIONS.find(([id]) => id === action)?.[2] !== '';
  return (
    <Panel class="span-12" title="Orders" hint="To every loop whose name looks like the pattern: * is any text, ? one character.">
      <form class="orders" id="orders" onSubmit={(e) => { e.preventDefault(); void send(fields(action, pattern, value)); }}>
        <label>Loops <input type="search" name="pattern" value={pattern} required onInput={(e) => setPattern(e.currentTarget.value)} /></label>
        <label>Order <select name="action" value={action} onChange={(e) => setAction(e.currentTarget.value)}>
          {ACTIONS.map(([id, label]) => <option key={id} value={id}>{label}</option>)}
        </select></label>
        {needs && <label><span class="sr">Value</span><input type="number" name="value" step="any" min="0" value={value} required onInput={(e) => setValue(e.currentTarget.value)} /></label>}
        <button type="submit" class="button primary">Send</button>
      </form>
    </Panel>
  );
}

// recall.tsx - finds records of the engine's memory again, where there is an engine to ask.
// Room: page. Threads: the page's main thread.
import { useState } from 'preact/hooks';
import { count } from '../format.ts';
import type { Found } from '../records.ts';
import { Refused } from '../refused.ts';
import { MOST_FOUND } from '../source.ts';
import { live, phase, position, recall } from '../state.ts';
import { Panel } from '../ui/parts.tsx';

const when = (ms: number) => (ms >= 1e11 ? `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC` : `${(ms / 1000).toFixed(1)} s`);

/** Why nobody can be asked now; empty: the engine can. */
function why(): string {
  if (!live.value) return 'A recording holds how many records there were and how large, not the records themselves: there is nothing to search.';
  if (phase.value === 'lost') return 'The process is not connected: its memory cannot be asked.';
  return phase.value === 'failed' ? 'The engine has stopped, and its memory with it.' : '';
}

function Results({ found }: { found: Found[] }) {
  if (found.length === 0) return <p class="prose">No record has that in its text.</p>;
  return (
    <div class="scroll short" tabIndex={0} role="region" aria-label="Records that were found, scrollable">
      <table class="data" id="record-table">
        <thead><tr><th scope="col">When</th><th scope="col">From</th><th scope="col">Tier</th><th scope="col">Text</th></tr></thead>
        <tbody>
          {found.map((r, i) => <tr key={i}><td>{when(r.wall_ms)}</td><td>{r.source || r.tags.join(', ')}</td><td>{r.tier}</td><td class="wrap">{r.text}{r.count > 1 && ` (${r.count} times)`}</td></tr>)}
        </tbody>
      </table>
    </div>
  );
}

export function Recall() {
  const [text, type] = useState('');
  const [found, show] = useState<Found[] | null>(null);
  const [wrong, say] = useState('');
  const reason = why();
  const ask = async () => {
    try {
      show(await recall(text));
      say('');
    } catch (error) {
      say(error instanceof Refused ? error.message : 'what came back is not a list of records');
    }
  };
  return (
    <Panel title="Recall" hint={`Records whose text has these letters in it, the newest first, at most ${MOST_FOUND}${position.value === null ? '' : ': of now, not of the moment that is shown'}.`}>
      {reason ? <p class="prose" id="recall-why">{reason}</p> : (
        <form class="orders" id="recall" onSubmit={(e) => { e.preventDefault(); void ask(); }}>
          <label>Text <input type="search" name="text" value={text} placeholder="any" onInput={(e) => type(e.currentTarget.value)} /></label>
          <button type="submit" class="button primary">Search</button>
          <span role="status" class={wrong ? 'bad-text' : 'note'}>{wrong ? `Not found: ${wrong}.` : found && count(found.length, 'record')}</span>
        </form>
      )}
      {!reason && found && <Results found={found} />}
    </Panel>
  );
}

// events.tsx - what happened, newest first, by kind and by text; a row shows that moment.
// Room: page. Threads: the page's main thread.
import { useRef } from 'preact/hooks';
import { clock, count, words } from '../format.ts';
import { KINDS, type EventKind } from '../events.ts';
import { events, openLoop, seekTime, type Frame } from '../state.ts';
import { Panel } from '../ui/parts.tsx';
import { eventQuery, kinds, tab } from '../view.ts';

const SHOWN = 300;

function Kinds() {
  const on = kinds.value;
  const toggle = (k: EventKind) => (kinds.value = on.includes(k) ? on.filter((other) => other !== k) : KINDS.filter((other) => on.includes(other) || other === k));
  return (
    <fieldset class="chips">
      <legend class="sr">Kinds that are listed, and marked on the charts</legend>
      {KINDS.map((k) => (
        <label key={k} class={on.includes(k) ? 'chip on' : 'chip'}>
          <input type="checkbox" name="kind" value={k} checked={on.includes(k)} onChange={() => toggle(k)} />{k}
        </label>
      ))}
    </fieldset>
  );
}

export function Events({ frame }: { frame: Frame }) {
  const now = frame.snap.now_ms / 1000;
  const find = eventQuery.value.toLowerCase();
  const held = useRef<number | null>(null);
  const region = useRef<HTMLDivElement>(null);
  // Asked each time: what had the focus and is gone told nobody that it lost it.
  held.current = region.current?.matches(':hover, :focus-within') ? (held.current ?? now) : null;
  const until = Math.min(now, held.current ?? now);
  const list = events().filter((e) => e.t <= until && kinds.value.includes(e.kind) && (find === '' || `${e.of} ${e.text}`.toLowerCase().includes(find)));
  return (
    <div class="grid">
      <Panel class="span-12" title="Events" side={
        <label class="search"><span class="sr">Filter events by loop or text</span>
          <input type="search" id="find-event" placeholder="Filter by loop or text" value={eventQuery.value}
            onInput={(e) => (eventQuery.value = (e.currentTarget as HTMLInputElement).value)} />
        </label>}
        hint="What changed from one snapshot to the next. The kinds chosen are marked at the top of every chart; a row shows its moment. While the list is pointed at, it stands still.">
        <Kinds />
        <div ref={region} class="scroll tall" tabIndex={0} role="region" aria-label="Events, scrollable">
          <table class="data sticky" id="event-table">
            <thead><tr><th scope="col">Time</th><th scope="col">Kind</th><th scope="col">Loop</th><th scope="col">What</th></tr></thead>
            <tbody>
              {list.slice(-SHOWN).reverse().map((e, i) => (
                <tr key={`${e.t} ${e.of} ${i}`} data-kind={e.kind}>
                  <td><button type="button" class="row-name" onClick={() => seekTime(e.t)}>{clock(e.t, true)}</button></td>
                  <td>{e.kind}</td>
                  <td>{e.of && <button type="button" class="row-name" onClick={() => { openLoop.value = e.of; tab.value = 'loops'; }}>{words(e.of)}</button>}</td>
                  <td>{e.text}</td>
                </tr>
              ))}
              {list.length === 0 && <tr><td class="empty-row" colSpan={4}>Nothing of these kinds has happened.</td></tr>}
            </tbody>
          </table>
        </div>
        <p class="note">{count(list.length, 'event')}{list.length > SHOWN && `, of which the newest ${SHOWN} are listed`}.</p>
      </Panel>
    </div>
  );
}

// shell.tsx - the frame around the tabs: bar, strips, the tab that is shown, notices.
// Room: page. Threads: the page's main thread.
import { served } from '../sources/live.ts';
import { failure, frame, live, notice, phase, recording, restart } from '../state.ts';
import { Events } from '../tabs/events.tsx';
import { Learning } from '../tabs/learning.tsx';
import { Loops } from '../tabs/loops.tsx';
import { Memory } from '../tabs/memory.tsx';
import { Overview } from '../tabs/overview.tsx';
import { Symbiosis } from '../tabs/symbiosis.tsx';
import { tab, TABS, type TabId } from '../view.ts';
import { Bar } from './bar.tsx';
import { Boundary } from './boundary.tsx';
import { Empty } from './empty.tsx';
import { Whom } from './live.tsx';
import { Palette } from './palette.tsx';
import { Tabs } from './parts.tsx';
import { Strips } from './strips.tsx';

const VIEWS = { overview: Overview, loops: Loops, qlearning: Learning, symbiosis: Symbiosis, memory: Memory, events: Events };

function View({ id }: { id: TabId }) {
  const now = frame.value;
  if (!now && served && live.value) {
    const why = failure.value;
    return phase.value === 'failed'
      ? <Empty bad title="It cannot be shown" text={`${why.charAt(0).toUpperCase()}${why.slice(1)}.`}><button type="button" class="button" onClick={restart}>Connect again</button></Empty>
      : <Empty title="Connecting" text="The first snapshot is on its way." />;
  }
  if (!now && phase.value === 'failed' && live.value) {
    const why = failure.value;
    return (
      <Empty bad title="The engine did not start"
        text={<>{why.charAt(0).toUpperCase() + why.slice(1)}. A browser with WebAssembly SIMD is needed: Chrome 91, Firefox 89, Safari 16.4 or later. A recorded run can still be opened.</>}>
        <button type="button" class="button" onClick={restart}>Try again</button>
      </Empty>
    );
  }
  if (!now) return <Empty title="Starting the engine" text="120 loops and a society of four are being added." />;
  const Tab = VIEWS[id];
  return <Tab frame={now} />;
}

export function Shell({ notices }: { notices: string }) {
  return (
    <>
      <a class="skip" href={`#panel-${tab.value}`} onClick={(e) => { e.preventDefault(); document.getElementById(`panel-${tab.value}`)?.focus(); }}>Skip to the figures</a>
      <Bar />
      <main data-seq={frame.value?.snap.seq}>
        <Tabs tabs={TABS} value={tab.value} onChange={(id) => (tab.value = id)} />
        <Whom />
        <Boundary what="The controls of time"><Strips /></Boundary>
        {TABS.map(([id]) => (
          <div key={id} role="tabpanel" id={`panel-${id}`} aria-labelledby={`tab-${id}`} tabIndex={0} hidden={id !== tab.value}>
            {id === tab.value && <Boundary what="This tab" key={recording.value?.name ?? ''}><View id={id} /></Boundary>}
          </div>
        ))}
      </main>
      <Palette />
      <footer>
        <p><kbd>Ctrl K</kbd> finds every command and loop. gyre{frame.value ? ` ${frame.value.snap.gyre}` : ''}, MIT. {served ? 'This page asks nobody but the program that serves it' : 'This page is one file: it makes no request'} and stores nothing but the theme.</p>
        <details id="licences">
          <summary>What is inside, and its licences</summary>
          <div class="scroll notices" tabIndex={0} role="region" aria-label="Licence notices"><pre>{notices}</pre></div>
        </details>
      </footer>
      <p class="sr" aria-live="polite">{notice.value}</p>
    </>
  );
}

// main.tsx - starts the page: draws the shell, and takes the engine that is inside, or that of the process that serves it.
// Room: page. Threads: the page's main thread.
import { render } from 'preact';
import { LiveSource, served } from './sources/live.ts';
import { ModuleSource, packedModule } from './sources/module.ts';
import { connect, fail, forget, restored } from './state.ts';
import { Shell } from './ui/shell.tsx';
import { seedAsked } from './view.ts';

declare const GYRE_NOTICES: string; // put in by tools/build.mjs

const program = document.currentScript?.textContent ?? '';

/** The texts that the loops ship are what the page carries anyway: its own program, its style, its notices. */
function carried(): string {
  const style = document.querySelector('style')?.textContent ?? '';
  return `${style}\n${GYRE_NOTICES}\n${program}`;
}

function start(): void {
  render(<Shell notices={GYRE_NOTICES} />, document.getElementById('app') as HTMLElement);
  if (served) {
    // The cookie has it from now on; it is to be in no history and no picture of the screen.
    const query = new URLSearchParams(location.search);
    query.delete('token');
    history.replaceState(null, '', `${location.pathname}${`${query}` === '' ? '' : `?${query}`}${location.hash}`);
    connect((listener) => new LiveSource(listener, forget));
    return;
  }
  const packed = packedModule();
  if (packed === null) return fail('this page was built without its engine');
  connect((listener) => new ModuleSource(listener, packed, carried(), seedAsked(), restored));
}

try {
  start();
} catch {
  fail('its bytes in this page are damaged');
}

// replay.ts - runs once more what a recording declares, by the page's own module, and compares the trace hashes.
// Room: page. Threads: the reader's worker.
import { Gyre } from '../../../wasm/index.ts';
import type { Head, Replay } from '../protocol.ts';
import type { Snapshot } from '../snapshot.ts';
import { unpack } from '../lzma.ts';

const SAY_MS = 100;

/**
 * The society of `head` on a virtual clock of the same seed, moved to the time of each of `count` snapshots, which `at`
 * reads. `tell` hears how far it is; the last time with all of them, or with the first that differs.
 */
export async function replay(packed: Uint8Array, head: Head, count: number, at: (index: number) => Promise<Snapshot>, tell: (state: Replay) => void): Promise<void> {
  const gyre = await Gyre.load(unpack(packed).buffer);
  const engine = gyre.engine({ driver: 'virtual', seed: BigInt(head.seed) });
  engine.addSociety(head.society as number);
  const state: Replay = { same: 0, of: count, here: engine.traceHash(), there: '', version: gyre.version };
  let told = performance.now();
  for (let i = 0; i < count; i += 1) {
    const snap = await at(i);
    engine.advanceTo(snap.now_ms);
    [state.here, state.there] = [engine.traceHash(), snap.trace];
    if (state.here !== state.there) break;
    state.same = i + 1;
    if (performance.now() - told < SAY_MS) continue;
    tell({ ...state });
    told = performance.now();
  }
  tell({ ...state, over: true });
}

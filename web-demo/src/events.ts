// events.ts - what happened between one snapshot and the next: failures, timeouts, gates, and what else a visitor looks for.
// Room: page. Threads: a Watcher belongs to one thread.
import type { LoopRow, Snapshot } from './snapshot.ts';

export const KINDS = ['failure', 'timeout', 'stuck', 'breaker', 'gate', 'throttle', 'tuning', 'control'] as const;
export type EventKind = (typeof KINDS)[number];

export interface Happening {
  /** Seconds, of the snapshot that showed it. */
  t: number;
  kind: EventKind;
  /** The loop, or the learner of a change that was noticed; empty: the engine. */
  of: string;
  text: string;
}

/** Of one kind, of one snapshot; how many more there were is one event. */
const MOST_ALIKE = 50;
/** So many are kept, the newest. */
export const MOST_EVENTS = 2_000;

type Seen = Pick<LoopRow, 'errors' | 'timeouts' | 'state' | 'gate' | 'breaker_open' | 'throttle' | 'configured_ms'>;

/** What differs in one loop, as [kind, text]. */
function differences(a: Seen, b: LoopRow): [EventKind, string][] {
  const out: [EventKind, string][] = [];
  const times = (n: number) => (n === 1 ? '' : ` ${n} times`);
  if (b.errors > a.errors) out.push(['failure', `failed${times(b.errors - a.errors)}${b.last_error ? `: ${b.last_error.slice(0, 200)}` : ''}`]);
  if (b.timeouts > a.timeouts) out.push(['timeout', `timed out${times(b.timeouts - a.timeouts)}`]);
  if ((a.state === 'stuck') !== (b.state === 'stuck')) out.push(['stuck', b.state === 'stuck' ? 'is stuck' : 'is no longer stuck']);
  if ((a.breaker_open ?? false) !== (b.breaker_open ?? false)) out.push(['breaker', b.breaker_open ? 'its breaker opened' : 'its breaker closed']);
  if (a.gate !== b.gate) out.push(['gate', b.gate ? `held back by the gate ${b.gate}` : 'no gate holds it back any more']);
  if (a.throttle !== b.throttle && b.throttle !== null) out.push(['throttle', `throttle is ${b.throttle}`]);
  if ((a.state === 'paused') !== (b.state === 'paused')) out.push(['control', b.state === 'paused' ? 'paused' : 'resumed']);
  if (a.configured_ms !== b.configured_ms && b.configured_ms !== null) out.push(['control', `interval is ${b.configured_ms} ms`]);
  return out;
}

export class Watcher {
  private loops = new Map<number, Seen>();
  private changes = new Map<string, number>();
  private running: boolean | null = null;

  /** What has happened since the snapshot that was shown to it before. */
  see(snap: Snapshot): Happening[] {
    const t = snap.now_ms / 1000;
    const out: Happening[] = [];
    const said = new Map<EventKind, number>();
    const say = (kind: EventKind, of: string, text: string) => {
      const n = (said.get(kind) ?? 0) + 1;
      said.set(kind, n);
      if (n <= MOST_ALIKE) out.push({ t, kind, of, text });
    };
    if (this.running !== null && this.running !== snap.running) say('control', '', snap.running ? 'the engine was started' : 'the engine was stopped');
    this.running = snap.running;
    const next = new Map<number, Seen>();
    for (const l of snap.loops) {
      const before = this.loops.get(l.id);
      if (before) for (const [kind, text] of differences(before, l)) say(kind, l.name, text);
      const { errors, timeouts, state, gate, throttle, configured_ms } = l;
      next.set(l.id, { errors, timeouts, state, gate, throttle, configured_ms, breaker_open: l.breaker_open ?? false });
    }
    this.loops = next;
    for (const { name, tuning } of snap.learners) {
      const [old, now] = [this.changes.get(name), tuning?.changes ?? 0];
      if (old !== undefined && now > old) say('tuning', name, 'noticed that what its settings earn has changed');
      this.changes.set(name, now);
    }
    for (const [kind, n] of said) if (n > MOST_ALIKE) out.push({ t, kind, of: '', text: `and ${n - MOST_ALIKE} more at this moment` });
    return out;
  }
}

// held.tsx - a loop's state, and what holds it back, in words.
// Room: page. Threads: the page's main thread.
import { brief } from '../format.ts';
import type { Gate, LoopRow } from '../snapshot.ts';
import { StateTag } from '../ui/parts.tsx';

/** Of the gates that come with the engine. */
const UNITS: Record<string, string> = { cpu: '\u00a0%', memory: '\u00a0%', stall: '\u00a0%', latency: '\u00a0ms' };

/** A gate as [what it saw, its limits]. */
export function gateText(g: Gate, mode: string): [string, string] {
  if (g.closes_above === undefined) return [g.name, ''];
  if (g.name === 'mode' && g.closes_above === 0.5) return [`mode “${mode}”`, 'opens in another mode'];
  const text = (v: Gate['value']) => `${brief(v)}${UNITS[g.name] ?? ''}`;
  return [`${g.name} ${text(g.value)}`, `closes above ${text(g.closes_above)}, opens under ${text(g.opens_under)}`];
}

export function State({ loop, mode }: { loop: LoopRow; mode: string }) {
  const named = loop.gate ? [{ name: loop.gate, open: false }] : [];
  const closed = (loop.gates ?? named).filter((g) => !g.open).map((g) => gateText(g, mode));
  return (
    <>
      <StateTag state={loop.state} />
      {closed.map(([saw, limits], i) => (
        <span key={saw}>{i === 0 && ' '}<span class={i === 0 ? 'unit' : 'why'}>{saw}</span>{limits && <span class="why">{limits}</span>}</span>
      ))}
      {loop.breaker_open && <span class="why">breaker open: one try now and then</span>}
    </>
  );
}

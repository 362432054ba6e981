// parts.tsx - what the symbiosis score is made of: each loop's part, and what it takes from a whole score.
// Room: page. Threads: the page's main thread.
import { fixed, int, percent, words } from '../format.ts';
import type { LoopRow, Snapshot } from '../snapshot.ts';
import { openLoop } from '../state.ts';
import { Figures, Panel } from '../ui/parts.tsx';
import { tab } from '../view.ts';

const SHOWN = 40;

/** A loop's part, 0..1, as observe/score.hpp has it: its vitality, or where it reports none its health. */
export const partOf = (l: LoopRow): number => Math.min(1, Math.max(0, l.vitality ?? l.health ?? 0));

export function Parts({ snap }: { snap: Snapshot }) {
  const parts = snap.loops.map((l) => ({ l, part: partOf(l) }));
  const low = parts.filter(({ part }) => part < 0.9995).sort((a, b) => a.part - b.part);
  const sum = parts.reduce((n, { part }) => n + part, 0);
  return (
    <Panel class="span-4" title="Parts of the score" hint="Every loop has the same weight. A loop takes from the score what its part lacks to 1, over the number of loops.">
      <Figures rows={[
        ['Sum of the parts', fixed(sum, 2), '', 'part-sum'],
        ['Loops', int(parts.length), '', 'part-loops'],
        ['Whole: part of 1', int(parts.length - low.length), '', 'part-whole'],
      ]} />
      <div class="scroll short" tabIndex={0} role="region" aria-label="Loops with less than a whole part, scrollable">
        <table class="data" id="part-table">
          <thead><tr><th scope="col">Loop</th><th scope="col">By its</th><th scope="col" class="n">Part <span class="unit">0 to 1</span></th><th scope="col" class="n">Takes <span class="unit">% of the score</span></th></tr></thead>
          <tbody>
            {low.slice(0, SHOWN).map(({ l, part }) => (
              <tr key={l.name}>
                <th scope="row"><button type="button" class="row-name" onClick={() => { openLoop.value = l.name; tab.value = 'loops'; }}>{words(l.name)}</button></th>
                <td>{l.vitality === null ? 'health' : 'vitality'}</td>
                <td class="n">{fixed(part, 3)}</td>
                <td class="n">{percent((1 - part) / parts.length, 2)}</td>
              </tr>
            ))}
            {low.length === 0 && <tr><td class="empty-row" colSpan={4}>Each loop has a whole part.</td></tr>}
          </tbody>
        </table>
      </div>
      {low.length > SHOWN && <p class="note">and {int(low.length - SHOWN)} more</p>}
    </Panel>
  );
}

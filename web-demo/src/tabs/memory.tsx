// memory.tsx - what is kept of what happened: counters, bytes, and the newest compressed blocks.
// Room: page. Threads: the page's main thread.
import { Blocks } from '../charts/blocks.tsx';
import { LineChart } from '../charts/line.tsx';
import { bytes, bytesText, clock, count, fixed, int, percent } from '../format.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Frame } from '../state.ts';
import { Figures, Panel, Tile, Tiles } from '../ui/parts.tsx';
import { Recall } from './recall.tsx';

/** A block's time is engine time in a young engine and wall time in a file: both are told by size. */
const isWall = (ms: number) => ms >= 1e11;
const at = (ms: number) => (isWall(ms) ? new Date(ms).toISOString().slice(11, 19) : clock(ms / 1000, true));

function History({ blocks }: { blocks: Snapshot['memory']['blocks'] }) {
  return (
    <Panel title="Block history">
      <div class="scroll history" tabIndex={0} role="region" aria-label="Block history, scrollable">
        <table class="data sticky" id="block-table">
          <caption class="sr">Compressed blocks, newest first</caption>
          <thead>
            <tr><th scope="col">Sealed at <span class="unit">{isWall(blocks[0]?.at_ms ?? 0) ? 'UTC' : 'engine time'}</span></th><th scope="col" class="n">Records</th><th scope="col" class="n">Raw <span class="unit">B</span></th><th scope="col" class="n">Stored <span class="unit">B</span></th><th scope="col" class="n">Ratio</th></tr>
          </thead>
          <tbody>
            {blocks.map((b, i) => (
              <tr key={i}>
                <th scope="row">{at(b.at_ms)}</th>
                <td class="n">{int(b.count)}</td>
                <td class="n">{int(b.raw_bytes)}</td>
                <td class="n">{int(b.stored_bytes)}</td>
                <td class="n">{fixed(b.stored_bytes > 0 ? b.raw_bytes / b.stored_bytes : null, 2)} : 1</td>
              </tr>
            ))}
            {blocks.length === 0 && <tr><td class="empty-row" colSpan={5}>No block yet: the first is sealed with the 51st record</td></tr>}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Places({ memory: m }: { memory: Snapshot['memory'] }) {
  const places: [string, number, string][] = [
    ['in ring', m.in_ring, 'p1'],
    ['in blocks', m.in_blocks, 'p2'],
    ['archived', m.archived, 'p3'],
    ['evicted', m.evicted, 'p4'],
    ['merged', m.merged, 'p5'],
  ];
  return (
    <Panel title="Where the records are" hint="remembered = in ring + in blocks + archived + evicted + merged">
      <div class="stackbar" role="img" aria-label={places.map(([name, n]) => `${name} ${int(n)}`).join(', ')}>
        {places.map(([name, n, tone]) => n > 0 && <span key={name} class={tone} style={{ flexGrow: n }} />)}
      </div>
      <dl class="figures bare">
        {places.map(([name, n, tone]) => (
          <div key={name}><dt><span class={`box ${tone}`} aria-hidden="true" />{name}</dt><dd><span class="value">{int(n)}</span></dd></div>
        ))}
        <div class="sum"><dt>remembered</dt><dd><span class="value">{int(m.remembered)}</span></dd></div>
      </dl>
    </Panel>
  );
}

/** Bytes against the budget, and where the records were. */
function OverTime() {
  return (
    <div class="grid">
      <Panel class="span-6" title="Bytes over time" side={<span class="side-note">logarithmic</span>}>
        <LineChart id="bytes" name="Bytes that memory takes, and its budget" unit="" axis="bytes" height={180} log={2} text={bytesText} tick={bytesText}
          series={[{ key: 'resident', label: 'resident', color: '--series-1', fill: true }, { key: 'budget', label: 'budget', color: '--series-2', dash: [6, 3] }]} />
      </Panel>
      <Panel class="span-6" title="Records by tier over time">
        <LineChart id="tiers" name="Records in the ring, in blocks and in the archive" unit="" axis="records" height={180} text={int}
          series={[
            { key: 'records/ring', label: 'ring', color: '--series-1' }, { key: 'records/blocks', label: 'blocks', color: '--series-3', dash: [6, 3] },
            { key: 'records/archive', label: 'archive', color: '--series-4', dash: [2, 3] },
          ]} />
      </Panel>
    </div>
  );
}

export function Memory({ frame }: { frame: Frame }) {
  const m = frame.snap.memory;
  const [raw, rawUnit] = bytes(m.raw_bytes);
  const [stored, storedUnit] = bytes(m.stored_bytes);
  const [resident, residentUnit] = bytes(m.resident_bytes);
  return (
    <>
      <Tiles>
        <Tile label="Processed" name="processed" value={int(m.remembered)} sub="records remembered" />
        <Tile label="Archived" name="archived" value={int(m.archived)} sub={`${int(m.evicted)} evicted`} />
        <Tile label="Pruned" name="pruned" value={int(m.pruned)} sub={`${int(m.consolidated)} consolidated`} />
        <Tile label="Compressions" name="compressions" value={int(m.compressions)} sub={<span data-figure="blocks">{count(m.block_count, 'block')} kept</span>} />
        <Tile label="Raw" name="raw" value={raw} unit={rawUnit} sub="before compression" />
        <Tile label="Stored" name="stored" value={stored} unit={storedUnit} sub="after it" />
        <Tile label="Saved" name="saved" value={fixed(m.saved_percent, 1)} unit="%" sub="of all remembered" />
        <Tile label="Resident" name="resident" value={resident} unit={residentUnit} sub={`of ${bytesText(m.budget_bytes)}`} />
      </Tiles>
      <div class="grid">
        <div class="stack span-8">
          <OverTime />
          <Panel title="Newest blocks" side={<span class="side-note">one bar a block</span>}>
            <Blocks blocks={m.blocks} />
          </Panel>
          <Recall />
          <History blocks={m.blocks} />
        </div>
        <div class="stack span-4">
          <Places memory={m} />
          <Panel title="Budget">
            <div class="meter" role="meter" aria-label="Memory budget used" aria-valuemin={0} aria-valuemax={m.budget_bytes} aria-valuenow={m.resident_bytes}>
              <span style={{ width: `${Math.min(100, (100 * m.resident_bytes) / Math.max(1, m.budget_bytes))}%` }} />
            </div>
            <Figures rows={[
              ['Used', percent(m.budget_bytes > 0 ? m.resident_bytes / m.budget_bytes : null), '%'],
              ['Resident', resident, residentUnit],
              ['Budget', ...bytes(m.budget_bytes)],
              ['Records a block', fixed(m.block_count > 0 ? m.in_blocks / m.block_count : null, 1)],
              ['Mean ratio', fixed(m.stored_bytes > 0 ? m.raw_bytes / m.stored_bytes : null, 2), ': 1'],
            ]} />
          </Panel>
          <Panel title="Store">
            {frame.snap.store
              ? <Figures rows={[
                  ['Committed', int(frame.snap.store.committed)],
                  ['Durable', int(frame.snap.store.durable)],
                  ['Journal', ...bytes(frame.snap.store.file_bytes)],
                ]} />
              : <p class="prose">No store: this engine keeps everything in memory. Natively, a directory makes learners and memory survive a crash.</p>}
          </Panel>
        </div>
      </div>
    </>
  );
}

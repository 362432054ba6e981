// changes.ts - makes whole snapshots of what a process sends: one, then of its loops only those that changed, as columns.
// Room: page. Threads: the reader's worker.
import { Refused } from '../refused.ts';
import { checked, type LoopRow, type Snapshot } from '../snapshot.ts';

type Columns = Record<string, unknown>;
interface Sent {
  seq: number;
  loops: Columns & { of: number; at: number[] };
}

/** The k-th of each column. */
function rowOf(columns: Columns, k: number): Columns {
  const row: Columns = {};
  for (const [key, column] of Object.entries(columns)) {
    if (Array.isArray(column)) row[key] = column[k];
    else if (typeof column === 'object' && column !== null) row[key] = rowOf(column as Columns, k);
  }
  return row;
}

export class Rows {
  private seq = -1;
  /** As they were sent, for recordings; and what the page takes of them. */
  private raw: Columns[] = [];
  private good: LoopRow[] = [];
  private rest: Columns = {};

  /** A whole snapshot. */
  whole(json: string): Snapshot {
    const value = JSON.parse(json) as Columns;
    const snap = checked(value);
    [this.seq, this.raw, this.good, this.rest] = [snap.seq, value.loops as Columns[], snap.loops, value];
    return snap;
  }

  /** What changed since the one before. @returns the snapshot with the changed loops alone, and where they are. Throws Refused. */
  change(json: string): { snap: Snapshot; at: number[] } {
    const { base, to } = (JSON.parse(json) ?? {}) as { base?: number; to?: Partial<Sent> };
    if (base !== this.seq) throw new Refused(`it sent what changed since snapshot ${String(base).slice(0, 40)}, and this page has ${this.seq}`);
    const { of, at, ...columns } = to?.loops ?? ({} as Partial<Sent['loops']>);
    if (of !== this.raw.length || !Array.isArray(at) || at.length > of || !at.every((i) => Number.isInteger(i) && i >= 0 && i < of)) throw new Refused('it sent changes of loops that are not there');
    const rows = at.map((i, k) => ({ ...(this.raw[i] as Columns), ...rowOf(columns, k) }));
    const value = { ...to, loops: rows };
    const snap = checked(value);
    at.forEach((i, k) => {
      this.raw[i] = rows[k] as Columns;
      this.good[i] = snap.loops[k] as LoopRow;
    });
    [this.seq, this.rest] = [snap.seq, value];
    return { snap, at };
  }

  /** All loops as they are now. */
  get loops(): LoopRow[] {
    return this.good;
  }
  /** The whole snapshot as a line of a recording. */
  line(): string {
    return JSON.stringify({ ...this.rest, loops: this.raw });
  }
}

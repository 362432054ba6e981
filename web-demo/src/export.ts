// export.ts - what is shown as a file: figures as CSV, charts as a picture.
// Room: page. Threads: the page's main thread.
import { save } from './save.ts';
import { drawn, history } from './state.ts';
import { colour } from './theme.ts';

/** A cell of RFC 4180; a text that a spreadsheet would take for a formula gets an apostrophe. */
function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function saveCsv(name: string, rows: (string | number | null)[][]): void {
  save(`${name}.csv`, new Blob([rows.map((row) => row.map(cell).join(',')).join('\r\n'), '\r\n'], { type: 'text/csv' }));
}

/** All columns of the history over the time that the charts show. */
export function saveHistory(): void {
  const names = history().names();
  const columns = history().window(...drawn(), names);
  saveCsv('history', [['seconds', ...names], ...(columns[0] as number[]).map((_t, i) => columns.map((c) => c[i] ?? null))]);
}

const GAP = 28;

/** The charts of the tab that is shown, one under the other with their names. */
export function savePictures(): void {
  const charts = [...document.querySelectorAll<HTMLCanvasElement>('[role=tabpanel]:not([hidden]) canvas')];
  const out = document.createElement('canvas');
  const scale = devicePixelRatio || 1;
  out.width = charts.reduce((most, c) => Math.max(most, c.width), 1);
  out.height = charts.reduce((sum, c) => sum + c.height + GAP * scale, 1);
  const ctx = out.getContext('2d');
  if (!ctx || charts.length === 0) return;
  ctx.fillStyle = colour('--panel');
  ctx.fillRect(0, 0, out.width, out.height);
  ctx.fillStyle = colour('--ink');
  ctx.font = `${13 * scale}px ${getComputedStyle(document.body).fontFamily}`;
  let y = 0;
  for (const chart of charts) {
    ctx.fillText(chart.getAttribute('aria-label') ?? '', 8 * scale, y + 18 * scale);
    ctx.drawImage(chart, 0, y + GAP * scale);
    y += chart.height + GAP * scale;
  }
  out.toBlob((picture) => picture && save('charts.png', picture));
}

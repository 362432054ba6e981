// blocks.tsx - the newest memory blocks as bars: raw bytes behind, stored bytes before them.
// Room: page. Threads: the page's main thread.
import { bytesText } from '../format.ts';
import type { Block } from '../snapshot.ts';
import { colour } from '../theme.ts';
import { Canvas, type Pen } from './canvas.tsx';

const [LEFT, RIGHT, TOP, BOTTOM] = [60, 8, 8, 20];
const SLOTS = 50;

/** A round step, so that three or four lines reach over `most` bytes. */
function stepOver(most: number): number {
  let step = 64;
  while (step * 4 < most) step *= 2;
  return step;
}

/** `blocks` newest first, as in the snapshot. */
export function Blocks({ blocks }: { blocks: Block[] }) {
  const draw = ({ ctx, width, height }: Pen) => {
    const [w, h] = [width - LEFT - RIGHT, height - TOP - BOTTOM];
    const most = Math.max(1024, ...blocks.map((b) => b.raw_bytes));
    const grid = stepOver(most);
    const top = Math.ceil(most / grid) * grid;
    ctx.strokeStyle = colour('--grid');
    ctx.fillStyle = colour('--muted');
    ctx.textBaseline = 'middle';
    ctx.textAlign = 'right';
    for (let v = 0; v <= top; v += grid) {
      const line = Math.round(TOP + h - (h * v) / top) + 0.5;
      ctx.beginPath();
      ctx.moveTo(LEFT, line);
      ctx.lineTo(LEFT + w, line);
      ctx.stroke();
      ctx.fillText(v === 0 ? '0' : bytesText(v), LEFT - 6, line);
    }
    const step = w / SLOTS;
    const bar = Math.max(2, step - 2);
    const [raw, stored] = [colour('--bar-raw'), colour('--series-1')];
    blocks.slice(0, SLOTS).forEach((b, i) => {
      const x = LEFT + w - (i + 1) * step + 1; // the newest is on the right
      const y = (v: number) => (h * v) / top;
      ctx.fillStyle = raw;
      ctx.fillRect(x, TOP + h - y(b.raw_bytes), bar, y(b.raw_bytes));
      ctx.fillStyle = stored;
      ctx.fillRect(x, TOP + h - y(b.stored_bytes), bar, y(b.stored_bytes));
    });
    ctx.fillStyle = colour('--muted');
    ctx.textBaseline = 'alphabetic';
    ctx.fillText('newest', LEFT + w, height - 4);
    ctx.textAlign = 'left';
    ctx.fillText('older', LEFT, height - 4);
  };
  return (
    <div class="chart">
      <ul class="legend" aria-hidden="true">
        <li><span class="box raw" />raw</li>
        <li><span class="box stored" />stored</li>
      </ul>
      <Canvas label={`Raw and stored bytes of the newest ${blocks.length} blocks`} details="block-table" height={206} draw={draw} />
    </div>
  );
}

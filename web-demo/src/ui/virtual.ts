// virtual.ts - draws of many rows only those in view; where they are many all have one height.
// Room: page. Threads: the page's main thread.
import { useLayoutEffect, useState } from 'preact/hooks';

/** Up to so many are drawn as they are: a browser finds text in them, and prints them. */
export const ALL = 300;
/** The height of a row of more than that; the style sheet gives it to them. */
const ROW_PX = 27;
const BEYOND = 12; // rows drawn on either side of what is seen

export interface Window {
  /** The first row that is drawn, and the one after the last. */
  from: number;
  to: number;
  /** Pixels before and after them. */
  before: number;
  after: number;
}

/** Which of `count` rows are to be drawn in what `scroller` returns. */
export function useVirtual(count: number, scroller: () => HTMLElement | null): Window {
  const [[top, height], see] = useState([0, 600]);
  useLayoutEffect(() => {
    const box = scroller();
    if (!box) return;
    const look = () => see(([t, h]) => (t === box.scrollTop && h === box.clientHeight ? [t, h] : [box.scrollTop, box.clientHeight]));
    const watch = new ResizeObserver(look);
    watch.observe(box);
    box.addEventListener('scroll', look, { passive: true });
    return () => {
      watch.disconnect();
      box.removeEventListener('scroll', look);
    };
  }, []);
  if (count <= ALL) return { from: 0, to: count, before: 0, after: 0 };
  const to = Math.min(count, Math.ceil(((top as number) + (height as number)) / ROW_PX) + BEYOND);
  const from = Math.max(0, Math.min(Math.floor((top as number) / ROW_PX) - BEYOND, to - 1));
  return { from, to, before: from * ROW_PX, after: (count - to) * ROW_PX };
}

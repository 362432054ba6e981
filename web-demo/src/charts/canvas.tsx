// canvas.tsx - a canvas that keeps its size and its theme, and stands as an image with a name and a table.
// Room: page. Threads: the page's main thread.
import { useLayoutEffect, useRef } from 'preact/hooks';
import { dark } from '../theme.ts';

export interface Pen {
  ctx: CanvasRenderingContext2D;
  width: number;
  height: number;
}

/** Draws anew whenever the component renders, the theme changes or the box is resized. */
export function Canvas(props: {
  label: string;
  details: string;
  height: number;
  draw: (pen: Pen) => void;
  onPointer?: (x: number | null, width: number) => void;
}) {
  const ref = useRef<HTMLCanvasElement>(null);
  const latest = useRef(props.draw);
  latest.current = props.draw;
  const theme = dark.value;
  const paint = () => {
    const canvas = ref.current;
    const ctx = canvas?.getContext('2d');
    if (!canvas || !ctx) return;
    const width = canvas.clientWidth;
    const scale = devicePixelRatio || 1;
    const [w, h] = [Math.round(width * scale), Math.round(props.height * scale)];
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
    }
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    ctx.clearRect(0, 0, width, props.height);
    ctx.font = '11px ' + getComputedStyle(document.body).fontFamily;
    latest.current({ ctx, width, height: props.height });
  };
  useLayoutEffect(paint);
  useLayoutEffect(() => {
    const watch = new ResizeObserver(paint);
    watch.observe(ref.current as HTMLCanvasElement);
    return () => watch.disconnect();
  }, [theme, props.height]);
  const move = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    props.onPointer?.(event.clientX - box.left, box.width);
  };
  return (
    <canvas
      ref={ref}
      class="canvas"
      role="img"
      aria-label={props.label}
      aria-details={props.details}
      style={{ height: `${props.height}px` }}
      onPointerMove={move}
      onPointerLeave={() => props.onPointer?.(null, 0)}
    />
  );
}

// empty.tsx - what stands where there is nothing to show yet, or nothing any more.
// Room: page. Threads: the page's main thread.
import type { ComponentChildren } from 'preact';

export function Empty(props: { title: string; text: ComponentChildren; bad?: boolean; children?: ComponentChildren }) {
  return (
    <div class={props.bad ? 'empty bad' : 'empty'} role={props.bad ? 'alert' : undefined}>
      <svg width="56" height="56" viewBox="0 0 56 56" aria-hidden="true">
        <path d="M28 8a20 20 0 1 1-20 20" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" />
        <path d="M28 17a11 11 0 1 1-11 11" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" opacity="0.6" />
        <circle cx="28" cy="28" r="3.5" fill="currentColor" />
      </svg>
      <h2>{props.title}</h2>
      <p>{props.text}</p>
      {props.children}
    </div>
  );
}

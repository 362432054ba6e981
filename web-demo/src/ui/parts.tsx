// parts.tsx - the few pieces every tab is made of: panel, tile, figures, switch, segments, tabs.
// Room: page. Threads: the page's main thread.
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';

export function Panel(props: {
  title: string;
  hint?: ComponentChildren;
  side?: ComponentChildren;
  class?: string;
  children: ComponentChildren;
}) {
  return (
    <section class={`panel ${props.class ?? ''}`}>
      <header class="panel-head">
        <h2>{props.title}</h2>
        {props.side}
      </header>
      {props.hint && <div class="hint">{props.hint}</div>}
      {props.children}
    </section>
  );
}

export function Tile(props: { label: string; value: string; unit?: string; sub?: ComponentChildren; name?: string; tone?: 'good' | 'warn' | 'bad' | undefined }) {
  return (
    <div class={`tile ${props.tone ?? ''}`} data-figure={props.name ?? props.label}>
      <dt>{props.label}</dt>
      <dd>
        <span class="value">{props.value}</span>
        {props.unit && <span class="unit">{props.unit}</span>}
      </dd>
      <dd class="sub">{props.sub ?? '\u00a0'}</dd>
    </div>
  );
}

export function Tiles({ children }: { children: ComponentChildren }) {
  return <dl class="tiles">{children}</dl>;
}

/** Label and number pairs in two aligned columns. */
export function Figures({ rows }: { rows: [string, string, string?, string?][] }) {
  return (
    <dl class={rows.some((r) => r[2]) ? 'figures' : 'figures bare'}>
      {rows.map(([label, value, unit, name]) => (
        <div key={label} data-figure={name ?? label}>
          <dt>{label}</dt>
          <dd><span class="value">{value}</span><span class="unit">{unit ?? ''}</span></dd>
        </div>
      ))}
    </dl>
  );
}

export function Switch(props: { label: string; on: boolean; onChange: (on: boolean) => void; id: string; disabled?: boolean }) {
  return (
    <button id={props.id} type="button" role="switch" aria-checked={props.on} class="switch" disabled={props.disabled ?? false}
      onClick={() => props.onChange(!props.on)}>
      <span class="track" aria-hidden="true"><span class="thumb" /></span>
      {props.label}
    </button>
  );
}

/** One of a few: a radio group drawn as segments, with the browser's own keys. */
export function Segments<T extends string>(props: {
  legend: string;
  name: string;
  value: T;
  choices: [T, ComponentChildren][];
  onChange: (value: T) => void;
  disabled?: boolean;
  quiet?: boolean;
}) {
  return (
    <fieldset class="segments" disabled={props.disabled ?? false}>
      <legend class={props.quiet ? 'sr' : ''}>{props.legend}</legend>
      <div class="segment-row">
        {props.choices.map(([value, label]) => (
          <label key={value} class={value === props.value ? 'on' : ''}>
            <input type="radio" class="sr" name={props.name} value={value} checked={value === props.value}
              onChange={() => props.onChange(value)} />
            {label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** The ARIA tabs pattern with automatic activation: arrows, Home, End. */
export function Tabs<T extends string>(props: { tabs: [T, string][]; value: T; onChange: (value: T) => void }) {
  const list = useRef<HTMLDivElement>(null);
  const onKey = (event: KeyboardEvent) => {
    const names = props.tabs.map(([id]) => id);
    const i = names.indexOf(props.value);
    const n = names.length;
    const next = { ArrowRight: (i + 1) % n, ArrowLeft: (i + n - 1) % n, Home: 0, End: n - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    props.onChange(names[next] as T);
    (list.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Views" ref={list} onKeyDown={onKey}>
      {props.tabs.map(([id, label]) => (
        <button key={id} type="button" role="tab" id={`tab-${id}`} aria-selected={id === props.value}
          aria-controls={`panel-${id}`} tabIndex={id === props.value ? 0 : -1} onClick={() => props.onChange(id)}>
          {label}
        </button>
      ))}
    </div>
  );
}

const STATE_MARK: Record<string, string> = {
  waiting: '○', running: '●', paused: '‖', backing_off: '↻', gated: '⊘', stuck: '!', stopped: '■',
};

/** A loop's state as a sign and a word: colour is only the third channel. */
export function StateTag({ state }: { state: string }) {
  return (
    <span class={`state ${state}`}>
      <span aria-hidden="true">{STATE_MARK[state] ?? '·'}</span> {state.replace('_', ' ')}
    </span>
  );
}

// view.ts - what a visitor has set: tab, filter, order, the loop that is open. All of it is in the page's address.
// Room: page. Threads: the page's main thread.
import { effect, signal } from '@preact/signals';
import { KINDS, type EventKind } from './events.ts';
import { openLoop, span, stretch } from './state.ts';
import { choice, type Choice } from './theme.ts';

export type TabId = 'overview' | 'loops' | 'qlearning' | 'symbiosis' | 'memory' | 'events';
// The names are in addresses (page.html#qlearning): they stay.
export const TABS: [TabId, string][] = [
  ['overview', 'Overview'], ['loops', 'Loops'], ['qlearning', 'Learning'], ['symbiosis', 'Symbiosis'], ['memory', 'Memory'], ['events', 'Events'],
];
export type Order = { id: string; down: boolean } | null;

export const tab = signal<TabId>('overview');
export const query = signal('');
export const order = signal<Order>(null);
/** The kinds of events that are listed and marked on the charts. */
export const kinds = signal<readonly EventKind[]>(KINDS);
export const eventQuery = signal('');
/** The learner that is shown, by its name; empty: the first. */
export const picked = signal('');

const WRITE_MS = 300; // browsers count how often an address is changed

/** `#loops?loop=ship-007&filter=ship`: what is as at first is left out. */
export function address(): string {
  const out = new URLSearchParams();
  const put = (name: string, value: string) => value && out.set(name, value);
  put('loop', openLoop.value);
  put('filter', query.value);
  put('sort', order.value ? `${order.value.down ? '-' : ''}${order.value.id}` : '');
  put('learner', picked.value);
  put('from', stretch.value ? stretch.value[0].toFixed(2) : '');
  put('to', stretch.value ? stretch.value[1].toFixed(2) : '');
  put('span', span.value === 60 || span.value === Infinity ? '' : String(span.value));
  put('kinds', kinds.value.length === KINDS.length ? '' : kinds.value.join(' ') || 'none');
  put('find', eventQuery.value);
  put('theme', choice.value === 'auto' ? '' : choice.value);
  put('seed', read().get('seed') ?? '');
  const text = out.toString();
  return `#${tab.value}${text && `?${text}`}`;
}

const read = () => new URLSearchParams(location.hash.split('?')[1] ?? '');

/** The seed that the address asks for. */
export const seedAsked = (): number => {
  const seed = Number(read().get('seed') ?? new URLSearchParams(location.search).get('seed') ?? 1);
  return Number.isInteger(seed) && seed > 0 && seed <= 0xffffffff ? seed : 1;
};

function follow(): void {
  const name = location.hash.slice(1).split('?')[0];
  tab.value = TABS.find(([id]) => id === name)?.[0] ?? 'overview';
  const asked = read();
  const text = (key: string) => (asked.get(key) ?? '').slice(0, 200);
  openLoop.value = text('loop');
  query.value = text('filter');
  eventQuery.value = text('find');
  picked.value = text('learner');
  const sort = text('sort');
  order.value = sort ? { id: sort.replace(/^-/, ''), down: sort.startsWith('-') } : null;
  const [from, to] = [Number(asked.get('from')), Number(asked.get('to'))];
  stretch.value = asked.has('to') && from >= 0 && to > from && to < 4e9 ? [from, to] : null;
  if ([600, 3600].includes(Number(asked.get('span')))) span.value = Number(asked.get('span'));
  if (asked.has('kinds')) kinds.value = KINDS.filter((k) => text('kinds').split(' ').includes(k));
  if (['light', 'dark'].includes(text('theme'))) choice.value = text('theme') as Choice;
}

follow();
addEventListener('hashchange', follow);
let writing: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const to = address();
  clearTimeout(writing);
  writing = setTimeout(() => to !== location.hash && history.replaceState(null, '', to), WRITE_MS);
});

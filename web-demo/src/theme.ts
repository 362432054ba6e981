// theme.ts - light, dark or what the system says; colours that the canvases read from the style sheet.
// Room: page. Threads: the page's main thread.
import { computed, signal } from '@preact/signals';

export type Choice = 'auto' | 'light' | 'dark';
const KEY = 'gyre.theme';
const media = matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(media.matches);
media.addEventListener('change', () => (systemDark.value = media.matches));

function stored(): Choice {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'auto';
  } catch {
    return 'auto'; // storage may be refused on file://
  }
}

export const choice = signal<Choice>(stored());
/** Paper is white. */
const printing = signal(false);
addEventListener('beforeprint', () => (printing.value = true));
addEventListener('afterprint', () => (printing.value = false));
export const dark = computed(() => !printing.value && (choice.value === 'auto' ? systemDark.value : choice.value === 'dark'));
dark.subscribe((on) => (document.documentElement.dataset.theme = on ? 'dark' : 'light'));

export function setTheme(value: Choice): void {
  choice.value = value;
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // not kept, and that is all
  }
}

/** The computed colour of a custom property, such as `--series-1`. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export const stillness = matchMedia('(prefers-reduced-motion: reduce)');

// Viridis in nine stops (CC0): perceptually even, and readable without red-green vision.
const STOPS: [number, number, number][] = [
  [68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141],
  [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37],
];

/** [background, text] for a value in 0..1; the text is the one of black and white that contrasts more. */
export function viridis(x: number): [string, string] {
  const at = Math.min(1, Math.max(0, x)) * (STOPS.length - 1);
  const i = Math.min(STOPS.length - 2, Math.floor(at));
  const [a, b] = [STOPS[i], STOPS[i + 1]] as [number[], number[]];
  const rgb = a.map((v, k) => Math.round(v + ((b[k] as number) - v) * (at - i)));
  const linear = rgb.map((v) => {
    const c = v / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return [`rgb(${rgb.join(',')})`, luminance > 0.179 ? '#000' : '#fff'];
}

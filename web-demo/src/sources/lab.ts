// lab.ts - the learner that is watched in its world: in a worker of its own, which begins when it is first wanted.
// Room: page. Threads: the page's main thread; the worker is reached through messages only.
import { signal } from '@preact/signals';
import type { FromLab, LabView, ToLab, WorldName } from '../protocol.ts';
import { begin } from './begin.ts';
import { packedModule } from './module.ts';

/** What it does now; null before the first start. */
export const lab = signal<LabView | null>(null);
export const labWorld = signal<WorldName>('rooms');
export const labSeed = signal(1);
/** Steps a second; it goes while `labGoes`. */
export const labRate = signal(60);
export const labGoes = signal(false);
export const labWrong = signal('');

let worker: Worker | null = null;

function tell(message: ToLab): void {
  worker?.postMessage(message);
}

function fail(why: string): void {
  worker?.terminate();
  [worker, labGoes.value, labWrong.value] = [null, false, why];
}

/** Begins anew in the world and by the seed that are set; its worker too, if need be. */
export function openLab(goes: boolean): void {
  const packed = packedModule();
  if (packed === null) return;
  worker ??= begin<FromLab>((m) => (m.type === 'lab' ? (lab.value = m.view) : fail('the module did not start')), fail);
  [labGoes.value, labWrong.value] = [goes, ''];
  tell({ type: 'lab', do: 'open', packed, world: labWorld.value, seed: labSeed.value, rate: goes ? labRate.value : 0 });
}

export function goLab(on: boolean): void {
  if (worker === null) return openLab(on);
  labGoes.value = on;
  tell({ type: 'lab', do: 'rate', rate: on ? labRate.value : 0 });
}

export function setLabRate(rate: number): void {
  labRate.value = rate;
  if (labGoes.value) tell({ type: 'lab', do: 'rate', rate });
}

export function stepLab(count: number): void {
  if (worker === null) openLab(false);
  else goLab(false);
  tell({ type: 'lab', do: 'steps', count });
}

/** Of a grid: floor becomes wall, wall a pit, a pit floor. */
export const changeLab = (cell: number): void => tell({ type: 'lab', do: 'change', cell });

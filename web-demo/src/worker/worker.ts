// worker.ts - the one script of the page's workers: drives the engine, reads a recorded run, or lets a learner learn, as it is told first.
// Room: page. Threads: a worker; the page hears of it through messages only.
import type { ToLab, ToReader, ToWorker } from '../protocol.ts';
import { onEngine } from './engine.ts';
import { onLab } from './lab.ts';
import { onReader } from './reader.ts';

onmessage = ({ data }: MessageEvent<ToWorker | ToReader | ToLab>) => {
  if (data.type === 'lab') return onLab(data);
  if (['read', 'at', 'replay', 'check', 'records'].includes(data.type)) onReader(data as ToReader);
  else onEngine(data as ToWorker);
};

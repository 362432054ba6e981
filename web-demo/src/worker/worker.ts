// worker.ts - the one script of the page's workers: drives the engine, or reads a recorded run, as it is told first.
// Room: page. Threads: a worker; the page hears of it through messages only.
import type { ToReader, ToWorker } from '../protocol.ts';
import { onEngine } from './engine.ts';
import { onReader } from './reader.ts';

onmessage = ({ data }: MessageEvent<ToWorker | ToReader>) => {
  if (data.type === 'read' || data.type === 'at' || data.type === 'replay') onReader(data);
  else onEngine(data);
};

// module.mjs - wasm/index.ts over the real module in Node, and a run recorded by it.
// Room: wasm, tests. Threads: one.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import esbuild from 'esbuild';
import { PAGE, scratch } from './browser.mjs';

/** A source of this project, compiled. */
export async function compiled(path) {
  const out = join(scratch(), 'compiled.mjs');
  await esbuild.build({ entryPoints: [new URL(path, import.meta.url).pathname], outfile: out, bundle: true, format: 'esm' });
  return import(pathToFileURL(out).href);
}

export const { unpack } = await compiled(join('..', 'src', 'lzma.ts'));

/** The module as the page carries it. */
export const carried = () => unpack(Buffer.from(/<script id="engine" type="text\/plain">([^<]*)</.exec(readFileSync(PAGE, 'utf8'))[1], 'base64'));

/** The module with every function, and the page's, which exports those of calls.txt, as they were built. */
const built = process.env.GYRE_WASM ?? new URL('../../build/wasm/gyre.wasm', import.meta.url).pathname;
export const bytes = readFileSync(built);
export const ofPage = readFileSync(join(dirname(built), 'page.wasm'));

/** The loader, compiled from its source. */
export const loader = () => compiled('../../wasm/index.ts');

/** What makes a loop a Q-learner. */
export const Q_LEARNING = { explore: { from: 0.5, to: 0.05, over: 600 } };

/**
 * Runs the society, 12 loops that learn (by `learning`; else they are tuned), one whose values have names, and one that a gate stops halfway, on a
 * virtual clock. @returns a snapshot each 250 ms
 */
export function record(gyre, seconds, learning = {}) {
  const engine = gyre.engine({ driver: 'virtual', seed: 3n });
  engine.addSociety(20);
  for (let i = 1; i <= 12; i += 1) {
    engine.addLoop({
      name: `ship-${String(i).padStart(3, '0')}`, intervalMs: 100, group: 'ship', features: { mb_per_s: [1, 10, 100] },
      knobs: { level: [0, 1, 3, 6, 9], block_kib: [4, 16, 64] }, ...learning,
    });
  }
  const named = engine.addLoop({
    name: 'named', intervalMs: 200, jitter: null, knobs: { codec: ['zlib', 'none'], depth: { values: [1, 4], names: ['flat', 'deep'] } }, features: { request: ['read', 'write'] }, ...learning,
  });
  const careful = engine.addLoop({ name: 'careful', intervalMs: 100, gates: [{ kind: 'cpu' }, { kind: 'memory', closeAt: 90, openAt: 80 }] });
  const inbox = engine.subscribe('ship.>');
  engine.start();
  const frames = [];
  for (let to = 250; to <= seconds * 1000; to += 250) {
    engine.supply({ cpuPercent: 12, memoryPercent: to > seconds * 500 ? 91.25 : 40 });
    const link = Math.floor(to / 2500) % 2 === 0 ? 400 : 3;
    do {
      engine.advanceTo(to);
      for (const tick of engine.acquire()) {
        if (tick.info().loop === careful) {
          tick.complete();
          continue;
        }
        if (tick.info().loop === named) {
          const write = tick.info().number % 2;
          tick.feature('request', write);
          tick.reward((tick.knob('codec') === write ? 5 : 1) + tick.knob('depth'));
          tick.complete();
          continue;
        }
        tick.feature('mb_per_s', link);
        const level = tick.knob('level');
        tick.reward(link === 3 ? 9 - (level - 6) ** 2 / 8 : 300 / (1 + level));
        engine.publish('ship.sent', '{}');
        engine.remember({ text: `level ${level} over ${link} MB/s at ${engine.now.toFixed(3)}`, source: 'ship', wallMs: 1.7e12 + engine.now });
        tick.complete(frames.length === 20 ? { failed: 'on purpose' } : {});
      }
    } while (engine.now < to);
    inbox.drain();
    frames.push(engine.snapshot());
  }
  engine.destroy();
  return frames;
}

/** The snapshots as the text of a run.jsonl. */
export const recorded = (frames) =>
  [JSON.stringify({ gyre: JSON.parse(frames[0]).gyre, format: 1, seed: '3', loops: 18 }), ...frames].join('\n') + '\n';

/** The name of every field in a value, those of list elements under `[]`. */
export function fields(value, at = '', out = new Set()) {
  if (Array.isArray(value)) for (const element of value) fields(element, `${at}[]`, out);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      out.add(`${at}.${key}`);
      fields(inner, `${at}.${key}`, out);
    }
  }
  return out;
}

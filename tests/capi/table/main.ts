// main.ts - two loops for a minute of virtual time, their table and trace, in TypeScript.
// Method: one program in six languages; table.py compares what they print.
import { readFile } from 'node:fs/promises';
import { Gyre } from '../../../wasm/index.ts';

const gyre = await Gyre.load(await readFile(process.argv[2]));
const engine = gyre.engine({ driver: 'virtual', seed: 7n });
const ship = engine.addLoop({ name: 'ship', intervalMs: 20, knobs: { level: [0, 1, 3, 6, 9] } });
engine.addLoop({ name: 'poll', intervalMs: 50, knobs: { batch: [1, 4, 16] }, features: { load: [10, 20, 30] } });
let n = 0;
while (engine.now < 60_000) {
  engine.stepTo(60_000);
  for (const tick of engine.acquire()) {
    if (tick.info().loop === ship) {
      const level = tick.knob('level');
      tick.reward(level < 6 ? level : 12 - level);
      tick.complete();
    } else {
      const i = n++;
      const load = (i * 7) % 40;
      tick.feature('load', load);
      const batch = tick.knob('batch');
      if (i % 97 !== 96) tick.reward(load < 20 ? batch : 16 - batch);
      tick.complete(i % 97 === 96 ? { failed: 'now and then' } : {});
    }
  }
}
const of = (number: number, width: number, digits = 0) => number.toFixed(digits).padStart(width);
for (const l of JSON.parse(engine.snapshot()).loops) {
  const late = engine.histogram(l.id, 'late');
  console.log(`${l.name.padEnd(6)} ${of(l.cycles, 6)} ${of(l.errors, 4)} ${of(l.reward, 9, 3)} ${of(late[0]?.[1] ?? 0, 6)} of ${late.length}`);
}
console.log(`trace ${engine.traceHash()}`);

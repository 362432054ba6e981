// What a tuner costs in the module as it is shipped, by Node: node tuner_wasm.mjs <gyre.wasm>
// Room: bench. Threads: one. The service, the draws and the order of calls are those of cost_of() in
// tuning.cpp, so that as many hypotheses are left to weigh. Prints rows of JSON without a peer.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const beside = (path) => fileURLToPath(new URL(path, import.meta.url));
const esbuild = createRequire(beside('../web-demo/package.json'))('esbuild');
const folder = mkdtempSync(join(tmpdir(), 'gyre-bench-'));
const loader = join(folder, 'loader.mjs');
await esbuild.build({ entryPoints: [beside('../wasm/index.ts')], bundle: true, format: 'esm', outfile: loader });
const { Gyre } = await import(pathToFileURL(loader).href);
rmSync(folder, { recursive: true });
const gyre = await Gyre.load(readFileSync(process.argv[2]));

/** gyre::rng of core/rng.hpp. */
class Draws {
  constructor(seed, stream, purpose) {
    const stir = (z) => Draws.mixed(z + Draws.STEP);
    this.at = stir(stir(stir(stir(seed) ^ stream) ^ (purpose << 32n)) ^ 0x67797265n);
  }
  static STEP = 0x9e3779b97f4a7c15n;
  static mixed(z) {
    let x = BigInt.asUintN(64, z);
    x = BigInt.asUintN(64, (x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
    x = BigInt.asUintN(64, (x ^ (x >> 27n)) * 0x94d049bb133111ebn);
    return x ^ (x >> 31n);
  }
  next() {
    this.at += Draws.STEP;
    return Draws.mixed(this.at);
  }
  unit() {
    return Number(this.next() >> 11n) * 2 ** -53;
  }
  below(n) {
    return Number(((this.next() >> 32n) * BigInt(n)) >> 32n);
  }
  normal() {
    let sum = -6;
    for (let i = 0; i < 12; i += 1) sum += this.unit();
    return sum;
  }
}

const WARM_MS = 700; // until the engine has compiled it for speed
const ROUNDS = 1000; // short ones, so that one at least is undisturbed
/** Nanoseconds of one of `n`, best of the rounds. */
function nsEach(n, run) {
  for (const end = performance.now() + WARM_MS; performance.now() < end;) run(n);
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const begin = process.hrtime.bigint();
    run(n);
    best = Math.min(best, Number(process.hrtime.bigint() - begin) / n);
  }
  return best;
}

const steps = (n) => Array.from({ length: n }, (_, i) => i);
/** Nanoseconds of a choice and of an observation, over a service that has been learned. */
function costOf(states, knobs) {
  const named = (counts, letter) => Object.fromEntries(counts.map((n, i) => [`${letter}${i}`, steps(n)]));
  const tuner = gyre.tuner({ knobs: named(knobs, 'k'), features: states > 1 ? named([states - 1], 'f') : {}, seed: 1n });
  const actions = knobs.reduce((a, b) => a * b, 1);
  const { id } = tuner;
  const { gyre_tuner_choose: choose, gyre_tuner_observe: observe } = gyre.call;
  const [action, propensity] = [gyre.outWord, gyre.outWord + 8];
  const world = new Draws(1n, 77n, 8n);
  for (let i = 0; i < 2000; i += 1) {
    const state = world.below(states);
    const taken = tuner.choose(state).action;
    const off = taken / actions - 0.2 * state;
    tuner.observe(state, taken, 10 - 20 * off * off + world.normal());
  }
  let [sum, state, failed] = [0, 0, 0];
  const ns = {};
  const { view } = gyre;
  ns.choose = nsEach(100, (n) => {
    for (let i = 0; i < n; i += 1) {
      failed |= choose(id, state, 0, 0, action, propensity);
      sum += view.getUint32(action, true);
      state = state + 1 < states ? state + 1 : 0;
    }
  });
  ns.observe = nsEach(100, (n) => {
    for (let i = 0; i < n; i += 1) {
      failed |= observe(id, state, (sum + i) % actions, 9 + 0.1 * (i % 7));
      state = state + 1 < states ? state + 1 : 0;
    }
  });
  tuner.destroy();
  if (failed !== 0) throw new Error('the tuner refused a call');
  return ns;
}

function row(name, value, of) {
  console.log(JSON.stringify({
    name, value: Number(value.toPrecision(4)), unit: 'ns', peer: 'limit: twice the native', peer_value: null,
    conditions: `${of}; gyre.wasm in Node ${process.versions.node}, calls of the module, best of ${ROUNDS} rounds of 100`,
  }));
}
const small = costOf(4, [5, 3]);
const large = costOf(1, [6, 6, 6]);
row('learn.choose_ns_wasm', small.choose, '15 actions x 4 states');
row('learn.observe_ns_wasm', small.observe, '15 actions x 4 states');
row('learn.both_216_ns_wasm', large.choose + large.observe, '216 actions, one state');

// index.ts - gyre.wasm as typed classes: the module's only loader, for browsers, workers and Node.
// Room: wasm. Threads: one module belongs to one JavaScript thread; nothing here is shared.
//
// The module is standalone: no generated JavaScript stands between this file and capi/gyre.h. It
// cannot call back, so loops are *external*: acquire the due ticks, run them, complete them.
//
//     const gyre = await Gyre.load(await readFile('gyre.wasm'));
//     const engine = gyre.engine({ driver: 'host', seed: 1n });
//     engine.addLoop({ name: 'ship', intervalMs: 20, knobs: { level: [0, 1, 3, 6, 9] } });
//     engine.start();
//     engine.poll(performance.now() - t0);
//     for (const tick of engine.acquire()) {
//       tick.reward(ship(tick.knob('level')));
//       tick.complete();
//     }
export type { ArrayOf, Ends, Numbers, NumberType, Steps } from './columns.ts';
export { Dqn } from './dqn.ts';
export { Engine } from './engine.ts';
export { EXPORTS } from './exports.ts';
export { Learner, type Transitions } from './learner.ts';
export { type Pointer } from './memory.ts';
export { Gyre } from './module.ts';
export type {
  DqnMetrics, DqnOptions, EngineOptions, Feature, Gate, Knob, Learned, LearnerMetrics, LearnerOptions, LoopOptions, Message,
  Query, Recollection, ReplayMetrics, ReplayOptions, Report, Setting, SubscriptionOptions, TilesOptions, Transition,
  TunerOptions, Tuning, TuningMode,
} from './options.ts';
export { Replay, type Column, type Drawn, type DrawnPlaces, type Places, type Rows, type Schema } from './replay.ts';
export { GyreError, Status } from './status.ts';
export { Subscription } from './subscription.ts';
export { Tick } from './tick.ts';
export { Tiles } from './tiles.ts';
export { Tuner } from './tuner.ts';
export { loopWhatIf, whatIf, type Decision, type Estimate, type WhatIf } from './what_if.ts';

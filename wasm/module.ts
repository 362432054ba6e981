// module.ts - one instance of gyre.wasm: compiled, started, and what needs no engine.
// Room: wasm. Threads: one; nothing here is shared.
import { dqn, type Dqn } from './dqn.ts';
import { Engine } from './engine.ts';
import { EXPORTS, type Exported } from './exports.ts';
import { ENGINE_OPTIONS, LEARNER_OPTIONS, TUNER_OPTIONS } from './layouts.ts';
import { Learner } from './learner.ts';
import { Memory, pick, whole, word, type Call, type Pointer } from './memory.ts';
import type { DqnOptions, EngineOptions, LearnerOptions, ReplayOptions, TilesOptions, TunerOptions } from './options.ts';
import { replay, type Replay, type Schema } from './replay.ts';
import { GyreError, Status } from './status.ts';
import { tiles, type Tiles } from './tiles.ts';
import { Tuner } from './tuner.ts';
import { declare, learning, rails } from './tuning.ts';

/** One instance of the module. Everything made from it lives in its memory. */
export class Gyre extends Memory {
  /**
   * Compiles and starts a module. Throws when it is not gyre.wasm. One that was linked with fewer of its
   * functions, as the page's is, throws where one of the others is called.
   */
  static async load(source: BufferSource | WebAssembly.Module): Promise<Gyre> {
    const module = source instanceof WebAssembly.Module ? source : await WebAssembly.compile(source);
    const imports: Record<string, Record<string, Call>> = {
      env: { emscripten_notify_memory_growth: () => 0 }, // the views below notice by themselves
      wasi_snapshot_preview1: {
        proc_exit: (code) => {
          throw new GyreError(Status.INTERNAL, `the module ended with ${code}`);
        },
      },
    };
    for (const need of WebAssembly.Module.imports(module)) {
      if (!imports[need.module]?.[need.name]) {
        throw new GyreError(Status.ABI, `the module wants ${need.module}.${need.name}, which a standalone gyre.wasm does not`);
      }
    }
    const { exports } = await WebAssembly.instantiate(module, imports);
    if (!exports.memory) throw new GyreError(Status.ABI, 'the module does not export its memory');
    const fn = { ...exports } as Record<Exported, Call> & { memory: WebAssembly.Memory; _initialize?: () => void };
    for (const name of EXPORTS) {
      fn[name] ??= () => {
        throw new GyreError(Status.ABI, `the module does not export ${name}`);
      };
    }
    fn._initialize?.();
    return new Gyre(fn, fn.memory);
  }

  /** The library's version, "0.1.0". */
  get version(): string {
    return this.read(this.fn.gyre_version_string());
  }

  /** Makes an engine, stopped. @throws GyreError */
  engine(options: EngineOptions): Engine {
    const o = this.struct(ENGINE_OPTIONS, {
      driver: pick('driver', { host: 1, virtual: 2 }, options.driver),
      seed: options.seed ?? 0n,
      window_ms: options.windowMs ?? 0,
      memory_bytes: options.memoryBytes ?? 0,
      memory_ring: options.memoryRing ?? 0,
    });
    this.check(this.fn.gyre_engine_create(o, this.word, this.resetError()));
    return new Engine(this, this.u32(this.word));
  }

  /** A tuner by itself, for a loop of your own. @throws GyreError */
  tuner(o: TunerOptions): Tuner {
    return this.holding((hold) => {
      const features = o.features ?? {};
      const values = {
        knobs: declare(this, o.knobs, hold),
        knob_count: Object.keys(o.knobs).length,
        features: declare(this, features, hold),
        feature_count: Object.keys(features).length,
        seed: o.seed ?? 0n,
        tuning: rails(this, o.tuning, o.knobs, hold),
      };
      const at = this.struct(TUNER_OPTIONS, values);
      this.check(this.fn.gyre_tuner_create(at, this.word, this.resetError()));
      return new Tuner(this, this.u32(this.word));
    });
  }
  /** A replay buffer by itself. @throws GyreError */
  replay<S extends Schema>(o: ReplayOptions<S>): Replay<S> {
    return replay(this, o);
  }
  /** A learner by a network, for states that are numbers. @throws GyreError */
  dqn(o: DqnOptions): Dqn {
    return dqn(this, o);
  }
  /** A learner over tiles, for states that are a few numbers. @throws GyreError */
  tiles(o: TilesOptions): Tiles {
    return tiles(this, o);
  }
  /** A Q-learner by itself. @throws GyreError */
  learner(o: LearnerOptions): Learner {
    const at = this.struct(LEARNER_OPTIONS, {
      states: o.states,
      actions: o.actions,
      ...learning(o),
      sequential: o.sequential ? 1 : 0,
      replay_capacity: o.replayCapacity ?? 0,
      batch: o.batch ?? 0,
      every: o.every ?? 0,
      warmup: o.warmup ?? 0,
      seed: o.seed ?? 0n,
    });
    this.check(this.fn.gyre_learner_create(at, this.word, this.resetError()));
    return new Learner(this, this.u32(this.word));
  }
  /** `count` values from `first` to `last` in equal steps, for a knob. */
  linear(first: number, last: number, count: number): number[] {
    return this.range(this.fn.gyre_linear, first, last, count);
  }
  /** ... each the same multiple of the one before; both ends over 0. */
  geometric(first: number, last: number, count: number): number[] {
    return this.range(this.fn.gyre_geometric, first, last, count);
  }
  private range(make: Call, first: number, last: number, count: number): number[] {
    const n = Number(whole('count', count, 1, 65_537));
    return this.holding((hold) => {
      const at = hold(this.alloc(n * 8));
      this.resetError();
      this.check(make(first, last, n, at));
      return Array.from({ length: n }, (_, i) => this.f64(at + i * 8));
    });
  }

  /** Raw deflate inside the module's memory. @returns how many bytes came out. @throws GyreError */
  compressAt(from: Pointer, size: number, level: number, to: Pointer, cap: number): number {
    this.check(this.fn.gyre_compress(from, size, level, to, cap, this.word, this.resetError()));
    return this.u32(this.word);
  }

  /** Raw deflate of `data`. @param level 0..9 */
  compress(data: Uint8Array, level = 6): Uint8Array {
    const cap = data.length + (data.length >> 8) + 64;
    const at = this.alloc(data.length + cap);
    try {
      this.bytes.set(data, at);
      const n = this.compressAt(at, data.length, level, at + data.length, cap);
      return this.bytes.slice(at + data.length, at + data.length + n);
    } finally {
      this.free(at);
    }
  }

  /** Undoes compress(); `rawSize` bytes come out. @throws GyreError */
  decompress(data: Uint8Array, rawSize: number): Uint8Array {
    const at = this.alloc(data.length + word('rawSize', rawSize));
    try {
      this.bytes.set(data, at);
      this.check(this.fn.gyre_decompress(at, data.length, at + data.length, rawSize, this.resetError()));
      return this.bytes.slice(at + data.length, at + data.length + rawSize);
    } finally {
      this.free(at);
    }
  }
}

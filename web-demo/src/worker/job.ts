// job.ts - the demo's job on 120 external loops: compress a piece, send it over a modelled link, learn what pays.
// Room: page. Threads: the worker.
import { GyreError, Status, type Engine, type Gyre, type Pointer, type Tick } from '../../../wasm/index.ts';
import { LINK_FAST, LINK_SLOW, type Fault, type Job, type LinkMode, type Setting } from '../protocol.ts';
import { Refused } from '../refused.ts';
import type { Snapshot } from '../snapshot.ts';
import { MOST_FOUND, type LoopTimes, type Order } from '../source.ts';
import { FORMAT, toBytes, toText, type State } from './keep.ts';
import { PIECE, PIECES } from './texts.ts';

export const LEVELS = [0, 1, 3, 6, 9] as const;
export const BLOCKS = [4, 16, 64] as const;
export const LOOPS = 120;
/** With the society's four at 1/20 of their intervals (7 ticks a second) this makes 120 ticks a second in all. */
export const INTERVAL_MS = (LOOPS * 1000) / (120 - (1 / 0.5 + 1 / 0.25 + 1 / 3 + 1 / 1.5));
export const SOCIETY = 20;
const GROUP = 'ship';
const SLOW_MS = 2600; // over the timeout of 2 s
const AUTO_MS = 5000;
const SMOOTH_MS = 1000;
const FEW = 8; // ticks that do not yet make a mean: right after a change of the link
const PAIRS = LEVELS.length * BLOCKS.length;
const CELLS = PAIRS * PIECES;
const SPEEDS = [LINK_FAST, LINK_SLOW] as const;

/** MB of input per second of compressing plus transfer. */
function earned(cpuMs: number, sent: number, mbPerS: number): number {
  return PIECE / 1e6 / ((cpuMs + sent / (mbPerS * 1e3)) / 1000);
}

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const median = (values: number[]) => (values.length === 0 ? null : ([...values].sort((a, b) => a - b)[values.length >> 1] as number));

/** The first round runs code that the browser has not yet compiled well: it is measured and forgotten. */
const FIRST_CELLS = 2 * CELLS;

/**
 * What each fixed setting earns on the same pieces, measured between the ticks and never finished:
 * a machine that becomes slower moves the dotted lines as well. As with the loops, rewards are averaged,
 * not times: a browser's clock is coarse, and the mean of quotients is not the quotient of means.
 */
class Calibration {
  measured = 0;
  private readonly cells = SPEEDS.map(() => new Float64Array(CELLS));
  private reward: number[][] = SPEEDS.map(() => []);
  private fixed = -1;

  constructor(private readonly ship: (piece: number, level: number, block: number) => [number, number]) {}

  get ready(): boolean {
    return this.measured >= FIRST_CELLS;
  }

  /** Measures one setting on one piece. */
  step(): void {
    const cell = this.measured % CELLS;
    const pair = cell % PAIRS;
    const [cpu, sent] = this.ship(Math.floor(cell / PAIRS), LEVELS[Math.floor(pair / BLOCKS.length)] as number, BLOCKS[pair % BLOCKS.length] as number);
    SPEEDS.forEach((speed, i) => {
      const row = this.cells[i] as Float64Array;
      const now = earned(cpu, sent, speed);
      row[cell] = this.measured < FIRST_CELLS ? now : 0.6 * (row[cell] as number) + 0.4 * now;
    });
    this.measured += 1;
    if (this.ready && this.measured % PAIRS === 0) this.sum();
  }

  private sum(): void {
    this.reward = this.cells.map((row) =>
      Array.from({ length: PAIRS }, (_, pair) =>
        mean(Array.from({ length: PIECES }, (_p, piece) => row[piece * PAIRS + pair] as number)),
      ),
    );
    let best = -1;
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const score = this.score(pair);
      if (score > best) [best, this.fixed] = [score, pair];
    }
  }

  /** Mean over the two speeds of a pair's reward divided by the best pair's there. */
  private score(pair: number): number {
    return mean(this.reward.map((row) => (row[pair] as number) / Math.max(...row)));
  }

  /** What each pair earns at this speed; null until all have been measured. */
  private at(mbPerS: number): number[] | null {
    return this.fixed < 0 ? null : (this.reward[SPEEDS.indexOf(mbPerS as 3 | 400)] as number[]);
  }

  private setting(pair: number, row: number[]): Setting {
    const reward = row[pair] as number;
    return { level: LEVELS[Math.floor(pair / BLOCKS.length)] as number, blockKib: BLOCKS[pair % BLOCKS.length] as number, reward, share: reward / Math.max(...row) };
  }

  bestAt(mbPerS: number): Setting | null {
    const row = this.at(mbPerS);
    return row && this.setting(row.indexOf(Math.max(...row)), row);
  }
  fixedAt(mbPerS: number): Setting | null {
    const row = this.at(mbPerS);
    return row && this.setting(this.fixed, row);
  }
  /** What all settings earn alike. */
  randomAt(mbPerS: number): number | null {
    const row = this.at(mbPerS);
    return row && mean(row);
  }

  /** What these settings earn, each as often as it is named, over what all settings earn alike. */
  gainAt(mbPerS: number, settings: { level: number; block: number }[]): number | null {
    const row = this.at(mbPerS);
    if (!row) return null;
    const earns = (s: { level: number; block: number }) =>
      row[LEVELS.indexOf(s.level as 0) * BLOCKS.length + BLOCKS.indexOf(s.block as 4)] as number;
    return mean(settings.map(earns)) / mean(row);
  }
}

/** The loops, the link, what is broken, and the figures since the last report. */
export class World {
  private readonly engine: Engine;
  private readonly names = new Map<number, string>();
  private readonly text: Pointer;
  private readonly room: Pointer;
  private readonly cap: number;
  private readonly calibration: Calibration;
  private readonly inbox;
  private mode: LinkMode = 'auto';
  private modeSince = 0;
  private fault: { loop: string; kind: Fault } = { loop: '', kind: 'none' };
  private turnNo = 0;
  private readonly wanted = new Map<string, State['loops'][number]>(); // what a state or a visitor says of loops, by name
  private readonly slow: { tick: Tick; at: number }[] = [];
  private shipped: { at: number; link: number; reward: number; score: number | null; level: number; block: number }[] = [];

  /** `state`: of a run before, which it goes on from. Throws Refused, or the engine's own error, where that is wrong. */
  constructor(
    private readonly gyre: Gyre,
    texts: Uint8Array,
    seed: number,
    state: State | null = null,
  ) {
    this.engine = gyre.engine({ driver: 'host', seed: BigInt(seed) });
    this.text = gyre.alloc(texts.length);
    gyre.bytes.set(texts, this.text);
    this.cap = PIECE + 4096;
    this.room = gyre.alloc(this.cap);
    this.calibration = new Calibration((piece, level, block) => this.ship(piece, level, block));
    this.engine.addSociety(SOCIETY);
    try {
      if (state) this.goOn(state);
    } catch (error) {
      this.destroy();
      throw error;
    }
    this.inbox = this.engine.subscribe('ship.>', { capacity: 1024, overflow: 'drop_oldest' });
    this.engine.start();
  }

  get added(): number {
    return this.names.size;
  }

  /** Adds the next loop; one after the other over an interval, so that their ticks do not come at once. */
  addNext(): void {
    const name = `ship-${String(this.names.size + 1).padStart(3, '0')}`;
    const id = this.engine.addLoop({
      name,
      intervalMs: INTERVAL_MS,
      group: GROUP,
      features: { mb_per_s: [1, 10, 100] },
      knobs: { level: LEVELS, block_kib: BLOCKS },
    });
    this.names.set(id, name);
    const as = this.wanted.get(name);
    if (as) this.set(id, as);
  }

  private set(id: number, as: State['loops'][number]): void {
    if (as.interval_ms !== null) this.engine.reconfigure(id, { intervalMs: as.interval_ms });
    if (as.paused) this.engine.pause(id);
  }
  private goOn(state: State): void {
    this.mode = state.link;
    for (const loop of state.loops) this.wanted.set(loop.name, loop);
    for (const l of this.rows()) {
      const as = this.wanted.get(l.name);
      if (as) this.set(l.id, as);
    }
    this.addNext(); // with its group's learner
    if (this.engine.load(toBytes(state.engine)) > 0) throw new Refused('what it has learned is of other settings');
  }
  private rows(): Snapshot['loops'] {
    return (JSON.parse(this.engine.snapshot()) as Snapshot).loops;
  }

  /** What a World can go on from. */
  state(seed: number, speed: number): State {
    return {
      gyre_state: FORMAT, gyre: this.gyre.version, seed, link: this.mode, speed,
      loops: this.rows().map((l) => ({ name: l.name, interval_ms: this.wanted.get(l.name)?.interval_ms ?? null, paused: l.state === 'paused' })).filter((l) => l.paused || l.interval_ms !== null),
      engine: toText(this.engine.save()),
    };
  }
  /** Frees all that it has in the module. */
  destroy(): void {
    this.engine.destroy();
    this.gyre.free(this.text);
    this.gyre.free(this.room);
  }

  start(): void {
    this.engine.start();
  }
  stop(): void {
    this.engine.stop(1);
  }
  setLink(mode: LinkMode, nowMs: number): void {
    this.mode = mode;
    this.modeSince = nowMs;
  }
  setFault(loop: string, kind: Fault): void {
    this.fault = { loop, kind };
  }

  /** What only one loop is told. */
  tell(order: Extract<Order, { type: 'pause' | 'resume' | 'trigger' | 'interval' }>, id: number | undefined): void {
    if (id === undefined) return;
    if (order.type === 'interval') {
      this.engine.reconfigure(id, { intervalMs: order.ms });
      this.wanted.set(order.loop, { name: order.loop, interval_ms: order.ms, paused: false });
    }
    else this.engine[order.type](id);
  }

  private link(nowMs: number): number {
    if (this.mode !== 'auto') return this.mode === 'fast' ? LINK_FAST : LINK_SLOW;
    return Math.floor((nowMs - this.modeSince) / AUTO_MS) % 2 === 0 ? LINK_FAST : LINK_SLOW;
  }

  /** Compresses one piece in blocks. @returns [ms, bytes that come out] */
  private ship(piece: number, level: number, blockKib: number): [number, number] {
    const from = this.text + piece * PIECE;
    const size = blockKib * 1024;
    let sent = 0;
    const start = performance.now();
    for (let at = 0; at < PIECE; at += size) sent += this.gyre.compressAt(from + at, size, level, this.room, this.cap);
    return [performance.now() - start, sent];
  }

  private work(tick: Tick, name: string, mbPerS: number, nowMs: number): void {
    const start = performance.now();
    tick.feature('mb_per_s', mbPerS);
    const level = tick.knob('level');
    const block = tick.knob('block_kib');
    const [cpuMs, sent] = this.ship(this.turnNo++ % PIECES, level, block);
    const reward = earned(cpuMs, sent, mbPerS);
    tick.reward(reward);
    const best = this.calibration.bestAt(mbPerS);
    this.shipped.push({ at: nowMs, link: mbPerS, reward, score: best ? reward / best.reward : null, level, block });
    this.engine.publish(`ship.${name.slice(5)}.sent`, `{"level":${level},"block_kib":${block},"bytes":${sent},"mb_per_s":${reward.toFixed(2)}}`);
    this.engine.remember({
      text: `${name} sent ${PIECE} bytes as ${sent} at level ${level} in blocks of ${block} KiB over ${mbPerS} MB/s: ${cpuMs.toFixed(1)} ms to compress, ${reward.toFixed(2)} MB/s`,
      source: name,
      tags: ['ship'],
    });
    tick.complete({ tookMs: Math.max(0.001, performance.now() - start) });
  }

  private broken(tick: Tick, kind: Fault, nowMs: number): void {
    if (kind === 'throw') {
      tick.complete({ failed: 'the remote end closed the connection (broken on purpose)' });
      return;
    }
    this.slow.push({ tick, at: nowMs + SLOW_MS });
  }

  /** Hands back those that took too long: the engine has counted a timeout. */
  private late(nowMs: number): void {
    while (this.slow[0] && this.slow[0].at <= nowMs) {
      try {
        this.slow.shift()?.tick.complete({ tookMs: SLOW_MS });
      } catch (error) {
        if (!(error instanceof GyreError)) throw error;
      }
    }
  }

  /** One turn of the host: everything that is due at `nowMs`. @returns when to come again. */
  turn(nowMs: number): number {
    const next = this.engine.poll(nowMs);
    this.late(nowMs);
    const mbPerS = this.link(nowMs);
    for (const tick of this.engine.acquire()) {
      const name = this.names.get(tick.info().loop) ?? '';
      try {
        if (name === this.fault.loop && this.fault.kind !== 'none') this.broken(tick, this.fault.kind, nowMs);
        else this.work(tick, name, mbPerS, nowMs);
      } catch (error) {
        if (!(error instanceof GyreError) || error.status !== Status.CANCELLED) throw error;
      }
    }
    this.inbox.drain();
    return next ?? nowMs + 20;
  }

  calibrate(): void {
    this.calibration.step();
  }
  get calibrated(): boolean {
    return this.calibration.ready;
  }

  /** Records with this text in them, as JSON. */
  recall(text: string): string {
    return this.engine.recall({ text, limit: MOST_FOUND });
  }
  buckets(id: number | undefined): LoopTimes | null {
    const of = (times: keyof LoopTimes) => this.engine.histogram(id as number, times);
    return id === undefined ? null : { latency: of('latency'), window: of('window'), late: of('late') };
  }
  snapshot(): string {
    return this.engine.snapshot();
  }

  /** The figures of the last second at the link speed of now. */
  report(nowMs: number, busy: number): Omit<Job, 'speed' | 'pace' | 'held'> {
    const link = this.link(nowMs);
    const [best, random] = [this.calibration.bestAt(link), this.calibration.randomAt(link)];
    this.shipped = this.shipped.filter((s) => s.at > nowMs - SMOOTH_MS && s.link === link);
    const of = (pick: (s: World['shipped'][number]) => number | null) => this.shipped.map(pick).filter((v) => v !== null);
    const meanOf = (values: number[]) => (values.length >= FEW ? mean(values) : null);
    return {
      linkMode: this.mode,
      link,
      reward: meanOf(of((s) => s.reward)),
      score: meanOf(of((s) => s.score)),
      fixed: this.calibration.fixedAt(link),
      best,
      random,
      randomShare: best && random !== null ? random / best.reward : null,
      gain: this.shipped.length >= FEW ? this.calibration.gainAt(link, this.shipped) : null,
      level: median(of((s) => s.level)),
      blockKib: median(of((s) => s.block)),
      busy,
      memoryBytes: this.gyre.residentBytes,
      fault: { ...this.fault },
      calibrated: this.calibration.measured,
      calibrateFirst: FIRST_CELLS,
    };
  }
}

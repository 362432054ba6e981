// subscription.ts - takes messages off the bus, one at a time.
// Room: wasm. Threads: those of the module: one.
import { MESSAGE, type Kind } from './layouts.ts';
import type { Memory, Pointer } from './memory.ts';
import type { Message } from './options.ts';
import { GyreError, Status } from './status.ts';

/** A polled subscription. */
export class Subscription {
  constructor(
    private readonly gyre: Memory,
    /** The subscription's id. */
    readonly id: number,
  ) {}

  /** The next message; null: none waits. */
  poll(): Message | null {
    const { gyre } = this;
    const at = (field: string) => (MESSAGE.at[field] as [number, Kind])[0];
    let record: Pointer = 0;
    try {
      gyre.grown((buf, cap, needed) => {
        gyre.resetError();
        record = gyre.struct(MESSAGE, {});
        return gyre.call.gyre_bus_poll(this.id, record, buf, cap, needed);
      });
    } catch (error) {
      if (error instanceof GyreError && error.status === Status.NOT_FOUND) return null;
      throw error;
    }
    const [topic, payload] = [gyre.u32(record + at('topic')), gyre.u32(record + at('payload'))];
    const size = gyre.u32(record + at('payload_size'));
    return {
      topic: gyre.decode(topic, gyre.u32(record + at('topic_size'))),
      payload: gyre.bytes.slice(payload, payload + size),
      atMs: gyre.f64(record + at('at_ms')),
      sequence: gyre.view.getBigUint64(record + at('sequence'), true),
    };
  }

  /** Takes and throws away what waits, at most `most`; returns how many. */
  drain(most = 1024): number {
    let n = 0;
    while (n < most && this.poll() !== null) n += 1;
    return n;
  }
  /** Ends it; what waits is dropped. */
  close(): void {
    this.gyre.resetError();
    this.gyre.check(this.gyre.call.gyre_bus_unsubscribe(this.id));
  }
}

// status.ts - the numbers that calls return, and the error that is thrown for each but OK.
// Room: wasm. Threads: plain values.

/** The status numbers of gyre.h; they never change. */
export const Status = {
  OK: 0, ARG: -1, STATE: -2, NOMEM: -3, STALE: -4, KIND: -5, NOT_FOUND: -6, EXISTS: -7, BUFFER: -8,
  TIMEOUT: -9, REENTRANT: -10, CANCELLED: -11, OVERFLOW: -12, BUDGET: -13, BREAKER_OPEN: -14, IO: -15,
  CORRUPT: -16, FORMAT: -17, UNSUPPORTED: -18, ABI: -19, CALLBACK: -20, FORKED: -23, INTERNAL: -99,
} as const;

/** A call that did not return GYRE_OK. Nothing has changed in the module. */
export class GyreError extends Error {
  override readonly name = 'GyreError';
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
  }
}

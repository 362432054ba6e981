// status.ts - the numbers that calls return, and the error that is thrown for each but OK.
// Room: wasm. Threads: plain values.

export { Status } from './layouts.ts';

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

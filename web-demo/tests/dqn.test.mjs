// dqn.test.mjs - a dqn of gyre.wasm learns the bits that a native one learns.
// Room: wasm, tests. Method: golden; the same steps, and the same number, as in tests/capi/dqn.cpp.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const built = process.env.GYRE_WASM ?? new URL('../../build/wasm/gyre.wasm', import.meta.url).pathname;

/** CRC-32C, bit by bit. */
function crc32c(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

test('what a dqn has learned in the module has the bits that it has natively', async () => {
  const module = await WebAssembly.compile(readFileSync(built));
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = () => 0;
  const { exports: call } = await WebAssembly.instantiate(module, imports);
  call._initialize?.();
  const steps = 500;
  const [options, hidden, out, needed] = [call.gyre_alloc(136), call.gyre_alloc(8), call.gyre_alloc(8), call.gyre_alloc(8)];
  const [seen, next, actions, rewards, flags] = [8, 8, 4, 8, 4].map((width) => call.gyre_alloc(width * steps));
  const view = () => new DataView(call.memory.buffer);
  new Uint8Array(call.memory.buffer, options, 136).fill(0);
  new Uint32Array(call.memory.buffer, hidden, 2).set([8, 6]);
  for (const [at, value] of [[0, 136], [4, 2], [8, 3], [12, 2], [16, hidden]]) view().setUint32(options + at, value, true);
  for (const [at, value] of [[112, 16], [120, 16], [124, 300]]) view().setUint32(options + at, value, true);
  assert.equal(call.gyre_dqn_create(options, out, 0), 0);
  const dqn = view().getUint32(out, true);
  for (let i = 0; i < steps; i += 1) {
    for (let k = 0; k < 2; k += 1) {
      view().setFloat32(seen + 8 * i + 4 * k, ((i * 7 + k * 3) % 11) - 5, true);
      view().setFloat32(next + 8 * i + 4 * k, ((i * 7 + 7 + k * 3) % 11) - 5, true);
    }
    view().setUint32(actions + 4 * i, i % 3, true);
    view().setFloat64(rewards + 8 * i, (i % 3) - ((i * 7) % 11) / 8, true);
    view().setUint32(flags + 4 * i, i % 13 === 12 ? 1 : i % 17 === 16 ? 2 : 0, true);
  }
  assert.equal(call.gyre_dqn_observe(dqn, seen, actions, rewards, next, flags, steps), 0);
  assert.equal(call.gyre_dqn_save(dqn, 0, 0, needed), -8);
  const size = view().getUint32(needed, true);
  const at = call.gyre_alloc(size);
  assert.equal(call.gyre_dqn_save(dqn, at, size, needed), 0);
  const bytes = new Uint8Array(call.memory.buffer, at, size).slice();
  assert.equal(crc32c(bytes.subarray(0, size - 4)), 0x540f4a36);
  assert.equal(new DataView(bytes.buffer).getUint32(size - 4, true), 0x540f4a36);
  assert.equal(call.gyre_dqn_destroy(dqn), 0);
});

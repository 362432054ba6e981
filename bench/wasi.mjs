// Runs a standalone WebAssembly program of fixed memory in Node: node wasi.mjs <program.wasm>
import { readFile } from 'node:fs/promises';
import { WASI } from 'node:wasi';

const wasi = new WASI({ version: 'preview1' });
const { instance } = await WebAssembly.instantiate(await readFile(process.argv[2]), {
  wasi_snapshot_preview1: wasi.wasiImport,
});
wasi.start(instance);

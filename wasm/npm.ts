// npm.ts - what the npm package gives: the loader, and load(), which finds the module beside itself.
// Room: wasm. Threads: as index.ts.
import { Gyre } from './module.ts';

export * from './index.ts';

type Source = BufferSource | WebAssembly.Module | Response | URL | string;

/** Compiles and starts gyre.wasm: the package's own, or what is given, which a bundler may name
 *  (`import url from 'gyre/gyre.wasm'`): its address, a response, its bytes, a compiled module. */
export async function load(source: Source | Promise<Response> = new URL('./gyre.wasm', import.meta.url)): Promise<Gyre> {
  const given = await source;
  if (typeof given !== 'string' && !(given instanceof URL)) {
    return Gyre.load(given instanceof Response ? await given.arrayBuffer() : given);
  }
  if (given instanceof URL && given.protocol === 'file:') {
    const name = 'node:fs/promises'; // as a variable, which bundlers leave alone
    const { readFile } = (await import(name)) as { readFile: (path: URL) => Promise<Uint8Array<ArrayBuffer>> };
    return Gyre.load(await readFile(given));
  }
  const response = await fetch(given);
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${response.statusText}`);
  return Gyre.load(await response.arrayBuffer());
}

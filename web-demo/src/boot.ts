// boot.ts - unpacks the page's program and runs it: packed like the module it is a tenth smaller than by gzip.
// Room: page. Threads: the page's main thread.
import { unpack } from './lzma.ts';

try {
  const packed = document.getElementById('program')?.textContent ?? '';
  const program = document.createElement('script');
  // The policy has the hash of exactly this text.
  program.textContent = new TextDecoder().decode(unpack(Uint8Array.from(atob(packed), (c) => c.charCodeAt(0))));
  document.body.append(program);
} catch {
  document.body.textContent = 'The bytes of this page are damaged: load it again, or take another copy.';
}

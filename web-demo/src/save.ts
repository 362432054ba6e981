// save.ts - hands the visitor a file.
// Room: page. Threads: the page's main thread.

const KEPT_MS = 60_000; // a browser may ask where to, before it reads

export function save(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}

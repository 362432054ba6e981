// begin.ts - starts a worker of the page.
// Room: page. Threads: the page's main thread.

declare const GYRE_WORKER: string; // the bundled worker, put in by tools/build.mjs

/** `hear` gets its messages; `fail` gets, in words, why it can do no more. */
export function begin<Message>(hear: (message: Message) => void, fail: (why: string) => void): Worker {
  const url = URL.createObjectURL(new Blob([GYRE_WORKER], { type: 'text/javascript' }));
  const worker = new Worker(url);
  URL.revokeObjectURL(url);
  worker.onmessage = ({ data }: MessageEvent<Message>) => hear(data);
  worker.onerror = (event) => {
    event.preventDefault();
    fail('the browser ended it');
  };
  return worker;
}

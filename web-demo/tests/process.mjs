// process.mjs - the demo in a process of its own, and a second client of its server.
// Room: page, tests. Threads: one.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PAGE } from './browser.mjs';

const TREE = fileURLToPath(new URL('../..', import.meta.url));

/** A process of the demo, once it has told its address; null where the demo was built without a server. */
export function launch(port, folder) {
  const child = spawn(process.env.GYRE_DEMO, ['--live', String(port), '--page', PAGE, '--out', folder, '--tree', TREE], { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((done, fail) => {
    let said = '';
    const hear = (bytes) => {
      said += bytes;
      const found = /http:\/\/\S+/.exec(said);
      if (found) done({ child, url: found[0] });
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', (status) => (/cpp-httplib|less than 512 KiB/.test(said) ? done(null) : fail(new Error(`${status}: ${said}`))));
  });
}

/** A second client of the same rate: snapshots by number, until it is stopped. */
export function listen({ origin, searchParams }) {
  const kept = new Map();
  const stop = new AbortController();
  const run = async () => {
    const answer = await fetch(`${origin}/v1/stream?hz=4`, { headers: { Authorization: `Bearer ${searchParams.get('token')}` }, signal: stop.signal });
    let text = '';
    for await (const bytes of answer.body.pipeThrough(new TextDecoderStream())) {
      text += bytes;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const [, data] = /^event: snapshot\ndata: (.*)$/s.exec(text.slice(0, end)) ?? [];
        if (data) kept.set(JSON.parse(data).seq, JSON.parse(data));
        text = text.slice(end + 2);
      }
    }
  };
  /** The one of this number, once it has come. */
  const snapshot = async (seq) => {
    const end = Date.now() + 10000;
    while (!kept.has(seq) && Date.now() < end) await new Promise((done) => setTimeout(done, 20));
    assert.ok(kept.has(seq), `snapshot ${seq} was sent to the page alone`);
    return kept.get(seq);
  };
  return { kept, snapshot, stop: () => stop.abort(), ended: run().catch(() => undefined) };
}

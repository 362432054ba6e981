// stranger.mjs - a server that is none of gyre's: it serves the page as one would, and streams whatever a test has it say.
// Room: page, tests. Threads: one.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { PAGE } from './browser.mjs';

export const META = { gyre: '0.1.0', format: 1, host: 'there', pid: 7, program: 'other', engine: 'another', since_ms: 1.7e12, control: true, record: false, period_ms: 250 };
/** An event of a stream; an object is written as JSON. */
export const said = (name, data) => `event: ${name}\ndata: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

/** `url` is to be opened; `close` ends all. `streams(say, n)` begins the n-th stream, from 0, by `say`; a number that it gives back is the status instead. */
export async function stranger(streams, { answers = () => '{}' } = {}) {
  const page = readFileSync(PAGE, 'utf8').replace('<html lang="en">', '<html lang="en" data-served>').replace("connect-src 'none'", "connect-src 'self'");
  let count = 0;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://here');
    if (pathname === '/') return response.setHeader('Content-Type', 'text/html').end(page);
    if (pathname !== '/v1/stream') return response.end(answers(pathname));
    const beat = setInterval(() => response.write(said('beat', {})), 1000);
    response.on('close', () => clearInterval(beat));
    response.setHeader('Content-Type', 'text/event-stream');
    const status = streams((text) => response.write(text), count++, () => clearInterval(beat));
    if (typeof status !== 'number') return undefined;
    clearInterval(beat);
    return response.writeHead(status).end();
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

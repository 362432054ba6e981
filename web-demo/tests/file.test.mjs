// file.test.mjs - the built file itself: its size, its policy, its notices, and the lock file behind it.
// Room: page, tests. Method: read the bytes.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { unpack } from './module.mjs';

const path = process.env.GYRE_PAGE ?? new URL('../gyre.html', import.meta.url).pathname;
const html = readFileSync(path, 'utf8');
const program = Buffer.from(unpack(Buffer.from(/<script id="program" type="text\/plain">([^<]*)</.exec(html)[1], 'base64'))).toString();
const hash = (text) => createHash('sha256').update(text).digest('base64');

test('the page is at most 250 KiB gzip and its module 165 KB', () => {
  assert.ok(gzipSync(html, { level: 9 }).length <= 250 * 1024);
  const module = /<script id="engine" type="text\/plain">([^<]*)</.exec(html)[1];
  assert.ok(module.length > 1000, 'there is a module');
  assert.ok((module.length * 3) / 4 <= 165_000);
});

test('the policy allows this script and this style and nothing from anywhere', () => {
  const csp = /Content-Security-Policy" content="([^"]*)"/.exec(html)[1];
  const script = html.slice(html.lastIndexOf('<script>') + 8, html.lastIndexOf('</script>'));
  const style = /<style>([\s\S]*?)<\/style>/.exec(html)[1];
  assert.ok(csp.includes(`'sha256-${hash(script)}'`));
  assert.ok(csp.includes(`'sha256-${hash(program)}'`));
  assert.ok(csp.includes(`'sha256-${hash(style)}'`));
  assert.match(csp, /default-src 'none'/);
  assert.match(csp, /connect-src 'self'/); // the process that serves it; a file has none
  assert.doesNotMatch(csp, /unsafe-inline|unsafe-eval'(?<!wasm-unsafe-eval')|https?:|\*/);
  assert.doesNotMatch(html, /<(?:link|img|script|iframe)[^>]+(?:src|href)="(?!data:)/);
});

test('the notices name everything that is inside', () => {
  const packages = ['preact', '@preact/signals', '@preact/signals-core', 'uplot', 'valibot', 'd3-dispatch', 'd3-force', 'd3-quadtree', 'd3-timer'];
  for (const name of packages) {
    const about = JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8'));
    assert.ok(program.includes(`${name} ${about.version}, ${about.license}`), name);
    const folder = new URL(`../node_modules/${name}/`, import.meta.url);
    const terms = readFileSync(new URL(readdirSync(folder).find((f) => /^licen[cs]e/i.test(f)), folder), 'utf8');
    assert.ok(program.includes(/^.*Copyright.*$/m.exec(terms)[0].trim()), `the terms of ${name}`);
  }
  const own = readFileSync(new URL('../../LICENSE', import.meta.url), 'utf8');
  assert.ok(program.includes(/^.*Copyright.*$/m.exec(own)[0].trim()), 'our own');
  for (const name of ['zlib', 'Jean-loup Gailly', 'Emscripten', 'musl', 'Rich Felker', 'Sun Microsystems', 'Arm Limited', 'libc++', 'compiler-rt', 'dlmalloc', 'viridis']) {
    assert.ok(program.includes(name), name);
  }
});

test('the lock file names no host', () => {
  const lock = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
  assert.doesNotMatch(lock, /https?:\/\/[^"]*regist|"resolved"/);
  assert.match(lock, /"integrity"/);
});

test('every package runs on the Node of Debian 12, which tools/setup installs there', () => {
  const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
  const wanted = Object.entries(packages).filter(([, about]) => about.engines?.node);
  assert.ok(wanted.length > 5);
  for (const [name, { engines }] of wanted) assert.ok(Math.min(...[...engines.node.matchAll(/(?<![.\d])\d+/g)].map(Number)) <= 18, `${name || 'the page'}: ${engines.node}`);
});

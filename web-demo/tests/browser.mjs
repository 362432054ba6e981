// browser.mjs - opens the page in Chromium and keeps everything it said, asked for and was told by its worker.
// Room: page, tests. Threads: one.
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

export const PAGE = resolve(process.env.GYRE_PAGE ?? new URL('../gyre.html', import.meta.url).pathname);
export const TABS = ['overview', 'loops', 'qlearning', 'symbiosis', 'memory', 'events'];
export const THEMES = ['light', 'dark'];

/** The loop that tests break. */
export const VICTIM = 'ship-007';

/**
 * Keeps what the worker tells the page, so that a test can compare what is shown with what is true, and
 * can measure by the worker's own clock (`now`): how late a busy machine draws or asks does not matter.
 */
function listen(victim) {
  const Native = window.Worker;
  const MOST = 400;
  const WORDS = new Set(['name', 'group', 'state', 'running', 'gate', 'breaker_open', 'last_error', 'open', 'value_name', 'from', 'to', 'declared', 'kind']);
  /** The rows that columns.ts carries, written anew: what has come so far is in `now`. */
  const rowsOf = ({ length, anew, columns, words }, now) => {
    if (anew) Object.assign(now, { columns: new Map(), words: [] });
    now.words.push(...words);
    for (const [name, at, values] of columns) {
      if (!now.columns.has(name)) now.columns.set(name, new Float64Array(length).fill(NaN));
      values.forEach((value, k) => (now.columns.get(name)[at ? at[k] : k] = value));
    }
    const rows = Array.from({ length }, () => ({}));
    for (const [name, values] of now.columns) {
      const path = name.split('.');
      const key = path.pop();
      rows.forEach((row, i) => {
        const value = WORDS.has(key) ? now.words[values[i]] : values[i] === -Infinity ? null : values[i];
        if (value === undefined || Number.isNaN(value)) return;
        const last = path.reduce((part, step) => (part[step] ??= ['gates', 'knobs', 'features'].includes(step) ? [] : {}), row);
        if (key !== 'length') last[key] = value;
      });
    }
    return rows;
  };
  window.advised = []; // recommendations beside those of the engine
  window.told = { count: 0, snap: null, rows: [] };
  window.Worker = class extends Native {
    constructor(url) {
      super(url);
      window.engineWorker ??= this;
      const [loops, nodes, edges] = [{}, {}, {}].map(() => ({ columns: new Map(), words: [] }));
      this.addEventListener('message', ({ data }) => {
        data.snap?.symbiosis.recommendations.unshift(...window.advised);
        if (data.type !== 'snapshot') return;
        const { symbiosis } = data.snap;
        const snap = { ...data.snap, loops: rowsOf(data.snap.loops, loops), symbiosis: { ...symbiosis, nodes: rowsOf(symbiosis.nodes, nodes), edges: rowsOf(symbiosis.edges, edges) } };
        const p99 = snap.loops.filter((l) => l.group === 'ship' && l.name !== victim && l.window.p99_ms !== null).map((l) => l.window.p99_ms);
        window.told.count += 1;
        window.told.snap = snap;
        window.told.rows.push({
          now: snap.now_ms, ticks: snap.totals.ticks, job: data.job, victim: snap.loops.find((l) => l.name === victim),
          neighbours: p99.sort((a, b) => a - b)[p99.length >> 1] ?? null,
        });
        window.told.rows.splice(0, window.told.rows.length - MOST);
      });
    }
  };
}

let browser;
/** Opens the page, or the one at `file` or `url`. */
export async function open({ file = PAGE, url = pathToFileURL(file).href, ...options } = {}) {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const said = [];
  const asked = [];
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => said.push(`error: ${error.message}`));
  page.on('request', (request) => asked.push(request.url()));
  await page.addInitScript(listen, VICTIM);
  await page.goto(url);
  return {
    page,
    said,
    /** Requests beside the page itself and what it made in memory. */
    requests: () => asked.filter((other) => other !== url && !/^(blob|data):/.test(other)),
    close: () => context.close(),
  };
}

export async function quit() {
  await browser?.close();
  browser = undefined;
}

/** The 120 loops and the society run, and every fixed setting has been measured. */
export async function warm(page) {
  await page.waitForFunction(() => window.told.snap?.totals.loops === 124 && window.told.rows.at(-1).job.fixed !== null, null, { timeout: 60000 });
}

/** For all tests of a file: opens the page, waits until it is `ready`, and gives it to `take`; at their end it is closed. */
export function visit(take, { ready = warm, ...options } = {}) {
  let it;
  before(async () => {
    it = await open(options);
    take(it);
    await ready(it.page);
  });
  after(async () => {
    await it?.close();
    await quit();
  });
}

/** Until the engine's own clock has moved on by `ms`. */
export async function passes(page, ms) {
  const from = await page.evaluate(() => window.told.rows.at(-1).now);
  await page.waitForFunction((to) => window.told.rows.at(-1).now >= to, from + ms, { timeout: ms * 4 + 20000 });
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** What axe finds by all of its rules, best practices included. */
export async function violations(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  return page.evaluate(async () => {
    const result = await window.axe.run(document, { resultTypes: ['violations'] });
    return result.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.failureSummary}`).join(' | ')}`);
  });
}

/** A hash of everything that can be seen, canvases included. */
export const picture = (page) =>
  page.evaluate(async () => {
    const all = document.body.innerHTML + [...document.querySelectorAll('canvas')].map((c) => c.toDataURL()).join();
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(all));
    return [...new Uint8Array(hash)].map((b) => b.toString(16).padStart(2, '0')).join('');
  });

/** Waits until the page stands still, however long what was under way takes to be drawn. @returns its picture */
export async function still(page) {
  let last = await picture(page);
  for (let i = 0; i < 40; i += 1) {
    await page.waitForTimeout(500);
    const next = await picture(page);
    if (next === last) return next;
    last = next;
  }
  throw new Error('the page does not come to rest within 20 s');
}

/** CPU seconds so far of the threads of this name in the browser that this process started. */
export function cpuSeconds(thread) {
  const stat = (path) => {
    try {
      const text = readFileSync(path, 'utf8');
      return text.slice(text.lastIndexOf(')') + 2).split(' ');
    } catch {
      return null; // it ended while we looked
    }
  };
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const parent = new Map(pids.map((pid) => [pid, stat(`/proc/${pid}/stat`)?.[1]]));
  const ours = (pid) => pid === String(process.pid) || (parent.has(pid) && parent.get(pid) !== '0' && ours(parent.get(pid)));
  let ticks = 0;
  for (const pid of pids.filter((p) => parent.get(p) && ours(p))) {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      try {
        if (!readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').startsWith(thread)) continue;
      } catch {
        continue;
      }
      const fields = stat(`/proc/${pid}/task/${task}/stat`);
      if (fields) ticks += Number(fields[11]) + Number(fields[12]);
    }
  }
  return ticks / 100;
}

/** Seconds of CPU that the page's thread takes for `does`. */
export async function cpuOf(page, does) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const taken = async () => (await session.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration').value;
  const from = await taken();
  await does();
  const to = await taken();
  await session.detach();
  return to - from;
}

export const tab = (page, name) => page.click(`#tab-${name}`);
export const theme = (page, name) => page.locator(`label:has(input[name=theme][value=${name}])`).click();
export const segment = (page, name, value) => page.locator(`label:has(input[name=${name}][value=${value}])`).click();
/** The number in a text; what is shown as <0.01 counts as 0. */
/**
 * What the page does with a recommendation is tried on a loop that nothing else changes, whatever the graph says by then:
 * the recommendation is put into the snapshots, and the orders that follow from it go where they always go.
 */
export async function advise(page, what, name) {
  await page.evaluate(([w, n]) => (window.advised = [`${w} ${n}: it ${w === 'boost' ? 'helps' : 'hurts'} ship-009 (weight ${w === 'boost' ? '' : '-'}0.60)`]), [what, name]);
  await tab(page, 'symbiosis');
  const line = page.locator('.advice li').filter({ hasText: `${what} ${name}:` });
  return { follow: () => line.locator('.button:has-text("Run it every")').click(), undo: () => line.locator('.button:has-text("Back to")').click() };
}

export const number = (text) => (text.includes('<') ? 0 : Number(text.replace(/[^0-9.-]/g, '')));
export const figure = async (page, name) => number(await page.locator(`[data-figure="${name}"] .value, span[data-figure="${name}"]`).first().innerText());
export const scratch = () => mkdtempSync(join(tmpdir(), 'gyre-page-'));

/** Moves the slider of time to `to`, and waits until the figures of that moment are shown. */
export async function scrub(page, to) {
  const at = await page.locator('#scrub').evaluate((input, value) => {
    input.value = value;
    input.dispatchEvent(new Event('input', { bubbles: true }));
    return input.value;
  }, to);
  await page.waitForSelector(`.strip.time[data-shown="${at}"]`);
}

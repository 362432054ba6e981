// browser.mjs - opens the page in Chromium and keeps everything it said, asked for and was told by its worker.
// Room: page, tests. Threads: one.
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

export const PAGE = resolve(process.env.GYRE_PAGE ?? new URL('../gyre.html', import.meta.url).pathname);
export const TABS = ['overview', 'loops', 'qlearning', 'symbiosis', 'memory'];
export const THEMES = ['light', 'dark'];

/** Keeps what the worker tells the page, so that a test can compare what is shown with what is true. */
function listen() {
  const Native = window.Worker;
  window.told = { count: 0, snap: null, jobs: [] };
  window.Worker = class extends Native {
    constructor(url) {
      super(url);
      this.addEventListener('message', ({ data }) => {
        if (data.type !== 'snapshot') return;
        window.told.count += 1;
        window.told.snap = JSON.parse(data.json);
        window.told.jobs.push({ ...data.job, at: performance.now() });
        window.told.jobs.splice(0, window.told.jobs.length - 200);
      });
    }
  };
}

let browser;
export async function open(options = {}) {
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
  await page.addInitScript(listen);
  await page.goto(pathToFileURL(PAGE).href);
  return {
    page,
    said,
    /** Requests beside the page itself and what it made in memory. */
    requests: () => asked.filter((url) => url !== pathToFileURL(PAGE).href && !/^(blob|data):/.test(url)),
    close: () => context.close(),
  };
}

export async function quit() {
  await browser?.close();
  browser = undefined;
}

/** The 120 loops and the society run, and every fixed setting has been measured. */
export async function warm(page) {
  await page.waitForFunction(() => window.told.snap?.totals.loops === 124 && window.told.jobs.at(-1).fixed !== null, null, { timeout: 30000 });
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

export const tab = (page, name) => page.click(`#tab-${name}`);
export const theme = (page, name) => page.locator(`label:has(input[name=theme][value=${name}])`).click();
export const segment = (page, name, value) => page.locator(`label:has(input[name=${name}][value=${value}])`).click();
export const number = (text) => Number(text.replace(/[^0-9.-]/g, ''));
export const figure = async (page, name) => number(await page.locator(`[data-figure="${name}"] .value, span[data-figure="${name}"]`).first().innerText());
export const scratch = () => mkdtempSync(join(tmpdir(), 'gyre-page-'));

// picture.mjs - the README's picture from the page: npm run picture -- [--page <page.html>] [--out <page.png>]
// Room: page, tools. Threads: one. Takes about a minute: the page is to have something to show.
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: {
    page: { type: 'string', default: resolve(root, 'gyre.html') },
    out: { type: 'string', default: resolve(root, '../docs/page.png') },
  },
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
await page.goto(pathToFileURL(resolve(process.env.INIT_CWD ?? '.', values.page)).href);
const link = (mode) => page.locator(`label:has(input[name=link][value=${mode}])`).click();
await link('fast');
await page.waitForTimeout(22000);
await link('slow');
await page.waitForTimeout(14000);
await link('fast');
await page.waitForTimeout(9000);
await link('slow');
await page.waitForTimeout(7000);
const out = resolve(process.env.INIT_CWD ?? '.', values.out);
mkdirSync(dirname(out), { recursive: true });
await page.screenshot({ path: out });
await browser.close();
const size = statSync(out).size;
console.log(`${out}: ${(size / 1024).toFixed(0)} KiB`);
if (size >= 300_000) throw new Error('the picture is over 300 KB');

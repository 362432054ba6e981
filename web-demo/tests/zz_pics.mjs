import { open, quit, tab, warm, theme, passes } from './browser.mjs';
const [out, widths, tabs, themes, hash] = process.argv.slice(2);
for (const w of widths.split(',').map(Number)) {
  const it = await open({ viewport: { width: w, height: w < 500 ? 780 : 900 } });
  await warm(it.page);
  await passes(it.page, 3000);
  for (const th of themes.split(',')) {
    await theme(it.page, th);
    for (const t of tabs.split(',')) {
      await tab(it.page, t);
      if (hash) await it.page.evaluate((h) => { location.hash = h; }, `#${t}?${hash}`);
      await it.page.waitForTimeout(700);
      if (process.env.CLICK) await it.page.click(process.env.CLICK).catch(() => 0);
      await it.page.waitForTimeout(300);
      await it.page.screenshot({ path: `${out}/${t}-${w}-${th}.png`, fullPage: true });
    }
  }
  console.log(w, it.said);
  await it.close();
}
await quit();

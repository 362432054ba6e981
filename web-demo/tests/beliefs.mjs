// beliefs.mjs - compares the Learning tab with a learner of the snapshot that it shows.
// Room: page, tests. Threads: one.
import assert from 'node:assert/strict';
import { figure, number } from './browser.mjs';

/** As a text with so many digits would be read again: half of its last digit, and what binary numbers lack. */
const close = (text, value, what) => {
  const shown = number(text.replace('\u2212', '-'));
  const digits = text.split('.')[1]?.match(/^\d*/)[0].length ?? 0;
  assert.ok(Math.abs(shown - value) <= 0.51 * 10 ** -digits, `${what}: ${text} is ${value}`);
};

/** The values of a setting, the first knob declared the most significant. */
function values(knobs, action) {
  let rest = action;
  return knobs.toReversed().map((k) => {
    const at = rest % k.values.length;
    rest = (rest - at) / k.values.length;
    return String(k.values[at]);
  }).toReversed();
}

/** The tab of a tuner: each state that was seen, and nothing of replay. */
export async function tuned(page, learner) {
  assert.equal(learner.tunes, true);
  assert.equal(await page.locator('[data-figure=replay], .meter').count(), 0, 'a tuner replays nothing');
  const { tuning: t } = learner;
  const seen = learner.reports.map((r, state) => ({ ...r, state })).filter((r) => r.observations > 0);
  const total = seen.reduce((n, r) => n + r.observations, 0);
  const trying = seen.reduce((sum, r) => sum + r.trying * r.observations, 0) / total;
  for (const [name, want, digits] of [
    ['table', learner.states * learner.actions, 0], ['q_values', learner.q_values, 0], ['observations', learner.observations, 0],
    ['trying', trying * 100, 1], ['changes', t.changes, 0], ['held', t.held_by_budget + t.held_by_steps + (t.held_by_forbid ?? 0) + (t.held_by_limits ?? 0), 0],
    ['memory', t.bytes / 1024, 1], ['sharing', t.sharing * 100, 1], ['decisions', learner.decisions, 0], ['held_by_steps', t.held_by_steps, 0],
  ]) {
    const shown = await figure(page, name);
    assert.ok(Math.abs(shown - want) <= 0.51 * 10 ** -digits, `${name}: ${shown} is ${want}`);
  }
  close(await page.locator('[data-figure=mean_reward] .value').innerText(), learner.mean_reward, 'mean reward');
  const baseline = seen.some((r) => r.baseline !== null);
  assert.equal(await page.locator('[data-figure=may_lose]').count(), baseline ? 1 : 0);
  for (const [name, want] of baseline ? [['held_by_budget', t.held_by_budget], ['lost_reward', t.lost], ['may_lose', t.may_lose]] : []) {
    close(await page.locator(`[data-figure=${name}] .value`).innerText(), want, name);
  }
  const rows = await page.$$eval('#belief-table tbody tr[data-state]', (list) =>
    list.map((tr) => [Number(tr.dataset.state), [...tr.cells].slice(1).map((td) => [td.dataset.field, td.textContent])]),
  );
  assert.deepEqual(rows.map(([state]) => state), seen.map((r) => r.state));
  rows.forEach(([state, cells], i) => {
    const r = seen[i];
    assert.deepEqual(cells.filter(([field]) => field === 'best').map(([, text]) => text), values(learner.knobs, r.best), `state ${state}`);
    const of = Object.fromEntries(cells);
    const [low, high] = of.interval.split(' to ');
    assert.equal('baseline' in of, baseline);
    for (const [text, want, what] of [
      [of.estimate, r.estimate, 'earns'], [low, r.low, 'low'], [high, r.high, 'high'], [of.probability, r.probability * 100, 'probability'],
      [of.trying, r.trying * 100, 'trying'], [of.noise, r.noise, 'noise'], [of.observations, r.observations, 'observed'],
    ]) close(text, want, `state ${state}, ${what}`);
    assert.equal(of.avoided, seen.some((other) => (other.avoided ?? 0) > 0) ? String(r.avoided) : undefined);
    if (r.baseline !== null) close(of.baseline, r.baseline, `state ${state}, baseline`);
    assert.equal(of.last_change, r.last_change > 0 ? `tick ${r.last_change.toLocaleString('en-US')}` : 'never');
  });
  const limits = await page.$$eval('#limit-table tbody tr', (list) => list.map((tr) => [...tr.cells].map((c) => c.textContent)));
  assert.deepEqual(limits.map(([name, , broken]) => [name, broken]), (learner.limits ?? []).map((l) => [l.name.replaceAll('_', ' '), `${l.broken.toLocaleString("en-US")} of ${l.observations.toLocaleString("en-US")}`]));
  limits.forEach(([, , , best], i) => best.split(' · ').forEach((text, k) => close(text, learner.limits[i].at_best[seen[k].state], 'at best')));
  const stars = await page.$$eval('.heat-cell.top', (list) => list.map((c) => c.dataset.cell));
  const tried = seen.filter((r) => learner.visits[r.state * learner.actions + r.best] > 0);
  assert.deepEqual(stars.sort(), tried.map((r) => `${r.state},${r.best}`).sort(), 'the stars are what it reports');
}

/** The tab of a Q-learner: its replay, and no beliefs. */
export async function replayed(page, learner) {
  assert.notEqual(learner.tunes, true);
  assert.equal(await page.locator('#belief-table').count(), 0);
  for (const [name, want] of [['q_values', learner.q_values], ['replay', learner.replay.size], ['added', learner.replay.total_added]]) {
    assert.equal(await figure(page, name), want, name);
  }
}

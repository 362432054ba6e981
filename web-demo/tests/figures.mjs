// figures.mjs - the contract of the page's sources: each figure of each tab equals the snapshot that it shows.
// Room: page, tests. Threads: one.
import assert from 'node:assert/strict';
import { replayed, tuned } from './beliefs.mjs';
import { tab } from './browser.mjs';

const size = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
/** The numbers in a text, each with half of its last digit, of which whole numbers may have three. What is shown as less than a number is that or less. */
function told(text) {
  const plain = text.replaceAll('\u2212', '-').replaceAll(',', '');
  return [...plain.matchAll(/(<|~)?(-?\d+)(?:\.(\d+))?/g)].map(([, sign, whole, rest]) => {
    const value = Number(rest === undefined ? whole : `${whole}.${rest}`);
    const half = 0.51 * 10 ** -(rest?.length ?? 0);
    return sign === '<' ? [value / 2, value / 2 + 1e-9] : [value, rest === undefined && whole.length > 3 ? 0.51 * 10 ** (whole.length - 3) : half];
  });
}
/** `want` is a text, a number, or numbers that stand in the text in this order; null is shown as a dash. */
function equals(text, want, what, scale = 1) {
  if (typeof want === 'string') return assert.equal(text, want, what);
  const all = (Array.isArray(want) ? want : [want]).filter((v) => v !== null && v !== undefined);
  const found = told(text);
  assert.equal(found.length, all.length, `${what}: “${text}” is to say ${all}`);
  all.forEach((v, i) => assert.ok(Number.isInteger(v) && scale === 1 ? found[i][0] === v : Math.abs(found[i][0] * scale - v) <= found[i][1] * scale, `${what}: “${text}” is ${v}`));
}

const clock = (s) => (s >= 3600 ? `${Math.floor(s / 3600)}:${String(Math.floor(s / 60) % 60).padStart(2, '0')}` : String(Math.floor(s / 60))) + `:${String(Math.floor(s) % 60).padStart(2, '0')}`;
const bytes = (n) => ({ bytes: n });

function overview(s) {
  const { totals: t, bus: b, memory: m } = s;
  return {
    cycles: t.ticks, active: t.active, latency: t.avg_ms, error_rate: t.error_rate * 100, dropped: b.dropped, delivered: b.delivered, score: s.symbiosis.score,
    uptime: clock(s.uptime_s), cpu: s.process.cpu_percent, published: b.published, 'bus-delivered': b.delivered, Pending: b.pending, 'bus-dropped': b.dropped,
    Expired: b.expired, 'Dead letters': b.dead_lettered, Subscriptions: b.subscriptions, 'Delivery p50': b.p50_ms, 'Delivery p99': b.p99_ms, Health: b.health,
    Driver: `${s.driver}, ${s.shards} shard${s.shards === 1 ? '' : 's'}`, lost: [t.shed, t.gaps, t.lost_threads], 'Ticks missed / gated': [t.missed, t.gated],
    'Memory kept': bytes(m.resident_bytes), Engine: s.gyre, Seed: s.seed, trace: s.trace, Snapshot: s.seq,
  };
}
function loops({ totals: t, loops: list }) {
  return {
    Loops: t.loops, Cycles: t.ticks, 'Backing off': list.filter((l) => l.state === 'backing_off').length, Timeouts: t.timeouts, Gated: t.gated,
    'Duration p50': t.p50_ms, 'Duration p95': t.p95_ms, 'Lateness p50': t.late_p50_ms,
  };
}
const part = (l) => Math.min(1, Math.max(0, l.vitality ?? l.health));
function symbiosis({ symbiosis: g, loops: all }) {
  const declared = g.edges.filter((e) => e.declared).length;
  return {
    'part-sum': all.reduce((sum, l) => sum + part(l), 0), 'part-loops': all.length, 'part-whole': all.filter((l) => part(l) >= 0.9995).length,
    nodes: g.nodes.length, edges: g.edges.length, 'Declared / learned': [declared, g.edges.length - declared], density: g.density, components: g.components,
    Cycles: g.cycles, synergies: g.synergies, conflicts: g.conflicts,
  };
}
function memory({ memory: m, store }) {
  return {
    processed: m.remembered, archived: m.archived, pruned: m.pruned, compressions: m.compressions, blocks: m.block_count, raw: bytes(m.raw_bytes), stored: bytes(m.stored_bytes),
    saved: m.saved_percent, resident: bytes(m.resident_bytes), Used: (100 * m.resident_bytes) / m.budget_bytes, Resident: bytes(m.resident_bytes), Budget: bytes(m.budget_bytes),
    'Records a block': m.block_count > 0 ? m.in_blocks / m.block_count : null, 'Mean ratio': m.stored_bytes > 0 ? m.raw_bytes / m.stored_bytes : null,
    ...(store ? { Committed: store.committed, Durable: store.durable, Journal: bytes(store.file_bytes) } : {}),
  };
}
/** What only the demo's job and the page's own history know. */
const BESIDE = ['rate', 'busy', 'Pieces measured', 'state', 'streak', 'own-p99', 'neighbours', 'Dropped, by why'];

const under = (n) => ({ under: n });
const zone = (score) => ['failing', 'strained', 'good', 'thriving'][[0.3, 0.7, 0.9].filter((from) => score >= from).length];
/** What stands under a tile's figure, each number of it in its order; “p99” is one too. A text is all of it. */
function beneath({ totals: t, bus: b, memory: m, process: p, symbiosis: g }) {
  return {
    overview: {
      active: [t.loops, t.stuck], latency: [99, t.p99_ms], error_rate: [t.errors + t.timeouts + t.cancelled], dropped: [b.delivered], score: zone(g.score), uptime: [99, t.late_p99_ms],
      cpu: under(p.resident_bytes),
    },
    loops: {
      Loops: [t.active, t.stuck], 'Backing off': [t.errors], Timeouts: [t.cancelled], Gated: t.shed > 0 ? [t.shed, t.missed] : [t.missed], 'Duration p50': [t.avg_ms],
      'Duration p95': [99, t.p99_ms], 'Lateness p50': [99, t.late_p99_ms],
    },
    memory: {
      processed: 'records remembered', archived: [m.evicted], pruned: [m.consolidated], compressions: [m.block_count], raw: 'before compression', stored: 'after it', saved: 'of all remembered',
      resident: under(m.budget_bytes),
    },
  };
}

async function tiles(page, name, snap) {
  const want = beneath(snap)[name];
  const shown = (await page.$$eval(`#panel-${name} .tile`, (list) => list.map((e) => [e.dataset.figure, e.querySelector('.sub').textContent]))).filter(([figure]) => !['cycles', 'Cycles', 'busy'].includes(figure));
  assert.deepEqual(shown.map(([figure]) => figure), Object.keys(want).filter((figure) => figure !== 'cpu' || shown.some(([other]) => other === 'cpu')));
  for (const [figure, text] of shown) {
    const value = want[figure];
    if (value.under === undefined) equals(text, value, `${name}, under ${figure}`);
    else equals(/[\d.,]+/.exec(text)[0], value.under, `${name}, under ${figure}`, size[/[KMG]?i?B/.exec(text)[0]]);
  }
}

/** What a chart's legend says is of the snapshot that is shown. */
async function legend(page, id, want) {
  const texts = await page.$$eval(`.chart:has([id="${id}-table"]) .legend b`, (list) => list.map((b) => b.textContent));
  assert.equal(texts.length, want.length, id);
  texts.forEach((text, i) => equals(text, want[i], `${id}, line ${i + 1}`));
}
/** As the page takes it: of an even number the higher of the two in the middle. */
const median = (list) => list.filter((v) => v !== null).sort((a, b) => a - b)[list.filter((v) => v !== null).length >> 1] ?? null;

/** The drawer of a loop: all that is known of it. */
async function drawer(page, snap, l) {
  await page.click(`[data-loop="${l.name}"] .row-name`);
  await page.waitForSelector('.drawer');
  const of = Object.fromEntries(await page.$$eval('.drawer [data-figure]', (list) => list.map((e) => [e.dataset.figure, (e.querySelector('.value') ?? e).textContent])));
  for (const [name, want] of [
    ['Group', l.group || 'none'], ['loop-cycles', l.cycles], ['Errors / timeouts / cancelled', [l.errors, l.timeouts, l.cancelled]], ['Failures in a row', l.streak],
    ['Missed / gated / shed', [l.missed, l.gated, l.shed]], ['Interval now', l.interval_ms], ['loop-interval', l.configured_ms], ['Throttle', l.throttle], ['Health', l.health * 100],
  ]) equals(of[name], want, `${l.name}, ${name}`);
  assert.ok(of['loop-state'].includes(l.state.replace('_', ' ')));
  const parts = [l.window, l.latency, l.late];
  await table(page, '#drawer-times', ['min', 'avg', 'p50', 'p95', 'p99', 'p999', 'max'].map((part) => [undefined, ...parts.map((of) => of[`${part}_ms`])]));
  const learned = await page.$eval('.drawer .grid', (e) => e.textContent);
  for (const k of l.knobs) assert.ok(learned.includes(`to ${k.value_name ?? k.value}`), `${l.name}: ${learned}`);
  assert.ok(learned.includes(l.last_error ? `Last error: “${l.last_error}”` : 'It has not failed.'), learned);
  await page.click('#close-loop');
}

/** Every figure of a tab is looked for, and each that is there is known. */
async function named(page, name, want) {
  const shown = await page.$$eval(`#panel-${name} [data-figure]`, (list) => list.map((e) => [e.dataset.figure, (e.querySelector('.value') ?? e).textContent, e.querySelector('.unit')?.textContent ?? '']));
  const known = shown.filter(([figure]) => !BESIDE.includes(figure));
  for (const [figure, text, unit] of known) {
    assert.ok(figure in want, `${name}: ${figure} is a figure that the contract does not know`);
    const value = want[figure];
    const scale = typeof value === 'object' && value !== null && !Array.isArray(value) ? value.bytes : null;
    const [, number, of] = /^(\S+) ?(\S*)$/.exec(text) ?? [];
    if (scale === null) equals(text, value, `${name}, ${figure}`);
    else equals(number, scale, `${name}, ${figure}`, size[of || unit]);
  }
  return known.map(([figure]) => figure);
}

const CELLS = {
  cycles: (l) => l.cycles, errors: (l) => l.errors, timeouts: (l) => l.timeouts, rate: (l) => l.error_rate * 100, streak: (l) => l.streak, gated: (l) => l.gated, missed: (l) => l.missed,
  shed: (l) => l.shed, interval: (l) => l.interval_ms, avg: (l) => l.latency.avg_ms, p50: (l) => l.latency.p50_ms, p95: (l) => l.latency.p95_ms, p99: (l) => l.latency.p99_ms,
  max: (l) => l.latency.max_ms, late: (l) => l.late.p99_ms, reward: (l) => l.reward, vitality: (l) => l.vitality,
};

async function loopTable(page, snap) {
  const rows = await page.$$eval('#loop-table tbody tr[data-loop]', (list) => list.map((tr) => [tr.dataset.loop, [...tr.querySelectorAll('td')].map((td) => [td.dataset.field, td.textContent])]));
  assert.deepEqual(rows.map(([name]) => name), snap.loops.map((l) => l.name));
  rows.forEach(([name, cells], i) => {
    const l = snap.loops[i];
    for (const [field, text] of cells) {
      if (field === 'state') assert.ok(text.includes(l.state.replace('_', ' ')), `${name}: ${text}`);
      else if (field === 'knobs') equals(text, l.knobs.length > 0 ? l.knobs.map((k) => k.value_name ?? k.value) : null, `${name}, knobs`);
      else equals(text, CELLS[field](l), `${name}, ${field}`);
    }
  });
}

async function table(page, selector, want) {
  const rows = await page.$$eval(`${selector} tbody tr`, (list) => list.filter((tr) => !tr.querySelector('.empty-row')).map((tr) => [...tr.cells].map((c) => c.textContent)));
  assert.equal(rows.length, want.length, selector);
  rows.forEach((cells, i) => want[i].forEach((v, k) => v === undefined || equals(cells[k], v, `${selector}, row ${i + 1}, column ${k + 1}`)));
}

/** Compares every tab with `snap`, which is the one that stands still on the page. */
export async function contract(page, snap) {
  assert.equal(await page.locator('main').getAttribute('data-seq'), String(snap.seq));
  await tab(page, 'overview');
  const all = await named(page, 'overview', overview(snap));
  for (const figure of ['cycles', 'latency', 'Delivery p99', 'trace', 'Snapshot']) assert.ok(all.includes(figure), figure);
  await tiles(page, 'overview', snap);
  const recent = snap.loops.map((l) => l.window).filter((w) => w.count > 0);
  await legend(page, 'ticks', [median(recent.map((w) => w.p50_ms)), median(recent.map((w) => w.p95_ms)), Math.max(...recent.map((w) => w.max_ms))]);
  await tab(page, 'loops');
  await tiles(page, 'loops', snap);
  assert.equal((await named(page, 'loops', loops(snap))).length, 8);
  await loopTable(page, snap);
  for (const l of [snap.loops[0], snap.loops.at(-1)]) await drawer(page, snap, l);
  await tab(page, 'qlearning');
  const [learner] = snap.learners;
  if (learner) {
    await (learner.tunes ? tuned : replayed)(page, learner);
    const cells = await page.$$eval('[data-cell]', (list) => list.map((c) => [c.dataset.cell, c.dataset.q]));
    assert.ok(cells.length > 0);
    for (const [cell, q] of cells) {
      const [state, action] = cell.split(',').map(Number);
      const at = state * learner.actions + action;
      if (learner.visits[at] > 0) assert.equal(Number(q), learner.q[at], `cell ${cell}`);
      else assert.equal(q, '', `cell ${cell}`);
    }
  }
  await tab(page, 'symbiosis');
  assert.ok((await named(page, 'symbiosis', symbiosis(snap))).length >= 8);
  assert.equal(Number(await page.locator('.gauge').getAttribute('data-score')), snap.symbiosis.score);
  const name = (end) => snap.loops.find((l) => l.id === end || l.name === end).name.replaceAll('_', ' ');
  for (const [id, declared] of [['#edge-table', true], ['#learned-table', false]]) {
    await table(page, id, snap.symbiosis.edges.filter((e) => e.declared === declared).slice(0, 100).map((e) => [name(e.from), name(e.to), `${{ synergy: '+', conflict: '−', neutral: '·' }[e.kind]} ${e.kind}`, e.weight, e.confidence]));
  }
  const lacking = snap.loops.filter((l) => part(l) < 0.9995).sort((a, b) => part(a) - part(b)).slice(0, 40);
  await table(page, '#part-table', lacking.map((l) => [l.name.replaceAll('_', ' '), l.vitality === null ? 'health' : 'vitality', part(l), (100 * (1 - part(l))) / snap.loops.length]));
  await legend(page, 'symbiosis', [snap.symbiosis.score]);
  const ends = new Set(snap.symbiosis.edges.flatMap((e) => [name(e.from), name(e.to)]));
  await table(page, '#linked-table', snap.symbiosis.nodes.filter((n) => ends.has(n.name.replaceAll('_', ' '))).slice(0, 100)
    .map((n) => [n.name.replaceAll('_', ' '), n.cycles, n.health * 100, n.vitality, n.p95_ms]));
  assert.deepEqual(await page.$$eval('.advice-text', (list) => list.map((e) => e.textContent)), snap.symbiosis.recommendations.slice(0, 40).map((text) => text.replaceAll(' -> ', ' → ')));
  const mean = snap.loops.reduce((sum, l) => sum + part(l), 0) / snap.loops.length;
  assert.ok(Math.abs(mean - snap.symbiosis.score) < 1e-6, 'the parts make the score');
  await tab(page, 'memory');
  assert.ok((await named(page, 'memory', memory(snap))).length >= 14);
  await tiles(page, 'memory', snap);
  await table(page, '#block-table', snap.memory.blocks.map((b) => [undefined, b.count, b.raw_bytes, b.stored_bytes, [b.raw_bytes / b.stored_bytes, 1]]));
}

/**
 * A loop's drawer, while its engine stands: the bars of each histogram are all of its ticks, and its percentiles lie in those
 * bars where the ticks of their rank are. A recording (`bars` false) has the percentiles alone, and says so. Of a process the
 * clock `goes` on while its engine stands, and its newest ticks become old ones meanwhile.
 */
export async function spreads(page, loop, { bars = true, goes = false } = {}) {
  await tab(page, 'loops');
  await page.click(`[data-loop=${loop.name}] .row-name`);
  if (bars) await page.waitForSelector('.spread-bar');
  else await page.waitForSelector('.drawer .note:text("Percentiles alone")');
  const drawn = await page.$$eval('.spread', (list) => list.map((f) => [f.dataset.spread, [...f.querySelectorAll('.spread-bar')].map((b) => ['data-ticks', 'x', 'width'].map((name) => Number(b.getAttribute(name)))), [...f.querySelectorAll('.spread-mark')].map((m) => Number(/^M([\d.]+)/.exec(m.getAttribute('d'))[1]))]));
  await page.click('#close-loop');
  assert.deepEqual(drawn.map(([title]) => title), ['Newest ticks', 'Since the start', 'Lateness']);
  drawn.forEach(([title, boxes, marks], i) => {
    const l = [loop.window, loop.latency, loop.late][i];
    if (l.count > 0) assert.equal(marks.length, 3, title);
    if (!bars) return assert.equal(boxes.length, 0, title);
    if (goes && title === 'Newest ticks') return;
    assert.equal(boxes.reduce((sum, [ticks]) => sum + ticks, 0), l.count, `${title}: ${boxes}`);
    [0.5, 0.95, 0.99].forEach((share, k) => {
      let rank = Math.ceil(share * l.count);
      const [, x, width] = boxes.find(([ticks]) => (rank -= ticks) <= 0) ?? [];
      if (l.count > 0) assert.ok(marks[k] >= x - 0.6 && marks[k] <= x + width + 0.6, `${title}: ${share} at ${marks[k]} of ${boxes}`);
    });
  });
}

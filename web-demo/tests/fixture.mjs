// fixture.mjs - a made-up run.jsonl for tests of the recorded-run player; the live page never sees it.
// Room: page, tests. Threads: one.

const LEVELS = [0, 1, 3, 6, 9];
const BLOCKS = [4, 16, 64];
const SOCIETY = ['awareness', 'emotional_decay', 'memory_consolidation', 'curiosity'];
const EDGES = [
  ['awareness', 'curiosity', 0.7], ['awareness', 'emotional_decay', 0.5], ['emotional_decay', 'curiosity', -0.3],
  ['memory_consolidation', 'awareness', 0.4], ['curiosity', 'memory_consolidation', 0.6],
];

function latency(n, scale) {
  return { count: n, min_ms: 0.2 * scale, avg_ms: scale, p50_ms: 0.9 * scale, p95_ms: 2.1 * scale, p99_ms: 3.4 * scale, p999_ms: 4 * scale, max_ms: 4.4 * scale };
}

/** What the made-up tuner, whose baseline is its last action, knows of each state after `s` seconds. */
function reports(s, ticks, q, visits) {
  const learned = Math.exp(-s / 3);
  return [0, 1, 2, 3].map((st) => {
    const row = q.slice(st * 15, st * 15 + 15);
    const [most, observations] = [Math.max(...row), visits.slice(st * 15, st * 15 + 15).reduce((a, b) => a + b, 0)];
    const wide = most * (0.02 + 0.5 * learned);
    return {
      observations, best: row.indexOf(most), estimate: most, low: most - wide, high: most + wide, probability: 0.97 - 0.9 * learned,
      trying: observations > 0 ? 0.02 + 0.9 * learned : 14 / 15, baseline: observations > 0 ? row[14] : null, noise: 0.1 * most,
      last_change: st === 1 && observations > 0 ? Math.round(ticks / 2) : 0, avoided: st === 3 ? 2 : 0,
    };
  });
}

/** The snapshot at the i-th quarter of a second, as edge/json.hpp writes it. */
export function snapshot(i) {
  const s = i / 4;
  const slow = Math.floor(s / 2.5) % 2 === 1;
  const ticks = Math.round(120 * s);
  const learned = 1 - Math.exp(-s / 3);
  const names = [...SOCIETY, ...Array.from({ length: 120 }, (_, k) => `ship-${String(k + 1).padStart(3, '0')}`)];
  const loops = names.map((name, k) => {
    const worker = k >= 4;
    const n = worker ? Math.round(ticks / 120) : Math.round(s / [0.5, 0.25, 3, 1.5][k]);
    const scale = worker ? 1.1 + ((k * 37) % 40) / 50 : 0.08;
    return {
      id: 268435457 + k, name, group: worker ? 'ship' : '', state: k === 10 ? 'backing_off' : 'waiting', cycles: n, errors: k === 10 ? 3 : 0,
      timeouts: 0, cancelled: 0, gated: 0, missed: 0, shed: 0, error_rate: k === 10 ? 3 / Math.max(3, n) : 0, streak: k === 10 ? 3 : 0, interval_ms: 1000,
      configured_ms: 1000, throttle: 1, running: false, gate: null, breaker_open: false, last_error: k === 10 ? 'connection closed' : null, dropped: 0, vitality: worker ? 1 : 0.8, health: k === 10 ? 0.8 : 1,
      latency: latency(n, scale), window: latency(2, scale), late: latency(n, 0.3), learner: worker ? 0 : -1, state_index: slow ? 1 : 3, action_index: 0,
      reward: (slow ? 9 : 240) * learned,
      gates: worker ? [{ name: 'cpu', open: true, value: 21, closes_above: 80, opens_under: 70 }] : [],
      knobs: worker ? [{ name: 'level', value: slow ? 6 : 0 }, { name: 'block_kib', value: 64 }] : [],
      features: worker ? [{ name: 'mb_per_s', value: slow ? 3 : 400, bucket: slow ? 1 : 3 }] : [],
    };
  });
  const q = [];
  const visits = [];
  for (let st = 0; st < 4; st += 1) {
    for (let a = 0; a < 15; a += 1) {
      const [l, b] = [Math.floor(a / 3), a % 3];
      const tried = (st === 3 || (st === 1 && s > 2.5)) && ticks > a;
      visits.push(tried ? 10 + i : 0);
      q.push(tried ? (st === 3 ? [240, 60, 45, 30, 18][l] * (0.7 + 0.15 * b) : [3, 7.5, 8.4, 9.1, 8.2][l] * (0.8 + 0.1 * b)) * learned : 0);
    }
  }
  const blocks = Math.floor(ticks / 25);
  const edges = EDGES.map(([from, to, weight]) => ({
    from: 268435457 + names.indexOf(from), to: 268435457 + names.indexOf(to), weight, confidence: 1, declared: true,
    kind: weight > 0.5 ? 'synergy' : weight < -0.3 ? 'conflict' : 'neutral',
  }));
  return {
    gyre: '0.1.0', format: 1, seq: i, now_ms: s * 1000, uptime_s: s, running: true, seed: '1', driver: 'workers', shards: 1,
    totals: { loops: 124, active: 124, ticks, errors: 3, timeouts: 0, cancelled: 0, gated: 0, missed: 0, shed: 0, lost_threads: 0, gaps: 0, error_rate: 3 / Math.max(3, ticks), avg_ms: 1.4, p50_ms: 1.2 + 0.2 * Math.sin(s), p95_ms: 3.1 + 0.3 * Math.sin(s), p99_ms: 4.6, late_p50_ms: 0.2, late_p99_ms: 1.9, stuck: 0 },
    process: { cpu_percent: 21.3, resident_bytes: 23 << 20 }, gates: { cpu_percent: null, memory_percent: null, mode: 'normal' }, loops,
    learners: [{ name: 'ship', states: 4, actions: 15, q_values: visits.filter((v) => v > 0).length, decisions: ticks, observations: ticks, updates: ticks, exploration: Math.max(0.05, 1 - s / 10), discount: 0, learning_rate: 0, mean_reward: (slow ? 9 : 240) * learned,
      replay: { size: 0, capacity: 0, utilization: 0, total_added: 0, total_sampled: 0 }, tunes: true, late: { open: 2, late: 1, twice: 0, never: 3 }, limits: [{ name: 'added_ms', at_most: 40, observations: ticks, broken: 5, at_best: [12.5, 21.25, 30, 3.125] }], reports: reports(s, ticks, q, visits),
      tuning: { failures: 3, changes: s > 2.5 ? 1 : 0, last_change: s > 2.5 ? Math.round(ticks / 2) : 0, held_by_budget: Math.round(ticks / 9), held_by_steps: Math.round(ticks / 30), held_by_forbid: 3, held_by_limits: 4, sharing: 0.25, lost: -12.5 * s, may_lose: 4.2 * s, bytes: 42575 },
      features: [{ name: 'mb_per_s', edges: [1, 10, 100] }], knobs: [{ name: 'level', values: LEVELS }, { name: 'block_kib', values: BLOCKS }], q, visits }],
    bus: { published: ticks, unrouted: 0, rejected: 0, matched: ticks, delivered: ticks, dropped: 0, dropped_by: { newest: 0, oldest: 0, replaced: 0, rate: 0, closed: 0, blocked: 0 }, expired: 0, dead_lettered: 0, pending: 0, p50_ms: 0.1, p99_ms: 0.6, health: 1, subscriptions: 1 },
    symbiosis: { score: 0.94, nodes: names.map((name, k) => ({ id: 268435457 + k, name, cycles: ticks, health: k === 10 ? 0.8 : 1, p95_ms: 2, vitality: 0.9 })), edges, density: 5 / (124 * 123), components: 121, cycles: 2, synergies: 2, conflicts: 0,
      recommendations: ['boost awareness -> curiosity: both do well together', 'too isolated: density 0.00 is under 0.2'] },
    memory: { remembered: ticks, in_ring: Math.min(ticks, 50), in_blocks: Math.max(0, ticks - 50), archived: 0, pruned: 0, evicted: 0, merged: 0, hidden: 0, consolidated: Math.max(0, ticks - 50), compressions: blocks, raw_bytes: blocks * 3600, stored_bytes: blocks * 840, saved_percent: 76.7, resident_bytes: blocks * 900 + 20000, budget_bytes: 16 << 20,
      blocks: Array.from({ length: Math.min(50, blocks) }, (_, k) => ({ at_ms: s * 1000 - k * 210, count: 25, raw_bytes: 3600 + ((k * 97) % 300), stored_bytes: 840 + ((k * 31) % 90), ratio: (840 + ((k * 31) % 90)) / (3600 + ((k * 97) % 300)) })), block_count: blocks },
    store: null, trace: '0123456789abcdef',
  };
}

/** A whole recorded run of `n` snapshots as the text of a run.jsonl. */
export function run(n) {
  const head = { gyre: '0.1.0', format: 1, seed: '1', loops: 124 };
  return [head, ...Array.from({ length: n }, (_, i) => snapshot(i + 1))].map((line) => JSON.stringify(line)).join('\n') + '\n';
}

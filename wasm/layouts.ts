// layouts.ts - the structs of gyre.h as a C compiler for wasm32 lays them out.
// Room: wasm. Threads: plain values.

export type Kind = 'u32' | 'i32' | 'ptr' | 'f64' | 'u64';
export interface Layout {
  size: number;
  at: Record<string, [number, Kind]>;
}

/** Offsets as a C compiler for wasm32 places them: each field at a multiple of its own size. */
function layout(fields: [string, Kind][]): Layout {
  const at: Layout['at'] = {};
  let end = 0;
  let widest = 4;
  for (const [name, kind] of fields) {
    const width = kind === 'f64' || kind === 'u64' ? 8 : 4;
    widest = Math.max(widest, width);
    end = Math.ceil(end / width) * width;
    at[name] = [end, kind];
    end += width;
  }
  return { size: Math.ceil(end / widest) * widest, at };
}

export const ENGINE_OPTIONS = layout([
  ['size', 'u32'], ['api_version', 'u32'], ['driver', 'i32'], ['shards', 'u32'], ['store', 'ptr'], ['seed', 'u64'],
  ['window_ms', 'f64'], ['memory_bytes', 'f64'], ['memory_ring', 'u32'], ['reserved', 'u32'],
]);
export const POLL_RESULT = layout([['size', 'u32'], ['more', 'u32'], ['ticks', 'u64'], ['next_due_ms', 'f64']]);
export const READING = layout([
  ['size', 'u32'], ['reserved', 'u32'], ['mode', 'ptr'], ['cpu_percent', 'f64'], ['memory_percent', 'f64'],
  ['latency_ms', 'f64'],
]);
/** gyre_feature is laid out alike; its `values` are its edges. */
export const KNOB = layout([
  ['size', 'u32'], ['count', 'u32'], ['name', 'ptr'], ['values', 'ptr'], ['names', 'ptr'], ['order', 'i32'],
  ['reserved', 'u32'],
]);
export const SETTING = layout([['size', 'u32'], ['rule', 'u32'], ['knob', 'ptr'], ['value', 'f64']]);
export const TUNING = layout([
  ['size', 'u32'], ['mode', 'i32'], ['baseline', 'ptr'], ['budget', 'f64'], ['forbidden', 'ptr'], ['at_random', 'f64'],
  ['baseline_count', 'u32'], ['forbidden_count', 'u32'], ['one_step', 'u32'], ['reserved', 'u32'],
]);
export const TUNER_OPTIONS = layout([
  ['size', 'u32'], ['knob_count', 'u32'], ['knobs', 'ptr'], ['seed', 'u64'], ['features', 'ptr'], ['stream', 'u64'],
  ['feature_count', 'u32'], ['reserved', 'u32'], ['tuning', 'ptr'],
]);
export const TUNING_METRICS = layout([
  ['size', 'u32'], ['states', 'u32'], ['actions', 'u32'], ['cells_tried', 'u32'], ['decisions', 'u64'],
  ['observations', 'u64'], ['failures', 'u64'], ['refused', 'u64'], ['changes', 'u64'], ['last_change', 'u64'],
  ['held_budget', 'u64'], ['held_step', 'u64'], ['held_forbidden', 'u64'], ['held_limits', 'u64'],
  ['mean_reward', 'f64'], ['sharing', 'f64'], ['lost', 'f64'], ['may_lose', 'f64'], ['bytes', 'u64'],
  ['late_open', 'u64'], ['late_after', 'u64'], ['late_twice', 'u64'], ['late_never', 'u64'],
]);
export const STATE_REPORT = layout([
  ['size', 'u32'], ['best', 'u32'], ['observations', 'u64'], ['last_change', 'u64'], ['estimate', 'f64'], ['low', 'f64'],
  ['high', 'f64'], ['probability', 'f64'], ['trying', 'f64'], ['baseline', 'f64'], ['noise', 'f64'],
  ['avoided', 'u32'], ['reserved', 'u32'],
]);
export const GATE = layout([['size', 'u32'], ['kind', 'i32'], ['mode', 'ptr'], ['close_at', 'f64'], ['open_at', 'f64']]);
export const LOOP_OPTIONS = layout([
  ['size', 'u32'], ['flags', 'u32'], ['name', 'ptr'], ['interval_ms', 'f64'], ['tick', 'ptr'], ['timeout_ms', 'f64'],
  ['user', 'ptr'], ['jitter', 'f64'], ['destroy', 'ptr'], ['backoff_ms', 'f64'], ['group', 'ptr'],
  ['backoff_cap_ms', 'f64'], ['knobs', 'ptr'], ['discount', 'f64'], ['features', 'ptr'], ['learning_rate', 'f64'],
  ['gates', 'ptr'], ['explore_from', 'f64'], ['explore_to', 'f64'], ['explore_over', 'f64'], ['knob_count', 'u32'],
  ['feature_count', 'u32'], ['gate_count', 'u32'], ['missed', 'i32'], ['burst', 'u32'], ['priority', 'i32'],
  ['replay_capacity', 'u32'], ['sample_average', 'u32'], ['parent', 'ptr'], ['slack_ms', 'f64'], ['tuning', 'ptr'],
]);
export const LOOP_CHANGE = layout([
  ['size', 'u32'], ['reserved', 'u32'], ['interval_ms', 'f64'], ['timeout_ms', 'f64'], ['jitter', 'f64'],
  ['mode', 'i32'], ['reserved_2', 'u32'],
]);
export const COMPLETION = layout([['size', 'u32'], ['failed', 'u32'], ['text', 'ptr'], ['took_ms', 'f64']]);
export const TICK_INFO = layout([
  ['size', 'u32'], ['loop', 'u32'], ['number', 'u64'], ['missed', 'u64'], ['due_ms', 'f64'], ['elapsed_ms', 'f64'],
  ['cpu_ms', 'f64'], ['calls', 'u32'], ['reserved', 'u32'],
]);
export const MESSAGE = layout([
  ['size', 'u32'], ['payload_size', 'u32'], ['topic', 'ptr'], ['at_ms', 'f64'], ['payload', 'ptr'], ['ttl_ms', 'f64'],
  ['correlation', 'u64'], ['sequence', 'u64'], ['source', 'u32'], ['topic_size', 'u32'],
]);
export const SUBSCRIPTION_OPTIONS = layout([
  ['size', 'u32'], ['capacity', 'u32'], ['on_message', 'ptr'], ['rate_per_s', 'f64'], ['user', 'ptr'],
  ['retry_delay_ms', 'f64'], ['destroy', 'ptr'], ['retries', 'f64'], ['overflow', 'i32'], ['priority', 'i32'],
]);
export const RECORD = layout([
  ['size', 'u32'], ['tag_count', 'u32'], ['text', 'ptr'], ['wall_ms', 'f64'], ['user', 'ptr'], ['importance', 'f64'],
  ['role', 'ptr'], ['source', 'ptr'], ['tags', 'ptr'],
]);
export const QUERY = layout([
  ['size', 'u32'], ['limit', 'u32'], ['text', 'ptr'], ['from_wall_ms', 'f64'], ['tag', 'ptr'], ['to_wall_ms', 'f64'],
  ['user', 'ptr'], ['source', 'ptr'],
]);
export const ERROR_SIZE = 256;

//! ffi.rs - gyre.h as Rust sees it: names, numbers and layouts are the header's.
//! Threads: as the header says. A test compares every size and offset with the C compiler's.
#![allow(non_camel_case_types)]

use std::os::raw::{c_char, c_void};

pub type gyre_status = i32;
pub type gyre_engine = u32;
pub type gyre_loop = u32;
pub type gyre_tick = u32;
pub type gyre_tuner = u32;

pub const GYRE_OK: gyre_status = 0;
pub const GYRE_E_ARG: gyre_status = -1;
pub const GYRE_E_BUFFER: gyre_status = -8;
pub const GYRE_E_REENTRANT: gyre_status = -10;
pub const GYRE_E_CANCELLED: gyre_status = -11;

pub const GYRE_DRIVER_WORKERS: i32 = 0;
pub const GYRE_DRIVER_HOST: i32 = 1;
pub const GYRE_DRIVER_VIRTUAL: i32 = 2;
pub const GYRE_NONE: f64 = -1.0;
pub const GYRE_SERVE_CONTROL: u32 = 1;
pub const GYRE_SERVE_ALLOW_REMOTE: u32 = 2;
pub const GYRE_SERVE_ANY_PORT: u32 = 65536;
pub const GYRE_LOOP_ENGINE_FEATURES: u32 = 64;
pub const GYRE_LOOP_SEQUENTIAL: u32 = 32;
pub const GYRE_ORDER_YES: i32 = 1;
pub const GYRE_ORDER_NONE: i32 = 2;
pub const GYRE_TUNING_TUNE: i32 = 1;
pub const GYRE_TUNING_OBSERVE: i32 = 2;
pub const GYRE_TUNING_FROZEN: i32 = 3;

pub type gyre_tick_fn = Option<unsafe extern "C" fn(*mut c_void, gyre_tick, *mut gyre_status)>;
pub type gyre_destroy_fn = Option<unsafe extern "C" fn(*mut c_void)>;

/// Declares a struct of the header with all its bytes 0 as its default.
macro_rules! abi_struct {
    ($name:ident { $($field:ident: $type:ty,)* }) => {
        #[repr(C)]
        #[derive(Clone, Copy)]
        pub struct $name { $(pub $field: $type,)* }
        impl Default for $name {
            fn default() -> Self {
                // SAFETY: integers, doubles, pointers and optional functions, all valid as 0.
                let mut zero: Self = unsafe { std::mem::zeroed() };
                zero.size = std::mem::size_of::<Self>() as u32;
                zero
            }
        }
    };
}

abi_struct!(gyre_error {
    size: u32,
    code: gyre_status,
    text: [c_char; 248],
});

abi_struct!(gyre_engine_options {
    size: u32,
    api_version: u32,
    driver: i32,
    shards: u32,
    store: *const c_char,
    seed: u64,
    window_ms: f64,
    memory_bytes: f64,
    memory_ring: u32,
    reserved: u32,
});

abi_struct!(gyre_knob {
    size: u32,
    count: u32,
    name: *const c_char,
    values: *const f64,
    names: *const *const c_char,
    order: i32,
    reserved: u32,
});

abi_struct!(gyre_feature {
    size: u32,
    count: u32,
    name: *const c_char,
    edges: *const f64,
    names: *const *const c_char,
    order: i32,
    reserved: u32,
});

abi_struct!(gyre_setting {
    size: u32,
    rule: u32,
    knob: *const c_char,
    value: f64,
});

abi_struct!(gyre_tuning {
    size: u32,
    mode: i32,
    baseline: *const gyre_setting,
    budget: f64,
    forbidden: *const gyre_setting,
    at_random: f64,
    baseline_count: u32,
    forbidden_count: u32,
    one_step: u32,
    reserved: u32,
});

abi_struct!(gyre_tuning_metrics {
    size: u32,
    states: u32,
    actions: u32,
    cells_tried: u32,
    decisions: u64,
    observations: u64,
    failures: u64,
    refused: u64,
    changes: u64,
    last_change: u64,
    held_budget: u64,
    held_step: u64,
    held_forbidden: u64,
    held_limits: u64,
    mean_reward: f64,
    sharing: f64,
    lost: f64,
    may_lose: f64,
    bytes: u64,
    late_open: u64,
    late_after: u64,
    late_twice: u64,
    late_never: u64,
});

abi_struct!(gyre_limit {
    size: u32,
    reserved: u32,
    name: [c_char; 64],
    at_most: f64,
    observations: u64,
    broken: u64,
});

abi_struct!(gyre_state_report {
    size: u32,
    best: u32,
    observations: u64,
    last_change: u64,
    estimate: f64,
    low: f64,
    high: f64,
    probability: f64,
    trying: f64,
    baseline: f64,
    noise: f64,
    avoided: u32,
    reserved: u32,
});

abi_struct!(gyre_tuner_options {
    size: u32,
    knob_count: u32,
    knobs: *const gyre_knob,
    seed: u64,
    features: *const gyre_feature,
    stream: u64,
    feature_count: u32,
    reserved: u32,
    tuning: *const gyre_tuning,
});

abi_struct!(gyre_loop_change {
    size: u32,
    reserved: u32,
    interval_ms: f64,
    timeout_ms: f64,
    jitter: f64,
    mode: i32,
    reserved_2: u32,
});

abi_struct!(gyre_loop_options {
    size: u32,
    flags: u32,
    name: *const c_char,
    interval_ms: f64,
    tick: gyre_tick_fn,
    timeout_ms: f64,
    user: *mut c_void,
    jitter: f64,
    destroy: gyre_destroy_fn,
    backoff_ms: f64,
    group: *const c_char,
    backoff_cap_ms: f64,
    knobs: *const gyre_knob,
    discount: f64,
    features: *const gyre_feature,
    learning_rate: f64,
    gates: *const c_void,
    explore_from: f64,
    explore_to: f64,
    explore_over: f64,
    knob_count: u32,
    feature_count: u32,
    gate_count: u32,
    missed: i32,
    burst: u32,
    priority: i32,
    replay_capacity: u32,
    sample_average: u32,
    parent: *const c_char,
    slack_ms: f64,
    tuning: *const gyre_tuning,
});

abi_struct!(gyre_serve_options {
    size: u32,
    flags: u32,
    host: *const c_char,
    token: *const c_char,
    page: *const c_char,
    title: *const c_char,
    record_folder: *const c_char,
    port: u32,
    clients: u32,
});

abi_struct!(gyre_totals {
    size: u32,
    loops: u32,
    active: u32,
    stuck: u32,
    ticks: u64,
    errors: u64,
    timeouts: u64,
    cancelled: u64,
    gated: u64,
    missed: u64,
    error_rate: f64,
    avg_ms: f64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    late_p50_ms: f64,
    late_p99_ms: f64,
    now_ms: f64,
    uptime_s: f64,
    cpu_percent: f64,
    resident_bytes: u64,
    score: f64,
    shed: u64,
    gaps: u64,
});

extern "C" {
    pub fn gyre_status_name(status: gyre_status) -> *const c_char;
    pub fn gyre_engine_create(
        options: *const gyre_engine_options, out: *mut gyre_engine, err: *mut gyre_error,
    ) -> gyre_status;
    pub fn gyre_serve_start(
        engine: gyre_engine,
        options: *const gyre_serve_options,
        url: *mut c_char,
        cap: u32,
        needed: *mut u32,
        err: *mut gyre_error,
    ) -> gyre_status;
    pub fn gyre_serve_stop(engine: gyre_engine, err: *mut gyre_error) -> gyre_status;
    pub fn gyre_engine_destroy(engine: gyre_engine, err: *mut gyre_error) -> gyre_status;
    pub fn gyre_engine_start(engine: gyre_engine, err: *mut gyre_error) -> gyre_status;
    pub fn gyre_engine_stop(
        engine: gyre_engine,
        deadline_ms: f64,
        names: *mut c_char,
        cap: u32,
        needed: *mut u32,
        err: *mut gyre_error,
    ) -> gyre_status;
    pub fn gyre_engine_advance_to(
        engine: gyre_engine, to_ms: f64, err: *mut gyre_error,
    ) -> gyre_status;
    pub fn gyre_loop_create(
        engine: gyre_engine,
        options: *const gyre_loop_options,
        out: *mut gyre_loop,
        err: *mut gyre_error,
    ) -> gyre_status;
    pub fn gyre_loop_remove(id: gyre_loop, err: *mut gyre_error) -> gyre_status;
    pub fn gyre_loop_pause(id: gyre_loop) -> gyre_status;
    pub fn gyre_loop_resume(id: gyre_loop) -> gyre_status;
    pub fn gyre_loop_reconfigure(
        id: gyre_loop, change: *const gyre_loop_change, err: *mut gyre_error,
    ) -> gyre_status;
    pub fn gyre_loop_learned(id: gyre_loop, out: *mut gyre_tuning_metrics) -> gyre_status;
    pub fn gyre_loop_report(id: gyre_loop, state: u32, out: *mut gyre_state_report) -> gyre_status;
    pub fn gyre_loop_values(
        id: gyre_loop, action: u32, out: *mut f64, cap: u32, needed: *mut u32,
    ) -> gyre_status;
    pub fn gyre_linear(first: f64, last: f64, count: u32, out: *mut f64) -> gyre_status;
    pub fn gyre_geometric(first: f64, last: f64, count: u32, out: *mut f64) -> gyre_status;
    pub fn gyre_tuner_create(
        options: *const gyre_tuner_options, out: *mut gyre_tuner, err: *mut gyre_error,
    ) -> gyre_status;
    pub fn gyre_tuner_destroy(tuner: gyre_tuner) -> gyre_status;
    pub fn gyre_tuner_state(
        tuner: gyre_tuner, seen: *const f64, count: u32, state: *mut u32,
    ) -> gyre_status;
    pub fn gyre_tuner_values(
        tuner: gyre_tuner, action: u32, out: *mut f64, cap: u32, needed: *mut u32,
    ) -> gyre_status;
    pub fn gyre_tuner_choose(
        tuner: gyre_tuner,
        state: u32,
        not_now: *const u32,
        count: u32,
        action: *mut u32,
        propensity: *mut f64,
    ) -> gyre_status;
    pub fn gyre_tuner_observe(
        tuner: gyre_tuner, state: u32, action: u32, reward: f64,
    ) -> gyre_status;
    pub fn gyre_tuner_observe_failure(tuner: gyre_tuner, state: u32, action: u32) -> gyre_status;
    pub fn gyre_tuner_limit(
        tuner: gyre_tuner, state: u32, action: u32, name: *const c_char, value: f64, at_most: f64,
    ) -> gyre_status;
    pub fn gyre_tuner_set_mode(tuner: gyre_tuner, mode: i32) -> gyre_status;
    pub fn gyre_tuner_save(
        tuner: gyre_tuner, buf: *mut c_void, cap: u32, needed: *mut u32,
    ) -> gyre_status;
    pub fn gyre_tuner_load(
        tuner: gyre_tuner, data: *const c_void, size: u32, err: *mut gyre_error,
    ) -> gyre_status;
    pub fn gyre_tuner_metrics_read(id: gyre_tuner, out: *mut gyre_tuning_metrics) -> gyre_status;
    pub fn gyre_tuner_report(
        tuner: gyre_tuner, state: u32, out: *mut gyre_state_report,
    ) -> gyre_status;
    pub fn gyre_tick_knob(tick: gyre_tick, name: *const c_char, out: *mut f64) -> gyre_status;
    pub fn gyre_tick_feature(tick: gyre_tick, name: *const c_char, value: f64) -> gyre_status;
    pub fn gyre_tick_reward(tick: gyre_tick, reward: f64) -> gyre_status;
    pub fn gyre_loop_reward(
        id: gyre_loop, ticket: u32, reward: f64, err: *mut gyre_error,
    ) -> gyre_status;
    pub fn gyre_loop_limits(
        id: gyre_loop, rows: *mut gyre_limit, cap: u32, needed: *mut u32,
    ) -> gyre_status;
    pub fn gyre_tuner_limits(
        tuner: gyre_tuner, rows: *mut gyre_limit, cap: u32, needed: *mut u32,
    ) -> gyre_status;
    pub fn gyre_tick_reward_later(tick: gyre_tick, ticket: *mut u32) -> gyre_status;
    pub fn gyre_tick_limit(
        tick: gyre_tick, name: *const c_char, value: f64, at_most: f64,
    ) -> gyre_status;
    pub fn gyre_tick_forbid(tick: gyre_tick, knob: *const c_char, value: f64) -> gyre_status;
    pub fn gyre_tick_used(tick: gyre_tick, knob: *const c_char, value: f64) -> gyre_status;
    pub fn gyre_tick_cost(tick: gyre_tick, cost: f64) -> gyre_status;
    pub fn gyre_tick_terminated(tick: gyre_tick) -> gyre_status;
    pub fn gyre_tick_truncated(tick: gyre_tick) -> gyre_status;
    pub fn gyre_tick_fail(tick: gyre_tick, text: *const c_char) -> gyre_status;
    pub fn gyre_tick_spend(tick: gyre_tick, ms: f64) -> gyre_status;
    pub fn gyre_tick_cancelled(tick: gyre_tick) -> gyre_status;
    pub fn gyre_snapshot_totals(engine: gyre_engine, out: *mut gyre_totals) -> gyre_status;
    pub fn gyre_snapshot_json(
        engine: gyre_engine, buf: *mut c_char, cap: u32, needed: *mut u32, err: *mut gyre_error,
    ) -> gyre_status;
}

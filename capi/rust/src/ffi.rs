//! ffi.rs - gyre.h as Rust sees it: names, numbers and layouts are the header's.
//! Threads: as the header says. A test compares every size and offset with the C compiler's.
#![allow(non_camel_case_types)]

use std::os::raw::{c_char, c_void};

pub type gyre_status = i32;
pub type gyre_engine = u32;
pub type gyre_loop = u32;
pub type gyre_tick = u32;

pub const GYRE_OK: gyre_status = 0;
pub const GYRE_E_ARG: gyre_status = -1;
pub const GYRE_E_REENTRANT: gyre_status = -10;
pub const GYRE_E_CANCELLED: gyre_status = -11;

pub const GYRE_DRIVER_WORKERS: i32 = 0;
pub const GYRE_DRIVER_HOST: i32 = 1;
pub const GYRE_DRIVER_VIRTUAL: i32 = 2;
pub const GYRE_NONE: f64 = -1.0;
pub const GYRE_SERVE_CONTROL: u32 = 1;
pub const GYRE_SERVE_ALLOW_REMOTE: u32 = 2;
pub const GYRE_SERVE_ANY_PORT: u32 = 65536;

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
});

abi_struct!(gyre_feature {
    size: u32,
    count: u32,
    name: *const c_char,
    edges: *const f64,
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
        options: *const gyre_engine_options,
        out: *mut gyre_engine,
        err: *mut gyre_error,
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
        engine: gyre_engine,
        to_ms: f64,
        err: *mut gyre_error,
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
    pub fn gyre_tick_knob(tick: gyre_tick, name: *const c_char, out: *mut f64) -> gyre_status;
    pub fn gyre_tick_feature(tick: gyre_tick, name: *const c_char, value: f64) -> gyre_status;
    pub fn gyre_tick_reward(tick: gyre_tick, reward: f64) -> gyre_status;
    pub fn gyre_tick_fail(tick: gyre_tick, text: *const c_char) -> gyre_status;
    pub fn gyre_tick_spend(tick: gyre_tick, ms: f64) -> gyre_status;
    pub fn gyre_tick_cancelled(tick: gyre_tick) -> gyre_status;
    pub fn gyre_snapshot_totals(engine: gyre_engine, out: *mut gyre_totals) -> gyre_status;
    pub fn gyre_snapshot_json(
        engine: gyre_engine,
        buf: *mut c_char,
        cap: u32,
        needed: *mut u32,
        err: *mut gyre_error,
    ) -> gyre_status;
}

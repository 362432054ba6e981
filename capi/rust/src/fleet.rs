//! fleet.rs - what is asked of an engine beside its single loops: many by name, gates, the store.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::engine::Engine;
use crate::error::{c_string, check, Result};
use crate::ffi;
use std::ffi::CStr;
use std::os::raw::c_char;
use std::time::Duration;

/// The library's version, as "0.1.0".
pub fn version() -> String {
    // SAFETY: a static string of the library.
    unsafe { CStr::from_ptr(ffi::gyre_version_string()) }.to_string_lossy().into_owned()
}

/// What the host measured, for the gates; None: not known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reading<'a> {
    pub mode: Option<&'a str>,
    /// 0..100 of all cores.
    pub cpu_percent: Option<f64>,
    /// 0..100 of what may be used.
    pub memory_percent: Option<f64>,
    /// No effect: a latency gate sees the recent p99 of its own loop.
    pub latency_ms: Option<f64>,
}

impl Engine {
    fn each(
        &self,
        pattern: &str,
        call: impl Fn(*const c_char, *mut u32, *mut ffi::gyre_error) -> ffi::gyre_status,
    ) -> Result<u32> {
        let (pattern, mut count) = (c_string(pattern)?, 0);
        check(|err| call(pattern.as_ptr(), &mut count, err))?;
        Ok(count)
    }
    /// Pauses every loop whose whole name looks like the pattern, where `*` is any run of bytes
    /// and `?` one byte; how many they are.
    pub fn pause_all(&self, pattern: &str) -> Result<u32> {
        // SAFETY: what is handed in outlives the call.
        self.each(pattern, |p, n, err| unsafe { ffi::gyre_loops_pause(self.id(), p, n, err) })
    }
    /// Resumes each.
    pub fn resume_all(&self, pattern: &str) -> Result<u32> {
        // SAFETY: as above.
        self.each(pattern, |p, n, err| unsafe { ffi::gyre_loops_resume(self.id(), p, n, err) })
    }
    /// Pauses each, and tells its ticks under way to return soon: `Tick::cancelled`.
    pub fn stop_all(&self, pattern: &str) -> Result<u32> {
        // SAFETY: as above.
        self.each(pattern, |p, n, err| unsafe { ffi::gyre_loops_stop(self.id(), p, n, err) })
    }
    /// Gives each so many times its interval, 1 or more; 1 takes that back.
    pub fn throttle_all(&self, pattern: &str, factor: f64) -> Result<u32> {
        // SAFETY: as above.
        self.each(pattern, |p, n, err| unsafe {
            ffi::gyre_loops_throttle(self.id(), p, factor, n, err)
        })
    }
    /// Tells the gates what was measured; counts until the next call.
    pub fn supply(&self, reading: &Reading) -> Result<()> {
        let mode = c_string(reading.mode.unwrap_or("normal"))?;
        let native = ffi::gyre_reading {
            mode: mode.as_ptr(),
            cpu_percent: reading.cpu_percent.unwrap_or(ffi::GYRE_NONE),
            memory_percent: reading.memory_percent.unwrap_or(ffi::GYRE_NONE),
            latency_ms: reading.latency_ms.unwrap_or(ffi::GYRE_NONE),
            ..Default::default()
        };
        // SAFETY: the reading outlives the call.
        check(|err| unsafe { ffi::gyre_engine_supply(self.id(), &native, err) })
    }
    /// The engine's clock, since its creation.
    pub fn now(&self) -> Result<Duration> {
        let mut ms = 0.0;
        // SAFETY: it outlives the call.
        check(|_| unsafe { ffi::gyre_engine_now(self.id(), &mut ms) })?;
        Ok(Duration::from_secs_f64(ms / 1e3))
    }
    /// Writes what is pending to the store, and waits until it survives power loss.
    pub fn sync(&self) -> Result<()> {
        check(|err| unsafe { ffi::gyre_engine_sync(self.id(), err) })
    }
    /// Archives what is over a day old to the store, and deletes what is over 30 days old.
    pub fn consolidate(&self) -> Result<()> {
        check(|err| unsafe { ffi::gyre_memory_consolidate(self.id(), err) })
    }
    /// Adds the four reference loops at 1/divisor of their intervals.
    pub fn add_society(&self, divisor: f64) -> Result<()> {
        check(|err| unsafe { ffi::gyre_society_add(self.id(), divisor, err) })
    }
}

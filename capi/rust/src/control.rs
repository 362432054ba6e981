//! control.rs - an engine moved by its host, its loops by name, and what is counted of one.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::engine::Engine;
use crate::error::{c_string, check, Error, Result};
use crate::ffi;
use crate::loops::Loop;
use crate::options::LoopOptions;
use crate::tick::Tick;
use std::ffi::CStr;
use std::marker::PhantomData;
use std::os::raw::c_char;
use std::time::Duration;

/// What is counted about a loop; `ffi::gyre_loop_metrics` has more.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    pub name: String,
    /// Finished ticks, failed ones included.
    pub cycles: u64,
    pub errors: u64,
    pub timeouts: u64,
    pub mean_reward: f64,
    /// Half of the ticks took no longer; NaN without any.
    pub p50_ms: f64,
    pub p99_ms: f64,
}

impl Engine {
    /// As `add`, with a closure whose `?` takes any error.
    pub fn add_any<F>(&self, options: LoopOptions, mut tick: F) -> Result<Loop<'_>>
    where
        F: FnMut(&Tick) -> std::result::Result<(), Box<dyn std::error::Error>> + Send + 'static,
    {
        self.add(options, move |t| {
            tick(t).map_err(|error| match error.downcast::<Error>() {
                Ok(ours) => *ours,
                Err(other) => Error { code: ffi::GYRE_E_CALLBACK, text: other.to_string() },
            })
        })
    }
    /// The loop of that name.
    pub fn find(&self, name: &str) -> Result<Loop<'_>> {
        let (name, mut id) = (c_string(name)?, 0);
        // SAFETY: name and id outlive the call.
        check(|err| unsafe { ffi::gyre_loop_find(self.id(), name.as_ptr(), &mut id, err) })?;
        Ok(Loop { id, engine: PhantomData })
    }
    /// Runs what a `Driver::Host` engine has due at `now`, since its creation, in this thread.
    /// Says when to come again; None when nothing is planned.
    pub fn poll(&self, now: Duration) -> Result<Option<Duration>> {
        let mut done = ffi::gyre_poll_result::default();
        // SAFETY: `done` outlives the call and says its size.
        check(|err| unsafe {
            ffi::gyre_engine_poll(self.id(), now.as_secs_f64() * 1e3, 0, &mut done, err)
        })?;
        let due = done.next_due_ms;
        Ok(if due < 0.0 { None } else { Some(Duration::from_secs_f64(due / 1e3)) })
    }
    /// 16 hex digits over every tick of a `Driver::Virtual` engine: the same for the same seed, in
    /// every language.
    pub fn trace_hash(&self) -> Result<String> {
        // SAFETY: the buffer is as long as the call is told.
        text_of(|buf, cap, needed, _| unsafe {
            ffi::gyre_trace_hash(self.id(), buf, cap, needed)
        })
    }
}

impl Loop<'_> {
    /// The same, to be kept beside its engine. Where loop or engine are gone, each call is an
    /// error, `Kind::Stale`.
    pub fn unbound(self) -> Loop<'static> {
        Loop { id: self.id, engine: PhantomData }
    }
    /// One tick as soon as possible, whatever the grid says.
    pub fn trigger(&self) -> Result<()> {
        check(|_| unsafe { ffi::gyre_loop_trigger(self.id) })
    }
    /// Everything counted about it. Never waits for a tick.
    pub fn metrics(&self) -> Result<Metrics> {
        let mut m = ffi::gyre_loop_metrics::default();
        // SAFETY: it outlives the call and says its size.
        check(|_| unsafe { ffi::gyre_loop_metrics_read(self.id, &mut m) })?;
        // SAFETY: the name ends with a NUL.
        let name = unsafe { CStr::from_ptr(m.name.as_ptr()) }.to_string_lossy().into_owned();
        Ok(Metrics {
            name,
            cycles: m.cycles,
            errors: m.errors,
            timeouts: m.timeouts,
            mean_reward: m.mean_reward,
            p50_ms: m.latency.p50_ms,
            p99_ms: m.latency.p99_ms,
        })
    }
    /// The value of a knob that its last tick used.
    pub fn knob(&self, name: &str) -> Result<f64> {
        let (name, mut value) = (c_string(name)?, 0.0);
        // SAFETY: name and value outlive the call.
        check(|_| unsafe { ffi::gyre_loop_knob(self.id, name.as_ptr(), &mut value) })?;
        Ok(value)
    }
}

/// What a call writes to (buf, cap, needed).
pub(crate) fn text_of(
    call: impl Fn(*mut c_char, u32, *mut u32, *mut ffi::gyre_error) -> ffi::gyre_status,
) -> Result<String> {
    let mut text = bytes_of(call)?;
    text.pop(); // the NUL
    String::from_utf8(text).map_err(|_| Error::arg("not UTF-8"))
}
/// The same of bytes.
pub(crate) fn bytes_of(
    call: impl Fn(*mut c_char, u32, *mut u32, *mut ffi::gyre_error) -> ffi::gyre_status,
) -> Result<Vec<u8>> {
    let mut text = vec![0u8; 1 << 16];
    loop {
        let mut needed = 0;
        let (buf, cap) = (text.as_mut_ptr() as *mut _, text.len() as u32);
        match check(|err| call(buf, cap, &mut needed, err)) {
            Ok(()) => {
                text.truncate(needed as usize);
                return Ok(text);
            }
            Err(_) if needed as usize > text.len() => text.resize(needed as usize * 5 / 4, 0),
            Err(error) => return Err(error),
        }
    }
}

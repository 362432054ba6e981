//! engine.rs - owns a native engine: makes it, adds loops, moves it, reads it.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::error::{c_string, check, Error, Result};
use crate::ffi;
use crate::knobs::Declared;
use crate::loops::Loop;
use crate::options::{Gates, LoopOptions};
use crate::tick::{free, trampoline, Tick};
use std::marker::PhantomData;
use std::os::raw::c_void;
use std::time::Duration;

/// Who moves the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// Its own threads and the system clock.
    Workers,
    /// No thread and no clock: `Engine::poll` runs what is due, in its own thread.
    Host,
    /// A clock that `Engine::advance_to` moves.
    Virtual,
}

/// Sums over all loops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Totals {
    pub loops: u32,
    pub ticks: u64,
    pub errors: u64,
    pub score: f64,
}

/// Owns a native engine; dropping it stops and frees it. Dropped by one of its own closures it is
/// freed by a thread of its own, once that closure has returned.
pub struct Engine(ffi::gyre_engine);

impl Engine {
    /// An engine with default options. `Driver::Workers` waits for `start`; the others need only
    /// `poll` or `advance_to`.
    pub fn new(driver: Driver) -> Result<Engine> {
        Engine::with(driver, 0, None)
    }

    /// The same, whose draws follow from `seed`, and with a directory for what survives. A seed of
    /// 0 is 1 with `Driver::Virtual`, else drawn anew; the snapshot has it.
    pub fn with(driver: Driver, seed: u64, store: Option<&str>) -> Result<Engine> {
        let store = store.map(c_string).transpose()?;
        let options = ffi::gyre_engine_options {
            seed,
            store: store.as_ref().map_or(std::ptr::null(), |store| store.as_ptr()),
            driver: match driver {
                Driver::Workers => ffi::GYRE_DRIVER_WORKERS,
                Driver::Host => ffi::GYRE_DRIVER_HOST,
                Driver::Virtual => ffi::GYRE_DRIVER_VIRTUAL,
            },
            ..Default::default()
        };
        let mut id = 0;
        // SAFETY: options and id outlive the call.
        check(|err| unsafe { ffi::gyre_engine_create(&options, &mut id, err) })?;
        Ok(Engine(id))
    }

    /// Adds a loop whose ticks are calls of `tick`. An error or a panic of it is a failed tick.
    pub fn add<F>(&self, options: LoopOptions, tick: F) -> Result<Loop<'_>>
    where
        F: FnMut(&Tick) -> Result<()> + Send + 'static,
    {
        let name = c_string(&options.name)?;
        let group = c_string(&options.group)?;
        let parent = c_string(&options.parent)?;
        let gates = Gates::new(&options.gates)?;
        let declared = Declared::new(&options.knobs, &options.features, &options.tuning)?;
        let native = ffi::gyre_loop_options {
            name: name.as_ptr(),
            interval_ms: options.interval.as_secs_f64() * 1e3,
            group: group.as_ptr(),
            tick: Some(trampoline::<F>),
            user: Box::into_raw(Box::new(tick)) as *mut c_void,
            destroy: Some(free::<F>), // also called when the creation fails
            flags: options.flags,
            timeout_ms: options.timing.timeout_ms,
            jitter: options.timing.jitter,
            backoff_ms: options.timing.backoff_ms,
            backoff_cap_ms: options.timing.backoff_cap_ms,
            missed: options.timing.missed,
            priority: options.timing.priority,
            parent: if options.parent.is_empty() { std::ptr::null() } else { parent.as_ptr() },
            gates: gates.list.as_ptr(),
            gate_count: gates.list.len() as u32,
            knobs: declared.knobs.as_ptr(),
            knob_count: declared.knobs.len() as u32,
            features: declared.features.as_ptr(),
            feature_count: declared.features.len() as u32,
            tuning: &declared.tuning,
            learning_rate: options.learning_rate,
            sample_average: options.sample_average as u32,
            explore_from: options.explore.0,
            explore_to: options.explore.1,
            explore_over: options.explore.2,
            explore_how: options.way.explore_how,
            method: options.method.map_or(0, |m| m as u32),
            step_power: options.way.step_power,
            lambda: options.way.lambda,
            planning: options.way.planning,
            optimistic: u32::from(options.way.optimistic),
            ..Default::default()
        };
        let mut id = 0;
        // SAFETY: everything that `native` points to outlives the call, which copies what it keeps,
        // but for the closure, which the engine owns from here on.
        check(|err| unsafe { ffi::gyre_loop_create(self.0, &native, &mut id, err) })?;
        Ok(Loop { id, engine: PhantomData })
    }

    pub(crate) fn id(&self) -> ffi::gyre_engine {
        self.0
    }

    /// Lets the loops run.
    pub fn start(&self) -> Result<()> {
        check(|err| unsafe { ffi::gyre_engine_start(self.0, err) })
    }

    /// Cancels running ticks, waits for them up to `deadline`, saves. An error names the loops that
    /// did not end.
    pub fn stop(&self, deadline: Duration) -> Result<()> {
        // The header's 0 is its default, 5 s; ours is no time at all, here the shortest there is.
        let (none, ms) = (std::ptr::null_mut(), (deadline.as_secs_f64() * 1e3).max(1e-6));
        // SAFETY: no names are asked for.
        check(|err| unsafe {
            ffi::gyre_engine_stop(self.0, ms, none, 0, std::ptr::null_mut(), err)
        })
    }

    /// Runs a `Driver::Virtual` engine up to `to`, since its creation.
    pub fn advance_to(&self, to: Duration) -> Result<()> {
        check(|err| unsafe { ffi::gyre_engine_advance_to(self.0, to.as_secs_f64() * 1e3, err) })
    }

    /// Sums over all loops. Never waits for a tick.
    pub fn totals(&self) -> Result<Totals> {
        let mut totals = ffi::gyre_totals::default();
        // SAFETY: totals outlives the call and says its size.
        check(|_| unsafe { ffi::gyre_snapshot_totals(self.0, &mut totals) })?;
        Ok(Totals {
            loops: totals.loops,
            ticks: totals.ticks,
            errors: totals.errors,
            score: totals.score,
        })
    }

    /// Everything observable at one instant, as JSON.
    pub fn snapshot_json(&self) -> Result<String> {
        let mut text = vec![0u8; 1 << 16];
        loop {
            let mut needed = 0;
            // SAFETY: the buffer is as long as the call is told.
            let got = check(|err| unsafe {
                let (buf, cap) = (text.as_mut_ptr() as *mut _, text.len() as u32);
                ffi::gyre_snapshot_json(self.0, buf, cap, &mut needed, err)
            });
            match got {
                Ok(()) => {
                    text.truncate(needed as usize - 1);
                    return String::from_utf8(text).map_err(|_| Error::arg("not UTF-8"));
                }
                Err(_) if needed as usize > text.len() => text.resize(needed as usize * 5 / 4, 0),
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let id = self.0;
        // SAFETY: the id is ours alone, and stale afterwards.
        let destroy = move || unsafe { ffi::gyre_engine_destroy(id, std::ptr::null_mut()) };
        if destroy() == ffi::GYRE_E_REENTRANT {
            // A closure owned it: destroying waits for that closure, so another thread does.
            let _ = std::thread::Builder::new().spawn(destroy);
        }
    }
}

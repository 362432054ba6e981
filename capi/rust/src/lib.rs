//! gyre for Rust: supervised, measured loops that tune their own settings, over the C ABI.
//!
//! ```no_run
//! use gyre::{Driver, Engine, LoopOptions};
//! use std::time::Duration;
//!
//! let engine = Engine::new(Driver::Virtual).unwrap();
//! let options =
//!     LoopOptions::new("ship", Duration::from_millis(20)).knob("level", &[1.0, 6.0, 9.0]);
//! engine.add(options, |tick| {
//!     let level = tick.knob("level")?;
//!     tick.reward(-(level - 6.0).abs())
//! }).unwrap();
//! engine.start().unwrap();
//! engine.advance_to(Duration::from_secs(10)).unwrap();
//! println!("{} ticks", engine.totals().unwrap().ticks);
//! ```
//!
//! Threads: an `Engine` may be shared by threads; a `Tick` stays in its callback. A closure that
//! panics is a failed tick with the panic's text, and nothing unwinds into the engine; its next
//! tick finds what it captured as the panic left it.

// SAFETY, of the unsafe blocks without a comment of their own: numbers go in, and a `gyre_error`
// that outlives the call; the library checks every id.

pub mod ffi;

use std::ffi::{CStr, CString};
use std::fmt;
use std::marker::PhantomData;
use std::os::raw::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Duration;

/// Why a call failed: the header's number, and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub code: i32,
    pub text: String,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    fn arg(text: &str) -> Error {
        Error { code: ffi::GYRE_E_ARG, text: text.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the name is a static string of the library.
        let name = unsafe { CStr::from_ptr(ffi::gyre_status_name(self.code)) };
        write!(f, "{}: {}", name.to_string_lossy(), self.text)
    }
}

impl std::error::Error for Error {}

/// Calls with a fresh error struct and turns the status into a result.
fn check(call: impl FnOnce(*mut ffi::gyre_error) -> ffi::gyre_status) -> Result<()> {
    let mut error = ffi::gyre_error::default();
    let code = call(&mut error);
    if code == ffi::GYRE_OK {
        return Ok(());
    }
    // SAFETY: the text is always ended by a NUL, also when the call left it untouched.
    let text = unsafe { CStr::from_ptr(error.text.as_ptr()) };
    Err(Error { code, text: text.to_string_lossy().into_owned() })
}

fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::arg("a text contains NUL"))
}

/// Who moves the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// Its own threads and the system clock.
    Workers,
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
    /// An engine with default options. `Driver::Workers` waits for `start`; a `Driver::Virtual` one
    /// needs only `advance_to`.
    pub fn new(driver: Driver) -> Result<Engine> {
        let options = ffi::gyre_engine_options {
            driver: match driver {
                Driver::Workers => ffi::GYRE_DRIVER_WORKERS,
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
        let knobs = Named::all(&options.knobs)?;
        let features = Named::all(&options.features)?;
        let knobs: Vec<_> = knobs.iter().map(Named::knob).collect();
        let features: Vec<_> = features.iter().map(Named::feature).collect();
        let native = ffi::gyre_loop_options {
            name: name.as_ptr(),
            interval_ms: options.interval.as_secs_f64() * 1e3,
            group: group.as_ptr(),
            tick: Some(trampoline::<F>),
            user: Box::into_raw(Box::new(tick)) as *mut c_void,
            destroy: Some(free::<F>), // also called when the creation fails
            knobs: knobs.as_ptr(),
            knob_count: knobs.len() as u32,
            features: features.as_ptr(),
            feature_count: features.len() as u32,
            learning_rate: options.learning_rate,
            sample_average: options.sample_average as u32,
            explore_from: options.explore.0,
            explore_to: options.explore.1,
            explore_over: options.explore.2,
            ..Default::default()
        };
        let mut id = 0;
        // SAFETY: everything that `native` points to outlives the call, which copies what it keeps,
        // but for the closure, which the engine owns from here on.
        check(|err| unsafe { ffi::gyre_loop_create(self.0, &native, &mut id, err) })?;
        Ok(Loop { id, engine: PhantomData })
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

/// What a loop is; what is not set is the engine's default.
pub struct LoopOptions {
    name: String,
    interval: Duration,
    group: String,
    knobs: Vec<(String, Vec<f64>)>,
    features: Vec<(String, Vec<f64>)>,
    learning_rate: f64,
    sample_average: bool,
    explore: (f64, f64, f64),
}

impl LoopOptions {
    /// A loop that runs every `interval`, start to start.
    pub fn new(name: &str, interval: Duration) -> LoopOptions {
        LoopOptions {
            name: name.to_string(),
            interval,
            group: String::new(),
            knobs: Vec::new(),
            features: Vec::new(),
            learning_rate: 0.0,
            sample_average: false,
            explore: (0.0, 0.0, 0.0),
        }
    }
    /// The loops of a group share one learner.
    pub fn group(mut self, name: &str) -> LoopOptions {
        self.group = name.to_string();
        self
    }
    /// A setting that the learner may choose.
    pub fn knob(mut self, name: &str, values: &[f64]) -> LoopOptions {
        self.knobs.push((name.to_string(), values.to_vec()));
        self
    }
    /// Something the ticks see, in buckets between ascending edges.
    pub fn feature(mut self, name: &str, edges: &[f64]) -> LoopOptions {
        self.features.push((name.to_string(), edges.to_vec()));
        self
    }
    /// The share of random choices goes from one to the other over so many choices.
    pub fn explore(mut self, from: f64, to: f64, over: u32) -> LoopOptions {
        let or_none = |share: f64| if share == 0.0 { ffi::GYRE_NONE } else { share };
        self.explore = (or_none(from), or_none(to), f64::from(over));
        self
    }
    /// The step is max(rate, 1/n) after n visits.
    pub fn average(mut self, rate: f64) -> LoopOptions {
        self.learning_rate = rate;
        self.sample_average = true;
        self
    }
}

/// A name and numbers in C's shape; owns the name while the call reads it.
struct Named<'a> {
    name: CString,
    numbers: &'a [f64],
}

impl<'a> Named<'a> {
    fn all(list: &'a [(String, Vec<f64>)]) -> Result<Vec<Named<'a>>> {
        list.iter()
            .map(|(name, numbers)| Ok(Named { name: c_string(name)?, numbers }))
            .collect()
    }
    fn knob(&self) -> ffi::gyre_knob {
        ffi::gyre_knob {
            count: self.numbers.len() as u32,
            name: self.name.as_ptr(),
            values: self.numbers.as_ptr(),
            ..Default::default()
        }
    }
    fn feature(&self) -> ffi::gyre_feature {
        ffi::gyre_feature {
            count: self.numbers.len() as u32,
            name: self.name.as_ptr(),
            edges: self.numbers.as_ptr(),
            ..Default::default()
        }
    }
}

/// A loop of an engine, which owns it: dropping this changes nothing.
#[derive(Clone, Copy)]
pub struct Loop<'a> {
    id: ffi::gyre_loop,
    engine: PhantomData<&'a Engine>,
}

impl Loop<'_> {
    /// No further ticks until `resume`.
    pub fn pause(&self) -> Result<()> {
        check(|_| unsafe { ffi::gyre_loop_pause(self.id) })
    }
    /// Back on its grid.
    pub fn resume(&self) -> Result<()> {
        check(|_| unsafe { ffi::gyre_loop_resume(self.id) })
    }
    /// Takes it out of the engine; its closure is dropped when its last tick has returned.
    pub fn remove(self) -> Result<()> {
        check(|err| unsafe { ffi::gyre_loop_remove(self.id, err) })
    }
}

/// One run of a loop, inside its closure.
pub struct Tick {
    id: ffi::gyre_tick,
    here: PhantomData<*mut ()>, // neither Send nor Sync: the verbs come one at a time
}

impl Tick {
    /// The value to use for a knob. Report features before the first of these calls.
    pub fn knob(&self, name: &str) -> Result<f64> {
        let (name, mut value) = (c_string(name)?, 0.0);
        // SAFETY: name and value outlive the call.
        check(|_| unsafe { ffi::gyre_tick_knob(self.id, name.as_ptr(), &mut value) })?;
        Ok(value)
    }
    /// What the tick sees.
    pub fn feature(&self, name: &str, value: f64) -> Result<()> {
        let name = c_string(name)?;
        check(|_| unsafe { ffi::gyre_tick_feature(self.id, name.as_ptr(), value) })
    }
    /// What the tick earned.
    pub fn reward(&self, reward: f64) -> Result<()> {
        check(|_| unsafe { ffi::gyre_tick_reward(self.id, reward) })
    }
    /// Virtual engines: the tick took so long.
    pub fn spend(&self, time: Duration) -> Result<()> {
        check(|_| unsafe { ffi::gyre_tick_spend(self.id, time.as_secs_f64() * 1e3) })
    }
    /// Whether the tick was given up and should return soon.
    pub fn cancelled(&self) -> bool {
        unsafe { ffi::gyre_tick_cancelled(self.id) == ffi::GYRE_E_CANCELLED }
    }
}

type Panic = Box<dyn std::any::Any + Send>;

/// Why a closure did not succeed, for the loop's last error.
fn reason(panic: Panic) -> String {
    let text = panic
        .downcast::<&'static str>()
        .map(|s| s.to_string())
        .or_else(|panic| panic.downcast::<String>().map(|s| *s));
    match text {
        Ok(text) => format!("panic: {}", text),
        Err(other) => {
            leak(other);
            "panic with a value that is no text".to_string()
        }
    }
}

/// A panic's value of the user's own type may panic once more as it is dropped, and all of this is
/// called from C: so it is not dropped.
fn leak(panic: Panic) {
    std::mem::forget(panic);
}

unsafe extern "C" fn trampoline<F>(user: *mut c_void, id: ffi::gyre_tick, status: *mut i32)
where
    F: FnMut(&Tick) -> Result<()>,
{
    let tick = Tick { id, here: PhantomData };
    // SAFETY: user is the box made by `add`; ticks of one loop never overlap.
    let closure = &mut *(user as *mut F);
    let done = match catch_unwind(AssertUnwindSafe(|| closure(&tick))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => Err(reason(panic)),
    };
    match done {
        Ok(()) => *status = ffi::GYRE_OK,
        Err(text) => {
            if let Ok(text) = c_string(&text.replace('\0', "\u{fffd}")) {
                ffi::gyre_tick_fail(id, text.as_ptr());
            }
        }
    }
}

unsafe extern "C" fn free<F>(user: *mut c_void) {
    // A destructor that panics must not unwind into the engine either.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(Box::from_raw(user as *mut F)))) {
        leak(panic);
    }
}

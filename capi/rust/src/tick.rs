//! tick.rs - one run of a loop, and what C calls for it: a closure, and its end.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::error::{c_string, check, Result};
use crate::ffi;
use std::marker::PhantomData;
use std::os::raw::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Duration;

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
    /// Rules out for this tick what has this value; before the first `knob`.
    pub fn forbid(&self, knob: &str, value: f64) -> Result<()> {
        let knob = c_string(knob)?;
        // SAFETY: the name outlives the call.
        check(|_| unsafe { ffi::gyre_tick_forbid(self.id, knob.as_ptr(), value) })
    }
    /// Someone else has set this knob: the reward is learned of that.
    pub fn used(&self, knob: &str, value: f64) -> Result<()> {
        let knob = c_string(knob)?;
        // SAFETY: the name outlives the call.
        check(|_| unsafe { ffi::gyre_tick_used(self.id, knob.as_ptr(), value) })
    }
    /// The reward comes later, by `Loop::reward` with this ticket.
    pub fn reward_later(&self) -> Result<u32> {
        let mut ticket = 0;
        // SAFETY: ticket outlives the call.
        check(|_| unsafe { ffi::gyre_tick_reward_later(self.id, &mut ticket) })?;
        Ok(ticket)
    }
    /// A goal beside the reward: this tick's figure of that name, and what it may be at most.
    pub fn limit(&self, name: &str, value: f64, at_most: f64) -> Result<()> {
        let name = c_string(name)?;
        // SAFETY: the name outlives the call.
        check(|_| unsafe { ffi::gyre_tick_limit(self.id, name.as_ptr(), value, at_most) })
    }
    /// What it cost: a reward of `-cost`.
    pub fn cost(&self, cost: f64) -> Result<()> {
        check(|_| unsafe { ffi::gyre_tick_cost(self.id, cost) })
    }
    /// With `LoopOptions::sequential`: nothing is earned after this tick.
    pub fn terminated(&self) -> Result<()> {
        check(|_| unsafe { ffi::gyre_tick_terminated(self.id) })
    }
    /// ... or it was cut off here. The next tick begins anew.
    pub fn truncated(&self) -> Result<()> {
        check(|_| unsafe { ffi::gyre_tick_truncated(self.id) })
    }
    /// How well the loop's work is, 0..1, in its own judgement.
    pub fn vitality(&self, vitality: f64) -> Result<()> {
        check(|_| unsafe { ffi::gyre_tick_vitality(self.id, vitality) })
    }
    /// Which tick it is, how late, how long so far.
    pub fn info(&self) -> Result<ffi::gyre_tick_info> {
        let mut info = ffi::gyre_tick_info::default();
        // SAFETY: it outlives the call and says its size.
        check(|_| unsafe { ffi::gyre_tick_info_read(self.id, &mut info) })?;
        Ok(info)
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

pub(crate) unsafe extern "C" fn trampoline<F>(
    user: *mut c_void,
    id: ffi::gyre_tick,
    status: *mut ffi::gyre_status,
) where
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

pub(crate) unsafe extern "C" fn free<F>(user: *mut c_void) {
    // A destructor that panics must not unwind into the engine either.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(Box::from_raw(user as *mut F)))) {
        leak(panic);
    }
}

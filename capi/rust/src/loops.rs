//! loops.rs - a loop of an engine: pause, resume, remove; what its tuner has learned.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::engine::Engine;
use crate::error::{check, Result};
use crate::ffi;
use crate::knobs::Mode;
use crate::learned::{limits, numbers, Learned, Limit, Report};
use std::marker::PhantomData;

/// A loop of an engine, which owns it: dropping this changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loop<'a> {
    pub(crate) id: ffi::gyre_loop,
    pub(crate) engine: PhantomData<&'a Engine>,
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
    /// Of its tuner, from the next tick on.
    pub fn set_mode(&self, mode: Mode) -> Result<()> {
        let change = ffi::gyre_loop_change { mode: mode.native(), ..Default::default() };
        // SAFETY: change outlives the call.
        check(|err| unsafe { ffi::gyre_loop_reconfigure(self.id, &change, err) })
    }
    /// What its tuner did and knows as a whole. An error where it has no knobs or learns otherwise.
    pub fn learned(&self) -> Result<Learned> {
        let mut m = ffi::gyre_tuning_metrics::default();
        // SAFETY: it outlives the call and says its size.
        check(|_| unsafe { ffi::gyre_loop_learned(self.id, &mut m) })?;
        Ok(Learned::of(&m))
    }
    /// What its tuner knows of one of its first 64 states.
    pub fn report(&self, state: u32) -> Result<Report> {
        let mut r = ffi::gyre_state_report::default();
        // SAFETY: it outlives the call and says its size.
        check(|_| unsafe { ffi::gyre_loop_report(self.id, state, &mut r) })?;
        Ok(Report::of(&r))
    }
    /// What the tick of a ticket earned, of `Tick::reward_later`.
    pub fn reward(&self, ticket: u32, reward: f64) -> Result<()> {
        check(|err| unsafe { ffi::gyre_loop_reward(self.id, ticket, reward, err) })
    }
    /// The figures that are to stay under a bound.
    pub fn limits(&self) -> Result<Vec<Limit>> {
        limits(|rows, cap, needed| unsafe {
            ffi::gyre_loop_limits(self.id, rows, cap, needed)
        })
    }
    /// The value that each knob has in an action, in declared order.
    pub fn values(&self, action: u32) -> Result<Vec<f64>> {
        numbers(|out, cap, needed| unsafe {
            ffi::gyre_loop_values(self.id, action, out, cap, needed)
        })
    }
    /// Takes it out of the engine; its closure is dropped when its last tick has returned.
    pub fn remove(self) -> Result<()> {
        check(|err| unsafe { ffi::gyre_loop_remove(self.id, err) })
    }
}

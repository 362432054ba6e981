//! loops.rs - a loop of an engine: pause, resume, remove; what its tuner has learned.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::engine::Engine;
use crate::error::{c_string, check, Result};
use crate::ffi;
use crate::knobs::Mode;
use crate::learned::{limits, numbers, Learned, Limit, Report};
use crate::what_if::WhatIf;
use std::marker::PhantomData;

/// In C's shape, where 0 leaves a setting as it is.
fn given(number: f64) -> f64 {
    if number == 0.0 { ffi::GYRE_NONE } else { number }
}

/// Those of a loop's ticks that a histogram is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// How long they took, since the start.
    Latency = 0,
    /// In the last 5 to 10 s.
    Window = 1,
    /// From due to started, since the start.
    Late = 2,
}

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
    /// Of its tuner: the part of ticks, 0 to 1, that take any setting.
    pub fn set_at_random(&self, part: f64) -> Result<()> {
        let at_random = given(part);
        let change = ffi::gyre_loop_change { at_random, ..Default::default() };
        // SAFETY: change outlives the call.
        check(|err| unsafe { ffi::gyre_loop_reconfigure(self.id, &change, err) })
    }
    /// Of Q-learning: how likely an action is random, `from` moving to `to` over so many decisions.
    pub fn set_exploration(&self, from: f64, to: f64, over: u64) -> Result<()> {
        let change = ffi::gyre_loop_change {
            explore_from: given(from),
            explore_to: given(to),
            explore_over: over,
            ..Default::default()
        };
        // SAFETY: change outlives the call.
        check(|err| unsafe { ffi::gyre_loop_reconfigure(self.id, &change, err) })
    }
    /// What one setting, a value for each knob, would have earned in the states of its tuner's last
    /// 1,024 decisions.
    pub fn what_if(&self, always: &[(&str, f64)]) -> Result<WhatIf> {
        let names = always.iter().map(|(knob, _)| c_string(knob)).collect::<Result<Vec<_>>>()?;
        let rows: Vec<_> = names.iter().zip(always).map(|(knob, (_, value))| {
            ffi::gyre_setting { knob: knob.as_ptr(), value: *value, ..Default::default() }
        }).collect();
        let mut out = ffi::gyre_what_if_result::default();
        // SAFETY: as many settings as the call is told, whose names outlive it.
        check(|err| unsafe {
            ffi::gyre_loop_what_if(self.id, rows.as_ptr(), rows.len() as u32, &mut out, err)
        })?;
        Ok(WhatIf::of(&out))
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
    /// What its percentiles are made of: for each bucket in which a tick lies, from below, its
    /// upper end in ms and how many do.
    pub fn histogram(&self, of: Times) -> Result<Vec<(f64, u64)>> {
        let (mut pairs, mut needed) = (vec![0.0; 2946], 0);
        let (out, cap) = (pairs.as_mut_ptr(), pairs.len() as u32);
        // SAFETY: it has as many numbers as the call is told.
        check(|_| unsafe { ffi::gyre_loop_histogram(self.id, of as u32, out, cap, &mut needed) })?;
        pairs.truncate(needed as usize);
        Ok(pairs.chunks_exact(2).map(|p| (p[0], p[1] as u64)).collect())
    }
    /// Takes it out of the engine; its closure is dropped when its last tick has returned.
    pub fn remove(self) -> Result<()> {
        check(|err| unsafe { ffi::gyre_loop_remove(self.id, err) })
    }
}

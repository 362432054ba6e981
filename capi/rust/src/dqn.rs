//! dqn.rs - Q-learning by a small network, by itself: for states that are numbers.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::error::{check, Error, Result};
use crate::ffi;
use crate::learner::{room, saved};
use std::mem::size_of_val;

/// Steps as columns, in the order in which they came.
#[derive(Debug, Clone, Copy)]
pub struct Steps<'a> {
    /// An observation for each step, one after the other.
    pub seen: &'a [f32],
    pub actions: &'a [u32],
    pub rewards: &'a [f64],
    /// What truly came, also where an episode was cut off there.
    pub next: &'a [f32],
    /// Of each step `ffi::GYRE_TRANSITION_...`, or 0; empty: no episode ended.
    pub flags: &'a [u32],
}

impl Steps<'_> {
    /// An error where the columns are not of `n` steps.
    pub(crate) fn check(&self, n: usize) -> Result<()> {
        let whole = self.next.len() == self.seen.len()
            && self.actions.len() == n
            && self.rewards.len() == n
            && (self.flags.is_empty() || self.flags.len() == n);
        if whole {
            Ok(())
        } else {
            Err(Error::arg("the columns are of different lengths"))
        }
    }
    pub(crate) fn flags(&self) -> *const u32 {
        if self.flags.is_empty() {
            std::ptr::null()
        } else {
            self.flags.as_ptr()
        }
    }
}

/// A learner by a network. Inputs may be in any unit.
///
/// ```
/// use gyre::{ffi, Dqn, Steps};
/// # fn main() -> gyre::Result<()> {
/// let options = ffi::gyre_dqn_options { inputs: 2, actions: 3, ..Default::default() };
/// let dqn = Dqn::with(&options, &[16])?; // one hidden layer
/// let (seen, next) = ([12.5, 0.3], [11.0, 0.4]);
/// let actions = &dqn.act(&seen)?[..];
/// dqn.observe(&Steps { seen: &seen, actions, rewards: &[1.0], next: &next, flags: &[] })?;
/// assert_eq!(dqn.metrics()?.observations, 1);
/// # Ok(())
/// # }
/// ```
///
/// Threads: calls on one wait for each other.
pub struct Dqn {
    id: ffi::gyre_dqn,
    inputs: usize,
    actions: usize,
}

impl Dqn {
    /// Of as many numbers and actions, with the defaults; all draws follow from `seed`.
    pub fn new(inputs: u32, actions: u32, seed: u64) -> Result<Dqn> {
        Dqn::with(&ffi::gyre_dqn_options { inputs, actions, seed, ..Default::default() }, &[])
    }
    /// With options, and the units of its hidden layers; none: two of 64.
    pub fn with(options: &ffi::gyre_dqn_options, hidden: &[u32]) -> Result<Dqn> {
        let mut all = ffi::gyre_dqn_options { size: size_of_val(options) as u32, ..*options };
        all.hidden = hidden.as_ptr();
        all.layers = u32::try_from(hidden.len()).map_err(|_| Error::arg("too many layers"))?;
        let mut id = 0;
        // SAFETY: options, layers and id outlive the call.
        check(|err| unsafe { ffi::gyre_dqn_create(&all, &mut id, err) })?;
        Ok(Dqn { id, inputs: all.inputs as usize, actions: all.actions as usize })
    }
    /// How many observations lie in `seen`.
    fn count(&self, seen: &[f32]) -> Result<u32> {
        if seen.len() % self.inputs != 0 {
            return Err(Error::arg("the numbers are no whole observations"));
        }
        u32::try_from(seen.len() / self.inputs).map_err(|_| Error::arg("too many observations"))
    }
    /// An action for each observation, exploring.
    pub fn act(&self, seen: &[f32]) -> Result<Vec<u32>> {
        let mut actions = vec![0; seen.len() / self.inputs];
        self.act_into(seen, &mut actions)?;
        Ok(actions)
    }
    /// The same into `actions`: as many.
    pub fn act_into(&self, seen: &[f32], actions: &mut [u32]) -> Result<()> {
        let count = self.count(seen)?;
        room(actions.len(), count as usize)?;
        // SAFETY: both have as many numbers as the call is told.
        check(|_| unsafe {
            ffi::gyre_dqn_act(self.id, seen.as_ptr(), actions.as_mut_ptr(), count)
        })
    }
    /// What each action is held to be worth in each observation, row by row.
    pub fn worth(&self, seen: &[f32]) -> Result<Vec<f32>> {
        let mut worth = vec![0.0; seen.len() / self.inputs * self.actions];
        self.worth_into(seen, &mut worth)?;
        Ok(worth)
    }
    /// The same into `worth`: a number for each action of each observation.
    pub fn worth_into(&self, seen: &[f32], worth: &mut [f32]) -> Result<()> {
        let count = self.count(seen)?;
        room(worth.len(), count as usize * self.actions)?;
        // SAFETY: both have as many numbers as the call is told.
        check(|_| unsafe {
            ffi::gyre_dqn_worth(self.id, seen.as_ptr(), worth.as_mut_ptr(), count)
        })
    }
    /// Learns from steps; from none when one is refused.
    pub fn observe(&self, steps: &Steps) -> Result<()> {
        let count = self.count(steps.seen)?;
        steps.check(count as usize)?;
        // SAFETY: each has as many rows as the call is told.
        check(|_| unsafe {
            ffi::gyre_dqn_observe(
                self.id,
                steps.seen.as_ptr(),
                steps.actions.as_ptr(),
                steps.rewards.as_ptr(),
                steps.next.as_ptr(),
                steps.flags(),
                count,
            )
        })
    }
    /// Trains on so many batches beyond those that are due.
    pub fn train(&self, batches: u32) -> Result<()> {
        // SAFETY: the id is checked.
        check(|_| unsafe { ffi::gyre_dqn_train(self.id, batches) })
    }
    /// All that it has learned, with its replay, for `load`.
    pub fn save(&self) -> Result<Vec<u8>> {
        // SAFETY: as much room as the call is told.
        saved(|at, room, needed| unsafe { ffi::gyre_dqn_save(self.id, at, room, needed) })
    }
    /// Replaces what it has learned; with the same options it goes on bit for bit.
    pub fn load(&self, bytes: &[u8]) -> Result<()> {
        let size = u32::try_from(bytes.len()).map_err(|_| Error::arg("too many bytes"))?;
        // SAFETY: as many bytes as the call is told.
        check(|err| unsafe { ffi::gyre_dqn_load(self.id, bytes.as_ptr().cast(), size, err) })
    }
    /// What it learned from.
    pub fn metrics(&self) -> Result<ffi::gyre_dqn_metrics> {
        let mut out = ffi::gyre_dqn_metrics::default();
        // SAFETY: it outlives the call and says its size.
        check(|_| unsafe { ffi::gyre_dqn_metrics_read(self.id, &mut out) })?;
        Ok(out)
    }
}

impl Drop for Dqn {
    fn drop(&mut self) {
        // SAFETY: the id is ours alone, and stale afterwards.
        unsafe { ffi::gyre_dqn_destroy(self.id) };
    }
}

//! tiles.rs - a learner that sees numbers, not states: SARSA(lambda) or Q(lambda) over tile coding.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::dqn::Steps;
use crate::error::{check, Error, Result};
use crate::ffi;
use crate::learner::{room, saved};
use std::mem::size_of_val;

/// One of the numbers that are seen: where it begins and ends, what lies outside counting as the
/// end, and into how many tiles it is cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    pub low: f64,
    pub high: f64,
    pub cuts: u32,
}

/// A learner over tiles. What is seen are rows of a number for each axis, one after the other.
///
/// ```
/// use gyre::{ffi, Axis, Steps, Tiles};
/// # fn main() -> gyre::Result<()> {
/// let options = ffi::gyre_tiles_options { actions: 2, explore_from: 0.2, ..Default::default() };
/// let tiles = Tiles::with(&options, &[Axis { low: 0.0, high: 100.0, cuts: 8 }])?;
/// for i in 0..1000 {
///     let load = [(i * 37 % 100) as f32]; // action 1 pays over 50, action 0 below
///     let actions = tiles.choose(&load)?;
///     let rewards = [if (actions[0] == 1) == (load[0] > 50.0) { 1.0 } else { 0.0 }];
///     let flags = [ffi::GYRE_TRANSITION_TERMINATED]; // each is an episode
///     let (actions, rewards, flags) = (&actions[..], &rewards[..], &flags[..]);
///     tiles.observe(&Steps { seen: &load, actions, rewards, next: &load, flags })?;
/// }
/// assert_eq!(tiles.greedy(&[20.0, 80.0])?, [0, 1]);
/// # Ok(())
/// # }
/// ```
///
/// Threads: calls on one wait for each other.
pub struct Tiles {
    id: ffi::gyre_tiles,
    axes: usize,
}

impl Tiles {
    /// Of those axes and as many actions, with the defaults; all draws follow from `seed`.
    pub fn new(axes: &[Axis], actions: u32, seed: u64) -> Result<Tiles> {
        Tiles::with(&ffi::gyre_tiles_options { actions, seed, ..Default::default() }, axes)
    }
    /// With options, whose axes are those given.
    pub fn with(options: &ffi::gyre_tiles_options, axes: &[Axis]) -> Result<Tiles> {
        let lows: Vec<f64> = axes.iter().map(|axis| axis.low).collect();
        let highs: Vec<f64> = axes.iter().map(|axis| axis.high).collect();
        let cuts: Vec<u32> = axes.iter().map(|axis| axis.cuts).collect();
        let mut all = ffi::gyre_tiles_options { size: size_of_val(options) as u32, ..*options };
        all.axis_count = u32::try_from(axes.len()).map_err(|_| Error::arg("too many axes"))?;
        (all.lows, all.highs, all.cuts) = (lows.as_ptr(), highs.as_ptr(), cuts.as_ptr());
        let mut id = 0;
        // SAFETY: options, columns and id outlive the call.
        check(|err| unsafe { ffi::gyre_tiles_create(&all, &mut id, err) })?;
        Ok(Tiles { id, axes: axes.len() })
    }
    /// How many rows lie in `seen`.
    fn count(&self, seen: &[f32]) -> Result<u32> {
        if seen.len() % self.axes != 0 {
            return Err(Error::arg("the numbers are no whole rows"));
        }
        u32::try_from(seen.len() / self.axes).map_err(|_| Error::arg("too many rows"))
    }
    /// An action for each row, exploring.
    pub fn choose(&self, seen: &[f32]) -> Result<Vec<u32>> {
        let mut actions = vec![0; seen.len() / self.axes];
        self.choose_into(seen, &mut actions)?;
        Ok(actions)
    }
    /// The same into `actions`: as many.
    pub fn choose_into(&self, seen: &[f32], actions: &mut [u32]) -> Result<()> {
        let count = self.count(seen)?;
        room(actions.len(), count as usize)?;
        let (from, to) = (seen.as_ptr(), actions.as_mut_ptr());
        // SAFETY: both have as many numbers as the call is told.
        check(|_| unsafe { ffi::gyre_tiles_choose(self.id, from, to, count) })
    }
    /// The action of most worth for each row; no decision is counted.
    pub fn greedy(&self, seen: &[f32]) -> Result<Vec<u32>> {
        let mut actions = vec![0; seen.len() / self.axes];
        self.greedy_into(seen, &mut actions)?;
        Ok(actions)
    }
    /// The same into `actions`: as many.
    pub fn greedy_into(&self, seen: &[f32], actions: &mut [u32]) -> Result<()> {
        let count = self.count(seen)?;
        room(actions.len(), count as usize)?;
        let (from, to) = (seen.as_ptr(), actions.as_mut_ptr());
        // SAFETY: both have as many numbers as the call is told.
        check(|_| unsafe { ffi::gyre_tiles_greedy(self.id, from, to, count) })
    }
    /// Learns from steps; from none when one is refused.
    pub fn observe(&self, steps: &Steps) -> Result<()> {
        let count = self.count(steps.seen)?;
        steps.check(count as usize)?;
        // SAFETY: each has as many rows as the call is told.
        check(|_| unsafe {
            ffi::gyre_tiles_observe(
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
    /// All that it has learned, for `load`.
    pub fn save(&self) -> Result<Vec<u8>> {
        // SAFETY: as much room as the call is told.
        saved(|at, room, needed| unsafe { ffi::gyre_tiles_save(self.id, at, room, needed) })
    }
    /// Replaces what it has learned; with the same options it goes on bit for bit.
    pub fn load(&self, bytes: &[u8]) -> Result<()> {
        let size = u32::try_from(bytes.len()).map_err(|_| Error::arg("too many bytes"))?;
        // SAFETY: as many bytes as the call is told.
        check(|err| unsafe { ffi::gyre_tiles_load(self.id, bytes.as_ptr().cast(), size, err) })
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: the id is ours alone, and stale afterwards.
        unsafe { ffi::gyre_tiles_destroy(self.id) };
    }
}

//! tuner.rs - a tuner by itself, for those who bring their own loop.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::error::{c_string, check, Result};
use crate::ffi;
use crate::knobs::{Declared, Feature, Knob, Mode, Tuning};
use crate::learned::{limits, numbers, Learned, Limit, Report};
use crate::learner::saved;

/// Finds what earns most in each state, in few noisy tries. A *state* is a bucket for each feature,
/// an *action* a value for each knob, both numbered mixed radix, the first declared counting most.
///
/// ```
/// use gyre::{Feature, Knob, Tuner, Tuning};
/// # fn ship(_: &[f64]) -> f64 { 1.0 }
/// let knobs = [Knob::new("level", &[0.0, 6.0, 9.0]), Knob::named("codec", &["zlib", "none"])];
/// let link = Feature::new("link", &[100.0]);
/// let tuner = Tuner::new(&knobs, &[link], &Tuning::default(), 1).unwrap();
/// let state = tuner.state(&[40.0]).unwrap();
/// let choice = tuner.choose(state, &[]).unwrap();
/// let earned = ship(&tuner.values(choice.action).unwrap());
/// tuner.observe(state, choice.action, earned).unwrap();
/// ```
///
/// Threads: calls on one wait for each other.
pub struct Tuner(ffi::gyre_tuner);

/// An action, and how likely it was to be taken: worth logging.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    pub action: u32,
    pub propensity: f64,
}

impl Tuner {
    /// All its draws follow from `seed`; 0 is 1.
    pub fn new(knobs: &[Knob], features: &[Feature], tuning: &Tuning, seed: u64) -> Result<Tuner> {
        let declared = Declared::new(knobs, features, tuning)?;
        let options = ffi::gyre_tuner_options {
            knob_count: declared.knobs.len() as u32,
            knobs: declared.knobs.as_ptr(),
            seed,
            features: declared.features.as_ptr(),
            feature_count: declared.features.len() as u32,
            tuning: &declared.tuning,
            ..Default::default()
        };
        let mut id = 0;
        // SAFETY: what `options` points to outlives the call, which copies what it keeps.
        check(|err| unsafe { ffi::gyre_tuner_create(&options, &mut id, err) })?;
        Ok(Tuner(id))
    }
    /// The state in which each feature has the value that was seen, in declared order.
    pub fn state(&self, seen: &[f64]) -> Result<u32> {
        let mut state = 0;
        // SAFETY: as many numbers as the call is told.
        check(|_| unsafe {
            ffi::gyre_tuner_state(self.0, seen.as_ptr(), seen.len() as u32, &mut state)
        })?;
        Ok(state)
    }
    /// The value that each knob has in an action, in declared order; of names their index.
    pub fn values(&self, action: u32) -> Result<Vec<f64>> {
        numbers(|out, cap, needed| unsafe {
            ffi::gyre_tuner_values(self.0, action, out, cap, needed)
        })
    }
    /// Chooses an action; those in `not_now` are left out, unless nothing else is left.
    pub fn choose(&self, state: u32, not_now: &[u32]) -> Result<Choice> {
        let mut choice = Choice { action: 0, propensity: 0.0 };
        // SAFETY: as many numbers as the call is told, and room for one of each.
        check(|_| unsafe {
            let (list, count) = (not_now.as_ptr(), not_now.len() as u32);
            let (action, propensity) = (&mut choice.action, &mut choice.propensity);
            ffi::gyre_tuner_choose(self.0, state, list, count, action, propensity)
        })?;
        Ok(choice)
    }
    /// Learns what an action earned, also one that `choose` did not give.
    pub fn observe(&self, state: u32, action: u32, reward: f64) -> Result<()> {
        check(|_| unsafe { ffi::gyre_tuner_observe(self.0, state, action, reward) })
    }
    /// Learns that an action failed: worth less than the worst reward so far.
    pub fn observe_failure(&self, state: u32, action: u32) -> Result<()> {
        check(|_| unsafe { ffi::gyre_tuner_observe_failure(self.0, state, action) })
    }
    /// Says what another figure was, and what it may be at most: settings that break the limit with
    /// confidence are avoided. At most four names.
    pub fn limit(&self, at: (u32, u32), name: &str, value: f64, at_most: f64) -> Result<()> {
        let (name, (state, action)) = (c_string(name)?, at);
        // SAFETY: the name outlives the call.
        check(|_| unsafe {
            ffi::gyre_tuner_limit(self.0, state, action, name.as_ptr(), value, at_most)
        })
    }
    /// Those figures, in the order in which they were first said.
    pub fn limits(&self) -> Result<Vec<Limit>> {
        limits(|rows, cap, needed| unsafe {
            ffi::gyre_tuner_limits(self.0, rows, cap, needed)
        })
    }
    pub fn set_mode(&self, mode: Mode) -> Result<()> {
        check(|_| unsafe { ffi::gyre_tuner_set_mode(self.0, mode.native()) })
    }
    /// All that it has learned, as bytes that `load` takes.
    pub fn save(&self) -> Result<Vec<u8>> {
        // SAFETY: as much room as the call is told.
        saved(|at, room, needed| unsafe { ffi::gyre_tuner_save(self.0, at, room, needed) })
    }
    /// Replaces what it has learned; with the same options it goes on draw for draw.
    pub fn load(&self, bytes: &[u8]) -> Result<()> {
        // SAFETY: as many bytes as the call is told.
        check(|err| unsafe {
            ffi::gyre_tuner_load(self.0, bytes.as_ptr() as *const _, bytes.len() as u32, err)
        })
    }
    /// What it did and knows as a whole.
    pub fn learned(&self) -> Result<Learned> {
        let mut m = ffi::gyre_tuning_metrics::default();
        // SAFETY: it outlives the call and says its size.
        check(|_| unsafe { ffi::gyre_tuner_metrics_read(self.0, &mut m) })?;
        Ok(Learned::of(&m))
    }
    /// What it knows of one state.
    pub fn report(&self, state: u32) -> Result<Report> {
        let mut r = ffi::gyre_state_report::default();
        // SAFETY: it outlives the call and says its size.
        check(|_| unsafe { ffi::gyre_tuner_report(self.0, state, &mut r) })?;
        Ok(Report::of(&r))
    }
}

impl Drop for Tuner {
    fn drop(&mut self) {
        // SAFETY: the id is ours alone, and stale afterwards.
        let _ = unsafe { ffi::gyre_tuner_destroy(self.0) };
    }
}

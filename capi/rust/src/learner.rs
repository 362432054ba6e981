//! learner.rs - a Q-learner by itself, without an engine.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::error::{check, Error, Result};
use crate::ffi;
use std::mem::size_of_val;
use std::os::raw::c_void;

/// What happened.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Transition {
    pub state: u32,
    pub action: u32,
    pub reward: f64,
    pub next: u32,
    /// Nothing follows: the next state is worth nothing.
    pub terminated: bool,
    /// It was only cut off here: what follows is worth what it is.
    pub truncated: bool,
}

impl Transition {
    fn flags(&self) -> u32 {
        (u32::from(self.terminated) * ffi::GYRE_TRANSITION_TERMINATED)
            | (u32::from(self.truncated) * ffi::GYRE_TRANSITION_TRUNCATED)
    }
}

/// How it learns: docs/learning.md says which for which job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Method {
    Q = ffi::GYRE_METHOD_Q,
    DoubleQ = ffi::GYRE_METHOD_DOUBLE_Q,
    Sarsa = ffi::GYRE_METHOD_SARSA,
    ExpectedSarsa = ffi::GYRE_METHOD_EXPECTED_SARSA,
    QLambda = ffi::GYRE_METHOD_Q_LAMBDA,
    DynaQ = ffi::GYRE_METHOD_DYNA_Q,
    Sweeping = ffi::GYRE_METHOD_SWEEPING,
    DifferentialQ = ffi::GYRE_METHOD_DIFFERENTIAL_Q,
}

/// A tabular Q-learner over states x actions, trained from its own replay buffer.
///
/// ```
/// use gyre::{Learner, Transition};
/// # fn main() -> gyre::Result<()> {
/// let learner = Learner::new(4, 2, 0.9, 1)?;
/// let action = learner.choose(&[0])?[0];
/// let seen = Transition { state: 0, action, reward: 1.0, next: 1, ..Default::default() };
/// learner.observe(&[seen])?;
/// assert_eq!(learner.metrics()?.observations, 1);
/// # Ok(())
/// # }
/// ```
///
/// Threads: calls on one wait for each other.
pub struct Learner {
    id: ffi::gyre_learner,
    states: u32,
    actions: u32,
}

impl Learner {
    /// All memory is allocated here: states x actions at most 65,536. `discount` is that of the
    /// next state's worth; all draws follow from `seed`.
    pub fn new(states: u32, actions: u32, discount: f64, seed: u64) -> Result<Learner> {
        Learner::with(&ffi::gyre_learner_options {
            states,
            actions,
            discount,
            seed,
            ..Default::default()
        })
    }
    /// One whose actions change the next state, by a method; it explores as suits that.
    pub fn sequential(states: u32, actions: u32, method: Method, seed: u64) -> Result<Learner> {
        Learner::with(&ffi::gyre_learner_options {
            states,
            actions,
            seed,
            method: method as u32,
            sequential: 1,
            ..Default::default()
        })
    }
    /// With options.
    pub fn with(options: &ffi::gyre_learner_options) -> Result<Learner> {
        let all = ffi::gyre_learner_options { size: size_of_val(options) as u32, ..*options };
        let mut id = 0;
        // SAFETY: options, which say their size, and id outlive the call.
        check(|err| unsafe { ffi::gyre_learner_create(&all, &mut id, err) })?;
        Ok(Learner { id, states: options.states, actions: options.actions })
    }
    /// An action for each state, exploring.
    pub fn choose(&self, states: &[u32]) -> Result<Vec<u32>> {
        let mut actions = vec![0; states.len()];
        self.choose_into(states, &mut actions)?;
        Ok(actions)
    }
    /// The same into `actions`: as many.
    pub fn choose_into(&self, states: &[u32], actions: &mut [u32]) -> Result<()> {
        room(actions.len(), states.len())?;
        let count = u32::try_from(states.len()).map_err(|_| Error::arg("too many states"))?;
        // SAFETY: both have as many numbers as the call is told.
        check(|_| unsafe {
            ffi::gyre_learner_choose(self.id, states.as_ptr(), actions.as_mut_ptr(), count)
        })
    }
    /// The action of most worth for each state; no decision is counted.
    pub fn greedy(&self, states: &[u32]) -> Result<Vec<u32>> {
        let mut actions = vec![0; states.len()];
        self.greedy_into(states, &mut actions)?;
        Ok(actions)
    }
    /// The same into `actions`: as many.
    pub fn greedy_into(&self, states: &[u32], actions: &mut [u32]) -> Result<()> {
        room(actions.len(), states.len())?;
        let count = u32::try_from(states.len()).map_err(|_| Error::arg("too many states"))?;
        // SAFETY: both have as many numbers as the call is told.
        check(|_| unsafe {
            ffi::gyre_learner_greedy(self.id, states.as_ptr(), actions.as_mut_ptr(), count)
        })
    }
    /// Learns once more from what was observed.
    pub fn train(&self) -> Result<()> {
        // SAFETY: the id is checked.
        check(|_| unsafe { ffi::gyre_learner_train(self.id) })
    }
    /// All that it has learned, for `load`.
    pub fn save(&self) -> Result<Vec<u8>> {
        // SAFETY: as much room as the call is told.
        saved(|at, room, needed| unsafe { ffi::gyre_learner_save(self.id, at, room, needed) })
    }
    /// Replaces what it has learned; with the same options it goes on as the other did.
    pub fn load(&self, bytes: &[u8]) -> Result<()> {
        let size = u32::try_from(bytes.len()).map_err(|_| Error::arg("too many bytes"))?;
        // SAFETY: as many bytes as the call is told.
        check(|err| unsafe { ffi::gyre_learner_load(self.id, bytes.as_ptr().cast(), size, err) })
    }
    /// What it learned from.
    pub fn metrics(&self) -> Result<ffi::gyre_learner_metrics> {
        let mut out = ffi::gyre_learner_metrics::default();
        // SAFETY: it outlives the call and says its size.
        check(|_| unsafe { ffi::gyre_learner_metrics_read(self.id, &mut out) })?;
        Ok(out)
    }
    /// Learns from transitions; from none when one is refused.
    pub fn observe(&self, transitions: &[Transition]) -> Result<()> {
        let rows: Vec<_> = transitions
            .iter()
            .map(|t| ffi::gyre_transition {
                state: t.state,
                action: t.action,
                next: t.next,
                reward: t.reward,
                flags: t.flags(),
                ..Default::default()
            })
            .collect();
        // SAFETY: as many rows as the call is told.
        check(|_| unsafe {
            ffi::gyre_learner_observe(self.id, rows.as_ptr(), rows.len() as u32)
        })
    }
    /// What each action is worth in each state, row by row.
    pub fn q(&self) -> Result<Vec<Vec<f32>>> {
        let mut table = vec![0.0; self.states as usize * self.actions as usize];
        let mut needed = 0;
        // SAFETY: as much room as the call is told.
        check(|_| unsafe {
            ffi::gyre_learner_q(self.id, table.as_mut_ptr(), table.len() as u32, &mut needed)
        })?;
        Ok(table.chunks(self.actions as usize).map(<[f32]>::to_vec).collect())
    }
}

impl Drop for Learner {
    fn drop(&mut self) {
        // SAFETY: the id is ours alone, and stale afterwards.
        unsafe { ffi::gyre_learner_destroy(self.id) };
    }
}

/// An error where there is less room than results.
pub(crate) fn room(there: usize, needed: usize) -> Result<()> {
    if there < needed {
        return Err(Error::arg("there is less room than results"));
    }
    Ok(())
}

/// Asks for bytes until they fit.
pub(crate) fn saved(
    save: impl Fn(*mut c_void, u32, &mut u32) -> ffi::gyre_status,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let mut needed = 0;
        let status = save(bytes.as_mut_ptr() as *mut _, bytes.len() as u32, &mut needed);
        if status != ffi::GYRE_E_BUFFER {
            check(|_| status)?;
            bytes.truncate(needed as usize);
            return Ok(bytes);
        }
        bytes.resize(needed as usize, 0_u8);
    }
}

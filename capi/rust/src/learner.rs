//! learner.rs - a Q-learner by itself, without an engine.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::error::{check, Error, Result};
use crate::ffi;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transition {
    pub state: u32,
    pub action: u32,
    pub reward: f64,
    pub next: u32,
    /// Nothing follows: the next state is worth nothing.
    pub terminated: bool,
}

/// A tabular Q-learner over states x actions, trained from its own replay buffer.
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
        let options =
            ffi::gyre_learner_options { states, actions, discount, seed, ..Default::default() };
        let mut id = 0;
        // SAFETY: options and id outlive the call.
        check(|err| unsafe { ffi::gyre_learner_create(&options, &mut id, err) })?;
        Ok(Learner { id, states, actions })
    }
    /// An action for each state, exploring.
    pub fn choose(&self, states: &[u32]) -> Result<Vec<u32>> {
        let mut actions = vec![0; states.len()];
        let count = u32::try_from(states.len()).map_err(|_| Error::arg("too many states"))?;
        // SAFETY: both have as many numbers as the call is told.
        check(|_| unsafe {
            ffi::gyre_learner_choose(self.id, states.as_ptr(), actions.as_mut_ptr(), count)
        })?;
        Ok(actions)
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
                flags: if t.terminated { ffi::GYRE_TRANSITION_TERMINATED } else { 0 },
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

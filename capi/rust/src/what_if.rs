//! what_if.rs - what another policy would have earned, from a log of decisions.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::error::{check, Result};
use crate::ffi;

/// One choice as it was logged, in columns of equal length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decisions {
    pub states: Vec<u32>,
    pub actions: Vec<u32>,
    /// How likely each action was: `Choice::propensity`.
    pub propensities: Vec<f64>,
    pub rewards: Vec<f64>,
}

/// An estimate of the mean reward of a tick, with its 95 % interval, which is without end where too
/// little is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// Four estimates of one thing. The first three need propensities, and of a tuner's log mostly
/// `at_random`; the last needs none, and work that does not change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WhatIf {
    pub ips: Estimate,
    pub self_normalised: Estimate,
    pub doubly_robust: Estimate,
    pub as_seen: Estimate,
    /// Rows that the log is worth for this policy, and of the state that has least of it.
    pub matching: f64,
    pub weakest: f64,
    /// Rows of what the policy does, in the state that has fewest.
    pub fewest: u64,
    pub rows: u64,
    /// Not finite, a propensity not in 0..1 or 0, an index out of range.
    pub refused: u64,
    /// The log tells enough of this policy, so that the first three have an end.
    pub supported: bool,
    /// A setting has earned otherwise at other times: `as_seen` has no end.
    pub changed: bool,
}

impl WhatIf {
    pub(crate) fn of(r: &ffi::gyre_what_if_result) -> WhatIf {
        let of = |value, low, high| Estimate { value, low, high };
        WhatIf {
            ips: of(r.ips, r.ips_low, r.ips_high),
            self_normalised: of(r.normalised, r.normalised_low, r.normalised_high),
            doubly_robust: of(r.robust, r.robust_low, r.robust_high),
            as_seen: of(r.as_seen, r.as_seen_low, r.as_seen_high),
            matching: r.matching,
            weakest: r.weakest,
            fewest: r.fewest,
            rows: r.rows,
            refused: r.refused,
            supported: r.supported != 0,
            changed: r.changed != 0,
        }
    }
}

/// What the policy that always takes one action would have earned in the states that were logged.
pub fn what_if(log: &Decisions, states: u32, actions: u32, always: u32) -> Result<WhatIf> {
    let lengths = [log.actions.len(), log.propensities.len(), log.rewards.len()];
    let rows = lengths.iter().fold(log.states.len(), |least, n| least.min(*n));
    let columns = ffi::gyre_decisions {
        rows: rows as u32,
        states,
        actions,
        state: log.states.as_ptr(),
        action: log.actions.as_ptr(),
        propensity: log.propensities.as_ptr(),
        reward: log.rewards.as_ptr(),
        ..Default::default()
    };
    let mut out = ffi::gyre_what_if_result::default();
    // SAFETY: each column has `rows` numbers and outlives the call; there is no policy to read.
    check(|err| unsafe { ffi::gyre_what_if(&columns, std::ptr::null(), always, &mut out, err) })?;
    Ok(WhatIf::of(&out))
}

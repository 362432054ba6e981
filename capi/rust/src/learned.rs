//! learned.rs - what a tuner did and knows, of a loop or by itself.

use crate::ffi;
use std::ffi::CStr;

/// A tuner in numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learned {
    pub states: u32,
    pub actions: u32,
    /// Of states x actions, observed at least once.
    pub cells_tried: u32,
    pub decisions: u64,
    /// Rewards taken, failures among them.
    pub observations: u64,
    pub failures: u64,
    pub refused: u64,
    /// Times that what was known of a state was found out of date.
    pub changes: u64,
    /// The observation at which, counted from 1; 0: never.
    pub last_change: u64,
    /// Choices that became the baseline: what may be lost was spent.
    pub held_budget: u64,
    /// ... a value between: one step a tick.
    pub held_step: u64,
    /// ... another: ruled out for that choice.
    pub held_forbidden: u64,
    /// ... another: it breaks a limit.
    pub held_limits: u64,
    pub mean_reward: f64,
    /// 0..1: how likely it is that states are alike, and learn together.
    pub sharing: f64,
    /// What the baseline would have earned more; below 0: gained.
    pub lost: f64,
    /// What `lost` may be at most now, by the budget.
    pub may_lose: f64,
    /// Of its memory.
    pub bytes: u64,
    /// Of a loop: tickets whose reward may still come.
    pub late_open: u64,
    /// ... rewards that came when the ticket had been given up, or was used up.
    pub late_after: u64,
    pub late_twice: u64,
    /// ... tickets that were given up without.
    pub late_never: u64,
}

/// What a tuner knows of one state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    pub observations: u64,
    /// The action of most worth.
    pub best: u32,
    /// What a tick of it earns, on average; and its 95 % interval.
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
    /// That `best` is the best.
    pub probability: f64,
    /// How many of the next ticks try something else, 0..1.
    pub trying: f64,
    /// What the baseline earns; `None` without one, and before the first reward.
    pub baseline: Option<f64>,
    /// Standard deviation of one tick's reward around its mean.
    pub noise: f64,
    /// The observation at which a change was noticed last; 0: never.
    pub last_change: u64,
    /// Settings that break a limit.
    pub avoided: u32,
}

/// A figure that is to stay under a bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    pub name: String,
    /// As it was said last.
    pub at_most: f64,
    /// Ticks that told it.
    pub observations: u64,
    /// Of these, over it.
    pub broken: u64,
}

impl Learned {
    pub(crate) fn of(m: &ffi::gyre_tuning_metrics) -> Learned {
        Learned {
            states: m.states,
            actions: m.actions,
            cells_tried: m.cells_tried,
            decisions: m.decisions,
            observations: m.observations,
            failures: m.failures,
            refused: m.refused,
            changes: m.changes,
            last_change: m.last_change,
            held_budget: m.held_budget,
            held_step: m.held_step,
            held_forbidden: m.held_forbidden,
            held_limits: m.held_limits,
            mean_reward: m.mean_reward,
            sharing: m.sharing,
            lost: m.lost,
            may_lose: m.may_lose,
            bytes: m.bytes,
            late_open: m.late_open,
            late_after: m.late_after,
            late_twice: m.late_twice,
            late_never: m.late_never,
        }
    }
}

impl Report {
    pub(crate) fn of(r: &ffi::gyre_state_report) -> Report {
        Report {
            observations: r.observations,
            best: r.best,
            estimate: r.estimate,
            low: r.low,
            high: r.high,
            probability: r.probability,
            trying: r.trying,
            baseline: if r.baseline.is_nan() { None } else { Some(r.baseline) },
            noise: r.noise,
            last_change: r.last_change,
            avoided: r.avoided,
        }
    }
}

/// At most four.
pub(crate) fn limits(
    call: impl Fn(*mut ffi::gyre_limit, u32, *mut u32) -> ffi::gyre_status,
) -> crate::error::Result<Vec<Limit>> {
    let (mut rows, mut needed) = ([ffi::gyre_limit::default(); 4], 0);
    crate::error::check(|_| call(rows.as_mut_ptr(), rows.len() as u32, &mut needed))?;
    let limit = |row: &ffi::gyre_limit| Limit {
        // SAFETY: the name is ended by a NUL.
        name: unsafe { CStr::from_ptr(row.name.as_ptr()) }.to_string_lossy().into_owned(),
        at_most: row.at_most,
        observations: row.observations,
        broken: row.broken,
    };
    Ok(rows[..needed as usize].iter().map(limit).collect())
}

/// Numbers of a call that says how many it needs.
pub(crate) fn numbers(
    call: impl Fn(*mut f64, u32, *mut u32) -> ffi::gyre_status,
) -> crate::error::Result<Vec<f64>> {
    let (mut out, mut needed) = (vec![0.0; 8], 0);
    let mut status = call(out.as_mut_ptr(), out.len() as u32, &mut needed);
    if status == ffi::GYRE_E_BUFFER {
        out.resize(needed as usize, 0.0);
        status = call(out.as_mut_ptr(), needed, &mut needed);
    }
    crate::error::check(|_| status)?;
    out.truncate(needed as usize);
    Ok(out)
}

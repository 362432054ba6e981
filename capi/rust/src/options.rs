//! options.rs - what a loop is.

use crate::error::{c_string, Result};
use crate::ffi;
use crate::knobs::{Feature, Knob, Tuning};
use crate::learner::Method;
use std::ffi::CString;
use std::time::Duration;

/// What a loop is; what is not set is the engine's default.
pub struct LoopOptions {
    pub(crate) name: String,
    pub(crate) interval: Duration,
    pub(crate) group: String,
    pub(crate) knobs: Vec<Knob>,
    pub(crate) features: Vec<Feature>,
    pub(crate) tuning: Tuning,
    pub(crate) flags: u32,
    pub(crate) learning_rate: f64,
    pub(crate) sample_average: bool,
    pub(crate) explore: (f64, f64, f64),
    pub(crate) method: Option<Method>,
    pub(crate) way: Way,
    pub(crate) timing: Timing,
    pub(crate) parent: String,
    pub(crate) gates: Vec<Gate>,
}

/// A condition under which ticks are skipped, and counted as gated: no errors. It sees what the
/// engine measures, or what `Engine::supply` told last.
#[derive(Debug, Clone, PartialEq)]
pub enum Gate {
    /// Closed over so many percent of all cores, until under so many; 0: 80 and 70.
    Cpu { close_at: f64, open_at: f64 },
    /// ... of the memory that may be used; 0: 85 and 80.
    Memory { close_at: f64, open_at: f64 },
    /// Closed while the loop's own recent p99 is over so many ms. Without ticks there is none,
    /// which opens it.
    Latency { close_at: f64 },
    /// Closed while the mode is another, as "normal".
    Mode(String),
}

/// What becomes of grid points that passed without a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Missed {
    /// One late tick, told how many were missed; then back on the grid: the default.
    Once = ffi::GYRE_MISSED_ONCE,
    /// None before the next grid point.
    Skip = ffi::GYRE_MISSED_SKIP,
    /// All of them, at most 8.
    Burst = ffi::GYRE_MISSED_BURST,
    /// The grid starts again from now.
    Delay = ffi::GYRE_MISSED_DELAY,
}

/// When a loop runs, in the header's fields: 0 is the default.
#[derive(Default)]
pub(crate) struct Timing {
    pub(crate) timeout_ms: f64,
    pub(crate) jitter: f64,
    pub(crate) backoff_ms: f64,
    pub(crate) backoff_cap_ms: f64,
    pub(crate) missed: i32,
    pub(crate) priority: i32,
}

/// What a method is set by.
#[derive(Default)]
pub(crate) struct Way {
    pub(crate) explore_how: u32,
    pub(crate) step_power: f64,
    pub(crate) lambda: f64,
    pub(crate) planning: u32,
    pub(crate) optimistic: bool,
}

impl LoopOptions {
    /// A loop that runs every `interval`, start to start.
    pub fn new(name: &str, interval: Duration) -> LoopOptions {
        LoopOptions {
            name: name.to_string(),
            interval,
            group: String::new(),
            knobs: Vec::new(),
            features: Vec::new(),
            tuning: Tuning::default(),
            flags: 0,
            learning_rate: 0.0,
            sample_average: false,
            explore: (0.0, 0.0, 0.0),
            method: None,
            way: Way::default(),
            timing: Timing::default(),
            parent: String::new(),
            gates: Vec::new(),
        }
    }
    /// A tick over it is abandoned and has failed; without 2 s.
    pub fn timeout(mut self, time: Duration) -> LoopOptions {
        self.timing.timeout_ms = time.as_secs_f64() * 1e3;
        self
    }
    /// So much of the interval, 0 to 0.5, a tick may be before or after its time; without 0.1.
    pub fn jitter(mut self, part: f64) -> LoopOptions {
        self.timing.jitter = if part == 0.0 { ffi::GYRE_NONE } else { part };
        self
    }
    /// How long it waits after a failure, doubled after each in a row up to the other; without 100
    /// ms and 5 s.
    pub fn backoff(mut self, first: Duration, most: Duration) -> LoopOptions {
        self.timing.backoff_ms = first.as_secs_f64() * 1e3;
        self.timing.backoff_cap_ms = most.as_secs_f64() * 1e3;
        self
    }
    /// What becomes of ticks that it missed.
    pub fn missed(mut self, policy: Missed) -> LoopOptions {
        self.timing.missed = policy as i32;
        self
    }
    /// -2048 to 2047: the higher goes first of two due at once, and under overload.
    pub fn priority(mut self, priority: i32) -> LoopOptions {
        self.timing.priority = priority;
        self
    }
    /// A loop that is there: paused, stopped or removed, it takes this one with it.
    pub fn parent(mut self, name: &str) -> LoopOptions {
        self.parent = name.to_string();
        self
    }
    /// All of its gates must be open for a tick to run.
    pub fn gate(mut self, gate: Gate) -> LoopOptions {
        self.gates.push(gate);
        self
    }
    /// Starts paused.
    pub fn paused(mut self) -> LoopOptions {
        self.flags |= ffi::GYRE_LOOP_PAUSED;
        self
    }
    /// May be slowed down when bus or loops are not well.
    pub fn deferrable(mut self) -> LoopOptions {
        self.flags |= ffi::GYRE_LOOP_DEFERRABLE;
        self
    }
    /// The loops of a group share one learner.
    pub fn group(mut self, name: &str) -> LoopOptions {
        self.group = name.to_string();
        self
    }
    /// A setting that the learner may choose; its values have an order.
    pub fn knob(self, name: &str, values: &[f64]) -> LoopOptions {
        self.with_knob(Knob::new(name, values))
    }
    /// One of names, or without order.
    pub fn with_knob(mut self, knob: Knob) -> LoopOptions {
        self.knobs.push(knob);
        self
    }
    /// Something the ticks see, in buckets between ascending edges.
    pub fn feature(self, name: &str, edges: &[f64]) -> LoopOptions {
        self.with_feature(Feature::new(name, edges))
    }
    /// One of names, or without order.
    pub fn with_feature(mut self, feature: Feature) -> LoopOptions {
        self.features.push(feature);
        self
    }
    /// Instead of features: the error streak, the last duration by the median, the CPU load.
    pub fn engine_features(mut self) -> LoopOptions {
        self.flags |= ffi::GYRE_LOOP_ENGINE_FEATURES;
        self
    }
    /// Guard rails of its tuner; of the first loop of a group.
    pub fn tuning(mut self, rails: Tuning) -> LoopOptions {
        self.tuning = rails;
        self
    }
    /// An action changes what the next tick finds: Q-learning, with a discount of 0.95.
    pub fn sequential(mut self) -> LoopOptions {
        self.flags |= ffi::GYRE_LOOP_SEQUENTIAL;
        self
    }
    /// How it learns, where it is `sequential`: docs/learning.md says which for which job.
    pub fn method(mut self, method: Method) -> LoopOptions {
        self.method = Some(method);
        self
    }
    /// The step is max(learning rate, n^-power) after n visits; over 0, at most 1.
    pub fn step_power(mut self, power: f64) -> LoopOptions {
        self.way.step_power = power;
        self
    }
    /// Of `Method::QLambda`, 0..1.
    pub fn lambda(mut self, lambda: f64) -> LoopOptions {
        self.way.lambda = if lambda == 0.0 { ffi::GYRE_NONE } else { lambda };
        self
    }
    /// Of `Method::DynaQ` and `Method::Sweeping`: cells updated a tick.
    pub fn planning(mut self, cells: u32) -> LoopOptions {
        self.way.planning = cells;
        self
    }
    /// What was never tried is worth the most that can be.
    pub fn optimistic(mut self) -> LoopOptions {
        self.way.optimistic = true;
        self
    }
    /// How it tries what it does not hold to be best: `ffi::GYRE_EXPLORE_...`, of whose numbers
    /// `explore` tells.
    pub fn explore_how(mut self, how: u32) -> LoopOptions {
        self.way.explore_how = how;
        self
    }
    /// What was tried less is worth more, by such a part of the spread of the worths.
    pub fn bonus(mut self, part: f64) -> LoopOptions {
        self.way.explore_how = ffi::GYRE_EXPLORE_BONUS;
        self.explore(part, part, 0)
    }
    /// The share of random choices goes from one to the other over so many choices.
    pub fn explore(mut self, from: f64, to: f64, over: u32) -> LoopOptions {
        let or_none = |share: f64| if share == 0.0 { ffi::GYRE_NONE } else { share };
        self.explore = (or_none(from), or_none(to), f64::from(over));
        self
    }
    /// The step is max(rate, 1/n) after n visits.
    pub fn average(mut self, rate: f64) -> LoopOptions {
        self.learning_rate = rate;
        self.sample_average = true;
        self
    }
}

/// Gates in C's shape; owns what they point to while the call reads it.
pub(crate) struct Gates {
    _modes: Vec<CString>,
    pub(crate) list: Vec<ffi::gyre_gate>,
}

impl Gates {
    pub(crate) fn new(gates: &[Gate]) -> Result<Gates> {
        let (mut modes, mut list) = (Vec::new(), Vec::new());
        for gate in gates {
            let (kind, close_at, open_at) = match *gate {
                Gate::Cpu { close_at, open_at } => (ffi::GYRE_GATE_CPU, close_at, open_at),
                Gate::Memory { close_at, open_at } => (ffi::GYRE_GATE_MEMORY, close_at, open_at),
                Gate::Latency { close_at } => (ffi::GYRE_GATE_LATENCY, close_at, 0.0),
                Gate::Mode(_) => (ffi::GYRE_GATE_MODE, 0.0, 0.0),
            };
            let mut native = ffi::gyre_gate { kind, close_at, open_at, ..Default::default() };
            if let Gate::Mode(mode) = gate {
                modes.push(c_string(mode)?);
                native.mode = modes[modes.len() - 1].as_ptr();
            }
            list.push(native);
        }
        Ok(Gates { _modes: modes, list })
    }
}

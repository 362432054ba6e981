//! options.rs - what a loop is.

use crate::ffi;
use crate::knobs::{Feature, Knob, Tuning};
use crate::learner::Method;
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
        }
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

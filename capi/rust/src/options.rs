//! options.rs - what a loop is, and its names and numbers in C's shape.

use crate::error::{c_string, Result};
use crate::ffi;
use std::ffi::CString;
use std::time::Duration;

/// What a loop is; what is not set is the engine's default.
pub struct LoopOptions {
    pub(crate) name: String,
    pub(crate) interval: Duration,
    pub(crate) group: String,
    pub(crate) knobs: Vec<(String, Vec<f64>)>,
    pub(crate) features: Vec<(String, Vec<f64>)>,
    pub(crate) learning_rate: f64,
    pub(crate) sample_average: bool,
    pub(crate) explore: (f64, f64, f64),
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
            learning_rate: 0.0,
            sample_average: false,
            explore: (0.0, 0.0, 0.0),
        }
    }
    /// The loops of a group share one learner.
    pub fn group(mut self, name: &str) -> LoopOptions {
        self.group = name.to_string();
        self
    }
    /// A setting that the learner may choose.
    pub fn knob(mut self, name: &str, values: &[f64]) -> LoopOptions {
        self.knobs.push((name.to_string(), values.to_vec()));
        self
    }
    /// Something the ticks see, in buckets between ascending edges.
    pub fn feature(mut self, name: &str, edges: &[f64]) -> LoopOptions {
        self.features.push((name.to_string(), edges.to_vec()));
        self
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

/// A name and numbers in C's shape; owns the name while the call reads it.
pub(crate) struct Named<'a> {
    name: CString,
    numbers: &'a [f64],
}

impl<'a> Named<'a> {
    pub(crate) fn all(list: &'a [(String, Vec<f64>)]) -> Result<Vec<Named<'a>>> {
        list.iter()
            .map(|(name, numbers)| Ok(Named { name: c_string(name)?, numbers }))
            .collect()
    }
    pub(crate) fn knob(&self) -> ffi::gyre_knob {
        ffi::gyre_knob {
            count: self.numbers.len() as u32,
            name: self.name.as_ptr(),
            values: self.numbers.as_ptr(),
            ..Default::default()
        }
    }
    pub(crate) fn feature(&self) -> ffi::gyre_feature {
        ffi::gyre_feature {
            count: self.numbers.len() as u32,
            name: self.name.as_ptr(),
            edges: self.numbers.as_ptr(),
            ..Default::default()
        }
    }
}

//! knobs.rs - what may be set and what is seen, the rails of tuning, and those in C's shape.

use crate::error::{c_string, check, Result};
use crate::ffi;
use std::ffi::CString;
use std::os::raw::c_char;

/// A setting that the learner may choose: numbers, which have an order, or names, which have none.
///
/// ```
/// use gyre::{geometric, Knob};
/// let knobs = [
///     Knob::new("level", &[0.0, 1.0, 3.0, 6.0, 9.0]),
///     Knob::new("buffer_kib", &geometric(1.0, 4096.0, 13).unwrap()),
///     Knob::named("codec", &["zlib", "none"]),
/// ];
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Knob {
    pub name: String,
    /// Empty with names: 0, 1, 2 ...
    pub values: Vec<f64>,
    /// Of the values; empty: none.
    pub names: Vec<String>,
    /// Whether neighbouring values are alike. A wrong order costs tries, not the result.
    pub ordered: bool,
}

/// Something that is seen, in buckets between ascending edges; or names, each a bucket: what is
/// seen is then the name's index.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    pub name: String,
    pub edges: Vec<f64>,
    pub names: Vec<String>,
    pub ordered: bool,
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

impl Knob {
    pub fn new(name: &str, values: &[f64]) -> Knob {
        Knob { name: name.to_string(), values: values.to_vec(), names: Vec::new(), ordered: true }
    }
    pub fn named(name: &str, names: &[&str]) -> Knob {
        Knob { name: name.to_string(), values: Vec::new(), names: owned(names), ordered: false }
    }
    pub fn ordered(mut self, yes: bool) -> Knob {
        self.ordered = yes;
        self
    }
}

impl Feature {
    pub fn new(name: &str, edges: &[f64]) -> Feature {
        Feature { name: name.to_string(), edges: edges.to_vec(), names: Vec::new(), ordered: true }
    }
    pub fn named(name: &str, names: &[&str]) -> Feature {
        Feature { name: name.to_string(), edges: Vec::new(), names: owned(names), ordered: false }
    }
    pub fn ordered(mut self, yes: bool) -> Feature {
        self.ordered = yes;
        self
    }
}

/// What a tuner does with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Choose, and learn.
    #[default]
    Tune,
    /// The baseline acts; it learns.
    Observe,
    /// The best that is known acts; nothing is learned.
    Frozen,
}

impl Mode {
    pub(crate) fn native(self) -> i32 {
        match self {
            Mode::Tune => ffi::GYRE_TUNING_TUNE,
            Mode::Observe => ffi::GYRE_TUNING_OBSERVE,
            Mode::Frozen => ffi::GYRE_TUNING_FROZEN,
        }
    }
}

/// Guard rails of tuning. There is nothing to set for it to work.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tuning {
    /// What runs today, a value for each knob.
    pub baseline: Vec<(String, f64)>,
    /// The part of what the baseline would have earned that trying others may cost; `None`: 0.05.
    pub budget: Option<f64>,
    /// What is never tried: each a value for some knobs, of whatever the others are.
    pub forbidden: Vec<Vec<(String, f64)>>,
    /// A knob with order moves at most to the next value from tick to tick.
    pub one_step: bool,
    /// The part of choices that take any action, so that `what_if` can tell of each.
    pub at_random: f64,
    pub mode: Mode,
}

fn range(
    make: unsafe extern "C" fn(f64, f64, u32, *mut f64) -> ffi::gyre_status,
    (first, last, count): (f64, f64, u32),
) -> Result<Vec<f64>> {
    let mut out = vec![0.0; count as usize];
    // SAFETY: there is room for `count` numbers.
    check(|_| unsafe { make(first, last, count, out.as_mut_ptr()) })?;
    Ok(out)
}

/// `count` values from `first` to `last` in equal steps.
pub fn linear(first: f64, last: f64, count: u32) -> Result<Vec<f64>> {
    range(ffi::gyre_linear, (first, last, count))
}

/// ... each the same multiple of the one before; both ends over 0.
pub fn geometric(first: f64, last: f64, count: u32) -> Result<Vec<f64>> {
    range(ffi::gyre_geometric, (first, last, count))
}

/// Texts in C's shape; owns them while the call reads them.
struct Texts {
    _owned: Vec<CString>,
    list: Vec<*const c_char>,
}

impl Texts {
    fn new<'a>(texts: impl Iterator<Item = &'a String>) -> Result<Texts> {
        let owned = texts.map(|text| c_string(text)).collect::<Result<Vec<_>>>()?;
        let list = owned.iter().map(|text| text.as_ptr()).collect();
        Ok(Texts { _owned: owned, list })
    }
    fn or_null(&self) -> *const *const c_char {
        if self.list.is_empty() { std::ptr::null() } else { self.list.as_ptr() }
    }
}

fn order(ordered: bool) -> i32 {
    if ordered { ffi::GYRE_ORDER_YES } else { ffi::GYRE_ORDER_NONE }
}

fn or_null(numbers: &[f64]) -> *const f64 {
    if numbers.is_empty() { std::ptr::null() } else { numbers.as_ptr() }
}

/// Knobs, features and rails in C's shape; owns what they point to while the call reads it.
pub(crate) struct Declared {
    _texts: Vec<Texts>,
    pub(crate) knobs: Vec<ffi::gyre_knob>,
    pub(crate) features: Vec<ffi::gyre_feature>,
    _settings: [Vec<ffi::gyre_setting>; 2],
    pub(crate) tuning: ffi::gyre_tuning,
}

impl Declared {
    /// Points into `knobs` and `features`, which have to outlive the call too.
    pub(crate) fn new(knobs: &[Knob], features: &[Feature], tuning: &Tuning) -> Result<Declared> {
        let mut texts = vec![Texts::new(knobs.iter().map(|knob| &knob.name))?];
        texts.push(Texts::new(features.iter().map(|feature| &feature.name))?);
        let mut made = (Vec::new(), Vec::new());
        for (i, knob) in knobs.iter().enumerate() {
            let names = Texts::new(knob.names.iter())?;
            made.0.push(ffi::gyre_knob {
                count: knob.values.len().max(knob.names.len()) as u32,
                name: texts[0].list[i],
                values: or_null(&knob.values),
                names: names.or_null(),
                order: order(knob.ordered),
                ..Default::default()
            });
            texts.push(names);
        }
        for (i, feature) in features.iter().enumerate() {
            let names = Texts::new(feature.names.iter())?;
            let only_names = feature.edges.is_empty();
            made.1.push(ffi::gyre_feature {
                count: if only_names { feature.names.len() } else { feature.edges.len() } as u32,
                name: texts[1].list[i],
                edges: or_null(&feature.edges),
                names: names.or_null(),
                order: order(feature.ordered),
                ..Default::default()
            });
            texts.push(names);
        }
        let baseline = settings(&mut texts, std::slice::from_ref(&tuning.baseline))?;
        let forbidden = settings(&mut texts, &tuning.forbidden)?;
        let tuning = ffi::gyre_tuning {
            mode: tuning.mode.native(),
            baseline: baseline.as_ptr(),
            baseline_count: baseline.len() as u32,
            forbidden: forbidden.as_ptr(),
            forbidden_count: forbidden.len() as u32,
            budget: tuning.budget.map_or(0.0, |b| if b == 0.0 { ffi::GYRE_NONE } else { b }),
            at_random: tuning.at_random,
            one_step: tuning.one_step as u32,
            ..Default::default()
        };
        let _settings = [baseline, forbidden];
        Ok(Declared { _texts: texts, knobs: made.0, features: made.1, _settings, tuning })
    }
}

fn settings(
    texts: &mut Vec<Texts>,
    rules: &[Vec<(String, f64)>],
) -> Result<Vec<ffi::gyre_setting>> {
    let mut out = Vec::new();
    for (rule, list) in rules.iter().enumerate() {
        let names = Texts::new(list.iter().map(|(knob, _)| knob))?;
        for (i, (_, value)) in list.iter().enumerate() {
            out.push(ffi::gyre_setting {
                rule: rule as u32,
                knob: names.list[i],
                value: *value,
                ..Default::default()
            });
        }
        texts.push(names);
    }
    Ok(out)
}

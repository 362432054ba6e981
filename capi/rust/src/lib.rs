//! gyre for Rust: supervised, measured loops that tune their own settings, over the C ABI.
//!
//! ```
//! use gyre::{Driver, Engine, LoopOptions};
//! use std::time::Duration;
//!
//! let engine = Engine::new(Driver::Virtual).unwrap();
//! let options =
//!     LoopOptions::new("ship", Duration::from_millis(20)).knob("level", &[1.0, 6.0, 9.0]);
//! engine.add(options, |tick| {
//!     let level = tick.knob("level")?;
//!     tick.reward(-(level - 6.0).abs())
//! }).unwrap();
//! engine.start().unwrap();
//! engine.advance_to(Duration::from_secs(10)).unwrap();
//! println!("{} ticks", engine.totals().unwrap().ticks);
//! ```
//!
//! Threads: an `Engine` may be shared by threads; a `Tick` stays in its callback. A closure that
//! panics is a failed tick with the panic's text, and nothing unwinds into the engine; its next
//! tick finds what it captured as the panic left it.

// SAFETY, of the unsafe blocks without a comment of their own: numbers go in, and a `gyre_error`
// that outlives the call; the library checks every id.

/// The C ABI itself.
pub use gyre_sys as ffi;

mod bus;
mod control;
mod dqn;
mod engine;
mod error;
mod fleet;
mod knobs;
mod learned;
mod learner;
mod loops;
mod memory;
mod options;
mod replay;
mod serve;
mod tick;
mod tiles;
mod tuner;
mod what_if;

pub use bus::{Message, Subscription};
pub use control::Metrics;
pub use dqn::{Dqn, Steps};
pub use engine::{Driver, Engine, Totals};
pub use error::{Error, Kind, Result};
pub use fleet::{version, Reading};
pub use knobs::{geometric, linear, Feature, Knob, Mode, Tuning};
pub use learned::{Learned, Limit, Report};
pub use learner::{Learner, Method, Transition};
pub use loops::{Loop, Times};
pub use options::{Gate, LoopOptions, Missed};
pub use replay::{Drawn, Field, Number, Replay, ReplayOptions, Return, RowStats};
pub use serve::ServeOptions;
pub use tick::Tick;
pub use tiles::{Axis, Tiles};
pub use tuner::{Choice, Tuner};
pub use what_if::{what_if, Decisions, Estimate, WhatIf};

//! loops.rs - a loop of an engine: pause, resume, remove.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::engine::Engine;
use crate::error::{check, Result};
use crate::ffi;
use std::marker::PhantomData;

/// A loop of an engine, which owns it: dropping this changes nothing.
#[derive(Clone, Copy)]
pub struct Loop<'a> {
    pub(crate) id: ffi::gyre_loop,
    pub(crate) engine: PhantomData<&'a Engine>,
}

impl Loop<'_> {
    /// No further ticks until `resume`.
    pub fn pause(&self) -> Result<()> {
        check(|_| unsafe { ffi::gyre_loop_pause(self.id) })
    }
    /// Back on its grid.
    pub fn resume(&self) -> Result<()> {
        check(|_| unsafe { ffi::gyre_loop_resume(self.id) })
    }
    /// Takes it out of the engine; its closure is dropped when its last tick has returned.
    pub fn remove(self) -> Result<()> {
        check(|err| unsafe { ffi::gyre_loop_remove(self.id, err) })
    }
}

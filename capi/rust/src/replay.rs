//! replay.rs - a replay buffer by itself, without an engine.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::error::{check, Error, Result};
use crate::ffi;
use std::marker::PhantomData;
use std::mem::{size_of, MaybeUninit};

/// A circular buffer of rows of a plain type. All memory is allocated as it is made.
///
/// ```
/// # fn main() -> gyre::Result<()> {
/// let replay = gyre::Replay::<(u32, f32)>::new(100, 1)?;
/// replay.push(&[(1, 0.5), (2, 1.0)])?;
/// assert_eq!(replay.sample(2)?.len(), 2);
/// # Ok(())
/// # }
/// ```
///
/// Threads: calls on one wait for each other.
pub struct Replay<T: Copy + Send + 'static> {
    id: ffi::gyre_replay,
    row: PhantomData<fn(T) -> T>,
}

impl<T: Copy + Send + 'static> Replay<T> {
    /// At most `capacity` rows, the oldest make room; all draws follow from `seed`.
    pub fn new(capacity: u32, seed: u64) -> Result<Replay<T>> {
        let row_size = u32::try_from(size_of::<T>()).map_err(|_| Error::arg("too large a row"))?;
        let options =
            ffi::gyre_replay_options { row_size, capacity, seed, ..Default::default() };
        let mut id = 0;
        // SAFETY: options and id outlive the call.
        check(|err| unsafe { ffi::gyre_replay_create(&options, &mut id, err) })?;
        Ok(Replay { id, row: PhantomData })
    }
    /// Appends rows.
    pub fn push(&self, rows: &[T]) -> Result<()> {
        // SAFETY: as many rows as the call is told, of the size that it knows.
        check(|_| unsafe {
            ffi::gyre_replay_push(self.id, rows.as_ptr() as *const _, rows.len() as u32)
        })
    }
    /// Draws `count` rows uniformly, none twice. An error where there are fewer.
    pub fn sample(&self, count: usize) -> Result<Vec<T>> {
        self.draw(count, 0)
    }
    /// The same, and a row may come more than once.
    pub fn sample_with_replacement(&self, count: usize) -> Result<Vec<T>> {
        self.draw(count, ffi::GYRE_SAMPLE_WITH_REPLACEMENT)
    }
    fn draw(&self, count: usize, flags: u32) -> Result<Vec<T>> {
        let number = u32::try_from(count).map_err(|_| Error::arg("too many rows"))?;
        let mut rows: Vec<MaybeUninit<T>> = vec![MaybeUninit::uninit(); count];
        // SAFETY: room for so many.
        check(|_| unsafe {
            ffi::gyre_replay_sample(self.id, rows.as_mut_ptr() as *mut _, number, flags)
        })?;
        // SAFETY: the call wrote all of them, each the bytes of a row that was pushed.
        Ok(rows.into_iter().map(|row| unsafe { row.assume_init() }).collect())
    }
    /// How many rows there are.
    pub fn len(&self) -> Result<u64> {
        let mut metrics = ffi::gyre_replay_metrics::default();
        // SAFETY: it outlives the call and says its size.
        check(|_| unsafe { ffi::gyre_replay_metrics_read(self.id, &mut metrics) })?;
        Ok(metrics.rows)
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }
}

impl<T: Copy + Send + 'static> Drop for Replay<T> {
    fn drop(&mut self) {
        // SAFETY: the id is ours alone, and stale afterwards.
        unsafe { ffi::gyre_replay_destroy(self.id) };
    }
}

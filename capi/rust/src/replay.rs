//! replay.rs - a replay buffer by itself, without an engine.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::error::{check, Error, Result};
use crate::ffi;
use crate::learner::{room, saved};
use std::marker::PhantomData;
use std::mem::{size_of, MaybeUninit};

/// Where in a row a field lies that n-step returns and episodes are made of: its first byte, and
/// how many it has. `std::mem::offset_of!` gives the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Field {
    pub offset: usize,
    pub bytes: usize,
}

/// What a replay buffer is asked to be. What is 0 is the header's default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReplayOptions {
    pub capacity: u32,
    /// Not 0: as many rows as fit, bookkeeping included, instead of `capacity`.
    pub budget_bytes: u64,
    pub seed: u64,
    pub prioritized: bool,
    /// Count for each row how often it was drawn.
    pub count_samples: bool,
    /// Divide weights by the greatest that any row could have, not by the greatest of the batch.
    pub weights_by_all: bool,
    /// Nothing is drawn before so many rows are there.
    pub min_size: u32,
    /// Priority: (|error| + epsilon)^alpha.
    pub alpha: f64,
    pub epsilon: f64,
    /// Weight: (rows x probability)^-beta; what that has become after so many batches.
    pub beta: f64,
    pub beta_end: f64,
    pub beta_steps: f64,
    /// A float or a double.
    pub reward: Option<Field>,
    pub terminated: Option<Field>,
    pub truncated: Option<Field>,
    /// Further fields, for `column`.
    pub columns: &'static [Field],
}

/// A batch by place: `slots` and `generations` name rows while they are held; `weights` are those
/// of their updates, 0..1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawn {
    pub slots: Vec<u32>,
    pub generations: Vec<u32>,
    pub weights: Vec<f32>,
    pub probabilities: Vec<f32>,
}

/// A row as it was used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RowStats {
    /// How many rows are newer.
    pub age: u32,
    /// How often it was drawn; 0 where that is not counted.
    pub drawn: u32,
    pub priority: f32,
}

/// A number that any bytes are one of.
pub trait Number: Copy + sealed::Sealed {}
mod sealed {
    pub trait Sealed {}
}
macro_rules! numbers {
    ($($name:ty)*) => { $(impl sealed::Sealed for $name {} impl Number for $name {})* };
}
numbers!(u8 i8 u16 i16 u32 i32 u64 i64 f32 f64);

/// What came of up to n steps from a row on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Return {
    pub reward: f64,
    /// gamma^steps; 0 where the task ended.
    pub bootstrap: f64,
    /// The slot of the last row, whose next state that is for.
    pub last: u32,
    pub steps: u32,
}

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
    columns: Vec<Field>,
    row: PhantomData<fn(T) -> T>,
}

impl<T: Copy + Send + 'static> Replay<T> {
    /// At most `capacity` rows, the oldest make room; all draws follow from `seed`.
    pub fn new(capacity: u32, seed: u64) -> Result<Replay<T>> {
        Replay::with(ReplayOptions { capacity, seed, ..Default::default() })
    }
    /// The same with priorities, episodes and n-step returns.
    pub fn with(how: ReplayOptions) -> Result<Replay<T>> {
        let row_size = u32::try_from(size_of::<T>()).map_err(|_| Error::arg("too large a row"))?;
        let size = size_of::<ffi::gyre_replay_column>() as u32;
        let roles = [
            (how.reward, ffi::GYRE_COLUMN_REWARD),
            (how.terminated, ffi::GYRE_COLUMN_TERMINATED),
            (how.truncated, ffi::GYRE_COLUMN_TRUNCATED),
        ];
        let plain = how.columns.iter().map(|&field| (Some(field), ffi::GYRE_COLUMN_PLAIN));
        let columns: Vec<ffi::gyre_replay_column> = plain
            .chain(roles)
            .filter_map(|(field, role)| {
                let Field { offset, bytes } = field?;
                let (offset, bytes) = (offset as u32, bytes as u32);
                Some(ffi::gyre_replay_column { size, offset, bytes, role })
            })
            .collect();
        let options = ffi::gyre_replay_options {
            row_size,
            capacity: how.capacity,
            seed: how.seed,
            columns: columns.as_ptr(),
            column_count: columns.len() as u32,
            flags: (u32::from(how.prioritized) * ffi::GYRE_REPLAY_PRIORITIZED)
                | (u32::from(how.count_samples) * ffi::GYRE_REPLAY_COUNT_SAMPLES)
                | (u32::from(how.weights_by_all) * ffi::GYRE_REPLAY_WEIGHTS_BY_ALL),
            budget_bytes: how.budget_bytes as f64,
            min_size: how.min_size,
            alpha: how.alpha,
            beta: how.beta,
            beta_end: how.beta_end,
            beta_steps: how.beta_steps,
            epsilon: how.epsilon,
            ..Default::default()
        };
        let mut id = 0;
        // SAFETY: options, what they point to, and id outlive the call.
        check(|err| unsafe { ffi::gyre_replay_create(&options, &mut id, err) })?;
        let columns = columns
            .iter()
            .map(|c| Field { offset: c.offset as usize, bytes: c.bytes as usize })
            .collect();
        Ok(Replay { id, columns, row: PhantomData })
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
    /// Draws the places of `count` rows: by priority, or uniformly and none twice without any.
    pub fn draw_places(&self, count: usize) -> Result<Drawn> {
        self.places(count, 0)
    }
    /// The same uniformly, whatever the priorities; none twice unless `replace`.
    pub fn draw_places_uniformly(&self, count: usize, replace: bool) -> Result<Drawn> {
        let replace = u32::from(replace) * ffi::GYRE_SAMPLE_WITH_REPLACEMENT;
        self.places(count, ffi::GYRE_SAMPLE_UNIFORM | replace)
    }
    fn places(&self, count: usize, flags: u32) -> Result<Drawn> {
        let number = u32::try_from(count).map_err(|_| Error::arg("too many rows"))?;
        let mut drawn = Drawn {
            slots: vec![0; count],
            generations: vec![0; count],
            weights: vec![0.0; count],
            probabilities: vec![0.0; count],
        };
        // SAFETY: room for so many in each.
        check(|_| unsafe {
            ffi::gyre_replay_draw(
                self.id,
                drawn.slots.as_mut_ptr(),
                drawn.generations.as_mut_ptr(),
                drawn.weights.as_mut_ptr(),
                drawn.probabilities.as_mut_ptr(),
                number,
                flags,
            )
        })?;
        Ok(drawn)
    }
    /// Draws runs of rows that follow each other, as (slot of the first, number): up to `length`,
    /// the end of the episode or the newest row; 0: whole episodes.
    pub fn draw_runs(&self, count: usize, length: u32) -> Result<Vec<(u32, u32)>> {
        let number = u32::try_from(count).map_err(|_| Error::arg("too many runs"))?;
        let (mut firsts, mut counts) = (vec![0; count], vec![0; count]);
        let (at, of) = (firsts.as_mut_ptr(), counts.as_mut_ptr());
        // SAFETY: room for so many in each.
        check(|_| unsafe { ffi::gyre_replay_draw_runs(self.id, at, of, number, length) })?;
        Ok(firsts.into_iter().zip(counts).collect())
    }
    /// The rows in those slots.
    pub fn rows(&self, slots: &[u32]) -> Result<Vec<T>> {
        let count = u32::try_from(slots.len()).map_err(|_| Error::arg("too many rows"))?;
        let mut rows: Vec<MaybeUninit<T>> = vec![MaybeUninit::uninit(); slots.len()];
        let (from, to) = (slots.as_ptr(), rows.as_mut_ptr());
        // SAFETY: room for so many.
        check(|_| unsafe {
            ffi::gyre_replay_read(self.id, from, count, self.columns.len() as u32, to as *mut _)
        })?;
        // SAFETY: the call wrote all of them, each the bytes of a row that was pushed.
        Ok(rows.into_iter().map(|row| unsafe { row.assume_init() }).collect())
    }
    /// The rows in those slots, into `out`: as many.
    pub fn rows_into(&self, slots: &[u32], out: &mut [T]) -> Result<()> {
        room(out.len(), slots.len())?;
        let (from, count, to) = (slots.as_ptr(), slots.len() as u32, out.as_mut_ptr());
        let whole = self.columns.len() as u32;
        // SAFETY: room for so many, each the bytes of a row that was pushed.
        check(|_| unsafe { ffi::gyre_replay_read(self.id, from, count, whole, to as *mut _) })
    }
    /// Copies a field of the rows in those slots into `out`, one after the other. It is one of
    /// those that the buffer was made with.
    pub fn column<N: Number>(&self, field: Field, slots: &[u32], out: &mut [N]) -> Result<()> {
        let at = self.columns.iter().position(|&each| each == field);
        let column = at.ok_or_else(|| Error::arg("there is no such column"))? as u32;
        if field.bytes % size_of::<N>() != 0 {
            return Err(Error::arg("the column is of other numbers"));
        }
        room(out.len(), field.bytes / size_of::<N>() * slots.len())?;
        let (from, count, to) = (slots.as_ptr(), slots.len() as u32, out.as_mut_ptr());
        // SAFETY: room for so many, and any bytes are numbers.
        check(|_| unsafe { ffi::gyre_replay_read(self.id, from, count, column, to as *mut _) })
    }
    /// How each row in those slots was used.
    pub fn stats(&self, slots: &[u32]) -> Result<Vec<RowStats>> {
        let count = slots.len();
        let (mut ages, mut drawn) = (vec![0; count], vec![0; count]);
        let mut priorities = vec![0.0; count];
        // SAFETY: room for so many in each.
        check(|_| unsafe {
            ffi::gyre_replay_rows_read(
                self.id,
                slots.as_ptr(),
                count as u32,
                ages.as_mut_ptr(),
                drawn.as_mut_ptr(),
                priorities.as_mut_ptr(),
            )
        })?;
        let one = |i: usize| RowStats { age: ages[i], drawn: drawn[i], priority: priorities[i] };
        Ok((0..count).map(one).collect())
    }
    /// Sets the priorities of rows by their errors. How many were refused, since the row was
    /// replaced meanwhile or the error is not finite.
    pub fn update(&self, drawn: &Drawn, errors: &[f32]) -> Result<u32> {
        let count = drawn.slots.len();
        if errors.len() != count || drawn.generations.len() != count {
            return Err(Error::arg("not as many errors as rows"));
        }
        let mut refused = 0;
        // SAFETY: so many of each.
        check(|_| unsafe {
            ffi::gyre_replay_update(
                self.id,
                drawn.slots.as_ptr(),
                drawn.generations.as_ptr(),
                errors.as_ptr(),
                count as u32,
                &mut refused,
            )
        })?;
        Ok(refused)
    }
    /// What came of up to `n` steps from each of those rows on.
    pub fn n_step(&self, slots: &[u32], n: u32, gamma: f64) -> Result<Vec<Return>> {
        let count = slots.len();
        let (mut rewards, mut bootstraps) = (vec![0.0; count], vec![0.0; count]);
        let (mut lasts, mut steps) = (vec![0; count], vec![0; count]);
        // SAFETY: room for so many in each.
        check(|_| unsafe {
            ffi::gyre_replay_n_step(
                self.id,
                slots.as_ptr(),
                count as u32,
                n,
                gamma,
                rewards.as_mut_ptr(),
                bootstraps.as_mut_ptr(),
                lasts.as_mut_ptr(),
                steps.as_mut_ptr(),
            )
        })?;
        Ok((0..count)
            .map(|i| Return {
                reward: rewards[i],
                bootstrap: bootstraps[i],
                last: lasts[i],
                steps: steps[i],
            })
            .collect())
    }
    /// The newest row ends its episode, though it does not say so.
    pub fn end_episode(&self) -> Result<()> {
        check(|_| unsafe { ffi::gyre_replay_end_episode(self.id) })
    }
    /// Keeps the newest rows that fit, oldest in slot 0.
    pub fn resize(&self, capacity: u32) -> Result<()> {
        check(|err| unsafe { ffi::gyre_replay_resize(self.id, capacity, err) })
    }
    /// Everything: rows, priorities, the position of the draws.
    pub fn save(&self) -> Result<Vec<u8>> {
        // SAFETY: as much room as the call is told.
        saved(|at, room, needed| unsafe { ffi::gyre_replay_save(self.id, at, room, needed) })
    }
    /// Replaces everything by what `save` gave.
    ///
    /// # Safety
    /// The rows in `data` are values of `T`, which nothing here can see: `save` of a buffer of the
    /// same type gave it; of this run, where `T` has references.
    pub unsafe fn load(&self, data: &[u8]) -> Result<()> {
        let size = u32::try_from(data.len()).map_err(|_| Error::arg("too many bytes"))?;
        // SAFETY: so many bytes.
        check(|err| unsafe { ffi::gyre_replay_load(self.id, data.as_ptr() as *const _, size, err) })
    }
    /// An error where its parts do not agree.
    pub fn check(&self) -> Result<()> {
        check(|_| unsafe { ffi::gyre_replay_check(self.id) })
    }
    /// How many rows there are.
    pub fn len(&self) -> Result<u64> {
        Ok(self.metrics()?.rows)
    }
    /// What it holds and did.
    pub fn metrics(&self) -> Result<ffi::gyre_replay_metrics> {
        let mut out = ffi::gyre_replay_metrics::default();
        // SAFETY: it outlives the call and says its size.
        check(|_| unsafe { ffi::gyre_replay_metrics_read(self.id, &mut out) })?;
        Ok(out)
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

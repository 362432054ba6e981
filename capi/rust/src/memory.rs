//! memory.rs - what an engine was told to keep; which loops bear on each other.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::control::{bytes_of, text_of};
use crate::engine::Engine;
use crate::error::{c_string, check, Error, Result};
use crate::ffi;

impl Engine {
    /// Keeps a text with its tags.
    pub fn remember(&self, text: &str, tags: &[&str]) -> Result<()> {
        let text = c_string(text)?;
        let tags = tags.iter().map(|tag| c_string(tag)).collect::<Result<Vec<_>>>()?;
        let names: Vec<_> = tags.iter().map(|tag| tag.as_ptr()).collect();
        let record = ffi::gyre_record {
            text: text.as_ptr(),
            tags: names.as_ptr(),
            tag_count: names.len() as u32,
            ..Default::default()
        };
        // SAFETY: what `record` points to outlives the call, which copies what it keeps.
        check(|err| unsafe { ffi::gyre_memory_remember(self.id(), &record, err) })
    }
    /// The newest `limit` records with this in their text ("": any), as a JSON array.
    pub fn recall_json(&self, text: &str, limit: u32) -> Result<String> {
        let text = c_string(text)?;
        let query = ffi::gyre_query { limit, text: text.as_ptr(), ..Default::default() };
        // SAFETY: the query outlives the call, and the buffer is as long as it is told.
        text_of(|buf, cap, needed, err| unsafe {
            ffi::gyre_memory_recall(self.id(), &query, buf, cap, needed, err)
        })
    }
    /// All that its loops have learned and that it remembers, for `load`.
    pub fn save(&self) -> Result<Vec<u8>> {
        // SAFETY: the buffer is as long as the call is told.
        bytes_of(|buf, cap, needed, err| unsafe {
            ffi::gyre_engine_save(self.id(), buf.cast(), cap, needed, err)
        })
    }
    /// Takes that in place of its own. Learners go by the names of their loops or groups, which are
    /// added first; with the same options and seed each goes on bit for bit. How many no loop here
    /// can go on with.
    pub fn load(&self, bytes: &[u8]) -> Result<u32> {
        let size = u32::try_from(bytes.len()).map_err(|_| Error::arg("too many bytes"))?;
        let mut left_out = 0;
        // SAFETY: as many bytes as the call is told, and left_out outlives it.
        check(|err| unsafe {
            ffi::gyre_engine_load(self.id(), bytes.as_ptr().cast(), size, &mut left_out, err)
        })?;
        Ok(left_out)
    }
    /// Declares what one loop does for another, -1..1.
    pub fn connect(&self, from: &str, to: &str, weight: f64) -> Result<()> {
        let (from, to) = (c_string(from)?, c_string(to)?);
        // SAFETY: both names outlive the call.
        check(|err| unsafe {
            ffi::gyre_graph_connect(self.id(), from.as_ptr(), to.as_ptr(), weight, err)
        })
    }
    /// How well the loops are together, 0..1.
    pub fn score(&self) -> Result<f64> {
        let mut score = 0.0;
        // SAFETY: score outlives the call.
        check(|_| unsafe { ffi::gyre_graph_score(self.id(), &mut score) })?;
        Ok(score)
    }
}

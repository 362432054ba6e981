//! bus.rs - what loops and others tell each other, by topic.

// SAFETY, of the unsafe blocks without a comment of their own: as lib.rs says.

use crate::engine::Engine;
use crate::error::{c_string, check, Result};
use crate::ffi;
use std::ffi::CStr;
use std::time::Duration;

/// A message that waited in a subscription.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub topic: String,
    pub payload: Vec<u8>,
    /// Published so long after the engine's creation.
    pub at: Duration,
    pub sequence: u64,
}

/// A subscription; dropping it ends it. As an iterator it takes what waits, and ends when nothing
/// does, or after an error.
///
/// ```
/// # fn main() -> gyre::Result<()> {
/// use gyre::{Driver, Engine};
/// use std::time::Duration;
/// let engine = Engine::new(Driver::Virtual)?;
/// let mut orders = engine.subscribe("shop.*.new")?;
/// engine.publish("shop.orders.new", b"two tables")?;
/// engine.advance_to(Duration::from_secs(1))?;
/// assert_eq!(orders.next().unwrap()?.payload, b"two tables");
/// assert!(orders.next().is_none());
/// # Ok(())
/// # }
/// ```
pub struct Subscription {
    id: ffi::gyre_subscription,
    buffer: Vec<u8>,
    failed: bool,
}

impl Engine {
    /// Puts a message on the bus: topics are tokens between dots. At most 64 KiB; nothing is
    /// delivered inside this call.
    pub fn publish(&self, topic: &str, payload: &[u8]) -> Result<()> {
        let topic = c_string(topic)?;
        let (data, size) = (payload.as_ptr() as *const _, payload.len() as u32);
        // SAFETY: topic and payload outlive the call, which copies them.
        check(|err| unsafe {
            ffi::gyre_bus_publish(self.id(), topic.as_ptr(), data, size, std::ptr::null(), err)
        })
    }
    /// Receives what matches: `*` is any one token, `>` at the end one or more. At most 1,024
    /// messages wait; what comes then is dropped and counted.
    pub fn subscribe(&self, pattern: &str) -> Result<Subscription> {
        let (pattern, mut id) = (c_string(pattern)?, 0);
        // SAFETY: pattern and id outlive the call.
        check(|err| unsafe {
            ffi::gyre_bus_subscribe(self.id(), pattern.as_ptr(), std::ptr::null(), &mut id, err)
        })?;
        Ok(Subscription { id, buffer: vec![0; 1 << 10], failed: false })
    }
}

impl Iterator for Subscription {
    type Item = Result<Message>;

    fn next(&mut self) -> Option<Result<Message>> {
        if std::mem::take(&mut self.failed) {
            return None; // a loop over it would else have the same error for ever
        }
        let mut message = ffi::gyre_message::default();
        loop {
            let mut needed = 0;
            let (buffer, cap) = (self.buffer.as_mut_ptr() as *mut _, self.buffer.len() as u32);
            // SAFETY: the buffer is as long as the call is told.
            let done = check(|_| unsafe {
                ffi::gyre_bus_poll(self.id, &mut message, buffer, cap, &mut needed)
            });
            match done {
                Ok(()) => break,
                Err(error) if error.code == ffi::GYRE_E_BUFFER => {
                    self.buffer.resize(needed as usize, 0)
                }
                Err(error) if error.code == ffi::GYRE_E_NOT_FOUND => return None,
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error));
                }
            }
        }
        // SAFETY: both point into the buffer, the topic with a NUL at its end.
        let (topic, payload) = unsafe {
            let size = message.payload_size as usize;
            let bytes = match size {
                0 => &[][..],
                _ => std::slice::from_raw_parts(message.payload as *const u8, size),
            };
            (CStr::from_ptr(message.topic).to_string_lossy().into_owned(), bytes.to_vec())
        };
        let at = Duration::from_secs_f64(message.at_ms.max(0.0) / 1e3);
        Some(Ok(Message { topic, payload, at, sequence: message.sequence }))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // SAFETY: the id is ours alone; stale where its engine is gone.
        unsafe { ffi::gyre_bus_unsubscribe(self.id) };
    }
}

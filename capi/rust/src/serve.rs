//! serve.rs - an engine in a browser: the page, metrics, and orders where they are allowed.

use crate::engine::Engine;
use crate::error::{c_string, check, Result};
use crate::ffi;

/// How an engine is served. The default: at 127.0.0.1:7777, to who has the token, and nothing can
/// be changed.
#[derive(Debug, Clone, Default)]
pub struct ServeOptions {
    /// 0: 7777; `ffi::GYRE_SERVE_ANY_PORT`: one that is free.
    pub port: u32,
    /// 16 to 128 letters, digits, `-` or `_`; empty: drawn anew.
    pub token: String,
    /// Whoever has the token may pause, resume, reconfigure and stop loops.
    pub control: bool,
}

impl Engine {
    /// Serves the engine until `stop_serving` or until it is dropped. The address to open, its
    /// token included. An error says what is missing where the library has no server.
    pub fn serve(&self, options: &ServeOptions) -> Result<String> {
        let token = c_string(&options.token)?;
        let native = ffi::gyre_serve_options {
            flags: if options.control { ffi::GYRE_SERVE_CONTROL } else { 0 },
            token: if options.token.is_empty() { std::ptr::null() } else { token.as_ptr() },
            port: options.port,
            ..Default::default()
        };
        let mut url = vec![0u8; 512];
        let mut needed = 0;
        // SAFETY: all outlive the call, and the buffer is as long as the call is told.
        check(|err| unsafe {
            let (buf, cap) = (url.as_mut_ptr() as *mut _, url.len() as u32);
            ffi::gyre_serve_start(self.id(), &native, buf, cap, &mut needed, err)
        })?;
        url.truncate(needed as usize - 1);
        Ok(String::from_utf8_lossy(&url).into_owned())
    }

    /// Ends that; without effect where it is not served.
    pub fn stop_serving(&self) -> Result<()> {
        // SAFETY: a number goes in, and an error that outlives the call.
        check(|err| unsafe { ffi::gyre_serve_stop(self.id(), err) })
    }
}

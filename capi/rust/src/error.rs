//! error.rs - a status of the header and its words, as a Result.

use crate::ffi;
use std::ffi::{CStr, CString};
use std::fmt;

/// Why a call failed: the header's number, and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub code: i32,
    pub text: String,
}

/// What kind of failure a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    Argument,
    State,
    NoMemory,
    Stale,
    NotFound,
    Exists,
    Timeout,
    Reentrant,
    Cancelled,
    Budget,
    Io,
    Corrupt,
    Unsupported,
    Other,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// For a `match`: what kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self.code {
            ffi::GYRE_E_ARG => Kind::Argument,
            ffi::GYRE_E_STATE => Kind::State,
            ffi::GYRE_E_NOMEM => Kind::NoMemory,
            ffi::GYRE_E_STALE => Kind::Stale,
            ffi::GYRE_E_NOT_FOUND => Kind::NotFound,
            ffi::GYRE_E_EXISTS => Kind::Exists,
            ffi::GYRE_E_TIMEOUT => Kind::Timeout,
            ffi::GYRE_E_REENTRANT => Kind::Reentrant,
            ffi::GYRE_E_CANCELLED => Kind::Cancelled,
            ffi::GYRE_E_BUDGET => Kind::Budget,
            ffi::GYRE_E_IO => Kind::Io,
            ffi::GYRE_E_CORRUPT | ffi::GYRE_E_FORMAT => Kind::Corrupt,
            ffi::GYRE_E_UNSUPPORTED | ffi::GYRE_E_ABI => Kind::Unsupported,
            _ => Kind::Other,
        }
    }
    pub(crate) fn arg(text: &str) -> Error {
        Error { code: ffi::GYRE_E_ARG, text: text.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the name is a static string of the library.
        let name = unsafe { CStr::from_ptr(ffi::gyre_status_name(self.code)) };
        write!(f, "{}: {}", name.to_string_lossy(), self.text)
    }
}

impl std::error::Error for Error {}

/// Calls with a fresh error struct and turns the status into a result.
pub(crate) fn check(call: impl FnOnce(*mut ffi::gyre_error) -> ffi::gyre_status) -> Result<()> {
    let mut error = ffi::gyre_error::default();
    let code = call(&mut error);
    if code == ffi::GYRE_OK {
        return Ok(());
    }
    // SAFETY: the text is always ended by a NUL, also when the call left it untouched.
    let text = unsafe { CStr::from_ptr(error.text.as_ptr()) };
    Err(Error { code, text: text.to_string_lossy().into_owned() })
}

pub(crate) fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::arg("a text contains NUL"))
}

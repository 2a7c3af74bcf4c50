use http::StatusCode;
use serde::de::DeserializeOwned;

use super::endpoint::Endpoint;
use super::unasked::Unasked;

/// An answer with a body of JSON: what was asked for, or why there is none.
#[derive(Debug)]
pub(in crate::cli) struct Answer {
    pub(super) from: Endpoint,
    pub(in crate::cli) through: Through,
    pub(in crate::cli) status: StatusCode,
    pub(in crate::cli) body: Vec<u8>,
}

/// Who gave an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Through {
    /// The running process.
    Process,
    /// This one, from the files.
    Files,
}

impl Answer {
    /// Reads the body.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub(in crate::cli) fn read<T: DeserializeOwned>(&self) -> Result<T, Unasked> {
        let json = serde_json::from_slice(&self.body);
        json.map_err(|error| Unasked::Json(self.from.clone(), error))
    }

    /// An answer that says nothing that a command could show.
    pub(in crate::cli) fn unexpected(&self) -> Unasked {
        Unasked::Status(self.from.clone(), self.status)
    }
}

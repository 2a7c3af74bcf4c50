use serde::{Deserialize, Serialize};

/// Who asks: `GET /api/v1/session`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Session {
    /// The role that the token gives: `viewer` or `operator`. None where no token was needed.
    pub role: Option<String>,
}

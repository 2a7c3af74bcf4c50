use serde::{Deserialize, Serialize};

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Problem {
    /// What it does: `quarantine` (the last good version stays in use) or `warning`.
    pub effect: String,
    /// What it concerns: `certificate`, `domain`, `file` or `directory`.
    pub kind: String,
    /// Its name, or a path.
    pub name: String,
    /// The reason as a stable word.
    pub reason: String,
    /// The file and the line where the configuration says so.
    pub place: Option<String>,
    /// The reason in a sentence.
    pub text: String,
    /// What to do about it.
    pub hint: String,
}

/// A request that is not answered with what it asks for: `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Failure {
    /// `urn:lockgate:CODE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of reason in a few words.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// The reason as a stable word.
    pub code: String,
    /// The reason in a sentence.
    pub detail: String,
    /// What to do, or to ask instead.
    pub hint: String,
    /// What is wrong with what it asks for, where that is why.
    pub problems: Vec<Problem>,
}

use serde::{Deserialize, Serialize};

/// A part of a list: what follows a place in it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Page<T> {
    /// The part.
    pub items: Vec<T>,
    /// How many there are in all that are let through.
    pub total: usize,
    /// What to give as `after` to get the part that follows. None at the end of the list.
    pub next: Option<String>,
}

/// The first few of a list.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Excerpt<T> {
    /// How many there are in all.
    pub total: usize,
    /// The first of them.
    pub first: Vec<T>,
}

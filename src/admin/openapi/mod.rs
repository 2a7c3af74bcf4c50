//! The description of the API for machines: `GET /api/v1/openapi.json`.

#[cfg(test)]
mod schema;
#[cfg(test)]
mod tests;

/// All paths, what they take, and what they answer (OpenAPI 3.1).
pub(super) const DOCUMENT: &str = include_str!("../openapi.json");

//! What a domain's operator sets in its responses, and takes away.

use http::HeaderMap;

use crate::config::ResponseHeaders;

/// Changes what the origin said. Where the operator says it too, that counts.
pub(super) fn change_origins(changes: &ResponseHeaders, headers: &mut HeaderMap) {
    for name in &changes.remove {
        headers.remove(name);
    }
    for field in &changes.set {
        headers.insert(field.name.clone(), field.value.clone());
    }
}

/// Adds to an answer of ours what it does not say itself. What tells of the origin's content is not
/// true of an error: kept for as long as a segment, it would outlive its cause.
pub(super) fn complete_own(changes: &ResponseHeaders, headers: &mut HeaderMap) {
    for field in changes.set.iter().filter(|field| !field.of_content) {
        headers
            .entry(&field.name)
            .or_insert_with(|| field.value.clone());
    }
}

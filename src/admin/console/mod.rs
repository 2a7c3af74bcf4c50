//! The web console: pages, scripts and texts that are part of the program.
//!
//! Nothing here is secret or tells anything of this process, so it is served without a token; what
//! the console shows, it asks of the API with the token that somebody brought.

mod asset;
#[cfg(test)]
mod tests;

use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Response};

pub(super) use asset::{Asset, HOME};

/// The answer that is one of them.
pub(super) fn answer(asset: &Asset) -> Response<String> {
    let mut response = Response::new(asset.text.to_owned());
    let kind = HeaderValue::from_static(asset.kind);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // It may be there on the way, but a newer program's scripts must not meet older ones.
    (http::header::CACHE_CONTROL, "no-cache"),
    // A page that opens the console, or is opened by it, gets no hold of its window.
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// What a page of the console may load and do (Content Security Policy Level 3): nothing inline,
/// nothing from elsewhere, no form that is sent by the browser itself, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

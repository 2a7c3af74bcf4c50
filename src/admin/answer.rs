use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use super::view;
use crate::manage::Tag;
use crate::state::Role;

/// A line for people and probes.
pub(super) fn text(status: StatusCode, text: &str) -> Response<String> {
    answer(status, "text/plain; charset=utf-8", text.to_owned())
}

/// A JSON object.
pub(super) fn json(status: StatusCode, json: String) -> Response<String> {
    answer(status, "application/json", json)
}

/// Why there is no answer (RFC 9457).
pub(super) fn problem(status: StatusCode, json: String) -> Response<String> {
    answer(status, "application/problem+json", json)
}

/// Whose token a request has shown.
pub(super) fn session(role: Option<Role>) -> Response<String> {
    let role = role.map(|role| role.to_string());
    json(StatusCode::OK, write(&view::Session { role }))
}

/// Metrics (OpenMetrics 1.0).
pub(super) fn metrics(metrics: String) -> Response<String> {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    answer(StatusCode::OK, kind, metrics)
}

/// An answer about something that can be changed: with its entity tag (RFC 9110 section 8.8.3).
pub(super) fn tagged(mut response: Response<String>, tag: Option<Tag>) -> Response<String> {
    let tag = tag.and_then(|tag| HeaderValue::try_from(format!("\"{tag}\"")).ok());
    response.headers_mut().extend(tag.map(|tag| (ETAG, tag)));
    response
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Writes a view as JSON.
pub(super) fn write(view: &impl Serialize) -> String {
    serde_json::to_string(view).expect("strings and numbers can be written as JSON")
}

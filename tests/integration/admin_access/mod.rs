//! Who may ask what at the admin listener, and where it is.

mod command;
mod console;
mod decision;
mod places;
mod tls;
mod tokens;

use crate::support::{ConfigDir, Edge, Response};

/// An edge that lets nobody in without a token.
async fn closed() -> Edge {
    Edge::start(ConfigDir::new().set("admin.open", "[]")).await
}

/// Asks with a token.
async fn showing(edge: &Edge, token: &str, target: &str) -> Response {
    let bearer = format!("Bearer {token}");
    edge.admin_with("GET", target, &[("Authorization", &bearer)])
        .await
}

/// The token of a role.
fn token(edge: &Edge, role: &str) -> String {
    edge.config.token(role).expect("it was made at the start")
}

/// Asserts that an answer is a fault with this status and code.
fn assert_fault(response: &Response, status: u16, code: &str) {
    let text = response.text();
    assert_eq!(response.status(), status, "{text}");
    let kind = response.head.one("content-type");
    assert_eq!(kind, Some("application/problem+json"));
    assert_eq!(response.head.one("cache-control"), Some("no-store"));
    let options = response.head.one("x-content-type-options");
    assert_eq!(options, Some("nosniff"));
    let fault: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(fault["code"], code, "{text}");
    assert_eq!(fault["type"], format!("urn:lockgate:{code}"));
    assert_eq!(fault["status"], status);
    for key in ["title", "detail", "hint"] {
        assert!(
            fault[key].as_str().is_some_and(|it| !it.is_empty()),
            "{text}"
        );
    }
    assert!(fault["problems"].is_array(), "{text}");
}

use serde_json::{Value, json};

use super::{assert_fault, closed, showing, token};

/// The files are the same for everybody; what they show is not in them.
#[tokio::test]
async fn the_console_is_served_without_a_token_and_is_let_do_little() {
    let edge = closed().await;
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/console/console.js", "text/javascript; charset=utf-8"),
        ("/console/console.css", "text/css; charset=utf-8"),
        ("/console/zh.json", "application/json"),
    ] {
        let response = edge.admin_with("GET", path, &[]).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.head.one("content-type"), Some(kind));
        let policy = response.head.one("content-security-policy");
        let policy = policy.expect("there is one");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(response.head.one("referrer-policy"), Some("no-referrer"));
        assert_eq!(response.head.one("x-content-type-options"), Some("nosniff"));
        let post = edge.admin_with("POST", path, &[]).await;
        assert_fault(&post, 401, "token_required");
    }
    let other = edge.admin_with("GET", "/console/other.js", &[]).await;
    assert_fault(&other, 401, "token_required");
}

#[tokio::test]
async fn links_from_elsewhere_lead_to_the_page_only() {
    let edge = closed().await;
    let link = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    assert_eq!(edge.admin_with("GET", "/", &link).await.status(), 200);
    for path in ["/healthz", "/api/v1/status", "/console/console.js"] {
        let response = edge.admin_with("GET", path, &link).await;
        assert_fault(&response, 403, "origin_not_allowed");
    }
}

#[tokio::test]
async fn a_token_is_told_its_role() {
    let edge = closed().await;
    for role in ["viewer", "operator"] {
        let response = showing(&edge, &token(&edge, role), "/api/v1/session").await;
        let session: Value = serde_json::from_str(&response.text()).expect("it is JSON");
        assert_eq!(session, json!({ "role": role }));
    }
}

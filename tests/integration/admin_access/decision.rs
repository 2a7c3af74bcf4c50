use super::{assert_fault, closed, showing, token};
use crate::support::{ConfigDir, Edge};

const PATHS: [&str; 12] = [
    "/console",
    "/readyz",
    "/metrics",
    "/status",
    "/api/v1/status",
    "/api/v1/certificates",
    "/api/v1/certificates/play",
    "/api/v1/domains",
    "/api/v1/domains/a.test",
    "/api/v1/domains?limit=0",
    "/nothing",
    "/healthz/",
];

#[tokio::test]
async fn nothing_but_health_is_told_without_a_token() {
    let edge = closed().await;
    for target in PATHS {
        for method in ["GET", "POST", "DELETE", "OPTIONS"] {
            let response = edge.admin_with(method, target, &[]).await;
            assert_fault(&response, 401, "token_required");
            assert_eq!(response.head.one("www-authenticate"), Some("Bearer"));
        }
        let wrong = showing(&edge, "wrong", "/healthz").await;
        assert_eq!(wrong.status(), 200, "{target}");
    }
    assert_eq!(edge.admin_with("GET", "/healthz", &[]).await.status(), 200);
    let refused = [("reason", "token_required")];
    let count = (PATHS.len() * 4) as f64;
    assert_eq!(
        edge.metrics()
            .await
            .sum("lockgate_admin_refused_total", &refused),
        count
    );
}

#[tokio::test]
async fn what_is_open_is_told_to_everybody() {
    let open = r#"["/metrics", "/api/v1/status"]"#;
    let edge = Edge::start(ConfigDir::new().set("admin.open", open)).await;
    for target in ["/metrics", "/api/v1/status"] {
        assert_eq!(edge.admin_with("GET", target, &[]).await.status(), 200);
        let post = edge.admin_with("POST", target, &[]).await;
        assert_fault(&post, 401, "token_required");
    }
    for target in ["/readyz", "/api/v1/domains"] {
        let response = edge.admin_with("GET", target, &[]).await;
        assert_fault(&response, 401, "token_required");
    }
}

#[tokio::test]
async fn viewers_look_and_operators_may_do_all() {
    let edge = closed().await;
    for role in ["viewer", "operator"] {
        let token = token(&edge, role);
        for target in ["/readyz", "/metrics", "/api/v1/status", "/api/v1/domains"] {
            assert_eq!(showing(&edge, &token, target).await.status(), 200);
        }
    }
    let bearer = |role| format!("Bearer {}", token(&edge, role));
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let ask = async |role, target| {
            let bearer = bearer(role);
            edge.admin_with(method, target, &[("Authorization", &bearer)])
                .await
        };
        for target in ["/api/v1/status", "/nothing"] {
            assert_fault(&ask("viewer", target).await, 403, "role_not_sufficient");
        }
        let known = ask("operator", "/api/v1/status").await;
        assert_fault(&known, 405, "method_not_allowed");
        assert_eq!(known.head.one("allow"), Some("GET, HEAD"));
        assert_fault(&ask("operator", "/nothing").await, 404, "no_such_path");
    }
}

#[tokio::test]
async fn a_head_is_answered_without_a_body() {
    let edge = closed().await;
    let bearer = format!("Bearer {}", token(&edge, "viewer"));
    let mut wire = edge.admin_wire().await;
    let host = edge.admin_place();
    for target in ["/healthz", "/api/v1/status", "/nothing"] {
        let request =
            format!("HEAD {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {bearer}\r\n\r\n");
        wire.send(request).await;
        let head = wire.try_head().await.expect("a head");
        let length = head.one("content-length").expect("a length");
        assert_ne!(length, "0", "{target}");
    }
    let next = wire.get(host, "/healthz").await;
    assert_eq!(next.text(), "ok\n", "no body is in between");
}

/// A page whose name was made to lead here calls us by that name.
#[tokio::test]
async fn other_hosts_are_refused_before_all_else() {
    let hosts = r#"["admin.example.com"]"#;
    let edge = Edge::start(ConfigDir::new().set("admin.hosts", hosts)).await;
    let bearer = format!("Bearer {}", token(&edge, "operator"));
    let ask = async |host: &str, target: &str| {
        let headers = [("Host", host), ("Authorization", &bearer)];
        edge.admin_with("GET", target, &headers).await
    };
    for host in ["evil.example", "192.0.2.1:9180", "localhost.evil.example"] {
        for target in ["/healthz", "/metrics", "/api/v1/status"] {
            assert_fault(&ask(host, target).await, 403, "host_not_allowed");
        }
    }
    for host in ["localhost", "LOCALHOST:1", "[::1]:9", "admin.example.com"] {
        assert_eq!(ask(host, "/api/v1/status").await.status(), 200, "{host}");
    }
}

/// A page in the browser of an operator sends what it likes, but not under our origin.
#[tokio::test]
async fn other_origins_are_refused_before_all_else() {
    let edge = closed().await;
    let bearer = format!("Bearer {}", token(&edge, "operator"));
    let own = format!("http://{}", edge.admin_place());
    let ask = async |name, value: &str| {
        let host = ("Host", edge.admin_place());
        let headers = [host, (name, value), ("Authorization", &bearer)];
        edge.admin_with("GET", "/api/v1/status", &headers).await
    };
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        let response = ask("Origin", origin).await;
        assert_fault(&response, 403, "origin_not_allowed");
    }
    let cross = ask("Sec-Fetch-Site", "cross-site").await;
    assert_fault(&cross, 403, "origin_not_allowed");
    assert_eq!(ask("Origin", &own).await.status(), 200);
    assert_eq!(ask("Sec-Fetch-Site", "same-origin").await.status(), 200);
}

/// What is open and what we are called may change while running.
#[tokio::test]
async fn a_reload_takes_over_what_is_open() {
    let mut edge = closed().await;
    let config = edge.config;
    edge.config = config.set("admin.open", r#"["/readyz"]"#);
    crate::support::eventually(crate::support::PATIENCE, "an open path", async || {
        let response = edge.admin_with("GET", "/readyz", &[]).await;
        (response.status() == 200).then_some(())
    })
    .await;
}

use super::token;
use crate::support::{Ca, ConfigDir, Edge, PATIENCE, Refused, TlsClient, eventually, outcome_of};

/// The name that operators call the listener by.
const ADMIN: &str = "admin.example.test";

/// An edge whose admin listener speaks TLS on all addresses.
async fn start(arrange: impl FnOnce(&ConfigDir)) -> Edge {
    let config = ConfigDir::new()
        .set("admin.listen", r#""0.0.0.0:0""#)
        .set("admin.certificate", r#""admin""#)
        .set("admin.hosts", &format!("[\"{ADMIN}\"]"));
    arrange(&config);
    Edge::start(config).await
}

#[tokio::test]
async fn a_certificate_by_its_name_is_served_and_rotates() {
    let ca = Ca::new();
    let first = ca.issue(&[ADMIN]);
    let edge = start(|config| config.install("admin", &first)).await;
    let client = TlsClient::trusting(&ca);
    let connect = async || client.connect(edge.admin_address(), ADMIN).await;
    let tls = connect().await.expect("a handshake");
    assert_eq!(tls.leaf(), first.fingerprint());
    assert_eq!(tls.protocol().as_deref(), Some("http/1.1"));
    let bearer = format!("Bearer {}", token(&edge, "viewer"));
    let mut wire = tls.http1();
    let request = |origin: &str| {
        format!(
            "GET /api/v1/status HTTP/1.1\r\nHost: {ADMIN}\r\nAuthorization: {bearer}\r\n\
             Origin: {origin}://{ADMIN}\r\n\r\n"
        )
    };
    assert_eq!(wire.ask(request("https")).await.status(), 200);
    assert_eq!(wire.ask(request("http")).await.status(), 403);
    let second = ca.issue(&[ADMIN]);
    edge.config.install("admin", &second);
    eventually(PATIENCE, "the new certificate", async || {
        let tls = connect().await.expect("no handshake fails in between");
        (tls.leaf() == second.fingerprint()).then_some(())
    })
    .await;
    let goes_on = wire.ask(request("https")).await;
    assert_eq!(goes_on.status(), 200, "a running connection stays");
}

/// Viewers come first: a certificate that is not there keeps nobody from being served.
#[tokio::test]
async fn a_certificate_that_is_not_there_fails_the_handshake_alone() {
    let ca = Ca::new();
    let edge = start(|_| ()).await;
    let client = TlsClient::trusting(&ca);
    let refused = client.connect(edge.admin_address(), ADMIN).await;
    assert!(matches!(refused, Err(Refused::Alert(_))), "{refused:?}");
    let line = [
        ("reason", "admin_certificate_unusable"),
        ("certificate", "admin"),
    ];
    edge.log().wait(&line).await;
    assert_eq!(edge.plain("unknown.test", "/").await.status(), 404);
    edge.config.install("admin", &ca.issue(&[ADMIN]));
    eventually(PATIENCE, "a handshake", async || {
        client.connect(edge.admin_address(), ADMIN).await.ok()
    })
    .await;
}

#[tokio::test]
async fn the_command_verifies_what_it_asks() {
    let ca = Ca::new();
    let edge = start(|config| config.install("admin", &ca.issue(&["localhost"]))).await;
    let port = edge.admin_address().port();
    let url = format!("https://localhost:{port}");
    let roots = edge.config.outside("ca.pem");
    edge.config.replace(&roots, ca.pem().as_bytes());
    let roots = roots.display().to_string();
    let path = edge.config.path();
    let trusting = ["status", "--admin", &url, "--ca", &roots];
    let asked = outcome_of(&trusting, &path).await;
    assert_eq!(asked.code, Some(0), "{asked:?}");
    let refused = outcome_of(&["status", "--admin", &url], &path).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("--ca"), "{refused:?}");
}

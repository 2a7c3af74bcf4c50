use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixListener;

use super::{assert_fault, showing, token};
use crate::support::{ConfigDir, Edge, outcome};

fn unix() -> ConfigDir {
    ConfigDir::new().set("admin.listen", r#""unix:admin.sock""#)
}

#[tokio::test]
async fn a_unix_socket_needs_a_token_as_well() {
    let mut edge = Edge::start(unix()).await;
    let socket = edge.config.join("admin.sock");
    assert_eq!(
        fs::metadata(&socket).expect("it is there").mode() & 0o777,
        0o660
    );
    let response = edge.admin_with("GET", "/api/v1/status", &[]).await;
    assert_fault(&response, 401, "token_required");
    let bearer = format!("Bearer {}", token(&edge, "viewer"));
    let headers = [("Host", "any.test"), ("Authorization", &*bearer)];
    let response = edge.admin_with("GET", "/api/v1/status", &headers).await;
    assert_eq!(response.status(), 200, "{}", response.text());
    for _ in 0..10 {
        showing(&edge, "wrong", "/api/v1/status").await;
    }
    let waits = showing(&edge, "wrong", "/api/v1/status").await;
    assert_fault(&waits, 429, "too_many_tries");
    let logged = edge.log().find(&[("client", "unix")]);
    assert_eq!(logged.len(), 1);
    edge.program.signal("TERM");
    edge.program.exit().await;
    assert!(!socket.exists(), "it goes with the process");
}

#[tokio::test]
async fn the_socket_of_a_killed_process_is_replaced() {
    let edge = Edge::start(unix()).await;
    let config = edge.stop();
    assert!(config.join("admin.sock").exists(), "nobody removed it");
    let edge = Edge::start(config).await;
    assert_eq!(edge.admin("/api/v1/status").await.status(), 200);
}

#[tokio::test]
async fn a_socket_in_use_is_refused() {
    let config = unix();
    let _other = UnixListener::bind(config.join("admin.sock")).expect("it is free");
    let refused = outcome("run", &config.path()).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    for word in ["admin.sock", "stop the program"] {
        assert!(refused.text().contains(word), "{word} in {refused:?}");
    }
}

/// Tokens in clear on a network are everybody's.
#[tokio::test]
async fn other_addresses_need_tls_or_an_explicit_word() {
    let config = ConfigDir::new().set("admin.listen", r#""0.0.0.0:0""#);
    for subcommand in ["run", "check"] {
        let refused = outcome(subcommand, &config.path()).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        for word in ["lockgate.toml", "certificate = ", "insecure = true"] {
            assert!(refused.text().contains(word), "{word} in {refused:?}");
        }
    }
    let edge = Edge::start(config.set("admin.insecure", "true")).await;
    edge.log().wait(&[("reason", "admin_insecure")]).await;
    assert_eq!(edge.admin("/api/v1/status").await.status(), 200);
}

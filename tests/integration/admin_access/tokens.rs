use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::{assert_fault, closed, showing, token};
use crate::support::{ConfigDir, Edge, PATIENCE, eventually, outcome};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").mode() & 0o7777
}

#[tokio::test]
async fn a_start_makes_tokens_that_a_restart_keeps() {
    let edge = closed().await;
    let tokens = ["viewer", "operator"].map(|role| token(&edge, role));
    for (role, token) in ["viewer", "operator"].iter().zip(&tokens) {
        assert_eq!(mode(&edge.config.token_file(role)), 0o600);
        assert_eq!(token.len(), 4 + 43, "256 bits in base64url");
    }
    let directory = edge.config.token_file("");
    assert_eq!(mode(&directory), 0o700);
    assert!(tokens[0].starts_with("lgv_") && tokens[1].starts_with("lgo_"));
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let edge = Edge::start(edge.stop()).await;
    assert_eq!(
        ["viewer", "operator"].map(|role| token(&edge, role)),
        tokens
    );
    assert_eq!(mode(&directory), 0o700);
    let narrowed = [("reason", "state_mode_narrowed")];
    edge.log().wait(&narrowed).await;
}

#[tokio::test]
async fn a_token_is_replaced_while_running() {
    let edge = closed().await;
    let old = token(&edge, "viewer");
    assert_eq!(showing(&edge, &old, "/metrics").await.status(), 200);
    let new = "chosen-by-an-operator-0123456789";
    let file = edge.config.token_file("viewer");
    edge.config.replace(&file, format!("{new}\n").as_bytes());
    eventually(PATIENCE, "the old token to be refused", async || {
        (showing(&edge, &old, "/metrics").await.status() == 401).then_some(())
    })
    .await;
    assert_eq!(showing(&edge, new, "/metrics").await.status(), 200);
    let operator = token(&edge, "operator");
    for content in ["", "short", "two words 0123456789 0123456789 0123456789"] {
        edge.config.replace(&file, content.as_bytes());
        eventually(PATIENCE, "nobody to be let in", async || {
            // Without a try, so that none is counted.
            showing(&edge, &operator, "/metrics").await;
            let told = [("role", "viewer"), ("message", NOBODY)];
            (!edge.log().find(&told).is_empty()).then_some(())
        })
        .await;
        assert_eq!(showing(&edge, content, "/metrics").await.status(), 401);
    }
    assert_eq!(showing(&edge, &operator, "/metrics").await.status(), 200);
}

const NOBODY: &str = "nobody can be let in by this token";

#[tokio::test]
async fn who_fails_ten_times_has_to_wait() {
    let edge = closed().await;
    let right = token(&edge, "operator");
    for _ in 0..10 {
        let response = showing(&edge, "lgo_wrong", "/metrics").await;
        assert_fault(&response, 401, "token_not_valid");
    }
    for token in ["lgo_wrong", &*right] {
        let response = showing(&edge, token, "/metrics").await;
        assert_fault(&response, 429, "too_many_tries");
        let wait = response.head.one("retry-after").expect("how long to wait");
        let wait: u64 = wait.parse().expect("seconds");
        assert!((1..=61).contains(&wait), "{wait}");
    }
    assert_eq!(showing(&edge, &right, "/healthz").await.status(), 200);
    let lines = edge.log().find(&[("message", "admin request refused")]);
    assert_eq!(lines.len(), 1, "one line for an address and minute");
    assert_eq!(lines[0].field("client"), "127.0.0.1");
}

/// Viewers come first: they are served without a state directory as well.
#[tokio::test]
async fn without_a_state_directory_nobody_is_let_in() {
    let config = ConfigDir::new();
    fs::write(config.path().join("../state"), "a file").expect("it is written");
    let edge = Edge::start(config).await;
    let told = [("reason", "token_file_not_made"), ("message", NOBODY)];
    edge.log().wait_for(2, &told).await;
    for token in ["a", "lgo_", &"a".repeat(47)] {
        let response = showing(&edge, token, "/api/v1/status").await;
        assert_fault(&response, 401, "token_not_valid");
    }
    assert_eq!(edge.plain("unknown.test", "/").await.status(), 404);
}

#[tokio::test]
async fn no_log_line_and_no_answer_shows_a_token() {
    let config = ConfigDir::new().set("admin.open", "[]");
    let edge = Edge::start_logging(config, "trace").await;
    let tokens = ["viewer", "operator"].map(|role| token(&edge, role));
    let mut answers = String::new();
    for token in &tokens {
        for target in ["/api/v1/status", "/api/v1/domains", "/metrics", "/nothing"] {
            answers += &showing(&edge, token, target).await.text();
        }
        let bearer = format!("Bearer {token}");
        for (name, value) in [("Origin", "http://evil.example"), ("Host", "evil.example")] {
            let headers = [(name, value), ("Authorization", &*bearer)];
            answers += &edge.admin_with("POST", "/x", &headers).await.text();
        }
        // Almost a token: what was shown is not told either.
        answers += &showing(&edge, &token[1..], "/metrics").await.text();
    }
    let path = edge.config.path();
    for subcommand in ["status", "check"] {
        answers += &outcome(subcommand, &path).await.text();
    }
    let mut edge = edge;
    edge.program.signal("TERM");
    edge.program.exit().await;
    let log: Vec<_> = edge
        .log()
        .find(&[])
        .iter()
        .map(|line| line.text())
        .collect();
    let all = format!("{answers}{}{}", log.join("\n"), edge.program.stdout());
    assert!(all.contains("admin request refused"), "{all}");
    for token in tokens {
        assert!(!all.contains(&token[4..]), "{token}");
    }
}

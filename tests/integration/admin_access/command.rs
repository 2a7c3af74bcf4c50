use std::fs;

use super::{closed, token};
use crate::support::{ConfigDir, Edge, Outcome, outcome, outcome_of};

fn assert_says(outcome: &Outcome, code: i32, words: &[&str]) {
    assert_eq!(outcome.code, Some(code), "{outcome:?}");
    for word in words {
        assert!(outcome.text().contains(word), "{word:?} in {outcome:#?}");
    }
}

#[tokio::test]
async fn a_token_is_printed_and_nothing_else() {
    let config = ConfigDir::new();
    let path = config.path();
    // Before the first start as well.
    let made = outcome("token", &path).await;
    assert_eq!((made.code, &*made.stderr), (Some(0), ""), "{made:?}");
    assert_eq!(
        Some(made.stdout.trim_end()),
        config.token("operator").as_deref()
    );
    let again = outcome("token --role operator", &path).await;
    assert_eq!(again.stdout, made.stdout);
    let edge = Edge::start(config).await;
    assert_eq!(format!("{}\n", token(&edge, "operator")), made.stdout);
    let viewer = outcome("token --role viewer", &path).await;
    assert_eq!(viewer.stdout, format!("{}\n", token(&edge, "viewer")));
}

#[tokio::test]
async fn a_link_leads_to_the_console_with_the_token_behind_the_hash() {
    let edge = closed().await;
    let path = edge.config.path();
    let settings = |listen: &str| {
        let text = format!("[admin]\nlisten = \"{listen}\"\n");
        fs::write(path.join("lockgate.toml"), text).expect("it is written");
    };
    settings("0.0.0.0:9180");
    let viewer = outcome("token --link --role viewer", &path).await;
    let expected = format!("http://127.0.0.1:9180/#token={}\n", token(&edge, "viewer"));
    assert_eq!(viewer.stdout, expected, "{viewer:?}");
    settings("unix:admin.sock");
    let socket = outcome("token --link", &path).await;
    assert_says(&socket, 1, &["no browser reaches", "lockgate token"]);
}

#[tokio::test]
async fn a_token_that_cannot_be_printed_says_what_to_do() {
    let config = ConfigDir::new();
    let path = config.path();
    let nowhere = outcome("token", &path.join("nowhere")).await;
    assert_says(&nowhere, 1, &["nowhere", "--config"]);
    let made = outcome("token", &path).await;
    assert_eq!(made.code, Some(0));
    fs::write(config.token_file("operator"), "short").expect("it is written");
    let short = outcome("token", &path).await;
    assert_says(&short, 1, &["operator", "fewer than 32", "remove it"]);
    assert_eq!(short.stdout, "");
}

#[tokio::test]
async fn the_status_is_asked_with_a_token_of_the_state_directory() {
    let edge = closed().await;
    let path = edge.config.path();
    let admin = edge.admin_address().to_string();
    let url = format!("http://{admin}");
    for at in [&admin, &url] {
        let asked = outcome_of(&["status", "--admin", at], &path).await;
        assert_says(&asked, 0, &["is ready"]);
    }
    let file = edge.config.token_file("operator").display().to_string();
    let elsewhere = edge.config.outside("nowhere");
    let named = ["status", "--admin", &url, "--token-file", &file];
    let asked = outcome_of(&named, &elsewhere).await;
    assert_says(&asked, 0, &["is ready"]);
    // The viewer's is enough, and the operator's where there is no other.
    fs::remove_file(edge.config.token_file("viewer")).expect("it was there");
    let asked = outcome_of(&["status", "--admin", &url], &path).await;
    assert_says(&asked, 0, &["is ready"]);
}

#[tokio::test]
async fn who_is_not_let_in_is_told_by_which_file() {
    let edge = closed().await;
    let path = edge.config.path();
    let url = format!("http://{}", edge.admin_address());
    let other = edge.config.outside("token");
    fs::create_dir_all(edge.config.outside("")).expect("it is there");
    fs::write(&other, "a".repeat(40)).expect("it is written");
    let other = other.display().to_string();
    let wrong = ["status", "--admin", &url, "--token-file", &other];
    let words = ["401", &*other, "--token-file"];
    assert_says(&outcome_of(&wrong, &path).await, 2, &words);
    let nowhere = edge.config.outside("nowhere");
    let without = outcome_of(&["status", "--admin", &url], &nowhere).await;
    assert_says(&without, 2, &["401", "no token", "--token-file"]);
    let missing = ["status", "--admin", &url, "--token-file", "/none"];
    assert_says(&outcome_of(&missing, &path).await, 2, &["/none"]);
}

#[tokio::test]
async fn a_unix_socket_is_found_by_the_configuration() {
    let config = ConfigDir::new().set("admin.listen", r#""unix:admin.sock""#);
    let edge = Edge::start(config).await;
    let path = edge.config.path();
    assert_says(&outcome("status", &path).await, 0, &["is ready"]);
    let url = format!("unix:{}", edge.config.join("admin.sock").display());
    let asked = outcome_of(&["status", "--admin", &url], &path).await;
    assert_says(&asked, 0, &["is ready"]);
    let gone = "unix:/nowhere/admin.sock";
    let asked = outcome_of(&["status", "--admin", gone], &path).await;
    assert_says(&asked, 2, &[gone, "check that lockgate runs"]);
}

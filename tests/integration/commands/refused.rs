use tokio::net::TcpListener;

use super::assert_says;
use crate::support::{ConfigDir, Stage, outcome, outcome_of};

/// Who names a process means that one; who wants to change something is told how it goes without.
#[tokio::test]
async fn a_process_that_is_named_and_does_not_run_is_told_from_what_goes_without_it() {
    let config = ConfigDir::new();
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = free.local_addr().expect("an address").to_string();
    drop(free);
    for line in [
        "bind a a.test",
        "https on a.test",
        "unbind a.test --yes",
        "domains add a.test --origin demo:",
        "domains remove a.test --yes",
        "certificates update a --remarks x",
        "certificates delete a --yes",
    ] {
        let words: Vec<_> = line.split(' ').chain(["--admin", &address]).collect();
        let outcome = outcome_of(&words, &config.path()).await;
        let words = [&*address, "refused", "without --admin"];
        assert_says(&outcome, 2, &words);
        assert_eq!(outcome.stdout, "", "{line}");
    }
    let list = ["domains", "list", "--admin", &address];
    let list = outcome_of(&list, &config.path()).await;
    assert_says(&list, 2, &[&*address, "check that lockgate runs"]);
    assert!(!list.text().contains("without --admin"), "{list:?}");
    let reload = outcome_of(&["reload", "--admin", &address], &config.path()).await;
    assert_says(&reload, 2, &["nothing to reload", "lockgate check"]);
}

/// A viewer's token reads, and changes nothing.
#[tokio::test]
async fn a_viewer_changes_nothing() {
    let stage = Stage::new().await;
    let config = &stage.edge.config;
    let admin = stage.edge.admin_address().to_string();
    let viewer = config.token_file("viewer").display().to_string();
    let elsewhere = config.outside("nowhere");
    let with = ["--admin", &admin, "--token-file", &viewer];
    let ask = async |words: &[&str]| outcome_of(&[words, &with].concat(), &elsewhere).await;
    assert_says(&ask(&["domains", "list"]).await, 0, &["play.example.test"]);
    assert_says(&ask(&["reload"]).await, 2, &["403"]);
}

#[tokio::test]
async fn shells_are_told_what_there_is_to_complete() {
    let config = ConfigDir::new();
    for (shell, words) in [
        ("bash", ["complete -F _lockgate", "--keep-https"]),
        ("zsh", ["#compdef lockgate", "certificates"]),
        ("fish", ["complete -c lockgate", "unbind"]),
    ] {
        let script = outcome(&format!("completions {shell}"), &config.path()).await;
        assert_says(&script, 0, &words);
        assert_eq!(script.stderr, "");
    }
    assert_says(
        &outcome("completions none", &config.path()).await,
        2,
        &["bash"],
    );
}

#[tokio::test]
async fn help_says_what_each_end_means() {
    let config = ConfigDir::new();
    for line in ["bind", "https", "reload", "domains set", "certificates add"] {
        let help = outcome(&format!("{line} --help"), &config.path()).await;
        assert_says(
            &help,
            0,
            &["--dry-run", "--json", "--admin", "Exits with 0"],
        );
    }
    let help = outcome("certificates --help", &config.path()).await;
    assert_says(
        &help,
        0,
        &["list", "add", "update", "delete", "history", "rollback"],
    );
}

//! Domains, certificates and bindings, listed and changed from the command line.

mod bindings;
mod certificates;
mod domains;
mod offline;
mod refused;

use serde_json::Value;

use crate::support::{ConfigDir, Edge, Outcome, Pair, outcome_of};

/// Runs a command, whose words are divided by spaces, against an edge.
async fn run(edge: &Edge, line: &str) -> Outcome {
    let admin = edge.admin_address().to_string();
    let mut words: Vec<_> = line.split(' ').collect();
    words.extend(["--admin", &admin]);
    outcome_of(&words, &edge.config.path()).await
}

/// Runs a command that ends with this code and says these words.
async fn says(edge: &Edge, line: &str, code: i32, words: &[&str]) -> Outcome {
    let outcome = run(edge, line).await;
    assert_says(&outcome, code, words);
    outcome
}

/// What a command prints with `--json`, and nothing else.
async fn told(edge: &Edge, line: &str, code: i32) -> Value {
    let outcome = run(edge, &format!("{line} --json")).await;
    assert_eq!(outcome.code, Some(code), "{outcome:#?}");
    assert_eq!(outcome.stderr, "", "{outcome:#?}");
    serde_json::from_str(&outcome.stdout).expect("one document of JSON")
}

fn assert_says(outcome: &Outcome, code: i32, words: &[&str]) {
    assert_eq!(outcome.code, Some(code), "{outcome:#?}");
    for word in words {
        assert!(outcome.text().contains(word), "{word:?} in {outcome:#?}");
    }
}

/// Writes a pair beside the configuration; the options that name its files.
fn files(config: &ConfigDir, name: &str, pair: &Pair) -> String {
    let (chain, key) = (format!("{name}.chain"), format!("{name}.key"));
    let (chain, key) = (config.outside(&chain), config.outside(&key));
    config.replace(&chain, pair.fullchain().as_bytes());
    config.replace(&key, pair.key.as_bytes());
    format!("--chain {} --key {}", chain.display(), key.display())
}

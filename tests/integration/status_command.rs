//! `lockgate status`: the running process, asked from the command line.

use std::path::Path;

use serde_json::Value;
use tokio::net::TcpListener;

use crate::support::{
    Ca, ConfigDir, Domain, Edge, Origin, Outcome, PATIENCE, PLAY, Stage, eventually, ok, outcome_of,
};

/// Runs `lockgate status` for a stage, whose admin listener is on a port of the system's choice.
async fn status(edge: &Edge, arguments: &[&str]) -> Outcome {
    let admin = edge.admin_address().to_string();
    let arguments = [&["status", "--admin", &admin], arguments].concat();
    outcome_of(&arguments, &edge.config.path()).await
}

fn assert_says(outcome: &Outcome, code: i32, words: &[&str]) {
    assert_eq!(outcome.code, Some(code), "{outcome:?}");
    for word in words {
        assert!(outcome.text().contains(word), "{word:?} in {outcome:#?}");
    }
}

/// A key mismatch in a certificate of its own.
fn add_problem(config: &ConfigDir, ca: &Ca, _: &Origin) {
    config.install("bad", &ca.issue(&["bad.test"]));
    config.write("certificates/bad/privkey.pem", ca.issue(&["bad.test"]).key);
}

#[tokio::test]
async fn all_is_well() {
    let stage = Stage::new().await;
    let version = env!("CARGO_PKG_VERSION");
    let outcome = status(&stage.edge, &[]).await;
    assert_says(&outcome, 0, &["is ready", version, "1: 1 serving", "play"]);
    assert!(!outcome.text().contains("problem"), "{outcome:?}");
}

#[tokio::test]
async fn problems_come_with_what_to_do() {
    let stage = Stage::arranged(&[], add_problem).await;
    let words = [
        "1 problem",
        "key_mismatch",
        "certificate bad",
        "copy the chain and the key",
    ];
    assert_says(&status(&stage.edge, &[]).await, 1, &words);
    let json = status(&stage.edge, &["--json"]).await;
    assert_eq!(json.code, Some(1), "{json:?}");
    let told: Value = serde_json::from_str(&json.stdout).expect("JSON and nothing else");
    assert_eq!(told["problems"]["first"][0]["reason"], "key_mismatch");
    let unknown = status(&stage.edge, &["certificate", "bad"]).await;
    assert_says(
        &unknown,
        1,
        &["no certificate of this name is in use", "key_mismatch"],
    );
}

#[tokio::test]
async fn a_domain_and_a_certificate_are_shown() {
    let stage = Stage::new().await;
    let target = format!("/domains/{PLAY}");
    eventually(PATIENCE, "its proof", async || {
        stage.edge.status(&target).await["proof"]
            .is_object()
            .then_some(())
    })
    .await;
    let leaf = stage.edge.status(&target).await["wanted"].clone();
    let leaf = leaf.as_str().expect("a fingerprint");
    let origin = stage.origin.url();
    let domain = status(&stage.edge, &["domain", PLAY]).await;
    assert_says(
        &domain,
        0,
        &[PLAY, "serving", "play", leaf, &origin, "1.2 or newer"],
    );
    let certificate = status(&stage.edge, &["certificate", "play"]).await;
    assert_says(
        &certificate,
        0,
        &["ecdsa", leaf, "days left", &format!("1: {PLAY}")],
    );
    stage.edge.config.write(
        "certificates/play/certificate.toml",
        "remarks = 'until May'",
    );
    eventually(PATIENCE, "its remarks", async || {
        let shown = status(&stage.edge, &["certificate", "play"]).await;
        shown.stdout.contains("until May").then_some(())
    })
    .await;
    let json = status(&stage.edge, &["domain", PLAY, "--json"]).await;
    let told: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(told["name"], PLAY);
    let unknown = status(&stage.edge, &["domain", "a/b?c"]).await;
    assert_says(&unknown, 1, &["no domain has this name"]);
}

/// The address comes from lockgate.toml, also when something else there is wrong.
#[tokio::test]
async fn the_address_is_that_of_the_configuration() {
    let stage = Stage::new().await;
    let config = &stage.edge.config;
    let path = config.join("lockgate.toml");
    let text = std::fs::read_to_string(&path).expect("the settings are there");
    let admin = format!("admin.listen = \"{}\"", stage.edge.admin_address());
    let text = text.replace("admin.listen = \"127.0.0.1:0\"", &admin);
    config.write("lockgate.toml", &text);
    let ask = async || outcome_of(&["status"], &config.path()).await;
    assert_says(&ask().await, 0, &["is ready"]);
    for (line, reason) in [("worker = 2", "unknown_key"), ("[listeners", "toml_syntax")] {
        config.write("lockgate.toml", format!("{text}{line}\n"));
        let quarantined = [("reason", reason)];
        stage
            .edge
            .counts("lockgate_quarantined", &quarantined, 1.0)
            .await;
        assert_says(&ask().await, 1, &["lockgate.toml", reason]);
    }
}

async fn assert_not_asked(arguments: &[&str], config: &Path, words: &[&str]) {
    let arguments = [&["status"], arguments].concat();
    let outcome = outcome_of(&arguments, config).await;
    assert_says(&outcome, 2, words);
    assert_eq!(outcome.stdout, "", "{outcome:?}");
}

#[tokio::test]
async fn who_cannot_be_asked_is_told_from_who_has_problems() {
    let config = ConfigDir::new();
    let path = config.path();
    config.domain(&Domain::named(PLAY).origin("demo:"));
    let chosen = ["port of admin.listen", "--admin"];
    assert_not_asked(&[], &path, &chosen).await;
    assert_not_asked(&[], &path.join("nowhere"), &["nowhere", "--config"]).await;
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = free.local_addr().expect("an address").to_string();
    drop(free);
    let words = [&*address, "check that lockgate runs", "admin.listen"];
    assert_not_asked(&["--admin", &address], &path, &words).await;
    config.write("lockgate.toml", "[admin]\nlisten = \"here\"\n");
    assert_not_asked(&[], &path, &["lockgate.toml:2", "here", "--admin"]).await;
}

/// Something else listens there.
#[tokio::test]
async fn a_stranger_is_no_lockgate() {
    let stranger = Origin::start().await;
    let url = stranger.url();
    let address = url.trim_start_matches("http://");
    let config = ConfigDir::new();
    for answer in [
        ok("hello"),
        "HTTP/1.1 500 Oops\r\n\r\n".to_owned(),
        "SSH-2.0\r\n\r\n".to_owned(),
    ] {
        let arguments = ["--admin", address];
        let path = config.path();
        let words = [address, "check that it is lockgate"];
        let answered = async {
            let (_, mut wire) = stranger.request().await;
            wire.send(answer).await;
        };
        tokio::join!(assert_not_asked(&arguments, &path, &words), answered);
    }
}

#[tokio::test]
async fn help_names_what_can_be_asked() {
    let help = outcome_of(&["status", "--help"], Path::new("config")).await;
    assert_says(
        &help,
        0,
        &["domain", "certificate", "--json", "--admin", "Exits with 0"],
    );
}

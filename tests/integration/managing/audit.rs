use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::{Api, pairs};
use crate::rotation::Prober;
use crate::support::{Domain, Edge, PATIENCE, PLAY, Stage, eventually};

/// Waits for the newest entry that has been made in a way; the log is written behind the answer.
async fn newest(edge: &Edge, way: &str, result: &str) -> Value {
    eventually(PATIENCE, way, async || {
        let audit = edge.status("/audit?limit=1").await;
        let entry = audit["items"].get(0)?.clone();
        (entry["by"]["way"] == way && entry["result"] == result).then_some(entry)
    })
    .await
}

/// Whichever way a change comes, the log says who made it, and what of.
#[tokio::test]
async fn every_change_is_in_the_audit_log() {
    let stage = Stage::new().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let start = newest(edge, "start", "published").await;
    assert_eq!(start["domains_added"]["first"], json!([PLAY]));
    let dropped = stage.ca.issue(&[PLAY]);
    edge.config.install("play", &dropped);
    Prober::new(&stage).serves(&dropped).await;
    let entry = newest(edge, "files", "published").await;
    let touched = json!({ "total": 1, "first": [{ "kind": "certificate", "name": "play" }] });
    assert_eq!(entry["touched"], touched);
    let replaced = &entry["certificates"]["first"][0];
    assert_eq!(replaced["name"], "play");
    assert_eq!(replaced["before"], stage.pair.fingerprint());
    assert_eq!(replaced["after"], dropped.fingerprint());
    let next = stage.ca.issue(&[PLAY]);
    let body = json!({ "pairs": pairs(&[&next]) });
    let done = api.make("PUT", "/certificates/play", body).await;
    let entry = newest(edge, "api", "published").await;
    let by = json!({
        "way": "api", "role": "operator", "peer": "127.0.0.1", "operation": "put_certificate",
        "subject": "play",
    });
    assert_eq!(
        (&entry["by"], &entry["generation"]),
        (&by, &done["generation"])
    );
    assert_eq!(
        entry["certificates"]["first"][0]["after"],
        next.fingerprint()
    );
    let bad = json!({ "pairs": pairs(&[&stage.ca.issue(&["other.test"])]) });
    api.fails("PUT", "/certificates/play", bad.clone()).await;
    let entry = newest(edge, "api", "refused").await;
    assert_eq!(
        (&entry["code"], &entry["generation"]),
        (&json!("loses_bound_name"), &Value::Null)
    );
    // A dry run changes nothing, so nothing is noted.
    api.fails("PUT", "/certificates/play?dry_run=true", bad)
        .await;
    edge.config.domain(&Domain::named("bad.test").origin("x"));
    let entry = newest(edge, "files", "noted").await;
    assert_eq!(entry["problems"]["first"][0]["name"], "bad.test");
    let touched = entry["touched"]["first"][0].clone();
    let path = edge.config.join("domains/bad.test.toml");
    assert_eq!(touched, json!({ "kind": "file", "name": path }));
    let all = edge.status("/audit").await;
    let items = all["items"].as_array().expect("a list");
    assert_eq!((items.len(), &all["next"]), (5, &Value::Null));
    let second = edge.status("/audit?limit=2").await;
    let after = second["next"].as_str().expect("there are more");
    let rest = edge
        .status(&format!("/audit?after={after}&filter=START"))
        .await;
    assert_eq!(rest["items"], json!([items[4]]));
}

/// However many files are dropped, a few of them are named.
#[tokio::test]
async fn a_drop_of_many_files_is_told_in_short() {
    let stage = Stage::new().await;
    let edge = &stage.edge;
    let many = edge.config.outside("many");
    for number in 0..50 {
        let domain = Domain::named(&format!("d{number:02}.test")).origin("demo:");
        let path = many.join(format!("d{number:02}.toml"));
        edge.config.replace(&path, domain.to_string().as_bytes());
    }
    let domains = fs::read_dir(edge.config.join("domains")).expect("it is there");
    for old in domains {
        let old = old.expect("an entry").path();
        fs::copy(&old, many.join(old.file_name().expect("a file"))).expect("it is copied");
    }
    // All at once, as a tool would swap them.
    fs::rename(edge.config.join("domains"), edge.config.outside("old")).expect("it is moved");
    fs::rename(&many, edge.config.join("domains")).expect("it takes its place");
    eventually(PATIENCE, "all domains", async || {
        (edge.status("/domains").await["total"] == 51).then_some(())
    })
    .await;
    let entry = newest(edge, "files", "published").await;
    let touched = &entry["touched"];
    let first = touched["first"].as_array().expect("a list");
    // The one that was there before is as it was: whether it counts is a matter of when it was looked
    // at.
    let total = touched["total"].as_u64().expect("a number");
    assert!((50..=51).contains(&total), "{total}");
    assert_eq!(first.len(), 20);
}

/// Nobody else may read it, and it goes on after a restart.
#[tokio::test]
async fn the_audit_log_outlives_the_process() {
    let stage = Stage::new().await;
    newest(&stage.edge, "start", "published").await;
    let config = stage.edge.stop();
    let edge = Edge::start(config).await;
    eventually(PATIENCE, "two starts", async || {
        let audit = edge.status("/audit").await;
        (audit["items"].as_array()?.len() == 2).then_some(())
    })
    .await;
    let token = edge.config.token_file("operator");
    let state = token
        .parent()
        .and_then(|it| it.parent())
        .expect("tokens/ is in it");
    let mode = |path: &str| {
        let metadata = fs::metadata(state.join(path)).expect("it is there");
        metadata.permissions().mode() & 0o7777
    };
    assert_eq!((mode("audit"), mode("audit/changes.jsonl")), (0o700, 0o600));
}

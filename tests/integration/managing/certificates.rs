use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::{Api, files, pairs};
use crate::rotation::Prober;
use crate::support::{PATIENCE, PLAY, Stage, eventually};

const CERTIFICATE: &str = "/certificates/play";

/// A new version under a playing viewer's feet: it is served with the answer, and history has it.
#[tokio::test]
async fn a_certificate_is_updated() {
    let stage = Stage::new().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let (prober, next) = (Prober::new(&stage), stage.ca.issue(&[PLAY]));
    edge.config.write("certificates/play/README", "ours");
    let body = json!({ "pairs": pairs(&[&next]), "remarks": "by the console" });
    let done = api.make("PUT", CERTIFICATE, body).await;
    let certificate = &done["certificate"];
    assert_eq!(certificate["before"], stage.pair.fingerprint());
    assert_eq!(certificate["after"], next.fingerprint());
    assert_eq!(certificate["names"], json!([PLAY]));
    assert_eq!(done["domains"][0]["name"], PLAY);
    assert_eq!(prober.leaf().await, next.fingerprint());
    let expected = ["README", "certificate.toml", "fullchain.pem", "privkey.pem"];
    assert_eq!(files(edge, "certificates/play"), expected);
    assert_eq!(files(edge, "certificates"), ["play"]);
    let key = edge.config.join("certificates/play/privkey.pem");
    let mode = fs::metadata(key).expect("it is there").permissions().mode();
    // Who could read it before but should not have, does not any more.
    assert_eq!(mode & 0o7007, 0);
}

/// What somebody says of a certificate is told, and nothing is served otherwise for it.
#[tokio::test]
async fn a_certificate_is_described() {
    let stage = Stage::new().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let generation = edge.status("/status").await["generation"].clone();
    assert_eq!(edge.status(CERTIFICATE).await["remarks"], "");
    let done = api
        .make("PATCH", CERTIFICATE, json!({ "remarks": "until May" }))
        .await;
    assert_eq!(done["generation"], generation);
    assert_eq!(edge.status(CERTIFICATE).await["remarks"], "until May");
    let listed = edge.status("/certificates").await;
    assert_eq!(listed["items"][0]["remarks"], "until May");
    eventually(PATIENCE, "the audit log", async || {
        let audit = edge.status("/audit?limit=1").await;
        let entry = &audit["items"][0];
        let is_it = entry["by"]["operation"] == "set_certificate" && entry["result"] == "noted";
        (is_it && entry["remarks"]["first"] == json!(["play"])).then_some(())
    })
    .await;
    api.make("PATCH", CERTIFICATE, json!({ "remarks": null }))
        .await;
    assert_eq!(edge.status(CERTIFICATE).await["remarks"], "");
}

/// A new certificate of two pairs for a domain, which then goes to plain HTTP as it is deleted.
#[tokio::test]
async fn a_certificate_is_added_and_deleted() {
    let stage = Stage::new().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let (ecdsa, rsa) = (stage.ca.issue(&[PLAY]), stage.ca.issue_rsa(&[PLAY]));
    let both = json!({ "pairs": pairs(&[&rsa, &ecdsa]) });
    let done = api.make("PUT", "/certificates/both", both).await;
    assert_eq!(done["certificate"]["before"], Value::Null);
    assert_eq!(done["certificate"]["after"], ecdsa.fingerprint());
    let expected = [
        "fullchain.ecdsa.pem",
        "fullchain.rsa.pem",
        "privkey.ecdsa.pem",
        "privkey.rsa.pem",
    ];
    assert_eq!(files(edge, "certificates/both"), expected);
    let target = format!("/domains/{PLAY}");
    api.make(
        "PATCH",
        &target,
        json!({ "certificate": "both", "http": "redirect" }),
    )
    .await;
    assert_eq!(edge.plain(PLAY, "/").await.status(), 302);
    let would = api
        .make("DELETE", "/certificates/both?dry_run=true", Value::Null)
        .await;
    let deleted = api.make("DELETE", "/certificates/both", Value::Null).await;
    for outcome in [&would, &deleted] {
        let change = &outcome["domains"][0];
        assert_eq!(
            (&change["name"], &change["result"]),
            (&json!(PLAY), &json!("unbound"))
        );
        assert_eq!(change["before"]["state"], "serving");
        assert_eq!(change["after"]["state"], "unbound");
        assert_eq!(outcome["certificate"]["after"], Value::Null);
    }
    assert_eq!(files(edge, "certificates"), ["play"]);
    let refused = stage.client().connect(edge.https(), PLAY).await;
    assert!(refused.is_err());
    let status = api
        .ask("GET", "/certificates/both", &[], &Value::Null)
        .await
        .status();
    assert_eq!(status, 404);
}

/// Flat files stay flat: the tool that wrote them finds them again.
#[tokio::test]
async fn files_keep_their_layout() {
    let stage = Stage::new().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let pair = stage.ca.issue(&["flat.test"]);
    edge.config
        .write("certificates/split.crt", pair.fullchain());
    edge.config.write("certificates/split.key", &pair.key);
    edge.config
        .write("certificates/one.pem", pair.fullchain() + &pair.key);
    eventually(PATIENCE, "three certificates", async || {
        (edge.status("").await["certificates"] == 3).then_some(())
    })
    .await;
    for name in ["split", "one"] {
        let next = stage.ca.issue(&["flat.test"]);
        let body = json!({ "pairs": pairs(&[&next]) });
        let done = api
            .make("PUT", &format!("/certificates/{name}"), body)
            .await;
        assert_eq!(done["certificate"]["after"], next.fingerprint());
    }
    assert_eq!(
        files(edge, "certificates"),
        ["one.pem", "play", "split.crt", "split.key"]
    );
    api.make("DELETE", "/certificates/split", Value::Null).await;
    assert_eq!(files(edge, "certificates"), ["one.pem", "play"]);
}

/// What must not be served is refused in words, and never gets a file.
#[tokio::test]
async fn a_bad_certificate_changes_nothing() {
    let stage = Stage::new().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let (other, rest) = (stage.ca.issue(&["other.test"]), stage.ca.issue(&[PLAY]));
    let mixed = json!([{ "chain": rest.fullchain(), "key": other.key }]);
    let broken = json!([{ "chain": "x", "key": rest.key }]);
    let early = stage.ca.issue_early(&[PLAY]);
    let expired = stage.ca.issue_expired(&[PLAY]);
    for (pairs, code) in [
        (mixed, "key_mismatch"),
        (broken, "invalid_pem"),
        (json!([]), "pairs_count"),
        (pairs(&[&rest, &rest]), "pairs_count"),
        (pairs(&[&other]), "loses_bound_name"),
        (pairs(&[&early]), "not_yet_valid"),
        (pairs(&[&expired]), "expired"),
    ] {
        let failed = api
            .fails("PUT", CERTIFICATE, json!({ "pairs": pairs }))
            .await;
        assert_eq!(failed, (422, code.to_owned()));
    }
    let forced = json!({ "pairs": pairs(&[&early]), "force": true });
    let failed = api
        .fails("PUT", "/certificates/.play", forced.clone())
        .await;
    assert_eq!(failed, (400, "invalid_certificate_name".to_owned()));
    let is_new = [("If-None-Match", "*")];
    let failed = api
        .fails_with("PUT", CERTIFICATE, &is_new, forced.clone())
        .await;
    assert_eq!(failed, (412, "other_version".to_owned()));
    assert_eq!(
        files(edge, "certificates/play"),
        ["fullchain.pem", "privkey.pem"]
    );
    assert_eq!(Prober::new(&stage).leaf().await, stage.pair.fingerprint());
    let done = api.make("PUT", CERTIFICATE, forced).await;
    assert_eq!(done["certificate"]["after"], early.fingerprint());
}

/// Nothing that the API says holds a private key.
#[tokio::test]
async fn no_key_comes_back() {
    let stage = Stage::new().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let next = stage.ca.issue(&[PLAY]);
    let body = json!({ "pairs": pairs(&[&next]) });
    let answers = [
        api.ask("PUT", CERTIFICATE, &[], &body).await,
        api.ask("GET", CERTIFICATE, &[], &Value::Null).await,
        api.ask(
            "PUT",
            CERTIFICATE,
            &[],
            &json!({ "pairs": [{ "key": next.key }] }),
        )
        .await,
        api.ask("PUT", CERTIFICATE, &[], &Value::String(next.key.clone()))
            .await,
    ];
    let lines: Vec<_> = next.key.lines().filter(|line| line.len() > 20).collect();
    let lines: Vec<_> = lines
        .into_iter()
        .filter(|line| !line.starts_with("---"))
        .collect();
    for answer in answers {
        assert!(
            lines.iter().all(|line| !answer.text().contains(line)),
            "{}",
            answer.text()
        );
    }
    let log = edge.log().find(&[]);
    let log = log
        .iter()
        .map(|entry| format!("{entry:?}"))
        .collect::<String>();
    assert!(lines.iter().all(|line| !log.contains(line)));
}

/// Whoever takes the last certificate away means it: its directory is not lost.
#[tokio::test]
async fn the_last_certificate_can_be_deleted() {
    let stage = Stage::new().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let deleted = api.make("DELETE", CERTIFICATE, Value::Null).await;
    assert_eq!(deleted["certificate"]["after"], Value::Null);
    assert_eq!(deleted["problems"], json!([]));
    assert_eq!(edge.status("").await["certificates"], 0);
    let removed = api
        .make("DELETE", &format!("/domains/{PLAY}"), Value::Null)
        .await;
    assert_eq!(removed["problems"], json!([]));
    assert_eq!(edge.status("").await["domains"]["total"], 0);
    api.make("POST", "/reload", Value::Null).await;
    edge.counts("lockgate_quarantined", &[], 0.0).await;
}

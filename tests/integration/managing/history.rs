use serde_json::{Value, json};

use super::{Api, pairs};
use crate::rotation::Prober;
use crate::support::{PATIENCE, PLAY, Stage, eventually};

const HISTORY: &str = "/certificates/play/history";
const ROLLBACK: &str = "/certificates/play/rollback";

/// The history of the certificate, once it has so many versions.
async fn versions(api: &Api<'_>, count: usize) -> Vec<Value> {
    let history = eventually(PATIENCE, "the versions in history", async || {
        let history = api.make("GET", HISTORY, Value::Null).await;
        let versions = history["versions"].as_array().expect("a list").clone();
        (versions.len() == count).then_some(versions)
    });
    history.await
}

/// Back to the version before, and to the files again: each is served with the answer.
#[tokio::test]
async fn a_certificate_is_rolled_back_and_released() {
    let stage = Stage::new().await;
    let api = Api(&stage.edge);
    versions(&api, 1).await;
    let (prober, next) = (Prober::new(&stage), stage.ca.issue(&[PLAY]));
    let (old, new) = (stage.pair.fingerprint(), next.fingerprint());
    let body = json!({ "pairs": pairs(&[&next]) });
    api.make("PUT", "/certificates/play", body).await;
    let kept = versions(&api, 2).await;
    assert_eq!(kept[0]["fingerprint"], new);
    assert_eq!(kept[0]["names"], json!([PLAY]));
    assert_eq!(
        (&kept[0]["in_use"], &kept[1]["in_use"]),
        (&json!(true), &json!(false))
    );

    let dry = format!("{ROLLBACK}?dry_run=true");
    let would = api.make("POST", &dry, json!({})).await;
    assert_eq!(would["certificate"]["after"], old);
    assert_eq!(prober.leaf().await, new);
    let done = api.make("POST", ROLLBACK, json!({})).await;
    assert_eq!(prober.leaf().await, old);
    let certificate = &done["certificate"];
    assert_eq!(
        (&certificate["before"], &certificate["after"]),
        (&json!(new), &json!(old))
    );
    assert_eq!(done["domains"][0]["name"], PLAY);
    assert_eq!(done["problems"][0]["reason"], "rolled_back");
    let kept = versions(&api, 2).await;
    assert_eq!(kept[1]["rolled_back_to"], true);
    assert_eq!(kept[1]["in_use"], true);

    // Once more changes nothing.
    let named = json!({ "version": kept[1]["version"] });
    let again = api.make("POST", ROLLBACK, named).await;
    assert_eq!(again["generation"], done["generation"]);
    let released = api.make("DELETE", ROLLBACK, Value::Null).await;
    assert_eq!(released["certificate"]["after"], new);
    assert_eq!(prober.leaf().await, new);
    let again = api.make("DELETE", ROLLBACK, Value::Null).await;
    assert_eq!(again["generation"], released["generation"]);
}

/// What cannot be done is said in words.
#[tokio::test]
async fn a_rollback_to_nothing_is_refused() {
    let stage = Stage::new().await;
    let api = Api(&stage.edge);
    versions(&api, 1).await;
    let named = |version: &str| json!({ "version": version });
    for (target, body, status, code) in [
        (ROLLBACK, json!({}), 409, "no_version"),
        (
            ROLLBACK,
            named("20261124T101502.123Z-1a2b3c4d5e6f"),
            409,
            "no_version",
        ),
        (ROLLBACK, named("yesterday"), 400, "invalid_version"),
        (
            "/certificates/other/rollback",
            json!({}),
            404,
            "unknown_certificate",
        ),
    ] {
        let failed = api.fails("POST", target, body).await;
        assert_eq!(failed, (status, code.to_owned()));
    }
    let unknown = (404, "unknown_certificate".to_owned());
    let target = "/certificates/other/history";
    assert_eq!(api.fails("GET", target, Value::Null).await, unknown);

    let stage = Stage::with(&[("state.history", "0")]).await;
    let api = Api(&stage.edge);
    for (method, target) in [("GET", HISTORY), ("POST", ROLLBACK), ("DELETE", ROLLBACK)] {
        let failed = api.fails(method, target, json!({})).await;
        assert_eq!(failed, (409, "history_off".to_owned()), "{method}");
    }
}

/// A version whose record is torn is listed with the reason, and not served.
#[tokio::test]
async fn a_torn_version_is_not_gone_back_to() {
    let stage = Stage::new().await;
    let api = Api(&stage.edge);
    let kept = versions(&api, 1).await;
    let version = kept[0]["version"].as_str().expect("a word");
    let record = stage.edge.config.path().join("../state/history/play");
    let record = record.join(format!("{version}.pem"));
    std::fs::write(record, "torn").expect("it is written over");
    let history = api.make("GET", HISTORY, Value::Null).await;
    assert_eq!(history["versions"][0]["reason"]["code"], "record_torn");
    let failed = api
        .fails("POST", ROLLBACK, json!({ "version": version }))
        .await;
    assert_eq!(failed, (422, "version_unusable".to_owned()));
}

/// What a pasted text is, before it is put anywhere.
#[tokio::test]
async fn a_certificate_is_inspected_and_not_kept() {
    let stage = Stage::new().await;
    let api = Api(&stage.edge);
    let (ecdsa, rsa) = (stage.ca.issue(&[PLAY]), stage.ca.issue_rsa(&[PLAY]));
    let inspect = "/certificates/inspect";
    let generation = api.generation().await;
    let told = api
        .make("POST", inspect, json!({ "pairs": pairs(&[&rsa, &ecdsa]) }))
        .await;
    assert_eq!(told["pairs"][0]["key"], "ecdsa");
    assert_eq!(told["pairs"][1]["fingerprint"], rsa.fingerprint());
    assert_eq!(told["names"], json!([PLAY]));
    assert_eq!(told["notes"], json!([]));
    let early = stage.ca.issue_early(&[PLAY]);
    let told = api
        .make("POST", inspect, json!({ "pairs": pairs(&[&early]) }))
        .await;
    assert_eq!(told["notes"][0]["code"], "not_yet_valid");
    let mixed = json!([{ "chain": rsa.fullchain(), "key": ecdsa.key }]);
    let failed = api.fails("POST", inspect, json!({ "pairs": mixed })).await;
    assert_eq!(failed, (422, "key_mismatch".to_owned()));
    assert_eq!(api.generation().await, generation);
    // A certificate may have this name all the same.
    let body = json!({ "pairs": pairs(&[&ecdsa]) });
    api.make("PUT", inspect, body).await;
    let named = api.make("GET", inspect, Value::Null).await;
    assert_eq!(named["name"], "inspect");
}

//! The status: what is in place, what is wrong, and what is served, as an operator's tools read it.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::{
    Ca, ConfigDir, Domain, Edge, Kind, Origin, PATIENCE, PLAY, Pair, Stage, Stream, eventually,
};

/// A domain in each state, beside the one that is served.
fn in_each_state(config: &ConfigDir, ca: &Ca, origin: &Origin) {
    let domain = |name| Domain::named(name).origin(origin.url());
    config.install("live", &ca.issue_for_years(&["*.live.test"], 2020, 2099));
    config.domain(&domain("*.live.test").certificate("live").redirecting());
    let off = domain("off.test").certificate("play").https(false);
    config.domain(&off.with("allow_mismatch", "true"));
    config.domain(&domain("unbound.test"));
    config.domain(&domain("unusable.test").certificate("missing"));
}

/// Waits until a part of the status is what it should be.
async fn becomes(edge: &Edge, target: &str, pointer: &str, expected: &Value) {
    let what = format!("{target}{pointer} to be {expected}");
    eventually(PATIENCE, &what, async || {
        let status = edge.status(target).await;
        (status.pointer(pointer) == Some(expected)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_overview_says_what_is_in_place() {
    let stage = Stage::arranged(&[], in_each_state).await;
    let edge = &stage.edge;
    let status = edge.status("").await;
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (&status["ready"], &status["generation"]),
        (&json!(true), &json!(1))
    );
    let states =
        json!({ "total": 5, "serving": 2, "off": 1, "unbound": 1, "expired": 0, "unusable": 1 });
    assert_eq!(status["domains"], states);
    assert_eq!(status["certificates"], 2);
    assert_eq!(status["tickets"]["keys"], 1);
    let change = &status["last_change"];
    assert_eq!(
        (&change["domains_added"], &change["problems"]),
        (&json!(5), &json!(1))
    );
    assert!(
        change["scan_ms"].as_f64().is_some_and(|scan| scan > 0.0),
        "{change}"
    );
    for time in ["started", "since"] {
        let time = status[time].as_str().expect("a time");
        assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
    }
    becomes(edge, "", "/watched", &json!(true)).await;
    edge.config.remove("domains/unbound.test.toml");
    edge.config
        .domain(&Domain::named("new.test").origin("demo:"));
    becomes(edge, "", "/generation", &json!(2)).await;
    let change = edge.status("").await["last_change"].clone();
    assert_eq!(change["domains_added"], 1, "{change}");
}

#[tokio::test]
async fn the_nearest_end_comes_first() {
    let stage = Stage::arranged(&[], in_each_state).await;
    let days_left = || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.expect("the clock is right").as_secs();
        (END_OF_2098 - now) / 86_400
    };
    let before = days_left();
    let ends = stage.edge.status("").await["nearest_ends"].clone();
    let end = &ends[0];
    assert_eq!(
        (&end["certificate"], &end["not_after"]),
        (&json!("live"), &json!("2099-01-01T00:00:00Z"))
    );
    let days = end["days_left"].as_u64().expect("it is valid");
    assert!((days_left()..=before).contains(&days), "{days} of {before}");
    assert_eq!(ends[1]["certificate"], "play");
    let pair = stage.edge.status("/certificates/live").await["pairs"][0].clone();
    assert_eq!(
        (&pair["days_left"], &pair["chain_length"]),
        (&end["days_left"], &json!(2))
    );
}

/// 2099-01-01, in seconds since 1970.
const END_OF_2098: u64 = 4_070_908_800;

/// What is wanted follows the files, and what is served follows that.
#[tokio::test]
async fn a_rotation_is_seen_by_its_fingerprints() {
    let stage = Stage::new().await;
    let target = format!("/domains/{PLAY}");
    let rotate = async |pair: Option<&Pair>| {
        if let Some(pair) = pair {
            stage.edge.config.install("play", pair);
            let leaf = pair.fingerprint().into();
            becomes(&stage.edge, &target, "/wanted", &leaf).await;
            becomes(&stage.edge, &target, "/proof/served", &leaf).await;
        }
        becomes(&stage.edge, &target, "/proof/result", &json!("ok")).await;
        stage.edge.status(&target).await
    };
    let first = rotate(None).await;
    let new = stage.ca.issue(&[PLAY]);
    let second = rotate(Some(&new)).await;
    assert_ne!(first["wanted"], second["wanted"]);
    assert_eq!(second["proof"]["wanted"], second["wanted"]);
    let certificate = stage.edge.status("/certificates/play").await;
    assert_eq!(certificate["pairs"][0]["fingerprint"], new.fingerprint());
    assert_eq!(
        certificate["domains"],
        json!({ "total": 1, "first": [PLAY] })
    );
    let change = stage.edge.status("").await["last_change"].clone();
    assert_eq!(change["certificates_adopted"], 1, "{change}");
}

#[tokio::test]
async fn a_refusal_is_wanted_and_served_where_https_is_off() {
    let stage = Stage::arranged(&[], in_each_state).await;
    for (name, state) in [("off.test", "off"), ("unusable.test", "unusable")] {
        let target = format!("/domains/{name}");
        becomes(&stage.edge, &target, "/proof/served", &json!("refused")).await;
        let domain = stage.edge.status(&target).await;
        assert_eq!(
            (&domain["state"], &domain["wanted"]),
            (&json!(state), &json!("refused"))
        );
    }
}

#[tokio::test]
async fn viewers_of_a_domain_are_counted() {
    let stage = Stage::new().await;
    let mut stream = Stream::start(&stage, Kind::ALL[0]).await;
    stream.passes(b"hello").await;
    let target = format!("/domains/{PLAY}");
    becomes(&stage.edge, &target, "/viewers", &json!(1)).await;
    drop(stream);
    becomes(&stage.edge, &target, "/viewers", &json!(0)).await;
}

#[tokio::test]
async fn lists_come_in_parts() {
    let stage = Stage::arranged(&[], in_each_state).await;
    let mut names: Vec<String> = Vec::new();
    let mut after = String::new();
    for _ in 0..5 {
        let part = stage
            .edge
            .status(&format!("/domains?limit=2&after={after}"))
            .await;
        let items = part["items"].as_array().expect("a list").iter();
        names.extend(items.map(|it| it["name"].as_str().expect("a name").to_owned()));
        match part["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    let expected = [
        "*.live.test",
        "off.test",
        PLAY,
        "unbound.test",
        "unusable.test",
    ];
    assert_eq!(names, expected);
    let filtered = stage.edge.status("/certificates?filter=LIVE").await;
    assert_eq!(
        (&filtered["total"], &filtered["items"][0]["name"]),
        (&json!(1), &json!("live"))
    );
}

#[tokio::test]
async fn what_cannot_be_answered_is_said_as_json() {
    let stage = Stage::new().await;
    for (target, status, code) in [
        ("/api/v1/status/", 404, "no_such_path"),
        ("/status", 404, "no_such_path"),
        ("/statuses", 404, "no_such_path"),
        ("/api/v1/domains/unknown.test", 404, "unknown_domain"),
        ("/api/v1/certificates/unknown", 404, "unknown_certificate"),
        ("/api/v1/domains?limit=1001", 400, "invalid_limit"),
        ("/api/v1/domains?after=a%20b", 400, "invalid_after"),
        ("/api/v1/certificates?offset=1", 400, "unknown_parameter"),
    ] {
        let response = stage.edge.admin(target).await;
        assert_eq!(response.status(), status, "{target}");
        assert_eq!(
            response.head.one("content-type"),
            Some("application/problem+json")
        );
        let failure: Value = serde_json::from_slice(&response.body).expect("JSON");
        assert_eq!(failure["code"], code, "{target}");
        assert_ne!(failure["hint"], "", "{target}");
    }
}

/// A certificate that was never usable is in no list, but who asks for it is told why.
#[tokio::test]
async fn what_was_never_usable_says_why() {
    let stage = Stage::arranged(&[], |config, ca, _| {
        config.install("bad", &ca.issue(&["bad.test"]));
        config.write("certificates/bad/privkey.pem", ca.issue(&["bad.test"]).key);
    })
    .await;
    let response = stage.edge.admin("/api/v1/certificates/bad").await;
    assert_eq!(response.status(), 404);
    let failure: Value = serde_json::from_slice(&response.body).expect("JSON");
    assert_eq!(failure["problems"][0]["reason"], "key_mismatch");
}

#[tokio::test]
async fn nothing_secret_is_told() {
    let webhook = [("alerts.webhook", "\"http://127.0.0.1:1/hook?token=SECRET\"")];
    let stage = Stage::with(&webhook).await;
    let key = std::fs::read_to_string(stage.edge.config.join("certificates/play/privkey.pem"));
    let key = key.expect("the key is there");
    let secret = key.lines().nth(1).expect("a line of the key");
    for target in [
        "/api/v1/status",
        "/api/v1/domains",
        "/api/v1/certificates",
        "/metrics",
    ] {
        let text = stage.edge.admin(target).await.text();
        for secret in ["SECRET", "PRIVATE KEY", secret] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

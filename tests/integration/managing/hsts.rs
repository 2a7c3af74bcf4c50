//! HTTPS that browsers hold to does not end by a change, unless it is asked for by force.

use serde_json::{Value, json};

use super::Api;
use crate::support::{Domain, Kind, PATIENCE, PLAY, Stage, Stream, UNRECOGNIZED, eventually};

/// A stage whose domain has told somebody.
async fn told() -> Stage {
    let stage = Stage::arranged(&[], |config, ca, origin| {
        let hsts = r#"{ max_age = "30d", include_subdomains = true }"#;
        let play = Domain::named(PLAY).origin(origin.url()).certificate("play");
        config.domain(&play.with("hsts", hsts));
        let below = format!("sub.{PLAY}");
        config.install("below", &ca.issue(&[&below]));
        config.domain(
            &Domain::named(&below)
                .origin(origin.url())
                .certificate("below"),
        );
        config.domain(&Domain::named("other.test").origin(origin.url()));
    })
    .await;
    let _told = Stream::start(&stage, Kind::Http1).await;
    stage
}

fn file(stage: &Stage) -> String {
    let path = stage.edge.config.join(&format!("domains/{PLAY}.toml"));
    std::fs::read_to_string(path).expect("it is there")
}

#[tokio::test]
async fn a_batch_refuses_what_browsers_hold_to() {
    let stage = told().await;
    let api = Api(&stage.edge);
    for body in [
        json!({ "domains": [PLAY, "other.test"], "https": "off" }),
        json!({ "domains": [PLAY, "other.test"], "certificate": null }),
        // Told by the domain above it.
        json!({ "domains": [format!("sub.{PLAY}")], "https": "off" }),
    ] {
        let outcome = api.make("POST", "/bindings", body).await;
        let domains = outcome["domains"].as_array().expect("a list");
        let held = domains.iter().find(|it| it["name"] != "other.test");
        let held = held.expect("it is listed");
        assert_eq!(
            (&held["result"], &held["reason"]["code"]),
            (&"refused".into(), &"hsts_runs".into())
        );
        assert_eq!(held["after"]["state"], "serving");
    }
    assert!(!file(&stage).contains("https"));
    let body = json!({ "domains": [PLAY], "https": "off", "force_https_off": true });
    let would = api
        .make("POST", "/bindings?dry_run=true", body.clone())
        .await;
    let done = api.make("POST", "/bindings", body).await;
    for outcome in [would, done] {
        assert_eq!(outcome["domains"][0]["after"]["state"], "off");
        assert_eq!(outcome["problems"], json!([]));
    }
    assert!(file(&stage).contains("force_https_off = true\n"));
    // Force is for one time.
    api.make(
        "POST",
        "/bindings",
        json!({ "domains": [PLAY], "https": "on" }),
    )
    .await;
    assert!(!file(&stage).contains("force_https_off"));
}

#[tokio::test]
async fn a_domain_and_a_certificate_are_held_as_well() {
    let stage = told().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let target = format!("/domains/{PLAY}");
    let view = edge.status(&target).await;
    assert_eq!(
        view["hsts"],
        json!({ "max_age": 2_592_000, "include_subdomains": true })
    );
    assert!(view["hsts_until"].is_string());
    let conflict = (409, "hsts_runs".to_owned());
    for body in [json!({ "https": false }), json!({ "certificate": null })] {
        let failure = api.fails("PATCH", &target, body).await;
        assert_eq!(failure, conflict);
    }
    // What browsers were told outlasts the setting.
    api.make("PATCH", &target, json!({ "hsts": null, "remarks": "x" }))
        .await;
    let certificate = "/certificates/play";
    let failure = api.fails("DELETE", certificate, Value::Null).await;
    assert_eq!(failure, conflict);
    let dry = format!("{certificate}?dry_run=true");
    assert_eq!(api.fails("DELETE", &dry, Value::Null).await, conflict);
    let forced = format!("{certificate}?force_https_off=true");
    let gone = api.make("DELETE", &forced, Value::Null).await;
    assert_eq!(gone["domains"][0]["after"]["state"], "unbound");
    eventually(PATIENCE, "plain HTTP", async || {
        let tls = stage.client().connect(edge.https(), PLAY).await;
        (tls.map(drop) == Err(UNRECOGNIZED)).then_some(())
    })
    .await;
    // Removed and defined again, it is what it was.
    api.make("DELETE", &target, Value::Null).await;
    let body = json!({ "name": PLAY, "origins": ["demo:"], "https": false });
    let failure = api.fails("POST", "/domains", body.clone()).await;
    assert_eq!(failure, conflict);
    let mut body = body;
    body["force_https_off"] = true.into();
    api.make("POST", "/domains", body).await;
}

/// What the files say stays to be said, whatever else is changed.
#[tokio::test]
async fn a_domain_that_is_held_can_be_changed() {
    let stage = told().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let target = format!("/domains/{PLAY}");
    let off = Domain::named(PLAY).origin("demo:").certificate("play");
    edge.config.domain(&off.https(false));
    eventually(PATIENCE, "a refusal", async || {
        let view = edge.status(&target).await;
        (view["problems"][0]["reason"] == "hsts_runs").then_some(())
    })
    .await;
    for dry in ["?dry_run=true", ""] {
        let body = json!({ "remarks": "x" });
        let outcome = api.make("PATCH", &format!("{target}{dry}"), body).await;
        assert_eq!(outcome["domains"][0]["after"]["state"], "serving");
    }
    let body = json!({ "domains": [PLAY], "https": "off" });
    let outcome = api.make("POST", "/bindings", body).await;
    assert_eq!(outcome["domains"][0]["reason"]["code"], "hsts_runs");
    let outcome = api
        .make("PATCH", &target, json!({ "force_https_off": true }))
        .await;
    assert_eq!(outcome["domains"][0]["after"]["state"], "off");
}

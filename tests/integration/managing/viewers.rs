//! No viewer of a domain notices what is done to others, or to its own certificate.

use serde_json::{Value, json};

use super::{Api, pairs};
use crate::support::{Domain, Kind, PATIENCE, PLAY, Pair, Stage, Stream, eventually};

/// One viewer of each kind.
struct Audience<'s> {
    api: Api<'s>,
    streams: Vec<Stream>,
}

impl<'s> Audience<'s> {
    async fn of(stage: &'s Stage) -> Self {
        let mut streams = Vec::new();
        for kind in Kind::ALL {
            streams.push(Stream::start(stage, kind).await);
        }
        let api = Api(&stage.edge);
        Self { api, streams }
    }

    /// Makes a change, and looks that everybody goes on.
    async fn watches(&mut self, method: &str, target: &str, body: Value) -> Value {
        let outcome = self.api.make(method, target, body).await;
        for stream in &mut self.streams {
            stream.passes(format!("{method} {target}").as_bytes()).await;
        }
        outcome
    }

    /// The same with what needs two versions in history first.
    async fn watches_rollback(&mut self, certificate: &str) {
        let history = format!("/certificates/{certificate}/history");
        eventually(PATIENCE, "two versions in history", async || {
            let history = self.api.make("GET", &history, Value::Null).await;
            let versions = history["versions"].as_array().expect("a list");
            (versions.len() == 2).then_some(())
        })
        .await;
        let rollback = format!("/certificates/{certificate}/rollback");
        let back = self.watches("POST", &rollback, json!({})).await;
        let again = self.watches("DELETE", &rollback, Value::Null).await;
        assert_eq!(back["certificate"]["after"], again["certificate"]["before"]);
        assert_ne!(back["certificate"]["after"], again["certificate"]["after"]);
    }
}

fn upload(pair: &Pair) -> Value {
    json!({ "pairs": pairs(&[pair]) })
}

#[tokio::test]
async fn viewers_play_through_all_that_is_done_to_others() {
    let stage = Stage::arranged(&[], |config, _, origin| {
        config.domain(&Domain::named("b.test").origin(origin.url()));
    })
    .await;
    let mut audience = Audience::of(&stage).await;
    let all = ["b.test", "c.test"];
    let [first, second] = [0, 1].map(|_| stage.ca.issue(&all));
    let body = json!({ "name": "c.test", "origins": ["demo:"] });
    audience.watches("POST", "/domains", body).await;
    let mut configured = upload(&first);
    configured["certificate"] = "b".into();
    configured["domains"] = json!(all);
    audience.watches("POST", "/bindings", configured).await;
    audience
        .watches("PUT", "/certificates/b", upload(&second))
        .await;
    let remarks = json!({ "remarks": "x" });
    audience
        .watches("PATCH", "/certificates/b", remarks.clone())
        .await;
    audience.watches("PATCH", "/domains/b.test", remarks).await;
    audience.watches_rollback("b").await;
    for body in [
        json!({ "domains": all, "https": "off" }),
        json!({ "domains": all, "https": "on" }),
        json!({ "domains": ["c.test"], "certificate": null }),
    ] {
        audience.watches("POST", "/bindings", body).await;
    }
    let gone = audience
        .watches("DELETE", "/certificates/b", Value::Null)
        .await;
    assert_eq!(gone["domains"][0]["after"]["state"], "unbound");
    audience
        .watches("DELETE", "/domains/c.test", Value::Null)
        .await;
    audience.watches("POST", "/reload", Value::Null).await;
}

#[tokio::test]
async fn viewers_play_through_all_that_is_done_to_their_certificate() {
    let stage = Stage::new().await;
    let mut audience = Audience::of(&stage).await;
    let domain = format!("/domains/{PLAY}");
    let next = stage.ca.issue(&[PLAY]);
    audience
        .watches("PUT", "/certificates/play", upload(&next))
        .await;
    let remarks = json!({ "remarks": "x" });
    audience
        .watches("PATCH", "/certificates/play", remarks)
        .await;
    audience.watches_rollback("play").await;
    // Another certificate altogether, and the first one removed that they were served with.
    let mut configured = upload(&stage.ca.issue(&[PLAY]));
    configured["certificate"] = "other".into();
    configured["domains"] = json!([PLAY]);
    audience.watches("POST", "/bindings", configured).await;
    audience
        .watches("DELETE", "/certificates/play", Value::Null)
        .await;
    let keys = json!({
        "certificate": "auto", "http": "redirect", "remarks": "x", "hsts": { "max_age": "1s" },
    });
    audience.watches("PATCH", &domain, keys).await;
    // What would cut them is only told.
    for (method, target, body) in [
        ("PATCH", &*domain, json!({ "https": false })),
        ("DELETE", &*domain, Value::Null),
    ] {
        let target = format!("{target}?dry_run=true");
        let would = audience.watches(method, &target, body).await;
        assert_eq!(would["domains"][0]["leaving"], Kind::ALL.len());
    }
}

//! Events that are posted to the operator's webhook.

use std::fs;

use serde_json::Value;

use crate::support::{Ca, ConfigDir, Domain, Edge, Head, Origin, PLAY, ok};

/// A webhook that the test plays, and an edge whose certificate has expired.
struct Stage {
    ca: Ca,
    webhook: Origin,
    edge: Edge,
}

impl Stage {
    async fn new(webhook: Origin, ca: Ca, config: ConfigDir) -> Self {
        let url = format!("\"{}/hook?token=t0ken\"", webhook.url());
        let config = config.set("alerts.webhook", &url);
        config.install("play", &ca.issue_expired(&[PLAY]));
        config.domain(&Domain::named(PLAY).origin("demo:").certificate("play"));
        Self {
            edge: Edge::start(config).await,
            ca,
            webhook,
        }
    }

    async fn plain() -> Self {
        Self::new(Origin::start().await, Ca::new(), ConfigDir::new()).await
    }

    /// Takes the next event and answers it.
    async fn event(&self, answer: &str) -> (Head, Value) {
        let (head, mut wire) = self.webhook.request().await;
        let body = wire.body().await.expect("the event is whole");
        wire.send(answer).await;
        let event = serde_json::from_slice(&body).expect("the event is JSON");
        (head, event)
    }

    async fn counts(&self, result: &str) {
        let labels = [("result", result)];
        let name = "lockgate_webhook_events_total";
        self.edge.counts(name, &labels, 1.0).await;
    }

    /// The token of the URL is nobody's business.
    fn assert_discreet(&self) {
        for line in self.edge.log().find(&[]) {
            assert!(!line.text().contains("t0ken"), "{}", line.text());
        }
    }
}

fn assert_tells_of_the_expiry(event: &Value) {
    assert_eq!(event["event"], "certificate_expired", "{event}");
    assert_eq!(event["certificate"], "play");
    assert_eq!(event["not_after"], "2021-01-01T00:00:00Z");
    assert_eq!(event["domains"], serde_json::json!([PLAY]));
    assert_eq!(event["domain_count"], 1);
    assert!(event["days_left"].as_i64() < Some(0), "{event}");
    let fingerprint = event["fingerprint"].as_str();
    assert_eq!(fingerprint.map(str::len), Some(64));
}

#[tokio::test]
async fn an_expired_certificate_is_told() {
    let stage = Stage::plain().await;
    let (head, event) = stage.event(&ok("")).await;
    assert_eq!(
        (head.method(), head.target()),
        ("POST", "/hook?token=t0ken")
    );
    assert_eq!(head.one("content-type"), Some("application/json"));
    assert_tells_of_the_expiry(&event);
    stage.counts("delivered").await;
    stage.assert_discreet();
}

#[tokio::test]
async fn a_webhook_that_fails_is_asked_again() {
    let stage = Stage::plain().await;
    let (_, first) = stage
        .event("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        .await;
    let (_, second) = stage.event(&ok("")).await;
    assert_eq!(first, second);
    stage.counts("delivered").await;
    let lines = [("level", "WARN"), ("event", "certificate_expired")];
    assert_eq!(
        stage.edge.log().wait(&lines).await.field("reason"),
        "status"
    );
    stage.assert_discreet();
}

#[tokio::test]
async fn a_webhook_that_refuses_is_not_asked_again() {
    let stage = Stage::plain().await;
    stage
        .event("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        .await;
    stage.counts("refused").await;
    stage.assert_discreet();
}

/// It is verified like an origin, with the roots of `origins.ca`.
#[tokio::test]
async fn a_webhook_behind_tls_is_verified() {
    let ca = Ca::new();
    let webhook = Origin::start_tls(&ca.issue(&["127.0.0.1"])).await;
    let config = ConfigDir::new().set("origins.ca", r#""ca.pem""#);
    config.write("ca.pem", ca.pem());
    let stage = Stage::new(webhook, ca, config).await;
    let (_, event) = stage.event(&ok("")).await;
    assert_tells_of_the_expiry(&event);

    let webhook = Origin::start_tls(&stage.ca.issue(&["127.0.0.1"])).await;
    let stranger = Stage::new(webhook, Ca::new(), ConfigDir::new()).await;
    stranger
        .webhook
        .try_accept()
        .await
        .map(drop)
        .expect_err("the issuer is unknown");
    let lines = [("level", "WARN"), ("event", "certificate_expired")];
    let line = stranger.edge.log().wait(&lines).await;
    assert_eq!(line.field("reason"), "connect");
}

#[tokio::test]
async fn a_webhook_may_be_set_while_the_edge_runs() {
    let (ca, config, webhook) = (Ca::new(), ConfigDir::new(), Origin::start().await);
    config.install("play", &ca.issue_expired(&[PLAY]));
    config.domain(&Domain::named(PLAY).origin("demo:").certificate("play"));
    let edge = Edge::start(config).await;
    let settings = fs::read_to_string(edge.config.join("lockgate.toml")).expect("it is there");
    let webhook_line = format!("alerts.webhook = \"{}/\"", webhook.url());
    edge.config
        .write("lockgate.toml", format!("{settings}{webhook_line}\n"));
    let stage = Stage { ca, webhook, edge };
    let (_, event) = stage.event(&ok("")).await;
    assert_tells_of_the_expiry(&event);
}

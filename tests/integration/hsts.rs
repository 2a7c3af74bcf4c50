//! HSTS: what browsers are told, and that HTTPS does not end under those who hold to it.

use serde_json::Value;

use crate::support::{
    Ca, ConfigDir, Domain, Edge, PATIENCE, Responder, SECOND, TlsClient, UNRECOGNIZED, eventually,
    throughout,
};

const NAME: &str = "play.test";

/// One domain that tells browsers something.
struct Told {
    ca: Ca,
    origin: Responder,
    edge: Edge,
}

impl Told {
    /// With this for its `hsts`.
    async fn start(hsts: &str) -> Self {
        let (ca, origin) = (Ca::new(), Responder::start("hello").await);
        let config = ConfigDir::new();
        config.install("play", &ca.issue(&[NAME]));
        config.domain(&domain(&origin).with("hsts", hsts));
        let edge = Edge::start(config).await;
        Self { ca, origin, edge }
    }

    fn domain(&self) -> Domain {
        domain(&self.origin)
    }

    /// What a viewer over TLS is told.
    async fn ask(&self) -> Option<String> {
        let client = TlsClient::trusting(&self.ca);
        let tls = client.connect(self.edge.https(), NAME).await;
        let response = tls.expect("HTTPS is on").http1().get(NAME, "/").await;
        let told = response.head.all("strict-transport-security");
        assert!(told.len() <= 1, "{told:?}");
        told.first().map(ToString::to_string)
    }

    async fn is_on(&self) -> bool {
        let client = TlsClient::trusting(&self.ca);
        let tls = client.connect(self.edge.https(), NAME).await.map(drop);
        assert!(tls == Ok(()) || tls == Err(UNRECOGNIZED), "{tls:?}");
        tls == Ok(())
    }

    async fn goes_off(&self) {
        eventually(PATIENCE, "HTTPS to go off", async || {
            (!self.is_on().await).then_some(())
        })
        .await;
    }

    async fn status(&self) -> Value {
        self.edge.status(&format!("/domains/{NAME}")).await
    }

    /// Waits until the domain is held, and looks that it stays served.
    async fn is_held(&self) {
        eventually(PATIENCE, "a refusal", async || {
            let status = self.status().await;
            (status["problems"][0]["reason"] == "hsts_runs").then_some(())
        })
        .await;
        throughout(SECOND, "HTTPS", async || self.is_on().await).await;
        let status = self.status().await;
        assert_eq!(status["state"], "serving");
        assert!(status["hsts_until"].is_string());
    }

    /// Ends the process in its own way.
    async fn terminate(mut self) -> (ConfigDir, Ca, Responder) {
        self.edge.program.signal("TERM");
        assert!(self.edge.program.exit().await.success());
        (self.edge.stop(), self.ca, self.origin)
    }

    fn kill(self) -> (ConfigDir, Ca, Responder) {
        (self.edge.stop(), self.ca, self.origin)
    }

    async fn again((config, ca, origin): (ConfigDir, Ca, Responder)) -> Self {
        let edge = Edge::start(config).await;
        Self { ca, origin, edge }
    }
}

fn domain(origin: &Responder) -> Domain {
    Domain::named(NAME).origin(origin.url()).certificate("play")
}

const MONTH: &str = r#"{ max_age = "30d" }"#;

#[tokio::test]
async fn browsers_are_told_over_tls_alone() {
    let told = Told::start(r#"{ max_age = "30d", include_subdomains = true }"#).await;
    let value = Some("max-age=2592000; includeSubDomains");
    assert_eq!(told.ask().await.as_deref(), value);
    let client = TlsClient::trusting(&told.ca).offering(&["h2"]);
    let tls = client.connect(told.edge.https(), NAME).await;
    let mut http2 = tls.expect("HTTPS is on").http2().await;
    let response = http2.get(NAME, "/").await;
    assert_eq!(
        response.headers().get("strict-transport-security"),
        value.map(|it| it.parse().unwrap()).as_ref()
    );
    // Whoever is misdirected asked for another domain, of which nothing was said.
    let other = http2.get("other.test", "/").await;
    assert_eq!(other.status(), 421);
    assert!(!other.headers().contains_key("strict-transport-security"));
    let plain = told.edge.plain(NAME, "/").await;
    assert_eq!(plain.head.one("strict-transport-security"), None);
    // 0 takes it back, and nothing says nothing.
    for (hsts, expected) in [
        (Some(r#"{ max_age = "0s" }"#), Some("max-age=0")),
        (None, None),
    ] {
        let domain = hsts.map_or(told.domain(), |hsts| told.domain().with("hsts", hsts));
        told.edge.config.domain(&domain);
        eventually(PATIENCE, &format!("{expected:?}"), async || {
            (told.ask().await.as_deref() == expected).then_some(())
        })
        .await;
    }
}

/// Whichever way HTTPS is to end in the files, and over restarts.
#[tokio::test]
async fn https_stays_on_while_browsers_hold_to_it() {
    let told = Told::start(MONTH).await;
    assert!(told.ask().await.is_some());
    let off = told.domain().https(false);
    told.edge.config.domain(&off);
    told.is_held().await;
    let unbound = Domain::named(NAME).origin(told.origin.url());
    told.edge.config.domain(&unbound);
    eventually(PATIENCE, "the other file", async || {
        (told.status().await["binding"] == "unbound").then_some(())
    })
    .await;
    told.is_held().await;
    told.edge.config.domain(&off);
    let told = Told::again(told.terminate().await).await;
    told.is_held().await;
    let told = Told::again(told.kill()).await;
    told.is_held().await;
    told.edge
        .config
        .domain(&off.with("force_https_off", "true"));
    told.goes_off().await;
    let status = told.status().await;
    assert_eq!(
        (&status["state"], &status["problems"]),
        (&"off".into(), &Value::Array(vec![]))
    );
}

#[tokio::test]
async fn https_ends_by_itself_when_the_time_is_up() {
    let told = Told::start(r#"{ max_age = "4s" }"#).await;
    assert!(told.ask().await.is_some());
    told.edge.config.domain(&told.domain().https(false));
    eventually(PATIENCE, "a refusal", async || {
        let status = told.status().await;
        (status["problems"][0]["reason"] == "hsts_runs").then_some(())
    })
    .await;
    told.goes_off().await;
    assert!(told.status().await["hsts_until"].is_null());
}

/// Nobody was told: an exact end of the process says so, a killed one leaves it open.
#[tokio::test]
async fn what_nobody_was_told_holds_nobody() {
    let told = Told::start(MONTH).await;
    let told = Told::again(told.terminate().await).await;
    told.edge.config.domain(&told.domain().https(false));
    told.goes_off().await;
    told.edge.config.domain(&told.domain().with("hsts", MONTH));
    eventually(PATIENCE, "HTTPS", async || told.is_on().await.then_some(())).await;
    let file = told.edge.config.state("hsts");
    eventually(PATIENCE, "a note", async || {
        let text = std::fs::read_to_string(&file).ok()?;
        text.contains(&format!("{NAME} - - 2592000")).then_some(())
    })
    .await;
    let (config, ca, origin) = told.kill();
    config.domain(&domain(&origin).https(false));
    let told = Told::again((config, ca, origin)).await;
    told.is_held().await;
}

/// A file that makes no sense is told, and stays until there is something to write.
#[tokio::test]
async fn a_torn_memory_is_told() {
    let told = Told::start(MONTH).await;
    assert!(told.ask().await.is_some());
    let (config, ca, origin) = told.terminate().await;
    std::fs::write(config.state("hsts"), "play.test -").expect("it can be written");
    let told = Told::again((config, ca, origin)).await;
    told.edge.log().wait(&[("reason", "hsts_unreadable")]).await;
}

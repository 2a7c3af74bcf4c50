//! TLS versions and protocols of each domain, over the defaults of all.

use rustls::version::{TLS12, TLS13};

use crate::support::{
    Ca, ConfigDir, Domain, Edge, PATIENCE, Refused, Responder, TlsClient, eventually, outcome,
};

const PLAIN: &str = "plain.test";
const OWN: &str = "own.test";

struct Scene {
    ca: Ca,
    origin: Responder,
    edge: Edge,
}

impl Scene {
    /// A domain that says nothing, and one that says this.
    async fn start(settings: &[(&'static str, &str)], tls: &str) -> Self {
        let (ca, origin) = (Ca::new(), Responder::start("hello").await);
        let config = settings
            .iter()
            .fold(ConfigDir::new(), |config, (key, value)| {
                config.set(key, value)
            });
        config.install("shared", &ca.issue(&[PLAIN, OWN]));
        config.domain(&domain(PLAIN, &origin));
        config.domain(&domain(OWN, &origin).with("tls", tls));
        let edge = Edge::start(config).await;
        Self { ca, origin, edge }
    }

    /// Whether a client with one version is served.
    async fn speaks(&self, version: &'static rustls::SupportedProtocolVersion, name: &str) -> bool {
        let client = TlsClient::speaking(&self.ca, version);
        let tls = client.connect(self.edge.https(), name).await;
        match tls {
            Ok(tls) => tls.http1().get(name, "/").await.status() == 200,
            Err(refused) => {
                assert_eq!(refused, PROTOCOL_VERSION);
                false
            }
        }
    }

    async fn protocol(&self, offered: &[&str], name: &str) -> Result<Option<String>, Refused> {
        let client = TlsClient::trusting(&self.ca).offering(offered);
        let tls = client.connect(self.edge.https(), name).await?;
        Ok(tls.protocol())
    }
}

fn domain(name: &str, origin: &Responder) -> Domain {
    Domain::named(name)
        .origin(origin.url())
        .certificate("shared")
}

const PROTOCOL_VERSION: Refused = Refused::Alert(70);
const NO_APPLICATION_PROTOCOL: Refused = Refused::Alert(120);

#[tokio::test]
async fn a_domain_may_ask_for_tls_1_3() {
    let scene = Scene::start(&[], r#"{ min_version = "1.3" }"#).await;
    assert!(scene.speaks(&TLS12, PLAIN).await);
    assert!(scene.speaks(&TLS13, PLAIN).await);
    assert!(!scene.speaks(&TLS12, OWN).await);
    assert!(scene.speaks(&TLS13, OWN).await);
    let refused = [("domain", OWN), ("result", "no_shared_parameters")];
    let handshakes = "lockgate_handshakes_total";
    scene.edge.counts(handshakes, &refused, 1.0).await;
}

#[tokio::test]
async fn the_default_may_ask_for_tls_1_3() {
    let settings = [("tls.min_version", r#""1.3""#)];
    let mut scene = Scene::start(&settings, r#"{ min_version = "1.2" }"#).await;
    assert!(!scene.speaks(&TLS12, PLAIN).await);
    assert!(scene.speaks(&TLS12, OWN).await);
    scene.edge.config = scene.edge.config.set("tls.min_version", r#""1.2""#);
    eventually(PATIENCE, "TLS 1.2 by default", async || {
        scene.speaks(&TLS12, PLAIN).await.then_some(())
    })
    .await;
    let strict = domain(OWN, &scene.origin).with("tls", r#"{ min_version = "1.3" }"#);
    scene.edge.config.domain(&strict);
    eventually(PATIENCE, "TLS 1.3 for one domain", async || {
        (!scene.speaks(&TLS12, OWN).await).then_some(())
    })
    .await;
    assert!(scene.speaks(&TLS12, PLAIN).await);
}

#[tokio::test]
async fn a_domain_may_offer_other_protocols() {
    let scene = Scene::start(&[], r#"{ alpn = ["http/1.1"] }"#).await;
    let both = ["h2", "http/1.1"];
    let h1 = Ok(Some("http/1.1".to_owned()));
    let h2 = Ok(Some("h2".to_owned()));
    assert_eq!(scene.protocol(&both, PLAIN).await, h2);
    assert_eq!(scene.protocol(&both, OWN).await, h1);
    assert_eq!(
        scene.protocol(&["h2"], OWN).await,
        Err(NO_APPLICATION_PROTOCOL)
    );
    assert_eq!(scene.protocol(&[], OWN).await, Ok(None));
    let reversed = r#"{ alpn = ["http/1.1", "h2"] }"#;
    let reversed = domain(OWN, &scene.origin).with("tls", reversed);
    scene.edge.config.domain(&reversed);
    eventually(PATIENCE, "HTTP/2 for who wants it", async || {
        (scene.protocol(&["h2"], OWN).await == h2).then_some(())
    })
    .await;
    assert_eq!(scene.protocol(&both, OWN).await, h1, "ours is the order");
}

#[tokio::test]
async fn check_tells_what_cannot_be_used() {
    let scene = Scene::start(&[("tls.client_auth", r#""none""#)], "{}").await;
    let config = &scene.edge.config;
    let sound = outcome("check", &config.path()).await;
    assert_eq!(sound.code, Some(0), "{}", sound.text());
    let asked = r#"{ client_auth = "required" }"#;
    config.domain(&domain(OWN, &scene.origin).with("tls", asked));
    let missing = r#"{ client_ca = "missing.pem" }"#;
    config.domain(&domain(PLAIN, &scene.origin).with("tls", missing));
    let outcome = outcome("check", &config.path()).await;
    assert_eq!(outcome.code, Some(1));
    for line in [
        "own.test: `client_auth` needs a `client_ca`; add client_ca = \"FILE\", or write client_auth = \"none\"",
        "plain.test: client_ca missing.pem cannot be read",
    ] {
        assert!(outcome.stdout.contains(line), "{line}\n{}", outcome.stdout);
    }
}

//! What is wrong but does not keep a version from being served is said all the same.

use crate::support::{Answer, ConfigDir, Domain, Edge, Hello, Responder, fingerprint, staple};

const DOMAIN: &str = "leaf.example.com";
const CHAIN: &str = include_str!("../../fixtures/ocsp/leaf.pem");
const KEY: &str = include_str!("../../fixtures/ocsp/leaf.key");
const LEAF: &[u8] = include_bytes!("../../fixtures/ocsp/leaf.der");

/// A version that is flawed in one way: the reason, the chain, and the OCSP response.
type Flawed = (&'static str, String, Option<&'static [u8]>);

fn flawed() -> Vec<Flawed> {
    let (leaf, issuer) = CHAIN.split_at(CHAIN.rfind("-----BEGIN").expect("there are two"));
    let chain = || CHAIN.to_owned();
    macro_rules! response {
        ($name:literal) => {
            Some(&include_bytes!(concat!("../../fixtures/ocsp/", $name, ".der"))[..])
        };
    }
    vec![
        ("chain_reordered", format!("{issuer}{leaf}"), None),
        ("leaf_repeated", format!("{leaf}{leaf}{issuer}"), None),
        ("ocsp_invalid", chain(), Some(b"garbage")),
        ("ocsp_other_certificate", chain(), response!("other-serial")),
        ("ocsp_revoked", chain(), response!("revoked")),
        ("ocsp_unknown", chain(), response!("unknown")),
    ]
}

fn install(config: &ConfigDir, flawed: &Flawed) {
    let (_, chain, staple) = flawed;
    config.write("certificates/play/privkey.pem", KEY);
    if let Some(staple) = staple {
        config.write("certificates/play/ocsp.der", staple);
    }
    config.write("certificates/play/fullchain.pem", chain);
}

#[tokio::test]
async fn each_flaw_is_said_and_served() {
    for flawed in flawed() {
        let origin = Responder::start("hello").await;
        let config = ConfigDir::new();
        let domain = Domain::named(DOMAIN).origin(origin.url());
        config.domain(&domain.certificate("play"));
        install(&config, &flawed);
        let edge = Edge::start(config).await;
        let labels = [
            ("kind", "certificate"),
            ("name", "play"),
            ("reason", flawed.0),
        ];
        edge.counts("lockgate_warnings", &labels, 1.0).await;
        edge.counts("lockgate_quarantined", &[], 0.0).await;
        let [kind, name, reason] = labels;
        let fields = [("message", "warning"), kind, name, reason];
        edge.log().wait(&fields).await;
        let answer = Hello::named(DOMAIN).ask(edge.https()).await;
        assert_eq!(answer, Answer::Leaf(fingerprint(LEAF)), "{}", flawed.0);
    }
}

/// A response that holds is sent along, and taken back with its file.
#[tokio::test]
async fn an_ocsp_response_is_stapled() {
    let good = include_bytes!("../../fixtures/ocsp/good.der");
    let origin = Responder::start("hello").await;
    let config = ConfigDir::new();
    let domain = Domain::named(DOMAIN).origin(origin.url());
    config.domain(&domain.certificate("play"));
    install(&config, &("", CHAIN.to_owned(), Some(good)));
    let edge = Edge::start(config).await;
    edge.counts("lockgate_warnings", &[], 0.0).await;
    assert_eq!(staple(edge.https(), DOMAIN).await, good);
    edge.config.remove("certificates/play/ocsp.der");
    crate::support::eventually(super::PATIENCE, "no staple", async || {
        let staple = staple(edge.https(), DOMAIN).await;
        staple.is_empty().then_some(())
    })
    .await;
}

//! From plain HTTP to https, where a domain asks for it.

use crate::support::{Ca, ConfigDir, Domain, Edge, Responder, Wire};

const NAMES: [&str; 5] = [
    "default.test",
    "moved.test",
    "found.test",
    "kept.test",
    "forever.test",
];

/// Redirecting domains with each status, and one below a wildcard.
async fn start() -> Edge {
    let (ca, origin) = (Ca::new(), Responder::start("challenge").await);
    let config = ConfigDir::new();
    config.install("all", &ca.issue(&[&NAMES[..], &["*.live.test"]].concat()));
    let domain = |name| {
        let domain = Domain::named(name).origin(origin.url());
        domain.certificate("all").redirecting()
    };
    let statuses = ["", "301", "302", "307", "308"];
    for (name, status) in NAMES.into_iter().zip(statuses) {
        let domain = domain(name);
        config.domain(&match status {
            "" => domain,
            status => domain.with("redirect_status", status),
        });
    }
    config.domain(&domain("*.live.test"));
    Edge::start(config).await
}

#[tokio::test]
async fn the_status_is_the_domains_own() {
    let edge = start().await;
    for (name, status) in NAMES.into_iter().zip([302, 301, 302, 307, 308]) {
        assert_eq!(edge.plain(name, "/").await.status(), status, "{name}");
    }
}

#[tokio::test]
async fn the_target_stays_as_it_was_asked_for() {
    let edge = start().await;
    let targets = [
        "/",
        "/?",
        "/live/a%2Fb//../c.flv?x=1&y=%20+&&",
        "/a;b=c?d=https://e/f?g",
    ];
    for target in targets {
        let location = location(&edge, "default.test", target).await;
        assert_eq!(location, format!("https://default.test{target}"));
    }
}

/// A client that came by a port goes on by ours; one that names none uses what is mapped to 443.
#[tokio::test]
async fn the_authority_is_the_one_that_was_asked_for() {
    let edge = start().await;
    let port = edge.https().port();
    for (host, authority) in [
        ("DEFAULT.test", "default.test".to_owned()),
        ("default.test.", "default.test".to_owned()),
        ("a.live.test", "a.live.test".to_owned()),
        ("default.test:8080", format!("default.test:{port}")),
        ("a.live.test:80", format!("a.live.test:{port}")),
    ] {
        let location = location(&edge, host, "/a").await.to_ascii_lowercase();
        let location = location.replace("test./", "test/");
        assert_eq!(location, format!("https://{authority}/a"), "{host}");
    }
}

async fn location(edge: &Edge, host: &str, target: &str) -> String {
    let response = edge.plain(host, target).await;
    let location = response.head.one("location");
    location.expect("a redirect has a location").to_owned()
}

#[tokio::test]
async fn an_acme_challenge_is_not_redirected() {
    let edge = start().await;
    let challenge = "/.well-known/acme-challenge/token";
    assert_eq!(
        edge.plain("default.test", challenge).await.text(),
        "challenge"
    );
    let other = "/.well-known/security.txt";
    assert_eq!(edge.plain("default.test", other).await.status(), 302);
}

#[tokio::test]
async fn a_connection_goes_on_after_a_redirect() {
    let edge = start().await;
    let mut wire = Wire::connect(edge.http()).await;
    for _ in 0..3 {
        assert_eq!(wire.get("default.test", "/").await.status(), 302);
    }
}

//! The ClientHello chooses the domain and its certificate.

use crate::support::{
    ALERT_112, Answer, Ca, ConfigDir, Domain, Edge, Hello, Origin, PLAY, Refused, Responder, Stage,
    TlsClient, UNRECOGNIZED, Wire,
};

/// Domains `play`, `*.live` with a certificate for all of it, and `a.live` with one of its own.
struct Names {
    ca: Ca,
    edge: Edge,
    certificates: Vec<(&'static str, String)>,
}

impl Names {
    async fn start(settings: &[(&'static str, &str)]) -> Self {
        let ca = Ca::new();
        let origin = Responder::start("hello").await;
        let config = settings
            .iter()
            .fold(ConfigDir::new(), |config, (key, value)| {
                config.set(key, value)
            });
        let mut certificates = Vec::new();
        for (certificate, domain) in [
            ("play", PLAY),
            ("wild", "*.live.example.test"),
            ("exact", "a.live.example.test"),
        ] {
            let pair = ca.issue(&[domain]);
            config.install(certificate, &pair);
            let domain = Domain::named(domain).origin(origin.url());
            config.domain(&domain.certificate(certificate));
            certificates.push((certificate, pair.fingerprint()));
        }
        let edge = Edge::start(config).await;
        Self {
            ca,
            edge,
            certificates,
        }
    }

    /// The certificate that answers a ClientHello; none when it is refused with alert 112.
    async fn chosen(&self, hello: Hello) -> Option<&str> {
        let fingerprint = match hello.ask(self.edge.https()).await {
            Answer::Leaf(fingerprint) => fingerprint,
            Answer::Refused(bytes) => {
                assert_eq!(bytes, ALERT_112);
                return None;
            }
        };
        let mut certificates = self.certificates.iter();
        let found = certificates.find(|(_, leaf)| *leaf == fingerprint);
        Some(found.expect("a certificate of ours is served").0)
    }
}

#[tokio::test]
async fn a_name_chooses_its_certificate() {
    let names = Names::start(&[]).await;
    let cases = [
        (PLAY, Some("play")),
        ("PLAY.Example.TEST", Some("play")),
        ("play.example.test.", Some("play")),
        ("b.live.example.test", Some("wild")),
        ("B.LIVE.EXAMPLE.TEST.", Some("wild")),
        ("a.live.example.test", Some("exact")),
        ("A.live.example.test.", Some("exact")),
        ("b.b.live.example.test", None),
        ("b.a.live.example.test", None),
        ("live.example.test", None),
        ("unknown.example.test", None),
        ("example.test", None),
        ("test", None),
        ("127.0.0.1", None),
        ("::1", None),
    ];
    for (name, expected) in cases {
        let chosen = names.chosen(Hello::named(name)).await;
        assert_eq!(chosen, expected, "{name:?}");
    }
    assert_eq!(names.chosen(Hello::anonymous()).await, None, "no name");
}

#[tokio::test]
async fn a_default_domain_answers_clients_without_a_name() {
    let default = format!("\"{PLAY}\"");
    let names = Names::start(&[("tls.default_domain", &default)]).await;
    assert_eq!(names.chosen(Hello::anonymous()).await, Some("play"));
    assert_eq!(names.chosen(Hello::named("unknown.test")).await, None);

    let client = TlsClient::trusting(&names.ca).without_sni();
    let tls = client.connect(names.edge.https(), PLAY).await;
    let response = tls
        .expect("the default domain")
        .http1()
        .get(PLAY, "/")
        .await;
    assert_eq!(response.text(), "hello");
}

#[tokio::test]
async fn a_host_chooses_its_domain_as_sni_does() {
    let names = Names::start(&[]).await;
    let cases = [
        (PLAY, 200),
        ("PLAY.Example.TEST", 200),
        ("play.example.test.", 200),
        ("play.example.test:8080", 200),
        ("Play.example.test.:8080", 200),
        ("b.live.example.test", 200),
        ("b.b.live.example.test", 404),
        ("live.example.test", 404),
        ("unknown.example.test", 404),
        ("127.0.0.1", 404),
        ("[::1]", 404),
        ("[::1]:8080", 404),
    ];
    for (host, status) in cases {
        let response = names.edge.plain(host, "/").await;
        assert_eq!(response.status(), status, "{host:?}");
    }
}

#[tokio::test]
async fn both_tls_versions_are_spoken() {
    let names = Names::start(&[]).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let client = TlsClient::speaking(&names.ca, version);
        let tls = client.connect(names.edge.https(), PLAY).await;
        let response = tls.expect("a handshake").http1().get(PLAY, "/").await;
        assert_eq!(response.text(), "hello", "{version:?}");
    }
}

#[tokio::test]
async fn the_key_exchange_is_safe_from_quantum_computers() {
    let names = Names::start(&[]).await;
    let client = TlsClient::trusting(&names.ca);
    let tls = client.connect(names.edge.https(), PLAY).await;
    assert_eq!(tls.expect("a handshake").key_exchange(), "X25519MLKEM768");
}

#[tokio::test]
async fn the_protocol_is_agreed_on() {
    let names = Names::start(&[]).await;
    let cases: [(&[&str], Option<&str>); 4] = [
        (&["h2", "http/1.1"], Some("h2")),
        (&["http/1.1", "h2"], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&[], None),
    ];
    for (offered, expected) in cases {
        let client = TlsClient::trusting(&names.ca).offering(offered);
        let tls = client.connect(names.edge.https(), PLAY).await;
        let agreed = tls.expect("a handshake").protocol();
        assert_eq!(agreed.as_deref(), expected, "{offered:?}");
    }
}

#[tokio::test]
async fn no_shared_protocol_is_alert_120() {
    const NO_APPLICATION_PROTOCOL: Refused = Refused::Alert(120);
    let names = Names::start(&[]).await;
    let client = TlsClient::trusting(&names.ca).offering(&["acme-tls/1"]);
    let refused = client.connect(names.edge.https(), PLAY).await;
    assert_eq!(refused.expect_err("no protocol"), NO_APPLICATION_PROTOCOL);
}

#[tokio::test]
async fn ipv6_listeners_serve_the_same() {
    if tokio::net::TcpListener::bind("[::1]:0").await.is_err() {
        return;
    }
    let both = r#"["127.0.0.1:0", "[::1]:0"]"#;
    let names = Names::start(&[("listeners.https", both)]).await;
    let listeners = names.edge.all_https();
    assert!(listeners.iter().any(|address| address.is_ipv6()));
    for address in listeners {
        let tls = TlsClient::trusting(&names.ca).connect(*address, PLAY).await;
        let response = tls.expect("a handshake").http1().get(PLAY, "/").await;
        assert_eq!(response.text(), "hello", "{address}");
    }
}

/// Each way in which a handshake ends, with the domain that it is counted under.
const RESULTS: [(&str, &str); 12] = [
    (PLAY, "ok"),
    ("", "unknown_sni"),
    ("", "no_sni"),
    ("off.test", "off"),
    ("unbound.test", "unbound"),
    ("unusable.test", "unusable"),
    (PLAY, "no_shared_alpn"),
    (PLAY, "no_shared_parameters"),
    (PLAY, "client_alert"),
    (PLAY, "client_gone"),
    ("", "invalid"),
    ("", "timeout"),
];

#[tokio::test]
async fn handshakes_are_counted_by_their_result() {
    let settings = [("timeouts.handshake", r#""1s""#)];
    let stage = Stage::arranged(&settings, add_dark_domains).await;
    // The edge's handshakes with itself come first, one for each domain.
    let proven = [("result", "ok")];
    stage
        .edge
        .counts("lockgate_proofs_total", &proven, 4.0)
        .await;
    let before = stage.edge.metrics().await;
    end_handshakes_in_each_way(&stage).await;
    for (domain, result) in RESULTS {
        let labels = [("domain", domain), ("result", result)];
        let handshakes = "lockgate_handshakes_total";
        let expected = before.sum(handshakes, &labels) + 1.0;
        stage.edge.counts(handshakes, &labels, expected).await;
        if result != "ok" {
            let line = [("message", "handshake failed"), ("reason", result)];
            stage.edge.log().wait(&line).await;
        }
    }
}

async fn end_handshakes_in_each_way(stage: &Stage) {
    let https = stage.edge.https();
    let connect = async |name: &str| stage.client().connect(https, name).await.map(drop);
    assert_eq!(connect(PLAY).await, Ok(()));
    for name in ["unknown.test", "off.test", "unbound.test", "unusable.test"] {
        assert_eq!(connect(name).await, Err(UNRECOGNIZED), "{name}");
    }
    let stranger = TlsClient::trusting(&Ca::new());
    let untrusted = stranger.connect(https, PLAY).await;
    untrusted.expect_err("the issuer is unknown");
    let known = Hello::named(PLAY);
    for hello in [
        Hello::anonymous(),
        known.clone().offering(&["acme-tls/1"]),
        // TLS_RSA_WITH_NULL_MD5 alone.
        known.clone().with_suites(&[1]),
        // Gone when the certificate is there.
        known,
    ] {
        hello.ask(https).await;
    }
    for bytes in [&[22, 3, 1, 0, 4, 9, 9, 9, 9][..], &[]] {
        let mut wire = Wire::connect(https).await;
        wire.send(bytes).await;
        wire.closed().await;
    }
}

/// A domain that is off, an unbound one, and one whose certificate never was usable.
fn add_dark_domains(config: &ConfigDir, ca: &Ca, origin: &Origin) {
    let domain = |name| Domain::named(name).origin(origin.url());
    config.install("off", &ca.issue(&["off.test"]));
    config.domain(&domain("off.test").certificate("off").https(false));
    config.domain(&domain("unbound.test"));
    config.domain(&domain("unusable.test").certificate("missing"));
}

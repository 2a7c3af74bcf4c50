//! Client certificates: who has to show one, who is served, and what origins are told.

mod changes;

use rustls::version::{TLS12, TLS13};

use crate::support::{
    Ca, ConfigDir, Domain, Edge, Http2, PATIENCE, Pair, Responder, TlsClient, Wire, eventually,
    get, http2_request,
};

const REQUIRED: &str = "required.test";
const OPTIONAL: &str = "optional.test";
const OPEN: &str = "open.test";
const BOTH: [&str; 2] = [REQUIRED, OPTIONAL];

/// One domain of each kind on one certificate, and a client that has a certificate itself.
struct Club {
    ca: Ca,
    clients: Ca,
    member: Pair,
    origin: Responder,
    edge: Edge,
}

impl Club {
    async fn start() -> Self {
        Self::with_roots(|clients| Some(clients.pem())).await
    }

    /// The same with something else where the roots of the client certificates should be.
    async fn with_roots(roots: impl FnOnce(&Ca) -> Option<String>) -> Self {
        let (ca, clients) = (Ca::new(), Ca::new());
        let origin = Responder::start("hello").await;
        let config = ConfigDir::new();
        config.install("club", &ca.issue(&[REQUIRED, OPTIONAL, OPEN]));
        if let Some(roots) = roots(&clients) {
            config.write("clients.pem", roots);
        }
        for (name, tls) in [(REQUIRED, ASKED), (OPTIONAL, MAY_BE_ASKED), (OPEN, "{}")] {
            config.domain(&domain(name, &origin).with("tls", tls));
        }
        let edge = Edge::start(config).await;
        Self {
            member: clients.issue(&["member"]),
            ca,
            clients,
            origin,
            edge,
        }
    }

    fn domain(&self, name: &str) -> Domain {
        domain(name, &self.origin)
    }

    fn anonymous(&self) -> TlsClient {
        TlsClient::trusting(&self.ca)
    }

    fn verified(&self) -> TlsClient {
        self.anonymous().showing(&self.member)
    }

    /// The answer's status over TLS, none when the client is turned away in the handshake. With
    /// TLS 1.3 it learns that only after its own part is done.
    async fn status(&self, client: &TlsClient, name: &str) -> Option<u16> {
        let tls = client.connect(self.edge.https(), name).await;
        let mut wire = tls.ok()?.http1();
        wire.try_send(get(name, "/")).await.ok()?;
        Some(wire.try_response().await.ok()?.status())
    }

    async fn http2(&self, client: TlsClient, name: &str) -> Http2 {
        let client = client.offering(&["h2"]);
        let tls = client.connect(self.edge.https(), name).await;
        tls.expect("a handshake").http2().await
    }

    /// The Client-Cert that the origin saw last.
    fn told(&self) -> Vec<String> {
        let seen = self.origin.seen();
        let last = seen.last().expect("a request reached the origin");
        let all = last.all("client-cert").into_iter();
        let chain = last.all("client-cert-chain");
        assert!(chain.is_empty(), "{chain:?}");
        for spoofed in ["client_cert", "client_cert_chain", "client-cert_chain"] {
            assert!(last.all(spoofed).is_empty(), "{spoofed}");
        }
        all.map(str::to_owned).collect()
    }

    async fn eventually_status(&self, client: TlsClient, name: &str, expected: Option<u16>) {
        eventually(PATIENCE, &format!("{expected:?} for {name}"), async || {
            (self.status(&client, name).await == expected).then_some(())
        })
        .await;
    }
}

const ASKED: &str = r#"{ client_ca = "clients.pem" }"#;
const MAY_BE_ASKED: &str = r#"{ client_ca = "clients.pem", client_auth = "optional" }"#;

fn domain(name: &str, origin: &Responder) -> Domain {
    Domain::named(name).origin(origin.url()).certificate("club")
}

/// A certificate as the origin is told of it, decoded from the other end.
fn expected(pair: &Pair) -> Vec<String> {
    let body = pair.leaf.lines().filter(|line| !line.starts_with("-----"));
    vec![format!(":{}:", body.collect::<String>())]
}

#[tokio::test]
async fn who_is_served() {
    let club = Club::start().await;
    let stranger = Ca::new().issue(&["stranger"]);
    // The proofs of service are handshakes as well, without a certificate.
    let proven = [("result", "ok")];
    let proofs = "lockgate_proofs_total";
    club.edge.counts(proofs, &proven, 3.0).await;
    let before = club.edge.metrics().await;
    for version in [&TLS12, &TLS13] {
        let anonymous = TlsClient::speaking(&club.ca, version);
        let verified = anonymous.clone().showing(&club.member);
        let unknown = anonymous.clone().showing(&stranger);
        for (client, name, expected) in [
            (&anonymous, REQUIRED, None),
            (&anonymous, OPTIONAL, Some(200)),
            (&anonymous, OPEN, Some(200)),
            (&verified, REQUIRED, Some(200)),
            (&verified, OPTIONAL, Some(200)),
            (&verified, OPEN, Some(200)),
            (&unknown, REQUIRED, None),
            (&unknown, OPTIONAL, None),
            (&unknown, OPEN, Some(200)),
        ] {
            let status = club.status(client, name).await;
            assert_eq!(status, expected, "{name}, {version:?}");
        }
    }
    for (name, refused) in [(REQUIRED, 4.0), (OPTIONAL, 2.0)] {
        let labels = [("domain", name), ("result", "client_certificate")];
        let handshakes = "lockgate_handshakes_total";
        let expected = before.sum(handshakes, &labels) + refused;
        club.edge.counts(handshakes, &labels, expected).await;
    }
    let line = [
        ("message", "handshake failed"),
        ("reason", "client_certificate"),
    ];
    club.edge.log().wait_for(6, &line).await;
}

#[tokio::test]
async fn the_origin_is_told_who_it_is() {
    let club = Club::start().await;
    for name in BOTH {
        let client = club.verified();
        for resumed in [false, true] {
            let tls = client.connect(club.edge.https(), name).await;
            let tls = tls.expect("a handshake");
            assert_eq!(tls.is_resumed(), resumed);
            let mut wire = tls.http1();
            for _ in 0..2 {
                assert_eq!(wire.get(name, "/").await.status(), 200);
                assert_eq!(club.told(), expected(&club.member));
            }
        }
        let mut wire = club.http2(club.verified(), name).await;
        assert_eq!(wire.get(name, "/").await.status(), 200);
        assert_eq!(club.told(), expected(&club.member));
    }
    assert_eq!(club.status(&club.anonymous(), OPTIONAL).await, Some(200));
    assert!(club.told().is_empty());
    // Who is not asked shows nothing.
    assert_eq!(club.status(&club.verified(), OPEN).await, Some(200));
    assert!(club.told().is_empty());
}

const SPOOFED: [&str; 5] = [
    "client-cert",
    "client_cert",
    "client-cert-chain",
    "client_cert_chain",
    "client-cert_chain",
];

#[tokio::test]
async fn nobody_says_so_himself() {
    let club = Club::start().await;
    let fields: String = SPOOFED
        .iter()
        .map(|name| format!("{name}: :AA==:\r\n"))
        .collect();
    let request = |host: &str| {
        format!("GET / HTTP/1.1\r\nHost: {host}\r\n{fields}Connection: client-cert\r\n\r\n")
    };
    for (client, name, told) in [
        (club.verified(), REQUIRED, expected(&club.member)),
        (club.verified(), OPTIONAL, expected(&club.member)),
        (club.anonymous(), OPTIONAL, vec![]),
        (club.anonymous(), OPEN, vec![]),
    ] {
        let tls = client.connect(club.edge.https(), name).await;
        let mut wire = tls.expect("a handshake").http1();
        assert_eq!(wire.ask(request(name)).await.status(), 200);
        assert_eq!(club.told(), told, "{name} over HTTP/1.1");
        let mut spoofed = http2_request("GET", name, "/");
        for field in SPOOFED {
            let value = ":AA==:".parse().expect("a value");
            spoofed.headers_mut().insert(field, value);
        }
        let mut wire = club.http2(client, name).await;
        assert_eq!(wire.ask(spoofed).await.status(), 200);
        assert_eq!(club.told(), told, "{name} over HTTP/2");
    }
    let mut plain = Wire::connect(club.edge.http()).await;
    assert_eq!(plain.ask(request(OPEN)).await.status(), 200);
    assert!(club.told().is_empty(), "plain HTTP");
}

#[tokio::test]
async fn plain_http_is_not_for_who_must_show_a_certificate() {
    let club = Club::start().await;
    let token = "/.well-known/acme-challenge/a-token_1";
    let status = async |path: &str| club.edge.plain(REQUIRED, path).await.status();
    assert_eq!(status("/").await, 403);
    assert_eq!(status(token).await, 200);
    for path in [
        "/.well-known/acme-challenge/",
        "/.well-known/acme-challenge/../../live",
        "/.well-known/acme-challenge/..%2flive",
        "/.well-known/acme-challenge/a/b",
    ] {
        assert_eq!(status(path).await, 403, "{path}");
    }
    assert_eq!(club.edge.plain(OPTIONAL, "/").await.status(), 200);
    let record = [("message", "request"), ("outcome", "client_certificate")];
    club.edge.log().wait(&record).await;

    let club = &club;
    let on_https = async |path: &str| {
        let mut wire = Wire::connect(club.edge.https()).await;
        wire.get(REQUIRED, path).await.status()
    };
    assert_eq!(on_https("/").await, 302);
    assert_eq!(on_https(token).await, 200);
    let domain = club.domain(REQUIRED).with("tls", ASKED);
    for (domain, expected) in [
        (domain.clone().redirecting(), [302, 302]),
        (domain.clone().redirecting().https(false), [403, 403]),
        (domain.with("certificate", "\"missing\""), [403, 403]),
    ] {
        club.edge.config.domain(&domain);
        eventually(PATIENCE, &format!("{expected:?}"), async || {
            ([status("/").await, on_https("/").await] == expected).then_some(())
        })
        .await;
        assert_eq!(status(token).await, 200);
    }
}

/// A connection is for domains that would have asked the same of its client.
#[tokio::test]
async fn a_connection_serves_what_asks_for_the_same() {
    let club = Club::start().await;
    let (same, strict) = ("same.test", "strict.test");
    let names = [REQUIRED, OPTIONAL, OPEN, same, strict];
    club.edge.config.install("club", &club.ca.issue(&names));
    let domain = club.domain(same).with("tls", ASKED);
    club.edge.config.domain(&domain);
    let domain = club.domain(strict);
    let domain = domain.with("tls", r#"{ min_version = "1.3" }"#);
    club.edge.config.domain(&domain);
    club.eventually_status(club.verified(), same, Some(200))
        .await;
    club.eventually_status(club.anonymous(), strict, Some(200))
        .await;
    for (client, first, served) in [
        (club.verified(), REQUIRED, &[REQUIRED, same][..]),
        (club.verified(), OPTIONAL, &[OPTIONAL]),
        (club.anonymous(), OPTIONAL, &[OPTIONAL]),
        (club.anonymous(), OPEN, &[OPEN]),
        (club.anonymous(), strict, &[strict]),
    ] {
        let mut wire = club.http2(client, first).await;
        for name in names {
            let expected = if served.contains(&name) { 200 } else { 421 };
            let status = wire.get(name, "/").await.status();
            assert_eq!(status, expected, "{name} on a connection for {first}");
        }
    }
}

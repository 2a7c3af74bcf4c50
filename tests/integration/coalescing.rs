//! Requests for one domain on a connection that was made for another, as browsers do it.

use crate::support::{
    Ca, ConfigDir, Domain, Edge, Http2, Responder, SECOND, TlsClient, eventually,
};

/// The domain that the connection is made for.
const FIRST: &str = "first.test";

/// What a request for another one gets.
const CASES: [(&str, u16); 8] = [
    (FIRST, 200),
    ("same.test", 200),
    ("SAME.test", 200),
    ("other.test", 421),
    ("off.test", 421),
    ("unbound.test", 421),
    ("missing.test", 421),
    ("unknown.test", 421),
];

struct Shared {
    ca: Ca,
    edge: Edge,
    origin: Responder,
}

impl Shared {
    async fn start() -> Self {
        let (ca, origin) = (Ca::new(), Responder::start("hello").await);
        let config = ConfigDir::new();
        config.install("shared", &ca.issue(&[FIRST, "same.test", "off.test"]));
        config.install("other", &ca.issue(&["other.test"]));
        let domain = |name| Domain::named(name).origin(origin.url());
        for domain in [
            domain(FIRST).certificate("shared"),
            domain("same.test").certificate("shared"),
            domain("off.test").certificate("shared").https(false),
            domain("other.test").certificate("other"),
            domain("missing.test").certificate("missing"),
            domain("unbound.test"),
        ] {
            config.domain(&domain);
        }
        let edge = Edge::start(config).await;
        Self { ca, edge, origin }
    }

    async fn http2(&self) -> Http2 {
        let client = TlsClient::trusting(&self.ca).offering(&["h2"]);
        let tls = client.connect(self.edge.https(), FIRST).await;
        tls.expect("a handshake").http2().await
    }
}

#[tokio::test]
async fn a_connection_serves_what_shares_its_certificate_over_http2() {
    let shared = Shared::start().await;
    let mut connection = shared.http2().await;
    for (host, status) in CASES {
        assert_eq!(connection.get(host, "/").await.status(), status, "{host}");
    }
    let served = CASES.iter().filter(|(_, status)| *status == 200).count();
    assert_eq!(shared.origin.seen().len(), served, "421 reaches no origin");
}

#[tokio::test]
async fn a_connection_serves_what_shares_its_certificate_over_http1() {
    let shared = Shared::start().await;
    for (host, status) in CASES {
        let client = TlsClient::trusting(&shared.ca);
        let tls = client.connect(shared.edge.https(), FIRST).await;
        let mut wire = tls.expect("a handshake").http1();
        assert_eq!(wire.get(host, "/").await.status(), status, "{host}");
    }
}

/// A domain that goes off is refused on the connection of its neighbour, which stays.
#[tokio::test]
async fn a_neighbour_that_goes_off_is_misdirected() {
    let shared = Shared::start().await;
    let mut connection = shared.http2().await;
    assert_eq!(connection.get("same.test", "/").await.status(), 200);
    let same = Domain::named("same.test").origin(shared.origin.url());
    let off = same.certificate("shared").https(false);
    shared.edge.config.domain(&off);
    eventually(SECOND, "421 for the domain that is off", async || {
        (connection.get("same.test", "/").await.status() == 421).then_some(())
    })
    .await;
    assert_eq!(connection.get(FIRST, "/").await.status(), 200);
    assert!(connection.is_open().await);
}

/// "The same certificate version": after a rotation, an older connection knows its own name only
/// by the old version, and a neighbour is bound to the new one.
#[tokio::test]
async fn a_rotation_leaves_the_connections_own_domain() {
    let shared = Shared::start().await;
    let mut connection = shared.http2().await;
    let pair = shared.ca.issue(&[FIRST, "same.test", "off.test"]);
    shared.edge.config.install("shared", &pair);
    eventually(SECOND, "the new leaf", async || {
        let client = TlsClient::trusting(&shared.ca);
        let tls = client.connect(shared.edge.https(), FIRST).await;
        (tls.expect("a handshake").leaf() == pair.fingerprint()).then_some(())
    })
    .await;
    assert_eq!(connection.get(FIRST, "/").await.status(), 200);
    assert_eq!(connection.get("same.test", "/").await.status(), 421);
}

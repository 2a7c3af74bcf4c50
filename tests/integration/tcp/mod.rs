//! tcp listeners: TLS as on https listeners, and inside it bytes that go to an origin and back.

mod ends;
mod limits;
mod origins;
mod switching;

use crate::support::{
    ALERT_112, Answer, Ca, ConfigDir, Domain, Edge, Hello, Origin, PLAY, TlsClient, UNRECOGNIZED,
    Wire,
};

/// The listener of the tests.
const NAME: &str = "rtmps";

/// A second domain on it.
const OTHER: &str = "other.example.test";

/// A domain without origins there.
const WEB: &str = "web.example.test";

/// Two domains on one tcp listener, each with an origin that the test plays.
struct Ingest {
    ca: Ca,
    edge: Edge,
    play: Origin,
    other: Origin,
}

impl Ingest {
    async fn new() -> Self {
        Self::with(&[], &[]).await
    }

    /// The same with these keys in lockgate.toml, and these in the first domain.
    async fn with(
        settings: &[(&'static str, &str)],
        keys: &[(&'static str, &'static str)],
    ) -> Self {
        let (ca, play, other) = (Ca::new(), Origin::start().await, Origin::start().await);
        let config = config(settings);
        for name in [PLAY, OTHER, WEB] {
            config.install(name, &ca.issue(&[name]));
        }
        let domain = keys
            .iter()
            .fold(domain(PLAY, &play.tcp_url()), |it, (key, value)| {
                it.with(key, *value)
            });
        config.domain(&domain);
        config.domain(&self::domain(OTHER, &other.tcp_url()));
        config.domain(&web(WEB));
        let edge = Edge::start(config).await;
        Self {
            ca,
            edge,
            play,
            other,
        }
    }

    fn client(&self) -> TlsClient {
        TlsClient::trusting(&self.ca).offering(&[])
    }

    /// A new connection for a domain.
    async fn connect(&self, name: &str) -> Wire {
        let tls = self.client().connect(self.edge.tcp(NAME), name).await;
        tls.expect("the domain is served there").http1()
    }

    /// A new connection for the first domain: the client's end, and the origin's.
    async fn relay(&self) -> (Wire, Wire) {
        let client = self.connect(PLAY).await;
        (client, self.play.accept().await)
    }
}

fn config(settings: &[(&'static str, &str)]) -> ConfigDir {
    let config = ConfigDir::new().set("listeners.tcp.rtmps", r#"["127.0.0.1:0"]"#);
    let settings = settings.iter();
    settings.fold(config, |config, (key, value)| config.set(key, value))
}

/// A domain whose connections go to this origin.
fn domain(name: &str, origin: &str) -> Domain {
    web(name).with("tcp", format!("{{ {NAME} = [\"{origin}\"] }}"))
}

/// One that is not served on a tcp listener.
fn web(name: &str) -> Domain {
    Domain::named(name).origin("demo:").certificate(name)
}

/// Bytes pass both ways.
async fn flows(client: &mut Wire, origin: &mut Wire) {
    client.send("C0C1").await;
    assert_eq!(&origin.exactly(4).await[..], b"C0C1");
    origin.send("S0S1S2").await;
    assert_eq!(&client.exactly(6).await[..], b"S0S1S2");
}

#[tokio::test]
async fn the_name_chooses_the_certificate_and_the_origin() {
    let ingest = Ingest::new().await;
    let (mut client, mut origin) = ingest.relay().await;
    flows(&mut client, &mut origin).await;
    let mut client = ingest.connect(OTHER).await;
    let mut origin = ingest.other.accept().await;
    flows(&mut client, &mut origin).await;
}

#[tokio::test]
async fn bytes_pass_both_ways_whatever_they_are() {
    let ingest = Ingest::new().await;
    let (mut client, mut origin) = ingest.relay().await;
    for length in [1, 2, 4_096, 65_536, 1_000_000] {
        let bytes = vec![length as u8; length];
        let (_, seen) = tokio::join!(client.send(&bytes), origin.exactly(length));
        assert!(seen == bytes, "{length} bytes up");
        let (_, seen) = tokio::join!(origin.send(&bytes), client.exactly(length));
        assert!(seen == bytes, "{length} bytes down");
    }
    // Nobody waits for the client's first byte: there are protocols in which the server begins.
    let (mut client, mut origin) = ingest.relay().await;
    origin.send("220 ready").await;
    assert_eq!(&client.exactly(9).await[..], b"220 ready");
}

/// Nothing tells a domain that is not served there from one that there is not.
#[tokio::test]
async fn whatever_is_not_served_there_gets_alert_112() {
    let ingest = Ingest::with(&[], &[("deny", r#"["127.0.0.0/8"]"#)]).await;
    let tcp = ingest.edge.tcp(NAME);
    for (hello, domain, result) in [
        (Hello::named("unknown.test"), "", "unknown_sni"),
        (Hello::anonymous(), "", "no_sni"),
        (Hello::named(WEB), WEB, "no_tcp_origin"),
        (Hello::named(PLAY), PLAY, "forbidden"),
    ] {
        let refused = Answer::Refused(ALERT_112.to_vec());
        assert_eq!(hello.ask(tcp).await, refused, "{result}");
        let labels = [("domain", domain), ("result", result)];
        ingest
            .edge
            .counts("lockgate_handshakes_total", &labels, 1.0)
            .await;
    }
    // Over https it is served.
    let tls = ingest.client().connect(ingest.edge.https(), WEB).await;
    tls.expect("it is served over https");
}

#[tokio::test]
async fn nothing_but_tls_is_understood() {
    let ingest = Ingest::new().await;
    let mut client = Wire::connect(ingest.edge.tcp(NAME)).await;
    client
        .send("GET / HTTP/1.1\r\nHost: play.example.test\r\n\r\n")
        .await;
    assert!(client.closed().await.is_empty());
}

#[tokio::test]
async fn a_default_domain_serves_clients_without_a_name() {
    let default = format!("\"{OTHER}\"");
    let ingest = Ingest::with(&[("tls.default_domain", &default)], &[]).await;
    let client = ingest.client().without_sni();
    let tls = client.connect(ingest.edge.tcp(NAME), OTHER).await;
    let mut client = tls.expect("the default domain").http1();
    flows(&mut client, &mut ingest.other.accept().await).await;
}

/// A client that offers protocols gets none: what is inside is not known.
#[tokio::test]
async fn no_protocol_is_negotiated() {
    let ingest = Ingest::new().await;
    for offer in [&[][..], &["h2", "http/1.1"], &["rtmp"]] {
        let client = ingest.client().offering(offer);
        let tls = client.connect(ingest.edge.tcp(NAME), PLAY).await;
        assert_eq!(tls.expect("it is served").protocol(), None);
        ingest.play.accept().await;
    }
}

#[tokio::test]
async fn sessions_resume() {
    let ingest = Ingest::new().await;
    let client = ingest.client();
    for resumed in [false, true] {
        let tls = client.connect(ingest.edge.tcp(NAME), PLAY).await;
        let tls = tls.expect("it is served");
        assert_eq!(tls.is_resumed(), resumed);
        // The ticket comes along with the first bytes.
        flows(&mut tls.http1(), &mut ingest.play.accept().await).await;
    }
}

#[tokio::test]
async fn client_certificates_are_asked_for_as_the_domain_does() {
    let clients = Ca::new();
    let (ca, origin) = (Ca::new(), Origin::start().await);
    let config = config(&[]);
    config.install(PLAY, &ca.issue(&[PLAY]));
    config.write("clients.pem", clients.pem());
    let tls = r#"{ client_ca = "clients.pem", min_version = "1.2" }"#;
    config.domain(&domain(PLAY, &origin.tcp_url()).with("tls", tls));
    let edge = Edge::start(config).await;
    let stranger = TlsClient::trusting(&ca);
    // With TLS 1.3 it learns that only after its own part is done.
    if let Ok(tls) = stranger.connect(edge.tcp(NAME), PLAY).await {
        assert!(!tls.http1().is_finished().await);
    }
    let line = [
        ("message", "handshake failed"),
        ("reason", "client_certificate"),
    ];
    edge.log().wait(&line).await;
    let member = stranger.showing(&clients.issue(&["member"]));
    let tls = member.connect(edge.tcp(NAME), PLAY).await;
    let mut client = tls.expect("it is let in").http1();
    flows(&mut client, &mut origin.accept().await).await;
}

#[tokio::test]
async fn a_relay_is_counted_and_recorded() {
    let ingest = Ingest::new().await;
    let (mut client, mut origin) = ingest.relay().await;
    flows(&mut client, &mut origin).await;
    let counts = async |name: &str, value| {
        ingest.edge.counts(name, &[("domain", PLAY)], value).await;
    };
    counts("lockgate_viewers", 1.0).await;
    counts("lockgate_response_bytes_total", 6.0).await;
    counts("lockgate_request_bytes_total", 4.0).await;
    let metrics = ingest.edge.metrics().await;
    assert_eq!(
        metrics.sum("lockgate_connections", &[("listener", "tcp")]),
        1.0
    );
    client.finish().await;
    origin.finish().await;
    counts("lockgate_viewers", 0.0).await;
    counts("lockgate_relays_total", 1.0).await;
    let line = [("target", "access"), ("message", "relay ended")];
    let line = ingest.edge.log().wait(&line).await;
    for (field, value) in [
        ("domain", PLAY),
        ("client", "127.0.0.1"),
        ("listener", NAME),
        ("origin", &ingest.play.tcp_url()),
        ("sent", "6"),
        ("received", "4"),
        ("outcome", "complete"),
    ] {
        assert_eq!(line.field(field), value, "{field}");
    }
}

/// A listener that there is none of is told, and the domain is served all the same.
#[tokio::test]
async fn a_listener_that_there_is_none_of_is_told() {
    let ingest = Ingest::new().await;
    let url = ingest.play.tcp_url();
    let tcp = format!("{{ {NAME} = [\"{url}\"], rtmp = [\"{url}\"] }}");
    ingest.edge.config.domain(&web(PLAY).with("tcp", tcp));
    let line = [("message", "warning"), ("reason", "tcp_listener_unknown")];
    let line = ingest.edge.log().wait(&line).await;
    assert!(line.text().contains("there are: rtmps"), "{}", line.text());
    let (mut client, mut origin) = ingest.relay().await;
    flows(&mut client, &mut origin).await;
    let refused = ingest.client().connect(ingest.edge.tcp(NAME), WEB).await;
    assert_eq!(refused.expect_err("it has no origins there"), UNRECOGNIZED);
}

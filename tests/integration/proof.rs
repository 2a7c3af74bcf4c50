//! What was published is asked for by the edge itself.

use std::net::SocketAddr;

use serde_json::Value;
use socket2::{Domain as Family, Socket, Type};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::rotation::Prober;
use crate::support::{
    ConfigDir, Domain, Edge, Origin, PATIENCE, PLAY, Pair, Stage, eventually, ok,
};

async fn proven(edge: &Edge, count: f64) {
    let ok = [("result", "ok")];
    edge.counts("lockgate_proofs_total", &ok, count).await;
}

/// Asserts that no proof ended in another way.
async fn assert_no_alarm(edge: &Edge) {
    let metrics = edge.metrics().await;
    for result in ["mismatch", "failed", "skipped"] {
        let labels = [("result", result)];
        assert_eq!(metrics.sum("lockgate_proofs_total", &labels), 0.0);
    }
    assert!(!metrics.has("lockgate_served_differs"), "{metrics:#?}");
}

#[tokio::test]
async fn a_rotation_is_proven() {
    let stage = Stage::new().await;
    proven(&stage.edge, 1.0).await;
    for count in [2.0, 3.0] {
        let pair = stage.ca.issue(&[PLAY]);
        stage.edge.config.install("play", &pair);
        Prober::new(&stage).serves(&pair).await;
        proven(&stage.edge, count).await;
    }
    assert_no_alarm(&stage.edge).await;
}

/// Off, unbound and never usable: the refusal is what is wanted.
#[tokio::test]
async fn a_refusal_is_proven() {
    let stage = Stage::new().await;
    proven(&stage.edge, 1.0).await;
    let domain = |name| Domain::named(name).origin(stage.origin.url());
    let changed = [
        domain(PLAY).certificate("play").https(false),
        domain("unbound.test"),
        domain("unusable.test").certificate("missing"),
        domain("*.live.test").certificate("play").https(false),
    ];
    for (domain, count) in changed.iter().zip([2.0, 3.0, 4.0, 5.0]) {
        stage.edge.config.domain(domain);
        proven(&stage.edge, count).await;
    }
    assert_no_alarm(&stage.edge).await;
}

#[tokio::test]
async fn a_wildcard_is_proven() {
    let stage = Stage::arranged(&[], |config, ca, origin| {
        config.install("live", &ca.issue(&["*.live.test"]));
        let domain = Domain::named("*.live.test").origin(origin.url());
        config.domain(&domain.certificate("live"));
    });
    let stage = stage.await;
    proven(&stage.edge, 2.0).await;
    assert_no_alarm(&stage.edge).await;
}

/// A listener on all addresses is asked over loopback, and so is each of several.
#[tokio::test]
async fn every_listener_is_proven() {
    let origin = Origin::start().await;
    let config = ConfigDir::new().set(
        "listeners.https",
        r#"["127.0.0.1:0", { address = "127.0.0.1:0", plain_http = "reject" }]"#,
    );
    config.domain(&Domain::named(PLAY).origin(origin.url()));
    let edge = Edge::start(config).await;
    proven(&edge, 1.0).await;
    let refused = [("domain", PLAY), ("result", "unbound")];
    edge.counts("lockgate_handshakes_total", &refused, 2.0)
        .await;
    assert_no_alarm(&edge).await;
}

#[tokio::test]
async fn without_an_https_listener_there_is_nothing_to_prove() {
    let origin = Origin::start().await;
    let config = ConfigDir::new().set("listeners.https", "[]");
    config.domain(&Domain::named(PLAY).origin(origin.url()));
    let edge = Edge::start(config).await;
    let domain = Domain::named("new.test").origin(origin.url());
    edge.config.domain(&domain);
    edge.counts("lockgate_generation", &[], 2.0).await;
    proven(&edge, 0.0).await;
    assert_no_alarm(&edge).await;
}

/// Sockets of somebody else on our port, who is the same user: the kernel gives them their share of
/// the connections. They go with the value.
struct Strangers(#[expect(dead_code, reason = "held for its Drop")] JoinSet<()>);

impl Strangers {
    /// So many that nearly every connection comes to one of them.
    const COUNT: usize = 64;

    fn on(address: SocketAddr, pair: &Pair) -> Self {
        let tls = TlsAcceptor::from(pair.server());
        let mut tasks = JoinSet::new();
        for _ in 0..Self::COUNT {
            let listener = share(address).expect("the same user may share a port");
            tasks.spawn(serve(listener, tls.clone()));
        }
        Self(tasks)
    }
}

fn share(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Family::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(16)?;
    TcpListener::from_std(socket.into())
}

async fn serve(listener: TcpListener, tls: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        // The handshake is all that a proof looks at.
        let _ = tls.accept(stream).await;
    }
}

/// The edge cannot serve a wrong certificate by itself, but another process can in its place.
#[tokio::test]
async fn another_process_on_our_port_is_told() {
    let webhook = Origin::start().await;
    let url = format!("\"{}\"", webhook.url());
    let settings = [("workers", "1"), ("alerts.webhook", &*url)];
    let stage = Stage::with(&settings).await;
    proven(&stage.edge, 1.0).await;
    let event = async |name: &str| {
        let (_, mut wire) = webhook.request().await;
        let body = wire.body().await.expect("the event is whole");
        wire.send(ok("")).await;
        let event: Value = serde_json::from_slice(&body).expect("the event is JSON");
        assert_eq!(
            (&event["event"], &event["domain"]),
            (&name.into(), &PLAY.into())
        );
    };
    let wrong = stage.ca.issue(&[PLAY]);
    let strangers = Strangers::on(stage.edge.https(), &wrong);
    let differs = [("domain", PLAY), ("served", &*wrong.fingerprint())];
    eventually(PATIENCE * 4, "a rotation that goes wrong", async || {
        let before = stage.edge.metrics().await.sum("lockgate_proofs_total", &[]);
        stage.edge.config.install("play", &stage.ca.issue(&[PLAY]));
        eventually(PATIENCE, "its proof", async || {
            let now = stage.edge.metrics().await.sum("lockgate_proofs_total", &[]);
            (now > before).then_some(())
        })
        .await;
        let metrics = stage.edge.metrics().await;
        metrics
            .find("lockgate_served_differs", &differs)
            .then_some(())
    })
    .await;
    let line = [
        ("message", "served otherwise than wanted"),
        ("domain", PLAY),
    ];
    stage.edge.log().wait(&line).await;
    event("served_differs").await;
    drop(strangers);
    stage.edge.config.install("play", &stage.ca.issue(&[PLAY]));
    event("served_agrees").await;
    assert!(!stage.edge.metrics().await.has("lockgate_served_differs"));
}

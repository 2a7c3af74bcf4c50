//! Which endpoint of an origin gets a connection, and what becomes of one that none takes.

use super::{Ingest, NAME, config, flows, web};
use crate::support::{Ca, Edge, Origin, PLAY, TlsClient, Wire, nowhere};

/// An edge whose domain has these endpoints, and a client of it.
async fn edge(origins: &[String], keys: &[(&'static str, &'static str)]) -> (Edge, TlsClient) {
    let ca = Ca::new();
    let config = config(&[("workers", "1")]);
    config.install(PLAY, &ca.issue(&[PLAY]));
    let domain = web(PLAY).with("tcp", format!("{{ {NAME} = {origins:?} }}"));
    let keys = keys.iter();
    config.domain(&keys.fold(domain, |domain, (key, value)| domain.with(key, *value)));
    (Edge::start(config).await, TlsClient::trusting(&ca))
}

async fn connect(edge: &Edge, client: &TlsClient) -> Wire {
    let tls = client.connect(edge.tcp(NAME), PLAY).await;
    tls.expect("it is served").http1()
}

#[tokio::test]
async fn endpoints_take_turns_and_one_that_is_gone_is_passed_over() {
    let (one, two) = (Origin::start().await, Origin::start().await);
    let gone = format!("tcp://{}", nowhere().await);
    let (edge, client) = edge(&[one.tcp_url(), gone.clone(), two.tcp_url()], &[]).await;
    let mut counts = [0; 2];
    for _ in 0..9 {
        let (_client, place) = tokio::join!(connect(&edge, &client), async {
            tokio::select! {
                _ = one.accept() => 0,
                _ = two.accept() => 1,
            }
        });
        counts[place] += 1;
    }
    assert!(counts.iter().all(|count| *count >= 3), "{counts:?}");
    let left_out = [("message", "endpoint left out"), ("origin", gone.as_str())];
    edge.log().wait(&left_out).await;
    let labels = [("origin", gone.as_str()), ("reason", "connect")];
    edge.counts("lockgate_origin_failures_total", &labels, 3.0)
        .await;
}

#[tokio::test]
async fn without_any_the_client_hears_that_it_is_over() {
    let gone = format!("tcp://{}", nowhere().await);
    let (edge, client) = edge(&[gone], &[]).await;
    let mut client = connect(&edge, &client).await;
    assert!(client.is_finished().await);
    let line = [("message", "relay ended"), ("outcome", "origin_failed")];
    edge.log().wait(&line).await;
    let labels = [("domain", PLAY), ("result", "origin_failed")];
    edge.counts("lockgate_relays_total", &labels, 1.0).await;
}

#[tokio::test]
async fn endpoints_have_as_many_as_they_may() {
    let origin = Origin::start().await;
    let (edge, client) = edge(&[origin.tcp_url()], &[("max_streams", "1")]).await;
    let mut first = connect(&edge, &client).await;
    let mut server = origin.accept().await;
    assert!(connect(&edge, &client).await.is_finished().await);
    let line = [("message", "relay ended"), ("outcome", "origin_full")];
    edge.log().wait(&line).await;
    flows(&mut first, &mut server).await;
    drop((first, server));
    edge.counts("lockgate_origin_running", &[("kind", "streams")], 0.0)
        .await;
    let _client = connect(&edge, &client).await;
    origin.accept().await;
}

/// `tls://` verifies, and says nothing of what is inside.
#[tokio::test]
async fn bytes_go_on_over_tls_to_an_origin_that_is_verified() {
    let ca = Ca::new();
    let origin = Origin::start_tls(&ca.issue(&["127.0.0.1"])).await;
    let stranger = Origin::start_tls(&Ca::new().issue(&["127.0.0.1"])).await;
    for (origin, is_verified) in [(&origin, true), (&stranger, false)] {
        let config = config(&[("origins.ca", r#""origins.pem""#)]);
        config.write("origins.pem", ca.pem());
        config.install(PLAY, &ca.issue(&[PLAY]));
        config.domain(&super::domain(PLAY, &origin.tcp_url()));
        let edge = Edge::start(config).await;
        let client = TlsClient::trusting(&ca);
        let (mut client, server) = tokio::join!(connect(&edge, &client), origin.try_accept());
        match is_verified {
            true => flows(&mut client, &mut server.expect("a handshake")).await,
            false => {
                assert!(client.is_finished().await);
                let labels = [("reason", "tls")];
                edge.counts("lockgate_origin_failures_total", &labels, 1.0)
                    .await;
            }
        }
    }
}

#[tokio::test]
async fn health_checks_ask_nothing_in_http_of_a_tcp_origin() {
    let keys = [("health", r#"{ path = "/healthz", interval = "100ms" }"#)];
    let ingest = Ingest::with(&[], &keys).await;
    // The first that comes is the client's.
    let (mut client, mut origin) = ingest.relay().await;
    flows(&mut client, &mut origin).await;
}

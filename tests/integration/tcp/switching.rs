//! What happens to relays while certificates, switches and processes change.

use std::time::Duration;

use super::{Ingest, NAME, domain, flows};
use crate::support::{
    Edge, PATIENCE, PLAY, SECOND, UNRECOGNIZED, Wire, eventually, throughout, within,
};

impl Ingest {
    /// Switches HTTPS of the first domain, and waits until a new handshake shows it.
    async fn turn(&self, on: bool) {
        let domain = domain(PLAY, &self.play.tcp_url()).https(on);
        self.edge.config.domain(&domain);
        eventually(SECOND, &format!("https = {on}"), async || {
            let tls = self.client().connect(self.edge.tcp(NAME), PLAY).await;
            (tls.map(drop) == if on { Ok(()) } else { Err(UNRECOGNIZED) }).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_rotation_touches_no_running_relay() {
    let ingest = Ingest::new().await;
    let (mut client, mut origin) = ingest.relay().await;
    let new = ingest.ca.issue(&[PLAY]);
    ingest.edge.config.install(PLAY, &new);
    let rotated = async || {
        flows(&mut client, &mut origin).await;
        let tls = ingest.client().connect(ingest.edge.tcp(NAME), PLAY).await;
        let leaf = tls.expect("it is served").leaf();
        ingest.play.accept().await;
        (leaf == new.fingerprint()).then_some(())
    };
    eventually(PATIENCE, "the new certificate", rotated).await;
    flows(&mut client, &mut origin).await;
}

#[tokio::test]
async fn relays_go_on_for_the_grace_when_https_goes_off() {
    const GRACE: Duration = Duration::from_secs(2);
    let ingest = Ingest::with(&[("timeouts.https_off_grace", r#""2s""#)], &[]).await;
    let (mut client, mut origin) = ingest.relay().await;
    let mut other = ingest.connect(super::OTHER).await;
    let mut staying = ingest.other.accept().await;
    ingest.turn(false).await;
    throughout(GRACE / 2, "what runs", async || {
        client.send("a").await;
        origin.exactly(1).await == "a"
    })
    .await;
    let is_finished = within(GRACE, "the end of the grace", client.is_finished()).await;
    assert!(!is_finished, "it is cut");
    origin.closed().await;
    let line = [("message", "relay ended"), ("outcome", "https_off")];
    ingest.edge.log().wait(&line).await;
    flows(&mut other, &mut staying).await;
    ingest.turn(true).await;
}

#[tokio::test]
async fn relays_leave_a_process_that_stops_one_after_the_other() {
    let mut ingest = Ingest::with(&[("timeouts.drain", r#""3s""#)], &[]).await;
    let mut relays = Vec::new();
    for _ in 0..6 {
        relays.push(ingest.relay().await);
    }
    ingest.edge.program.signal("TERM");
    let drained = [("message", "relay ended"), ("outcome", "drained")];
    ingest.edge.log().wait(&drained).await;
    let gone = ingest.edge.log().find(&drained).len();
    assert!(gone < 6, "{gone} left at once");
    // They carry bytes until it is their turn.
    let (client, origin) = &mut relays[0];
    let _ = client.try_send("a").await;
    let _ = origin.try_exactly(1).await;
    ingest.edge.log().wait_for(6, &drained).await;
    let status = within(PATIENCE, "the program's end", ingest.edge.program.exit()).await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn another_process_takes_the_listener_over() {
    let ingest = Ingest::with(&[("timeouts.drain", r#""3s""#)], &[]).await;
    let (mut client, mut origin) = ingest.relay().await;
    let Ingest { ca, edge, play, .. } = ingest;
    let address = edge.tcp(NAME);
    let (edge, mut old): (Edge, _) = edge.upgrade().await;
    assert_eq!(edge.tcp(NAME), address);
    let _ = client.try_send("still here").await;
    assert_eq!(&origin.exactly(10).await[..], b"still here");
    let tls = crate::support::TlsClient::trusting(&ca)
        .connect(address, PLAY)
        .await;
    let mut client: Wire = tls.expect("it is served").http1();
    let mut origin = play.accept().await;
    within(PATIENCE, "the end of the old process", old.exit()).await;
    flows(&mut client, &mut origin).await;
}

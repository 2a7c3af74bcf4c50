//! `https = false` on a running domain: off means off within a second, for it and for nobody else.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::{
    Ca, ConfigDir, Domain, ENDLESS, Edge, Http2, Origin, PATIENCE, Responder, SECOND, SWITCHING,
    TlsClient, UNRECOGNIZED, Wire, chunk, eventually, get, http2_connect, switching, throughout,
    upgrade, within,
};

const OFF: &str = "off.test";
const STAYS: &str = "stays.test";

/// Two domains on one certificate, of which one is switched.
struct Switch {
    ca: Ca,
    edge: Edge,
    origin: String,
}

impl Switch {
    async fn start(origin: String, grace: &str) -> Self {
        let ca = Ca::new();
        let config = ConfigDir::new().set("timeouts.https_off_grace", grace);
        config.install("shared", &ca.issue(&[OFF, STAYS]));
        let switch = Self {
            ca,
            edge: {
                config.domain(&domain(OFF, &origin));
                config.domain(&domain(STAYS, &origin));
                Edge::start(config).await
            },
            origin,
        };
        switch
            .client()
            .connect(switch.edge.https(), OFF)
            .await
            .expect("HTTPS is on");
        switch
    }

    /// Switches HTTPS of the one domain, and waits until a new handshake shows it.
    async fn turn(&self, on: bool) {
        self.edge
            .config
            .domain(&domain(OFF, &self.origin).https(on));
        eventually(SECOND, &format!("https = {on}"), async || {
            let tls = self.client().connect(self.edge.https(), OFF).await;
            (tls.map(drop) == if on { Ok(()) } else { Err(UNRECOGNIZED) }).then_some(())
        })
        .await;
    }

    fn client(&self) -> TlsClient {
        TlsClient::trusting(&self.ca)
    }

    async fn http1(&self, name: &str) -> Wire {
        let tls = self.client().connect(self.edge.https(), name).await;
        tls.expect("HTTPS is on").http1()
    }

    async fn http2(&self, name: &str) -> Http2 {
        let client = self.client().offering(&["h2"]);
        let tls = client.connect(self.edge.https(), name).await;
        tls.expect("HTTPS is on").http2().await
    }
}

fn domain(name: &str, origin: &str) -> Domain {
    let domain = Domain::named(name).origin(origin);
    domain.certificate("shared").redirecting()
}

#[tokio::test]
async fn a_ticket_from_before_is_refused() {
    let origin = Responder::start("hello").await;
    let switch = Switch::start(origin.url(), r#""60s""#).await;
    let client = switch.client();
    let https = switch.edge.https();
    let first = client.connect(https, OFF).await.expect("HTTPS is on");
    // The answer brings the tickets along.
    assert_eq!(first.http1().get(OFF, "/").await.status(), 200);
    let second = client.connect(https, OFF).await.expect("HTTPS is on");
    assert!(second.is_resumed(), "tickets are given out");
    assert_eq!(second.http1().get(OFF, "/").await.status(), 200);
    switch.turn(false).await;
    let refused = client.connect(https, OFF).await;
    assert_eq!(refused.expect_err("HTTPS is off"), UNRECOGNIZED);
}

#[tokio::test]
async fn plain_http_serves_without_a_redirect_and_back_on_with_one() {
    let origin = Responder::start("hello").await;
    let switch = Switch::start(origin.url(), r#""60s""#).await;
    assert_eq!(switch.edge.plain(OFF, "/").await.status(), 302);
    switch.turn(false).await;
    let response = switch.edge.plain(OFF, "/").await;
    assert_eq!(
        (response.status(), response.text().as_str()),
        (200, "hello")
    );
    assert_eq!(response.head.one("location"), None);
    switch.turn(true).await;
    assert_eq!(switch.edge.plain(OFF, "/").await.status(), 302);
    let mut secure = switch.http1(OFF).await;
    assert_eq!(secure.get(OFF, "/").await.text(), "hello");
}

#[tokio::test]
async fn an_http2_client_is_told_to_go() {
    let origin = Responder::start("hello").await;
    let switch = Switch::start(origin.url(), r#""60s""#).await;
    let mut leaving = switch.http2(OFF).await;
    let mut staying = switch.http2(STAYS).await;
    assert_eq!(leaving.get(OFF, "/").await.status(), 200);
    assert_eq!(staying.get(STAYS, "/").await.status(), 200);
    switch.turn(false).await;
    eventually(SECOND, "GOAWAY", async || {
        leaving.is_going_away().await.then_some(())
    })
    .await;
    within(PATIENCE, "the idle connection's end", leaving.closed()).await;
    assert!(
        staying.is_open().await,
        "the other domain's connection stays"
    );
    assert_eq!(staying.get(STAYS, "/").await.status(), 200);
}

/// An idle HTTP/1.1 connection ends at once, or with its next answer.
#[tokio::test]
async fn an_http1_connection_is_closed() {
    let origin = Responder::start("hello").await;
    let switch = Switch::start(origin.url(), r#""60s""#).await;
    let mut leaving = switch.http1(OFF).await;
    let mut staying = switch.http1(STAYS).await;
    assert_eq!(leaving.get(OFF, "/").await.status(), 200);
    assert_eq!(staying.get(STAYS, "/").await.status(), 200);
    switch.turn(false).await;
    // It may be closed by now, which is as good.
    let _ = leaving.try_send(get(OFF, "/")).await;
    within(SECOND, "the connection's end", leaving.closed()).await;
    assert_eq!(staying.get(STAYS, "/").await.status(), 200);
}

/// What runs goes on for the grace period and is cut then; on the other domain it stays.
#[tokio::test]
async fn running_responses_go_on_for_the_grace_period() {
    const GRACE: Duration = Duration::from_secs(2);
    let origin = Origin::start().await;
    let switch = Switch::start(origin.url(), r#""2s""#).await;
    let (mut feed1, mut http1) = watch(&switch, &origin, OFF).await;
    let (mut feed2, mut staying) = watch(&switch, &origin, STAYS).await;
    let (mut feed3, mut socket) = open_socket(&switch, &origin).await;
    let mut connection = switch.http2(OFF).await;
    let watch = connection.watch(OFF, "/a.flv");
    let (mut feed4, (_, mut http2)) = tokio::join!(feed(&origin), watch);
    switch.turn(false).await;
    let off = Instant::now();
    throughout(GRACE / 2, "what runs", async || {
        feed1.send(chunk(b"a")).await;
        feed3.send("a").await;
        feed4.send(chunk(b"a")).await;
        let seen1 = http1.part(1).await;
        seen1 == b"a" && socket.exactly(1).await == "a" && http2.part(1).await == b"a"
    })
    .await;
    let cut = async {
        (
            http1.body().await,
            socket.closed().await,
            http2.rest().await,
        )
    };
    let (cut1, rest, cut2) = within(GRACE, "the end of the grace period", cut).await;
    assert!(cut1.is_err(), "HTTP/1.1 is cut without a last chunk");
    assert!(rest.is_empty(), "the WebSocket is closed");
    assert!(cut2.is_err(), "HTTP/2 is reset or closed");
    assert!(off.elapsed() > GRACE / 2, "not before its end");
    feed2.send(chunk(b"still here")).await;
    assert_eq!(staying.part(10).await, b"still here");
}

/// A response for the domain on a connection that was made for another one ends as well; the
/// connection stays.
#[tokio::test]
async fn a_running_response_of_a_neighbour_is_cut() {
    let origin = Origin::start().await;
    let switch = Switch::start(origin.url(), r#""1s""#).await;
    let mut connection = switch.http2(STAYS).await;
    let watch = connection.watch(OFF, "/a.flv");
    let (mut neighbour, (_, mut viewer)) = tokio::join!(feed(&origin), watch);
    neighbour.send(chunk(b"a")).await;
    assert_eq!(viewer.part(1).await, b"a");
    let (asked, _upload) = connection.open(http2_connect(OFF, "/a.flv"), false).await;
    let (seen, mut socket) = origin.request().await;
    socket.send(switching(&seen)).await;
    let (_, mut socket_viewer) = asked.answer().await.expect("a response arrives");
    let watch = connection.watch(STAYS, "/b.flv");
    let (mut own, (_, mut staying)) = tokio::join!(feed(&origin), watch);
    switch.turn(false).await;
    let cut = within(SECOND * 3, "the end of the grace period", viewer.rest()).await;
    assert!(cut.is_err(), "HTTP/2 is reset");
    let cut = within(SECOND, "the WebSocket's end", socket_viewer.rest()).await;
    assert!(cut.is_err_and(|error| error.is_reset()), "it is reset");
    within(SECOND, "its origin's end", socket.closed()).await;
    own.send(chunk(b"still here")).await;
    assert_eq!(staying.part(10).await, b"still here");
}

/// Starts an endless response over HTTP/1.1: the origin's end and the viewer's.
async fn watch(switch: &Switch, origin: &Origin, name: &str) -> (Wire, Wire) {
    let mut viewer = switch.http1(name).await;
    viewer.send(get(name, "/a.flv")).await;
    let feed = feed(origin).await;
    assert_eq!(viewer.response().await.status(), 200);
    (feed, viewer)
}

/// The same as a WebSocket.
async fn open_socket(switch: &Switch, origin: &Origin) -> (Wire, Wire) {
    let mut viewer = switch.http1(OFF).await;
    viewer.send(upgrade(OFF, "/a.flv")).await;
    let (_, mut feed) = origin.request().await;
    feed.send(SWITCHING).await;
    assert_eq!(viewer.response().await.status(), 101);
    (feed, viewer)
}

async fn feed(origin: &Origin) -> Wire {
    let (_, mut feed) = origin.request().await;
    feed.send(ENDLESS).await;
    feed
}

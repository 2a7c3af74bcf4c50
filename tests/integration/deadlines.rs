//! Every wait has a deadline, and on a stream every deadline is about progress.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::{
    ConfigDir, Domain, ENDLESS, Edge, Hello, Kind, Origin, PATIENCE, PLAY, SECOND, Stage, Stream,
    Wire, chunk, get, ok, pause, throughout, within,
};

/// Short enough for a test, long enough to be told from "at once".
const SHORT: &str = r#""500ms""#;

/// Waits for the end of a connection with a deadline of half a second.
async fn ends(what: &str, wire: &mut Wire) -> Vec<u8> {
    within(SECOND * 3, what, wire.closed()).await
}

#[tokio::test]
async fn a_handshake_has_a_deadline() {
    let stage = Stage::with(&[("timeouts.handshake", SHORT)]).await;
    let hello = Hello::named(PLAY).record();
    for sent in [&[][..], &hello[..1], &hello[..5], &hello[..hello.len() - 1]] {
        let mut wire = Wire::connect(stage.edge.https()).await;
        wire.send(sent).await;
        ends("the handshake's deadline", &mut wire).await;
    }
    // A whole ClientHello, and nothing after the server's answer.
    let mut wire = Wire::connect(stage.edge.https()).await;
    wire.send(&hello).await;
    ends("the handshake's deadline", &mut wire).await;
}

/// A client that sends a byte now and then does not put its deadline off.
#[tokio::test]
async fn a_trickled_handshake_has_the_same_deadline() {
    let stage = Stage::with(&[("timeouts.handshake", SHORT)]).await;
    let mut wire = Wire::connect(stage.edge.https()).await;
    let hello = Hello::named(PLAY).record();
    let trickled = async {
        for byte in hello.chunks(1) {
            if wire.try_send(byte).await.is_err() {
                return;
            }
            pause(SECOND / 10).await;
        }
    };
    within(SECOND * 3, "the handshake's deadline", trickled).await;
}

#[tokio::test]
async fn a_head_has_a_deadline() {
    let stage = Stage::with(&[("timeouts.headers", SHORT)]).await;
    for mut wire in [stage.plain().await, stage.http1().await] {
        wire.send("GET / HTTP/1.1\r\nHost: play").await;
        let answer = ends("the head's deadline", &mut wire).await;
        let told = answer.is_empty() || answer.starts_with(b"HTTP/1.1 408");
        assert!(told, "{:?}", String::from_utf8_lossy(&answer));
    }
    let labels = [("limit", "headers")];
    let name = "lockgate_limits_reached_total";
    stage.edge.counts(name, &labels, 2.0).await;
}

/// A client that stops in the middle of a body is the one to blame, and not the origin, which would
/// be left out for it.
#[tokio::test]
async fn a_body_that_stops_has_a_deadline() {
    let stage = Stage::with(&[("timeouts.first_byte", SHORT)]).await;
    let mut wire = stage.http1().await;
    let head = format!("POST / HTTP/1.1\r\nHost: {PLAY}\r\nContent-Length: 9\r\n\r\n");
    wire.send(head + "half").await;
    let (_, mut origin) = stage.origin.request().await;
    assert_eq!(wire.response().await.status(), 408);
    ends("the client's connection", &mut wire).await;
    ends("the origin's connection", &mut origin).await;
    let metrics = stage.edge.metrics().await;
    assert_eq!(metrics.sum("lockgate_origin_failures_total", &[]), 0.0);
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let stage = Stage::with(&[("timeouts.idle", SHORT)]).await;
    let (mut plain, mut http1) = tokio::join!(stage.plain(), stage.http1());
    for wire in [&mut plain, &mut http1] {
        assert!(ends("the idle deadline", wire).await.is_empty());
    }
    let connection = stage.http2().await;
    within(SECOND * 3, "the idle deadline", connection.closed()).await;
}

#[tokio::test]
async fn a_connection_is_idle_again_after_its_answer() {
    let stage = Stage::with(&[("timeouts.idle", SHORT)]).await;
    let mut wire = stage.http1().await;
    for _ in 0..2 {
        wire.send(get(PLAY, "/")).await;
        let (_, mut origin) = stage.origin.request().await;
        // Longer than the deadline, which is not about this.
        pause(SECOND).await;
        origin.send(ok("hello")).await;
        drop(origin);
        assert_eq!(wire.response().await.status(), 200);
        assert_eq!(wire.body().await.expect("a whole body"), b"hello");
    }
    assert!(ends("the idle deadline", &mut wire).await.is_empty());
}

/// A connection that has been idle for a while holds nothing of HTTP any more, and goes on all the
/// same.
#[tokio::test]
async fn a_connection_that_rested_goes_on_and_ends() {
    let stage = Stage::with(&[("timeouts.idle", "\"3s\"")]).await;
    for over_tls in [false, true] {
        let mut wire = match over_tls {
            true => stage.http1().await,
            false => stage.plain().await,
        };
        let (first, second) = ("GET / HT", format!("TP/1.1\r\nHost: {PLAY}\r\n\r\n"));
        for number in 0..4 {
            // In two parts, the first of which ends the rest, or came before it.
            if number != 2 {
                wire.send(first).await;
            }
            wire.send(&second).await;
            let (_, mut origin) = stage.origin.request().await;
            if number == 1 {
                wire.send(first).await;
            }
            origin.send(ok("hello")).await;
            drop(origin);
            assert_eq!(wire.response().await.status(), 200);
            assert_eq!(wire.body().await.expect("a whole body"), b"hello");
            pause(SECOND * 3 / 2).await;
        }
        assert!(ends("the idle deadline", &mut wire).await.is_empty());
    }
}

/// A request that was on its way when the idle connection was told to go is served like any other,
/// however long it takes.
#[tokio::test]
async fn a_request_that_crosses_the_goodbye_is_served() {
    let stage = Stage::with(&[("timeouts.idle", SHORT)]).await;
    let mut connection = stage.http2().await;
    assert!(connection.is_open().await);
    // Holds back this whole runtime, so that the client has not read the GOAWAY when it asks.
    std::thread::sleep(SECOND);
    let watch = connection.watch(PLAY, "/live.flv");
    let served = async {
        let (_, mut origin) = stage.origin.request().await;
        origin.send(ENDLESS).await;
        origin
    };
    let (mut origin, (_, mut body)) = tokio::join!(served, watch);
    throughout(SECOND * 7, "the stream", async || {
        origin.send(chunk(b"a")).await;
        body.part(1).await == b"a"
    })
    .await;
}

/// A connection with a stream on it is not idle, however long the origin is silent.
#[tokio::test]
async fn a_quiet_stream_is_not_idle() {
    let settings = [
        ("timeouts.idle", SHORT),
        ("timeouts.headers", SHORT),
        ("timeouts.handshake", SHORT),
        ("timeouts.first_byte", SHORT),
        ("timeouts.connect", SHORT),
    ];
    let stage = Stage::with(&settings).await;
    let mut streams = Vec::new();
    for kind in Kind::ALL {
        streams.push(Stream::start(&stage, kind).await);
    }
    // Nothing passes for three times the deadline, while the program is seen to be well.
    throughout(SECOND * 3 / 2, "the program's health", async || {
        stage.edge.admin("/healthz").await.status() == 200
    })
    .await;
    for stream in &mut streams {
        stream.passes(b"after a while").await;
    }
}

#[tokio::test]
async fn an_origin_that_does_not_answer_is_504() {
    let stage = Stage::with(&[("timeouts.first_byte", SHORT)]).await;
    let mut client = stage.http1().await;
    client.send(get(PLAY, "/")).await;
    let (_, mut origin) = stage.origin.request().await;
    let answer = within(SECOND * 3, "the answer", client.response()).await;
    assert_eq!(answer.status(), 504);
    client.body().await.expect("the refusal is whole");
    within(SECOND, "the end of the origin's request", origin.closed()).await;
}

/// Half a head is no answer.
#[tokio::test]
async fn an_origin_that_answers_by_half_is_504() {
    let stage = Stage::with(&[("timeouts.first_byte", SHORT)]).await;
    let mut client = stage.http1().await;
    client.send(get(PLAY, "/")).await;
    let (_, mut origin) = stage.origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nX-").await;
    let answer = within(SECOND * 3, "the answer", client.response()).await;
    assert_eq!(answer.status(), 504);
}

/// A client that takes its time with its body does not wait for the origin.
#[tokio::test]
async fn a_slow_request_body_is_not_the_origins_fault() {
    let stage = Stage::with(&[("timeouts.first_byte", SHORT)]).await;
    let mut client = stage.http1().await;
    let head = format!("POST / HTTP/1.1\r\nHost: {PLAY}\r\nContent-Length: 20\r\n\r\n");
    client.send(head).await;
    let (_, mut origin) = stage.origin.request().await;
    for _ in 0..10 {
        client.send("..").await;
        assert_eq!(origin.part(2).await, b"..");
        pause(SECOND / 10).await;
    }
    origin.send(ok("done")).await;
    assert_eq!(client.response().await.status(), 200);
}

#[tokio::test]
async fn an_origin_that_does_not_accept_is_504() {
    let origin = Hung::start().await;
    let config = ConfigDir::new().set("timeouts.connect", SHORT);
    config.domain(&Domain::named(PLAY).origin(format!("http://{}", origin.address)));
    let edge = Edge::start(config).await;
    let answer = within(SECOND * 3, "the answer", edge.plain(PLAY, "/")).await;
    assert_eq!(answer.status(), 504);
}

/// An address that takes no more connections: its accept queue is full, and nothing empties it.
struct Hung {
    address: SocketAddr,
    _listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl Hung {
    async fn start() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        socket.bind(any).expect("a free port");
        let listener = socket.listen(1).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let mut queue = Vec::new();
        while let Ok(stream) = timeout(SECOND / 4, TcpStream::connect(address)).await {
            queue.push(stream.expect("the queue takes it"));
            assert!(queue.len() < 100, "the queue fills up");
        }
        Self {
            address,
            _listener: listener,
            _queue: queue,
        }
    }
}

#[tokio::test]
async fn an_origins_handshake_has_a_deadline() {
    let origin = Origin::start().await;
    let config = ConfigDir::new()
        .set("timeouts.connect", SHORT)
        .set("timeouts.first_byte", SHORT);
    let url = origin.url().replace("http://", "https://");
    config.domain(&Domain::named(PLAY).origin(url));
    let edge = Edge::start(config).await;
    let (_silent, answer) = tokio::join!(
        origin.accept(),
        within(PATIENCE, "the answer", edge.plain(PLAY, "/"))
    );
    assert!(matches!(answer.status(), 502 | 504), "{}", answer.status());
}

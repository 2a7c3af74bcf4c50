//! Origins that are told by a header whose connection it is.

use std::net::SocketAddr;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{CLIENT, STRANGER, arranged, asking, begun, connect, v1, v2};
use crate::support::{
    Ca, ConfigDir, Domain, Edge, PATIENCE, PLAY, SWITCHING, Stage, Wire, get, ok, upgrade, within,
};

/// Takes a header of version 1 off a connection.
async fn line(origin: &mut Wire) -> String {
    let mut line = String::new();
    while !line.ends_with("\r\n") {
        line.push(char::from(origin.exactly(1).await[0]));
        assert!(line.len() <= 107, "{line}");
    }
    line
}

/// Asks on a wire, and has a request behind a header answered. The connection stays open.
async fn announced_to(stage: &Stage, client: &mut Wire) -> (String, Wire) {
    client.send(asking("")).await;
    let mut origin = stage.origin.accept().await;
    let header = line(&mut origin).await;
    origin.request().await;
    origin.send(ok("x")).await;
    client.response().await;
    assert_eq!(client.body().await.expect("it is whole"), b"x");
    (header, origin)
}

fn expected(client: SocketAddr, edge: SocketAddr) -> String {
    let (client_port, port) = (client.port(), edge.port());
    format!(
        "PROXY TCP4 {} {} {client_port} {port}\r\n",
        client.ip(),
        edge.ip()
    )
}

const V1: [(&str, &str); 1] = [("proxy_protocol", r#""v1""#)];

#[tokio::test]
async fn each_connection_tells_its_client_and_serves_no_other() {
    let stage = arranged(&[("workers", "1")], &V1).await;
    let edge = stage.edge.http();
    let mut kept = Vec::new();
    for from in [STRANGER, super::PROXY] {
        let stream = connect(from, edge).await;
        let address = stream.local_addr().expect("it is bound");
        let mut client = Wire::new(stream);
        // Not even its own next request comes on a connection that was there before.
        for _ in 0..2 {
            let (header, mut origin) = announced_to(&stage, &mut client).await;
            assert_eq!(header, expected(address, edge));
            let end = within(PATIENCE, "its end", origin.next_request()).await;
            assert!(end.is_none(), "{end:?}");
        }
        kept.push(client);
    }
}

/// The next connection, and the header of version 2 that it begins with.
async fn header_v2(listener: &TcpListener) -> (Vec<u8>, TcpStream) {
    let accepted = within(PATIENCE, "a connection", listener.accept()).await;
    let mut stream = accepted.expect("the system accepts").0;
    let mut header = vec![0; 16];
    stream.read_exact(&mut header).await.expect("a header");
    let mut block = vec![0; usize::from(header[15])];
    stream.read_exact(&mut block).await.expect("its block");
    header.extend(block);
    (header, stream)
}

#[tokio::test]
async fn version_2_goes_before_the_handshake() {
    let ca = Ca::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it is bound");
    let config = ConfigDir::new().set("origins.ca", "\"ca.pem\"");
    config.write("ca.pem", ca.pem());
    let play = Domain::named(PLAY).origin(format!("https://{address}"));
    config.domain(&play.with("proxy_protocol", r#""v2""#));
    let edge = Edge::start(config).await;
    let stream = connect(STRANGER, edge.http()).await;
    let port = stream.local_addr().expect("it is bound").port();
    let mut client = Wire::new(stream);
    client.send(asking("")).await;
    let (header, stream) = header_v2(&listener).await;
    let ports = [port.to_be_bytes(), edge.http().port().to_be_bytes()].concat();
    let block = [&[127, 0, 0, 2, 127, 0, 0, 1][..], &ports].concat();
    assert_eq!(header, v2(0x21, 0x11, &block));
    let tls = TlsAcceptor::from(ca.issue(&["127.0.0.1"]).server());
    let stream = tls.accept(stream).await.expect("the handshake follows");
    let mut origin = Wire::new(stream);
    origin.request().await;
    origin.send(ok("x")).await;
    assert_eq!(client.response().await.status(), 200);
}

/// Checks are connections of our own.
#[tokio::test]
async fn health_checks_tell_of_nobody() {
    for (version, expected) in [
        ("v1", b"PROXY UNKNOWN\r\n".to_vec()),
        ("v2", v2(0x20, 0, &[])),
    ] {
        let version = format!("\"{version}\"");
        let health = r#"{ path = "/healthz", interval = "100ms" }"#;
        let keys = [("health", health), ("proxy_protocol", &*version)];
        let stage = arranged(&[], &keys).await;
        let mut origin = stage.origin.accept().await;
        assert_eq!(origin.exactly(expected.len()).await, expected);
        assert_eq!(origin.request().await.target(), "/healthz");
        origin.send(ok("")).await;
    }
}

#[tokio::test]
async fn a_websocket_tells_its_client_too() {
    let stage = arranged(&[], &V1).await;
    let stream = connect(STRANGER, stage.edge.http()).await;
    let address = stream.local_addr().expect("it is bound");
    let mut client = Wire::new(stream);
    client.send(upgrade(PLAY, "/ws")).await;
    let mut origin = stage.origin.accept().await;
    let expected = expected(address, stage.edge.http());
    assert_eq!(line(&mut origin).await, expected);
    origin.request().await;
    origin.send(SWITCHING).await;
    assert_eq!(client.response().await.status(), 101);
    client.send(b"\x81\x80\0\0\0\0").await;
    assert_eq!(&origin.exactly(6).await[..], b"\x81\x80\0\0\0\0");
}

/// Another domain with the same origin, which asks for no header, has connections of its own.
#[tokio::test]
async fn domains_with_and_without_headers_share_an_origin() {
    let stage = Stage::arranged(&[("workers", "1")], |config, _, origin| {
        let play = Domain::named(PLAY).origin(origin.url()).certificate("play");
        config.domain(&play.with("proxy_protocol", r#""v1""#));
        config.domain(&Domain::named("bare.test").origin(origin.url()));
    })
    .await;
    let (mut bare, mut play) = (stage.plain().await, stage.plain().await);
    bare.send(get("bare.test", "/1")).await;
    let (_, mut kept) = stage.origin.request().await;
    kept.send(ok("x")).await;
    bare.response().await;
    bare.body().await.expect("it is whole");
    announced_to(&stage, &mut play).await;
    bare.send(get("bare.test", "/2")).await;
    assert_eq!(kept.request().await.target(), "/2");
}

#[tokio::test]
async fn what_was_told_to_us_is_told_to_the_origin() {
    let settings = [
        ("listeners.trusted", super::TRUSTED),
        ("listeners.http", super::ANNOUNCED),
    ];
    let stage = arranged(&settings, &V1).await;
    let mut client = Wire::new(begun(stage.edge.http(), v1(CLIENT)).await);
    let (header, _) = announced_to(&stage, &mut client).await;
    assert_eq!(header, "PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n");

    let stage = arranged(&[("listeners.trusted", super::TRUSTED)], &V1).await;
    let mut client = stage.plain().await;
    client
        .send(asking("X-Forwarded-For: 203.0.113.7\r\n"))
        .await;
    let mut origin = stage.origin.accept().await;
    let port = stage.edge.http().port();
    let expected = format!("PROXY TCP4 203.0.113.7 127.0.0.1 0 {port}\r\n");
    assert_eq!(line(&mut origin).await, expected);
}

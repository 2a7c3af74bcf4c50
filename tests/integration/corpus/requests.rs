//! Raw HTTP/1.1 requests, over plain connections and over TLS.

use super::case::{self, Case, File};
use super::expected::{Expected, Request, Step};
use super::front::{Front, hold};
use crate::support::{Head, PLAY, Wire};

/// The files, by what is odd in them.
const FILES: [File; 12] = [
    ("lines", include_str!("cases/lines.txt")),
    ("ends", include_str!("cases/ends.txt")),
    ("targets", include_str!("cases/targets.txt")),
    ("hosts", include_str!("cases/hosts.txt")),
    ("fields", include_str!("cases/fields.txt")),
    ("hops", include_str!("cases/hops.txt")),
    ("lengths", include_str!("cases/lengths.txt")),
    ("codings", include_str!("cases/codings.txt")),
    ("both", include_str!("cases/both.txt")),
    ("chunks", include_str!("cases/chunks.txt")),
    ("sizes", include_str!("cases/sizes.txt")),
    ("chunk-lines", include_str!("cases/chunk-lines.txt")),
];

#[test]
fn the_corpus_has_at_least_300_requests() {
    assert!(case::all(&FILES).count() >= 300);
}

#[tokio::test]
async fn no_plain_request_can_be_read_in_two_ways() {
    let front = Front::start().await;
    let each = async |case: &Case| {
        let wire = front.plain().await;
        run(&front, wire, case).await;
    };
    hold(&FILES, each).await;
}

#[tokio::test]
async fn no_request_over_tls_can_be_read_in_two_ways() {
    let front = Front::start().await;
    let client = front.client();
    let each = async |case: &Case| {
        let wire = front.tls(&client).await.http1();
        run(&front, wire, case).await;
    };
    hold(&FILES, each).await;
}

/// Sends a case with a marker right behind it, and checks both ends.
async fn run(front: &Front, wire: Wire, case: &Case) {
    let name = &*case.name;
    let expected = Expected::of(case);
    let mut client = Client { wire, name };
    let mut bytes = case.bytes();
    if !expected.unfinished {
        bytes.extend_from_slice(marker().as_bytes());
    }
    // The edge may have heard enough before all is said.
    let _ = client.wire.try_send(&bytes).await;
    if expected.unfinished {
        let _ = client.wire.try_finish().await;
    }
    client.answers(&expected).await;
    front.quiet().await;
    let mut seen = front.origin.take(name).into_iter();
    let end = (!expected.closed).then(|| Request::new("GET /marker"));
    for request in expected.reaching().chain(&end) {
        let message = seen.next();
        let message = message.unwrap_or_else(|| panic!("{name}: no {request:?}"));
        request.check(&message, name);
    }
    let more: Vec<_> = seen.collect();
    assert!(more.is_empty(), "{name}: {more:?}");
}

fn marker() -> String {
    format!("GET /marker HTTP/1.1\r\nHost: {PLAY}\r\n\r\n")
}

/// The sender of a case.
struct Client<'n> {
    wire: Wire,
    name: &'n str,
}

impl Client<'_> {
    /// Takes all that comes back.
    async fn answers(&mut self, expected: &Expected) {
        let last = expected.steps.len();
        for (index, step) in expected.steps.iter().enumerate() {
            let answer = self.answer().await;
            self.check(&answer, step);
            if index + 1 < last || !expected.closed {
                self.wire.body().await.expect("the answer is whole");
            }
        }
        match expected.closed {
            true => self.closed(expected.unfinished).await,
            false => {
                let answer = self.answer().await;
                self.check(&answer, &Step::Reaches(Request::new("GET /marker")));
            }
        }
    }

    async fn answer(&mut self) -> Head {
        let answer = self.wire.try_answer().await;
        answer.unwrap_or_else(|_| panic!("{}: no answer", self.name))
    }

    fn check(&self, answer: &Head, step: &Step) {
        let name = self.name;
        match step {
            Step::Answer(statuses) => {
                assert!(statuses.contains(&answer.status()), "{name}: {answer:?}");
                assert_eq!(answer.one("x-answers"), None, "{name}: not the origin's");
            }
            Step::Reaches(request) => {
                assert_eq!(answer.status(), 200, "{name}: {answer:?}");
                assert_eq!(answer.one("x-answers"), Some(&*request.start), "{name}");
            }
        }
    }

    /// Waits for the end; nothing may be answered any more, but for a complaint about a request
    /// that stops in the middle.
    async fn closed(&mut self, unfinished: bool) {
        let rest = self.wire.closed().await;
        let rest = String::from_utf8_lossy(&rest);
        let quiet = !rest.contains("HTTP/1.") || unfinished && rest.starts_with("HTTP/1.1 4");
        assert!(quiet, "{}: {rest}", self.name);
    }
}

//! Raw frames of HTTP/2, over TLS.
//!
//! What is sent is a script; `S` is a stream, `end` and `open` are END_STREAM and no END_HEADERS:
//!
//! | line | sends |
//! | --- | --- |
//! | `headers S [end] [open]` | HEADERS with the fields of the lines below it that are set in |
//! | `continuation S [open]` | CONTINUATION, likewise |
//! | `data S [end] TEXT` | DATA |
//! | `rst S CODE` | RST_STREAM |
//! | `settings ID VALUE` | SETTINGS |
//! | `window S N` | WINDOW_UPDATE |
//! | `frame TYPE FLAGS S BYTES` | any frame |
//! | `bare BYTES` | these bytes in the place of the preface and the first SETTINGS |
//!
//! What has to come of it: `status S CODE`, `reset S CODE`, `goaway CODE` for the end of the
//! connection, `closed` for its end without that, `none` where nothing is answered, and what reaches the origin, as for HTTP/1.1.

use std::collections::BTreeMap;

use super::case::{self, Case, File, unescape};
use super::expected::Request;
use super::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PREFACE, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, fields, frame, request, status,
};
use super::front::{Front, hold};
use super::strict::Message;
use crate::support::{PATIENCE, Wire, within};

const FILES: [File; 9] = [
    ("h2-pseudo", include_str!("cases/h2-pseudo.txt")),
    ("h2-hosts", include_str!("cases/h2-hosts.txt")),
    ("h2-targets", include_str!("cases/h2-targets.txt")),
    ("h2-methods", include_str!("cases/h2-methods.txt")),
    ("h2-fields", include_str!("cases/h2-fields.txt")),
    ("h2-names", include_str!("cases/h2-names.txt")),
    ("h2-bodies", include_str!("cases/h2-bodies.txt")),
    ("h2-frames", include_str!("cases/h2-frames.txt")),
    ("h2-streams", include_str!("cases/h2-streams.txt")),
];

#[test]
fn the_corpus_has_at_least_100_sequences() {
    assert!(case::all(&FILES).count() >= 100);
}

#[tokio::test]
async fn no_request_in_frames_can_be_read_in_two_ways() {
    let front = Front::start().await;
    let client = front.client().offering(&["h2"]);
    let each = async |case: &Case| {
        let wire = front.tls(&client).await.http1();
        run(&front, wire, case).await;
    };
    hold(&FILES, each).await;
}

async fn run(front: &Front, mut wire: Wire, case: &Case) {
    let name = &*case.name;
    let expected = Expected::of(case);
    let mut bytes = script(&case.lines);
    if expected.end.is_none() {
        bytes.extend(request(MARKER, "GET", "/marker"));
    }
    let _ = wire.try_send(&bytes).await;
    let seen = within(PATIENCE, name, Seen::all(&mut wire, &expected)).await;
    let all = (seen.streams, seen.end);
    assert_eq!(all, (expected.streams.clone(), expected.end), "{name}");
    drop(wire);
    front.quiet().await;
    check_origin(&expected, front.origin.take(name), name);
}

fn check_origin(expected: &Expected, mut messages: Vec<Message>, name: &str) {
    // Streams run side by side.
    for request in &expected.requests {
        let place = messages
            .iter()
            .position(|message| message.start == request.start);
        let place = place.unwrap_or_else(|| panic!("{name}: {request:?} not in {messages:?}"));
        request.check(&messages.remove(place), name);
    }
    assert!(messages.is_empty(), "{name}: {messages:?}");
}

/// What becomes of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Status(u16),
    Reset(u32),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    GoAway(u32),
    Closed,
}

#[derive(Default)]
struct Expected {
    streams: BTreeMap<u32, Fate>,
    end: Option<End>,
    requests: Vec<Request>,
}

impl Expected {
    fn of(case: &Case) -> Self {
        let mut expected = Self::default();
        for line in &case.expected {
            let words: Vec<_> = line.split(' ').collect();
            match words[..] {
                ["status", stream, status] => {
                    expected.stream(stream, Fate::Status(number(status) as u16));
                }
                ["reset", stream, code] => expected.stream(stream, Fate::Reset(reason(code))),
                ["goaway", code] => expected.end = Some(End::GoAway(reason(code))),
                ["none"] => {}
                ["closed"] => expected.end = Some(End::Closed),
                ["reaches", ..] => expected.requests.push(Request::new(&line[8..])),
                _ => {
                    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
                    let last = expected.requests.last_mut();
                    last.expect("a request is named first").add(word, rest);
                }
            }
        }
        if expected.end.is_none() {
            expected.streams.insert(MARKER, Fate::Status(200));
            expected.requests.push(Request::new("GET /marker"));
        }
        expected
    }

    fn stream(&mut self, stream: &str, fate: Fate) {
        self.streams.insert(number(stream), fate);
    }
}

/// What came back.
#[derive(Default)]
struct Seen {
    streams: BTreeMap<u32, Fate>,
    end: Option<End>,
}

impl Seen {
    /// Reads until all that is expected was there, or the connection is over.
    async fn all(wire: &mut Wire, expected: &Expected) -> Self {
        let mut seen = Self::default();
        while seen.end.is_none() || expected.end.is_some() {
            let is_there = |stream| seen.streams.contains_key(stream);
            if expected.end.is_none() && expected.streams.keys().all(is_there) {
                break;
            }
            let Some(head) = wire.try_exactly(9).await else {
                seen.end.get_or_insert(End::Closed);
                break;
            };
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let payload = wire.try_exactly(length).await.unwrap_or_default();
            seen.take(head[3], stream, &payload);
        }
        seen
    }

    fn take(&mut self, kind: u8, stream: u32, payload: &[u8]) {
        let code = |at: usize| {
            let bytes = payload[at..at + 4].try_into();
            u32::from_be_bytes(bytes.expect("four bytes"))
        };
        match kind {
            HEADERS => drop(self.streams.insert(stream, Fate::Status(status(payload)))),
            // After a whole answer it only says that the rest of the request is not wanted.
            RST_STREAM if code(0) != 0 => {
                self.streams.insert(stream, Fate::Reset(code(0)));
            }
            GOAWAY => self.end = Some(End::GoAway(code(4))),
            _ => {}
        }
    }
}

/// The bytes of a script.
fn script(lines: &[String]) -> Vec<u8> {
    let mut lines = lines.iter().map(String::as_str).peekable();
    let mut bytes = match lines.peek().and_then(|line| line.strip_prefix("bare ")) {
        Some(bare) => {
            lines.next();
            unescape(bare)
        }
        None => [PREFACE, &frame(SETTINGS, 0, 0, NO_TABLE)].concat(),
    };
    while let Some(line) = lines.next() {
        let mut block = Vec::new();
        while let Some(field) = lines.peek().and_then(|line| line.strip_prefix("  ")) {
            block.push(field.to_owned());
            lines.next();
        }
        bytes.extend(command(line, &block));
    }
    bytes
}

fn command(line: &str, block: &[String]) -> Vec<u8> {
    let words: Vec<_> = line.split(' ').collect();
    let has = |flag| words.contains(&flag);
    let end = if has("end") { END_STREAM } else { 0 };
    let whole = if has("open") { 0 } else { END_HEADERS };
    let word = |index: usize| *words.get(index).unwrap_or(&"");
    let stream = || number(word(1));
    let rest = |count: usize| unescape(line.splitn(count + 1, ' ').nth(count).unwrap_or(""));
    match words[0] {
        "headers" => frame(HEADERS, end | whole, stream(), &fields(block)),
        "continuation" => frame(CONTINUATION, whole, stream(), &fields(block)),
        "data" if has("end") => frame(DATA, end, stream(), &rest(3)),
        "data" => frame(DATA, 0, stream(), &rest(2)),
        "rst" => frame(RST_STREAM, 0, stream(), &reason(word(2)).to_be_bytes()),
        "window" => frame(WINDOW_UPDATE, 0, stream(), &number(word(2)).to_be_bytes()),
        "settings" => {
            let id = number(word(1)) as u16;
            let value = number(word(2)).to_be_bytes();
            let payload = [&id.to_be_bytes()[..], &value].concat();
            frame(SETTINGS, 0, 0, &payload)
        }
        "frame" => {
            let (kind, flags) = (number(word(1)) as u8, number(word(2)) as u8);
            frame(kind, flags, number(word(3)), &rest(4))
        }
        _ => panic!("{line:?} is no line of a script"),
    }
}

fn number(word: &str) -> u32 {
    let number = word.parse();
    number.unwrap_or_else(|_| panic!("{word:?} is no number"))
}

/// The code of an error (RFC 9113 section 7).
fn reason(word: &str) -> u32 {
    let code = REASONS.iter().position(|reason| *reason == word);
    code.unwrap_or_else(|| panic!("{word:?} is no error")) as u32
}

/// The stream of the request behind a script.
const MARKER: u32 = 99;

/// SETTINGS_HEADER_TABLE_SIZE 0: answers stand in no table.
const NO_TABLE: &[u8] = &[0, 1, 0, 0, 0, 0];

const REASONS: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

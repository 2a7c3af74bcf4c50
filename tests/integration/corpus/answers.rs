//! Raw answers of origins.
//!
//! What is sent is the answer to `GET /asked`; the line `end` says that the origin ends the
//! connection behind it. What has to come of it:
//!
//! | line | meaning |
//! | --- | --- |
//! | `asked HEAD` | the request's method |
//! | `502` | the status that the client gets |
//! | `body abc` | the whole body that the client gets |
//! | `cut` | the client's connection ends before the answer does |
//! | `field name: value`, `no name` | in the client's answer |
//! | `closed` | the edge closes the connection to the origin |
//! | `kept` | the connection goes on with the next request |

use super::case::{self, Case, File, unescape};
use super::front::hold;
use crate::support::{Cut, Head, PLAY, Stage, Wire, get, ok};

const FILES: [File; 3] = [
    ("answer-bodies", include_str!("cases/answer-bodies.txt")),
    ("answer-lines", include_str!("cases/answer-lines.txt")),
    ("answer-kinds", include_str!("cases/answer-kinds.txt")),
];

#[test]
fn the_corpus_has_at_least_60_answers() {
    assert!(case::all(&FILES).count() >= 60);
}

#[tokio::test]
async fn no_answer_can_be_read_in_two_ways() {
    let stage = Stage::new().await;
    let impatient = Stage::with(&[("timeouts.first_byte", r#""300ms""#)]).await;
    let each = async |case: &Case| {
        let expected = Expected::of(case);
        match expected.status {
            504 => run(&impatient, case, &expected).await,
            _ => run(&stage, case, &expected).await,
        }
    };
    hold(&FILES, each).await;
}

async fn run(stage: &Stage, case: &Case, expected: &Expected) {
    let mut client = stage.plain().await;
    let method = &expected.method;
    let request = format!("{method} /asked HTTP/1.1\r\nHost: {PLAY}\r\n\r\n");
    client.send(request).await;
    let (_, mut origin) = stage.origin.request().await;
    let (bytes, ends) = bytes(case);
    // The edge may have heard enough before all is said.
    let _ = origin.try_send(bytes).await;
    if ends {
        let _ = origin.try_finish().await;
    }
    let name = &case.name;
    match client.try_answer().await {
        // What breaks with its first byte may not even have begun for the client.
        Err(Cut) if expected.cut => {}
        answer => {
            let answer = answer.unwrap_or_else(|Cut| panic!("{name}: no answer"));
            expected.check(&answer, name);
            if method != "HEAD" {
                expected.check_body(client.body().await, name);
            }
        }
    }
    if !expected.closed {
        client.send(get(PLAY, "/next")).await;
        assert_eq!(origin.request().await.target(), "/next", "{name}");
        origin.send(ok("next")).await;
        answer_is_next(&mut client, name).await;
        return;
    }
    assert!(origin.closed().await.is_empty(), "{name}: nothing follows");
    let mut client = stage.plain().await;
    client.send(get(PLAY, "/next")).await;
    let (_, mut origin) = stage.origin.request().await;
    origin.send(ok("next")).await;
    answer_is_next(&mut client, name).await;
}

/// What the origin sends, and whether it ends the connection then.
fn bytes(case: &Case) -> (Vec<u8>, bool) {
    let ends = case.lines.last().is_some_and(|line| line == "end");
    let lines = &case.lines[..case.lines.len() - usize::from(ends)];
    (lines.iter().flat_map(|line| unescape(line)).collect(), ends)
}

async fn answer_is_next(client: &mut Wire, name: &str) {
    let answer = client.try_answer().await;
    assert_eq!(answer.expect("an answer").status(), 200, "{name}");
    assert_eq!(client.body().await.as_deref(), Ok(&b"next"[..]), "{name}");
}

struct Expected {
    method: String,
    status: u16,
    body: Option<Vec<u8>>,
    cut: bool,
    fields: Vec<(String, Option<String>)>,
    closed: bool,
}

impl Expected {
    fn of(case: &Case) -> Self {
        let mut expected = Self {
            method: "GET".to_owned(),
            status: 0,
            body: None,
            cut: false,
            fields: Vec::new(),
            closed: true,
        };
        for line in &case.expected {
            expected.add(line);
        }
        let decided = ["closed", "kept"].map(|end| case.expected.iter().any(|it| it == end));
        assert_eq!(decided[0], !decided[1], "{}: closed or kept", case.name);
        expected
    }

    fn add(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "asked" => self.method = rest.to_owned(),
            "body" => self.body = Some(unescape(rest)),
            "cut" => self.cut = true,
            "field" => {
                let (name, value) = rest.split_once(": ").expect("a name and a value");
                self.fields.push((name.to_owned(), Some(value.to_owned())));
            }
            "no" => self.fields.push((rest.to_owned(), None)),
            "closed" => self.closed = true,
            "kept" => self.closed = false,
            _ => self.status = word.parse().expect("a status"),
        }
    }

    fn check(&self, answer: &Head, name: &str) {
        assert_eq!(answer.status(), self.status, "{name}: {answer:?}");
        for (field, value) in &self.fields {
            assert_eq!(answer.one(field), value.as_deref(), "{name}: {field}");
        }
        let framings = ["content-length", "transfer-encoding"].map(|it| answer.one(it).is_some());
        assert_ne!(framings, [true, true], "{name}: {answer:?}");
    }

    fn check_body(&self, body: Result<Vec<u8>, Cut>, name: &str) {
        match (&self.body, body) {
            (_, body) if self.cut => assert_eq!(body, Err(Cut), "{name}"),
            (expected, body) => {
                let body = body.unwrap_or_else(|Cut| panic!("{name}: the body is cut"));
                // Without an expectation it is the edge's own text.
                let as_expected = expected.as_ref().is_none_or(|expected| *expected == body);
                assert!(as_expected, "{name}: {:?}", String::from_utf8_lossy(&body));
            }
        }
    }
}

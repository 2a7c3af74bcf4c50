//! What has to come of a request, as it is written beside it.
//!
//! | line | meaning |
//! | --- | --- |
//! | `400` | that answer of the edge, and the connection is closed |
//! | `404|421` | one of these answers, and the same |
//! | `404 open` | that answer, and the connection goes on |
//! | `reaches POST /a` | the origin gets a whole request for that, and its answer comes back |
//! | `body abc` | … with that body |
//! | `field name: value` | … with that field, once |
//! | `no name` | … without that field |
//! | `then closed` | the connection is closed after the answers before |
//! | `closed` | the connection is closed without an answer |
//! | `unfinished` | the client stops there: nothing whole reaches the origin, and the connection is closed |

use super::case::{Case, unescape};
use super::strict::Message;

/// What has to come of a case.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    /// The answers, in their order.
    pub(crate) steps: Vec<Step>,
    /// Whether the connection is closed behind them.
    pub(crate) closed: bool,
    /// Whether the client stops in the middle.
    pub(crate) unfinished: bool,
}

/// An answer.
#[derive(Debug)]
pub(crate) enum Step {
    /// The edge's own, with one of these statuses.
    Answer(Vec<u16>),
    /// The origin's.
    Reaches(Request),
}

/// A request at the origin.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) start: String,
    conditions: Vec<Condition>,
}

#[derive(Debug)]
enum Condition {
    Body(Vec<u8>),
    Field(String, String),
    No(String),
}

impl Expected {
    pub(crate) fn of(case: &Case) -> Self {
        let mut expected = Self::default();
        for line in &case.expected {
            expected.add(line, &case.name);
        }
        expected
    }

    fn add(&mut self, line: &str, name: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (word, rest) {
            ("closed", "") | ("then", "closed") => self.closed = true,
            ("unfinished", "") => (self.closed, self.unfinished) = (true, true),
            ("reaches", start) => self.steps.push(Step::Reaches(Request::new(start))),
            _ => match (statuses(word), self.steps.last_mut()) {
                (Some(statuses), _) => {
                    self.closed = rest != "open";
                    self.steps.push(Step::Answer(statuses));
                }
                (None, Some(Step::Reaches(request))) => request.add(word, rest),
                _ => panic!("{name}: {line:?} is no expectation"),
            },
        }
    }

    /// The requests that have to reach the origin.
    pub(crate) fn reaching(&self) -> impl Iterator<Item = &Request> {
        self.steps.iter().filter_map(|step| match step {
            Step::Answer(_) => None,
            Step::Reaches(request) => Some(request),
        })
    }
}

fn statuses(word: &str) -> Option<Vec<u16>> {
    word.split('|').map(|status| status.parse().ok()).collect()
}

impl Request {
    pub(crate) fn new(start: &str) -> Self {
        Self {
            start: text(&format!("{start} HTTP/1.1")),
            conditions: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, word: &str, rest: &str) {
        let field = rest.split_once(": ");
        let condition = match (
            word,
            field.or(rest.strip_suffix(':').map(|name| (name, ""))),
        ) {
            ("body", _) => Condition::Body(unescape(rest)),
            ("field", Some((name, value))) => Condition::Field(text(name), text(value)),
            ("no", _) => Condition::No(rest.to_owned()),
            _ => panic!("{word} {rest:?} is no condition"),
        };
        self.conditions.push(condition);
    }

    pub(crate) fn check(&self, message: &Message, name: &str) {
        assert_eq!(message.start, self.start, "{name}");
        for condition in &self.conditions {
            match condition {
                Condition::Body(body) => assert_eq!(&message.body, body, "{name}"),
                Condition::Field(field, value) => {
                    assert_eq!(
                        message.all(field),
                        std::slice::from_ref(value),
                        "{name}: {field}"
                    );
                }
                Condition::No(field) => {
                    assert!(message.all(field).is_empty(), "{name}: {message:?}");
                }
            }
        }
    }
}

fn text(escaped: &str) -> String {
    String::from_utf8_lossy(&unescape(escaped)).into_owned()
}

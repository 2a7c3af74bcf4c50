//! What hyper lets pass, found in the bytes before it reads them: lines that end in a bare LF, a
//! length given twice or beside a coding, a target with a fragment.
//!
//! hyper's parser is lenient where RFC 9112 allows it, and says nothing of it afterwards. A server
//! before this proxy may have read such a message in another way; so it is refused.

use crate::framing;

/// Follows the requests of an HTTP/1.1 connection from head to head.
#[derive(Debug, Default)]
pub struct Scan {
    state: State,
    /// The part of a line that came so far; whole lines are looked at where they stand.
    line: Vec<u8>,
    head: Head,
}

/// Where in a message the next byte stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// In the request line, or an empty line before it.
    #[default]
    Start,
    Field,
    /// So many bytes of the body are left.
    Body(u64),
    Size,
    /// So many bytes of the chunk are left.
    Chunk(u64),
    ChunkEnd,
    Trailer,
    /// Where nothing is looked at: what follows is no request, or never answered.
    Over,
}

/// What a head has said so far.
#[derive(Debug, Default)]
struct Head {
    length: Option<u64>,
    coding: Option<Coding>,
    over: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Chunked,
    /// One that is refused when the head is whole.
    Other,
}

/// What may be read in two ways: the byte at this index, the end of its line, must not be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubtful {
    /// The index of the byte.
    pub at: usize,
    /// Whether it stands in a head; otherwise in a body.
    pub in_head: bool,
}

impl Scan {
    /// Looks at the next bytes of the connection.
    ///
    /// # Errors
    ///
    /// At the end of the first line that may be read in two ways.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), Doubtful> {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            at += match self.state {
                State::Over => return Ok(()),
                State::Body(left) => {
                    let (taken, left) = skip(rest, left);
                    self.state = left.map_or(State::Start, State::Body);
                    taken
                }
                State::Chunk(left) => {
                    let (taken, left) = skip(rest, left);
                    self.state = left.map_or(State::ChunkEnd, State::Chunk);
                    taken
                }
                _ => self.take_line(rest).map_err(|end| Doubtful {
                    at: at + end,
                    in_head: matches!(self.state, State::Start | State::Field),
                })?,
            };
        }
        Ok(())
    }

    /// Takes a line, or the part of it that is there; fails with the index of its end.
    fn take_line(&mut self, bytes: &[u8]) -> Result<usize, usize> {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            self.line.extend_from_slice(bytes);
            return match self.line.len() > LONGEST_LINE {
                true => Err(0),
                false => Ok(bytes.len()),
            };
        };
        let next = match self.line.is_empty() {
            true => self.judge(&bytes[..end]),
            false => {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(&bytes[..end]);
                self.judge(&line)
            }
        };
        self.state = next.ok_or(end)?;
        Ok(end + 1)
    }

    /// What comes after a line; nothing if it is doubtful. The line is without its LF.
    fn judge(&mut self, line: &[u8]) -> Option<State> {
        let line = line.strip_suffix(b"\r")?;
        if line.contains(&b'\r') {
            return None;
        }
        match self.state {
            State::Start if line.is_empty() => Some(State::Start),
            State::Start => self.request_line(line),
            State::Field if line.is_empty() => Some(self.end_of_head()),
            State::Field => self.field(line),
            State::Size => Some(match framing::chunk_size(line)? {
                0 => State::Trailer,
                size => State::Chunk(size),
            }),
            State::ChunkEnd => line.is_empty().then_some(State::Size),
            State::Trailer if line.is_empty() => Some(State::Start),
            State::Trailer => framing::is_trailer(line).then_some(State::Trailer),
            State::Body(_) | State::Chunk(_) | State::Over => Some(self.state),
        }
    }

    /// A fragment is no part of a target, and would be cut off without a word.
    fn request_line(&mut self, line: &[u8]) -> Option<State> {
        let mut words = line.split(|byte| *byte == b' ');
        self.head = Head::default();
        // It is refused, whatever follows.
        self.head.over = words.next() == Some(b"CONNECT");
        let target = words.next().unwrap_or_default();
        (!target.contains(&b'#')).then_some(State::Field)
    }

    fn field(&mut self, line: &[u8]) -> Option<State> {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let head = &mut self.head;
        if name.eq_ignore_ascii_case(b"content-length") {
            let alone = head.length.is_none() && head.coding.is_none();
            head.length = Some(framing::length(value).filter(|_| alone)?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if head.length.is_some() {
                return None;
            }
            let chunked = head.coding.is_none() && value.eq_ignore_ascii_case(b"chunked");
            head.coding = Some(match chunked {
                true => Coding::Chunked,
                false => Coding::Other,
            });
        } else if name.eq_ignore_ascii_case(b"upgrade") {
            head.over |= names_websocket(value);
        }
        Some(State::Field)
    }

    fn end_of_head(&mut self) -> State {
        let head = std::mem::take(&mut self.head);
        match (head.coding, head.length) {
            _ if head.over => State::Over,
            (Some(Coding::Chunked), _) => State::Size,
            (Some(Coding::Other), _) => State::Over,
            (None, None | Some(0)) => State::Start,
            (None, Some(length)) => State::Body(length),
        }
    }
}

/// How many of the bytes belong to what is left, and how much is left then, if anything.
fn skip(bytes: &[u8], left: u64) -> (usize, Option<u64>) {
    match usize::try_from(left) {
        Ok(left) if left <= bytes.len() => (left, None),
        _ => (bytes.len(), Some(left - bytes.len() as u64)),
    }
}

/// Whether a value of `Upgrade` may lead to a WebSocket, whose bytes are no requests. A connection
/// on which that is asked for carries no request after it.
pub(super) fn names_websocket(value: &[u8]) -> bool {
    let mut windows = value.windows(WEBSOCKET.len());
    windows.any(|window| window.eq_ignore_ascii_case(WEBSOCKET))
}

const WEBSOCKET: &[u8] = b"websocket";

/// No head, and nothing else that is read as lines, may be as long.
const LONGEST_LINE: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// The first doubtful byte; the same whether the bytes come at once or one by one.
    fn doubtful(text: &str) -> Option<Doubtful> {
        let at_once = Scan::default().take(text.as_bytes()).err();
        let mut scan = Scan::default();
        let one_by_one = text.bytes().enumerate().find_map(|(index, byte)| {
            let doubtful = scan.take(&[byte]).err()?;
            Some(Doubtful {
                at: index,
                ..doubtful
            })
        });
        assert_eq!(at_once, one_by_one, "{text:?}");
        at_once
    }

    #[test]
    fn sound_requests_pass_one_after_another() {
        assert_eq!(
            doubtful(
                "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\
                 POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n\n\r\n\
                 POST / HTTP/1.1\r\ntransfer-encoding:CHUNKED\r\n\r\n\
                 3;a=b\r\n\n\n\n\r\n0\r\nX: y\r\n\r\n\
                 POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\n\r\n"
            ),
            None
        );
    }

    #[test]
    fn what_two_servers_could_read_in_two_ways_is_found() {
        let start = "GET / HTTP/1.1\r\n";
        for (text, in_head) in [
            ("\n", true),
            ("GET / HTTP/1.1\n", true),
            ("GET /#a HTTP/1.1\r\n", true),
            (&format!("{start}Host: a\n"), true),
            (&format!("{start}\n"), true),
            (&format!("{start}\r\r\n"), true),
            (&format!("{start}Host\r\n"), true),
            (
                &format!("{start}Content-Length: 3\r\ncontent-length: 3\r\n"),
                true,
            ),
            (
                &format!("{start}Content-Length: 3\r\nTransfer-Encoding: x\r\n"),
                true,
            ),
            (
                &format!("{start}Transfer-Encoding: x\r\nContent-Length: 3\r\n"),
                true,
            ),
            (&format!("{start}Content-Length: +3\r\n"), true),
            (
                &format!("{start}Transfer-Encoding: chunked\r\n\r\n3\n"),
                false,
            ),
            (
                &format!("{start}Transfer-Encoding: chunked\r\n\r\n1\r\na\n"),
                false,
            ),
            (
                &format!("{start}Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\n"),
                false,
            ),
        ] {
            let expected = Doubtful {
                at: text.len() - 1,
                in_head,
            };
            assert_eq!(doubtful(text), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_request_is_not_looked_at() {
        for head in [
            "GET / HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\n",
            "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert_eq!(doubtful(&format!("{head}\n\n\r\r\n")), None, "{head:?}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_not_kept() {
        let mut scan = Scan::default();
        let long = vec![b'a'; LONGEST_LINE + 1];
        assert!(scan.take(&long).is_err());
    }
}

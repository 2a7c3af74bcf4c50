use bytes::{Buf, Bytes};

use super::answer::Framing;
use super::invalid::Invalid;
use crate::framing;

/// Takes a response's body out of what comes on its connection.
#[derive(Debug)]
pub(in crate::origin) struct Decoder {
    state: State,
    /// The part of a line that came so far.
    line: Vec<u8>,
    /// Bytes of lines between two chunks, or behind the last one.
    between: usize,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The body, of which so many bytes are left.
    Body(u64),
    Size,
    /// A chunk, of which so many bytes are left.
    Chunk(u64),
    ChunkEnd,
    Trailer,
    /// The body, up to the end of the connection.
    UntilClose,
    Over,
}

impl Decoder {
    pub(super) fn new(framing: Framing) -> Self {
        Self {
            state: match framing {
                Framing::Length(0) => State::Over,
                Framing::Length(length) => State::Body(length),
                Framing::Chunked => State::Size,
                Framing::Close => State::UntilClose,
            },
            line: Vec::new(),
            between: 0,
        }
    }

    /// Whether the body is over.
    pub(in crate::origin) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// How many bytes are left, if that is known.
    pub(in crate::origin) fn left(&self) -> Option<u64> {
        match self.state {
            State::Body(left) => Some(left),
            State::Over => Some(0),
            _ => None,
        }
    }

    /// Whether the body may end with the connection, here.
    pub(in crate::origin) fn may_close(&self) -> bool {
        matches!(self.state, State::UntilClose | State::Over)
    }

    /// The next piece of the body in `incoming`; empty when there is none in it, or the body is
    /// over. What stands behind the piece and is not of the body is taken as well.
    ///
    /// # Errors
    ///
    /// When the chunks are none.
    pub(in crate::origin) fn take(&mut self, incoming: &mut Bytes) -> Result<Bytes, Invalid> {
        let mut piece = Bytes::new();
        while !incoming.is_empty() {
            match self.state {
                State::Over => break,
                State::Body(_) | State::Chunk(_) | State::UntilClose if !piece.is_empty() => break,
                State::UntilClose => piece = std::mem::take(incoming),
                State::Body(left) => {
                    piece = split(incoming, left);
                    self.state = match left - piece.len() as u64 {
                        0 => State::Over,
                        left => State::Body(left),
                    };
                }
                State::Chunk(left) => {
                    piece = split(incoming, left);
                    self.state = match left - piece.len() as u64 {
                        0 => State::ChunkEnd,
                        left => State::Chunk(left),
                    };
                }
                State::Size | State::ChunkEnd | State::Trailer => self.take_line(incoming)?,
            }
        }
        Ok(piece)
    }

    /// Takes a line, or the part of it that is there.
    fn take_line(&mut self, incoming: &mut Bytes) -> Result<(), Invalid> {
        let end = incoming.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(incoming.len(), |end| end + 1);
        self.between += length;
        if self.between > MAX_BETWEEN {
            return Err(Invalid::Chunk);
        }
        let next = match (end, self.line.is_empty()) {
            (None, _) => {
                self.line.extend_from_slice(incoming);
                Some(self.state)
            }
            (Some(end), true) => self.judge(&incoming[..end]),
            (Some(end), false) => {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(&incoming[..end]);
                self.judge(&line)
            }
        };
        incoming.advance(length);
        self.state = next.ok_or(Invalid::Chunk)?;
        if let State::Chunk(_) = self.state {
            self.between = 0;
        }
        Ok(())
    }

    /// What comes after a line, without its LF; none if it is not valid.
    fn judge(&self, line: &[u8]) -> Option<State> {
        let line = line.strip_suffix(b"\r")?;
        match self.state {
            State::Size => Some(match framing::chunk_size(line)? {
                0 => State::Trailer,
                size => State::Chunk(size),
            }),
            State::ChunkEnd => line.is_empty().then_some(State::Size),
            State::Trailer if line.is_empty() => Some(State::Over),
            // Not passed on: they would be fields that nobody checked.
            State::Trailer => framing::is_trailer(line).then_some(State::Trailer),
            state => Some(state),
        }
    }
}

fn split(incoming: &mut Bytes, left: u64) -> Bytes {
    let most = usize::try_from(left).unwrap_or(usize::MAX);
    incoming.split_to(most.min(incoming.len()))
}

/// Extensions of a chunk, or trailers: nobody sends as much of what nobody reads.
const MAX_BETWEEN: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// The body, whether it comes at once or in pieces, and what is left behind it.
    fn decode(framing: Framing, text: &[u8]) -> Result<(Vec<u8>, bool, Vec<u8>), Invalid> {
        let of_pieces = |size: usize| {
            let (mut decoder, mut body, mut rest) = (Decoder::new(framing), Vec::new(), Vec::new());
            for piece in text.chunks(size) {
                let mut incoming = Bytes::copy_from_slice(piece);
                loop {
                    let piece = decoder.take(&mut incoming)?;
                    if piece.is_empty() {
                        break;
                    }
                    body.extend_from_slice(&piece);
                }
                rest.extend_from_slice(&incoming);
            }
            Ok((body, decoder.is_over(), rest))
        };
        let at_once = of_pieces(text.len().max(1));
        for size in 1..text.len().min(40) {
            assert_eq!(of_pieces(size), at_once, "in pieces of {size}");
        }
        at_once
    }

    #[test]
    fn a_body_ends_where_its_framing_says() {
        let whole = |body: &str, rest: &str| Ok((body.into(), true, rest.into()));
        let part = |body: &str| Ok((body.into(), false, Vec::new()));
        assert_eq!(decode(Framing::Length(3), b"abcd"), whole("abc", "d"));
        assert_eq!(decode(Framing::Length(3), b"ab"), part("ab"));
        assert_eq!(decode(Framing::Length(0), b"a"), whole("", "a"));
        assert_eq!(decode(Framing::Close, b"abc"), part("abc"));
        let chunks = b"3;x=y\r\nab\n\r\n0a\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\nHTTP";
        assert_eq!(
            decode(Framing::Chunked, chunks),
            whole("ab\n0123456789", "HTTP")
        );
        assert_eq!(decode(Framing::Chunked, b"3\r\nab"), part("ab"));
        assert_eq!(decode(Framing::Chunked, b"0\r\n"), part(""));
    }

    #[test]
    fn the_end_is_known_with_the_last_piece() {
        let mut decoder = Decoder::new(Framing::Chunked);
        let mut incoming = Bytes::from_static(b"3\r\nabc\r\n0\r\n\r\n");
        assert_eq!(decoder.take(&mut incoming).unwrap(), "abc");
        assert!(decoder.is_over() && incoming.is_empty());
    }

    #[test]
    fn what_are_no_chunks_is_refused() {
        let endless = format!("0\r\n{}", "X: y\r\n".repeat(MAX_BETWEEN / 6 + 1));
        for text in [
            "3\nabc\r\n",
            "x\r\n",
            "\r\n",
            "-1\r\n",
            "3\r\nabcd\r\n",
            "3\r\nabc\n",
            "0\r\nX y\r\n\r\n",
            "fffffffffffffffff\r\n",
            &"0".repeat(MAX_BETWEEN + 1),
            &endless,
        ] {
            let mut decoder = Decoder::new(Framing::Chunked);
            let mut incoming = Bytes::copy_from_slice(text.as_bytes());
            let refused = loop {
                match decoder.take(&mut incoming) {
                    Ok(piece) if piece.is_empty() => break None,
                    Ok(_) => {}
                    Err(invalid) => break Some(invalid),
                }
            };
            let begins = &text[..text.len().min(16)];
            assert_eq!(refused, Some(Invalid::Chunk), "{begins:?}");
        }
    }
}

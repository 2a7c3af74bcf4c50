use std::mem::MaybeUninit;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version};
use httparse::{ParserConfig, Status};

use super::decoder::Decoder;
use super::invalid::Invalid;
use crate::framing;

/// The head of a response, and what it says of what follows.
#[derive(Debug)]
pub(in crate::origin) struct Answer {
    pub(in crate::origin) head: Response<()>,
    framing: Framing,
    persists: bool,
}

/// Where a response's body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    Chunked,
    /// With the connection.
    Close,
}

impl Answer {
    /// The head at the beginning of `bytes` and its length, as the answer to a method; none while it
    /// is not whole.
    pub(super) fn parse(bytes: &Bytes, method: &Method) -> Result<Option<(Self, usize)>, Invalid> {
        let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
        let mut parsed = httparse::Response::new(&mut []);
        let status = ParserConfig::default().parse_response_with_uninit_headers(
            &mut parsed,
            bytes,
            &mut fields,
        );
        let Status::Complete(length) = status? else {
            return Ok(None);
        };
        let mut head = Response::new(());
        let status = parsed.code.unwrap_or_default();
        let status = StatusCode::from_u16(status).ok();
        // What begins with another digit has no meaning (RFC 9110 section 15).
        let status = status.filter(|status| status.as_u16() < 600);
        *head.status_mut() = status.ok_or(Invalid::Status)?;
        *head.version_mut() = match parsed.version {
            Some(0) => Version::HTTP_10,
            _ => Version::HTTP_11,
        };
        let headers = head.headers_mut();
        headers.reserve(parsed.headers.len());
        for field in parsed.headers.iter() {
            let name = HeaderName::from_bytes(field.name.as_bytes());
            let value = HeaderValue::from_maybe_shared(bytes.slice_ref(field.value));
            let (name, value) = name.ok().zip(value.ok()).ok_or(Invalid::Field)?;
            headers.append(name, value);
        }
        let framing = Framing::of(method, &head)?;
        let answer = Self {
            persists: persists(&head, framing),
            framing,
            head,
        };
        Ok(Some((answer, length)))
    }

    /// What takes its body out of the bytes behind it.
    pub(in crate::origin) fn decoder(&self) -> Decoder {
        Decoder::new(self.framing)
    }

    /// Whether the connection may take another request after it.
    pub(in crate::origin) fn persists(&self) -> bool {
        self.persists
    }

    /// Whether the bytes behind it are of another protocol.
    pub(in crate::origin) fn is_upgrade(&self) -> bool {
        self.head.status() == StatusCode::SWITCHING_PROTOCOLS
    }

    /// Whether another one follows (RFC 9110 section 15.2).
    pub(super) fn is_interim(&self) -> bool {
        self.head.status().is_informational() && !self.is_upgrade()
    }
}

impl Framing {
    /// The rule of RFC 9112 section 6.3, without what it lets pass: a message that could be read in
    /// two ways is refused whatever its status.
    fn of(method: &Method, head: &Response<()>) -> Result<Self, Invalid> {
        let framing = Self::said(head.headers(), head.version())?;
        let status = head.status();
        let is_empty = status.is_informational()
            || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
        match is_empty || *method == Method::HEAD {
            true => Ok(Self::Length(0)),
            false => Ok(framing),
        }
    }

    fn said(headers: &HeaderMap, version: Version) -> Result<Self, Invalid> {
        let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
        let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
        match (codings.next(), lengths.next()) {
            (None, None) => Ok(Self::Close),
            (None, Some(length)) => {
                let length = framing::length(length.as_bytes());
                let length = length.filter(|_| lengths.next().is_none());
                Ok(Self::Length(length.ok_or(Invalid::Length)?))
            }
            (Some(_), Some(_)) => Err(Invalid::Length),
            (Some(coding), None) => {
                let is_chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
                let alone = codings.next().is_none() && version == Version::HTTP_11;
                match is_chunked && alone {
                    true => Ok(Self::Chunked),
                    false => Err(Invalid::TransferCoding),
                }
            }
        }
    }
}

fn persists(head: &Response<()>, framing: Framing) -> bool {
    let says_close = |value: &HeaderValue| {
        let mut tokens = value.as_bytes().split(|byte| *byte == b',');
        tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"))
    };
    let mut values = head.headers().get_all(CONNECTION).iter();
    head.version() == Version::HTTP_11
        && head.status() != StatusCode::SWITCHING_PROTOCOLS
        && framing != Framing::Close
        && !values.any(says_close)
}

/// More than any origin sends.
const MAX_FIELDS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(method: &Method, text: &str) -> Result<Option<(Answer, usize)>, Invalid> {
        Answer::parse(&Bytes::copy_from_slice(text.as_bytes()), method)
    }

    fn framing(fields: &str) -> Result<(Framing, bool), Invalid> {
        let answer = parse(&Method::GET, &format!("HTTP/1.1 200 OK\r\n{fields}\r\n"));
        answer.map(|answer| {
            let (answer, _) = answer.unwrap();
            (answer.framing, answer.persists)
        })
    }

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let text = "HTTP/1.1 206 Partial\r\nContent-Length: 3\r\nX-A: 1\r\nx-a: 2\r\n\r\nabc";
        for end in 0..text.len() - 3 {
            let part = parse(&Method::GET, &text[..end]).unwrap();
            assert!(part.is_none(), "{end}");
        }
        let (answer, length) = parse(&Method::GET, text).unwrap().unwrap();
        assert_eq!(length, text.len() - 3);
        assert_eq!(answer.head.status(), StatusCode::PARTIAL_CONTENT);
        let values: Vec<_> = answer.head.headers().get_all("x-a").iter().collect();
        assert_eq!(values, ["1", "2"]);
    }

    #[test]
    fn where_a_body_ends_is_said_in_one_way() {
        let kept = |framing| Ok((framing, true));
        assert_eq!(framing(""), Ok((Framing::Close, false)));
        assert_eq!(framing("Content-Length: 7\r\n"), kept(Framing::Length(7)));
        assert_eq!(
            framing("transfer-encoding: Chunked\r\n"),
            kept(Framing::Chunked)
        );
        assert_eq!(
            framing("Content-Length: 7\r\nConnection: x, Close\r\n"),
            Ok((Framing::Length(7), false))
        );
        for (fields, invalid) in [
            (
                "Content-Length: 7\r\nContent-Length: 7\r\n",
                Invalid::Length,
            ),
            ("Content-Length: 7, 7\r\n", Invalid::Length),
            ("Content-Length: -7\r\n", Invalid::Length),
            ("Content-Length: 9223372036854775808\r\n", Invalid::Length),
            (
                "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n",
                Invalid::Length,
            ),
            ("Transfer-Encoding: gzip\r\n", Invalid::TransferCoding),
            (
                "Transfer-Encoding: gzip, chunked\r\n",
                Invalid::TransferCoding,
            ),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                Invalid::TransferCoding,
            ),
        ] {
            assert_eq!(framing(fields), Err(invalid), "{fields:?}");
        }
    }

    #[test]
    fn some_answers_have_no_body_whatever_they_say() {
        let answer = |method: &Method, status: &str| {
            let text = format!("HTTP/1.1 {status}\r\nContent-Length: 7\r\n\r\n");
            parse(method, &text).unwrap().unwrap().0.framing
        };
        assert_eq!(answer(&Method::HEAD, "200 OK"), Framing::Length(0));
        for status in ["204 No Content", "304 Not Modified", "103 Early Hints"] {
            assert_eq!(answer(&Method::GET, status), Framing::Length(0), "{status}");
        }
        assert_eq!(answer(&Method::GET, "200"), Framing::Length(7));
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for text in [
            "HTTP/2 200 OK\r\n\r\n",
            "HTTP/1.1 2000 OK\r\n\r\n",
            "ICY 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: \0\r\n\r\n",
        ] {
            let refused = parse(&Method::GET, text);
            assert!(matches!(refused, Err(Invalid::Head(_))), "{text:?}");
        }
        for text in ["HTTP/1.1 600 No\r\n\r\n", "HTTP/1.1 099 No\r\n\r\n"] {
            let refused = parse(&Method::GET, text);
            assert_eq!(refused.unwrap_err(), Invalid::Status, "{text:?}");
        }
        let old = parse(
            &Method::GET,
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        );
        assert_eq!(old.unwrap_err(), Invalid::TransferCoding);
    }
}

use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, TE, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};

use crate::framing;
use crate::origin::error::Error;
use crate::origin::http1::Invalid;

/// The head of a response, and what it says of what follows.
#[derive(Debug)]
pub(in crate::origin) struct Answer {
    pub(in crate::origin) head: Response<()>,
    /// How long its body is, if it says so.
    pub(in crate::origin) length: Option<u64>,
}

impl Answer {
    /// The head as the answer to a method. What h2 has let pass is not yet sound.
    pub(super) fn of(method: &Method, head: Response<()>) -> Result<Self, Invalid> {
        let status = head.status();
        if status.is_informational() || status.as_u16() >= 600 {
            return Err(Invalid::Status);
        }
        let length = said(head.headers())?;
        let is_empty = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
        let length = match is_empty || *method == Method::HEAD {
            true => Some(0),
            false => length,
        };
        Ok(Self { head, length })
    }
}

fn said(headers: &HeaderMap) -> Result<Option<u64>, Invalid> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let Some(first) = lengths.next() else {
        return Ok(None);
    };
    let length = framing::length(first.as_bytes());
    let length = length.filter(|_| lengths.next().is_none());
    length.map(Some).ok_or(Invalid::Length)
}

/// A request as HTTP/2 says it (RFC 9113 section 8.3.1): the host that the client asked for is its
/// authority, and what is of one connection is left out (section 8.2.2).
///
/// # Errors
///
/// When it cannot be said: its host is no authority.
pub(super) fn request(parts: &Parts, scheme: &Scheme) -> Result<Request<()>, Error> {
    let mut request = Request::new(());
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = uri(parts, scheme).ok_or(Error::Unsayable)?;
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = parts.headers.clone();
    for name in OF_HTTP1 {
        request.headers_mut().remove(name);
    }
    Ok(request)
}

fn uri(parts: &Parts, scheme: &Scheme) -> Option<Uri> {
    let target = parts.uri.path_and_query().map(PathAndQuery::as_str);
    let target = match target.unwrap_or("/") {
        // The target's own text may lack the path of a query.
        query if query.starts_with('?') => format!("/{query}").parse().ok()?,
        target => target.parse::<PathAndQuery>().ok()?,
    };
    let mut uri = http::uri::Parts::default();
    uri.scheme = Some(scheme.clone());
    uri.authority = Some(parts.headers.get(HOST)?.as_bytes().try_into().ok()?);
    uri.path_and_query = Some(target);
    Uri::from_parts(uri).ok()
}

/// What a request says over HTTP/1.1 alone. `Expect` would be answered by nobody.
const OF_HTTP1: [HeaderName; 8] = [
    CONNECTION,
    UPGRADE,
    TRANSFER_ENCODING,
    HOST,
    TE,
    EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(builder: http::request::Builder) -> Result<Request<()>, Error> {
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        request(&parts, &Scheme::HTTPS)
    }

    #[test]
    fn a_request_is_said_as_http_2_has_it() {
        let builder = Request::post("/live?token=a")
            .header("host", "play.example.test:8443")
            .header("transfer-encoding", "chunked")
            .header("expect", "100-continue")
            .header("te", "trailers")
            .header("accept", "one")
            .header("accept", "two");
        let request = asked(builder).unwrap();
        assert_eq!(request.uri(), "https://play.example.test:8443/live?token=a");
        assert_eq!(request.method(), Method::POST);
        let names: Vec<_> = request.headers().iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["accept", "accept"]);
    }

    #[test]
    fn targets_keep_their_text() {
        for (target, expected) in [("/a//b/../c?x=%2f", "/a//b/../c?x=%2f"), ("*", "*")] {
            let builder = Request::options(target).header("host", "a.test");
            let request = asked(builder).unwrap();
            let said = request.uri().path_and_query().unwrap();
            assert_eq!(said.as_str(), expected);
        }
    }

    #[test]
    fn what_http_2_has_no_words_for_is_refused() {
        let odd = asked(Request::get("/").header("host", "a test"));
        assert!(matches!(odd, Err(Error::Unsayable)));
        let nobody = asked(Request::get("/"));
        assert!(matches!(nobody, Err(Error::Unsayable)));
    }

    #[test]
    fn a_length_is_said_once_and_a_status_is_one() {
        let answer = |method: &Method, status: u16, lengths: &[&str]| {
            let mut head = Response::builder().status(status);
            for length in lengths {
                head = head.header("content-length", *length);
            }
            let answer = Answer::of(method, head.body(()).unwrap());
            answer.map(|answer| answer.length)
        };
        assert_eq!(answer(&Method::GET, 200, &[]), Ok(None));
        assert_eq!(answer(&Method::GET, 200, &["7"]), Ok(Some(7)));
        assert_eq!(answer(&Method::HEAD, 200, &["7"]), Ok(Some(0)));
        assert_eq!(answer(&Method::GET, 304, &["7"]), Ok(Some(0)));
        for lengths in [&["7", "7"] as &[_], &["7, 7"], &["-7"], &["x"]] {
            let refused = answer(&Method::GET, 200, lengths);
            assert_eq!(refused, Err(Invalid::Length), "{lengths:?}");
        }
        for status in [101, 103, 600, 999] {
            assert_eq!(answer(&Method::GET, status, &[]), Err(Invalid::Status));
        }
    }
}

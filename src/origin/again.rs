use std::cell::RefCell;

use http::{HeaderName, HeaderValue, Method, Request, Uri};
use hyper::body::Body;

/// The head of a request that may be sent once more: hyper keeps what it has written.
#[derive(Debug)]
pub(super) struct Again {
    method: Method,
    uri: Uri,
    headers: Headers,
}

type Headers = Vec<(HeaderName, HeaderValue)>;

impl Again {
    /// The request anew, with a body that has to be empty.
    pub(super) fn into_request<B>(self, body: B) -> Request<B> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        for (name, value) in self.headers {
            request.headers_mut().append(name, value);
        }
        request
    }
}

/// Room for the copies of heads, used again and again: nearly every request has one, and nearly none
/// needs it.
#[derive(Debug, Default)]
pub(super) struct Copies {
    room: RefCell<Vec<Headers>>,
}

impl Copies {
    /// A copy of a request that does the same when it is done twice (RFC 9110 section 9.2.2) and has
    /// no body.
    pub(super) fn copy<B: Body>(&self, request: &Request<B>) -> Option<Again> {
        if !request.method().is_idempotent() || !request.body().is_end_stream() {
            return None;
        }
        let mut headers = self.room.borrow_mut().pop().unwrap_or_default();
        let fields = request.headers().iter();
        headers.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
        Some(Again {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers,
        })
    }

    /// Takes the room of a copy that was not needed.
    pub(super) fn give_back(&self, again: Again) {
        let (mut headers, mut room) = (again.headers, self.room.borrow_mut());
        if room.len() < MAX_ROOM {
            headers.clear();
            room.push(headers);
        }
    }
}

/// As many as requests commonly wait at once in one worker.
const MAX_ROOM: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_as_the_request_was() {
        let copies = Copies::default();
        for _ in 0..2 {
            let request = Request::get("/live/1.m3u8?token=a")
                .header("cookie", "a=b")
                .header("accept", "one")
                .header("accept", "two");
            let request = request.body(String::new()).unwrap();
            let again = copies.copy(&request).unwrap().into_request(String::new());
            assert_eq!(again.uri(), request.uri());
            assert_eq!(again.headers(), request.headers());
            copies.give_back(copies.copy(&request).unwrap());
        }
    }

    #[test]
    fn there_is_none_of_what_may_not_be_done_twice() {
        let copies = Copies::default();
        let copied = |method: &str, body: &str| {
            let request = Request::builder().method(method);
            let request = request.body(body.to_owned()).unwrap();
            copies.copy(&request).is_some()
        };
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
            assert!(copied(method, "") && !copied(method, "x"), "{method}");
        }
        for method in ["POST", "PATCH", "PROPFIND"] {
            assert!(!copied(method, "") && !copied(method, "x"), "{method}");
        }
    }
}

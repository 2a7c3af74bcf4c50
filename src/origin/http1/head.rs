use std::io::Write as _;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, Method, Request, Uri};
use http_body::Body;

use super::room::Room;
use super::upload::Upload;

/// A request on its way, and whether it may still go to somebody else.
#[derive(Debug)]
pub(in crate::origin) struct Outgoing<B> {
    pub(super) method: Method,
    pub(super) head: Vec<u8>,
    /// What is left of its body; none without one.
    pub(in crate::origin) upload: Option<Box<Upload<B>>>,
    /// How much of its head the endpoint that was asked last may have got.
    pub(super) written: usize,
    may_repeat: bool,
}

impl<B: Body<Data = Bytes> + Unpin> Outgoing<B> {
    pub(in crate::origin) fn new(request: Request<B>, room: &Room) -> Self {
        let (parts, body) = request.into_parts();
        let mut head = room.head();
        write(&mut head, &parts.method, &parts.uri, &parts.headers);
        let upload = (!body.is_end_stream()).then(|| Box::new(Upload::new(body, &parts.headers)));
        Self {
            may_repeat: upload.is_none() && parts.method.is_idempotent(),
            method: parts.method,
            head,
            upload,
            written: 0,
        }
    }

    /// Whether nobody got anything of it.
    pub(in crate::origin) fn is_unsent(&self) -> bool {
        self.written == 0
    }

    /// Whether it may be sent once more, though an endpoint may have got it: it does the same when it
    /// is done twice (RFC 9110 section 9.2.2), and its body was not lost with the first time.
    pub(in crate::origin) fn may_repeat(&self) -> bool {
        self.may_repeat
    }

    /// Begins anew: once, and not again.
    pub(in crate::origin) fn repeat(&mut self) {
        self.may_repeat = false;
        self.written = 0;
    }

    /// Whether its client is waited for, to go on with its body.
    pub(in crate::origin) fn awaits_client(&self) -> bool {
        self.upload.as_ref().is_some_and(|it| it.awaits_client())
    }

    /// What is left of its body goes on; its head is done.
    pub(in crate::origin) fn into_upload(self, room: &Room) -> Option<Box<Upload<B>>> {
        room.give_back(self.head);
        self.upload
    }
}

/// Writes a head (RFC 9112 section 2). The host comes first, as section 3.2 has it.
fn write(head: &mut Vec<u8>, method: &Method, uri: &Uri, headers: &HeaderMap) {
    head.extend_from_slice(method.as_str().as_bytes());
    head.push(b' ');
    // Writing into memory does not fail. The target's own text may lack the path of a query.
    let _ = match uri.path_and_query() {
        Some(target) => write!(head, "{target}"),
        None => write!(head, "/"),
    };
    head.extend_from_slice(b" HTTP/1.1\r\n");
    let host = headers.get(HOST).map(|value| (&HOST, value));
    let others = headers.iter().filter(|(name, _)| **name != HOST);
    for (name, value) in host.into_iter().chain(others) {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_written_as_it_is_read() {
        let request = Request::get("/live/1.m3u8?token=a")
            .header("cookie", "a=b")
            .header("accept", "one")
            .header("host", "play.example.test")
            .header("accept", "two");
        let request = request.body(String::new()).unwrap();
        let outgoing = Outgoing::new(request, &Room::default());
        assert_eq!(
            String::from_utf8(outgoing.head).unwrap(),
            "GET /live/1.m3u8?token=a HTTP/1.1\r\nhost: play.example.test\r\n\
             cookie: a=b\r\naccept: one\r\naccept: two\r\n\r\n"
        );
    }

    #[test]
    fn what_may_not_be_done_twice_is_not_repeated() {
        let may_repeat = |method: &str, body: &str| {
            let request = Request::builder().method(method);
            let request = request.body(body.to_owned()).unwrap();
            Outgoing::new(request, &Room::default()).may_repeat()
        };
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
            assert!(
                may_repeat(method, "") && !may_repeat(method, "x"),
                "{method}"
            );
        }
        for method in ["POST", "PATCH", "PROPFIND"] {
            assert!(
                !may_repeat(method, "") && !may_repeat(method, "x"),
                "{method}"
            );
        }
    }
}

use bytes::Bytes;
use http::Request;
use http::header::UPGRADE;
use http::request::Parts;
use http_body::Body;

use super::http1::Room;
use super::upload::Upload;

/// A request on its way, and whether it may still go to somebody else.
#[derive(Debug)]
pub(super) struct Outgoing<B> {
    pub(super) parts: Parts,
    /// As HTTP/1.1 writes it, once it was asked to.
    pub(super) head: Vec<u8>,
    /// What is left of its body; none without one.
    pub(super) upload: Option<Box<Upload<B>>>,
    /// How much of its head the endpoint that was asked last may have got. Over HTTP/2, all or nothing.
    pub(super) written: usize,
    may_repeat: bool,
}

impl<B: Body<Data = Bytes> + Unpin> Outgoing<B> {
    pub(super) fn new(request: Request<B>, room: &Room) -> Self {
        let (parts, body) = request.into_parts();
        let upload = (!body.is_end_stream()).then(|| Box::new(Upload::new(body, &parts.headers)));
        Self {
            may_repeat: upload.is_none() && parts.method.is_idempotent(),
            parts,
            head: room.head(),
            upload,
            written: 0,
        }
    }

    /// Whether nobody got anything of it.
    pub(super) fn is_unsent(&self) -> bool {
        self.written == 0
    }

    /// Whether it may be sent once more, though an endpoint may have got it: it does the same when it
    /// is done twice (RFC 9110 section 9.2.2), and its body was not lost with the first time.
    pub(super) fn may_repeat(&self) -> bool {
        self.may_repeat
    }

    /// Begins anew: once, and not again.
    pub(super) fn repeat(&mut self) {
        self.may_repeat = false;
        self.written = 0;
    }

    /// The endpoint that was asked last has done nothing about it, and says so: it is as if it was not
    /// sent, unless some of its body was.
    pub(super) fn take_back(&mut self) {
        if self.upload.as_ref().is_none_or(|it| it.is_untouched()) {
            self.written = 0;
        }
    }

    /// Whether it asks to change to another protocol: to WebSocket.
    pub(super) fn is_upgrade(&self) -> bool {
        self.parts.headers.contains_key(UPGRADE)
    }

    /// Whether its client is waited for, to go on with its body.
    pub(super) fn awaits_client(&self) -> bool {
        self.upload.as_ref().is_some_and(|it| it.awaits_client())
    }

    /// What is left of its body goes on; its head is done.
    pub(super) fn into_upload(self, room: &Room) -> Option<Box<Upload<B>>> {
        room.give_back(self.head);
        self.upload
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

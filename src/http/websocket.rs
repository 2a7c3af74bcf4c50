//! WebSocket over HTTP/2 (RFC 8441): a stream of its connection to the client, and a change of
//! protocol over HTTP/1.1 (RFC 6455) to everybody behind it.

use std::rc::Rc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::rand;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::ext::Protocol;
use hyper::upgrade::{self, OnUpgrade};
use hyper_util::rt::TokioIo;
use tokio::task::spawn_local;

use super::base64;
use super::cutter::Cutter;
use super::failure::InvalidResponse;
use super::headers;
use super::tunnel::Tunnel;

/// Who makes the handshake of a WebSocket with the origin.
pub(super) enum Handshake {
    /// The client, over HTTP/1.1: what it says passes through.
    Clients,
    /// We do, for a client of HTTP/2.
    Ours(Connect),
}

/// An extended CONNECT that asks for a WebSocket.
pub(super) struct Connect {
    /// The client's end, once it is told that the origin agrees.
    client: OnUpgrade,
    key: Key,
}

impl Connect {
    /// Takes one apart and leaves the GET that it stands for; all else stays as it is.
    pub(super) fn take(request: &mut Request<Incoming>) -> Option<Self> {
        if request.method() != Method::CONNECT {
            return None;
        }
        let protocol = request.extensions().get::<Protocol>()?;
        if !protocol.as_str().eq_ignore_ascii_case("websocket") {
            return None;
        }
        let key = Key::random()?;
        let client = upgrade::on(&mut *request);
        *request.method_mut() = Method::GET;
        Some(Self { client, key })
    }
}

impl Handshake {
    /// Asks the origin.
    pub(super) fn ask(&self, headers: &mut HeaderMap) {
        headers::set_websocket(headers);
        if let Self::Ours(connect) = self {
            headers.insert(SEC_WEBSOCKET_KEY, connect.key.0.clone());
        }
    }

    /// Whether the client may be told what the origin answers: it takes any success for the
    /// WebSocket that it asked for.
    pub(super) fn check<B>(&self, response: &Response<B>) -> Result<(), InvalidResponse> {
        match (self, response.status()) {
            (Self::Clients, _) => Ok(()),
            (Self::Ours(connect), StatusCode::SWITCHING_PROTOCOLS) => {
                connect.key.check(response.headers())
            }
            (Self::Ours(_), status) if status.is_success() => Err(InvalidResponse::NoWebSocket),
            (Self::Ours(_), _) => Ok(()),
        }
    }

    /// Tells the client that the origin agrees; its end, where HTTP/2 carries it.
    pub(super) fn agree<B>(self, response: &mut Response<B>) -> Option<OnUpgrade> {
        let Self::Ours(connect) = self else {
            headers::set_websocket(response.headers_mut());
            return None;
        };
        *response.status_mut() = StatusCode::OK;
        let headers = response.headers_mut();
        headers.remove(SEC_WEBSOCKET_ACCEPT);
        // There is no length of what goes on; hyper would refuse to send one.
        headers.remove(CONTENT_LENGTH);
        Some(connect.client)
    }
}

/// What the origin has to show that it has read (RFC 6455 section 4.1): 16 random bytes.
struct Key(HeaderValue);

impl Key {
    /// None when there are no random bytes.
    fn random() -> Option<Self> {
        let mut bytes = [0; 16];
        rand::fill(&mut bytes).ok()?;
        let mut text = String::new();
        base64::encode(&bytes, &mut text);
        HeaderValue::try_from(text).ok().map(Self)
    }

    fn check(&self, headers: &HeaderMap) -> Result<(), InvalidResponse> {
        let mut values = headers.get_all(SEC_WEBSOCKET_ACCEPT).iter();
        let is_ours = values.next().is_some_and(|value| *value == self.accept());
        match is_ours && values.next().is_none() {
            true => Ok(()),
            false => Err(InvalidResponse::Accept),
        }
    }

    /// RFC 6455 section 4.2.2: SHA-1 keeps no secret here.
    fn accept(&self) -> String {
        let bytes = [self.0.as_bytes(), GUID].concat();
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, &bytes);
        let mut text = String::new();
        base64::encode(digest.as_ref(), &mut text);
        text
    }
}

/// Carries a WebSocket on as a stream of its connection, in a task of its own: the others go on
/// beside it. `cutter` is the one of that stream; what hyper still has to send ends with it.
pub(super) fn carry(client: OnUpgrade, tunnel: Tunnel, cutter: Rc<Cutter>) {
    spawn_local(async move {
        let stream = async {
            if let Ok(client) = client.await {
                tunnel.run(TokioIo::new(client), Bytes::new()).await;
            }
        };
        Rc::clone(&cutter).run(stream).await;
        cutter.cut();
    });
}

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_shows_that_it_has_read_the_key() {
        // RFC 6455 section 1.3.
        let key = Key(HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        let check = |values: &[&'static str]| {
            let values = values.iter().map(|it| HeaderValue::from_static(it));
            let headers = values.map(|value| (SEC_WEBSOCKET_ACCEPT, value));
            key.check(&headers.collect())
        };
        let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        assert_eq!(check(&[accept]), Ok(()));
        for wrong in [
            &[][..],
            &["s3pplmbitxaq9kygzzhzrbk+xoo="],
            &[accept, accept],
            &["dGhlIHNhbXBsZSBub25jZQ=="],
        ] {
            assert_eq!(check(wrong), Err(InvalidResponse::Accept), "{wrong:?}");
        }
    }

    #[test]
    fn each_key_is_another_one() {
        let (one, two) = (Key::random().unwrap(), Key::random().unwrap());
        assert_eq!(one.0.len(), 24);
        assert_ne!(one.0, two.0);
    }
}

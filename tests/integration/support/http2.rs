//! An HTTP/2 client that shows what HTTP/1.1 has no word for: RST_STREAM and GOAWAY.

use std::future::poll_fn;

use bytes::{Bytes, BytesMut};
use h2::client::{ResponseFuture, SendRequest};
use h2::ext::Protocol;
use h2::{RecvStream, SendStream};
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Method, Request};
use tokio::task::JoinHandle;

use super::wait::{PATIENCE, eventually, within};
use super::wire::Transport;

/// A connection.
pub(crate) struct Http2 {
    requests: SendRequest<Bytes>,
    connection: JoinHandle<Result<(), h2::Error>>,
}

impl Http2 {
    pub(super) async fn over(stream: impl Transport + 'static) -> Self {
        let connection = Self::try_over(stream).await;
        connection.expect("HTTP/2 begins")
    }

    pub(super) async fn try_over(stream: impl Transport + 'static) -> Option<Self> {
        let mut builder = h2::client::Builder::new();
        // As browsers do: a stream that is paused leaves room for its neighbours.
        builder
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        let handshake = builder.handshake(stream);
        let handshake = within(PATIENCE, "HTTP/2", handshake).await;
        let (requests, connection) = handshake.ok()?;
        Some(Self {
            requests,
            connection: tokio::spawn(connection),
        })
    }

    /// Starts a request; its body, if it has one, is sent over the stream that comes back.
    pub(crate) async fn open(&mut self, request: Request<()>, last: bool) -> (Asked, Upload) {
        if request.method() == Method::CONNECT {
            self.takes_connects().await;
        }
        let ready = within(PATIENCE, "a free stream", self.requests.clone().ready()).await;
        let mut requests = ready.expect("the connection takes requests");
        let (response, upload) = requests
            .send_request(request, last)
            .expect("the request is sent");
        (Asked(response), Upload(upload))
    }

    /// Waits until the other end has said that it takes an extended CONNECT (RFC 8441 section 3).
    pub(crate) async fn takes_connects(&self) {
        eventually(PATIENCE, "SETTINGS_ENABLE_CONNECT_PROTOCOL", async || {
            let is_enabled = self.requests.is_extended_connect_protocol_enabled();
            is_enabled.then_some(())
        })
        .await;
    }

    /// Starts a request without a body, if the connection takes any.
    pub(crate) async fn try_open(&mut self, request: Request<()>) -> Option<Asked> {
        let ready = within(PATIENCE, "a free stream", self.requests.clone().ready()).await;
        let (response, _) = ready.ok()?.send_request(request, true).ok()?;
        Some(Asked(response))
    }

    /// Asks for a target; the body is still to come.
    pub(crate) async fn watch(&mut self, host: &str, target: &str) -> (Parts, Body) {
        let (asked, _) = self.open(get(host, target), true).await;
        asked.answer().await.expect("a response arrives")
    }

    /// Asks for a target and takes the whole response.
    pub(crate) async fn get(&mut self, host: &str, target: &str) -> Whole {
        self.ask(get(host, target)).await
    }

    /// Sends a request without a body and takes the whole response.
    pub(crate) async fn ask(&mut self, request: Request<()>) -> Whole {
        let (asked, _) = self.open(request, true).await;
        let (head, mut body) = asked.answer().await.expect("a response arrives");
        let body = body.rest().await.expect("the response is whole");
        Whole { head, body }
    }

    /// Whether a GOAWAY came, so that no new request may be made.
    pub(crate) async fn is_going_away(&self) -> bool {
        let ready = self.requests.clone().ready();
        let ready = within(PATIENCE, "the connection's state", ready).await;
        ready.is_err_and(|error| error.is_go_away()) || self.connection.is_finished()
    }

    /// Whether a new request may be made.
    pub(crate) async fn is_open(&self) -> bool {
        let ready = self.requests.clone().ready();
        within(PATIENCE, "the connection's state", ready)
            .await
            .is_ok()
    }

    /// Waits until the connection is over.
    pub(crate) async fn closed(self) {
        drop(self.requests);
        let closed = within(PATIENCE, "the connection's end", self.connection).await;
        // How it ended is told to its streams.
        let _ = closed.expect("no task panics");
    }
}

/// A request whose response is awaited. Dropped, it cancels the request.
pub(crate) struct Asked(ResponseFuture);

impl Asked {
    pub(crate) async fn answer(self) -> Result<(Parts, Body), h2::Error> {
        let response = within(PATIENCE, "a response", self.0).await?;
        let (head, stream) = response.into_parts();
        let received = BytesMut::new();
        Ok((head, Body { stream, received }))
    }
}

/// A request's body.
pub(crate) struct Upload(SendStream<Bytes>);

impl Upload {
    /// Sends a piece of it, as far as the other end gives leave.
    pub(crate) async fn send(&mut self, bytes: &[u8], last: bool) {
        let mut left = Bytes::copy_from_slice(bytes);
        while !left.is_empty() {
            self.0.reserve_capacity(left.len());
            let capacity = poll_fn(|context| self.0.poll_capacity(context));
            let capacity = within(PATIENCE, "leave to send", capacity).await;
            let capacity = capacity
                .expect("the stream is open")
                .expect("the stream is not reset");
            let part = left.split_to(capacity.min(left.len()));
            let sent = self.0.send_data(part, last && left.is_empty());
            sent.expect("the stream is open");
        }
    }
}

impl Upload {
    pub(super) fn over(stream: SendStream<Bytes>) -> Self {
        Self(stream)
    }

    /// Ends it with fields behind it.
    pub(crate) fn finish_with(&mut self, trailers: HeaderMap) {
        let finished = self.0.send_trailers(trailers);
        finished.expect("the stream is open");
    }

    /// Waits until the other end wants no more of it.
    pub(crate) async fn reset(&mut self) -> h2::Reason {
        let reset = poll_fn(|context| self.0.poll_reset(context));
        let reset = within(PATIENCE, "RST_STREAM", reset).await;
        reset.expect("the connection goes on")
    }

    /// Sends zeros for as long as the other end takes them.
    pub(crate) async fn flood(mut self, length: usize) {
        let mut left = length;
        while left > 0 {
            self.0.reserve_capacity(left.min(PIECE));
            while self.0.capacity() == 0 {
                let Some(Ok(_)) = poll_fn(|context| self.0.poll_capacity(context)).await else {
                    return;
                };
            }
            let part = self.0.capacity().min(left).min(PIECE);
            if self.0.send_data(vec![0; part].into(), false).is_err() {
                return;
            }
            left -= part;
        }
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&mut self) {
        let finished = self.0.send_data(Bytes::new(), true);
        finished.expect("the stream is open");
    }
}

/// A response's body.
pub(crate) struct Body {
    stream: RecvStream,
    received: BytesMut,
}

impl Body {
    pub(super) fn of(stream: RecvStream) -> Self {
        let received = BytesMut::new();
        Self { stream, received }
    }

    /// Receives something; false at the end.
    async fn receive(&mut self) -> Result<bool, h2::Error> {
        let Some(data) = within(PATIENCE, "a DATA frame", self.stream.data()).await else {
            return Ok(false);
        };
        let data = data?;
        self.stream.flow_control().release_capacity(data.len())?;
        self.received.extend_from_slice(&data);
        Ok(true)
    }

    /// Takes exactly so many bytes.
    pub(crate) async fn part(&mut self, length: usize) -> Vec<u8> {
        while self.received.len() < length {
            let more = self.receive().await.expect("the body goes on");
            assert!(more, "the body ends after {} bytes", self.received.len());
        }
        self.received.split_to(length).to_vec()
    }

    /// Takes whatever is there, or comes next; nothing at the end.
    pub(crate) async fn some(&mut self) -> Result<Bytes, h2::Error> {
        if self.received.is_empty() {
            self.receive().await?;
        }
        Ok(self.received.split().freeze())
    }

    /// Takes the rest.
    pub(crate) async fn rest(&mut self) -> Result<Vec<u8>, h2::Error> {
        while self.receive().await? {}
        Ok(self.received.split().to_vec())
    }
}

/// A response that was read whole.
pub(crate) struct Whole {
    pub(crate) head: Parts,
    pub(crate) body: Vec<u8>,
}

impl Whole {
    pub(crate) fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A GET request as a browser would send it.
pub(crate) fn get(host: &str, target: &str) -> Request<()> {
    request("GET", host, target)
}

/// A request for a WebSocket (RFC 8441 section 5).
pub(crate) fn connect(host: &str, target: &str) -> Request<()> {
    let mut request = request("CONNECT", host, target);
    let protocol = Protocol::from_static("websocket");
    request.extensions_mut().insert(protocol);
    let version = HeaderValue::from_static("13");
    request
        .headers_mut()
        .insert("sec-websocket-version", version);
    request
}

/// A request without fields.
pub(crate) fn request(method: &str, host: &str, target: &str) -> Request<()> {
    Request::builder()
        .method(method)
        .uri(format!("https://{host}{target}"))
        .version(http::Version::HTTP_2)
        .body(())
        .expect("the target is one")
}

/// What a flood consists of.
const PIECE: usize = 16 * 1024;

/// What Chromium lets a server send before it has read.
const STREAM_WINDOW: u32 = 6 << 20;
const CONNECTION_WINDOW: u32 = 15 << 20;

//! An origin of HTTP/2 that does nothing but what the test tells it to.

use std::sync::Arc;

use bytes::Bytes;
use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, RecvStream};
use http::{Request, Response};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio_rustls::TlsAcceptor;

use super::ca::Pair;
use super::http2::{Body, Upload};
use super::wait::{PATIENCE, within};
use super::wire::Transport;

/// An origin.
pub(crate) struct Http2Origin {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Http2Origin {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        Self {
            listener: listener.expect("a free port is bound"),
            tls: None,
        }
    }

    /// An origin behind TLS of its own, which agrees to these protocols.
    pub(crate) async fn start_tls(pair: &Pair, protocols: &[&str]) -> Self {
        let mut config = pair.server();
        let protocols = protocols.iter().map(|name| name.as_bytes().to_vec());
        Arc::make_mut(&mut config).alpn_protocols = protocols.collect();
        Self {
            tls: Some(TlsAcceptor::from(config)),
            ..Self::start().await
        }
    }

    /// What a domain's `origins` names.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "h2" } else { "h2c" };
        let address = self.listener.local_addr();
        format!("{scheme}://{}", address.expect("a bound socket has one"))
    }

    /// Takes the next connection.
    pub(crate) async fn accept(&self) -> Http2Connection {
        let accepted = self.try_accept().await;
        accepted.expect("the handshake succeeds")
    }

    /// The same, when the handshake may fail.
    pub(crate) async fn try_accept(&self) -> Option<Http2Connection> {
        let accepted = async {
            let (stream, _) = self.listener.accept().await.ok()?;
            stream.set_nodelay(true).ok()?;
            match &self.tls {
                Some(tls) => begin(tls.accept(stream).await.ok()?).await,
                None => begin(stream).await,
            }
        };
        within(PATIENCE, "a connection at the origin", accepted).await
    }
}

async fn begin(stream: impl Transport + 'static) -> Option<Http2Connection> {
    let connection = Builder::new().handshake(stream).await.ok()?;
    let (leave, (sender, asked)) = (Arc::new(Notify::new()), mpsc::unbounded_channel());
    tokio::spawn(serve(connection, sender, Arc::clone(&leave)));
    Some(Http2Connection { asked, leave })
}

async fn serve<S: Transport>(
    mut connection: Connection<S, Bytes>,
    sender: mpsc::UnboundedSender<Asked>,
    leave: Arc<Notify>,
) {
    loop {
        tokio::select! {
            asked = connection.accept() => {
                let Some(Ok((request, answer))) = asked else {
                    return;
                };
                // The test may have seen enough.
                let _ = sender.send(Asked { request, answer });
            }
            () = leave.notified() => connection.graceful_shutdown(),
        }
    }
}

/// A connection, whose requests wait to be taken.
pub(crate) struct Http2Connection {
    asked: mpsc::UnboundedReceiver<Asked>,
    leave: Arc<Notify>,
}

impl Http2Connection {
    /// Takes the next request.
    pub(crate) async fn request(&mut self) -> Asked {
        let asked = self.next_request().await;
        asked.expect("the connection goes on")
    }

    /// The same; nothing when the connection ends instead.
    pub(crate) async fn next_request(&mut self) -> Option<Asked> {
        within(PATIENCE, "a request at the origin", self.asked.recv()).await
    }

    /// Says that it takes no more requests (GOAWAY), and ends with the last one.
    pub(crate) fn leave(&self) {
        self.leave.notify_one();
    }
}

/// A request, and the way to answer it.
pub(crate) struct Asked {
    request: Request<RecvStream>,
    answer: SendResponse<Bytes>,
}

impl Asked {
    /// Its head.
    pub(crate) fn head(&self) -> &Request<RecvStream> {
        &self.request
    }

    /// Its path and query.
    pub(crate) fn target(&self) -> &str {
        let target = self.request.uri().path_and_query();
        target.map_or("", |target| target.as_str())
    }

    /// Answers with a text.
    pub(crate) async fn ok(self, text: &str) {
        let (_, mut body) = self.begin(Response::new(()));
        body.send(text.as_bytes(), true).await;
    }

    /// Sends the head of an answer. Its body is still to come.
    pub(crate) fn begin(mut self, head: Response<()>) -> (Body, Upload) {
        let body = self.answer.send_response(head, false);
        let upload = Upload::over(body.expect("the stream is open"));
        (Body::of(self.request.into_body()), upload)
    }

    /// Does not answer.
    pub(crate) fn refuse(mut self, reason: Reason) {
        self.answer.send_reset(reason);
    }

    /// Waits until nobody wants the answer any more.
    pub(crate) async fn reset(&mut self) -> Reason {
        let reset = std::future::poll_fn(|cx| self.answer.poll_reset(cx));
        let reset = within(PATIENCE, "RST_STREAM", reset).await;
        reset.expect("the connection goes on")
    }
}

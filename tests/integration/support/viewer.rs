//! A stream and its viewer, of each kind that there is.

use super::http2::{self, Asked, Body, Http2, Upload};
use super::message::{ENDLESS, chunk, get, switching, upgrade};
use super::stage::{PLAY, Stage};
use super::wait::{PATIENCE, SECOND, pause, within};
use super::wire::Wire;

/// How a viewer watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Http1,
    Http2,
    WebSocket,
    Http2WebSocket,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Plain,
        Self::Http1,
        Self::Http2,
        Self::WebSocket,
        Self::Http2WebSocket,
    ];
}

/// The origin's end of a stream.
pub(crate) struct Feed {
    pub(crate) wire: Wire,
    chunked: bool,
}

impl Feed {
    /// Writes a frame of a WebSocket every second, until nobody takes it any more.
    pub(crate) async fn go_on(mut self) {
        const FRAME: &[u8] = b"\x82\x01x";
        let chunk = if self.chunked {
            chunk(FRAME)
        } else {
            FRAME.to_vec()
        };
        while self.wire.try_send(&chunk).await.is_ok() {
            pause(SECOND).await;
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        if self.chunked {
            self.wire.send(chunk(bytes)).await;
        } else {
            self.wire.send(bytes).await;
        }
    }
}

/// The viewer's end of a stream. Dropped, the viewer leaves.
pub(crate) enum Viewer {
    Wire {
        wire: Wire,
        raw: bool,
    },
    Http2 {
        body: Body,
        upload: Upload,
        connection: Http2,
    },
}

impl Viewer {
    /// Takes exactly so many bytes of the stream.
    pub(crate) async fn part(&mut self, length: usize) -> Vec<u8> {
        match self {
            Self::Wire { wire, raw: true } => wire.exactly(length).await.to_vec(),
            Self::Wire { wire, raw: false } => wire.part(length).await,
            Self::Http2 { body, .. } => body.part(length).await,
        }
    }
}

impl Viewer {
    /// Reads until the stream ends, in whatever way.
    pub(crate) async fn end(self) {
        match self {
            Self::Wire { mut wire, .. } => while wire.some().await.is_ok() {},
            Self::Http2 { mut body, .. } => drop(body.rest().await),
        }
    }
}

/// A stream that runs.
pub(crate) struct Stream {
    pub(crate) feed: Feed,
    pub(crate) viewer: Viewer,
}

impl Stream {
    /// Starts a stream and its viewer.
    pub(crate) async fn start(stage: &Stage, kind: Kind) -> Self {
        match kind {
            Kind::Plain => Self::over_http1(stage, stage.plain().await).await,
            Kind::Http1 => Self::over_http1(stage, stage.http1().await).await,
            Kind::Http2 => Self::over_http2(stage).await,
            Kind::WebSocket => Self::over_websocket(stage, stage.http1().await).await,
            Kind::Http2WebSocket => Self::over_connect(stage, stage.http2().await).await,
        }
    }

    async fn over_http1(stage: &Stage, mut wire: Wire) -> Self {
        wire.send(get(PLAY, "/live/stream.flv")).await;
        let feed = answer(stage).await;
        assert_eq!(wire.response().await.status(), 200);
        let viewer = Viewer::Wire { wire, raw: false };
        Self { feed, viewer }
    }

    async fn over_http2(stage: &Stage) -> Self {
        let mut connection = stage.http2().await;
        let request = http2::get(PLAY, "/live/stream.flv");
        let (asked, upload) = connection.open(request, true).await;
        let feed = answer(stage).await;
        Self::over_stream(feed, asked, upload, connection).await
    }

    /// A WebSocket that is a stream of an HTTP/2 connection (RFC 8441).
    async fn over_connect(stage: &Stage, mut connection: Http2) -> Self {
        let request = http2::connect(PLAY, "/live/stream.flv");
        let (asked, upload) = connection.open(request, false).await;
        let feed = agree(stage).await;
        Self::over_stream(feed, asked, upload, connection).await
    }

    async fn over_stream(feed: Feed, asked: Asked, upload: Upload, connection: Http2) -> Self {
        let (head, body) = asked.answer().await.expect("a response arrives");
        assert_eq!(head.status, 200);
        let viewer = Viewer::Http2 {
            body,
            upload,
            connection,
        };
        Self { feed, viewer }
    }

    async fn over_websocket(stage: &Stage, mut wire: Wire) -> Self {
        wire.send(upgrade(PLAY, "/live/stream.flv")).await;
        let feed = agree(stage).await;
        assert_eq!(wire.response().await.status(), 101);
        let viewer = Viewer::Wire { wire, raw: true };
        Self { feed, viewer }
    }

    /// Writes at the origin and waits until the viewer has it: nothing on the way holds it back.
    pub(crate) async fn passes(&mut self, bytes: &[u8]) {
        let Self { feed, viewer } = self;
        let passed = async { tokio::join!(feed.write(bytes), viewer.part(bytes.len())).1 };
        let seen = within(PATIENCE, "a write to reach the viewer", passed).await;
        assert!(
            seen == bytes,
            "{} bytes arrive as they were written",
            bytes.len()
        );
    }
}

/// The origin begins an endless response.
async fn answer(stage: &Stage) -> Feed {
    let (_, mut wire) = stage.origin.request().await;
    wire.send(ENDLESS).await;
    let chunked = true;
    Feed { wire, chunked }
}

/// The origin takes a WebSocket.
async fn agree(stage: &Stage) -> Feed {
    let (head, mut wire) = stage.origin.request().await;
    wire.send(switching(&head)).await;
    let chunked = false;
    Feed { wire, chunked }
}

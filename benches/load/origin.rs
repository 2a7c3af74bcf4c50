use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::http::{self, Failure};

/// What the origin has to offer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) path: &'static str,
    pub(crate) length: u64,
}

/// About a playlist, or a WebRTC offer.
pub(crate) const SMALL: Page = Page {
    path: "/small",
    length: 1024,
};

/// About 6 seconds at 5.6 Mbit/s.
pub(crate) const SEGMENT: Page = Page {
    path: "/segment",
    length: 4 * 1024 * 1024,
};

/// Serves the pages over HTTP/1.1 with keep-alive, for ever.
///
/// It knows GETs without a body and no pipelining: what a proxy sends.
pub(crate) async fn serve(listener: TcpListener) {
    let answers = Arc::new(Answers::new());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(converse(stream, Arc::clone(&answers)))),
            // Out of file descriptors, for one: waiting is all that helps.
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn converse(mut stream: TcpStream, answers: Arc<Answers>) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; HEAD_LIMIT];
    while let Some((head, rest)) = http::read_head(&mut stream, &mut buffer).await? {
        if !rest.is_empty() {
            return Err(io::Error::from(io::ErrorKind::Unsupported).into());
        }
        stream.write_all(answers.to(head)).await?;
    }
    Ok(())
}

/// Whole answers, made once.
struct Answers {
    pages: Vec<(Vec<u8>, Vec<u8>)>,
    not_found: Vec<u8>,
}

impl Answers {
    fn new() -> Self {
        let page = |page: Page| {
            let start = format!("GET {} ", page.path);
            (start.into_bytes(), answer("200 OK", page.length))
        };
        Self {
            pages: vec![page(SMALL), page(SEGMENT)],
            not_found: answer("404 Not Found", 0),
        }
    }

    fn to(&self, head: &[u8]) -> &[u8] {
        let page = self.pages.iter().find(|(start, _)| head.starts_with(start));
        page.map_or(&self.not_found, |(_, answer)| answer)
    }
}

fn answer(status: &str, length: u64) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\nContent-Type: video/mp2t\r\nContent-Length: {length}\r\n\r\n"
    )
    .into_bytes();
    bytes.extend((0..length).map(|_| b'x'));
    bytes
}

const HEAD_LIMIT: usize = 8 * 1024;

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

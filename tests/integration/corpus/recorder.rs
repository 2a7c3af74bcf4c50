//! An origin that keeps each byte it gets, and reads requests as strictly as can be.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::lenient::{self, Reading};
use super::strict::{self, Flaw, Message};

/// The origin.
pub(crate) struct Recorder {
    url: String,
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    whole: Vec<Message>,
    /// What came, and what is wrong with it.
    flaws: Vec<(String, Flaw)>,
    /// How many requests have begun and are not over.
    begun: usize,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port is bound");
        let address = listener.local_addr().expect("a bound socket has one");
        let notes = Arc::default();
        tokio::spawn(accept(listener, Arc::clone(&notes)));
        Self {
            url: format!("http://{address}"),
            notes,
        }
    }

    /// What a domain's `origins` names.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Takes the whole requests that came since it was asked last, and asserts that all that came
    /// can be read in one way.
    pub(crate) fn take(&self, name: &str) -> Vec<Message> {
        let mut notes = lock(&self.notes);
        let flaws = std::mem::take(&mut notes.flaws);
        assert!(flaws.is_empty(), "{name}: {flaws:#?}");
        std::mem::take(&mut notes.whole)
    }

    /// Whether no request is under way.
    pub(crate) fn is_quiet(&self) -> bool {
        lock(&self.notes).begun == 0
    }
}

async fn accept(listener: TcpListener, notes: Arc<Mutex<Notes>>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(record(stream, Arc::clone(&notes)));
    }
}

/// Reads request after request; one that is not over when the connection ends is none.
async fn record(mut stream: TcpStream, notes: Arc<Mutex<Notes>>) {
    loop {
        let Some(message) = next(&mut stream, &notes).await else {
            return;
        };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Answers: {}\r\n\r\n",
            message.start
        );
        // It is noted before it is answered, so that whoever has the answer finds it.
        lock(&notes).whole.push(message);
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn next(stream: &mut TcpStream, notes: &Mutex<Notes>) -> Option<Message> {
    let mut received = Vec::new();
    let mut under_way = None;
    while stream.read_buf(&mut received).await.is_ok_and(|it| it > 0) {
        under_way.get_or_insert_with(|| Begun::new(notes));
        match read(&received) {
            Ok(Some(message)) => return Some(message),
            Ok(None) if strict::waits(&received) => {
                let word = b"HTTP/1.1 100 Continue\r\n\r\n";
                stream.write_all(word).await.ok()?;
            }
            Ok(None) => {}
            Err(flaw) => {
                let text = String::from_utf8_lossy(&received).into_owned();
                lock(notes).flaws.push((text, flaw));
                return None;
            }
        }
    }
    None
}

/// A request that has begun.
struct Begun<'n>(&'n Mutex<Notes>);

impl<'n> Begun<'n> {
    fn new(notes: &'n Mutex<Notes>) -> Self {
        lock(notes).begun += 1;
        Self(notes)
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        lock(self.0).begun -= 1;
    }
}

/// The one request that the bytes are, in each way to read them.
fn read(bytes: &[u8]) -> Result<Option<Message>, Flaw> {
    let Some(message) = strict::read(bytes)? else {
        return Ok(None);
    };
    // The next request waits for the answer to this one.
    if message.length < bytes.len() {
        return Err(format!(
            "{} bytes are left over",
            bytes.len() - message.length
        ));
    }
    let same = Reading {
        body: message.body.clone(),
        length: message.length,
    };
    for way in lenient::ways() {
        let reading = way.read(bytes);
        if reading.as_ref() != Some(&same) {
            return Err(format!("{way:?} reads {reading:?}"));
        }
    }
    Ok(Some(message))
}

fn lock(notes: &Mutex<Notes>) -> MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

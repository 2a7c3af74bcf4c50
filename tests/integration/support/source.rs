//! An origin that answers by the path, whoever asks, and goes on writing whether anybody takes it or
//! not.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::apart::Apart;
use super::message::{Head, SWITCHING, ok};
use super::wait::{PATIENCE, eventually};
use super::wire::Wire;

/// Below `/` or `/flood/`: `BYTES/MILLISECONDS` writes so many at such intervals, `whole/BYTES` is a response of a known
/// length, a WebSocket brings back what it is sent, `never` has no answer, and another path is answered at once, when its body is whole.
pub(crate) struct Source {
    address: SocketAddr,
    /// Closes all connections with it.
    serving: Option<Apart<()>>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    streams: AtomicUsize,
    working: AtomicUsize,
    most_working: AtomicUsize,
    hosts: Mutex<BTreeMap<String, Traffic>>,
}

/// Bytes of bodies, and of WebSockets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    /// Read whole from requests.
    pub(crate) read: u64,
    /// Written at most.
    pub(crate) written: u64,
}

impl Counts {
    fn moved(&self, host: &str, read: usize, written: usize) {
        let mut hosts = self.hosts.lock().expect("nothing panics with it");
        let traffic = hosts.entry(host.to_owned()).or_default();
        traffic.read += read as u64;
        traffic.written += written as u64;
    }
}

impl Source {
    /// One on a thread of its own: what else the test does holds no stream up.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port").into_std();
        let listener = listener.expect("a socket leaves its runtime");
        let address = listener.local_addr().expect("an address");
        let counts = Arc::<Counts>::default();
        let serving = Apart::run(serve(listener, Arc::clone(&counts)));
        Self {
            address,
            serving: Some(serving),
            counts,
        }
    }

    /// Closes its socket and all connections, as if the process was killed.
    pub(crate) fn kill(&mut self) {
        self.serving = None;
    }

    /// Comes back at its place; what it counted stays.
    pub(crate) async fn revive(&mut self) {
        let listener = eventually(PATIENCE, "the port to be free", async || {
            TcpListener::bind(self.address).await.ok()
        });
        let listener = listener.await.into_std();
        let listener = listener.expect("a socket leaves its runtime");
        self.serving = Some(Apart::run(serve(listener, Arc::clone(&self.counts))));
    }

    /// What it did for a host.
    pub(crate) fn traffic(&self, host: &str) -> Traffic {
        let hosts = self.counts.hosts.lock().expect("nothing panics with it");
        hosts.get(host).copied().unwrap_or_default()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Streams that run.
    pub(crate) fn streams(&self) -> usize {
        self.counts.streams.load(Ordering::Relaxed)
    }

    /// The most requests for `never` that it worked on at once so far.
    pub(crate) fn most_working(&self) -> usize {
        self.counts.most_working.load(Ordering::Relaxed)
    }
}

async fn serve(listener: std::net::TcpListener, counts: Arc<Counts>) {
    let listener = TcpListener::from_std(listener).expect("a runtime takes a socket");
    let mut connections = JoinSet::new();
    loop {
        // Without a free descriptor there is none for a while.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        connections.spawn(answer(stream, Arc::clone(&counts)));
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(stream: TcpStream, counts: Arc<Counts>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut asked = Asked {
        wire: Wire::new(stream),
        host: String::new(),
        counts,
    };
    while let Some(head) = asked.wire.next_request().await {
        asked.host = head.one("host").unwrap_or_default().to_owned();
        if !matches!(asked.answer(&head).await, Ok(true)) {
            return;
        }
    }
}

/// A connection with a request on it.
struct Asked {
    wire: Wire,
    host: String,
    counts: Arc<Counts>,
}

enum Wanted {
    Stream(usize, Duration),
    Whole(usize),
    Never,
    Socket,
    Text,
}

impl Wanted {
    fn of(head: &Head) -> Self {
        if head.one("upgrade").is_some() {
            return Self::Socket;
        }
        let parts = head.target().split(['/', '?']).skip(1);
        let mut parts = parts.skip_while(|part| *part == "flood");
        let (first, second) = (parts.next().unwrap_or_default(), parts.next());
        let second = second.and_then(|text| text.parse().ok());
        match (first, first.parse(), second) {
            ("never", ..) => Self::Never,
            ("whole", _, Some(bytes)) => Self::Whole(bytes),
            (_, Ok(bytes), Some(millis)) => {
                let millis = u64::try_from(millis).unwrap_or(u64::MAX);
                Self::Stream(bytes, Duration::from_millis(millis))
            }
            _ => Self::Text,
        }
    }
}

impl Asked {
    /// Says whether another request may come.
    async fn answer(&mut self, head: &Head) -> io::Result<bool> {
        match Wanted::of(head) {
            Wanted::Stream(bytes, pace) => self.stream(bytes, pace).await?,
            Wanted::Whole(bytes) => self.whole(bytes).await?,
            Wanted::Never => self.never().await,
            Wanted::Socket => self.echo().await?,
            Wanted::Text => return self.text().await,
        }
        Ok(matches!(Wanted::of(head), Wanted::Whole(_)))
    }

    async fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.counts.moved(&self.host, 0, bytes.len());
        self.wire.put(bytes).await
    }

    /// Ends when the other end does, or takes nothing.
    async fn stream(&mut self, bytes: usize, pace: Duration) -> io::Result<()> {
        let counts = Arc::clone(&self.counts);
        let _running = Count::of(&counts.streams);
        self.wire
            .put("HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\n")
            .await?;
        let frame = vec![0x46; bytes];
        let mut clock = interval(pace);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            self.put(&frame).await?;
        }
    }

    async fn whole(&mut self, mut bytes: usize) -> io::Result<()> {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n");
        self.wire.put(head).await?;
        let block = vec![0x46; bytes.min(BLOCK)];
        while bytes > 0 {
            let now = bytes.min(block.len());
            self.put(&block[..now]).await?;
            bytes -= now;
        }
        Ok(())
    }

    async fn never(&mut self) {
        let counts = Arc::clone(&self.counts);
        let working = Count::of(&counts.working);
        counts
            .most_working
            .fetch_max(working.now, Ordering::Relaxed);
        self.wire.gone().await;
    }

    /// The other end's bytes again, until it goes.
    async fn echo(&mut self) -> io::Result<()> {
        self.wire.put(SWITCHING).await?;
        while let Some(bytes) = self.wire.next_bytes().await {
            self.counts.moved(&self.host, bytes.len(), 0);
            self.put(&bytes).await?;
        }
        Ok(())
    }

    async fn text(&mut self) -> io::Result<bool> {
        let Ok(body) = self.wire.body().await else {
            return Ok(false);
        };
        self.counts.moved(&self.host, body.len(), PLAYLIST.len());
        self.wire.put(ok(PLAYLIST)).await?;
        Ok(true)
    }
}

/// One more, until it is dropped.
struct Count<'a> {
    count: &'a AtomicUsize,
    now: usize,
}

impl<'a> Count<'a> {
    fn of(count: &'a AtomicUsize) -> Self {
        let now = count.fetch_add(1, Ordering::Relaxed) + 1;
        Self { count, now }
    }
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

const BLOCK: usize = 64 * 1024;

const PLAYLIST: &str = "playlist";

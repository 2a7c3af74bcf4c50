use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep, timeout};

use super::handshakes::Visitors;
use super::memory::settled;
use super::metrics;
use crate::client::ATTEMPT;
use crate::edge::Running;
use crate::figures::{mebibytes, time};
use crate::plan::Plan;
use crate::random::Random;
use crate::table::{Column, Row};

/// What names that nobody has do to the proxy and to its viewers.
pub(super) async fn measure(
    running: &mut Running,
    plan: &Plan,
    column: &mut Column,
) -> anyhow::Result<()> {
    let lines = metrics::lines(running).await?;
    let memory = settled(running).await?;
    let quiet = Visitors::of(running)
        .until(sleep(plan.preset.window))
        .await
        .1;
    let flood = Flood::new(running, plan)?;
    let start = Instant::now();
    let visitors = Visitors::of(running);
    let (sent, busy) = visitors.until(flood.run_apart(plan.deadline)).await;
    let (sent, seconds) = (sent?, start.elapsed().as_secs_f64());
    running.ensure_running()?;
    let memory_after = settled(running).await?;
    let lines_after = metrics::lines(running).await?;

    column.set(
        Row::FloodRate,
        format!("{sent}, {:.0} a second", sent as f64 / seconds),
    );
    let (before, after) = (mebibytes(memory), mebibytes(memory_after));
    column.set(Row::FloodMemory, format!("{before} / {after}"));
    column.set(Row::FloodMetrics, format!("{lines} / {lines_after}"));
    column.set(Row::FloodQuiet, time(quiet.percentile(99)));
    column.set(Row::FloodHandshakes, time(busy.percentile(99)));
    Ok(())
}

/// Clients that know no name.
struct Flood {
    address: SocketAddr,
    hello: Hello,
    wanted: u64,
    sent: Arc<AtomicU64>,
}

impl Flood {
    fn new(running: &Running, plan: &Plan) -> anyhow::Result<Self> {
        Ok(Self {
            address: running.address(),
            hello: Hello::new(running)?,
            wanted: plan.preset.flood,
            sent: Arc::default(),
        })
    }

    /// On a thread of its own: those whose handshakes are timed are not to wait for it here.
    async fn run_apart(self, deadline: Duration) -> anyhow::Result<u64> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        spawn_blocking(move || runtime.block_on(self.run(deadline))).await?
    }

    /// Returns how many it sent until all were, or it was too slow.
    async fn run(&self, deadline: Duration) -> anyhow::Result<u64> {
        let longest = deadline.max(Duration::from_secs(self.wanted / LEAST_RATE));
        let end = Instant::now() + longest;
        let mut clients = JoinSet::new();
        for seed in 0..CLIENTS {
            let (address, hello) = (self.address, self.hello.clone());
            let (wanted, sent) = (self.wanted, Arc::clone(&self.sent));
            clients.spawn(client(address, hello, Random::new(seed), wanted, sent, end));
        }
        while let Some(client) = clients.join_next().await {
            client??;
        }
        Ok(self.sent.load(Ordering::Relaxed).min(self.wanted))
    }
}

async fn client(
    address: SocketAddr,
    mut hello: Hello,
    mut random: Random,
    wanted: u64,
    sent: Arc<AtomicU64>,
    end: Instant,
) -> anyhow::Result<()> {
    while Instant::now() < end && sent.fetch_add(1, Ordering::Relaxed) < wanted {
        hello.rename(random.next());
        let visit = timeout(ATTEMPT, knock(address, &hello.bytes)).await;
        visit.context("no alert in time")??;
    }
    Ok(())
}

/// Connects, says the name, hears that there is none, closes.
async fn knock(address: SocketAddr, hello: &[u8]) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(hello).await?;
    let mut alert = [0; ALERT.len()];
    stream.read_exact(&mut alert).await?;
    ensure!(
        alert == ALERT,
        "{alert:?} is not the alert unrecognized_name"
    );
    // Keeps the port out of TIME-WAIT.
    stream.set_zero_linger()?;
    Ok(())
}

/// A client's first bytes, with a name that can be replaced.
#[derive(Clone)]
struct Hello {
    bytes: Vec<u8>,
    name: usize,
}

impl Hello {
    fn new(running: &Running) -> anyhow::Result<Self> {
        let label = label(0);
        let bytes = running.client().hello(&format!("{label}.example.test"))?;
        let mut windows = bytes.windows(label.len());
        let name = windows.position(|window| window == label.as_bytes());
        let name = name.context("the hello says the name")?;
        Ok(Self { bytes, name })
    }

    fn rename(&mut self, number: u64) {
        let label = label(number);
        self.bytes[self.name..][..label.len()].copy_from_slice(label.as_bytes());
    }
}

/// Always of the same length.
fn label(number: u64) -> String {
    format!("u{number:016x}")
}

/// The fatal alert unrecognized_name, byte by byte.
const ALERT: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 112];

const CLIENTS: u64 = 64;

/// A second.
const LEAST_RATE: u64 = 1000;

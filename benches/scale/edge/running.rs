use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::Edge;
use crate::client::Client;
use crate::process::Process;
use crate::random::{Deck, Random};
use crate::set::{Authority, Fresh, Set, domain};
use crate::usage::{self, Cpu};

/// A proxy that serves a set; it ends with the value.
pub(crate) struct Running {
    edge: Arc<dyn Edge>,
    process: Process,
    client: Client,
    authority: Arc<Authority>,
    count: u32,
    /// Whose turn it is to be rotated.
    deck: Deck,
    random: Random,
}

impl Running {
    /// Starts it. With the delay until it served the last domain; none when the deadline passed.
    pub(crate) async fn start(
        edge: Arc<dyn Edge>,
        set: &Set,
        log: &Path,
        deadline: Duration,
    ) -> anyhow::Result<(Self, Option<Duration>)> {
        let client = Client::trusting(set.authority().root().clone())?;
        let mut random = Random::new(u64::from(set.count()));
        let deck = Deck::new(set.count(), &mut random);
        let start = Instant::now();
        let process = Process::start(edge.command(), log)?;
        let mut running = Self {
            edge,
            process,
            client,
            authority: Arc::clone(set.authority()),
            count: set.count(),
            deck,
            random,
        };
        let last = domain(set.count() - 1);
        while running
            .client
            .greet(running.address(), &last)
            .await
            .is_err()
        {
            running.process.ensure_running()?;
            if start.elapsed() > deadline {
                return Ok((running, None));
            }
            sleep(POLL).await;
        }
        let took = start.elapsed();
        Ok((running, Some(took)))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.edge.address()
    }

    pub(crate) fn metrics(&self) -> Option<SocketAddr> {
        self.edge.metrics()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// How many domains it serves.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Bytes, of all its processes.
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        usage::memory(self.process.id())
    }

    /// Of all its processes.
    pub(crate) fn cpu(&self) -> anyhow::Result<Cpu> {
        Cpu::of(self.process.id())
    }

    pub(crate) fn ensure_running(&mut self) -> anyhow::Result<()> {
        self.process.ensure_running()
    }

    /// A domain of the set.
    pub(crate) fn any_domain(&mut self) -> String {
        domain(self.random.below(self.count))
    }

    /// New pairs for so many certificates, or for all if there are fewer: other ones than the last
    /// time.
    pub(crate) fn issue(&mut self, count: u32) -> anyhow::Result<Vec<Fresh>> {
        let indices = self.deck.take(count).into_iter();
        indices.map(|index| self.authority.issue(index)).collect()
    }

    /// Writes new pairs beside the old ones.
    pub(crate) async fn stage(&self, fresh: Arc<[Fresh]>) -> anyhow::Result<()> {
        let edge = Arc::clone(&self.edge);
        spawn_blocking(move || edge.stage(&fresh)).await?
    }

    /// Puts them in place.
    pub(crate) async fn install(&self, fresh: Arc<[Fresh]>) -> anyhow::Result<()> {
        let edge = Arc::clone(&self.edge);
        spawn_blocking(move || edge.install(&fresh)).await?
    }

    /// Whether a handshake shows the new leaf. A handshake that fails is none that does.
    pub(crate) async fn serves(&mut self, fresh: &Fresh) -> anyhow::Result<bool> {
        let greeting = self
            .client
            .greet(self.address(), &domain(fresh.index))
            .await;
        match greeting {
            Ok(greeting) => Ok(greeting.leaf == fresh.leaf),
            Err(_) => self.process.ensure_running().map(|()| false),
        }
    }

    /// When the last one was served, seen from `start`; none when the deadline passed.
    ///
    /// They are asked for one after the other, the last one first. One that is there when it is
    /// asked for may have been there for long, so only those count that were waited for.
    pub(crate) async fn all_served(
        &mut self,
        fresh: &[Fresh],
        start: Instant,
        deadline: Instant,
    ) -> anyhow::Result<Option<Duration>> {
        let mut last = None;
        for fresh in fresh.iter().rev() {
            let mut counts = last.is_none();
            while !self.serves(fresh).await? {
                if Instant::now() >= deadline {
                    return Ok(None);
                }
                counts = true;
                sleep(POLL).await;
            }
            if counts {
                last = Some(start.elapsed());
            }
        }
        Ok(last)
    }
}

const POLL: Duration = Duration::from_millis(1);

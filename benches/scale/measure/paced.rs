use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::edge::Running;
use crate::set::Fresh;
use crate::usage;

/// How a proxy is kept a little busy.
#[derive(Debug)]
pub(super) struct Pace {
    /// One a second, or when the one before is served.
    pub(super) rotations: u32,
    /// It takes a multiple of this.
    pub(super) period: Duration,
    /// When no more are begun; the last one has as long again.
    pub(super) deadline: Duration,
}

/// What that cost.
#[derive(Debug)]
pub(super) struct Paced {
    /// Rotations that were seen to be served.
    pub(super) served: u32,
    pub(super) elapsed: Duration,
    pub(super) cpu: Duration,
    pub(super) most_memory: u64,
}

impl Pace {
    /// The same without rotations, for as long as the one with them took, but no longer than two
    /// periods: those show what there is to see.
    pub(super) fn at_rest(&self, elapsed: Duration) -> Self {
        Self {
            rotations: 0,
            period: elapsed.clamp(self.period, self.period * 2),
            deadline: elapsed.max(self.period * 2),
        }
    }
}

impl Paced {
    /// Of one core.
    pub(super) fn share(&self) -> f64 {
        self.cpu.as_secs_f64() / self.elapsed.as_secs_f64()
    }
}

/// One handshake a second: with a new leaf to be expected, or with any domain.
pub(super) async fn run(running: &mut Running, pace: &Pace) -> anyhow::Result<Paced> {
    let start = Instant::now();
    let (before, commands) = (running.cpu()?, usage::commands()?);
    let mut paced = Paced {
        served: 0,
        elapsed: Duration::ZERO,
        cpu: Duration::ZERO,
        most_memory: 0,
    };
    let mut under_way = None;
    let mut seconds = 0;
    loop {
        let late = start.elapsed() >= pace.deadline;
        if under_way.is_none() && paced.served < pace.rotations && !late {
            under_way = Some(rotate(running).await?);
        }
        seconds += 1;
        let memory = most_memory(running, start + SECOND * seconds).await?;
        paced.most_memory = paced.most_memory.max(memory);
        if look(running, under_way.as_deref()).await? {
            paced.served += 1;
            under_way = None;
        }
        seconds = seconds.max(u32::try_from(start.elapsed().as_secs())?);
        let at_end = paced.served == pace.rotations && is_multiple(seconds, pace.period);
        let cut = start.elapsed() >= pace.deadline * 2;
        if under_way.is_none() && (at_end || late) || cut {
            break;
        }
    }
    paced.elapsed = start.elapsed();
    paced.cpu = running.cpu()?.since(before) + (usage::commands()? - commands);
    Ok(paced)
}

async fn rotate(running: &mut Running) -> anyhow::Result<Arc<[Fresh]>> {
    let fresh: Arc<[Fresh]> = running.issue(1)?.into();
    running.stage(Arc::clone(&fresh)).await?;
    running.install(Arc::clone(&fresh)).await?;
    Ok(fresh)
}

/// Whether what is under way is served now.
async fn look(running: &mut Running, under_way: Option<&[Fresh]>) -> anyhow::Result<bool> {
    if let Some([fresh]) = under_way {
        return running.serves(fresh).await;
    }
    let domain = running.any_domain();
    running.client().greet(running.address(), &domain).await?;
    Ok(false)
}

/// The most memory that is seen now and then until a moment. Looking is the reader's CPU, not the
/// proxy's.
pub(super) async fn most_memory(running: &mut Running, until: Instant) -> anyhow::Result<u64> {
    let mut most = 0;
    loop {
        running.ensure_running()?;
        most = most.max(running.memory()?);
        let now = Instant::now();
        if now >= until {
            return Ok(most);
        }
        sleep_until(until.min(now + GLANCE)).await;
    }
}

fn is_multiple(seconds: u32, period: Duration) -> bool {
    u64::from(seconds).is_multiple_of(period.as_secs().max(1))
}

const SECOND: Duration = Duration::from_secs(1);
const GLANCE: Duration = Duration::from_millis(250);

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::http::{self, Failure, Request, Stream};
use crate::report::{Report, Tally};
use crate::target::Target;

/// What to ask, where, how often and over how many connections.
pub(crate) struct Plan {
    /// Its name in the report.
    pub(crate) mode: &'static str,
    pub(crate) target: Target,
    pub(crate) request: Request,
    /// Whether a connection serves more than one request.
    pub(crate) keep_alive: bool,
    pub(crate) connections: usize,
    pub(crate) limit: Limit,
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    Count(u64),
    Time(Duration),
}

/// Carries the plan out.
pub(crate) async fn run(plan: Plan) -> Report {
    let plan = Arc::new(plan);
    let mut workers = Vec::with_capacity(plan.connections);
    for _ in 0..plan.connections {
        workers.push(Worker::new(Arc::clone(&plan)).await);
    }
    let started = Instant::now();
    let budget = Arc::new(Budget::new(plan.limit, started));
    let mut running = JoinSet::new();
    for worker in workers {
        running.spawn(worker.run(Arc::clone(&budget)));
    }
    let mut tally = Tally::default();
    for part in running.join_all().await {
        tally.add(part);
    }
    Report::new(plan.mode, plan.connections, started.elapsed(), tally)
}

/// One connection at a time, and what came of it.
struct Worker {
    plan: Arc<Plan>,
    kept: Option<Box<dyn Stream>>,
    buffer: Box<[u8]>,
    tally: Tally,
}

impl Worker {
    /// Where connections are kept, the first one is opened here: outside the measured time.
    async fn new(plan: Arc<Plan>) -> Self {
        let mut worker = Self {
            plan,
            kept: None,
            buffer: vec![0; BUFFER].into(),
            tally: Tally::default(),
        };
        if worker.plan.keep_alive {
            match in_time(worker.plan.target.open()).await {
                Ok(stream) => worker.kept = Some(stream),
                Err(failure) => worker.tally.failed(failure),
            }
        }
        worker
    }

    async fn run(mut self, budget: Arc<Budget>) -> Tally {
        while budget.take() {
            let started = Instant::now();
            match in_time(self.unit()).await {
                Ok(length) => self.tally.succeeded(started.elapsed(), length),
                Err(failure) => {
                    self.tally.failed(failure);
                    sleep(PAUSE).await;
                }
            }
        }
        self.tally
    }

    async fn unit(&mut self) -> Result<u64, Failure> {
        let mut stream = match self.kept.take() {
            Some(stream) => stream,
            None => self.plan.target.open().await?,
        };
        let answer = http::exchange(&mut *stream, &self.plan.request, &mut self.buffer).await?;
        if self.plan.keep_alive && answer.keep_alive {
            self.kept = Some(stream);
        } else {
            close(stream, &mut self.buffer).await?;
        }
        Ok(answer.length)
    }
}

/// Closes and waits for the peer to close: its part of the work belongs to the unit, too.
async fn close(mut stream: Box<dyn Stream>, buffer: &mut [u8]) -> Result<(), Failure> {
    stream.shutdown().await?;
    // A peer that was told of the close may leave without a word of its own: no failure.
    while stream.read(buffer).await.is_ok_and(|read| read > 0) {}
    Ok(())
}

async fn in_time<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    timeout(DEADLINE, work)
        .await
        .unwrap_or(Err(Failure::Timeout))
}

/// What is left to do, shared by all workers.
struct Budget {
    left: AtomicU64,
    end: Option<Instant>,
}

impl Budget {
    fn new(limit: Limit, now: Instant) -> Self {
        let (left, end) = match limit {
            Limit::Count(count) => (count, None),
            Limit::Time(time) => (u64::MAX, Some(now + time)),
        };
        Self {
            left: AtomicU64::new(left),
            end,
        }
    }

    fn take(&self) -> bool {
        if self.end.is_some_and(|end| Instant::now() >= end) {
            return false;
        }
        let less = |left: u64| left.checked_sub(1);
        let taken = self.left.fetch_update(Relaxed, Relaxed, less);
        taken.is_ok()
    }
}

/// A TLS record's worth.
const BUFFER: usize = 16 * 1024;

/// For one unit. Generous: a segment may come over a slow line.
const DEADLINE: Duration = Duration::from_secs(30);

/// After a failure, so that a dead server is not asked in a hot loop.
const PAUSE: Duration = Duration::from_millis(100);

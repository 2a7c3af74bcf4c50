use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::client::{ATTEMPT, Client};
use crate::edge::Running;
use crate::figures::{Figures, time};
use crate::plan::Plan;
use crate::progress::say;
use crate::table::{Column, Row};

/// What rotations do to the handshakes of others: windows without and with them, in turns.
pub(super) async fn measure(
    running: &mut Running,
    plan: &Plan,
    column: &mut Column,
) -> anyhow::Result<()> {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 1..=plan.preset.rounds {
        say(&format!("round {round} of {}", plan.preset.rounds));
        let quiet = Visitors::of(running)
            .until(sleep(plan.preset.window))
            .await
            .1;
        without.push(quiet.percentile(99));
        let visitors = Visitors::of(running);
        let rotations = rotate_for(running, plan.preset.window);
        let (rotated, busy) = visitors.until(rotations).await;
        rotated?;
        with.push(busy.percentile(99));
    }
    let (without, with) = (Figures::of(without).median(), Figures::of(with).median());
    column.set(Row::Undisturbed, time(without));
    column.set(Row::Rotating, time(with));
    let ratio = with.as_secs_f64() / without.as_secs_f64();
    column.set(Row::Ratio, format!("{ratio:.2}"));
    Ok(())
}

/// Twenty a second, whether they are served or not.
async fn rotate_for(running: &mut Running, span: Duration) -> anyhow::Result<()> {
    let end = Instant::now() + span;
    let mut clock = interval(ROTATION);
    while Instant::now() < end {
        clock.tick().await;
        let fresh: Arc<[_]> = running.issue(1)?.into();
        running.stage(Arc::clone(&fresh)).await?;
        running.install(fresh).await?;
    }
    Ok(())
}

/// Those whose handshakes are timed: two hundred a second, each for a random domain.
pub(super) struct Visitors {
    client: Client,
    address: std::net::SocketAddr,
    domains: Vec<String>,
}

impl Visitors {
    pub(super) fn of(running: &mut Running) -> Self {
        Self {
            client: running.client().clone(),
            address: running.address(),
            domains: (0..DOMAINS).map(|_| running.any_domain()).collect(),
        }
    }

    /// Lets them come until something is done. Each comes on time, whatever became of those before;
    /// one who is turned away counts as one who waited as long as anybody would.
    pub(super) async fn until<T>(self, done: impl Future<Output = T>) -> (T, Figures) {
        let mut clock = interval(VISIT);
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut visits = JoinSet::new();
        let mut domains = self.domains.iter().cycle();
        let mut done = Box::pin(done);
        let outcome = loop {
            tokio::select! {
                outcome = &mut done => break outcome,
                _ = clock.tick() => {}
            }
            let (client, address) = (self.client.clone(), self.address);
            let domain = domains.next().cloned().unwrap_or_default();
            visits.spawn(async move {
                let greeting = client.greet(address, &domain).await;
                greeting.map_or(ATTEMPT, |greeting| greeting.took)
            });
        };
        (outcome, Figures::of(visits.join_all().await))
    }
}

const VISIT: Duration = Duration::from_millis(5);
const ROTATION: Duration = Duration::from_millis(50);

/// More than come in a window of twenty seconds.
const DOMAINS: usize = 5000;

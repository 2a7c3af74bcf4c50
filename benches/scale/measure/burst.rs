use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::later_than;
use super::paced::most_memory;
use crate::edge::Running;
use crate::figures::time;
use crate::plan::Plan;
use crate::set::Fresh;
use crate::table::{Column, Row};
use crate::usage;

/// Many rotations at once: when the last one is served, and in a second pass, what they cost.
/// Returns the most memory that was seen.
pub(super) async fn measure(
    running: &mut Running,
    plan: &Plan,
    column: &mut Column,
) -> anyhow::Result<u64> {
    let fresh = stage(running, plan.preset.burst).await?;
    let start = Instant::now();
    running.install(Arc::clone(&fresh)).await?;
    let served = running
        .all_served(&fresh, start, start + plan.deadline)
        .await?;
    let Some(served) = served else {
        column.set(Row::Burst, later_than(plan.deadline));
        return running.memory();
    };
    let count = fresh.len();
    column.set(Row::Burst, format!("{} ({count})", time(served)));

    let (cpu, most_memory) = cost(running, plan, served).await?;
    let text = cpu.map_or_else(|| later_than(plan.deadline), time);
    column.set(Row::BurstCpu, text);
    Ok(most_memory)
}

/// Nobody looks for twice as long as it took the first time. What the proxy does at rest meanwhile is
/// in the figure; beside so many rotations it is little.
async fn cost(
    running: &mut Running,
    plan: &Plan,
    served: Duration,
) -> anyhow::Result<(Option<Duration>, u64)> {
    let start = Instant::now();
    let (before, commands) = (running.cpu()?, usage::commands()?);
    let fresh = stage(running, plan.preset.burst).await?;
    running.install(Arc::clone(&fresh)).await?;
    let most = most_memory(running, Instant::now() + served.max(LEAST_WAIT) * 2).await?;
    let cpu = running.cpu()?.since(before) + (usage::commands()? - commands);
    let late = running
        .all_served(&fresh, start, start + plan.deadline)
        .await?;
    Ok((late.map(|_| cpu), most))
}

async fn stage(running: &mut Running, count: u32) -> anyhow::Result<Arc<[Fresh]>> {
    let fresh: Arc<[Fresh]> = running.issue(count)?.into();
    running.stage(Arc::clone(&fresh)).await?;
    Ok(fresh)
}

const LEAST_WAIT: Duration = Duration::from_secs(1);

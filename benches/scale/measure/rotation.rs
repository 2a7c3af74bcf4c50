use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::later_than;
use super::paced::{self, Pace};
use crate::edge::Running;
use crate::figures::{Figures, time};
use crate::plan::Plan;
use crate::table::{Column, Row};

/// From the rename to the first handshake that shows the new leaf.
pub(super) async fn delay(
    running: &mut Running,
    plan: &Plan,
    column: &mut Column,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + plan.deadline;
    let mut times = Vec::new();
    for _ in 0..plan.preset.rotations {
        if Instant::now() >= deadline {
            break;
        }
        let fresh: Arc<[_]> = running.issue(1)?.into();
        running.stage(Arc::clone(&fresh)).await?;
        let start = Instant::now();
        running.install(Arc::clone(&fresh)).await?;
        let own_deadline = start + plan.deadline;
        let Some(served) = running.all_served(&fresh, start, own_deadline).await? else {
            break;
        };
        times.push(served);
    }
    let figures = Figures::of(times);
    let mut text = match figures.len() {
        0 => later_than(plan.deadline),
        _ => format!(
            "{} / {}",
            time(figures.median()),
            time(figures.percentile(99))
        ),
    };
    if (1..plan.preset.rotations as usize).contains(&figures.len()) {
        text += &format!(" (of {})", figures.len());
    }
    column.set(Row::Rotation, text);
    Ok(())
}

/// The CPU time of one rotation, beyond that at rest. Returns the most memory that was seen.
pub(super) async fn cost(
    running: &mut Running,
    plan: &Plan,
    column: &mut Column,
) -> anyhow::Result<u64> {
    let pace = Pace {
        rotations: plan.preset.cpu_rotations,
        period: plan.preset.period,
        deadline: plan.deadline,
    };
    let busy = paced::run(running, &pace).await?;
    if busy.served == 0 {
        column.set(Row::RotationCpu, later_than(plan.deadline));
        return Ok(busy.most_memory);
    }
    let rest = paced::run(running, &pace.at_rest(busy.elapsed)).await?;
    let extra = busy.cpu.as_secs_f64() - rest.share() * busy.elapsed.as_secs_f64();
    // At rest it may by chance have done more.
    let each = Duration::from_secs_f64(extra.max(0.0)) / busy.served;
    column.set(Row::RotationCpu, time(each));
    let percent = rest.share() * 100.0;
    column.set(Row::Rest, format!("{percent:.2} %"));
    Ok(busy.most_memory)
}

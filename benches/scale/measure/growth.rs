use std::sync::Arc;

use tokio::time::Instant;

use super::memory::settled;
use crate::edge::Running;
use crate::figures;
use crate::plan::Plan;
use crate::table::{Column, Row};

/// Memory after many reloads against that before them.
pub(super) async fn measure(
    running: &mut Running,
    plan: &Plan,
    column: &mut Column,
) -> anyhow::Result<()> {
    let before = settled(running).await?;
    let deadline = Instant::now() + plan.deadline;
    let mut reloads = 0;
    while reloads < plan.preset.reloads {
        let fresh: Arc<[_]> = running.issue(1)?.into();
        running.stage(Arc::clone(&fresh)).await?;
        running.install(Arc::clone(&fresh)).await?;
        if running
            .all_served(&fresh, Instant::now(), deadline)
            .await?
            .is_none()
        {
            break;
        }
        reloads += 1;
    }
    let after = settled(running).await?;
    let growth = figures::growth(before, after);
    column.set(Row::Growth, format!("{growth} ({reloads} reloads)"));
    Ok(())
}

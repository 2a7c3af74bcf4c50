use std::time::Duration;

use tokio::time::sleep;

use crate::edge::Running;
use crate::figures;
use crate::plan::FEW;
use crate::table::{Column, Row};

/// What a certificate with its domain takes, against the same proxy with [`FEW`].
pub(super) async fn measure(
    running: &mut Running,
    few: u64,
    column: &mut Column,
) -> anyhow::Result<()> {
    let all = settled(running).await?;
    let more = f64::from(running.count()) - f64::from(FEW);
    let each = all.saturating_sub(few) as f64 / more / 1024.0;
    column.set(Row::Memory, figures::mebibytes(all));
    column.set(Row::PerCertificate, format!("{each:.2} KiB"));
    Ok(())
}

/// The memory once it does not change any more, or at the end of the patience.
pub(super) async fn settled(running: &mut Running) -> anyhow::Result<u64> {
    let mut before = running.memory()?;
    for _ in 0..READINGS {
        sleep(APART).await;
        running.ensure_running()?;
        let now = running.memory()?;
        if before.abs_diff(now) * 100 < before {
            return Ok(now);
        }
        before = now;
    }
    Ok(before)
}

const APART: Duration = Duration::from_secs(1);
const READINGS: u32 = 30;

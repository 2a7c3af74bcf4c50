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

/// The memory once it does not change any more and the proxy is idle, or at the end of the patience.
/// What is memory for a moment only is gone then, and what follows a start is done.
pub(super) async fn settled(running: &mut Running) -> anyhow::Result<u64> {
    let (mut memory, mut cpu) = (running.memory()?, running.cpu()?);
    for _ in 0..READINGS {
        sleep(APART).await;
        running.ensure_running()?;
        let (memory_before, cpu_before) = (memory, cpu);
        (memory, cpu) = (running.memory()?, running.cpu()?);
        let is_steady = memory.abs_diff(memory_before) * 100 < memory_before;
        if is_steady && cpu.since(cpu_before) < IDLE {
            break;
        }
    }
    Ok(memory)
}

const APART: Duration = Duration::from_secs(1);
const READINGS: u32 = 60;

/// Of the second between two readings.
const IDLE: Duration = Duration::from_millis(20);

use std::fs;
use std::thread;

use anyhow::Context;

use crate::plan::Plan;

/// What makes two runs comparable, and nothing else: no date, no host name.
pub(crate) fn describe(plan: &Plan, count: u32) -> anyhow::Result<String> {
    let mut parts = vec![
        format!("{count} certificates"),
        processor()?,
        format!("{} cores", cores()),
        format!("Linux {}", kernel()?),
    ];
    for kind in &plan.proxies {
        parts.push(kind.version(plan)?);
    }
    Ok(parts.join("; "))
}

/// How many processors this process may use.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn processor() -> anyhow::Result<String> {
    let text = fs::read_to_string("/proc/cpuinfo").context("/proc/cpuinfo")?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let model = lines.find(|(key, _)| key.trim() == "model name");
    Ok(model
        .map_or("unknown CPU", |(_, model)| model.trim())
        .to_owned())
}

fn kernel() -> anyhow::Result<String> {
    let path = "/proc/sys/kernel/osrelease";
    Ok(fs::read_to_string(path).context(path)?.trim().to_owned())
}

//! What the kernel says that a process and its children use.

use std::fs;
use std::time::Duration;

use anyhow::Context;

/// CPU time so far, counted in two ways.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpu {
    /// Of the threads that run now, to the nanosecond.
    threads: Duration,
    /// Of threads and children that have ended as well, in steps of 10 ms.
    all: Duration,
}

impl Cpu {
    pub(crate) fn of(process: u32) -> anyhow::Result<Self> {
        let mut cpu = Self {
            threads: Duration::ZERO,
            all: Duration::ZERO,
        };
        let family = family(process)?;
        for process in family {
            cpu.threads += threads(process)?;
            cpu.all += ticks(&process.to_string(), &OWN)?;
        }
        cpu.all += ticks(&process.to_string(), &ENDED_CHILDREN)?;
        Ok(cpu)
    }

    /// The exact count, unless threads or children have ended meanwhile and taken theirs along.
    pub(crate) fn since(self, before: Self) -> Duration {
        let threads = self.threads.saturating_sub(before.threads);
        let all = self.all.saturating_sub(before.all);
        if threads.abs_diff(all) <= ROUNDING {
            threads
        } else {
            all
        }
    }
}

/// CPU time of the commands that this process has run and waited for.
pub(crate) fn commands() -> anyhow::Result<Duration> {
    ticks("self", &ENDED_CHILDREN)
}

/// Memory of a process and its children in bytes: pages that they share count once.
pub(crate) fn memory(process: u32) -> anyhow::Result<u64> {
    let mut sum = 0;
    for process in family(process)? {
        // A child may have ended since it was listed.
        let path = format!("/proc/{process}/smaps_rollup");
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let mut lines = text.lines();
        let kibibytes = lines.find_map(|line| line.strip_prefix("Pss:")?.strip_suffix("kB"));
        sum += kibibytes.context(path)?.trim().parse::<u64>()? * 1024;
    }
    Ok(sum)
}

/// A process and its children.
fn family(process: u32) -> anyhow::Result<Vec<u32>> {
    let path = format!("/proc/{process}/task/{process}/children");
    let text = fs::read_to_string(&path).context(path)?;
    let children = text.split_whitespace().map(str::parse);
    let mut family = vec![process];
    for child in children {
        family.push(child?);
    }
    Ok(family)
}

/// The sum over all threads, as far as they can still be read.
fn threads(process: u32) -> anyhow::Result<Duration> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else {
        return Ok(Duration::ZERO);
    };
    let mut nanoseconds = 0;
    for task in tasks.flatten() {
        let Ok(text) = fs::read_to_string(task.path().join("schedstat")) else {
            continue;
        };
        let first = text.split_whitespace().next().unwrap_or_default();
        nanoseconds += first.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The sum of two fields of `/proc/PROCESS/stat`; zero for a process that has ended.
fn ticks(process: &str, fields: &[usize; 2]) -> anyhow::Result<Duration> {
    let Ok(text) = fs::read_to_string(format!("/proc/{process}/stat")) else {
        return Ok(Duration::ZERO);
    };
    // The second field, a name in parentheses, may hold anything.
    let (_, rest) = text.rsplit_once(')').context("/proc/…/stat")?;
    let values: Vec<&str> = rest.split_whitespace().collect();
    let mut sum = 0;
    for field in fields {
        let value = values.get(field - AFTER_NAME).context("/proc/…/stat")?;
        sum += value.parse::<u64>()?;
    }
    Ok(TICK * u32::try_from(sum)?)
}

/// utime and stime, counted from 1 as proc(5) does.
const OWN: [usize; 2] = [14, 15];
/// cutime and cstime.
const ENDED_CHILDREN: [usize; 2] = [16, 17];
const AFTER_NAME: usize = 3;

/// What user space sees, whatever the kernel's own clock is.
const TICK: Duration = Duration::from_millis(10);

/// Each of two readings of two fields may be a tick short.
const ROUNDING: Duration = Duration::from_millis(20);

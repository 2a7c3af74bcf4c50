use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::time::Instant;

/// A proxy's first process and its children; they end with the value.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it in a process group of its own, with what it says in a file.
    pub(crate) fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let file = File::create(log).with_context(|| log.display().to_string())?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0)
            .spawn()
            .with_context(|| command.get_program().display().to_string())?;
        let log = log.to_owned();
        Ok(Self { child, log })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails with the end of its log when it has ended.
    pub(crate) fn ensure_running(&mut self) -> anyhow::Result<()> {
        let Some(status) = self.child.try_wait()? else {
            return Ok(());
        };
        let log = fs::read(&self.log).unwrap_or_default();
        let tail = &log[log.len().saturating_sub(LOG_TAIL)..];
        bail!("ended with {status}: {}", String::from_utf8_lossy(tail))
    }

    /// The shell's own `kill` does it: this stays free of unsafe code.
    fn signal_group(&self, name: &str) {
        let kill = format!("kill -s {name} -- -{}", self.id());
        let mut shell = Command::new("sh");
        // It fails when all have ended.
        let _ = shell.args(["-c", &kill]).stderr(Stdio::null()).status();
    }
}

/// Who takes longer to end than five seconds is not waited for.
impl Drop for Process {
    fn drop(&mut self) {
        self.signal_group("TERM");
        let end = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        self.signal_group("KILL");
        // Without a shell at least the first process ends, and is not waited for in vain.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end, for as long as it may take.
pub(crate) fn run(mut command: Command, longest: Duration) -> anyhow::Result<()> {
    let name = command.get_program().display().to_string();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| name.clone())?;
    let end = Instant::now() + longest;
    while Instant::now() < end {
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "{name}: {status}");
            return Ok(());
        }
        thread::sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    let _ = child.wait();
    bail!("{name} took longer than {longest:?}")
}

const LOG_TAIL: usize = 2000;
const PATIENCE: Duration = Duration::from_secs(5);

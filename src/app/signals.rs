use std::env;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::SyncSender;
use std::thread;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::notify::Notifier;
use crate::reload::Trigger;

/// The signals that the process listens to.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    upgrade: Signal,
    /// The program's file when it started: another one may be there by now.
    program: Option<PathBuf>,
    notifier: Notifier,
}

impl Signals {
    pub(super) fn new(notifier: Notifier) -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            upgrade: signal(SignalKind::user_defined2())?,
            program: env::current_exe().ok(),
            notifier,
        })
    }

    /// Returns on SIGTERM and SIGINT; SIGHUP reloads, SIGUSR2 starts a successor.
    pub(super) async fn wait(&mut self, triggers: &SyncSender<Trigger>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => {
                    self.notifier.reloading();
                    // A full queue holds a trigger already.
                    let _ = triggers.try_send(Trigger::Signal);
                }
                _ = self.upgrade.recv() => self.start_successor(),
            }
        }
    }

    /// Starts the program again, from the same path and with the same arguments: it asks for the
    /// handover by itself.
    fn start_successor(&self) {
        let started = self.program.as_ref().ok_or(io::ErrorKind::NotFound.into());
        let started = started.and_then(|program| {
            let mut child = successor(program).spawn()?;
            tracing::info!(program = %program.display(), pid = child.id(), "starting a successor");
            thread::Builder::new()
                .name("successor".to_owned())
                .spawn(move || {
                    // It outlives this process, or could not take over: its own log says why.
                    if let Ok(status) = child.wait() {
                        tracing::warn!(%status, reason = "handover_failed", "the successor ended");
                    }
                })
        });
        if let Err(error) = started {
            tracing::error!(%error, reason = "handover_failed", "cannot start a successor");
        }
    }
}

fn successor(program: &PathBuf) -> Command {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let mut command = Command::new(program);
    command.args(&arguments).stdin(Stdio::null());
    // `run` may have been left out, and is needed for its option.
    if !arguments.iter().any(|argument| argument == "run") {
        command.arg("run");
    }
    if !arguments.iter().any(|argument| argument == UPGRADE) {
        command.arg(UPGRADE);
    }
    // These are about this process: sd_listen_fds(3), sd_watchdog_enabled(3).
    for name in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_PID"] {
        command.env_remove(name);
    }
    command
}

const UPGRADE: &str = "--upgrade";

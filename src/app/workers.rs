use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::worker::{self, Sockets};
use super::{StartError, spawn};
use crate::listener::{Clients, Drain};
use crate::origin::Connector;
use crate::reload::Loaded;
use crate::telemetry::Counters;

/// The threads that serve viewers.
#[derive(Debug)]
pub(super) struct Workers {
    stop: watch::Sender<Option<Drain>>,
    ends: mpsc::Receiver<io::Result<()>>,
}

impl Workers {
    /// Starts a thread for each set of sockets, and returns once all of them serve.
    pub(super) fn start(
        workers: Vec<Sockets>,
        https_port: Option<u16>,
        loaded: &Loaded,
        counters: &Arc<Counters>,
        connector: &Connector,
    ) -> io::Result<Self> {
        let files = raise_file_limit();
        let (stop, stopped) = watch::channel(None);
        let context = worker::Context {
            current: loaded.current.clone(),
            counters: Arc::clone(counters),
            connector: connector.clone(),
            https_port,
            clients: Clients::new(),
            most: most_connections(files),
            stop: stopped,
        };
        let ends = start(workers, &context)?;
        Ok(Self { stop, ends })
    }

    /// Has all of them end.
    pub(super) fn drain(&self, drain: Drain) {
        self.stop.send_replace(Some(drain));
    }

    /// Ready when every worker has ended, or one of them in an error.
    pub(super) async fn all_over(&mut self) -> Result<(), StartError> {
        while let Some(end) = self.ends.recv().await {
            end.map_err(StartError::Worker)?;
        }
        Ok(())
    }
}

/// Starts a thread for each set of sockets, and returns once all of them serve: with the queue that
/// tells how they end.
fn start(
    workers: Vec<Sockets>,
    context: &worker::Context,
) -> io::Result<mpsc::Receiver<io::Result<()>>> {
    let count = workers.len();
    let (ended, mut ends) = mpsc::channel(count);
    let (serving, serve) = std::sync::mpsc::sync_channel(count);
    for (number, sockets) in workers.into_iter().enumerate() {
        let (context, ended, serving) = (context.clone(), ended.clone(), serving.clone());
        spawn(&format!("worker-{number}"), move || {
            let run = AssertUnwindSafe(|| worker::run(sockets, context, serving));
            let bug = |_| Err(io::Error::other("a bug ended a worker"));
            // Whoever listened is gone with the process.
            let _ = ended.blocking_send(catch_unwind(run).unwrap_or_else(bug));
        })?;
    }
    drop((ended, serving));
    for _ in 0..count {
        if serve.recv().is_err() {
            let end = ends.blocking_recv();
            return Err(end
                .and_then(Result::err)
                .unwrap_or_else(|| io::Error::other("a worker ended before it served")));
        }
    }
    Ok(ends)
}

/// Viewers need one or two file descriptors each, and many systems begin with 1024.
fn raise_file_limit() -> Option<u64> {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => {
            tracing::info!(limit, "open files");
            Some(limit)
        }
        Err(error) => {
            tracing::warn!(%error, "cannot raise the limit on open files");
            None
        }
    }
}

/// As many connections of viewers as leave each a connection to an origin, and some files for all
/// else.
fn most_connections(files: Option<u64>) -> usize {
    let files = files.unwrap_or(DEFAULT_FILES);
    let half = (files - OTHER_FILES.min(files / 4)) / 2;
    usize::try_from(half).unwrap_or(usize::MAX).max(1)
}

/// What most systems begin with.
const DEFAULT_FILES: u64 = 1024;

/// Listeners, logs, and a reload that reads on all cores.
const OTHER_FILES: u64 = 128;

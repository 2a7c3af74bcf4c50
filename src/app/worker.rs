use std::io;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use tokio::runtime::{self, LocalOptions};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::http::Worker;
use crate::listener::{Admission, Clients, Drain, Registry, Service, Speaks, serve};
use crate::origin::Connector;
use crate::snapshot::Current;
use crate::telemetry::Counters;

/// A worker's own sockets.
pub(super) type Sockets = Vec<Socket>;

/// A socket, and how it is spoken to.
pub(super) struct Socket {
    pub(super) listener: TcpListener,
    pub(super) speaks: Speaks,
    pub(super) proxy_protocol: bool,
}

/// What all workers are given.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) current: Current,
    pub(super) counters: Arc<Counters>,
    pub(super) connector: Connector,
    pub(super) https_port: Option<u16>,
    pub(super) clients: Clients,
    /// Connections in all, where the settings say nothing.
    pub(super) most: usize,
    /// How all connections end, once the process is to stop.
    pub(super) stop: watch::Receiver<Option<Drain>>,
}

/// Serves connections on the thread that calls it: one runtime, no sharing with other threads.
/// Tells `serving` when it begins to.
pub(super) fn run(sockets: Sockets, context: Context, serving: SyncSender<()>) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        // Name lookups of origins: each blocks one while it waits.
        .max_blocking_threads(64)
        .build_local(LocalOptions::default())?;
    runtime.block_on(work(sockets, context, serving))
}

async fn work(sockets: Sockets, context: Context, serving: SyncSender<()>) -> io::Result<()> {
    let worker = Worker::new(
        context.current.clone(),
        context.counters,
        context.https_port,
        context.connector,
    );
    let (worker, registry) = (Rc::new(worker), Rc::new(Registry::default()));
    let admission = Rc::new(Admission::new(context.clients, context.most));
    let mut accepting = Vec::new();
    for socket in sockets {
        let listener = tokio::net::TcpListener::from_std(socket.listener)?;
        let service = Service {
            worker: Rc::clone(&worker),
            registry: Rc::clone(&registry),
            admission: Rc::clone(&admission),
            speaks: socket.speaks,
            proxy_protocol: socket.proxy_protocol,
        };
        let mut stop = context.stop.clone();
        let stopped = async move { drop(stop.wait_for(Option::is_some).await) };
        accepting.push(spawn_local(serve(listener, service, stopped)));
    }
    // Whoever waits for it ends the process when it cannot.
    let _ = serving.send(());
    let mut stop = context.stop;
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut end, mut quiet) = (None, 0);
    loop {
        tokio::select! {
            now = ticks.tick() => sweep(now, &worker, &registry),
            _ = stop.changed(), if end.is_none() => {
                let drain = stop.borrow().unwrap_or_default();
                end = Some(drain.end());
                registry.drain(drain);
                continue;
            }
        }
        let is_quiet = registry.is_empty() && accepting.iter().all(JoinHandle::is_finished);
        // Whoever was accepted last enters the registry a moment later.
        quiet = if is_quiet { quiet + 1 } else { 0 };
        // A sweep after the end has cut all that was left.
        let over = end.is_some_and(|end| quiet > 1 || end + SWEEP * 4 <= Instant::now());
        if over {
            return Ok(());
        }
    }
}

fn sweep(now: Instant, worker: &Worker, registry: &Registry) {
    worker.sweep(now);
    // After the exchanges, which may have their connections cut.
    registry.sweep(now, &worker.current.load());
}

/// Short enough for "off within a second", long enough to cost nothing.
const SWEEP: Duration = Duration::from_millis(250);

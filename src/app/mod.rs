//! The process from start to end: load, bind, spawn, wait for a signal, drain.

mod bound;
mod desk;
mod hsts;
mod inherited;
mod notify;
mod offline;
mod signals;
mod succession;
mod watching;
mod worker;
mod workers;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio::runtime::{self, LocalOptions, LocalRuntime};
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::interval;

use crate::admin::{self, Audit, Changes, SocketError};
use crate::config::{ListenerName, Settings};
use crate::handover::HandoverError;
use crate::listener::{BindError, Drain};
use crate::manage::{Manager, Shelf};
use crate::origin::{Connector, InvalidRoots};
use crate::reload::{self, LoadError, Loaded, Orders, Report, Trigger};
use crate::snapshot::Current;
use crate::state::HstsKeeper;
use crate::telemetry::Counters;
use bound::Bound;
use desk::{Desk, Open};
use inherited::Inherited;
use notify::{Notifier, watchdog};
pub use offline::{Offline, OfflineError};
use signals::Signals;
use succession::Succession;
use watching::Watching;
use workers::Workers;

/// Why the program does not start. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// An address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The admin listener cannot be listened on.
    #[error(transparent)]
    Admin(#[from] SocketError),
    /// The file of `origins.ca` cannot be read.
    #[error("cannot read {}: {error}; mend origins.ca in lockgate.toml", .path.display())]
    OriginCa {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// The file of `origins.ca` holds no roots.
    #[error("{} cannot be used for origins.ca: {error}", .path.display())]
    OriginRoots {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: InvalidRoots,
    },
    /// The running process does not hand over.
    #[error(transparent)]
    Handover(#[from] HandoverError),
    /// A worker ended by itself.
    #[error("a worker ended: {0}")]
    Worker(#[source] io::Error),
    /// The TLS library cannot start.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[source] rustls::Error),
    /// The system gives no thread, signal handler or the like.
    #[error("the system refuses what a start needs: {0}")]
    System(#[from] io::Error),
}

/// A program that is loaded and serves.
#[derive(Debug)]
pub struct App {
    /// The read end of the snapshot.
    pub current: Current,
    /// What the first load found.
    pub report: Report,
    /// Where plain HTTP is served.
    pub http: Vec<SocketAddr>,
    /// Where TLS is served.
    pub https: Vec<SocketAddr>,
    /// Where TLS with something else inside is served, by the listener's name.
    pub tcp: Vec<(ListenerName, SocketAddr)>,
    /// Where the admin listener is.
    pub admin: admin::Place,
    runtime: LocalRuntime,
    signals: Signals,
    triggers: SyncSender<Trigger>,
    ready: Arc<AtomicBool>,
    workers: Workers,
    prover: AbortHandle,
    hsts: HstsKeeper,
    desk: Open,
    notifier: Notifier,
    succession: Succession,
}

impl App {
    /// Loads a configuration directory, takes all that serving needs, and begins to serve: beside
    /// nobody, or with `upgrade` in the place of the process that runs.
    ///
    /// # Errors
    ///
    /// When the configuration or an address cannot be used, or the system refuses something; then
    /// the caller has to end the process.
    pub fn start(directory: &Path, upgrade: bool) -> Result<Self, StartError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let counters = Arc::new(Counters::default());
        let mut inherited = Inherited::find(directory, upgrade)?;
        let mut loaded = load(directory, &mut inherited, &provider, &counters)?;
        let settings = Arc::clone(&loaded.current.load().settings);
        let connector = connector(directory, &settings, Arc::clone(&provider))?;
        let mut bound = Bound::new(&settings, &mut inherited)?;
        let desk = Desk::set_up(directory, &settings, &mut inherited)?;
        bound.handed.push(desk.handed()?);
        let notifier = Notifier::from_environment();
        let runtime = local_runtime()?;
        let entered = runtime.enter();
        let signals = Signals::new(notifier.clone())?;
        let port = bound.https.first().map(SocketAddr::port);
        let entrances = bound.entrances(&settings);
        let workers = Workers::start(bound.workers, port, &loaded, &counters, &connector)?;
        let state = directory.join(&settings.state.directory);
        let audit = Audit::start(&state)?;
        let hsts = hsts::keeper(state.clone(), loaded.current.clone())?;
        let watching = Watching::start(
            &runtime,
            &mut loaded,
            &entrances,
            connector,
            Arc::clone(&provider),
            note(audit.clone(), &hsts, &notifier),
        );
        let ready = Arc::new(AtomicBool::new(true));
        let admin = desk.place().clone();
        let (triggers, queue) = reload::triggers();
        let orders = Orders::new(triggers.clone());
        let manager = manager(directory, &loaded, orders, &provider);
        let changes = Changes::start(manager, audit)?;
        let told = watching.admin(&loaded, counters, &ready, desk.access(), changes);
        let desk = desk.open(&runtime, told, provider)?;
        let (sender, reloader) = (triggers.clone(), loaded.reloader);
        spawn("reload", move || reloader.run(sender, &queue))?;
        drop(entered);
        let (current, told) = (loaded.current.clone(), notifier.clone());
        let succession = Succession::begin(inherited, &state, bound.handed, current, told);
        notifier.ready();
        Ok(Self {
            current: loaded.current,
            report: loaded.report,
            http: bound.http,
            https: bound.https,
            tcp: bound.tcp,
            admin,
            runtime,
            signals,
            triggers,
            ready,
            workers,
            prover: watching.prover,
            hsts,
            desk,
            notifier,
            succession,
        })
    }

    /// Writes what was loaded and where it listens to the log.
    pub fn log(&self) {
        self.report.log();
        let kinds = [("http", &self.http), ("https", &self.https)];
        for (listener, addresses) in kinds {
            for address in addresses {
                tracing::info!(listener, %address, "listening");
            }
        }
        for (name, address) in &self.tcp {
            tracing::info!(listener = "tcp", %name, %address, "listening");
        }
        tracing::info!(listener = "admin", address = %self.admin, "listening");
    }

    /// Serves until SIGTERM or SIGINT, or until another process has taken over; then until the
    /// viewers are gone or their time is up. A second signal ends that at once.
    ///
    /// # Errors
    ///
    /// When a worker ends by itself.
    pub fn run(mut self) -> Result<(), StartError> {
        let mut is_followed = false;
        let runtime = self.runtime;
        let end = runtime.block_on(async {
            keep_alive(self.notifier.clone());
            tokio::select! {
                () = self.signals.wait(&self.triggers) => self.notifier.stopping(),
                successor = self.succession.is_over() => {
                    tracing::info!(pid = successor.pid, "another process has taken over");
                    self.desk.leave();
                    is_followed = true;
                }
                result = self.workers.all_over() => return result,
            }
            self.ready.store(false, Ordering::Relaxed);
            // From here on nobody is served with anything new.
            self.prover.abort();
            self.succession.end(!is_followed);
            let drain = self.current.load().settings.timeouts.drain;
            tracing::info!(seconds = drain.as_secs(), "draining");
            self.workers.drain(Drain::of(drain));
            tokio::select! {
                result = self.workers.all_over() => result?,
                () = self.signals.wait(&self.triggers) => {
                    tracing::warn!("a second signal: not waiting");
                }
            }
            tracing::info!("stopped");
            Ok(())
        });
        // What browsers are told goes on where another process does.
        if !is_followed {
            self.hsts.end();
        }
        end
    }
}

/// Tells systemd's watchdog, if there is one, that this thread goes round.
fn keep_alive(notifier: Notifier) {
    if let Some(every) = watchdog() {
        spawn_local(async move {
            let mut ticks = interval(every);
            loop {
                ticks.tick().await;
                notifier.alive();
            }
        });
    }
}

/// Reads the configuration directory, and goes on with the ticket keys of the process before.
fn load(
    directory: &Path,
    inherited: &mut Inherited,
    provider: &Arc<CryptoProvider>,
    counters: &Arc<Counters>,
) -> Result<Loaded, LoadError> {
    let (provider, counters) = (Arc::clone(provider), Arc::clone(counters));
    reload::load(directory, provider, counters, inherited.keys.take())
}

/// What is written down of each reload.
fn note(audit: Audit, hsts: &HstsKeeper, notifier: &Notifier) -> impl Fn(&Report) + Send + 'static {
    let (wake, notifier) = (hsts.waker(), notifier.clone());
    move |report| {
        audit.note(report);
        notifier.reloaded();
        if report.hsts_changed {
            wake();
        }
    }
}

/// What serves the admin listener, and what is beside it.
fn local_runtime() -> io::Result<LocalRuntime> {
    let mut builder = runtime::Builder::new_current_thread();
    builder.enable_all().build_local(LocalOptions::default())
}

/// Gets ready to make changes that somebody asks for.
fn manager(
    directory: &Path,
    loaded: &Loaded,
    orders: Orders,
    provider: &Arc<CryptoProvider>,
) -> Manager {
    let state = &loaded.current.load().settings.state;
    let shelf = directory.join(&state.directory);
    // Without history there is nothing to roll back to, which who asks for it is told.
    let shelf = Shelf::open(&shelf, state.history, Arc::clone(provider)).ok();
    Manager {
        root: directory.to_owned(),
        current: loaded.current.clone(),
        status: loaded.status.clone(),
        orders,
        provider: Arc::clone(provider),
        shelf,
    }
}

/// Makes what connects to origins, with the roots that the settings name.
///
/// # Errors
///
/// When the file of `origins.ca` cannot be used.
pub fn connector(
    directory: &Path,
    settings: &Settings,
    provider: Arc<CryptoProvider>,
) -> Result<Connector, StartError> {
    let path = settings.origin_ca.as_ref().map(|path| directory.join(path));
    let path = path.unwrap_or_default();
    let roots = match &settings.origin_ca {
        Some(_) => fs::read(&path).map_err(|error| StartError::OriginCa {
            path: path.clone(),
            error,
        })?,
        None => Vec::new(),
    };
    let connector = Connector::new(&roots, provider);
    connector.map_err(|error| StartError::OriginRoots { path, error })
}

/// Starts a thread that ends with the process or before.
fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(run).map(drop)
}

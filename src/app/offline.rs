use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use http::{Request, Response};
use rustls::crypto::aws_lc_rs;

use super::manager;
use crate::admin::{self, Audit};
use crate::reload::{self, LoadError, Orders};

/// Why nothing can be done without a running process.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The system gives no thread.
    #[error("the system refuses a thread: {0}")]
    System(#[from] io::Error),
}

/// What the admin listener answers with and how changes are made, in the process of a command: over
/// the files of a configuration directory that no process serves.
///
/// A process that starts at the same moment does no harm, and none comes to it. Files are exchanged
/// with what they were when the change was planned, and put back where that was something else
/// meanwhile; what it read before, it sees changed. History, pins and the audit log may be written
/// by several processes.
#[derive(Debug)]
pub struct Offline {
    /// Taken at the end: orders are over with it.
    desk: Option<admin::Offline>,
    audit: Audit,
    reload: Option<JoinHandle<()>>,
}

impl Offline {
    /// Loads a configuration directory as a start would. It writes nothing, not into the state
    /// directory either, before a change is asked for.
    ///
    /// # Errors
    ///
    /// When the directory or `lockgate.toml` cannot be used, or the system gives no thread.
    pub fn open(directory: &Path) -> Result<Self, OfflineError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut loaded = reload::load_offline(directory, Arc::clone(&provider))?;
        let state = loaded.current.load().settings.state.directory.clone();
        let audit = Audit::start(&directory.join(state))?;
        let noted = audit.clone();
        loaded
            .reloader
            .after_reload(move |report| noted.note(report));
        let (triggers, queue) = reload::triggers();
        let manager = manager(directory, &loaded, Orders::new(triggers), &provider);
        let reloader = loaded.reloader;
        let thread = thread::Builder::new().name("reload".to_owned());
        let reload = thread.spawn(move || reloader.carry_out_orders(&queue))?;
        Ok(Self {
            desk: Some(admin::Offline {
                manager,
                audit: audit.clone(),
            }),
            audit,
            reload: Some(reload),
        })
    }

    /// Answers a request as the admin listener would: domains, certificates and bindings.
    pub fn answer(&self, request: Request<String>) -> Response<String> {
        let desk = self.desk.as_ref().expect("it is only taken when dropped");
        desk.answer(request)
    }
}

/// Waits for what goes into the state directory, a few seconds at most.
impl Drop for Offline {
    fn drop(&mut self) {
        self.desk = None;
        if let Some(reload) = self.reload.take() {
            // A panic there was told to who gave the order.
            let _ = reload.join();
        }
        self.audit.flush();
    }
}

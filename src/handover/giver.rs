use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::net::{SocketFlags, accept_with};

use super::message::Message;
use super::wire::{Wire, listen_at};
use super::{Handed, NAME, Secret};
use crate::disk::random_name;

/// The side of the process that is to be followed by another one.
#[derive(Debug)]
pub struct Giver {
    path: PathBuf,
    sockets: Arc<Mutex<Option<Vec<Handed>>>>,
}

/// The process that takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Successor {
    /// Its number.
    pub pid: i32,
}

impl Giver {
    /// Waits, on a thread of its own, for a process that wants to take over. It is given `sockets`
    /// and the ticket keys of that moment; when it serves, `leave` is called once, and answered to
    /// it by then.
    ///
    /// # Errors
    ///
    /// When the system gives no socket in the state directory, or no thread.
    pub fn start(
        state: &Path,
        sockets: Vec<Handed>,
        keys: impl Fn() -> Vec<Secret> + Send + 'static,
        leave: impl Fn(Successor) + Send + 'static,
    ) -> io::Result<Self> {
        let draft = format!(".{}.sock", random_name()?);
        let listener = listen_at(state, NAME, &draft)?;
        let sockets = Arc::new(Mutex::new(Some(sockets)));
        let shared = Arc::clone(&sockets);
        let thread = thread::Builder::new().name("handover".to_owned());
        thread.spawn(move || {
            while let Some(wire) = accept(&listener) {
                match hand_over(&wire, &shared, &keys) {
                    Ok(successor) => {
                        leave(successor);
                        // The other one waits for it, but can do without.
                        let _ = wire.send(&Message::Leaving, None);
                        return;
                    }
                    Err(error) => tracing::warn!(
                        %error,
                        reason = "handover_failed",
                        "the process that wanted to take over does not; this one goes on"
                    ),
                }
            }
        })?;
        let path = state.join(NAME);
        Ok(Self { path, sockets })
    }

    /// Hands nothing over any more: the sockets end with the listeners.
    pub fn close(&self) {
        self.lock().take();
    }

    /// Nobody is to follow: the name goes, too.
    pub fn end(&self) {
        self.close();
        let _ = fs::remove_file(&self.path);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Vec<Handed>>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accept(listener: &OwnedFd) -> Option<Wire> {
    loop {
        match accept_with(listener, SocketFlags::CLOEXEC) {
            Ok(socket) => return Some(Wire::of(socket)),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::CONNABORTED) => {}
            Err(error) => {
                tracing::error!(%error, reason = "handover_failed", "nobody can take over");
                return None;
            }
        }
    }
}

fn hand_over(
    wire: &Wire,
    sockets: &Mutex<Option<Vec<Handed>>>,
    keys: &impl Fn() -> Vec<Secret>,
) -> io::Result<Successor> {
    let peer = wire.peer()?;
    let peer = peer.ok_or(io::ErrorKind::PermissionDenied)?;
    wire.set_patience(A_MESSAGE)?;
    wire.expect(&Message::Hello)?;
    {
        let sockets = sockets.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = || io::Error::other("this process ends");
        for Handed { place, socket } in sockets.as_ref().ok_or_else(gone)? {
            let message = Message::Socket(place.clone());
            wire.send(&message, Some(socket.as_fd()))?;
        }
    }
    for secret in keys() {
        wire.send(&Message::Key(secret), None)?;
    }
    wire.send(&Message::End, None)?;
    wire.set_patience(A_START)?;
    wire.expect(&Message::Ready)?;
    let pid = peer.as_raw_nonzero().get();
    Ok(Successor { pid })
}

/// Both are on the same machine, and know what to say.
const A_MESSAGE: Duration = Duration::from_secs(10);

/// Until the other has read all files: seconds at 100,000 certificates, more on a slow disk.
const A_START: Duration = Duration::from_secs(600);

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::message::Message;
use super::wire::Wire;
use super::{Handed, NAME, Secret};

/// Why nothing was handed over.
#[derive(Debug, thiserror::Error)]
#[error("cannot take over from the running process at {}: {error}; {hint}", .path.display(), hint = self.hint())]
pub struct HandoverError {
    /// Its socket.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub error: io::Error,
}

impl HandoverError {
    /// The stable word for it.
    pub fn code(&self) -> &'static str {
        "handover_failed"
    }

    fn hint(&self) -> &'static str {
        match self.error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                "nothing runs there: start without --upgrade"
            }
            io::ErrorKind::PermissionDenied => "run this as the user of that process",
            _ => "look at the log of that process",
        }
    }
}

/// The side of the process that follows another one.
pub struct Taker {
    wire: Wire,
    path: PathBuf,
}

/// What the predecessor gave.
#[derive(Debug)]
pub struct Taken {
    /// Its sockets.
    pub sockets: Vec<Handed>,
    /// Its ticket keys, the newest first; none when they come from files.
    pub keys: Vec<Secret>,
}

impl Taker {
    /// Asks the process that uses this state directory for what it has.
    ///
    /// # Errors
    ///
    /// When there is none, or it does not want to.
    pub fn connect(state: &Path) -> Result<(Self, Taken), HandoverError> {
        let path = state.join(NAME);
        let taken = Wire::connect(state, NAME).and_then(|wire| Ok((take(&wire)?, wire)));
        match taken {
            Ok((taken, wire)) => Ok((Self { wire, path }, taken)),
            Err(error) => Err(HandoverError { path, error }),
        }
    }

    /// Tells the predecessor that this process serves, and waits until it serves nobody new.
    ///
    /// # Errors
    ///
    /// When it does not answer: then both serve.
    pub fn ready(self) -> Result<(), HandoverError> {
        let said = self.wire.send(&Message::Ready, None);
        let answered = said.and_then(|()| self.wire.expect(&Message::Leaving));
        answered.map_err(|error| HandoverError {
            path: self.path,
            error,
        })
    }
}

impl std::fmt::Debug for Taker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Taker").finish_non_exhaustive()
    }
}

fn take(wire: &Wire) -> io::Result<Taken> {
    // Who can write there is our user, or root; but the directory may be another's.
    wire.peer()?.ok_or(io::ErrorKind::PermissionDenied)?;
    wire.set_patience(A_MESSAGE)?;
    wire.send(&Message::Hello, None)?;
    let (mut sockets, mut keys) = (Vec::new(), Vec::new());
    loop {
        match wire.receive()? {
            (Message::Socket(place), Some(socket)) if sockets.len() < MOST => {
                sockets.push(Handed { place, socket });
            }
            (Message::Key(secret), None) if keys.len() < MOST => keys.push(secret),
            (Message::End, None) => return Ok(Taken { sockets, keys }),
            _ => return Err(io::Error::other("the other process says something else")),
        }
    }
}

/// It may be busy with another one that failed.
const A_MESSAGE: Duration = Duration::from_secs(30);

/// Sockets: one for each worker and listener.
const MOST: usize = 65_536;

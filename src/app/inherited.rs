use std::env;
use std::io;
use std::net::TcpListener;
use std::ops::Range;
use std::os::fd::{OwnedFd, RawFd};
use std::path::Path;
use std::process;

use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

use super::StartError;
use crate::handover::{Handed, Place, Role, Taker};
use crate::reload::open;
use crate::ticket::Keys;

/// What a process begins with that was there before it.
#[derive(Default)]
pub(super) struct Inherited {
    sockets: Vec<Handed>,
    activated: Vec<(String, TcpListener)>,
    /// The ticket keys of the process before.
    pub(super) keys: Option<Keys>,
    /// The process before, which waits for word.
    pub(super) predecessor: Option<Taker>,
}

impl Inherited {
    /// All that there is for a process that takes over, or begins.
    pub(super) fn find(directory: &Path, upgrade: bool) -> Result<Self, StartError> {
        match upgrade {
            true => Self::from_running(directory),
            false => Ok(Self::from_environment()),
        }
    }

    /// Takes over from the process that runs.
    fn from_running(directory: &Path) -> Result<Self, StartError> {
        let (_, settings) = open(directory)?;
        let (taker, taken) = Taker::connect(&directory.join(&settings.state.directory))?;
        let keys = Keys::from_secrets(&taken.keys).ok();
        Ok(Self {
            sockets: taken.sockets,
            keys: keys.filter(|keys| !keys.is_empty()),
            predecessor: Some(taker),
            ..Self::default()
        })
    }

    /// Takes the sockets that systemd opened for this process: `LISTEN_FDS`, sd_listen_fds(3).
    fn from_environment() -> Self {
        let mut activated = Vec::new();
        for descriptor in passed() {
            match taken(descriptor) {
                Ok(socket) => activated.push(socket),
                Err(error) => tracing::warn!(
                    %error,
                    descriptor,
                    reason = "socket_not_used",
                    "a descriptor was passed that is no TCP socket; it is not used"
                ),
            }
        }
        Self {
            activated,
            ..Self::default()
        }
    }

    /// The sockets of a listener that is configured like this; none when it has to be bound.
    pub(super) fn take(&mut self, role: Role, at: &str) -> Vec<OwnedFd> {
        let alike = |place: &Place| place.role == role && place.at == at;
        let groups = self.sockets.iter().filter(|it| alike(&it.place));
        let group = groups.map(|it| it.place.group).min();
        let is_its = |it: &mut Handed| alike(&it.place) && Some(it.place.group) == group;
        let handed = self.sockets.extract_if(.., is_its);
        let mut sockets: Vec<_> = handed.map(|it| it.socket).collect();
        let activated = self.activated.extract_if(.., |(address, _)| address == at);
        sockets.extend(activated.map(|(_, socket)| OwnedFd::from(socket)));
        sockets
    }

    /// Tells which sockets nobody took.
    pub(super) fn report(&self) {
        for (address, _) in &self.activated {
            tracing::warn!(
                address,
                reason = "socket_not_used",
                "a socket was passed that no listener in lockgate.toml names; it is not used"
            );
        }
        for Handed { place, .. } in &self.sockets {
            tracing::info!(address = place.at, "no longer listening");
        }
    }
}

/// The descriptors that were passed to this very process.
fn passed() -> Range<RawFd> {
    let number = |name| env::var(name).ok()?.parse::<u32>().ok();
    let is_ours = number("LISTEN_PID") == Some(process::id());
    let count = number("LISTEN_FDS").filter(|_| is_ours);
    let count = count.and_then(|count| RawFd::try_from(count).ok());
    FIRST..FIRST.saturating_add(count.unwrap_or(0))
}

/// A copy of what a number stands for: taking the number itself for it would be unsafe code.
fn taken(descriptor: RawFd) -> io::Result<(String, TcpListener)> {
    let this = pidfd_open(getpid(), PidfdFlags::empty())?;
    let socket = pidfd_getfd(&this, descriptor, PidfdGetfdFlags::empty())?;
    let socket = TcpListener::from(socket);
    Ok((socket.local_addr()?.to_string(), socket))
}

/// Where they begin: `SD_LISTEN_FDS_START`.
const FIRST: RawFd = 3;

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    fn handed(role: Role, group: u32) -> Handed {
        let place = Place {
            role,
            group,
            at: "127.0.0.1:0".to_owned(),
        };
        let socket = TcpListener::bind("127.0.0.1:0").unwrap().into();
        Handed { place, socket }
    }

    #[test]
    fn listeners_that_are_configured_alike_get_a_group_each() {
        let sockets = [
            (Role::Http, 0),
            (Role::Https, 1),
            (Role::Https, 1),
            (Role::Https, 2),
        ];
        let mut inherited = Inherited {
            sockets: sockets.map(|(role, group)| handed(role, group)).into(),
            ..Inherited::default()
        };
        let mut count = |role, at| inherited.take(role, at).len();
        assert_eq!(count(Role::Https, "127.0.0.1:1"), 0);
        assert_eq!(count(Role::Https, "127.0.0.1:0"), 2);
        assert_eq!(count(Role::Https, "127.0.0.1:0"), 1);
        assert_eq!(count(Role::Https, "127.0.0.1:0"), 0);
        assert_eq!(count(Role::Http, "127.0.0.1:0"), 1);
    }

    #[test]
    fn what_systemd_opened_is_found_by_its_address() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let mut inherited = Inherited {
            activated: vec![taken(socket.as_raw_fd()).unwrap()],
            ..Inherited::default()
        };
        assert_eq!(inherited.take(Role::Http, "127.0.0.1:1").len(), 0);
        assert_eq!(inherited.take(Role::Http, &address).len(), 1);
    }
}

//! Where the admin listener is: a TCP address, with TLS or without, or a unix socket.

mod file;
mod tls;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

pub use file::{SocketFile, SocketFileError};
pub use tls::Tls;

use crate::config::{Admin, AdminListen};
use crate::listener::{BindError, bind};

/// A bound socket.
#[derive(Debug)]
pub struct Socket {
    kind: Kind,
    place: Place,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
}

/// Where a socket was bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A TCP address.
    Tcp {
        /// The address, with the port that it has.
        address: SocketAddr,
        /// Whether TLS is spoken there.
        tls: bool,
    },
    /// The path of a unix socket.
    Unix(PathBuf),
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// An address cannot be listened on.
    #[error(transparent)]
    Tcp(#[from] BindError),
    /// A unix socket cannot be listened on.
    #[error(transparent)]
    Unix(#[from] SocketFileError),
    /// The system does not say where it is.
    #[error("the system refuses what a socket needs: {0}")]
    System(#[from] io::Error),
}

impl Socket {
    /// Binds the admin listener of a configuration directory.
    ///
    /// # Errors
    ///
    /// When its address is in use, not ours or not allowed.
    pub fn bind(directory: &Path, admin: &Admin) -> Result<Self, SocketError> {
        match &admin.listen {
            AdminListen::Tcp(address) => {
                let missing = || io::Error::from(io::ErrorKind::AddrNotAvailable);
                let socket = bind(*address, 1)?.pop().ok_or_else(missing)?;
                let address = socket.local_addr()?;
                let tls = admin.is_tls();
                Ok(Self {
                    kind: Kind::Tcp(socket),
                    place: Place::Tcp { address, tls },
                })
            }
            AdminListen::Unix(path) => {
                let path = directory.join(path);
                let (socket, file) = SocketFile::bind(&path)?;
                Ok(Self {
                    kind: Kind::Unix(socket, file),
                    place: Place::Unix(path),
                })
            }
        }
    }

    /// Takes a socket that another process has bound as this configuration says.
    ///
    /// # Errors
    ///
    /// When the system does not say where it is.
    pub fn adopt(directory: &Path, admin: &Admin, socket: OwnedFd) -> Result<Self, SocketError> {
        match &admin.listen {
            AdminListen::Tcp(_) => {
                let socket = TcpListener::from(socket);
                socket.set_nonblocking(true)?;
                let address = socket.local_addr()?;
                let tls = admin.is_tls();
                Ok(Self {
                    kind: Kind::Tcp(socket),
                    place: Place::Tcp { address, tls },
                })
            }
            AdminListen::Unix(path) => {
                let path = directory.join(path);
                let file = SocketFile::adopt(&path)?;
                Ok(Self {
                    kind: Kind::Unix(socket.into(), file),
                    place: Place::Unix(path),
                })
            }
        }
    }

    /// Where it was bound.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Begins to listen on the runtime of this thread; a unix socket has its file removed with the
    /// second value.
    ///
    /// # Errors
    ///
    /// When the runtime does not take it.
    pub fn listen(self) -> io::Result<(Listener, Option<SocketFile>)> {
        Ok(match self.kind {
            Kind::Tcp(socket) => {
                let socket = tokio::net::TcpListener::from_std(socket)?;
                (Listener::Tcp(socket), None)
            }
            Kind::Unix(socket, file) => {
                let socket = tokio::net::UnixListener::from_std(socket)?;
                (Listener::Unix(socket), Some(file))
            }
        })
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.kind {
            Kind::Tcp(socket) => socket.as_fd(),
            Kind::Unix(socket, _) => socket.as_fd(),
        }
    }
}

/// A socket that accepts connections.
#[derive(Debug)]
pub enum Listener {
    /// On a TCP address.
    Tcp(tokio::net::TcpListener),
    /// On a unix socket.
    Unix(tokio::net::UnixListener),
}

impl Place {
    /// What requests for it begin with, without a slash at the end.
    pub fn url(&self) -> String {
        match self {
            Self::Tcp { address, tls: true } => format!("https://{address}"),
            Self::Tcp { address, .. } => format!("http://{address}"),
            Self::Unix(_) => self.to_string(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { address, .. } => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

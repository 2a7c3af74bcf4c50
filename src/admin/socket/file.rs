use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, fchmod};
use socket2::{Domain, SockAddr, Socket, Type};

/// The file of a unix socket; removed with the value, if it is still the same.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    identity: Identity,
}

/// What tells it from another file that came in its place: numbers of inodes are used again.
type Identity = (u64, u64, i64, i64);

/// Why a unix socket cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on unix:{}: {error}; {hint}", .path.display(), hint = self.hint())]
pub struct SocketFileError {
    /// The socket.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub error: io::Error,
}

impl SocketFileError {
    fn hint(&self) -> &'static str {
        match self.error.kind() {
            ErrorKind::AddrInUse => {
                "stop the program that listens there, or choose another path for admin.listen"
            }
            ErrorKind::AlreadyExists => {
                "something else than a socket is there; choose another path for admin.listen"
            }
            ErrorKind::NotFound | ErrorKind::NotADirectory => {
                "make its directory, or choose another path for admin.listen"
            }
            ErrorKind::PermissionDenied => {
                "give its directory to the user of this process, or choose another path for admin.listen"
            }
            _ => "choose another path for admin.listen, of at most 100 characters",
        }
    }
}

impl SocketFile {
    /// The file of a socket that somebody else has bound and left.
    pub(super) fn adopt(path: &Path) -> Result<Self, SocketFileError> {
        let metadata = fs::symlink_metadata(path);
        let metadata = metadata.map_err(|error| SocketFileError {
            path: path.to_owned(),
            error,
        })?;
        Ok(Self {
            path: path.to_owned(),
            identity: identity(&metadata),
        })
    }

    /// Leaves the file to whoever has the socket now.
    pub fn leave(mut self) {
        self.path = PathBuf::new();
    }

    /// Listens on a path. What a process left there that ended without a word is replaced.
    ///
    /// Who may open it is for the owner's group to say: 0660, from the first moment on.
    pub(super) fn bind(path: &Path) -> Result<(UnixListener, Self), SocketFileError> {
        let failed = |error| SocketFileError {
            path: path.to_owned(),
            error,
        };
        make_way(path).map_err(failed)?;
        let socket = open(path).map_err(failed)?;
        let metadata = fs::symlink_metadata(path).map_err(failed)?;
        let file = Self {
            path: path.to_owned(),
            identity: identity(&metadata),
        };
        // The process's umask may have taken bits away that the group shall have.
        let mode = Permissions::from_mode(MODE.bits());
        fs::set_permissions(path, mode).map_err(failed)?;
        Ok((socket, file))
    }
}

fn open(path: &Path) -> io::Result<UnixListener> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Before it has a name: the file is made with the mode of the socket (unix(7)).
    fchmod(&socket, MODE)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Removes a socket that nobody listens on.
fn make_way(path: &Path) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        metadata => metadata?,
    };
    if !metadata.file_type().is_socket() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn identity(metadata: &fs::Metadata) -> Identity {
    let (inode, time) = (metadata.ino(), metadata.mtime_nsec());
    (metadata.dev(), inode, metadata.mtime(), time)
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let now = fs::symlink_metadata(&self.path);
        // Another process may listen there by now.
        if now.is_ok_and(|now| identity(&now) == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

const MODE: Mode = Mode::from_raw_mode(0o660);

/// More than the commands and scrapers that come at once.
const BACKLOG: i32 = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_private_to_its_group_and_goes_with_the_value() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("admin.sock");
        let (_socket, file) = SocketFile::bind(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().mode() & 0o7777;
        assert_eq!(mode, 0o660);
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn only_what_nobody_listens_on_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("admin.sock");
        let (socket, file) = SocketFile::bind(&path).unwrap();
        let error = SocketFile::bind(&path).unwrap_err();
        assert_eq!(error.error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains("stop the program"), "{error}");
        drop(socket);
        file.leave();
        let (_socket, file) = SocketFile::bind(&path).unwrap();
        let beside = directory.path().join("other.sock");
        let (_other, other) = SocketFile::bind(&beside).unwrap();
        fs::rename(&beside, &path).unwrap();
        drop((file, other));
        assert!(path.exists(), "it is another's");
    }

    #[test]
    fn other_files_are_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "x").unwrap();
        let error = SocketFile::bind(&path).unwrap_err();
        assert!(error.to_string().contains("something else"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "x");
        let error = SocketFile::bind(&directory.path().join("none/a.sock")).unwrap_err();
        assert!(error.to_string().contains("make its directory"), "{error}");
    }
}

use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::net::sockopt::{Timeout, set_socket_timeout, socket_peercred};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType, bind, connect,
    listen, recvmsg, sendmsg, socket_with,
};
use rustix::process::{Pid, geteuid};

use super::message::Message;
use zeroize::Zeroizing;

/// One end of a connection between two processes. Messages keep their bounds: it is a socket of
/// sequenced packets.
pub(super) struct Wire(OwnedFd);

impl Wire {
    /// Connects to a name in a directory.
    pub(super) fn connect(directory: &Path, name: &str) -> io::Result<Self> {
        let (socket, directory) = (socket()?, File::open(directory)?);
        connect(&socket, &address(&directory, name)?)?;
        Ok(Self(socket))
    }

    pub(super) fn of(socket: OwnedFd) -> Self {
        Self(socket)
    }

    /// Who is at the other end: none where it is neither our user nor root.
    pub(super) fn peer(&self) -> io::Result<Option<Pid>> {
        let peer = socket_peercred(&self.0)?;
        let is_ours = peer.uid == geteuid() || peer.uid.is_root();
        Ok(is_ours.then_some(peer.pid))
    }

    /// How long each message may take from now on.
    pub(super) fn set_patience(&self, patience: Duration) -> io::Result<()> {
        for timeout in [Timeout::Recv, Timeout::Send] {
            set_socket_timeout(&self.0, timeout, Some(patience))?;
        }
        Ok(())
    }

    /// Says something, and hands a descriptor over with it if there is one.
    pub(super) fn send(&self, message: &Message, with: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let bytes = message.encode();
        let mut space = [MaybeUninit::uninit(); SPACE];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if let Some(with) = &with {
            control.push(SendAncillaryMessage::ScmRights(std::slice::from_ref(with)));
        }
        let parts = [IoSlice::new(&bytes)];
        // Whoever has gone is an error here, not a signal.
        sendmsg(&self.0, &parts, &mut control, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// Hears something, and takes the descriptor that comes along.
    pub(super) fn receive(&self) -> io::Result<(Message, Option<OwnedFd>)> {
        let mut bytes = Zeroizing::new([0; LONGEST]);
        let mut space = [MaybeUninit::uninit(); SPACE];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut *bytes)];
        let received = recvmsg(&self.0, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
        let descriptors = control.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        });
        let descriptor = descriptors.flatten().next();
        match &bytes[..received.bytes] {
            [] => Err(ErrorKind::UnexpectedEof.into()),
            bytes => Message::decode(bytes)
                .map(|message| (message, descriptor))
                .ok_or_else(|| io::Error::other("the other process speaks another protocol")),
        }
    }

    /// Hears just this.
    pub(super) fn expect(&self, expected: &Message) -> io::Result<()> {
        match self.receive()? {
            (message, _) if message == *expected => Ok(()),
            _ => Err(io::Error::other("the other process says something else")),
        }
    }
}

/// Listens at a name in a directory, in the place of whatever was there.
pub(super) fn listen_at(directory: &Path, name: &str, draft: &str) -> io::Result<OwnedFd> {
    let (socket, opened) = (socket()?, File::open(directory)?);
    rustix::fs::fchmod(&socket, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)?;
    bind(&socket, &address(&opened, draft)?)?;
    listen(&socket, 1)?;
    std::fs::rename(directory.join(draft), directory.join(name))?;
    Ok(socket)
}

fn socket() -> io::Result<OwnedFd> {
    let (flags, packets) = (SocketFlags::CLOEXEC, SocketType::SEQPACKET);
    Ok(socket_with(AddressFamily::UNIX, packets, flags, None)?)
}

/// By the descriptor of its directory: an address has room for 107 bytes, and a path may be longer.
fn address(directory: &File, name: &str) -> io::Result<SocketAddrUnix> {
    let path = format!("/proc/self/fd/{}/{name}", directory.as_raw_fd());
    Ok(SocketAddrUnix::new(path)?)
}

/// Room for one descriptor.
const SPACE: usize = rustix::cmsg_space!(ScmRights(1));

/// More than an address, a path or a key.
const LONGEST: usize = 8192;

use std::env;
use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Tells systemd how the process is: sd_notify(3). Nothing where nobody asked for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Notifier {
    to: Option<Arc<(UnixDatagram, SocketAddr)>>,
    reloading: Arc<AtomicBool>,
}

impl Notifier {
    /// Tells whoever `NOTIFY_SOCKET` names.
    pub(super) fn from_environment() -> Self {
        let to = env::var_os("NOTIFY_SOCKET").and_then(|name| {
            let socket = UnixDatagram::unbound().ok()?;
            // A full queue must not hold a process up.
            socket.set_nonblocking(true).ok()?;
            Some(Arc::new((socket, address(&name)?)))
        });
        Self {
            to,
            ..Self::default()
        }
    }

    /// It serves.
    pub(super) fn ready(&self) {
        self.tell("READY=1");
    }

    /// It reads its files again, because it was asked to.
    pub(super) fn reloading(&self) {
        self.reloading.store(true, Ordering::Relaxed);
        let now = clock_gettime(ClockId::Monotonic);
        let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1_000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// It has read them.
    pub(super) fn reloaded(&self) {
        if self.reloading.swap(false, Ordering::Relaxed) {
            self.ready();
        }
    }

    /// It drains.
    pub(super) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Another process has taken over.
    pub(super) fn followed_by(&self, pid: i32) {
        self.tell(&format!("MAINPID={pid}"));
    }

    /// It is alive.
    pub(super) fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    fn tell(&self, state: &str) {
        if let Some(to) = &self.to {
            let (socket, address) = &**to;
            // Nobody is there to hear that nobody is there.
            let _ = socket.send_to_addr(state.as_bytes(), address);
        }
    }
}

/// How often to say that it is alive: twice in the time that systemd waits (`WATCHDOG_USEC`).
pub(super) fn watchdog() -> Option<Duration> {
    let number = |name| env::var(name).ok()?.parse::<u64>().ok();
    let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(process::id()));
    let micros = number("WATCHDOG_USEC").filter(|micros| is_ours && *micros >= 2)?;
    Some(Duration::from_micros(micros / 2))
}

/// A path, or a name that begins with `@`.
fn address(name: &OsStr) -> Option<SocketAddr> {
    match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name).ok(),
        None => SocketAddr::from_pathname(name).ok(),
    }
}

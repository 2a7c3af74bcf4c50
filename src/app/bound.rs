use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::thread;

use super::StartError;
use super::inherited::Inherited;
use super::worker::{Socket, Sockets};
use crate::config::{ListenerName, Settings};
use crate::handover::{Handed, Place, Role};
use crate::listener::{Speaks, adopt, bind};
use crate::proof::Entrance;

/// The sockets for viewers: each worker's own, and the addresses as they were bound.
pub(super) struct Bound {
    pub(super) workers: Vec<Sockets>,
    pub(super) http: Vec<SocketAddr>,
    pub(super) https: Vec<SocketAddr>,
    pub(super) tcp: Vec<(ListenerName, SocketAddr)>,
    /// The same sockets, for the process that is to follow.
    pub(super) handed: Vec<Handed>,
}

impl Bound {
    /// Binds every listener for every worker, but for those that were inherited.
    pub(super) fn new(settings: &Settings, inherited: &mut Inherited) -> Result<Self, StartError> {
        let workers = settings.workers.unwrap_or_else(available_cores);
        let mut bound = Self {
            workers: (0..workers).map(|_| Vec::new()).collect(),
            http: Vec::new(),
            https: Vec::new(),
            tcp: Vec::new(),
            handed: Vec::new(),
        };
        for listener in &settings.listeners.http {
            let announced = listener.proxy_protocol;
            let address = bound.add(listener.address, &Speaks::Http, announced, inherited)?;
            bound.http.push(address);
        }
        for listener in &settings.listeners.https {
            let (speaks, announced) = (Speaks::Https(listener.plain_http), listener.proxy_protocol);
            let address = bound.add(listener.address, &speaks, announced, inherited)?;
            bound.https.push(address);
        }
        for listener in &settings.listeners.tcp {
            let name = &listener.name;
            let speaks = Speaks::Tcp(name.clone());
            let address = bound.add(listener.address, &speaks, false, inherited)?;
            bound.tcp.push((name.clone(), address));
        }
        Ok(bound)
    }

    /// The https listeners as somebody has to know them who connects.
    pub(super) fn entrances(&self, settings: &Settings) -> Vec<Entrance> {
        let listeners = self.https.iter().zip(&settings.listeners.https);
        let entrances = listeners.map(|(address, listener)| Entrance {
            address: *address,
            proxy_protocol: listener.proxy_protocol,
        });
        entrances.collect()
    }

    fn add(
        &mut self,
        address: SocketAddr,
        speaks: &Speaks,
        proxy_protocol: bool,
        inherited: &mut Inherited,
    ) -> Result<SocketAddr, StartError> {
        let role = match speaks {
            Speaks::Http => Role::Http,
            Speaks::Https(_) => Role::Https,
            Speaks::Tcp(_) => Role::Tcp,
        };
        let (at, count) = (address.to_string(), self.workers.len());
        let sockets = match inherited.take(role, &at) {
            sockets if sockets.is_empty() => bind(address, count)?,
            sockets => adopt(address, sockets, count)?,
        };
        let group = self.http.len() + self.https.len() + self.tcp.len();
        let group = u32::try_from(group).unwrap_or(u32::MAX);
        let place = Place { role, group, at };
        let local = sockets
            .first()
            .map_or(Ok(address), TcpListener::local_addr)?;
        for (index, socket) in sockets.into_iter().enumerate() {
            self.handed.push(Handed {
                place: place.clone(),
                socket: copy(&socket)?,
            });
            // What was inherited may be more sockets than there are workers.
            self.workers[index % count].push(Socket {
                listener: socket,
                speaks: speaks.clone(),
                proxy_protocol,
            });
        }
        Ok(local)
    }
}

/// Another descriptor of the same socket.
pub(super) fn copy(socket: &impl AsFd) -> Result<OwnedFd, StartError> {
    Ok(socket.as_fd().try_clone_to_owned()?)
}

fn available_cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

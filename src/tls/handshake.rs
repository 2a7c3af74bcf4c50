use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::server::{Acceptor, ClientHello};
use rustls::{Error as TlsError, PeerIncompatible, ServerConfig};
use rustls_pki_types::CertificateDer;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::peek::Peek;
use crate::config::ListenerName;
use crate::http::{Served, Worker};
use crate::snapshot::{Domain, Https, Snapshot};
use crate::telemetry::Handshake;
use crate::turns::Turns;

/// A connection on an https listener that can be served.
#[derive(Debug)]
pub enum Accepted<S> {
    /// It speaks TLS, and the handshake is done.
    Tls(Box<TlsStream<S>>, Served),
    /// Its first byte is no TLS record; nothing was read from it.
    Plain(S),
}

/// What is spoken inside TLS on an https listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1: negotiated, or the client does not negotiate.
    Http1,
    /// HTTP/2.
    Http2,
}

impl Protocol {
    /// What was agreed on.
    pub fn of<S>(stream: &TlsStream<S>) -> Self {
        match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Self::Http2,
            _ => Self::Http1,
        }
    }
}

/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside<'l> {
    /// HTTP.
    Http,
    /// The bytes of the tcp listener of this name.
    Tcp(&'l ListenerName),
}

/// Carries out the handshake of a connection that was accepted at the moment `begun`, from its first
/// byte on, under one deadline; counts and logs how it ends. None when there is nobody to serve.
pub async fn accept<S: Peek>(
    worker: &Worker,
    turns: &Turns,
    stream: S,
    client: SocketAddr,
    inside: Inside<'_>,
    begun: Instant,
) -> Option<Accepted<S>> {
    let deadline = begun + worker.current.load().settings.timeouts.handshake;
    let mut progress = Progress::of(client.ip().to_canonical());
    let handshake = handshake(worker, turns, stream, inside, &mut progress);
    let accepted = timeout_at(deadline, handshake).await;
    let result = match &accepted {
        Ok(Ok(Accepted::Plain(_))) => return accepted.ok()?.ok(),
        Ok(Ok(Accepted::Tls(..))) => Handshake::Ok,
        Ok(Err(result)) => *result,
        Err(_elapsed) => Handshake::Timeout,
    };
    match &progress.domain {
        Some(domain) => domain.counters.handshake(result),
        None => worker.counters.unknown.handshake(result),
    }
    if result != Handshake::Ok {
        progress.log(result);
    }
    accepted.ok()?.ok()
}

/// What is known of a handshake so far.
struct Progress {
    client: IpAddr,
    sni: Option<Box<str>>,
    domain: Option<Arc<Domain>>,
    error: Option<io::Error>,
}

impl Progress {
    fn of(client: IpAddr) -> Self {
        Self {
            client,
            sni: None,
            domain: None,
            error: None,
        }
    }

    fn log(&self, result: Handshake) {
        let sni = self.sni.as_deref().unwrap_or_default();
        let error = self.error.as_ref().map(ToString::to_string);
        let (reason, client) = (result.code(), self.client);
        tracing::info!(reason, sni, %client, error, "handshake failed");
    }

    /// Notes what went wrong, and sorts it.
    fn failed(&mut self, error: io::Error) -> Handshake {
        let result = sort(&error);
        self.error = Some(error);
        result
    }
}

async fn handshake<S: Peek>(
    worker: &Worker,
    turns: &Turns,
    mut stream: S,
    inside: Inside<'_>,
    progress: &mut Progress,
) -> Result<Accepted<S>, Handshake> {
    let mut first = [0];
    match stream.peek(&mut first).await {
        Ok(0) => return Err(Handshake::ClientGone),
        Ok(_) if first[0] != HANDSHAKE_RECORD => return plain(stream, inside),
        Ok(_) => {}
        Err(error) => return Err(progress.failed(error)),
    }
    let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await;
    let mut start = hello.map_err(|error| progress.failed(error))?;
    match choose(worker, &start.client_hello(), inside, progress) {
        Ok((config, mut served)) => {
            // The keys are exchanged and signed as the stream is made.
            let stream = turns.first(async { start.into_stream(config).await });
            let mut stream = stream.await.map_err(|error| progress.failed(error))?;
            let tls = stream.get_mut().1;
            tls.set_buffer_limit(Some(MAX_UNSENT));
            // Of a resumed session it is what was verified when the session began.
            let chain = tls.peer_certificates();
            let leaf = chain.and_then(<[_]>::first).cloned();
            served.client_certificate = leaf.map(CertificateDer::into_owned);
            Ok(Accepted::Tls(Box::new(stream), served))
        }
        Err(result) => {
            // Who does not take the alert is gone: nothing to add.
            let _ = start.io.write_all(&UNRECOGNIZED_NAME).await;
            let _ = start.io.shutdown().await;
            Err(result)
        }
    }
}

/// What becomes of a connection that does not speak TLS.
fn plain<S>(stream: S, inside: Inside<'_>) -> Result<Accepted<S>, Handshake> {
    match inside {
        Inside::Http => Ok(Accepted::Plain(stream)),
        Inside::Tcp(_) => Err(Handshake::Invalid),
    }
}

/// From the SNI to the domain to its certificate and policy: one look into the snapshot.
fn choose(
    worker: &Worker,
    hello: &ClientHello<'_>,
    inside: Inside<'_>,
    progress: &mut Progress,
) -> Result<(Arc<ServerConfig>, Served), Handshake> {
    let snapshot = worker.current.load();
    let domain = match hello.server_name() {
        Some(name) => {
            progress.sni = Some(name.into());
            snapshot.find(name).ok_or(Handshake::UnknownSni)?
        }
        None => default_domain(&snapshot).ok_or(Handshake::NoSni)?,
    };
    progress.domain = Some(Arc::clone(domain));
    let certificate = match &domain.https {
        Https::On(certificate) => certificate,
        Https::Off => return Err(Handshake::Off),
        Https::Expired => return Err(Handshake::Expired),
        Https::Unusable => return Err(Handshake::Unusable),
        Https::Unbound => return Err(Handshake::Unbound),
    };
    let policy = domain.policy.as_ref().ok_or(Handshake::Unusable)?;
    let (tickets, name) = (&snapshot.tickets, domain.name());
    let config = match inside {
        Inside::Http => policy.serving(certificate, tickets, name),
        Inside::Tcp(listener) => {
            admit(domain, listener, progress.client)?;
            policy.serving_tcp(certificate, tickets, name)
        }
    };
    let served = Served {
        domain: Arc::clone(domain),
        certificate: Arc::clone(certificate),
        generation: snapshot.generation,
        client_certificate: None,
    };
    Ok((config, served))
}

/// Whether the domain is served on a tcp listener, and to this client: there is no answer that could
/// say so later, as 403 does.
fn admit(domain: &Domain, listener: &ListenerName, client: IpAddr) -> Result<(), Handshake> {
    if domain.origins.tcp(listener).is_none() {
        return Err(Handshake::NoTcpOrigin);
    }
    let access = domain.config.access.as_ref();
    match access.is_none_or(|access| access.admits(client)) {
        true => Ok(()),
        false => Err(Handshake::Forbidden),
    }
}

fn default_domain(snapshot: &Snapshot) -> Option<&Arc<Domain>> {
    let name = snapshot.settings.default_domain.as_ref()?;
    snapshot.find(name.as_str())
}

fn sort(error: &io::Error) -> Handshake {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref()) else {
        return match error.kind() {
            io::ErrorKind::InvalidData => Handshake::Invalid,
            _ => Handshake::ClientGone,
        };
    };
    match error {
        TlsError::AlertReceived(_) => Handshake::ClientAlert,
        TlsError::NoApplicationProtocol => Handshake::NoSharedAlpn,
        TlsError::NoCertificatesPresented | TlsError::InvalidCertificate(_) => {
            Handshake::ClientCertificate
        }
        TlsError::PeerIncompatible(
            PeerIncompatible::NoCipherSuitesInCommon
            | PeerIncompatible::NoKxGroupsInCommon
            | PeerIncompatible::NoSignatureSchemesInCommon
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::Tls13RequiredForQuic
            | PeerIncompatible::SupportedVersionsExtensionRequired
            | PeerIncompatible::NoEcPointFormatsInCommon
            | PeerIncompatible::NamedGroupsExtensionRequired,
        ) => Handshake::NoSharedParameters,
        _ => Handshake::Invalid,
    }
}

/// Bytes that TLS keeps for a slow viewer: four records. Half of it takes twice as many system calls for
/// a segment.
const MAX_UNSENT: usize = 64 * 1024;

/// The first byte of a TLS handshake record (RFC 8446 section 5.1).
const HANDSHAKE_RECORD: u8 = 22;

/// A fatal alert 112 in a record of its own (RFC 8446 section 6.2): the same bytes whatever the
/// reason, so that nobody learns which domains are ours.
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

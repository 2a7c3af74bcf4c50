use std::fs;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use http::header::HOST;
use http::{Request, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::{self, LocalOptions};
use tokio::task::spawn_local;
use tokio::time::timeout;

use crate::config::{self, parse_admin};

/// Why the process cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unasked {
    #[error("cannot read {}: {error}", .path.display())]
    Settings {
        path: PathBuf,
        #[source]
        error: io::Error,
    },
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Problems(Vec<config::Problem>),
    #[error("the process chose the port of admin.listen by itself")]
    NoPort,
    #[error("cannot start: {0}")]
    Runtime(#[source] io::Error),
    #[error("cannot connect to {0}: {1}")]
    Connect(SocketAddr, #[source] io::Error),
    #[error("no answer from {address} within {} s", LONGEST.as_secs())]
    Timeout { address: SocketAddr },
    #[error("what comes from {0} is no answer: {1}")]
    Http(SocketAddr, #[source] hyper::Error),
    #[error("the answer from {0} is larger than {LARGEST} bytes")]
    TooLarge(SocketAddr),
    #[error("the answer from {0} is {1}")]
    Status(SocketAddr, StatusCode),
    #[error("the answer from {0} is not the status of a lockgate of this version: {1}")]
    Json(SocketAddr, #[source] serde_json::Error),
}

impl Unasked {
    /// What to check.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Settings { .. } => "name the configuration directory with --config",
            Self::Problems(_) => "or name the address of the admin listener with --admin",
            Self::NoPort => "name the address that its log says with --admin",
            Self::Runtime(_) => "check the limits of this user",
            Self::Connect(..) => {
                "check that lockgate runs with this configuration directory, and that admin.listen was the same when it started; --admin names another address"
            }
            Self::Timeout { .. } => {
                "try again; if it stays like this, the log of the process says why"
            }
            Self::Status(_, StatusCode::SERVICE_UNAVAILABLE) => "try again in a second",
            Self::Http(..) | Self::TooLarge(_) | Self::Status(..) | Self::Json(..) => {
                "check that it is lockgate that listens there, and of the same version as this program"
            }
        }
    }
}

/// An answer with a body of JSON: what was asked for, or why there is none.
pub(super) struct Answer {
    pub(super) address: SocketAddr,
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

/// Finds out where the admin listener of a configuration directory is.
pub(super) fn address(directory: &Path) -> Result<SocketAddr, Unasked> {
    let path = directory.join("lockgate.toml");
    let content = match fs::read(&path) {
        Ok(content) => content,
        // Every key has a default; but there has to be a directory.
        Err(error) if error.kind() == io::ErrorKind::NotFound && directory.is_dir() => Vec::new(),
        Err(error) => return Err(Unasked::Settings { path, error }),
    };
    let address = parse_admin(&path, &content).map_err(Unasked::Problems)?;
    match address.port() {
        0 => Err(Unasked::NoPort),
        _ => Ok(reachable(address)),
    }
}

/// A listener on all addresses is reached over loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// Asks for a target.
pub(super) fn ask(address: SocketAddr, target: &str) -> Result<Answer, Unasked> {
    let mut builder = runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build_local(LocalOptions::default());
    let runtime = runtime.map_err(Unasked::Runtime)?;
    let answer = runtime.block_on(async { timeout(LONGEST, get(address, target)).await });
    let answer = answer.map_err(|_elapsed| Unasked::Timeout { address })??;
    match answer.status {
        StatusCode::OK | StatusCode::NOT_FOUND => Ok(answer),
        status => Err(Unasked::Status(address, status)),
    }
}

async fn get(address: SocketAddr, target: &str) -> Result<Answer, Unasked> {
    let broken = |error| Unasked::Http(address, error);
    let stream = TcpStream::connect(address).await;
    let stream = stream.map_err(|error| Unasked::Connect(address, error))?;
    let connection = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = connection.map_err(broken)?;
    // How it ends, the request is told.
    spawn_local(connection);
    let request = Request::get(target).header(HOST, address.to_string());
    let request = request.body(String::new());
    let request = request.expect("an encoded name and an address can stand in a request");
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status();
    let mut body = Vec::new();
    let mut incoming = response.into_body();
    while let Some(data) = next(&mut incoming).await.map_err(broken)? {
        body.extend_from_slice(&data);
        if body.len() > LARGEST {
            return Err(Unasked::TooLarge(address));
        }
    }
    Ok(Answer {
        address,
        status,
        body,
    })
}

/// The next piece of a body; none at its end.
async fn next(body: &mut Incoming) -> Result<Option<bytes::Bytes>, hyper::Error> {
    loop {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
        match frame.transpose()? {
            None => return Ok(None),
            Some(frame) => {
                // Trailers say nothing.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// For the whole exchange.
const LONGEST: Duration = Duration::from_secs(10);

/// A thousand problems take some 500 kB.
const LARGEST: usize = 64 << 20;

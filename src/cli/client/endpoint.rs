use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use http::uri::Authority;

use super::unasked::Unasked;
use crate::config::{Admin, AdminHost, AdminListen};

/// Where the process is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Endpoint {
    Tcp {
        tls: bool,
        /// What it is connected to.
        to: AdminHost,
        port: u16,
        /// What it is called, where that is another name.
        name: Option<AdminHost>,
    },
    Unix(PathBuf),
}

/// A text that says no place to ask at.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("write http://HOST:PORT, https://HOST:PORT, unix:PATH or ADDRESS:PORT")]
pub(in crate::cli) struct InvalidEndpoint;

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            return Ok(Self::Unix(path.into()));
        }
        let (tls, at) = match text.split_once("://") {
            Some(("http", at)) => (false, at),
            Some(("https", at)) => (true, at),
            Some(_) => return Err(InvalidEndpoint),
            None => (false, text),
        };
        let at: Authority = at
            .strip_suffix('/')
            .unwrap_or(at)
            .parse()
            .map_err(|_| InvalidEndpoint)?;
        let default = match text.contains("://") {
            true if tls => Some(443),
            true => Some(80),
            false => None,
        };
        Ok(Self::Tcp {
            tls,
            to: at.host().parse().map_err(|_| InvalidEndpoint)?,
            port: at.port_u16().or(default).ok_or(InvalidEndpoint)?,
            name: None,
        })
    }
}

impl Endpoint {
    /// Where the settings of a configuration directory put it.
    pub(in crate::cli) fn of(directory: &Path, admin: &Admin) -> Result<Self, Unasked> {
        let address = match &admin.listen {
            AdminListen::Unix(path) => return Ok(Self::Unix(directory.join(path))),
            AdminListen::Tcp(address) if address.port() == 0 => return Err(Unasked::NoPort),
            AdminListen::Tcp(address) => address,
        };
        let tls = admin.is_tls();
        // A certificate is more likely to have a name than an address in it.
        let is_name = |host: &&AdminHost| tls && matches!(host, AdminHost::Name(_));
        Ok(Self::Tcp {
            tls,
            to: AdminHost::Address(reachable(address.ip())),
            port: address.port(),
            name: admin.hosts.iter().find(is_name).cloned(),
        })
    }

    /// Whether it can be nobody's but this machine's.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::Tcp { to, .. } => to.is_loopback(),
            Self::Unix(_) => true,
        }
    }

    /// What its certificate has to name.
    pub(super) fn server_name(&self) -> String {
        match self {
            Self::Tcp { to, name, .. } => match name.as_ref().unwrap_or(to) {
                AdminHost::Name(name) => name.to_string(),
                AdminHost::Address(address) => address.to_string(),
            },
            Self::Unix(_) => "localhost".to_owned(),
        }
    }

    /// The `Host` of a request.
    pub(super) fn host(&self) -> String {
        match self {
            Self::Tcp { port, .. } => match self.server_name() {
                name if name.contains(':') => format!("[{name}]:{port}"),
                name => format!("{name}:{port}"),
            },
            Self::Unix(_) => "localhost".to_owned(),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { tls: true, .. } => write!(f, "https://{}", self.host()),
            Self::Tcp { .. } => write!(f, "http://{}", self.host()),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A listener on all addresses is reached over loopback.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_addresses_are_read() {
        for (text, shown) in [
            ("127.0.0.1:9180", "http://127.0.0.1:9180"),
            ("[::1]:9180", "http://[::1]:9180"),
            ("http://localhost:9180/", "http://localhost:9180"),
            ("http://admin.test", "http://admin.test:80"),
            ("https://Admin.test", "https://admin.test:443"),
            ("unix:/run/a.sock", "unix:/run/a.sock"),
        ] {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!(endpoint.to_string(), shown, "{text}");
        }
        for text in [
            "",
            "unix:",
            "here",
            "127.0.0.1",
            "ftp://a:1",
            "http://a/b",
            "http://",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_settings_say_where_it_is() {
        let of = |listen: &str, tls: bool| {
            let listen = match listen.strip_prefix("unix:") {
                Some(path) => AdminListen::Unix(path.into()),
                None => AdminListen::Tcp(listen.parse().unwrap()),
            };
            let admin = Admin {
                listen,
                certificate: tls.then(|| "a".parse().unwrap()),
                hosts: vec!["192.0.2.1".parse().unwrap(), "a.test".parse().unwrap()],
                ..Admin::default()
            };
            Endpoint::of(Path::new("config"), &admin).map(|it| it.to_string())
        };
        assert_eq!(of("0.0.0.0:1", false).unwrap(), "http://127.0.0.1:1");
        assert_eq!(of("[::]:1", false).unwrap(), "http://[::1]:1");
        assert_eq!(of("0.0.0.0:1", true).unwrap(), "https://a.test:1");
        assert_eq!(of("unix:a", true).unwrap(), "unix:config/a");
        assert!(of("127.0.0.1:0", false).is_err());
    }
}

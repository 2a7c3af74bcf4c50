//! `[admin]`: where the admin listener is, how it is protected, and who needs no token.

mod find;
mod host;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use toml::Spanned;

use super::problem::Reason;
use super::raw::{File, Table};
use crate::certificate;

pub use find::{AdminFound, parse_admin};
pub use host::{AdminHost, InvalidAdminHost};

/// The admin listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Where it is. `127.0.0.1:9180` by default.
    pub listen: AdminListen,
    /// The certificate that it serves TLS with. None by default: plain HTTP, which only loopback and
    /// unix sockets may speak. A unix socket never speaks TLS.
    pub certificate: Option<certificate::Name>,
    /// Whether it may speak plain HTTP where others can listen in. Off by default.
    pub insecure: bool,
    /// What may be read without a token. Nothing by default.
    pub open: Vec<OpenPath>,
    /// What requests may call it, beside loopback and its own address.
    pub hosts: Vec<AdminHost>,
}

/// Where the admin listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminListen {
    /// A TCP address.
    Tcp(SocketAddr),
    /// A unix socket, relative to the configuration directory.
    Unix(PathBuf),
}

/// A path that tells and that can be read without a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenPath {
    /// `/metrics`.
    Metrics,
    /// `/readyz`.
    Ready,
    /// `/api/v1/status`, without the lists.
    Status,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            listen: AdminListen::Tcp(SocketAddr::from(([127, 0, 0, 1], 9180))),
            certificate: None,
            insecure: false,
            open: Vec::new(),
            hosts: Vec::new(),
        }
    }
}

impl Admin {
    /// Takes the keys out of `[admin]`.
    pub(super) fn read(file: &File<'_>, mut table: Table<'_, '_>) -> Self {
        let default = Self::default();
        let (listen, offset) = match read_listen(&mut table) {
            Some(listen) => {
                let offset = listen.span().start;
                (listen.into_inner(), offset)
            }
            None => (default.listen, table.offset()),
        };
        let admin = Self {
            listen,
            certificate: read_certificate(file, &mut table),
            insecure: table.boolean("insecure").unwrap_or(default.insecure),
            open: read_list(&mut table, "open", OPEN_PATHS, OpenPath::parse),
            hosts: read_list(&mut table, "hosts", HOSTS, |text| text.parse().ok()),
        };
        // A name that is none has been told already.
        if admin.is_exposed() && !table.has("certificate") {
            file.report(offset, Reason::AdminWithoutTls);
        }
        table.finish();
        admin
    }

    /// Whether it speaks TLS.
    pub fn is_tls(&self) -> bool {
        self.certificate.is_some() && matches!(self.listen, AdminListen::Tcp(_))
    }

    /// Whether tokens go over a network that nothing protects them on.
    pub fn speaks_plainly_to_others(&self) -> bool {
        let plain = self.certificate.is_none();
        matches!(self.listen, AdminListen::Tcp(address) if plain && !address.ip().is_loopback())
    }

    fn is_exposed(&self) -> bool {
        self.speaks_plainly_to_others() && !self.insecure
    }
}

impl OpenPath {
    const ALL: [Self; 3] = [Self::Metrics, Self::Ready, Self::Status];

    /// The path.
    pub fn path(self) -> &'static str {
        match self {
            Self::Metrics => "/metrics",
            Self::Ready => "/readyz",
            Self::Status => "/api/v1/status",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.path() == text)
    }
}

impl AdminListen {
    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("unix:") {
            Some("") => None,
            Some(path) => Some(Self::Unix(path.into())),
            None => text.parse().ok().map(Self::Tcp),
        }
    }
}

/// As it is written.
impl fmt::Display for AdminListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

fn read_listen(table: &mut Table<'_, '_>) -> Option<Spanned<AdminListen>> {
    let text = table.string("listen")?;
    let listen = table.parse("listen", LISTEN, &text, AdminListen::parse)?;
    Some(Spanned::new(text.span(), listen))
}

fn read_certificate(file: &File<'_>, table: &mut Table<'_, '_>) -> Option<certificate::Name> {
    let text = table.string("certificate")?;
    match text.get_ref().parse() {
        Ok(name) => Some(name),
        Err(error) => {
            let value = text.get_ref().clone();
            file.report(text.span().start, Reason::CertificateName { value, error });
            None
        }
    }
}

fn read_list<T>(
    table: &mut Table<'_, '_>,
    key: &'static str,
    allowed: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Vec<T> {
    let texts = table.strings(key).unwrap_or_default();
    let texts = texts.iter();
    texts
        .filter_map(|text| table.parse(key, allowed, text, &parse))
        .collect()
}

const LISTEN: &str = "an address with a port, like \"127.0.0.1:9180\", or \"unix:PATH\"";
const OPEN_PATHS: &str = "\"/metrics\", \"/readyz\" or \"/api/v1/status\"";
const HOSTS: &str = "a name or an address without a port, like \"admin.example.com\"";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Settings, parse_settings};
    use super::*;

    fn parse(text: &str) -> Result<Admin, Vec<String>> {
        let text = format!("[admin]\n{text}");
        match parse_settings(Path::new("lockgate.toml"), text.as_bytes()) {
            Ok(Settings { admin, .. }) => Ok(admin),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn every_key_is_read() {
        let admin = parse(
            "listen = \"0.0.0.0:9\"\ncertificate = \"admin\"\nopen = [\"/metrics\", \"/readyz\"]\n\
             hosts = [\"Admin.example.com\", \"192.0.2.1\"]",
        );
        let admin = admin.unwrap();
        assert_eq!(admin.listen.to_string(), "0.0.0.0:9");
        assert!(admin.is_tls() && !admin.insecure);
        assert_eq!(admin.open, [OpenPath::Metrics, OpenPath::Ready]);
        assert_eq!(admin.hosts.len(), 2);
        let admin = parse("listen = \"unix:run/admin.sock\"").unwrap();
        assert_eq!(admin.listen, AdminListen::Unix("run/admin.sock".into()));
        assert!(!admin.is_tls());
    }

    /// What the page about it says are the defaults.
    #[test]
    fn the_documented_defaults_are_the_defaults() {
        let page = include_str!("../../../docs/admin.md");
        let block = page.split("```toml\n").nth(1).unwrap();
        let (text, _) = block.split_once("```").unwrap();
        let (_, keys) = text.split_once("[admin]\n").unwrap();
        assert_eq!(parse(keys).unwrap(), Admin::default());
        let shipped = include_bytes!("../../../config/lockgate.toml");
        let shipped = parse_settings(Path::new("lockgate.toml"), shipped).unwrap();
        assert_eq!(shipped.admin, Admin::default());
    }

    #[test]
    fn what_others_can_listen_in_to_needs_tls_or_an_explicit_word() {
        for text in [
            "listen = \"127.0.0.1:1\"",
            "listen = \"[::1]:1\"",
            "listen = \"unix:a\"",
            "listen = \"0.0.0.0:1\"\ncertificate = \"a\"",
            "listen = \"0.0.0.0:1\"\ninsecure = true",
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
        for address in ["0.0.0.0:1", "[::]:1", "192.0.2.1:1"] {
            let problems = parse(&format!("listen = \"{address}\"")).unwrap_err();
            assert_eq!(problems.len(), 1);
            let words = ["lockgate.toml:2", "certificate = \"NAME\"", "insecure"];
            for word in words {
                assert!(problems[0].contains(word), "{word} in {problems:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_meant_is_told() {
        for (text, hint) in [
            ("listen = \"unix:\"", "unix:PATH"),
            ("listen = \"localhost\"", "unix:PATH"),
            ("open = [\"/healthz\"]", "\"/metrics\""),
            ("open = [\"/api/v1/domains\"]", "\"/readyz\""),
            ("hosts = [\"admin.example.com:80\"]", "without a port"),
            ("certificate = \"a/b\"", "certificates/"),
            (
                "listen = \"0.0.0.0:1\"\ncertificate = \"a/b\"",
                "certificates/",
            ),
        ] {
            let problems = parse(text).unwrap_err();
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains(hint), "{hint} in {problems:?}");
        }
    }
}

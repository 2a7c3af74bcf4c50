use std::path::Path;
use std::sync::Arc;

use toml::Spanned;

use super::problem::Reason;
use super::raw::{File, Table};

/// What `[tls]` and a domain's `tls` table may say of the TLS clients of a domain: each key by
/// itself, the domain's before the default one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// The lowest TLS version.
    pub min_version: Option<TlsVersion>,
    /// The protocols inside TLS, the preferred one first; never empty, none twice.
    pub alpn: Option<Arc<[Alpn]>>,
    /// The roots that client certificates are verified by: a PEM file, relative to the
    /// configuration directory.
    pub client_ca: Option<Arc<Path>>,
    /// Whether clients show a certificate.
    pub client_auth: Option<ClientAuthMode>,
}

/// What holds for a domain's TLS clients: its own options over the default ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TlsPolicy {
    /// The lowest TLS version. 1.2 by default.
    pub min_version: TlsVersion,
    /// The protocols inside TLS, the preferred one first. HTTP/2 and HTTP/1.1 by default.
    pub alpn: Arc<[Alpn]>,
    /// The certificates that clients show. None are asked for by default.
    pub client_auth: Option<ClientAuth>,
}

/// A TLS version that may be the lowest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    V1_2,
    /// TLS 1.3 (RFC 8446).
    V1_3,
}

/// A protocol inside TLS (RFC 7301).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alpn {
    /// `h2`
    Http2,
    /// `http/1.1`
    Http1,
}

/// Whether clients show a certificate, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthMode {
    /// They are not asked.
    None,
    /// They are asked, and served without as well.
    Optional,
    /// Who shows none is not served.
    Required,
}

/// How clients are asked for certificates.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientAuth {
    /// The roots, as in [`TlsOptions::client_ca`].
    pub ca: Arc<Path>,
    /// Whether a client without a certificate is refused.
    pub required: bool,
}

/// Client certificates are asked for, but nothing says what verifies them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`client_auth` needs a `client_ca`")]
pub struct NoClientCa {
    /// Whether a client without a certificate is to be refused.
    pub required: bool,
}

impl TlsPolicy {
    /// Puts a domain's own options over the default ones.
    ///
    /// With a `client_ca`, certificates are required unless `client_auth` says otherwise. A domain
    /// that names a `client_ca` of its own wants certificates, so a default of `"none"` does not
    /// concern it.
    ///
    /// # Errors
    ///
    /// When certificates are asked for without a `client_ca`.
    pub fn resolve(own: &TlsOptions, default: &TlsOptions) -> Result<Self, NoClientCa> {
        let alpn = own.alpn.as_ref().or(default.alpn.as_ref());
        let min_version = own.min_version.or(default.min_version);
        Ok(Self {
            min_version: min_version.unwrap_or(TlsVersion::V1_2),
            alpn: alpn.map_or_else(|| Alpn::ALL.into(), Arc::clone),
            client_auth: client_auth(own, default)?,
        })
    }
}

impl Default for TlsPolicy {
    fn default() -> Self {
        Self {
            min_version: TlsVersion::V1_2,
            alpn: Alpn::ALL.into(),
            client_auth: None,
        }
    }
}

fn client_auth(own: &TlsOptions, default: &TlsOptions) -> Result<Option<ClientAuth>, NoClientCa> {
    let inherited = default
        .client_auth
        .filter(|mode| own.client_ca.is_none() || *mode != ClientAuthMode::None);
    let mode = own.client_auth.or(inherited);
    let ca = own.client_ca.as_ref().or(default.client_ca.as_ref());
    let required = match (mode, ca) {
        (Some(ClientAuthMode::None), _) | (None, None) => return Ok(None),
        (Some(ClientAuthMode::Optional), _) => false,
        (Some(ClientAuthMode::Required), _) | (None, Some(_)) => true,
    };
    let ca = Arc::clone(ca.ok_or(NoClientCa { required })?);
    Ok(Some(ClientAuth { ca, required }))
}

impl Alpn {
    /// Both, in the order of the default.
    pub const ALL: [Self; 2] = [Self::Http2, Self::Http1];

    /// The name in ALPN, and in the configuration.
    pub fn code(self) -> &'static str {
        match self {
            Self::Http2 => "h2",
            Self::Http1 => "http/1.1",
        }
    }
}

impl TlsOptions {
    /// Takes the keys out of a table.
    pub(super) fn read(file: &File<'_>, table: &mut Table<'_, '_>) -> Self {
        Self {
            min_version: table.choice("min_version", "\"1.2\" or \"1.3\"", |text| match text {
                "1.2" => Some(TlsVersion::V1_2),
                "1.3" => Some(TlsVersion::V1_3),
                _ => None,
            }),
            alpn: alpn(file, table),
            client_ca: table.choice("client_ca", "the path of a PEM file", |text| {
                Some(Path::new(text).into()).filter(|_| !text.is_empty())
            }),
            client_auth: table.choice("client_auth", CLIENT_AUTH, |text| match text {
                "none" => Some(ClientAuthMode::None),
                "optional" => Some(ClientAuthMode::Optional),
                "required" => Some(ClientAuthMode::Required),
                _ => None,
            }),
        }
    }

    /// The same for the default options, which have nothing below them: what they ask for without
    /// saying how is a problem.
    pub(super) fn read_default(file: &File<'_>, table: &mut Table<'_, '_>) -> Self {
        let options = Self::read(file, table);
        if let Err(NoClientCa { .. }) = client_auth(&options, &Self::default()) {
            file.report(table.offset(), Reason::NoClientCa);
        }
        options
    }
}

fn alpn(file: &File<'_>, table: &mut Table<'_, '_>) -> Option<Arc<[Alpn]>> {
    let texts = table.strings("alpn")?;
    if texts.is_empty() {
        let (key, value) = ("alpn", "[]".to_owned());
        let reason = Reason::UnknownValue {
            key,
            value,
            allowed: ALPN,
        };
        file.report(table.offset(), reason);
        return None;
    }
    let mut protocols = Vec::new();
    for text in &texts {
        protocols.extend(table.parse("alpn", ALPN, text, |text| {
            let mut all = Alpn::ALL.into_iter();
            all.find(|it| it.code() == text && !protocols.contains(it))
        }));
    }
    Some(protocols.into())
}

impl Table<'_, '_> {
    /// A text that `parse` makes something of; notes what is allowed where it cannot.
    fn choice<T>(
        &mut self,
        key: &'static str,
        allowed: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text: Spanned<String> = self.string(key)?;
        self.parse(key, allowed, &text, parse)
    }
}

const ALPN: &str = "\"h2\", \"http/1.1\" or both, each once";
const CLIENT_AUTH: &str = "\"required\", \"optional\" or \"none\"";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (TlsOptions, Vec<String>) {
        let file = File::new(Path::new("x.toml"), text.as_bytes());
        let mut table = file.table();
        let options = TlsOptions::read_default(&file, &mut table);
        table.finish();
        let problems = file.take_problems();
        (options, problems.iter().map(ToString::to_string).collect())
    }

    fn options(text: &str) -> TlsOptions {
        let (options, problems) = read(text);
        let sound = problems
            .iter()
            .all(|problem| problem.contains("`client_ca`"));
        assert!(sound, "{problems:?}");
        options
    }

    #[test]
    fn no_key_means_the_defaults() {
        let none = options("");
        assert_eq!(none, TlsOptions::default());
        let policy = TlsPolicy::resolve(&none, &none).unwrap();
        assert_eq!(policy, TlsPolicy::default());
        assert_eq!(policy.min_version, TlsVersion::V1_2);
        assert_eq!(*policy.alpn, [Alpn::Http2, Alpn::Http1]);
        assert_eq!(policy.client_auth, None);
    }

    #[test]
    fn a_domain_overrides_key_by_key() {
        let default = options("min_version = \"1.3\"\nalpn = [\"http/1.1\"]");
        let own = options("alpn = [\"http/1.1\", \"h2\"]");
        let policy = TlsPolicy::resolve(&own, &default).unwrap();
        assert_eq!(policy.min_version, TlsVersion::V1_3);
        assert_eq!(*policy.alpn, [Alpn::Http1, Alpn::Http2]);
    }

    #[test]
    fn who_is_asked_for_a_certificate() {
        const REQUIRED: Result<&str, bool> = Ok("required");
        const OPTIONAL: Result<&str, bool> = Ok("optional");
        const NONE: Result<&str, bool> = Ok("none");
        let (ca, none) = ("client_ca = \"a\"", "client_auth = \"none\"");
        let (optional, required) = ("client_auth = \"optional\"", "client_auth = \"required\"");
        let both = "client_ca = \"b\"\nclient_auth = \"optional\"";
        let dormant = "client_ca = \"b\"\nclient_auth = \"none\"";
        for (own, default, expected) in [
            ("", "", NONE),
            (ca, "", REQUIRED),
            ("", ca, REQUIRED),
            ("", both, OPTIONAL),
            (none, ca, NONE),
            (none, "", NONE),
            (required, both, REQUIRED),
            (optional, ca, OPTIONAL),
            (ca, both, OPTIONAL),
            (ca, dormant, REQUIRED),
            (required, dormant, REQUIRED),
            ("", dormant, NONE),
            (required, "", Err(true)),
            (optional, "", Err(false)),
        ] {
            let resolved = TlsPolicy::resolve(&options(own), &options(default));
            let mode = resolved.map(|policy| match policy.client_auth {
                None => "none",
                Some(auth) if auth.required => "required",
                Some(_) => "optional",
            });
            let mode = mode.map_err(|error| error.required);
            assert_eq!(mode, expected, "{own:?} over {default:?}");
        }
    }

    #[test]
    fn all_problems_at_once_each_with_what_to_write() {
        let text = "min_version = \"1.1\"\nalpn = [\"h3\", \"h2\", \"h2\"]\nclient_ca = \"\"\n\
                    client_auth = \"required\"\nmax_version = \"1.3\"\n";
        assert_eq!(
            read(text).1,
            [
                "x.toml:1: `min_version` is \"1.1\"; write \"1.2\" or \"1.3\"",
                "x.toml:1: `client_auth` needs a `client_ca`; add client_ca = \"FILE\" with the roots of the client certificates, or write client_auth = \"none\"",
                "x.toml:2: `alpn` is \"h3\"; write \"h2\", \"http/1.1\" or both, each once",
                "x.toml:2: `alpn` is \"h2\"; write \"h2\", \"http/1.1\" or both, each once",
                "x.toml:3: `client_ca` is \"\"; write the path of a PEM file",
                "x.toml:5: unknown key `max_version`; did you mean `min_version`?",
            ]
        );
        assert_eq!(
            read("alpn = []").1,
            ["x.toml:1: `alpn` is \"[]\"; write \"h2\", \"http/1.1\" or both, each once"]
        );
    }
}

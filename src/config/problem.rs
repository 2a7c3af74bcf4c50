use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::origin_url::{InvalidOrigin, InvalidTcpOrigin};
use super::response_headers::InvalidHeader;
use super::webhook_url::InvalidWebhook;
use crate::certificate;
use crate::domain;

/// Where something stands in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<Path>,
    /// Its line, counted from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// Something in a file that is not taken over, and where it stands.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    pub reason: Reason,
}

/// What is wrong with a piece of configuration, in one line: what was written is quoted with its
/// control characters escaped.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Reason {
    /// The file is no TOML.
    #[error("not valid TOML: {}", .0.message())]
    Syntax(Box<toml::de::Error>),
    /// The file is no UTF-8 text.
    #[error("not UTF-8 text")]
    Encoding,
    /// A key that means nothing here.
    #[error("unknown key `{}`", .key.escape_debug())]
    UnknownKey {
        /// As it was written.
        key: String,
        /// The known key that looks most like it.
        similar: Option<&'static str>,
        /// What could stand there.
        known: Vec<&'static str>,
    },
    /// A key without which nothing works.
    #[error("`{0}` is missing")]
    MissingKey(&'static str),
    /// A value of another type.
    #[error("`{key}` must be {expected}, not {found}")]
    WrongType {
        /// The key.
        key: &'static str,
        /// The type it takes.
        expected: &'static str,
        /// The type it has.
        found: &'static str,
    },
    /// A value that is none of those that are allowed.
    #[error("`{key}` is {value:?}")]
    UnknownValue {
        /// The key.
        key: &'static str,
        /// As it was written.
        value: String,
        /// What it may be, as a sentence.
        allowed: &'static str,
    },
    /// A domain's name that is none.
    #[error("the name {value:?} {error}")]
    DomainName {
        /// As it was written.
        value: String,
        /// Why.
        error: domain::InvalidName,
    },
    /// A certificate's name that is none.
    #[error("the certificate name {value:?} {error}")]
    CertificateName {
        /// As it was written.
        value: String,
        /// Why.
        error: certificate::InvalidName,
    },
    /// An origin that is none.
    #[error("the origin {value:?} {error}")]
    Origin {
        /// As it was written.
        value: String,
        /// Why.
        error: InvalidOrigin,
    },
    /// A field of responses that cannot be set or removed.
    #[error("the response header {name:?} {error}")]
    ResponseHeader {
        /// As it was written.
        name: String,
        /// Why.
        error: InvalidHeader,
    },
    /// An origin of a tcp listener that is none.
    #[error("the tcp origin {value:?} {error}")]
    TcpOrigin {
        /// As it was written.
        value: String,
        /// Why.
        error: InvalidTcpOrigin,
    },
    /// A name of a tcp listener that is none.
    #[error("the listener's name {0:?} is not 1 to 32 of a-z, 0-9, \"-\" and \"_\"")]
    ListenerName(String),
    /// A webhook that is none. It may hold a token, so it is not shown.
    #[error("`webhook` {0}")]
    Webhook(InvalidWebhook),
    /// Client certificates are asked for, but nothing says what verifies them.
    #[error("`client_auth` needs a `client_ca`")]
    NoClientCa,
    /// The admin listener would send tokens over a network that nothing protects them on.
    #[error("`listen` is not loopback, and tokens would go there in clear")]
    AdminWithoutTls,
    /// Proxies are to tell whose connections they relay, but none is believed.
    #[error("`proxy_protocol` needs networks that are `trusted`")]
    NobodyTrusted,
    /// The name stands in another table already.
    #[error("{name} is defined at {first} already")]
    DuplicateDomain {
        /// The domain.
        name: domain::Pattern,
        /// The definition that counts.
        first: Place,
    },
}

impl Reason {
    /// The stable word for the reason in metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax(_) | Self::Encoding => "toml_syntax",
            Self::UnknownKey { .. } => "unknown_key",
            Self::MissingKey(_) => "missing_key",
            Self::DuplicateDomain { .. } => "duplicate_domain",
            Self::NoClientCa => "client_ca_missing",
            Self::AdminWithoutTls => "admin_without_tls",
            Self::NobodyTrusted => "nobody_trusted",
            Self::WrongType { .. }
            | Self::UnknownValue { .. }
            | Self::DomainName { .. }
            | Self::CertificateName { .. }
            | Self::Origin { .. }
            | Self::ResponseHeader { .. }
            | Self::TcpOrigin { .. }
            | Self::ListenerName(_)
            | Self::Webhook(_) => "invalid_value",
        }
    }

    /// What to write instead.
    pub fn hint(&self) -> String {
        match self {
            Self::Syntax(_) => "mend the line; strings stand in double quotes".to_owned(),
            Self::Encoding => "save the file as UTF-8".to_owned(),
            Self::UnknownKey {
                similar: Some(similar),
                ..
            } => format!("did you mean `{similar}`?"),
            Self::UnknownKey { known, .. } => format!("known here: {}", known.join(", ")),
            Self::MissingKey("name") => "add name = \"play.example.com\"".to_owned(),
            Self::MissingKey("origins") => "add origins = [\"http://127.0.0.1:8000\"]".to_owned(),
            Self::MissingKey("path") => "add path = \"/hls/\"".to_owned(),
            Self::MissingKey("max_age") => "add max_age = \"30d\"".to_owned(),
            Self::MissingKey(key) => format!("add {key} = …"),
            Self::WrongType { key, expected, .. } => format!("write {key} = {expected}"),
            Self::UnknownValue { allowed, .. } => format!("write {allowed}"),
            Self::DomainName { .. } => {
                "write a name like \"play.example.com\" or \"*.live.example.com\"".to_owned()
            }
            Self::CertificateName { .. } => {
                "write the name of a directory in certificates/, or \"auto\"".to_owned()
            }
            Self::Origin { .. } => {
                "write \"http://HOST:PORT\", \"https://HOST:PORT\", \"h2c://HOST:PORT\", \
                 \"h2://HOST:PORT\" or \"demo:\""
                    .to_owned()
            }
            Self::ResponseHeader { error, .. } => error.hint().to_owned(),
            Self::TcpOrigin { .. } => "write \"tcp://HOST:PORT\" or \"tls://HOST:PORT\"".to_owned(),
            Self::ListenerName(_) => "write a name like rtmps".to_owned(),
            Self::Webhook(_) => "write a URL like \"https://alerts.example.com/hook\"".to_owned(),
            Self::NoClientCa => {
                "add client_ca = \"FILE\" with the roots of the client certificates, \
                 or write client_auth = \"none\""
                    .to_owned()
            }
            Self::AdminWithoutTls => {
                "add certificate = \"NAME\", a certificate in certificates/, or listen on \
                 \"127.0.0.1:9180\" or \"unix:PATH\"; insecure = true goes without TLS"
                    .to_owned()
            }
            Self::NobodyTrusted => {
                "add trusted = [\"10.0.0.0/8\"] with the networks of the proxies".to_owned()
            }
            Self::DuplicateDomain { .. } => "remove one of the two tables".to_owned(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (place, reason) = (&self.place, &self.reason);
        write!(f, "{place}: {reason}; {}", reason.hint())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::parse_domains;

    use super::*;

    #[test]
    fn what_was_written_cannot_break_the_line_of_a_message() {
        let text = "[[domain]]\nname = \"a\\nb\"\norigins = [\"\\u001b[2J\"]\n\"a\\nb\" = 1\n";
        let file = parse_domains(Path::new("a.toml"), text.as_bytes());
        let texts: Vec<_> = file.problems.iter().map(|(_, it)| it.to_string()).collect();
        for (text, quoted) in texts.iter().zip([r#""a\nb""#, r#""\u{1b}[2J""#, r"`a\nb`"]) {
            assert!(
                text.contains(quoted) && !text.contains(char::is_control),
                "{text}"
            );
        }
        assert_eq!(texts.len(), 3);
    }
}

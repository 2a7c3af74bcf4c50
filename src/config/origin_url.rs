use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::Authority;
use rustls_pki_types::ServerName;

/// An origin endpoint as configured.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OriginUrl {
    /// `http://HOST[:PORT]`, port 80 by default.
    Http(Authority),
    /// `https://HOST[:PORT]`, port 443 by default; its certificate is verified for HOST.
    Https(Authority, ServerName<'static>),
    /// `h2c://HOST[:PORT]`, HTTP/2 with prior knowledge (RFC 9113 section 3.3), port 80 by default.
    H2c(Authority),
    /// `h2://HOST[:PORT]`, HTTP/2 over TLS, port 443 by default; its certificate is verified for HOST.
    H2(Authority, ServerName<'static>),
    /// `tcp://HOST:PORT`, where the bytes of a tcp listener go.
    Tcp(Authority),
    /// `tls://HOST:PORT`, the same over TLS; its certificate is verified for HOST.
    Tls(Authority, ServerName<'static>),
    /// `demo:`, the built-in demonstration origin.
    Demo,
}

/// Why a text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrigin {
    /// None of `http://`, `https://`, `h2c://`, `h2://` and `demo:`, or no host behind it.
    #[error("is not of the form http://HOST:PORT")]
    Form,
    /// A user name or password.
    #[error("must not hold a user name or password")]
    UserInfo,
    /// A path, query or fragment.
    #[error("must not hold a path: requests keep the path that the viewer asked for")]
    Path,
    /// `demo:` beside others.
    #[error("must be the only origin of its domain")]
    DemoWithOthers,
    /// More endpoints than a request can ask.
    #[error("is one too many: 64 are the most")]
    TooMany,
    /// No port from 1 to 65535.
    #[error("has a port that is not between 1 and 65535")]
    Port,
}

/// Why a text is no origin of a tcp listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTcpOrigin {
    /// Neither `tcp://` nor `tls://`, or no host and port behind it.
    #[error("is not of the form tcp://HOST:PORT")]
    Form,
    /// Something else than host and port.
    #[error("must hold a host and a port, and nothing else")]
    More,
    /// No port from 1 to 65535: there is none that all would mean.
    #[error("needs a port between 1 and 65535")]
    Port,
    /// None at all.
    #[error("is no origin; one is needed")]
    None,
    /// More endpoints than a connection can ask.
    #[error("is one too many: 64 are the most")]
    TooMany,
}

/// An HTTP origin.
impl FromStr for OriginUrl {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        if text == "demo:" {
            return Ok(Self::Demo);
        }
        let uri: Uri = text.parse().map_err(|_| InvalidOrigin::Form)?;
        let authority = uri.authority().ok_or(InvalidOrigin::Form)?;
        if authority.as_str().contains('@') {
            return Err(InvalidOrigin::UserInfo);
        }
        // `http::Uri` drops the fragment and adds the path "/".
        if uri.path().len() > 1 || text.contains(['?', '#']) {
            return Err(InvalidOrigin::Path);
        }
        let host_only = !authority
            .as_str()
            .trim_end_matches(|c| c != ':')
            .contains(':');
        let port_fits = authority.port_u16().is_some_and(|port| port > 0);
        if !port_fits && !host_only && !authority.as_str().ends_with(']') {
            return Err(InvalidOrigin::Port);
        }
        match uri.scheme_str() {
            Some("http") => Ok(Self::Http(authority.clone())),
            Some("https") => {
                let name = server_name(authority).ok_or(InvalidOrigin::Form)?;
                Ok(Self::Https(authority.clone(), name))
            }
            Some("h2c") => Ok(Self::H2c(authority.clone())),
            Some("h2") => {
                let name = server_name(authority).ok_or(InvalidOrigin::Form)?;
                Ok(Self::H2(authority.clone(), name))
            }
            _ => Err(InvalidOrigin::Form),
        }
    }
}

impl OriginUrl {
    /// An origin of a tcp listener.
    ///
    /// # Errors
    ///
    /// When the text is none: an HTTP origin, say.
    pub fn parse_tcp(text: &str) -> Result<Self, InvalidTcpOrigin> {
        let (scheme, rest) = text.split_once("://").ok_or(InvalidTcpOrigin::Form)?;
        if rest.contains(['@', '/', '?', '#']) {
            return Err(InvalidTcpOrigin::More);
        }
        let authority: Authority = rest.parse().map_err(|_| InvalidTcpOrigin::Form)?;
        match authority.port_u16() {
            Some(1..) if !authority.host().is_empty() => {}
            _ => return Err(InvalidTcpOrigin::Port),
        }
        match scheme {
            "tcp" => Ok(Self::Tcp(authority)),
            "tls" => {
                let name = server_name(&authority).ok_or(InvalidTcpOrigin::Form)?;
                Ok(Self::Tls(authority, name))
            }
            _ => Err(InvalidTcpOrigin::Form),
        }
    }

    /// Host and port as they are written; none for the demonstration origin.
    pub fn authority(&self) -> Option<&Authority> {
        match self {
            Self::Http(authority)
            | Self::Https(authority, _)
            | Self::H2c(authority)
            | Self::H2(authority, _)
            | Self::Tcp(authority)
            | Self::Tls(authority, _) => Some(authority),
            Self::Demo => None,
        }
    }

    /// Whether it is asked over a network, and in HTTP.
    pub fn is_http(&self) -> bool {
        matches!(self, Self::Http(_) | Self::Https(..)) || self.is_http2()
    }

    /// Whether that is HTTP/2.
    pub fn is_http2(&self) -> bool {
        matches!(self, Self::H2c(_) | Self::H2(..))
    }
}

/// The name that a certificate is verified for.
fn server_name(authority: &Authority) -> Option<ServerName<'static>> {
    let host = authority.host().trim_matches(['[', ']']);
    ServerName::try_from(host.to_owned()).ok()
}

impl fmt::Display for OriginUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(authority) => write!(f, "http://{authority}"),
            Self::Https(authority, _) => write!(f, "https://{authority}"),
            Self::H2c(authority) => write!(f, "h2c://{authority}"),
            Self::H2(authority, _) => write!(f, "h2://{authority}"),
            Self::Tcp(authority) => write!(f, "tcp://{authority}"),
            Self::Tls(authority, _) => write!(f, "tls://{authority}"),
            Self::Demo => f.write_str("demo:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_origin_may_be() {
        for text in [
            "http://127.0.0.1:8000",
            "http://[::1]:8000",
            "https://live.example.com",
            "https://[::1]",
            "h2c://127.0.0.1:8000",
            "h2c://live",
            "h2://live.example.com:8443",
            "h2://[::1]",
            "demo:",
        ] {
            assert_eq!(text.parse::<OriginUrl>().unwrap().to_string(), text);
        }
        let cases = [
            ("", InvalidOrigin::Form),
            ("127.0.0.1:8000", InvalidOrigin::Form),
            ("ftp://a.example.com", InvalidOrigin::Form),
            ("tcp://a.example.com:1", InvalidOrigin::Form),
            ("http://a:b@c.example.com", InvalidOrigin::UserInfo),
            ("http://a.example.com/live", InvalidOrigin::Path),
            ("http://a.example.com?x", InvalidOrigin::Path),
            ("h2c://a.example.com/live", InvalidOrigin::Path),
            ("h3://a.example.com", InvalidOrigin::Form),
            ("h2://a.example.com:0", InvalidOrigin::Port),
            ("http://a.example.com:0", InvalidOrigin::Port),
            ("http://a.example.com:99999", InvalidOrigin::Port),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<OriginUrl>(), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn what_an_origin_of_a_tcp_listener_may_be() {
        for text in [
            "tcp://127.0.0.1:1935",
            "tcp://[::1]:1935",
            "tls://live.example.com:443",
            "tls://[::1]:443",
        ] {
            assert_eq!(OriginUrl::parse_tcp(text).unwrap().to_string(), text);
        }
        let cases = [
            ("", InvalidTcpOrigin::Form),
            ("127.0.0.1:1935", InvalidTcpOrigin::Form),
            ("rtmp://a.example.com:1935", InvalidTcpOrigin::Form),
            ("tcp://a b:1935", InvalidTcpOrigin::Form),
            ("tcp://", InvalidTcpOrigin::Form),
            ("tcp://a:b@c.example.com:1", InvalidTcpOrigin::More),
            ("tcp://a.example.com:1935/", InvalidTcpOrigin::More),
            ("tcp://a.example.com:1935?x", InvalidTcpOrigin::More),
            ("tls://a.example.com", InvalidTcpOrigin::Port),
            ("tcp://a.example.com:", InvalidTcpOrigin::Port),
            ("tcp://a.example.com:0", InvalidTcpOrigin::Port),
            ("tcp://a.example.com:99999", InvalidTcpOrigin::Port),
            ("tcp://:1935", InvalidTcpOrigin::Port),
        ];
        for (text, expected) in cases {
            assert_eq!(OriginUrl::parse_tcp(text), Err(expected), "{text:?}");
        }
    }
}

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
    /// `demo:`, the built-in demonstration origin.
    Demo,
}

/// Why a text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrigin {
    /// Neither `http://`, `https://` nor `demo:`, or no host behind it.
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
                let host = authority.host().trim_matches(['[', ']']);
                let name = ServerName::try_from(host.to_owned());
                let name = name.map_err(|_| InvalidOrigin::Form)?;
                Ok(Self::Https(authority.clone(), name))
            }
            _ => Err(InvalidOrigin::Form),
        }
    }
}

impl OriginUrl {
    /// Host and port as they are written; none for the demonstration origin.
    pub fn authority(&self) -> Option<&Authority> {
        match self {
            Self::Http(authority) | Self::Https(authority, _) => Some(authority),
            Self::Demo => None,
        }
    }
}

impl fmt::Display for OriginUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(authority) => write!(f, "http://{authority}"),
            Self::Https(authority, _) => write!(f, "https://{authority}"),
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
            "demo:",
        ] {
            assert_eq!(text.parse::<OriginUrl>().unwrap().to_string(), text);
        }
        let cases = [
            ("", InvalidOrigin::Form),
            ("127.0.0.1:8000", InvalidOrigin::Form),
            ("ftp://a.example.com", InvalidOrigin::Form),
            ("http://a:b@c.example.com", InvalidOrigin::UserInfo),
            ("http://a.example.com/live", InvalidOrigin::Path),
            ("http://a.example.com?x", InvalidOrigin::Path),
            ("http://a.example.com:0", InvalidOrigin::Port),
            ("http://a.example.com:99999", InvalidOrigin::Port),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<OriginUrl>(), Err(expected), "{text:?}");
        }
    }
}

use http::header::HOST;
use http::uri::{Parts, PathAndQuery, Scheme, Uri};
use http::{Method, Version, request};

use super::failure::BadRequest;

/// The host that a request is for, as the client wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'r> {
    /// Host and port.
    pub authority: &'r str,
    /// The host alone.
    pub host: &'r str,
    /// The port, if it was given.
    pub port: Option<u16>,
}

impl<'r> Target<'r> {
    /// Reads the one host of a request: `:authority`, the absolute form or Host, which must not
    /// contradict each other (RFC 9112 section 3.2, RFC 9113 section 8.3.1).
    ///
    /// # Errors
    ///
    /// When there is none, more than one, or it is no host.
    pub fn of(request: &'r request::Parts) -> Result<Self, BadRequest> {
        let mut hosts = request.headers.get_all(HOST).iter();
        let host = hosts.next();
        if hosts.next().is_some() {
            return Err(BadRequest::SeveralHosts);
        }
        let host = match host {
            Some(host) => Some(host.to_str().map_err(|_| BadRequest::InvalidHost)?),
            None => None,
        };
        let authority = request.uri.authority().map(|authority| authority.as_str());
        match (authority, host) {
            // HTTP/1 needs Host in any case.
            (_, None) if request.version < Version::HTTP_2 => Err(BadRequest::NoHost),
            (None, None) => Err(BadRequest::NoHost),
            (Some(authority), Some(host)) if !authority.eq_ignore_ascii_case(host) => {
                match request.version {
                    // The absolute form counts (RFC 9112 section 3.2.2).
                    Version::HTTP_10 | Version::HTTP_11 => {
                        Self::parse(host)?;
                        Self::parse(authority)
                    }
                    _ => Err(BadRequest::SeveralHosts),
                }
            }
            (Some(authority), _) | (None, Some(authority)) => Self::parse(authority),
        }
    }

    /// A host and an optional port (RFC 3986 section 3.2, without user information).
    pub(super) fn parse(authority: &'r str) -> Result<Self, BadRequest> {
        let (host, port) = split_port(authority).ok_or(BadRequest::InvalidHost)?;
        let literal = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let valid = match literal {
            Some(address) => address
                .bytes()
                .all(|b| b.is_ascii_hexdigit() || b":.".contains(&b)),
            None => host.bytes().all(is_name_byte),
        };
        if host.is_empty() || !valid {
            return Err(BadRequest::InvalidHost);
        }
        Ok(Self {
            authority,
            host,
            port,
        })
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let end = authority.find(']').map_or(0, |end| end + 1);
    let Some(colon) = authority[end..].find(':') else {
        return Some((authority, None));
    };
    let (host, port) = (&authority[..end + colon], &authority[end + colon + 1..]);
    if port.is_empty() {
        return Some((host, None));
    }
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|_| digits)?;
    Some((host, Some(port)))
}

/// `reg-name` of RFC 3986 section 3.2.2, without percent-encoding: no DNS name needs it, and
/// origins decode it differently.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Checks the form of a target: a path, or `*` of OPTIONS, with the host before it or without
/// (RFC 9112 section 3.2). All else would reach the origin as something that it was not.
///
/// # Errors
///
/// When it is another one.
pub fn check_form(request: &request::Parts) -> Result<(), BadRequest> {
    let uri = &request.uri;
    let absolute = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => true,
        Some(_) => return Err(BadRequest::Target),
        None if uri.authority().is_some() => return Err(BadRequest::Target),
        None => false,
    };
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let without_path = absolute && request.version < Version::HTTP_2;
    let is_path =
        path.starts_with('/') || without_path && (path.is_empty() || path.starts_with('?'));
    match is_path || path == "*" && request.method == Method::OPTIONS {
        true => Ok(()),
        false => Err(BadRequest::Target),
    }
}

/// The path and query, byte for byte; what a request to an origin is for.
pub fn origin_form(uri: Uri) -> Uri {
    let mut parts = Parts::default();
    let path = uri.into_parts().path_and_query;
    // A path of which only a fragment was there is empty, and says "/" only when it is asked.
    let root = || PathAndQuery::from_static("/");
    parts.path_and_query = path.map(|path| if path == "/" { root() } else { path });
    // A path and query alone is always a valid URI.
    Uri::from_parts(parts).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn target(version: Version, uri: &str, hosts: &[&str]) -> Result<String, BadRequest> {
        let mut request = Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let target = Target::of(&parts)?;
        let port = target.port.map_or(String::new(), |port| format!(" {port}"));
        Ok(format!("{}{port}", target.host))
    }

    #[test]
    fn exactly_one_valid_host() {
        let (h1, h10, h2) = (Version::HTTP_11, Version::HTTP_10, Version::HTTP_2);
        type Case<'c> = (Version, &'c str, &'c [&'c str], Result<&'c str, BadRequest>);
        let cases: [Case<'_>; 17] = [
            (h1, "/", &["a.com"], Ok("a.com")),
            (h1, "/", &["a.com:8443"], Ok("a.com 8443")),
            (h1, "/", &["[::1]:8443"], Ok("[::1] 8443")),
            (h1, "/", &["a.com:"], Ok("a.com")),
            (h1, "/", &[], Err(BadRequest::NoHost)),
            (h10, "/", &[], Err(BadRequest::NoHost)),
            (h1, "http://b.com/", &["b.com"], Ok("b.com")),
            (h1, "http://b.com/", &["a.com"], Ok("b.com")),
            (h1, "http://b.com/", &[], Err(BadRequest::NoHost)),
            (h1, "/", &["a.com", "a.com"], Err(BadRequest::SeveralHosts)),
            (h1, "/", &["a.com, b.com"], Err(BadRequest::InvalidHost)),
            (h1, "/", &["u@a.com"], Err(BadRequest::InvalidHost)),
            (h1, "/", &["a.com:99999"], Err(BadRequest::InvalidHost)),
            (h1, "/", &["a.com:+80"], Err(BadRequest::InvalidHost)),
            (h1, "/", &[""], Err(BadRequest::InvalidHost)),
            (h2, "https://a.com/", &[], Ok("a.com")),
            (
                h2,
                "https://a.com/",
                &["b.com"],
                Err(BadRequest::SeveralHosts),
            ),
        ];
        for (version, uri, hosts, expected) in cases {
            let expected = expected.map(str::to_owned);
            assert_eq!(target(version, uri, hosts), expected, "{uri} {hosts:?}");
        }
    }

    #[test]
    fn a_target_is_a_path() {
        let check = |method, version, uri: &str| {
            let request = Request::builder().method(method).version(version).uri(uri);
            let (parts, ()) = request.body(()).unwrap().into_parts();
            check_form(&parts)
        };
        let (h1, h2) = (Version::HTTP_11, Version::HTTP_2);
        for uri in [
            "/",
            "/a?b",
            "http://a.com",
            "https://a.com/a",
            "http://a.com?b",
        ] {
            assert_eq!(check("GET", h1, uri), Ok(()), "{uri}");
        }
        assert_eq!(check("OPTIONS", h1, "*"), Ok(()));
        assert_eq!(check("OPTIONS", h2, "*"), Ok(()));
        for uri in ["*", "a.com", "a.com:80", "ftp://a.com/"] {
            assert_eq!(check("GET", h1, uri), Err(BadRequest::Target), "{uri}");
        }
        let query = "https://a.com?b";
        assert_eq!(check("GET", h2, query), Err(BadRequest::Target));
    }

    #[test]
    fn path_and_query_stay_byte_for_byte() {
        for path in ["/", "/a//b/../c;x=1?q=%2F%2f&&=", "/%C3%A4?a?b"] {
            let uri: Uri = format!("https://a.com{path}").parse().unwrap();
            assert_eq!(origin_form(uri).to_string(), path);
        }
    }
}

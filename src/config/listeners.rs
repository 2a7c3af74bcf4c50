use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use toml::Spanned;
use toml::de::DeValue;

use super::network::Trusted;
use super::problem::Reason;
use super::raw::{File, Table};
use super::tcp::{self, TcpListener};

/// The sockets for viewers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listeners {
    /// Plain HTTP. `0.0.0.0:8080` by default.
    pub http: Vec<HttpListener>,
    /// TLS. `0.0.0.0:8443` by default.
    pub https: Vec<HttpsListener>,
    /// TLS with something else than HTTP inside. None by default.
    pub tcp: Vec<TcpListener>,
    /// The networks of proxies that are believed what they say of their clients. None by default.
    pub trusted: Trusted,
}

/// A socket for plain HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpListener {
    /// Where it is bound.
    pub address: SocketAddr,
    /// Whether each connection begins with a header of the PROXY protocol. None does by default.
    pub proxy_protocol: bool,
}

/// A socket for TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsListener {
    /// Where it is bound.
    pub address: SocketAddr,
    /// What a connection gets that does not speak TLS.
    pub plain_http: PlainHttp,
    /// Whether each connection begins with a header of the PROXY protocol. None does by default.
    pub proxy_protocol: bool,
}

/// What a plain HTTP request gets on an https listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainHttp {
    /// It is served when the domain has no HTTPS, else redirected to HTTPS. The default.
    FallBack,
    /// 400.
    Reject,
}

impl Default for Listeners {
    fn default() -> Self {
        let all = [0, 0, 0, 0];
        Self {
            http: vec![HttpListener::at(SocketAddr::from((all, 8080)))],
            https: vec![HttpsListener::at(SocketAddr::from((all, 8443)))],
            tcp: Vec::new(),
            trusted: Trusted::default(),
        }
    }
}

impl HttpListener {
    fn at(address: SocketAddr) -> Self {
        Self {
            address,
            proxy_protocol: false,
        }
    }
}

impl HttpsListener {
    fn at(address: SocketAddr) -> Self {
        Self {
            address,
            plain_http: PlainHttp::FallBack,
            proxy_protocol: false,
        }
    }
}

impl Listeners {
    /// Takes the keys out of `[listeners]`.
    pub(super) fn read(file: &File<'_>, mut table: Table<'_, '_>) -> Self {
        let default = Self::default();
        let offset = table.offset();
        let http = table.array("http", "an array of addresses, [\"0.0.0.0:8080\"]", http);
        let https = table.array("https", "an array of addresses, [\"0.0.0.0:8443\"]", https);
        let listeners = Self {
            http: http.unwrap_or(default.http),
            https: https.unwrap_or(default.https),
            tcp: tcp::listeners(file, &mut table),
            trusted: Trusted::read(&mut table),
        };
        if listeners.have_proxies() && listeners.trusted.is_empty() {
            file.report(offset, Reason::NobodyTrusted);
        }
        table.finish();
        listeners
    }

    /// Whether there is one that proxies connect to with a header.
    fn have_proxies(&self) -> bool {
        let https = self.https.iter().map(|it| it.proxy_protocol);
        let mut all = https.chain(self.http.iter().map(|it| it.proxy_protocol));
        all.any(|it| it)
    }

    /// Whether the sockets are the same, and what is spoken on them.
    pub(super) fn same_sockets(&self, other: &Self) -> bool {
        self.http == other.http && self.https == other.https && self.tcp == other.tcp
    }
}

/// An element of `http`: an address, or a table of `address` and `proxy_protocol`.
fn http(file: &File<'_>, element: Spanned<DeValue<'_>>) -> Option<HttpListener> {
    if element.get_ref().as_str().is_some() {
        return alone(file, "http", &element).map(HttpListener::at);
    }
    listener(file, "http", element, |address, table| HttpListener {
        address,
        proxy_protocol: proxy_protocol(table),
    })
}

/// An element of `https`: an address, or a table of `address`, `plain_http` and `proxy_protocol`.
fn https(file: &File<'_>, element: Spanned<DeValue<'_>>) -> Option<HttpsListener> {
    if element.get_ref().as_str().is_some() {
        return alone(file, "https", &element).map(HttpsListener::at);
    }
    listener(file, "https", element, |address, table| HttpsListener {
        address,
        plain_http: plain_http(table).unwrap_or(PlainHttp::FallBack),
        proxy_protocol: proxy_protocol(table),
    })
}

/// An address that stands for its listener.
fn alone(file: &File<'_>, key: &'static str, element: &Spanned<DeValue<'_>>) -> Option<SocketAddr> {
    let text = element.get_ref().as_str().unwrap_or_default();
    let address = text.parse().ok();
    if address.is_none() {
        let reason = Reason::UnknownValue {
            key,
            value: text.to_owned(),
            allowed: ADDRESS,
        };
        file.report(element.span().start, reason);
    }
    address
}

/// A table that has an address at least.
fn listener<L>(
    file: &File<'_>,
    key: &'static str,
    element: Spanned<DeValue<'_>>,
    read: impl FnOnce(SocketAddr, &mut Table<'_, '_>) -> L,
) -> Option<L> {
    let offset = element.span().start;
    let mut table = Table::of_value(file, key, element)?;
    let text = table.string("address");
    if text.is_none() {
        file.report(offset, Reason::MissingKey("address"));
    }
    let address =
        text.and_then(|text| table.parse("address", ADDRESS, &text, |text| text.parse().ok()));
    // The rest is read all the same: all problems are told at once.
    let listener = read(address.unwrap_or(NOWHERE), &mut table);
    table.finish();
    address.map(|_| listener)
}

fn plain_http(table: &mut Table<'_, '_>) -> Option<PlainHttp> {
    let text = table.string("plain_http")?;
    let allowed = "\"fall_back\" or \"reject\"";
    table.parse("plain_http", allowed, &text, |text| match text {
        "fall_back" => Some(PlainHttp::FallBack),
        "reject" => Some(PlainHttp::Reject),
        _ => None,
    })
}

fn proxy_protocol(table: &mut Table<'_, '_>) -> bool {
    table.boolean("proxy_protocol").unwrap_or(false)
}

pub(super) const ADDRESS: &str = "an address with a port, like \"0.0.0.0:8443\" or \"[::]:8443\"";

const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Problem, Settings, parse_settings};

    fn parse(text: &str) -> Result<Settings, Vec<Problem>> {
        parse_settings(Path::new("lockgate.toml"), text.as_bytes())
    }

    fn problems(text: &str) -> Vec<String> {
        let problems = parse(text).expect_err("the text has problems");
        problems.iter().map(Problem::to_string).collect()
    }

    #[test]
    fn a_listener_is_an_address_or_a_table() {
        let text = r#"
            [listeners]
            trusted = ["10.0.0.0/8", "2001:db8::7"]
            http = ["[::]:80", { address = "0.0.0.0:81", proxy_protocol = true }]
            https = [{ address = "[::]:443", plain_http = "reject", proxy_protocol = true }]
        "#;
        let listeners = parse(text).unwrap().listeners;
        assert_eq!(
            listeners.http[0],
            HttpListener::at("[::]:80".parse().unwrap())
        );
        assert!(listeners.http[1].proxy_protocol);
        let [https] = &listeners.https[..] else {
            panic!("{listeners:?}");
        };
        assert!(https.proxy_protocol && https.plain_http == PlainHttp::Reject);
        assert!(listeners.trusted.contain("10.1.2.3".parse().unwrap()));
        assert!(!listeners.trusted.contain("2001:db8::8".parse().unwrap()));
    }

    #[test]
    fn headers_need_somebody_who_is_trusted() {
        for key in ["http", "https"] {
            let text = format!(
                "workers = 1\n[listeners]\n{key} = [{{ address = \"[::]:1\", proxy_protocol = true }}]\n"
            );
            assert_eq!(
                problems(&text),
                [
                    "lockgate.toml:2: `proxy_protocol` needs networks that are `trusted`; add trusted = [\"10.0.0.0/8\"] with the networks of the proxies"
                ]
            );
        }
        let text =
            "[listeners]\ntrusted = []\nhttp = [{ address = \"[::]:1\", proxy_protocol = true }]\n";
        assert_eq!(problems(text).len(), 1);
    }

    #[test]
    fn all_that_is_wrong_with_a_listener_is_told() {
        let text = r#"
            [listeners]
            http = ["localhost", { proxy_protocol = 1 }, 5, { address = "x", plain_http = "reject" }]
            https = [{ address = "[::]:1", proxi_protocol = true, plain_http = "no" }]
            trusted = ["10.0.0.0/33"]
        "#;
        assert_eq!(problems(text).len(), 9, "{:#?}", problems(text));
    }
}

use std::net::SocketAddr;

use toml::Spanned;
use toml::de::DeValue;

use super::problem::Reason;
use super::raw::{File, Table};

/// The sockets for viewers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listeners {
    /// Plain HTTP. `0.0.0.0:8080` by default.
    pub http: Vec<SocketAddr>,
    /// TLS. `0.0.0.0:8443` by default.
    pub https: Vec<HttpsListener>,
}

/// A socket for TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsListener {
    /// Where it is bound.
    pub address: SocketAddr,
    /// What a connection gets that does not speak TLS.
    pub plain_http: PlainHttp,
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
        Self {
            http: vec![SocketAddr::from(([0, 0, 0, 0], 8080))],
            https: vec![HttpsListener {
                address: SocketAddr::from(([0, 0, 0, 0], 8443)),
                plain_http: PlainHttp::FallBack,
            }],
        }
    }
}

impl Listeners {
    /// Takes the keys out of `[listeners]`.
    pub(super) fn read(mut table: Table<'_, '_>) -> Self {
        let default = Self::default();
        let http = table.strings("http").map(|texts| {
            let addresses = texts.iter();
            addresses
                .filter_map(|text| table.parse("http", ADDRESS, text, |text| text.parse().ok()))
                .collect()
        });
        let https = table.array(
            "https",
            "an array of addresses, [\"0.0.0.0:8443\"]",
            https_listener,
        );
        table.finish();
        Self {
            http: http.unwrap_or(default.http),
            https: https.unwrap_or(default.https),
        }
    }
}

/// An element of `https`: an address, or a table of `address` and `plain_http`.
fn https_listener(file: &File<'_>, element: Spanned<DeValue<'_>>) -> Option<HttpsListener> {
    if let Some(text) = element.get_ref().as_str() {
        let Ok(address) = text.parse() else {
            let reason = Reason::UnknownValue {
                key: "https",
                value: text.to_owned(),
                allowed: ADDRESS,
            };
            file.report(element.span().start, reason);
            return None;
        };
        return Some(HttpsListener {
            address,
            plain_http: PlainHttp::FallBack,
        });
    }
    let offset = element.span().start;
    let mut table = Table::of_value(file, "https", element)?;
    let address = address(&mut table, "address");
    let plain_http = table.string("plain_http").and_then(|text| {
        let allowed = "\"fall_back\" or \"reject\"";
        table.parse("plain_http", allowed, &text, |text| match text {
            "fall_back" => Some(PlainHttp::FallBack),
            "reject" => Some(PlainHttp::Reject),
            _ => None,
        })
    });
    table.finish();
    if address.is_none() {
        file.report(offset, Reason::MissingKey("address"));
    }
    Some(HttpsListener {
        address: address?,
        plain_http: plain_http.unwrap_or(PlainHttp::FallBack),
    })
}

const ADDRESS: &str = "an address with a port, like \"0.0.0.0:8443\" or \"[::]:8443\"";

fn address(table: &mut Table<'_, '_>, key: &'static str) -> Option<SocketAddr> {
    let text = table.string(key)?;
    table.parse(key, ADDRESS, &text, |text| text.parse().ok())
}

use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::PathAndQuery;

use super::origin_url::{InvalidOrigin, OriginUrl};
use super::problem::Reason;
use super::raw::{File, Table};

/// Where events are posted to. Its path and query may hold a token, so they are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl {
    endpoint: OriginUrl,
    target: PathAndQuery,
}

/// Why a text is no webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWebhook {
    /// Neither `http://` nor `https://`, or a fragment.
    #[error("is not of the form https://HOST/PATH")]
    Form,
    /// The part before the path cannot be connected to.
    #[error("{0}")]
    Endpoint(#[from] InvalidOrigin),
}

impl WebhookUrl {
    /// Takes `webhook` out of `[alerts]`.
    pub(super) fn read(file: &File<'_>, alerts: &mut Table<'_, '_>) -> Option<Self> {
        let text = alerts.string("webhook")?;
        let read = text.get_ref().parse();
        read.map_err(|error| file.report(text.span().start, Reason::Webhook(error)))
            .ok()
    }

    /// What to connect to.
    pub fn endpoint(&self) -> &OriginUrl {
        &self.endpoint
    }

    /// Path and query, as a request's target.
    pub fn target(&self) -> &PathAndQuery {
        &self.target
    }

    /// What the Host field says (RFC 9110 section 7.2).
    pub fn host(&self) -> &str {
        let authority = self.endpoint.authority();
        authority.map_or("", |authority| authority.as_str())
    }
}

impl FromStr for WebhookUrl {
    type Err = InvalidWebhook;

    fn from_str(text: &str) -> Result<Self, InvalidWebhook> {
        let uri: Uri = text.parse().map_err(|_| InvalidWebhook::Form)?;
        // `http::Uri` drops a fragment, which a server never sees.
        let (Some(scheme), Some(authority), false) =
            (uri.scheme_str(), uri.authority(), text.contains('#'))
        else {
            return Err(InvalidWebhook::Form);
        };
        let endpoint: OriginUrl = format!("{scheme}://{authority}").parse()?;
        if endpoint.is_http2() {
            return Err(InvalidOrigin::Form.into());
        }
        let target = uri.path_and_query().cloned();
        Ok(Self {
            endpoint,
            target: target.unwrap_or_else(|| PathAndQuery::from_static("/")),
        })
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/…", self.endpoint)
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::parse_settings;

    #[test]
    fn a_webhook_is_an_endpoint_and_a_target() {
        let cases = [
            (
                "https://alerts.example.com/hook?token=x",
                "/hook?token=x",
                "alerts.example.com",
            ),
            ("http://127.0.0.1:9000", "/", "127.0.0.1:9000"),
            ("http://[::1]:9000/a", "/a", "[::1]:9000"),
        ];
        for (text, target, host) in cases {
            let url: WebhookUrl = text.parse().unwrap();
            assert_eq!((url.target().as_str(), url.host()), (target, host));
        }
    }

    #[test]
    fn what_cannot_be_posted_to_is_refused() {
        let cases = [
            ("", InvalidWebhook::Form),
            ("/hook", InvalidWebhook::Form),
            ("alerts.example.com/hook", InvalidWebhook::Form),
            ("demo:", InvalidWebhook::Form),
            ("https://a.example.com/hook#part", InvalidWebhook::Form),
            (
                "ftp://a.example.com/hook",
                InvalidWebhook::Endpoint(InvalidOrigin::Form),
            ),
            (
                "h2://a.example.com/hook",
                InvalidWebhook::Endpoint(InvalidOrigin::Form),
            ),
            (
                "https://user:word@a.example.com/",
                InvalidWebhook::Endpoint(InvalidOrigin::UserInfo),
            ),
            (
                "https://a.example.com:0/",
                InvalidWebhook::Endpoint(InvalidOrigin::Port),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<WebhookUrl>(), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn its_token_is_not_shown_even_when_it_is_none() {
        let text = "[alerts]\nwebhook = \"https://user:t0ken@a.example.com/t0ken\"\n";
        let problems = parse_settings(Path::new("x.toml"), text.as_bytes()).unwrap_err();
        let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "x.toml:2: `webhook` must not hold a user name or password; write a URL like \"https://alerts.example.com/hook\""
            ]
        );
    }

    #[test]
    fn its_token_is_never_shown() {
        let url: WebhookUrl = "https://a.example.com/hook/t0ken?key=t0ken"
            .parse()
            .unwrap();
        assert_eq!(format!("{url} {url:?}").matches("t0ken").count(), 0);
    }
}

use http::HeaderValue;

use super::raw::Table;

/// Which web pages may read a domain's responses (CORS, <https://fetch.spec.whatwg.org/>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cors {
    /// Those of every origin.
    Any,
    /// Those of these origins, as browsers write them: `https://player.example.com`.
    Listed(Vec<HeaderValue>),
}

impl Cors {
    /// Takes `cors` out of a domain's table: `["*"]`, or origins.
    pub(super) fn read(table: &mut Table<'_, '_>) -> Option<Self> {
        let texts = table.strings("cors")?;
        let allowed = "\"*\", or origins like \"https://player.example.com\"";
        let origins = texts.iter().filter_map(|text| {
            table.parse("cors", allowed, text, |text| {
                let is_origin = text == "*" || is_origin(text);
                HeaderValue::from_str(text).ok().filter(|_| is_origin)
            })
        });
        let origins: Vec<_> = origins.collect();
        Some(match origins.iter().any(|origin| origin == "*") {
            true => Self::Any,
            false => Self::Listed(origins),
        })
    }
}

/// Scheme, host and port, and nothing behind them (RFC 6454 section 6.2).
fn is_origin(text: &str) -> bool {
    let rest = text.split_once("://");
    rest.is_some_and(|(scheme, rest)| {
        let is_scheme = matches!(scheme, "http" | "https");
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        is_scheme && is_lower && !rest.is_empty() && !rest.contains(['/', '?', '#', ' '])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_do() {
        for text in ["https://player.example.com", "http://localhost:8000"] {
            assert!(is_origin(text), "{text}");
        }
        for text in [
            "player.example.com",
            "https://player.example.com/",
            "https://",
            "https://Player.example.com",
            "null",
            "ftp://a.example.com",
        ] {
            assert!(!is_origin(text), "{text}");
        }
    }
}

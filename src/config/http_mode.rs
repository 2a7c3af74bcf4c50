use http::StatusCode;
use toml::Spanned;

use super::raw::Table;

/// What a plain HTTP request gets while HTTPS is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpMode {
    /// The same as over HTTPS.
    Serve,
    /// A redirect to HTTPS: 302, or 301, 307, 308 where configured.
    Redirect(StatusCode),
}

impl HttpMode {
    /// Takes `http` and `redirect_status` out of a domain's table.
    pub(super) fn read(table: &mut Table<'_, '_>) -> Self {
        let redirects = table.string("http").is_some_and(|text| {
            let allowed = "\"serve\" or \"redirect\"";
            let redirects = table.parse("http", allowed, &text, |text| match text {
                "serve" => Some(false),
                "redirect" => Some(true),
                _ => None,
            });
            redirects == Some(true)
        });
        match status(table) {
            status if redirects => Self::Redirect(status.unwrap_or(StatusCode::FOUND)),
            _ => Self::Serve,
        }
    }
}

/// A status that sends a browser elsewhere and that players follow (RFC 9110 section 15.4).
fn status(table: &mut Table<'_, '_>) -> Option<StatusCode> {
    let number = table.integer("redirect_status")?;
    let text = Spanned::new(number.span(), number.get_ref().to_string());
    table.parse(
        "redirect_status",
        "301, 302, 307 or 308",
        &text,
        |_| match number.get_ref() {
            301 => Some(StatusCode::MOVED_PERMANENTLY),
            302 => Some(StatusCode::FOUND),
            307 => Some(StatusCode::TEMPORARY_REDIRECT),
            308 => Some(StatusCode::PERMANENT_REDIRECT),
            _ => None,
        },
    )
}

use http::{HeaderName, HeaderValue};
use toml::Spanned;

use super::problem::Reason;
use super::raw::{File, Table};

/// What a domain's responses say in place of its origin, or do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseHeaders {
    /// Fields that stand in place of the origin's.
    pub set: Vec<SetHeader>,
    /// Fields of the origin that are taken away.
    pub remove: Vec<HeaderName>,
}

/// A field that a domain's responses have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetHeader {
    /// Its name.
    pub name: HeaderName,
    /// Its value.
    pub value: HeaderValue,
    /// Whether it tells of the content that the origin sends, how long that may be kept, say. An
    /// error or a redirect of ours is none of it.
    pub of_content: bool,
}

/// Why a field cannot be set or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHeader {
    /// Not written as a name is (RFC 9110 section 5.1).
    #[error("is no name of a field")]
    Name,
    /// Not written as a value is (RFC 9110 section 5.5).
    #[error("has a value that no field can have")]
    Value,
    /// It frames the message, or belongs to one connection.
    #[error("belongs to the connection or frames the message")]
    Framing,
    /// Browsers would hold to HTTPS, and switching it off would lock them out.
    #[error("has a key of its own, `hsts`")]
    Hsts,
    /// `cors` says it.
    #[error("has a key of its own, `cors`")]
    Cors,
    /// Browsers would hold to another port or host, whatever is switched off here.
    #[error("would bind browsers to another server, and is never passed on")]
    AltSvc,
    /// Named before, in upper or lower case.
    #[error("is named twice")]
    Twice,
    /// One field too many, or too long.
    #[error("is more than 32 fields, or than 4096 bytes in all")]
    TooMany,
}

impl InvalidHeader {
    /// What to write instead.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Name => "write a name like \"Cache-Control\"",
            Self::Value => {
                "write printable ASCII without blanks at its ends; `remove` takes a field away"
            }
            Self::Framing => "leave it out: Lockgate writes it for each response",
            Self::Hsts => {
                "write hsts = { max_age = \"30d\" }; the origin's own never comes through"
            }
            Self::Cors => "write cors = [\"*\"], or have the origin say it",
            Self::AltSvc => "leave it out",
            Self::Twice => "name each field once, in `set` or in `remove`",
            Self::TooMany => "leave fields out, or write less",
        }
    }
}

impl ResponseHeaders {
    /// Takes `response_headers` out of a domain's table; none if they do nothing.
    pub(super) fn read(file: &File<'_>, domain: &mut Table<'_, '_>) -> Option<Self> {
        let mut table = domain.table("response_headers");
        let mut set = table.table("set");
        let pairs = set.texts("set");
        set.finish();
        let names = table.strings("remove").unwrap_or_default();
        table.finish();
        let mut reading = Reading::default();
        for (name, value) in &pairs {
            file.note(name, reading.set(name.get_ref(), value));
        }
        for name in &names {
            file.note(name, reading.remove(name.get_ref()));
        }
        Some(reading.headers).filter(|headers| *headers != Self::default())
    }
}

impl File<'_> {
    fn note(&self, name: &Spanned<String>, read: Result<(), InvalidHeader>) {
        if let Err(error) = read {
            let name_text = name.get_ref().clone();
            let reason = Reason::ResponseHeader {
                name: name_text,
                error,
            };
            self.report(name.span().start, reason);
        }
    }
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    headers: ResponseHeaders,
    bytes: usize,
}

impl Reading {
    fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidHeader> {
        let name = self.name(name)?;
        let is_value = !value.is_empty() && value.trim() == value && value.is_ascii();
        let parsed = HeaderValue::from_str(value).ok().filter(|_| is_value);
        let value = parsed.ok_or(InvalidHeader::Value)?;
        self.grow(name.as_str().len() + value.len())?;
        let of_content = is_of_content(name.as_str());
        self.headers.set.push(SetHeader {
            name,
            value,
            of_content,
        });
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<(), InvalidHeader> {
        let name = self.name(name)?;
        self.grow(name.as_str().len())?;
        self.headers.remove.push(name);
        Ok(())
    }

    /// A name that was not there before, and that may be.
    fn name(&self, text: &str) -> Result<HeaderName, InvalidHeader> {
        // The `http` crate takes a quote for a part of a name.
        let name = HeaderName::from_bytes(text.as_bytes()).ok();
        let name = name.filter(|name| !name.as_str().contains('"'));
        let name = name.ok_or(InvalidHeader::Name)?;
        check(&name)?;
        let ResponseHeaders { set, remove } = &self.headers;
        let is_there = set.iter().any(|it| it.name == name) || remove.contains(&name);
        match is_there {
            true => Err(InvalidHeader::Twice),
            false => Ok(name),
        }
    }

    fn grow(&mut self, bytes: usize) -> Result<(), InvalidHeader> {
        self.bytes += bytes;
        let count = self.headers.set.len() + self.headers.remove.len();
        match count < MOST_FIELDS && self.bytes <= MOST_BYTES {
            true => Ok(()),
            false => Err(InvalidHeader::TooMany),
        }
    }
}

/// Refuses what is not for an operator to say in this way, also by what others may read a name as:
/// `Transfer_Encoding` is no better.
fn check(name: &HeaderName) -> Result<(), InvalidHeader> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let text: String = name.as_str().chars().map(plain).collect();
    match text.as_str() {
        "strict-transport-security" => Err(InvalidHeader::Hsts),
        "alt-svc" => Err(InvalidHeader::AltSvc),
        text if text.starts_with("access-control-") => Err(InvalidHeader::Cors),
        text if text.starts_with("proxy-") || text.starts_with("sec-websocket-") => {
            Err(InvalidHeader::Framing)
        }
        text if FRAMING.contains(&text) => Err(InvalidHeader::Framing),
        _ => Ok(()),
    }
}

/// What tells of a content, and would be wrong of an answer that has another one.
fn is_of_content(name: &str) -> bool {
    name.ends_with("cache-control") || OF_CONTENT.contains(&name)
}

/// Fields of one connection (RFC 9110 section 7.6.1), those that say where a body ends or how its
/// bytes are to be read, and the one that hyper writes by itself.
const FRAMING: [&str; 12] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "date",
    "expect",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

const OF_CONTENT: [&str; 12] = [
    "accept-ranges",
    "age",
    "content-disposition",
    "content-language",
    "content-location",
    "content-type",
    "etag",
    "expires",
    "last-modified",
    "location",
    "pragma",
    "surrogate-control",
];

/// More than any response needs, and few enough to be written with each.
const MOST_FIELDS: usize = 32;

/// Names and values together: half of what some clients take of a whole head.
const MOST_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{DomainFile, parse_domains};

    fn parse(headers: &str) -> DomainFile {
        let text = format!(
            "[[domain]]\nname = \"a.test\"\norigins = [\"demo:\"]\nresponse_headers = {headers}\n"
        );
        parse_domains(Path::new("a.toml"), text.as_bytes())
    }

    fn problems(headers: &str) -> Vec<String> {
        let problems = parse(headers).problems.into_iter();
        problems.map(|(_, it)| it.to_string()).collect()
    }

    #[test]
    fn fields_are_set_and_removed() {
        let file = parse(
            r#"{ set = { X-Robots-Tag = "noindex", Cache-Control = "no-store" }, remove = ["Server"] }"#,
        );
        let headers = file.domains[0].response_headers.as_deref().unwrap();
        let set = headers.set.iter();
        let set: Vec<_> = set.map(|it| (it.name.as_str(), it.of_content)).collect();
        assert_eq!(set, [("x-robots-tag", false), ("cache-control", true)]);
        assert_eq!(headers.set[1].value, "no-store");
        assert_eq!(headers.remove, ["server"]);
        assert!(parse("{}").domains[0].response_headers.is_none());
        assert!(
            parse("{ set = {}, remove = [] }").domains[0]
                .response_headers
                .is_none()
        );
    }

    #[test]
    fn what_is_not_to_be_said_in_this_way_is_refused_with_a_way_out() {
        for (headers, expected) in [
            (
                r#"{ set = { "a b" = "x" } }"#,
                "the response header \"a b\" is no name of a field; write a name like \"Cache-Control\"",
            ),
            (
                r#"{ set = { X-A = "b\n" } }"#,
                "the response header \"X-A\" has a value that no field can have; write printable ASCII without blanks at its ends; `remove` takes a field away",
            ),
            (
                r#"{ set = { Transfer_Encoding = "chunked" } }"#,
                "the response header \"Transfer_Encoding\" belongs to the connection or frames the message; leave it out: Lockgate writes it for each response",
            ),
            (
                r#"{ set = { Strict-Transport-Security = "max-age=1" } }"#,
                "the response header \"Strict-Transport-Security\" has a key of its own, `hsts`; write hsts = { max_age = \"30d\" }; the origin's own never comes through",
            ),
            (
                r#"{ remove = ["access-control-allow-origin"] }"#,
                "the response header \"access-control-allow-origin\" has a key of its own, `cors`; write cors = [\"*\"], or have the origin say it",
            ),
            (
                r#"{ remove = ["Alt-Svc"] }"#,
                "the response header \"Alt-Svc\" would bind browsers to another server, and is never passed on; leave it out",
            ),
            (
                r#"{ set = { X-A = "b" }, remove = ["x-a"] }"#,
                "the response header \"x-a\" is named twice; name each field once, in `set` or in `remove`",
            ),
            (
                r#"{ set = { x-a = "b", X-A = "b" } }"#,
                "the response header \"X-A\" is named twice; name each field once, in `set` or in `remove`",
            ),
            (
                r#"{ set = { X-A = 1 } }"#,
                "`set` must be a string in quotes, not integer; write set = a string in quotes",
            ),
            (
                r#"{ add = { X-A = "1" } }"#,
                "unknown key `add`; known here: set, remove",
            ),
        ] {
            let expected = format!("a.toml:4: {expected}");
            assert_eq!(problems(headers), [expected], "{headers}");
        }
    }

    #[test]
    fn framing_and_empty_values_are_refused() {
        for name in FRAMING
            .iter()
            .chain(&["proxy-authenticate", "sec-websocket-accept"])
        {
            let reading = &mut Reading::default();
            assert_eq!(
                reading.set(name, "1"),
                Err(InvalidHeader::Framing),
                "{name}"
            );
            assert_eq!(reading.remove(name), Err(InvalidHeader::Framing), "{name}");
        }
        for value in ["", " a", "a ", "\u{e4}", "a\0"] {
            let read = Reading::default().set("x-a", value);
            assert_eq!(read, Err(InvalidHeader::Value), "{value:?}");
        }
        assert_eq!(Reading::default().remove("\"x\""), Err(InvalidHeader::Name));
    }

    #[test]
    fn there_are_so_many_and_no_more() {
        let mut reading = Reading::default();
        for number in 0..MOST_FIELDS {
            assert_eq!(reading.remove(&format!("x-{number}")), Ok(()));
        }
        assert_eq!(reading.set("x-a", "1"), Err(InvalidHeader::TooMany));
        let long = "x".repeat(MOST_BYTES - "x-a".len());
        assert_eq!(Reading::default().set("x-a", &long), Ok(()));
        let read = Reading::default().set("x-a", &format!("{long}x"));
        assert_eq!(read, Err(InvalidHeader::TooMany));
    }
}

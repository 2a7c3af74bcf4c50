//! `Forwarded` (RFC 7239 section 4).

use std::net::IpAddr;

use http::HeaderMap;
use http::header::FORWARDED;

use super::MOST;
use super::chain::address;

/// What the field says.
#[derive(Debug, Default)]
pub(super) struct Forwarded {
    /// As one list.
    pub(super) text: String,
    /// Its elements, the oldest first.
    pub(super) elements: Vec<Element>,
}

/// What one proxy said.
#[derive(Debug)]
pub(super) struct Element {
    /// Where it begins in the text.
    start: usize,
    /// Who asked it. None where that is no address.
    pub(super) node: Option<IpAddr>,
    /// Whether it was asked over TLS, where it says so.
    pub(super) https: Option<bool>,
}

/// None where it is not written as the RFC has it. Of a long one the oldest elements are dropped.
pub(super) fn read(headers: &HeaderMap) -> Option<Forwarded> {
    let values = headers.get_all(FORWARDED).iter();
    let values: Option<Vec<_>> = values.map(|value| value.to_str().ok()).collect();
    let mut text = values?.join(", ");
    let mut elements = Rest { text: &text, at: 0 }.elements()?;
    let fits = |element: &Element| text.len() - element.start <= MOST;
    let dropped = elements.partition_point(|element| !fits(element));
    elements.drain(..dropped);
    let start = elements.first().map_or(text.len(), |first| first.start);
    text.drain(..start);
    Some(Forwarded { text, elements })
}

/// The part of a list that was not looked at yet.
struct Rest<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Rest<'t> {
    fn elements(&mut self) -> Option<Vec<Element>> {
        let mut elements = Vec::new();
        loop {
            elements.extend(self.element()?);
            if self.at == self.text.len() {
                return Some(elements);
            }
            self.take(b',').then_some(())?;
        }
    }

    /// An element may be empty: then there is none in it.
    fn element(&mut self) -> Option<Option<Element>> {
        self.skip(is_space);
        let start = self.at;
        let (mut node, mut proto) = (None, None);
        let mut is_empty = true;
        loop {
            self.skip(is_space);
            if let Some((name, value)) = self.pair()? {
                is_empty = false;
                let place = match name {
                    _ if name.eq_ignore_ascii_case("for") => &mut node,
                    _ if name.eq_ignore_ascii_case("proto") => &mut proto,
                    _ => &mut None,
                };
                // None may be there twice.
                if place.replace(value).is_some() {
                    return None;
                }
            }
            self.skip(is_space);
            if !self.take(b';') {
                break;
            }
        }
        let element = Element {
            start,
            node: node.and_then(address),
            https: proto.and_then(https),
        };
        Some((!is_empty).then_some(element))
    }

    /// A name and its value, if there is one here.
    fn pair(&mut self) -> Option<Option<(&'t str, &'t str)>> {
        let name = self.skip(is_token);
        if name.is_empty() {
            return Some(None);
        }
        let value = self.take(b'=').then(|| self.value())??;
        Some(Some((name, value)))
    }

    /// A token, or what stands in quotes, as it is written there.
    fn value(&mut self) -> Option<&'t str> {
        if !self.take(b'"') {
            return Some(self.skip(is_token)).filter(|token| !token.is_empty());
        }
        let start = self.at;
        loop {
            self.skip(|byte| !matches!(byte, b'"' | b'\\'));
            let end = self.at;
            if self.take(b'"') {
                return self.text.get(start..end);
            }
            // What follows a backslash may be a quote.
            if !self.take(b'\\') || self.at == self.text.len() {
                return None;
            }
            self.at += 1;
        }
    }

    /// All bytes of a kind that come next.
    fn skip(&mut self, kind: impl Fn(u8) -> bool) -> &'t str {
        let rest = &self.text[self.at..];
        let end = rest.bytes().position(|byte| !kind(byte));
        let found = &rest[..end.unwrap_or(rest.len())];
        self.at += found.len();
        found
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(is_next);
        is_next
    }
}

fn https(proto: &str) -> Option<bool> {
    match proto {
        _ if proto.eq_ignore_ascii_case("https") => Some(true),
        _ if proto.eq_ignore_ascii_case("http") => Some(false),
        _ => None,
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn nodes(value: &str) -> Option<Vec<String>> {
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED, HeaderValue::from_str(value).unwrap());
        let nodes = read(&headers)?.elements.into_iter();
        let texts = nodes.map(|it| it.node.map_or("-".to_owned(), |node| node.to_string()));
        Some(texts.collect())
    }

    #[test]
    fn elements_are_told_apart() {
        for (value, expected) in [
            ("", &[][..]),
            (" , ,", &[]),
            ("for=192.0.2.43", &["192.0.2.43"]),
            ("FOR=\"[2001:db8::1]:4711\"", &["2001:db8::1"]),
            (
                "for=192.0.2.43, for=198.51.100.17",
                &["192.0.2.43", "198.51.100.17"],
            ),
            (
                "by=203.0.113.43;for=192.0.2.60;proto=http;",
                &["192.0.2.60"],
            ),
            ("for=_hidden, for=\"unknown:_x\"", &["-", "-"]),
            ("proto=https;host=\"a,b;c\\\",for=6.6.6.6\"", &["-"]),
            (";;for=192.0.2.1;;", &["192.0.2.1"]),
        ] {
            let expected = expected.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(nodes(value), Some(expected), "{value}");
        }
    }

    #[test]
    fn what_is_not_written_as_the_rfc_has_it() {
        for value in [
            "for",
            "for=",
            "=1",
            "for=\"192.0.2.1",
            "for=\"192.0.2.1\\",
            "for=192.0.2.1 for=192.0.2.2",
            "for=192.0.2.1;FOR=192.0.2.2",
            "for=[::1]",
            "for = 192.0.2.1",
            "for=\"1\"2",
        ] {
            assert_eq!(nodes(value), None, "{value}");
        }
    }
}

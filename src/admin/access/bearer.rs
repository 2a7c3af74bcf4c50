use http::HeaderMap;
use http::header::AUTHORIZATION;

/// What was shown as a bearer token (RFC 6750 section 2.1). None when there is no such thing, or
/// more than one of them.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.as_bytes();
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_first_chunk::<SCHEME_LENGTH>()?;
    let is_bearer = scheme.eq_ignore_ascii_case(b"Bearer ");
    is_bearer.then(|| token.trim_ascii())
}

const SCHEME_LENGTH: usize = "Bearer ".len();

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_one_token_is_one() {
        let token = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_static(value));
            }
            bearer(&headers).map(<[u8]>::to_vec)
        };
        for (values, expected) in [
            (&["Bearer abc"][..], Some("abc")),
            (&["bearer  abc "], Some("abc")),
            (&["Bearer "], Some("")),
            (&["Bearer"], None),
            (&["Basic abc"], None),
            (&["Bearerabc"], None),
            (&["Bearer abc", "Bearer abc"], None),
            (&[], None),
        ] {
            let expected = expected.map(|it| it.as_bytes().to_vec());
            assert_eq!(token(values), expected, "{values:?}");
        }
    }
}

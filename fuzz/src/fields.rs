use http::header::{CONNECTION, CONTENT_LENGTH, COOKIE, HOST, HeaderName};
use http::{HeaderMap, HeaderValue};
use lockgate::http::{join_cookies, strip_request, strip_response};

/// Lines of `name: value` as the fields of a request, and of a response.
pub fn fields(bytes: &[u8]) {
    let fields = parse(bytes);
    let named = named_by_connection(&fields);
    check(&fields, &named, strip_request, |name| {
        is_of_hop(name) || is_claim(name)
    });
    check(&fields, &named, strip_response, |name| {
        is_of_hop(name) || ["strict-transport-security", "alt-svc"].contains(&name)
    });
    cookies(fields);
}

/// A field a line.
pub(crate) fn parse(bytes: &[u8]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        // Those of HTTP/2 are taken as they are, and more of them.
        let name = HeaderName::from_lowercase(name).or_else(|_| HeaderName::from_bytes(name));
        let value = HeaderValue::from_bytes(value.get(1..).unwrap_or_default().trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            fields.append(name, value);
        }
    }
    fields
}

/// Strips the fields and compares with what is left of them one by one.
fn check(
    fields: &HeaderMap,
    named: &[String],
    strip: impl Fn(&mut HeaderMap),
    ends: impl Fn(&str) -> bool,
) {
    let mut stripped = fields.clone();
    strip(&mut stripped);
    for name in fields.keys() {
        let is_named = named.contains(&name.as_str().to_owned());
        let is_needed = *name == HOST || *name == CONTENT_LENGTH;
        let gone = ends(name.as_str()) || is_named && !is_needed;
        let values = |map: &HeaderMap| map.get_all(name).iter().cloned().collect::<Vec<_>>();
        match gone {
            false => assert_eq!(values(&stripped), values(fields), "{name}"),
            true => assert!(!stripped.contains_key(name), "{name}"),
        }
    }
    assert!(stripped.keys().all(|name| fields.contains_key(name)));
    let once = stripped.clone();
    strip(&mut stripped);
    assert_eq!(stripped, once);
}

fn named_by_connection(fields: &HeaderMap) -> Vec<String> {
    let values = fields.get_all(CONNECTION).iter();
    // A value that is not ASCII names nothing.
    let texts = values.filter_map(|value| value.to_str().ok());
    let words = texts.flat_map(|text| text.split(','));
    words.map(|word| word.trim().to_ascii_lowercase()).collect()
}

/// The rules once more, written down in another way.
fn is_of_hop(name: &str) -> bool {
    let read = as_environment(name);
    let framing = read == "CONTENT_LENGTH" && name != "content-length";
    let hop = [
        "CONNECTION",
        "KEEP_ALIVE",
        "PROXY_AUTHENTICATE",
        "PROXY_AUTHORIZATION",
        "PROXY_CONNECTION",
        "TE",
        "TRAILER",
        "TRANSFER_ENCODING",
        "UPGRADE",
        "HTTP2_SETTINGS",
        "EXPECT",
    ];
    framing || hop.contains(&read.as_str())
}

fn is_claim(name: &str) -> bool {
    let read = as_environment(name);
    let suffix = read.strip_prefix("X_FORWARDED_");
    let claims = [
        "FORWARDED",
        "VIA",
        "X_REAL_IP",
        "CLIENT_CERT",
        "CLIENT_CERT_CHAIN",
    ];
    suffix.is_some_and(|suffix| !suffix.is_empty()) || claims.contains(&read.as_str())
}

/// As CGI hands a name on (RFC 3875 section 4.1.18), where it is most careless.
fn as_environment(name: &str) -> String {
    let letter = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_uppercase(),
        false => '_',
    };
    name.chars().map(letter).collect()
}

fn cookies(mut fields: HeaderMap) {
    let values = fields.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    let crumbs: Vec<_> = values.map(<[u8]>::to_vec).collect();
    join_cookies(&mut fields);
    let joined: Vec<_> = fields.get_all(COOKIE).iter().collect();
    match crumbs.is_empty() {
        true => assert!(joined.is_empty()),
        false => assert_eq!(joined, [&*crumbs.join(&b"; "[..])]),
    }
}

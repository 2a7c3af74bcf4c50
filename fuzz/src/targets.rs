use http::header::HOST;
use http::{HeaderValue, Method, Request, Uri, Version, request};
use lockgate::domain::{Map, Match, Pattern};
use lockgate::http::{BadRequest, Target, check_form, origin_form};

/// A request's target and hosts, a line each; the byte before them chooses version and method.
pub fn targets(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let mut lines = rest.split(|byte| *byte == b'\n');
    let target = lines.next().unwrap_or_default();
    let Ok(uri) = Uri::try_from(target) else {
        return;
    };
    let mut request = Request::new(()).into_parts().0;
    request.uri = uri;
    request.version = [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2][usize::from(kind % 3)];
    request.method = [Method::GET, Method::OPTIONS][usize::from(kind / 3 % 2)].clone();
    let values = lines.filter_map(|line| HeaderValue::from_bytes(line).ok());
    for value in values {
        request.headers.append(HOST, value);
    }
    if check_form(&request).is_ok() {
        form(&request);
    }
    if let Ok(target) = Target::of(&request) {
        host(&target);
        one_host(&request, &target);
    }
}

/// What is sent on is one word, and one of the two forms that an origin gets.
fn form(request: &request::Parts) {
    let sent = origin_form(request.uri.clone()).to_string();
    let asterisk = sent == "*" && request.method == Method::OPTIONS;
    assert!(sent.starts_with('/') || asterisk, "{sent:?}");
    assert!(
        !sent.contains(|c: char| c.is_ascii_control() || c == ' ' || c == '#'),
        "{sent:?}"
    );
    // Nothing of it is lost but a fragment, and nothing comes to it.
    let path = request
        .uri
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let same = sent == path || sent.strip_prefix('/') == Some(path);
    assert!(same, "{sent:?} of {path:?}");
}

fn host(target: &Target<'_>) {
    let Target {
        authority,
        host,
        port,
    } = *target;
    let sound = |c: char| c.is_ascii_alphanumeric() || "-._~:[]".contains(c);
    assert!(
        !host.is_empty() && authority.chars().all(sound),
        "{authority:?}"
    );
    let rest = authority.strip_prefix(host).expect("a host stands first");
    match port {
        Some(port) => assert_eq!(rest[1..].parse(), Ok(port), "{authority:?}"),
        None => assert!(rest.is_empty() || rest == ":", "{authority:?}"),
    }
    route(host);
}

/// All that names a host says the same, or the request line counts.
fn one_host(request: &request::Parts, target: &Target<'_>) {
    let hosts: Vec<_> = request.headers.get_all(HOST).iter().collect();
    assert!(hosts.len() <= 1, "{hosts:?}");
    let authority = request.uri.authority().map(http::uri::Authority::as_str);
    match authority {
        Some(authority) => assert_eq!(target.authority, authority),
        None => assert_eq!(hosts, [target.authority]),
    }
    if request.version < Version::HTTP_2 {
        assert_eq!(hosts.len(), 1, "{:?}", BadRequest::NoHost);
    }
}

/// The table of domains finds what a list does, looked through in the order that is promised.
fn route(host: &str) {
    let mut map = Map::new();
    for text in DOMAINS {
        let pattern: Pattern = text.parse().expect("a domain of the table is one");
        map.insert(&pattern, text);
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let exact = DOMAINS.iter().find(|text| **text == name);
    let parent = name.split_once('.').filter(|(label, _)| !label.is_empty());
    let wildcard = parent.and_then(|(_, parent)| {
        DOMAINS
            .iter()
            .find(|text| text.strip_prefix("*.") == Some(parent))
    });
    let is_name = name.parse::<lockgate::domain::Name>().is_ok();
    let expected = match (exact, wildcard) {
        _ if !is_name => None,
        (Some(text), _) => Some(Match::Exact(text)),
        (None, Some(text)) => Some(Match::Wildcard(text)),
        (None, None) => None,
    };
    assert_eq!(map.find(host), expected, "{host:?}");
}

const DOMAINS: [&str; 5] = [
    "play.example.test",
    "*.example.test",
    "*.live.example.test",
    "a.live.example.test",
    "localhost",
];

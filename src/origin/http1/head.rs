use std::io::Write as _;

use http::header::HOST;
use http::request::Parts;

use crate::framing;

/// Writes a head (RFC 9112 section 2). The host comes first, as section 3.2 has it.
pub(super) fn write(head: &mut Vec<u8>, parts: &Parts) {
    let headers = &parts.headers;
    head.extend_from_slice(parts.method.as_str().as_bytes());
    head.push(b' ');
    // Writing into memory does not fail. The target's own text may lack the path of a query.
    let _ = match parts.uri.path_and_query() {
        Some(target) => write!(head, "{target}"),
        None => write!(head, "/"),
    };
    head.extend_from_slice(b" HTTP/1.1\r\n");
    let host = headers.get(HOST).map(|value| (&HOST, value));
    let others = headers.iter().filter(|(name, _)| **name != HOST);
    for (name, value) in host.into_iter().chain(others) {
        framing::write_field(head, name, value);
    }
    head.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn a_head_is_written_as_it_is_read() {
        let request = Request::get("/live/1.m3u8?token=a")
            .header("cookie", "a=b")
            .header("accept", "one")
            .header("host", "play.example.test")
            .header("accept", "two");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let mut head = Vec::new();
        write(&mut head, &parts);
        assert_eq!(
            String::from_utf8(head).unwrap(),
            "GET /live/1.m3u8?token=a HTTP/1.1\r\nhost: play.example.test\r\n\
             cookie: a=b\r\naccept: one\r\naccept: two\r\n\r\n"
        );
    }
}

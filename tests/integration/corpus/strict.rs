//! Reads a request as RFC 9112 has it and in no other way, and asserts what has to be true of all
//! that a proxy sends on.

/// A request that was read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The request line without its end.
    pub(crate) start: String,
    /// The fields in their order, their names in lower case.
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    /// How many bytes it took.
    pub(crate) length: usize,
}

impl Message {
    /// All values of a field.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let fields = self.fields.iter().filter(|(field, _)| field == name);
        fields
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect()
    }
}

/// What is wrong with it.
pub(crate) type Flaw = String;

/// Reads one request from its first byte; nothing when it is not over yet.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Message>, Flaw> {
    let Some((lines, head)) = head(bytes)? else {
        return Ok(None);
    };
    let start = start_line(lines[0])?;
    let fields = lines[1..].iter().map(|line| field(line));
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    check_fields(&fields)?;
    let body = match framing(&fields)? {
        Framing::Length(length) => sized(&bytes[head..], length),
        Framing::Chunked => chunked(&bytes[head..])?,
    };
    Ok(body.map(|(body, length)| Message {
        start,
        fields,
        body,
        length: head + length,
    }))
}

/// Whether a head is there whole, of a request that waits for a word before its body.
pub(crate) fn waits(bytes: &[u8]) -> bool {
    let Ok(Some((lines, length))) = head(bytes) else {
        return false;
    };
    let waits = |line: &&[u8]| line.to_ascii_lowercase().starts_with(b"expect:");
    length == bytes.len() && lines.iter().any(waits)
}

/// The lines of a head without their ends, and how long it is.
type Lines<'b> = (Vec<&'b [u8]>, usize);

fn head(bytes: &[u8]) -> Result<Option<Lines<'_>>, Flaw> {
    let mut lines = Vec::new();
    let mut start = 0;
    while let Some((line, end)) = line(bytes, start)? {
        start = end;
        if line.is_empty() {
            return match lines.is_empty() {
                true => Err("an empty line before the request".to_owned()),
                false => Ok(Some((lines, start))),
            };
        }
        lines.push(line);
    }
    Ok(None)
}

/// The line that begins at `start`, and where the next one begins.
fn line(bytes: &[u8], start: usize) -> Result<Option<(&[u8], usize)>, Flaw> {
    for (index, byte) in bytes[start..].iter().enumerate() {
        let index = start + index;
        match (byte, bytes.get(index + 1)) {
            (b'\r', Some(b'\n')) => return Ok(Some((&bytes[start..index], index + 2))),
            (b'\r', None) => return Ok(None),
            (b'\r' | b'\n' | 0, _) => return Err(format!("a bare {byte:#x} at {index}")),
            _ => {}
        }
    }
    Ok(None)
}

fn start_line(line: &[u8]) -> Result<String, Flaw> {
    let text = String::from_utf8_lossy(line).into_owned();
    let words: Vec<_> = line.split(|byte| *byte == b' ').collect();
    let [method, target, version] = words[..] else {
        return Err(format!("{text:?} is not three words"));
    };
    let is_target = |byte: &u8| (0x21..=0x7e).contains(byte) && *byte != b'#' || *byte >= 0x80;
    let path = target.starts_with(b"/") && target.iter().all(is_target);
    let asterisk = method == b"OPTIONS" && target == b"*";
    let valid = is_token(method) && method != b"CONNECT" && (path || asterisk);
    match valid && version == b"HTTP/1.1" {
        true => Ok(text),
        false => Err(format!("{text:?} is no request line")),
    }
}

fn is_token(bytes: &[u8]) -> bool {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !bytes.is_empty() && bytes.iter().all(token)
}

fn field(line: &[u8]) -> Result<(String, Vec<u8>), Flaw> {
    let text = String::from_utf8_lossy(line);
    let colon = line.iter().position(|byte| *byte == b':');
    let colon = colon.ok_or_else(|| format!("{text:?} has no colon"))?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let is_value = |byte: &u8| *byte == b'\t' || *byte >= b' ' && *byte != 0x7f;
    if !is_token(name) || !value.iter().all(is_value) {
        return Err(format!("{text:?} is no field"));
    }
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    Ok((name, value.to_vec()))
}

fn check_fields(fields: &[(String, Vec<u8>)]) -> Result<(), Flaw> {
    let value = |wanted: &str| {
        let mut values = fields.iter().filter(|(name, _)| name == wanted);
        values.next().map(|(_, value)| value.to_ascii_lowercase())
    };
    // The one thing of a hop that an origin is asked for.
    let websocket = value("upgrade").as_deref() == Some(b"websocket");
    for (name, _) in fields {
        let is_upgrade = name == "upgrade" || name == "connection";
        if HOP.contains(&name.as_str()) && !(websocket && is_upgrade) {
            return Err(format!("{name} is of one hop"));
        }
        // What an origin may take for another field.
        let read_otherwise = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        if read_otherwise != *name && OURS.contains(&read_otherwise.as_str()) {
            return Err(format!("{name} may be read as {read_otherwise}"));
        }
    }
    if value("expect").is_some_and(|value| value != b"100-continue") {
        return Err("an expectation that nobody knows".to_owned());
    }
    if websocket && value("connection").as_deref() != Some(b"upgrade") {
        return Err("an upgrade that is not named by Connection".to_owned());
    }
    check_host(fields)
}

fn check_host(fields: &[(String, Vec<u8>)]) -> Result<(), Flaw> {
    let hosts: Vec<_> = fields.iter().filter(|(name, _)| name == "host").collect();
    let [(_, host)] = hosts[..] else {
        return Err(format!("{} Hosts", hosts.len()));
    };
    let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(byte);
    match !host.is_empty() && host.iter().all(is_host) {
        true => Ok(()),
        false => Err(format!("{:?} is no host", String::from_utf8_lossy(host))),
    }
}

enum Framing {
    Length(usize),
    Chunked,
}

/// One of the two, or neither: then there is no body.
fn framing(fields: &[(String, Vec<u8>)]) -> Result<Framing, Flaw> {
    let of = |wanted: &str| {
        let values = fields.iter().filter(|(name, _)| name == wanted);
        values
            .map(|(_, value)| value.as_slice())
            .collect::<Vec<_>>()
    };
    match (&of("content-length")[..], &of("transfer-encoding")[..]) {
        ([], []) => Ok(Framing::Length(0)),
        ([], [b"chunked"]) => Ok(Framing::Chunked),
        ([length], []) if !length.is_empty() && length.iter().all(u8::is_ascii_digit) => {
            let length = String::from_utf8_lossy(length).parse();
            Ok(Framing::Length(length.map_err(|_| "too long".to_owned())?))
        }
        (lengths, codings) => Err(format!("framed by {lengths:?} and {codings:?}")),
    }
}

fn sized(bytes: &[u8], length: usize) -> Option<(Vec<u8>, usize)> {
    Some((bytes.get(..length)?.to_vec(), length))
}

/// Chunks without extensions, and no trailers: this proxy sends none on.
fn chunked(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Flaw> {
    let (mut body, mut start) = (Vec::new(), 0);
    while let Some((size, data)) = line(bytes, start)? {
        let text = String::from_utf8_lossy(size);
        let digits = !size.is_empty() && size.iter().all(u8::is_ascii_hexdigit);
        let size = usize::from_str_radix(&text, 16).ok().filter(|_| digits);
        let size = size.ok_or_else(|| format!("{text:?} is no chunk size"))?;
        let end = data + size;
        let Some(close) = bytes.get(end..end + 2) else {
            return Ok(None);
        };
        if close != b"\r\n" {
            return Err(format!("{close:?} after a chunk"));
        }
        body.extend_from_slice(&bytes[data..end]);
        start = end + 2;
        if size == 0 {
            return Ok(Some((body, start)));
        }
    }
    Ok(None)
}

const HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "upgrade",
    "http2-settings",
];

/// Names that only the proxy writes, or that say where a message ends.
const OURS: [&str; 9] = [
    "content-length",
    "transfer-encoding",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-real-ip",
    "client-cert",
    "proxy-connection",
    "keep-alive",
];

#[test]
fn nothing_but_one_request_is_read() {
    let whole = b"POST /a HTTP/1.1\r\nhost: a.com\r\ncontent-length: 3\r\n\r\nabc";
    let message = read(whole).unwrap().unwrap();
    assert_eq!((&*message.body, message.length), (&b"abc"[..], whole.len()));
    assert_eq!(read(&whole[..whole.len() - 1]), Ok(None));
    for flawed in [
        "GET /a HTTP/1.1\nhost: a.com\r\n\r\n",
        "GET /a HTTP/1.1\r\nhost : a.com\r\n\r\n",
        "GET /a HTTP/1.1\r\nhost: a.com\r\n x: y\r\n\r\n",
        "GET /a HTTP/1.1\r\nhost: a.com\r\nhost: a.com\r\n\r\n",
        "GET /a b HTTP/1.1\r\nhost: a.com\r\n\r\n",
        "GET * HTTP/1.1\r\nhost: a.com\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a.com\r\ncontent_length: 3\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a.com\r\nte: trailers\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a.com\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a.com\r\ntransfer-encoding: Chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a.com\r\ntransfer-encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
    ] {
        assert!(read(flawed.as_bytes()).is_err(), "{flawed:?}");
    }
}

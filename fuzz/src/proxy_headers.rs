use std::net::{IpAddr, SocketAddr};

use lockgate::proxy_protocol::{Ends, Header, LONGEST, Version, read};

/// What a connection begins with, on a listener that takes the PROXY protocol.
pub fn proxy_headers(bytes: &[u8]) {
    let whole = read(bytes);
    pieces(bytes);
    let Ok(Some(header)) = whole else {
        return;
    };
    assert!(header.length <= LONGEST && header.length <= bytes.len());
    let own = &bytes[..header.length];
    match own.strip_suffix(b"\r\n") {
        Some(line) if line.starts_with(b"PROXY ") => line_says(line, header.ends),
        _ => block_says(own, header.ends),
    }
    header.ends.into_iter().for_each(written);
}

/// Whatever is decided when some bytes are there is decided for good.
fn pieces(bytes: &[u8]) {
    let mut decided = None;
    for end in 0..=bytes.len() {
        match (decided, read(&bytes[..end])) {
            (None, Ok(None)) => {}
            (None, first) => {
                let length = first.map(|header| header.map(|it| it.length));
                assert!(length.is_err() || length == Ok(Some(end)), "{first:?}");
                decided = Some(first);
            }
            (Some(first), later) => assert_eq!(later, first),
        }
    }
}

fn line_says(line: &[u8], ends: Option<Ends>) {
    let line = str::from_utf8(line).expect("a line is text");
    let words: Vec<_> = line.split_ascii_whitespace().collect();
    let Some(ends) = ends else {
        assert_eq!(words[1], "UNKNOWN");
        return;
    };
    let [_, family, source, destination, port, to_port] = words[..] else {
        panic!("{words:?}");
    };
    assert_eq!(family == "TCP4", ends.source.is_ipv4());
    let end = |address: &str, port: &str| {
        let address: IpAddr = address.parse().expect("an address");
        SocketAddr::new(address, port.parse().expect("a port"))
    };
    assert_eq!(ends.source, end(source, port));
    assert_eq!(ends.destination, end(destination, to_port));
    // There is one way to write a port.
    assert_eq!(port, ends.source.port().to_string());
}

fn block_says(bytes: &[u8], ends: Option<Ends>) {
    assert!(bytes.starts_with(b"\r\n\r\n\0\r\nQUIT\n"));
    let (command, family, block) = (bytes[12], bytes[13], &bytes[16..]);
    assert_eq!(
        block.len(),
        usize::from(bytes[14]) << 8 | usize::from(bytes[15])
    );
    let Some(ends) = ends else {
        assert!(command == 0x20 || [0x00, 0x31].contains(&family));
        return;
    };
    let ip = |octets: &[u8]| match <[u8; 4]>::try_from(octets) {
        Ok(octets) => IpAddr::from(octets),
        Err(_) => IpAddr::from(<[u8; 16]>::try_from(octets).expect("16 octets")),
    };
    let size = if family == 0x11 { 4 } else { 16 };
    let port = |at: usize| u16::from(block[at]) << 8 | u16::from(block[at + 1]);
    assert_eq!(command, 0x21);
    assert_eq!(
        ends.source,
        SocketAddr::new(ip(&block[..size]), port(2 * size))
    );
    let destination = ip(&block[size..2 * size]);
    assert_eq!(
        ends.destination,
        SocketAddr::new(destination, port(2 * size + 2))
    );
}

/// What we write of it says the same.
fn written(ends: Ends) {
    let canonical = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
    for version in [Version::V1, Version::V2] {
        let bytes = version.relayed(ends);
        let Ok(Some(Header {
            length,
            ends: again,
        })) = read(&bytes)
        else {
            panic!("{bytes:?}");
        };
        let again = again.expect("it has addresses");
        assert_eq!(length, bytes.len());
        assert_eq!(canonical(again.source), canonical(ends.source));
        assert_eq!(canonical(again.destination), canonical(ends.destination));
    }
}

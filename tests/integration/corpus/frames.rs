//! HTTP/2 as bytes: frames that no client would send.

use super::case::unescape;
use crate::support::PLAY;

/// What a connection begins with.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// A frame, whether it makes sense or not.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a test's frame is short");
    let mut frame = length.to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A whole request in one frame.
pub(crate) fn request(stream: u32, method: &str, path: &str) -> Vec<u8> {
    let fields = fields(&[format!("*{method} {path}")]);
    frame(HEADERS, END_STREAM | END_HEADERS, stream, &fields)
}

/// A field block: each line is `name = value`, `*GET /path` for the four of a sound request, or
/// `%` before bytes of HPACK.
pub(crate) fn fields(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| field(line)).collect()
}

fn field(line: &str) -> Vec<u8> {
    if let Some(bytes) = line.strip_prefix('%') {
        return unescape(bytes);
    }
    if let Some(request) = line.strip_prefix('*') {
        let (method, path) = request.split_once(' ').expect("a method and a path");
        return [
            literal(b":method", method.as_bytes()),
            literal(b":scheme", b"https"),
            literal(b":authority", PLAY.as_bytes()),
            literal(b":path", path.as_bytes()),
        ]
        .concat();
    }
    let (name, value) = match line.strip_suffix(" =") {
        Some(name) => (name, ""),
        None => line.split_once(" = ").expect("a name and a value"),
    };
    literal(&unescape(name), &unescape(value))
}

/// A field that stands in no table (RFC 7541 section 6.2.2), without Huffman.
fn literal(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        length(text.len(), &mut bytes);
        bytes.extend(text);
    }
    bytes
}

/// An integer with a prefix of seven bits (RFC 7541 section 5.1).
fn length(mut value: usize, bytes: &mut Vec<u8>) {
    if value < 127 {
        bytes.push(value as u8);
        return;
    }
    bytes.push(127);
    value -= 127;
    while value >= 128 {
        bytes.push((value % 128) as u8 | 128);
        value /= 128;
    }
    bytes.push(value as u8);
}

/// The status of a response, which stands first in its field block.
pub(crate) fn status(block: &[u8]) -> u16 {
    // Changes of the table's size may stand before it.
    let start = block.iter().position(|byte| byte >> 5 != 1);
    let block = &block[start.expect("a field")..];
    match block[0] {
        indexed @ 0x88..=0x8e => [200, 204, 206, 304, 400, 404, 500][usize::from(indexed - 0x88)],
        0x08 | 0x48 => digits(&block[2..], block[1] & 0x80 != 0),
        other => panic!("a response begins with {other:#x}"),
    }
}

/// Three digits, mostly in Huffman code (RFC 7541 appendix B).
fn digits(bytes: &[u8], huffman: bool) -> u16 {
    if !huffman {
        let text = String::from_utf8_lossy(&bytes[..3]);
        return text.parse().expect("a status is a number");
    }
    let byte = |index| bytes.get(index).copied().unwrap_or_default();
    let bits = u32::from_be_bytes([byte(0), byte(1), byte(2), 0]);
    let mut at = 0;
    (0..3).fold(0, |status, _| {
        let five = (bits << at) >> 27;
        let six = (bits << at) >> 26;
        let (digit, length) = match five {
            0..=2 => (five, 5),
            _ => (six - 0x19 + 3, 6),
        };
        at += length;
        status * 10 + digit as u16
    })
}

#[test]
fn a_status_is_read() {
    assert_eq!(status(&[0x20, 0x88]), 200);
    assert_eq!(status(b"\x08\x03405"), 405);
    // 4 is 011010, 2 is 00010, 1 is 00001.
    assert_eq!(status(&[0x48, 0x82, 0b0110_1000, 0b0100_0001]), 421);
}

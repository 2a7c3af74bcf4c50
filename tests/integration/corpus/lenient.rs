//! Reads requests as servers were found to: each reading makes up for another flaw of the message.
//! What is sent on has to have one reading only.

/// What a reading makes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) body: Vec<u8>,
    /// How many bytes it took.
    pub(crate) length: usize,
}

/// A way to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lenient {
    /// A lone CR ends a line too; a lone LF does in all of them.
    cr_ends_lines: bool,
    /// Content-Length counts where both are there.
    length_first: bool,
    /// The last of several Content-Lengths counts, not the first.
    last_length: bool,
}

/// All ways.
pub(crate) fn ways() -> impl Iterator<Item = Lenient> {
    (0..8).map(|bits| Lenient {
        cr_ends_lines: bits & 1 > 0,
        length_first: bits & 2 > 0,
        last_length: bits & 4 > 0,
    })
}

impl Lenient {
    /// Reads one request from its first byte; nothing when it is not over yet.
    pub(crate) fn read(self, bytes: &[u8]) -> Option<Reading> {
        let mut fields: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let mut at = 0;
        let mut is_first = true;
        loop {
            let (line, end) = self.line(bytes, at)?;
            at = end;
            match (line.first(), fields.last_mut()) {
                (None, _) if is_first => continue,
                (None, _) => break,
                (Some(b' ' | b'\t'), Some((_, value))) => value.extend_from_slice(line),
                _ if is_first => {}
                _ => fields.push(field(line)),
            }
            is_first = false;
        }
        let (body, length) = self.body(&fields, &bytes[at..])?;
        let length = at + length;
        Some(Reading { body, length })
    }

    fn line(self, bytes: &[u8], start: usize) -> Option<(&[u8], usize)> {
        let ends = |byte: &u8| *byte == b'\n' || self.cr_ends_lines && *byte == b'\r';
        let end = start + bytes[start..].iter().position(ends)?;
        let line = &bytes[start..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match bytes[end..].starts_with(b"\r\n") {
            true => Some((line, end + 2)),
            false => Some((line, end + 1)),
        }
    }

    fn body(self, fields: &[(Vec<u8>, Vec<u8>)], bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
        let of = |wanted: &'static [u8]| fields.iter().filter(move |(name, _)| name == wanted);
        let mut lengths = of(b"content-length").filter_map(|(_, value)| number(value, 10));
        let length = match self.last_length {
            true => lengths.next_back(),
            false => lengths.next(),
        };
        let is_chunked = of(b"transfer-encoding").any(|(_, value)| {
            let value = value.to_ascii_lowercase();
            value.windows(7).any(|window| window == b"chunked")
        });
        match length {
            Some(length) if self.length_first || !is_chunked => {
                Some((bytes.get(..length)?.to_vec(), length))
            }
            _ if is_chunked => self.chunked(bytes),
            _ => Some((Vec::new(), 0)),
        }
    }

    fn chunked(self, bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
        let (mut body, mut at) = (Vec::new(), 0);
        loop {
            let (line, data) = self.line(bytes, at)?;
            let size = number(line, 16).unwrap_or(0);
            if size == 0 {
                at = data;
                break;
            }
            body.extend_from_slice(bytes.get(data..data.checked_add(size)?)?);
            at = self.line(bytes, data + size)?.1;
        }
        loop {
            let (line, end) = self.line(bytes, at)?;
            at = end;
            if line.is_empty() {
                return Some((body, at));
            }
        }
    }
}

/// A name without what some overlook in it, and a value.
fn field(line: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let colon = line.iter().position(|byte| *byte == b':');
    let colon = colon.unwrap_or(line.len());
    let name = line[..colon].iter().filter(|byte| byte.is_ascii_graphic());
    let name = name.map(|byte| match byte.is_ascii_alphanumeric() {
        true => byte.to_ascii_lowercase(),
        false => b'-',
    });
    let value = line.get(colon + 1..).unwrap_or_default();
    (name.collect(), value.to_vec())
}

/// As `strtol` does it: space and a sign before, `0x`, and anything behind.
fn number(text: &[u8], radix: u32) -> Option<usize> {
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start().trim_start_matches(['+', '-', '"']);
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digits = text
        .find(|c: char| !c.is_digit(radix))
        .unwrap_or(text.len());
    usize::from_str_radix(&text[..digits], radix).ok()
}

#[test]
fn readings_of_a_doubtful_message_differ() {
    let doubtful = b"POST / HTTP/1.1\nContent-Length: 4\nTransfer_Encoding : xchunked\n\n0\n\nGET";
    let mut ends: Vec<_> = ways()
        .filter_map(|way| way.read(doubtful))
        .map(|reading| reading.length)
        .collect();
    ends.dedup();
    assert!(ends.len() > 1, "{ends:?}");
}

use lockgate::http::{Doubtful, Scan};

/// What a client sends over HTTP/1.1, in pieces of the size in the first byte.
pub fn requests(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else {
        return;
    };
    let found = scan(bytes, bytes.len().max(1));
    assert_eq!(scan(bytes, usize::from(*size).max(1)), found);
    let Err(doubtful) = found else {
        return first_head(bytes);
    };
    assert_eq!(bytes.get(doubtful.at), Some(&b'\n'), "{doubtful:?}");
    // All before it is sound, so what is passed on has an end of its own.
    assert_eq!(scan(&bytes[..doubtful.at], bytes.len()), Ok(()));
}

fn scan(bytes: &[u8], size: usize) -> Result<(), Doubtful> {
    let mut scan = Scan::default();
    let mut before = 0;
    for piece in bytes.chunks(size) {
        scan.take(piece).map_err(|doubtful| Doubtful {
            at: before + doubtful.at,
            ..doubtful
        })?;
        before += piece.len();
    }
    Ok(())
}

/// What must be true of a head in which nothing was found, read in another way.
fn first_head(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches("\r\n");
    let Some((head, _)) = text.split_once("\r\n\r\n") else {
        return;
    };
    let whole_lines = head.replace("\r\n", "");
    assert!(!whole_lines.contains(['\r', '\n']), "{head:?}");
    let name = |line: &str| {
        line.split(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    let names: Vec<_> = head.split("\r\n").skip(1).map(name).collect();
    let count = |wanted: &str| names.iter().filter(|name| *name == wanted).count();
    let (lengths, codings) = (count("content-length"), count("transfer-encoding"));
    assert!(lengths <= 1 && (lengths == 0 || codings == 0), "{head:?}");
}

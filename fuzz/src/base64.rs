/// Base64 (RFC 4648 section 4), in one line.
pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes.chunks(3).flat_map(letters).collect()
}

fn letters(bytes: &[u8]) -> [char; 4] {
    let byte = |place| u32::from(bytes.get(place).copied().unwrap_or_default());
    let group = (byte(0) << 16) | (byte(1) << 8) | byte(2);
    [0, 1, 2, 3].map(|place| match place <= bytes.len() {
        true => char::from(ALPHABET[(group >> (18 - 6 * place)) as usize & 63]),
        false => '=',
    })
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

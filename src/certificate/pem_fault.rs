use rustls_pki_types::pem::Error;

/// What is wrong with a text that should be PEM (RFC 7468).
///
/// It says nothing of the text itself. The reader's own error holds the line at fault, and when a
/// private key has lost its line ends, that line is the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemFault {
    /// A block that has begun does not end.
    #[error("a block has no END line")]
    EndMissing,
    /// The line with which a block begins is not whole, or more stands on it.
    #[error("a BEGIN line does not end with five hyphens")]
    Begin,
    /// Between the two lines stands something else.
    #[error("a block holds something else than Base64")]
    Base64,
    /// No block, or one whose first line has only begun.
    #[error("it holds no whole block")]
    NoBlock,
    /// Anything else that the reader has against it.
    #[error("it cannot be read")]
    Unreadable,
}

impl From<Error> for PemFault {
    fn from(error: Error) -> Self {
        match error {
            Error::MissingSectionEnd { .. } => Self::EndMissing,
            Error::IllegalSectionStart { .. } => Self::Begin,
            Error::Base64Decode(_) => Self::Base64,
            Error::NoItemsFound => Self::NoBlock,
            _ => Self::Unreadable,
        }
    }
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::PrivateKeyDer;
    use rustls_pki_types::pem::PemObject;

    use super::*;

    #[test]
    fn nothing_of_a_key_that_lost_its_line_ends_is_told() {
        let key = include_str!("../../certs-example/play-2026/privkey.pem");
        let line = key.replace('\n', "");
        let (unended, _) = line.split_once("-----END").unwrap();
        let cases = [
            (&*line, PemFault::EndMissing),
            (unended, PemFault::Begin),
            (&key[..key.len() / 2], PemFault::EndMissing),
            (&key.replacen("-----\nM", "-----\n!", 1), PemFault::Base64),
            ("", PemFault::NoBlock),
        ];
        for (text, expected) in cases {
            let error = PrivateKeyDer::from_pem_slice(text.as_bytes()).unwrap_err();
            assert_eq!(PemFault::from(error), expected, "{text}");
        }
    }
}
